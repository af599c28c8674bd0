//! Where the base paths of a set of storages really are, learned once and asked again only where something changed.

use super::CanonicalBases;
use crate::Storages;
use crate::mounts::{Mounts, Reached};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How far each base path can be followed without touching what may be silent.
#[derive(Debug, Default)]
pub(crate) struct Reaches {
    /// None where there is no mount table: nothing is known to be safe then, and nothing was touched.
    mounts: Option<Arc<Mounts>>,
    /// The real place of each storage, as far as it is known; none where there is nothing.
    paths: Vec<Option<PathBuf>>,
    /// The places that are surely the real ones: a mount point is one, whatever is mounted there.
    pub(crate) settled: CanonicalBases,
    /// The storages on each mount that may be silent.
    stopped: BTreeMap<PathBuf, OnMount>,
}

/// The storages on one mount that may be silent, by their places in the set.
#[derive(Debug, Clone, Default)]
pub(crate) struct OnMount {
    pub(crate) all: Vec<usize>,
    /// Those whose base path goes on below the mount point, and how: there may be links on the rest of the way.
    pub(crate) further: Vec<(usize, PathBuf)>,
}

impl Reaches {
    pub(crate) fn mounts(&self) -> Option<&Mounts> {
        self.mounts.as_deref()
    }

    pub(super) fn path(&self, number: usize) -> Option<&Path> {
        self.paths.get(number)?.as_deref()
    }

    /// The storages on what may be silent, by mount point.
    pub(crate) fn stopped(&self) -> &BTreeMap<PathBuf, OnMount> {
        &self.stopped
    }

    /// Where those storages are whose base path goes on below such a mount point, as `canonical` says of each: of its number, the
    /// mount point, and its base path as far as it is known.
    pub(crate) fn further(
        &self,
        storages: &Storages,
        mut canonical: impl FnMut(usize, &Path, &Path) -> Option<PathBuf>,
    ) -> CanonicalBases {
        let mut bases = CanonicalBases::default();
        for (mount, on_it) in &self.stopped {
            for (number, path) in &on_it.further {
                if let Some(base) = canonical(*number, mount, path) {
                    bases.put(storages, *number, &base);
                }
            }
        }
        bases
    }

    fn of(storages: &Storages, mounts: Arc<Mounts>, folders: &mut Folders) -> Self {
        let mut reaches = Self { mounts: Some(mounts.clone()), ..Self::default() };
        for (number, backend) in storages.iter().enumerate() {
            let reached = mounts.reach_by(&backend.base_path, |place| folders.look(place, &mounts));
            let path = match reached {
                Ok(Reached::Whole(path)) => {
                    reaches.settled.put(storages, number, &path);
                    Some(path)
                }
                Ok(Reached::Stopped { mount, path }) => {
                    let is_mount = path == mount;
                    let on_it = reaches.stopped.entry(mount).or_default();
                    on_it.all.push(number);
                    if is_mount {
                        reaches.settled.put(storages, number, &path);
                    } else {
                        on_it.further.push((number, path.clone()));
                    }
                    Some(path)
                }
                // A base path that is not there holds nothing.
                Err(_) => None,
            };
            reaches.paths.push(path);
        }
        reaches
    }

    /// Where there is no mount table: every base path may be on something that is silent.
    fn unknown(storages: &Storages) -> Self {
        let mut reaches = Self::default();
        for (number, backend) in storages.iter().enumerate() {
            reaches.paths.push(Some(backend.base_path.clone()));
            let on_it = reaches.stopped.entry(backend.base_path.clone()).or_default();
            on_it.all.push(number);
            on_it.further.push((number, backend.base_path.clone()));
        }
        reaches
    }
}

/// What was learned, with what it was learned from: it holds as long as the mount table is the same and every name that was looked
/// up on the way leads where it led.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    table: Vec<u8>,
    folders: Folders,
    reaches: Arc<Reaches>,
}

