//! Which job writes to a folder now: a file in it says so, because workers share nothing but the storage.
//!
//! The file is created exclusively, and renewed while the attempt lives. One that names the same job is of an attempt that is
//! known to be dead (an attempt that may be alive is avoided by `attempt-N`, or waited for: [`earlier`]) and is replaced. One that names another job
//! refuses the folder, unless it was not renewed for [`STALE_AFTER`]: its guard was killed together with its computer. Times
//! are those of the storage's clock, read off a file just made there, so that computers need not agree on the time.
//!
//! A job may have a folder inside another's. Where it ends first, it leaves a file that says so, for the other lists as its results
//! what was written since it began; whoever lists them takes that file away.

use jiff::{SignedDuration, Timestamp};
use samepath_wire::JobId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file in an output folder that says which job writes there now.
pub const MARKER: &str = ".samepath-running";
/// The file that says of a folder inside another job's that a job which has ended wrote there.
const ENDED: &str = ".samepath-running.ended";
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
    markers: Vec<Marker>,
}

#[derive(Debug)]
struct Marker {
    path: PathBuf,
    text: String,
    job: JobId,
    /// Where the storage begins: above it nothing is looked for.
    base: PathBuf,
    /// What that was when the folder was taken.
    device: Option<u64>,
}

impl Taken {
    /// Says that the attempt still lives. To be called every [`HEARTBEAT`]; may hang where the storage does. A marker that was
    /// removed or replaced by others is left so. Whether none is somebody else's now.
    pub fn renew(&self) -> bool {
        let mut ours = true;
        for Marker { path, text, .. } in &self.markers {
            match renew(path, text) {
                Ok(still) => ours &= still,
                Err(error) => tracing::debug!(%error, "cannot renew a marker"),
            }
        }
        ours
    }

    /// Gives the folders back; whether that is all of them. One whose storage is away can be given back when it is there again.
    pub fn give_back(&mut self) -> bool {
        self.markers.retain(|marker| !marker.give_back());
        self.markers.is_empty()
    }

    /// Leaves the markers where they are, to become stale.
    pub fn leave(&mut self) {
        self.markers.clear();
    }

    /// Takes one more folder, of the storage that begins at `base`. `now` is the time by the storage's clock.
    pub(super) fn take(
        &mut self,
        folder: &Path,
        base: PathBuf,
        mark: &Mark,
        now: Option<Timestamp>,
    ) -> Result<(), Refused> {
        let path = folder.join(MARKER);
        if self.markers.iter().any(|taken| taken.path == path) {
            return Ok(());
        }
        let text = serde_json::to_string(mark).map_err(|error| Refused::Io(error.into()))?;
        match create(&path, &text) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = match read(&path) {
                    Ok(found) => found,
                    // Given back this moment; whoever comes next has it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Refused::InUse(Holder(None))),
                    Err(error) => return Err(Refused::Io(error)),
                };
                if !found.is_free_for(mark, now) {
                    return Err(Refused::InUse(Holder(found.mark)));
                }
                take_over(&path, &found, &text, now)?;
            }
            created => created.map_err(Refused::Io)?,
        }
        self.markers.push(Marker { path, text, job: mark.job, device: device(&base), base });
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // What cannot be given back becomes stale.
        self.give_back();
    }
}

impl Marker {
    /// Whether there is nothing left of it to be given back.
    fn give_back(&self) -> bool {
        match read(&self.path) {
            Ok(found) if found.text == self.text => {
                // First this: whoever lists the folder above meanwhile finds one of both.
                if self.is_inside_anothers()
                    && let Err(error) = fs_err::write(self.path.with_file_name(ENDED), &self.text)
                {
                    tracing::debug!(%error, "the job whose folder this one is in will list its files");
                }
                fs_err::remove_file(&self.path).is_ok()
            }
            // Somebody else has it.
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.stands_where_it_was(),
            Err(_) => false,
        }
    }

    /// Whether its storage is there: then somebody removed the marker.
    fn stands_where_it_was(&self) -> bool {
        let device = device(&self.base);
        device.is_some() && device == self.device
    }

    fn is_inside_anothers(&self) -> bool {
        let above = self.path.ancestors().skip(2).take_while(|folder| folder.starts_with(&self.base));
        above.into_iter().any(|folder| is_anothers(folder, self.job))
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

/// The mark of an earlier attempt of a job, which may still write.
pub(super) struct Earlier {
    pub(super) mark: Mark,
    /// By the storage's clock.
    pub(super) renewed: Option<Timestamp>,
}

/// That of an attempt before `ours` in this folder, where it does not belong to nobody already.
pub(super) fn earlier(folder: &Path, ours: &Mark, now: Option<Timestamp>) -> io::Result<Option<Earlier>> {
    let found = match read(&folder.join(MARKER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let (stale, renewed) = (found.is_stale(now), found.renewed);
    let mark = found.mark.filter(|mark| mark.job == ours.job && mark.attempt < ours.attempt && !stale);
    Ok(mark.map(|mark| Earlier { mark, renewed }))
}

/// Whether another job than this one has a folder for itself, as far as its marker says.
pub(super) fn is_anothers(folder: &Path, job: JobId) -> bool {
    let path = folder.join(MARKER);
    path.symlink_metadata().is_ok() && read(&path).is_ok_and(|found| found.mark.is_some_and(|mark| mark.job != job))
}

/// Whether another job, which has ended, wrote in this folder inside one of `job`, as far as it said so; by the storage's clock, when.
pub(super) fn ended_inside(folder: &Path, job: JobId) -> Option<Timestamp> {
    let path = folder.join(ENDED);
    path.symlink_metadata().ok()?;
    let found = read(&path).ok()?;
    found.mark.filter(|mark| mark.job != job).and(found.renewed)
}

/// Takes away what [`ended_inside`] read.
pub(super) fn forget_ended(folder: &Path) {
    drop(fs_err::remove_file(folder.join(ENDED)));
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

/// Whether it is not somebody else's now.
fn renew(path: &Path, text: &str) -> io::Result<bool> {
    let found = read(path)?;
    if found.text != text {
        return Ok(found.mark.is_none());
    }
    // Written rather than touched: then the storage's clock sets the time.
    let mut file = fs_err::OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes()).map(|()| true)
}

/// Which file system a folder is on, so that one that is mounted is told from the folder left without it.
#[cfg(unix)]
fn device(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(fs_err::metadata(folder).ok()?.dev())
}

/// Whether a folder is there.
#[cfg(not(unix))]
fn device(folder: &Path) -> Option<u64> {
    fs_err::metadata(folder).ok().map(|_| 0)
}

/// Creates and removes a file; its time is what the storage's clock says.
pub(super) fn try_folder(folder: &Path) -> io::Result<Option<Timestamp>> {
    Ok(Timestamp::try_from(samepath_storage::try_writing(folder)?).ok())
}
