use super::taken::{ended_inside, forget_ended, is_anothers};
use super::{MARKER, OutputFolder};
use jiff::Timestamp;
use samepath_wire::{JobId, Manifest, ManifestEntry};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// No manifest lists more files.
pub const MAX_FILES: usize = 1_000;
/// No more entries are looked at: an output folder may lie above everything that a lab has.
const MAX_ENTRIES: usize = 200_000;
/// Folders within folders.
const MAX_DEPTH: usize = 40;

/// What an attempt of `job` wrote: the files of its output folders that are new or changed since it began, in order of path. Of a
/// folder that it was given for one file that is this file alone: the others there are anybody's.
///
/// A folder's own start ([`OutputFolder::began`]) counts before `since`. Links to folders are not followed, links to files
/// only where the file lies inside the same output folder; nor is a folder looked into that another job has for itself now, or
/// had since. What cannot be read is left out. Touches the storage.
pub fn manifest(outputs: &[OutputFolder], job: JobId, attempt: u32, since: Timestamp) -> Manifest {
    let mut manifest = Manifest { attempt, ..Manifest::default() };
    let mut seen: Vec<&Path> = Vec::new();
    let mut found = BTreeMap::new();
    let mut left = MAX_ENTRIES;
    for output in outputs {
        if seen.contains(&output.local.as_path()) {
            continue;
        }
        seen.push(&output.local);
        let mut walk = Walk {
            root: output.local.canonicalize().unwrap_or_else(|_| output.local.clone()),
            job,
            folder: manifest.folders.len(),
            since: Since(output.began.unwrap_or(since)),
            left,
            found: std::mem::take(&mut found),
            truncated: false,
            more: 0,
        };
        let alike: Vec<&OutputFolder> = outputs.iter().filter(|other| other.local == output.local).collect();
        let files: Option<Vec<&String>> = alike.into_iter().map(|output| output.file.as_ref()).collect();
        match files {
            Some(files) => files.into_iter().for_each(|name| walk.named(&output.local.join(name), name)),
            None => walk.folder(&output.local, "", 0),
        }
        manifest.truncated |= walk.truncated;
        manifest.more += walk.more;
        manifest.folders.push(output.at.clone());
        (found, left) = (walk.found, walk.left);
    }
    manifest.files = found.into_values().collect();
    manifest
}

/// When a folder was tried, by the clock of its storage.
struct Since(Timestamp);

impl Since {
    /// Whether what was done at that time, by the same clock, was done since. Where the clock tells no more than seconds, a whole
    /// second counts: what is in it may be from before.
    fn holds(&self, time: Timestamp) -> bool {
        if self.0.subsec_nanosecond() == 0 { time.as_second() >= self.0.as_second() } else { time >= self.0 }
    }
}

struct Walk {
    root: PathBuf,
    job: JobId,
    folder: usize,
    since: Since,
    left: usize,
    found: BTreeMap<(usize, String), ManifestEntry>,
    truncated: bool,
    /// Files found and not listed.
    more: u64,
}

impl Walk {
    fn folder(&mut self, folder: &Path, below: &str, depth: usize) {
        let Ok(entries) = fs_err::read_dir(folder) else { return };
        for entry in entries.filter_map(Result::ok) {
            if self.left == 0 {
                self.truncated = true;
                return;
            }
            self.left -= 1;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(MARKER) {
                continue;
            }
            let relative = if below.is_empty() { name } else { format!("{below}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if is_anothers(&entry.path(), self.job) || self.was_anothers(&entry.path()) {
                    continue;
                }
                if depth < MAX_DEPTH {
                    self.folder(&entry.path(), &relative, depth + 1);
                } else {
                    self.truncated = true;
                }
            } else if kind.is_file() || (kind.is_symlink() && self.stays_inside(&entry.path())) {
                self.file(&entry.path(), relative);
            }
        }
    }

    /// Whether a job that has ended had a folder for itself since this one began. That it had is needed by nobody else: whoever lists a
    /// folder above leaves out this job's whole.
    fn was_anothers(&self, folder: &Path) -> bool {
        let Some(ended) = ended_inside(folder, self.job) else { return false };
        forget_ended(folder);
        self.since.holds(ended)
    }

    /// A file that was named; nothing if it is not there.
    fn named(&mut self, path: &Path, name: &str) {
        let Ok(found) = fs_err::symlink_metadata(path) else { return };
        if found.is_file() || (found.is_symlink() && self.stays_inside(path)) {
            self.file(path, name.to_owned());
        }
    }

    fn stays_inside(&self, link: &Path) -> bool {
        link.canonicalize().is_ok_and(|target| target.starts_with(&self.root) && target.is_file())
    }

    fn file(&mut self, path: &Path, relative: String) {
        let Ok(metadata) = fs_err::metadata(path) else { return };
        let Some(modified) = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()) else { return };
        if !self.since.holds(modified) && !changed(&metadata).is_some_and(|changed| self.since.holds(changed)) {
            return;
        }
        let entry = ManifestEntry { folder: self.folder, path: relative.clone(), size: metadata.len(), modified };
        self.found.insert((self.folder, relative), entry);
        if self.found.len() > MAX_FILES {
            self.found.pop_last();
            self.truncated = true;
            self.more += 1;
        }
    }
}

/// When the file came to be as it is; a copy may carry an older time of modification.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<Timestamp> {
    use std::os::unix::fs::MetadataExt;
    Timestamp::new(metadata.ctime(), i32::try_from(metadata.ctime_nsec()).ok()?).ok()
}

#[cfg(not(unix))]
fn changed(metadata: &Metadata) -> Option<Timestamp> {
    Timestamp::try_from(metadata.created().ok()?).ok()
}
