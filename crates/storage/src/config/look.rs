use super::ConfigFile;
use super::replace::Target;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What the system says of a configuration file, besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileState {
    /// Whether it is there.
    pub exists: bool,
    /// Whether others than its owner may write to it: they decide what this person's programs do.
    pub others_may_write: bool,
    /// Whether it belongs to somebody else, who is not the administrator.
    pub somebody_elses: bool,
    /// Whether another program holds the lock beside it, to write.
    pub locked: bool,
    /// What changes whenever it is written; none while there is no file.
    pub written: Option<Written>,
}

/// When a file was last written, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// By the clock of whoever keeps it.
    pub at: SystemTime,
    /// Its length.
    pub bytes: u64,
}

impl ConfigFile {
    /// Looks at the file and at the lock beside it; waits for neither, and makes neither.
    pub fn look(&self) -> FileState {
        let Ok(target) = Target::of(&self.path) else { return FileState::default() };
        let Ok(seen) = fs_err::metadata(&target.file) else { return FileState::default() };
        FileState {
            exists: true,
            others_may_write: others_may_write(&seen),
            somebody_elses: somebody_elses(&seen),
            locked: target.is_locked(),
            written: seen.modified().ok().map(|at| Written { at, bytes: seen.len() }),
        }
    }
}

#[cfg(unix)]
fn others_may_write(seen: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    seen.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn others_may_write(_seen: &std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn somebody_elses(seen: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    ![0, rustix::process::geteuid().as_raw()].contains(&seen.uid())
}

#[cfg(not(unix))]
fn somebody_elses(_seen: &std::fs::Metadata) -> bool {
    false
}
