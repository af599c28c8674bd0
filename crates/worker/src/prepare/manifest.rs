use super::{MARKER, OutputFolder};
use jiff::Timestamp;
use samepath_wire::{Manifest, ManifestEntry};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// No manifest lists more files.
pub const MAX_FILES: usize = 1_000;
/// No more entries are looked at: an output folder may lie above everything that a lab has.
const MAX_ENTRIES: usize = 200_000;
/// Folders within folders.
const MAX_DEPTH: usize = 40;

/// What an attempt wrote: the files of its output folders that are new or changed since it began, in order of path.
///
/// A folder's own start ([`OutputFolder::began`]) counts before `since`. Links to folders are not followed, links to files
/// only where the file lies inside the same output folder. What cannot be read is left out. Touches the storage.
pub fn manifest(outputs: &[OutputFolder], attempt: u32, since: Timestamp) -> Manifest {
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
            folder: manifest.folders.len(),
            since: output.began.unwrap_or(since).as_second(),
            left,
            found: std::mem::take(&mut found),
            truncated: false,
            more: 0,
        };
        walk.folder(&output.local, "", 0);
        manifest.truncated |= walk.truncated;
        manifest.more += walk.more;
        manifest.folders.push(output.at.clone());
        (found, left) = (walk.found, walk.left);
    }
    manifest.files = found.into_values().collect();
    manifest
}

struct Walk {
    root: PathBuf,
    folder: usize,
    /// In seconds: finer is not kept by every file system.
    since: i64,
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

    fn stays_inside(&self, link: &Path) -> bool {
        link.canonicalize().is_ok_and(|target| target.starts_with(&self.root) && target.is_file())
    }

    fn file(&mut self, path: &Path, relative: String) {
        let Ok(metadata) = fs_err::metadata(path) else { return };
        let Some(modified) = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()) else { return };
        if modified.as_second().max(changed(&metadata)) < self.since {
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

/// When the file came to be as it is, in seconds; a copy may carry an older time of modification.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> i64 {
    std::os::unix::fs::MetadataExt::ctime(metadata)
}

#[cfg(not(unix))]
fn changed(metadata: &Metadata) -> i64 {
    let created = metadata.created().ok().and_then(|time| Timestamp::try_from(time).ok());
    created.map_or(i64::MIN, |created| created.as_second())
}
