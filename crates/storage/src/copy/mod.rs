//! A file of this computer copied onto a storage: never over what is there, and whole or not at all.
//!
//! It is written under a hidden name of its own, read back and compared, and only then given its name, in a step that fails where
//! somebody has that name by then. What is there already and is the same file is taken as it is.

mod error;
mod publish;

pub use error::{CopyError, CopyFailure};

use crate::rights::open_to_all;
use crate::{Cause, Purpose, ResolveError, Storages};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use uuid::Uuid;

/// Bytes that are read and written at a time; whoever watches is told after each.
const PIECE: usize = 1 << 20;
/// Bytes after which the storage is waited for: what only lies in this computer's memory is not copied yet.
const SETTLE: u64 = 64 << 20;
/// What the names of unfinished copies begin with.
const PART: &str = ".samepath-copy-";
/// Names tried before giving up: `labels.slp`, `labels-2.slp`, …
const MOST_NAMES: u32 = 1000;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyProgress {
    /// What is being done.
    pub step: CopyStep,
    /// Bytes of the file for which that is done.
    pub bytes: u64,
    /// Bytes that the file has.
    pub total: u64,
}

/// What a copy does, in this order; comparing with what is there is left out where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyStep {
    /// Comparing with a file of the same name and size.
    Comparing,
    /// Writing.
    Copying,
    /// Reading what was written.
    Checking,
}

/// A file that is on the storage now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Where it is; the name may have got a number.
    pub at: StoragePath,
    /// Whether it was there before.
    pub already: bool,
}

/// Told how far it is; says whether to go on.
pub type CopyWatch<'a> = dyn FnMut(CopyProgress) -> ControlFlow<()> + 'a;

