use crate::{Cause, Purpose, ResolveError, Storages};
use jiff::{SignedDuration, Timestamp};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files of a folder that are looked at for one that can be read.
const MOST_FILES: usize = 1000;

/// What came of trying a folder the way that a job uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Where it is on this computer.
    pub path: PathBuf,
    /// Whether it was made for this.
    pub made: bool,
    /// Names of files and folders in it; 1000 where there are more.
    pub entries: usize,
    /// Whether a file in it could be opened and read: listing may work where reading is refused. None where it has no file.
    pub read: Option<Tried>,
    /// Whether a small file could be written and removed.
    pub write: Tried,
    /// How far the storage's clock is ahead of this computer's, where a file could be written.
    pub clock_ahead: Option<SignedDuration>,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// It worked.
    Done,
    /// It did not; in the system's words.
    Refused(String),
}

impl Tried {
    fn of<A>(result: &io::Result<A>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) => Self::Refused(error.to_string()),
        }
    }
}

impl Storages {
    /// Lists a folder, reads a file of it, and writes and removes a small one; makes the folder first, if `make` says so.
    ///
    /// Touches the storage and may hang with it.
    ///
    /// # Errors
    /// See [`ResolveError`], also for a folder that cannot be listed. That a file cannot be read or written is no error.
    pub fn try_folder(&self, at: &StoragePath, make: bool) -> Result<Trial, ResolveError> {
        let failed = |error: &io::Error| ResolveError::Io {
            backend: at.storage_backend.clone(),
            component: at.below_root(),
            cause: Cause::of(error),
            detail: error.to_string(),
        };
        let purpose = if make { Purpose::Output } else { Purpose::Input };
        let path = self.resolve(at, purpose)?.path;
        let made = match std::fs::create_dir(&path) {
            _ if !make => false,
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(failed(&error)),
        };
        let mut entries = 0;
        let mut read = None;
        for entry in std::fs::read_dir(&path).map_err(|error| failed(&error))?.take(MOST_FILES) {
            let entry = entry.map_err(|error| failed(&error))?;
            entries += 1;
            if !matches!(read, Some(Tried::Done)) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                read = Some(Tried::of(&read_a_byte(&entry.path())));
            }
        }
        let before = Timestamp::now();
        let written = try_writing(&path);
        let clock = written.as_ref().ok().and_then(|time| Timestamp::try_from(*time).ok());
        Ok(Trial {
            path,
            made,
            entries,
            read,
            write: Tried::of(&written),
            clock_ahead: clock.map(|clock| ahead(clock, before, Timestamp::now())),
        })
    }
}

/// How far a clock is ahead that showed `clock` at some moment between two of ours; nothing, where it may be right.
fn ahead(clock: Timestamp, before: Timestamp, after: Timestamp) -> SignedDuration {
    if clock < before {
        clock.duration_since(before)
    } else if clock > after {
        clock.duration_since(after)
    } else {
        SignedDuration::ZERO
    }
}

fn read_a_byte(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.read(&mut [0_u8]).map(|_| ())
}

/// Writes and removes a file in a folder; the answer is the file's time, by the clock of whoever keeps it.
///
/// # Errors
/// What the system said. No file is left behind where it can be helped.
pub fn try_writing(folder: &Path) -> io::Result<SystemTime> {
    let mut number = 0_u32;
    let (mut file, path) = loop {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = folder.join(format!(".samepath-try-{}-{now}", std::process::id()));
        match std::fs::File::options().write(true).create_new(true).open(&path) {
            Ok(file) => break (file, path),
            // Another computer's process of the same number, at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            Err(error) => return Err(error),
        }
    };
    // A quota is told of at the latest when the file is closed.
    let written = file.write_all(&[b'.'; 1024]).and_then(|()| file.sync_all());
    drop(file);
    let time = written.and_then(|()| std::fs::metadata(&path)?.modified());
    let removed = std::fs::remove_file(&path);
    let time = time?;
    removed?;
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_as_wrong_only_by_what_cannot_be_the_way_there() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        for (clock, wanted) in [(5, -5), (10, 0), (11, 0), (12, 0), (20, 8)] {
            assert_eq!(ahead(at(clock), at(10), at(12)), SignedDuration::from_secs(wanted), "{clock}");
        }
    }
}