impl Ways {
    /// What is so now. Looks at local file systems alone: at each folder that the way to some base path leads through, of which
    /// there are few, and at the names in it where the folder changed.
    pub(crate) fn now(&mut self, storages: &Storages) -> Arc<Reaches> {
        let Some(table) = Mounts::table() else { return Arc::new(Reaches::unknown(storages)) };
        let mounts = self.reaches.mounts.clone().filter(|_| self.table == table);
        if let Some(mounts) = &mounts
            && self.folders.are_as_they_were(mounts)
        {
            return self.reaches.clone();
        }
        let mounts = mounts.unwrap_or_else(|| Arc::new(Mounts::parse(&table)));
        let mut folders = Folders::default();
        let reaches = Arc::new(Reaches::of(storages, mounts, &mut folders));
        *self = Self { table, folders, reaches: reaches.clone() };
        reaches
    }
}

/// The folders in which names were looked up, by their real paths.
#[derive(Debug, Default)]
struct Folders(HashMap<PathBuf, Folder>);

#[derive(Debug)]
struct Folder {
    stamp: Option<Stamp>,
    names: HashMap<OsString, Found>,
}

/// What a name in a folder was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Link(PathBuf),
    /// Anything else.
    There,
    /// Missing, or not to be looked at.
    No(Option<i32>),
}

impl Folders {
    /// What [`Mounts::reach_by`] asks, answered from memory where it was asked before.
    fn look(&mut self, place: &Path, mounts: &Mounts) -> io::Result<Option<PathBuf>> {
        let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else { return Ok(None) };
        if !self.0.contains_key(folder) {
            let seen = Folder { stamp: Stamp::of(folder, mounts), names: HashMap::new() };
            self.0.insert(folder.to_owned(), seen);
        }
        let found = match self.0.get_mut(folder) {
            Some(folder) => match folder.names.get(name) {
                Some(found) => found.clone(),
                None => folder.names.entry(name.to_owned()).or_insert(Found::at(place)).clone(),
            },
            None => Found::at(place),
        };
        match found {
            Found::Link(target) => Ok(Some(target)),
            Found::There => Ok(None),
            Found::No(Some(code)) => Err(io::Error::from_raw_os_error(code)),
            Found::No(None) => Err(io::ErrorKind::Other.into()),
        }
    }

    /// Whether every name leads where it led. A folder that is as it was has the names that it had.
    fn are_as_they_were(&mut self, mounts: &Mounts) -> bool {
        self.0.iter_mut().all(|(path, folder)| {
            // Before the names are looked at: what changes after that changes the stamp again.
            let stamp = Stamp::of(path, mounts);
            if stamp.as_ref().is_some_and(|stamp| stamp.tells && folder.stamp.as_ref() == Some(stamp)) {
                return true;
            }
            let same = folder.names.iter().all(|(name, found)| *found == Found::at(&path.join(name as &OsStr)));
            folder.stamp = stamp;
            same
        })
    }
}

impl Found {
    fn at(place: &Path) -> Self {
        let found = std::fs::symlink_metadata(place).and_then(|seen| {
            if seen.is_symlink() { std::fs::read_link(place).map(Self::Link) } else { Ok(Self::There) }
        });
        found.unwrap_or_else(|error| Self::No(error.raw_os_error()))
    }
}

/// Which folder it is and when it last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    changed: (i64, i64),
    /// Whether a change from now on is sure to change the stamp.
    tells: bool,
}

impl Stamp {
    #[cfg(unix)]
    fn of(folder: &Path, mounts: &Mounts) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        /// They set a folder's change time, which nobody can set back, with every change of a name in it.
        const STAMPING: &[&str] = &[
            "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "squashfs", "tmpfs", "xfs",
            "zfs",
        ];
        /// Within this many seconds a file system may stamp two changes with one time.
        const GRANULARITY: i64 = 2;
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
        let seen = std::fs::symlink_metadata(folder).ok()?;
        let stamping = mounts.holding(folder).is_some_and(|mount| STAMPING.contains(&mount.file_system.as_str()));
        let old = i64::try_from(now.as_secs()).is_ok_and(|now| now - seen.ctime() > GRANULARITY);
        Some(Self {
            device: seen.dev(),
            inode: seen.ino(),
            changed: (seen.ctime(), seen.ctime_nsec()),
            tells: stamping && old,
        })
    }

    #[cfg(not(unix))]
    fn of(_folder: &Path, _mounts: &Mounts) -> Option<Self> {
        None
    }
}
