use std::path::PathBuf;

/// What the binaries read from the process's environment. This crate never reads it itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The person's home folder: `~` and the default configuration file.
    pub home: Option<PathBuf>,
    /// Where relative paths of the command line start; none for the window.
    pub current_dir: Option<PathBuf>,
    /// `SAMEPATH_CONFIG`.
    pub samepath_config: Option<PathBuf>,
    /// `SHARED_STORAGE_ROOT`.
    pub shared_storage_root: Option<String>,
    /// This computer's name, for `[samepath.computers.NAME]`.
    pub computer: Option<String>,
}
