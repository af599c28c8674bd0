use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Whether a process holds this lock file now; one that is not there is held by none. What it means that this cannot be told is the
/// caller's to say.
///
/// # Errors
/// The file cannot be opened, or its disk knows no locks.
pub fn is_locked(file: &Path) -> io::Result<bool> {
    match File::open(file).map(|file| file.try_lock_shared()) {
        Ok(Ok(())) => Ok(false),
        Ok(Err(TryLockError::WouldBlock)) => Ok(true),
        Ok(Err(TryLockError::Error(error))) => Err(error),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
