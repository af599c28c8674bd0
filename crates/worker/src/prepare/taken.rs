//! Which job writes to a folder now: a file in it says so, because workers share nothing but the storage.
//!
//! The file is created exclusively, and renewed while the attempt lives. One that names the same job is of an attempt that is
//! known to be dead (an attempt that may be alive is avoided by `attempt-N`) and is replaced. One that names another job
//! refuses the folder, unless it was not renewed for [`STALE_AFTER`]: its guard was killed together with its computer. Times
//! are those of the storage's clock, read off a file just made there, so that computers need not agree on the time.

use jiff::{SignedDuration, Timestamp};
use samepath_wire::JobId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file in an output folder that says which job writes there now.
pub const MARKER: &str = ".samepath-running";
/// How often the guard renews it.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// One that was not renewed for so long belongs to nobody.
pub const STALE_AFTER: Duration = Duration::from_secs(600);
/// No marker is longer.
const MAX_MARK: u64 = 4096;

/// What the marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) worker: String,
}

/// Why a folder cannot be taken.
pub(super) enum Refused {
    InUse(Holder),
    Io(io::Error),
}

/// Who has it, as far as the marker tells.
pub(super) struct Holder(Option<Mark>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(mark) => write!(f, "job {} on {}", mark.job, mark.worker),
            None => write!(f, "another job"),
        }
    }
}

/// Output folders that this attempt has for itself. Dropping it gives them back; where the process ends without that, they
/// are free for the same job at once and for others after [`STALE_AFTER`].
#[derive(Debug, Default)]
pub struct Taken {
    markers: Vec<(PathBuf, String)>,
}

impl Taken {
    /// Says that the attempt still lives. To be called every [`HEARTBEAT`]; may hang where the storage does. A marker that was
    /// removed or replaced by others is left so.
    pub fn renew(&self) {
        for (path, text) in &self.markers {
            if let Err(error) = renew(path, text) {
                tracing::debug!(%error, "cannot renew a marker");
            }
        }
    }

    /// Gives the folders back.
    pub fn release(self) {}

    /// Takes one more folder. `now` is the time by the storage's clock.
    pub(super) fn take(&mut self, folder: &Path, mark: Mark, now: Option<Timestamp>) -> Result<(), Refused> {
        let path = folder.join(MARKER);
        if self.markers.iter().any(|(taken, _)| *taken == path) {
            return Ok(());
        }
        let text = serde_json::to_string(&mark).map_err(|error| Refused::Io(error.into()))?;
        match create(&path, &text) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = match read(&path) {
                    Ok(found) => found,
                    // Given back this moment; whoever comes next has it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Refused::InUse(Holder(None))),
                    Err(error) => return Err(Refused::Io(error)),
                };
                if !found.is_free_for(&mark, now) {
                    return Err(Refused::InUse(Holder(found.mark)));
                }
                take_over(&path, &found, &text, now)?;
            }
            created => created.map_err(Refused::Io)?,
        }
        self.markers.push((path, text));
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for (path, text) in self.markers.drain(..) {
            if read(&path).is_ok_and(|found| found.text == text) {
                // On failure it becomes stale.
                drop(fs_err::remove_file(&path));
            }
        }
    }
}

struct Found {
    text: String,
    mark: Option<Mark>,
    renewed: Option<Timestamp>,
}

impl Found {
    fn is_free_for(&self, ours: &Mark, now: Option<Timestamp>) -> bool {
        if let Some(mark) = self.mark.as_ref().filter(|mark| mark.job == ours.job) {
            return mark.attempt <= ours.attempt;
        }
        self.is_stale(now)
    }

    fn is_stale(&self, now: Option<Timestamp>) -> bool {
        let (Some(renewed), Some(now)) = (self.renewed, now) else { return false };
        SignedDuration::try_from(STALE_AFTER).is_ok_and(|limit| now.duration_since(renewed) > limit)
    }
}

/// Whether another job than this one has a folder for itself, as far as its marker says.
pub(super) fn is_anothers(folder: &Path, job: JobId) -> bool {
    let path = folder.join(MARKER);
    path.symlink_metadata().is_ok() && read(&path).is_ok_and(|found| found.mark.is_some_and(|mark| mark.job != job))
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs_err::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        drop(fs_err::remove_file(path));
    }
    written
}

fn read(path: &Path) -> io::Result<Found> {
    // Whatever lies there under this name: a link or a pipe must not be opened.
    let metadata = fs_err::symlink_metadata(path)?;
    let renewed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let mut bytes = Vec::new();
    if metadata.is_file() {
        fs_err::File::open(path)?.take(MAX_MARK).read_to_end(&mut bytes)?;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Found { mark: serde_json::from_str(&text).ok(), text, renewed })
}

/// Replaces a marker that belongs to nobody. Of many who judged the same one, whoever creates the file named after it may, and
/// looks again first: the marker may have been replaced since.
fn take_over(path: &Path, judged: &Found, text: &str, now: Option<Timestamp>) -> Result<(), Refused> {
    let generation = blake3::hash(format!("{:?} {}", judged.renewed, judged.text).as_bytes()).to_hex();
    let claim = path.with_file_name(format!("{MARKER}.{}", &generation[..16]));
    match create(&claim, text) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Somebody else takes it over; or died doing so, and the next try finds the way free.
            if read(&claim).is_ok_and(|found| found.is_stale(now)) {
                drop(fs_err::remove_file(&claim));
            }
            return Err(Refused::InUse(Holder(None)));
        }
        created => created.map_err(Refused::Io)?,
    }
    let again = read(path);
    if again.as_ref().is_ok_and(|again| again.text == judged.text && again.renewed == judged.renewed) {
        return fs_err::rename(&claim, path).map_err(Refused::Io);
    }
    drop(fs_err::remove_file(&claim));
    Err(Refused::InUse(Holder(again.ok().and_then(|again| again.mark))))
}

fn renew(path: &Path, text: &str) -> io::Result<()> {
    if read(path)?.text != text {
        return Ok(());
    }
    // Written rather than touched: then the storage's clock sets the time.
    let mut file = fs_err::OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// Creates and removes a file; its time is what the storage's clock says.
pub(super) fn try_folder(folder: &Path) -> io::Result<Option<Timestamp>> {
    Ok(Timestamp::try_from(samepath_storage::try_writing(folder)?).ok())
}
