use samepath_storage::{ConfigFile, Environment};
use std::path::PathBuf;

/// Where a program of ours keeps what is its own: the queue's history, the worker's attempts. On this computer's disk, one folder
/// per computer, because a home folder may be shared by several.
///
/// `data` is the value of `SAMEPATH_DATA`, `state_home` that of `XDG_STATE_HOME`.
pub fn data_dir(environment: &Environment, data: Option<PathBuf>, state_home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(data) = data.filter(|path| path.is_absolute()) {
        return Some(data);
    }
    let home = environment.home.as_ref();
    let base = if cfg!(target_os = "macos") {
        home?.join("Library/Application Support/Samepath")
    } else if cfg!(windows) {
        home?.join("AppData").join("Local").join("Samepath")
    } else {
        state_home.filter(|path| path.is_absolute()).or_else(|| Some(home?.join(".local/state")))?.join("samepath")
    };
    Some(match &environment.computer {
        Some(computer) => base.join("computers").join(computer),
        None => base,
    })
}

/// What a program passes in when it starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration file that counts.
    pub config: ConfigFile,
    /// The process's environment, as far as it matters.
    pub environment: Environment,
    /// This computer's own data, see [`data_dir`].
    pub data_dir: PathBuf,
    /// `XDG_RUNTIME_DIR`: where a socket's path is short.
    pub runtime_dir: Option<PathBuf>,
    /// The program that answers `helper`, `guard` and `tool`: this one.
    pub program: PathBuf,
    /// The person's login name.
    pub member: String,
    /// The program's version.
    pub version: String,
}