impl Storages {
    /// Copies a file to `to`, or to the next free name like it; makes the folder where it is not there.
    ///
    /// Touches the storage and may hang with it: what must live on asks through [`crate::helper::Helper::copy`].
    ///
    /// # Errors
    /// See [`CopyFailure`]. No part of the file is left behind where that can be helped; the error says where it cannot.
    pub fn copy_in(&self, from: &Path, to: &StoragePath, watch: &mut CopyWatch<'_>) -> Result<Copied, CopyError> {
        let unreadable = |error: io::Error| CopyFailure::unreadable(from, &error);
        let mut source = File::open(from).map_err(unreadable)?;
        let before = source.metadata().map_err(unreadable)?;
        if !before.is_file() {
            return Err(CopyFailure::NotAFile { path: from.to_owned() }.into());
        }
        let (folder, name) = to.split();
        let here = self.folder_for(&folder)?;
        let mut copying = Copying { folder: &folder, here: &here, from, before: &before, watch };
        let mut names = names(name);
        let mut wanted = match copying.first_free(&mut source, &mut names)? {
            Free::Taken(copied) => return Ok(copied),
            Free::Name(name) => name,
        };
        let part = format!("{PART}{}", Uuid::new_v4());
        let written = copying.write(&mut source, &part).and_then(|()| {
            loop {
                match publish::publish(&here, &part, &wanted) {
                    Ok(true) => return Ok(wanted),
                    Ok(false) => wanted = names.next().ok_or_else(|| copying.unwritable(&no_name_left()))?,
                    Err(error) => return Err(copying.unwritable(&error)),
                }
            }
        });
        match written {
            Ok(name) => Ok(Copied { at: folder.child(&name), already: false }),
            Err(failure) => {
                let left = match here.remove_file(&part) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Some(Box::new(folder.child(&part))),
                    _ => None,
                };
                Err(CopyError { failure, left })
            }
        }
    }

    /// The folder, made where it is not there.
    fn folder_for(&self, at: &StoragePath) -> Result<Dir, CopyFailure> {
        let path = self.resolve(at, Purpose::Output)?.path;
        let failed = |error: io::Error| CopyFailure::unwritable(at, &error);
        let mut missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
        while let Some(folder) = missing.pop() {
            match std::fs::create_dir(folder) {
                Ok(()) => drop(File::open(folder).map(|made| open_to_all(&made))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        // What became a link meanwhile does not lead elsewhere.
        let path = self.resolve(at, Purpose::Input)?.path;
        Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)
    }
}

enum Free {
    /// Nothing is called so.
    Name(String),
    /// The same file is there.
    Taken(Copied),
}

struct Copying<'a, 'w> {
    folder: &'a StoragePath,
    here: &'a Dir,
    from: &'a Path,
    before: &'a Metadata,
    watch: &'a mut CopyWatch<'w>,
}

impl Copying<'_, '_> {
    /// The first name that nothing has, unless one before it is that of the same file.
    fn first_free(&mut self, source: &mut File, names: &mut impl Iterator<Item = String>) -> Result<Free, CopyFailure> {
        for name in names {
            let there = match self.here.symlink_metadata(&name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Free::Name(name)),
                Err(error) => return Err(self.unwritable(&error)),
                Ok(there) => there,
            };
            if there.is_file() && there.len() == self.before.len() && self.is_same(source, &name)? {
                return Ok(Free::Taken(Copied { at: self.folder.child(&name), already: true }));
            }
        }
        Err(self.unwritable(&no_name_left()))
    }

    /// Whether the file of this name has the source's bytes. One that cannot be read is another.
    fn is_same(&mut self, source: &mut File, name: &str) -> Result<bool, CopyFailure> {
        use std::io::Seek;
        let Ok(there) = self.here.open(name) else { return Ok(false) };
        let mut there = there.into_std();
        let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
        let mut done = 0;
        let same = loop {
            let read = fill(source, &mut ours).map_err(|error| self.unreadable(&error))?;
            let Ok(read_there) = fill(&mut there, &mut theirs) else { break false };
            if ours[..read] != theirs[..read_there] {
                break false;
            }
            if read == 0 {
                break true;
            }
            done += read as u64;
            self.tell(CopyStep::Comparing, done)?;
        };
        source.rewind().map_err(|error| self.unreadable(&error))?;
        Ok(same)
    }

    /// Writes the whole file under this name, and reads it back.
    fn write(&mut self, source: &mut File, part: &str) -> Result<(), CopyFailure> {
        let mut options = OpenOptions::new();
        let file = self.here.open_with(part, options.write(true).create_new(true));
        let mut file = file.map_err(|error| self.unwritable(&error))?.into_std();
        self.has_room(&file)?;
        let mut hash = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let (mut done, mut settled) = (0, 0);
        self.tell(CopyStep::Copying, 0)?;
        loop {
            let read = fill(source, &mut piece).map_err(|error| self.unreadable(&error))?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            file.write_all(&piece[..read]).map_err(|error| self.unwritable(&error))?;
            done += read as u64;
            if done - settled >= SETTLE {
                file.sync_data().map_err(|error| self.unwritable(&error))?;
                settled = done;
            }
            self.tell(CopyStep::Copying, done)?;
        }
        // A quota is told of at the latest when the file is closed.
        file.sync_all().map_err(|error| self.unwritable(&error))?;
        let after = source.metadata().map_err(|error| self.unreadable(&error))?;
        if done != self.before.len() || after.len() != done || after.modified().ok() != self.before.modified().ok() {
            return Err(CopyFailure::Changed { path: self.from.to_owned() });
        }
        open_to_all(&file);
        if let Ok(modified) = self.before.modified() {
            // Not every file system keeps it, and nothing depends on it.
            let _ = file.set_modified(modified);
        }
        forget_pages(&file);
        drop(file);
        if self.read_back(part, done)? == hash.finalize() { Ok(()) } else { Err(self.different()) }
    }

    fn read_back(&mut self, part: &str, length: u64) -> Result<blake3::Hash, CopyFailure> {
        let failed = |error: io::Error| CopyFailure::unwritable(self.folder, &error);
        let mut file = self.here.open(part).map_err(failed)?.into_std();
        if file.metadata().map_err(failed)?.len() != length {
            return Err(self.different());
        }
        let mut hash = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        loop {
            let read = fill(&mut file, &mut piece).map_err(|error| self.unwritable(&error))?;
            if read == 0 {
                return Ok(hash.finalize());
            }
            hash.update(&piece[..read]);
            done += read as u64;
            self.tell(CopyStep::Checking, done)?;
        }
    }

    /// Said before anything is written, where it is known then.
    fn has_room(&self, file: &File) -> Result<(), CopyFailure> {
        match free(file) {
            Some(free) if free < self.before.len() => {
                Err(CopyFailure::NoRoom { folder: self.folder.clone(), needed: self.before.len(), free })
            }
            _ => Ok(()),
        }
    }

    fn tell(&mut self, step: CopyStep, bytes: u64) -> Result<(), CopyFailure> {
        match (self.watch)(CopyProgress { step, bytes, total: self.before.len() }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CopyFailure::Stopped),
        }
    }

    fn different(&self) -> CopyFailure {
        CopyFailure::Different { folder: self.folder.clone(), path: self.from.to_owned() }
    }

    fn unreadable(&self, error: &io::Error) -> CopyFailure {
        CopyFailure::unreadable(self.from, error)
    }

    fn unwritable(&self, error: &io::Error) -> CopyFailure {
        CopyFailure::unwritable(self.folder, error)
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes that are free where a file is.
#[cfg(unix)]
fn free(file: &File) -> Option<u64> {
    let found = rustix::fs::fstatvfs(file).ok()?;
    // Some file servers do not say.
    (found.f_blocks > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_file: &File) -> Option<u64> {
    None
}

/// What is read back comes from the storage, not from this computer's memory.
#[cfg(target_os = "linux")]
fn forget_pages(file: &File) {
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_pages(_file: &File) {}

fn no_name_left() -> io::Error {
    io::Error::other("every name like it is taken")
}

/// `labels.slp`, `labels-2.slp`, `labels-3.slp`, …
fn names(name: &str) -> impl Iterator<Item = String> {
    let cut = match name.strip_suffix(".pkg.slp").map(str::len) {
        Some(stem) if stem > 0 => stem,
        _ => name.rfind('.').filter(|dot| *dot > 0).unwrap_or(name.len()),
    };
    let (stem, ending) = name.split_at(cut);
    let (name, stem, ending) = (name.to_owned(), stem.to_owned(), ending.to_owned());
    std::iter::once(name).chain((2..=MOST_NAMES).map(move |number| format!("{stem}-{number}{ending}")))
}

impl CopyFailure {
    fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), cause: Cause::of(error), detail: error.to_string() }
    }

    fn unwritable(folder: &StoragePath, error: &io::Error) -> Self {
        Self::Unwritable { folder: folder.clone(), cause: Cause::of_writing(error), detail: error.to_string() }
    }
}

impl From<ResolveError> for CopyFailure {
    fn from(error: ResolveError) -> Self {
        Self::Storage(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_before_the_ending() {
        for (name, second) in [
            ("labels.slp", "labels-2.slp"),
            ("labels.pkg.slp", "labels-2.pkg.slp"),
            (".pkg.slp", ".pkg-2.slp"),
            ("labels", "labels-2"),
            (".hidden", ".hidden-2"),
            ("day.1.mp4", "day.1-2.mp4"),
        ] {
            let names: Vec<String> = names(name).take(2).collect();
            assert_eq!(names, [name, second]);
        }
    }
}
