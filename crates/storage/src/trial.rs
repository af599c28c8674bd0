use crate::mounts::{Mount, Mounts};
use crate::rights::open_to_all;
use crate::{Cause, Purpose, ResolveError, Storages};
use jiff::{SignedDuration, Timestamp};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Files of a folder that are looked at for one that can be read.
const MOST_FILES: usize = 1000;

/// What the names of our own files begin with; the process and the time follow.
const OURS: &str = ".samepath-try-";

/// Bytes of such a file.
const LENGTH: usize = 1024;

/// One that is older than this by its server's clock was left by somebody who died: the living need seconds.
const LEFT: Duration = Duration::from_secs(600);

/// What came of trying a folder the way that a job uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Where it is on this computer.
    pub path: PathBuf,
    /// Whether it was made for this.
    pub made: bool,
    /// Names of files and folders in it, without those of test files; 1000 where there are more.
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
        let failed = |error: &io::Error| failed(at, error);
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
        let mut test_files = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(|error| failed(&error))?.take(MOST_FILES) {
            let entry = entry.map_err(|error| failed(&error))?;
            if entry.file_name().to_str().is_some_and(is_ours) {
                test_files.push(entry.path());
                continue;
            }
            entries += 1;
            if !matches!(read, Some(Tried::Done)) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                read = Some(Tried::of(&read_a_byte(&entry.path())));
            }
        }
        let before = Timestamp::now();
        let written = try_writing(&path);
        if let Ok(now) = &written {
            test_files.iter().for_each(|file| remove_left(file, *now));
        }
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

    /// Writes a small file into a folder that nobody can know who does not read it, for other computers to prove that they do: see
    /// [`Storages::prove`]. The answer is where it is; [`Storages::remove_test_file`] takes it away again. Of one whose maker died
    /// before that, [`Storages::try_folder`] does so after ten minutes.
    ///
    /// Touches the storage and may hang with it.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn leave_test_file(&self, at: &StoragePath) -> Result<StoragePath, ResolveError> {
        let folder = self.resolve(at, Purpose::Input)?.path;
        let content: Vec<u8> = (0..LENGTH / 16).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
        let (path, _) = write_new(&folder, &content).map_err(|error| failed(at, &error))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Ok(at.child(name))
    }

    /// Takes away a file that [`Storages::leave_test_file`] wrote, and nothing else. One that is gone already is no error.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn remove_test_file(&self, file: &StoragePath) -> Result<(), ResolveError> {
        let path = match self.resolve(file, Purpose::Input) {
            Ok(found) => found.path,
            Err(ResolveError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        if !path.file_name().and_then(|name| name.to_str()).is_some_and(is_ours) {
            return Err(failed(file, &io::Error::other("it is no test file")));
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(file, &error)),
            _ => Ok(()),
        }
    }
}

fn failed(at: &StoragePath, error: &io::Error) -> ResolveError {
    ResolveError::Io {
        backend: at.storage_backend.clone(),
        component: at.below_root(),
        cause: Cause::of(error),
        detail: error.to_string(),
    }
}

/// Whether a file is called like those that are written here.
fn is_ours(name: &str) -> bool {
    let numbers = name.strip_prefix(OURS).and_then(|rest| rest.split_once('-'));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, time)| number(process) && number(time))
}

/// Removes a test file that a dead process left; `now` is the time by the clock of whoever keeps it.
fn remove_left(file: &Path, now: SystemTime) {
    let Ok(found) = std::fs::symlink_metadata(file) else { return };
    let age = found.modified().ok().and_then(|time| now.duration_since(time).ok());
    if found.is_file() && found.len() <= LENGTH as u64 && age.is_some_and(|age| age > LEFT) {
        // Somebody else's, maybe: then it stays.
        let _ = std::fs::remove_file(file);
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
    let (path, time) = write_new(folder, &[b'.'; LENGTH])?;
    std::fs::remove_file(path)?;
    Ok(time)
}

/// Writes a file of a name that nobody else has, and that everybody may read who may look into the folder; with its time. One that
/// cannot be written whole is taken away again.
fn write_new(folder: &Path, content: &[u8]) -> io::Result<(PathBuf, SystemTime)> {
    let mut number = 0_u32;
    let (mut file, path) = loop {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = folder.join(format!("{OURS}{}-{now}", std::process::id()));
        match std::fs::File::options().write(true).create_new(true).open(&path) {
            Ok(file) => break (file, path),
            // Another computer's process of the same number, at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            Err(error) => return Err(error),
        }
    };
    // Another computer may tell of a quota or a full disk as late as this; a disk of this one says so at once.
    let written = file.write_all(content).and_then(|()| if is_here(folder) { Ok(()) } else { file.sync_all() });
    open_to_all(&file);
    drop(file);
    let time = written.and_then(|()| std::fs::metadata(&path)?.modified());
    if time.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    Ok((path, time?))
}

/// Whether a folder, given by its real path, is on a disk of this computer.
fn is_here(folder: &Path) -> bool {
    Mounts::read().is_some_and(|mounts| mounts.holding(folder).is_some_and(Mount::is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_called_like_a_test_file_is_one() {
        assert!(is_ours(".samepath-try-12-1700000000000000000"));
        for other in
            [".samepath-try-", ".samepath-try-12", ".samepath-try-12-", ".samepath-try--5", ".samepath-try-1-2.txt"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn a_clock_counts_as_wrong_only_by_what_cannot_be_the_way_there() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        for (clock, wanted) in [(5, -5), (10, 0), (11, 0), (12, 0), (20, 8)] {
            assert_eq!(ahead(at(clock), at(10), at(12)), SignedDuration::from_secs(wanted), "{clock}");
        }
    }
}
