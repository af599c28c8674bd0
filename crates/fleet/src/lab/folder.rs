//! A hub's folder as files: whose it is, that nobody else reads it, and its locks.

use super::{
    LabError,
    error::hub_error,
    place::{KEPT, MAKING},
    private::Half,
};
#[cfg(not(unix))]
use fs_err as fs;
use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::Path,
};

/// What may be in a folder that no hub has been in: left by one that did not come so far, and by the disk itself.
const NOBODYS: [&str; 3] = [MAKING, "hub.json.new", "lost+found"];

/// Makes the folder, or takes a hub's or an empty one, and keeps everybody else out of it.
pub(super) fn make_private(dir: &Path) -> Result<(), LabError> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            let is_others = |entry: std::fs::DirEntry| NOBODYS.iter().all(|name| entry.file_name() != *name);
            if !dir.join(KEPT).is_file() && entries.any(|entry| entry.is_ok_and(is_others)) {
                return Err(LabError::OtherFolder { dir: dir.to_owned() });
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(hub_error(dir)(error)),
    }
    make(dir)
}

#[cfg(unix)]
fn make(dir: &Path) -> Result<(), LabError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.and_then(|()| std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))).map_err(hub_error(dir))
}

#[cfg(not(unix))]
fn make(dir: &Path) -> Result<(), LabError> {
    fs::create_dir_all(dir).map_err(hub_error(dir))
}

pub(super) fn open_lock(path: &Path) -> Result<File, LabError> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(hub_error(path))
}

/// Whether another process has it; one that is not there nobody has. (`samepath_storage` says so of its locks, and is nothing that this
/// crate knows.)
pub(super) fn is_locked(path: &Path) -> Result<bool, LabError> {
    match File::open(path) {
        Ok(lock) => Ok(matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(hub_error(path)(error)),
    }
}

/// Waits until nobody else has it.
pub(super) fn lock_file(path: &Path) -> Result<File, LabError> {
    let lock = open_lock(path)?;
    lock.lock().map_err(hub_error(path))?;
    Ok(lock)
}

pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    Half::begin(path).and_then(|half| half.finish(bytes)).map_err(LabError::of_the_hub)
}
