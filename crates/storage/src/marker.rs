//! The mark at a storage's root, `.samepath/storage.json`: a random UUID by which computers know it from others of its name.
//!
//! Made only when a person says so, exclusively, and never replaced. A copied tree carries its mark along, so that an equal mark
//! is a strong hint and no proof: that is [`Storages::prove`](crate::Storages::prove).

mod error;

pub use error::{Damage, MarkError};

use crate::probe::probe_again;
use crate::rights::open_to_all;
use crate::{Backend, ResolveError, Sighting};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use samepath_wire::BackendState;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Folders above a chosen one, and in it, that are looked at for marks.
const MOST_ABOVE: usize = 8;
const MOST_INSIDE: usize = 200;

pub(crate) const FOLDER: &str = ".samepath";
const FILE: &str = "storage.json";
/// Bytes; a mark is far shorter.
const LONGEST: u64 = 4096;
/// How long somebody else who is just writing the mark is waited for, where it cannot appear all at once.
const WRITING: Duration = Duration::from_secs(1);

/// The mark that a storage carries now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// A UUID, in lower case.
    pub id: String,
    /// Whether it was made just now, rather than found.
    pub made: bool,
}

/// What the file says. Other keys are for people, and for later.
#[derive(Serialize, Deserialize)]
struct Mark {
    id: String,
    #[serde(default)]
    about: String,
}

/// Where a storage's mark is, or would be.
pub(crate) fn file_of(backend: &Backend) -> PathBuf {
    backend.base_path.join(FOLDER).join(FILE)
}

/// The mark of the storage whose root is mounted at `base`, in the one form that a UUID is written in; none if it carries none.
///
/// Touches the storage. Follows no link, waits for no pipe, reads 4 KiB at most.
pub(crate) fn read(base: &Path) -> Result<Option<String>, Damage> {
    let root = match Dir::open_ambient_dir(base, ambient_authority()) {
        Ok(root) => root,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(Damage::unreadable(&error)),
    };
    match folder(&root)? {
        Some(folder) => read_in(&folder),
        None => Ok(None),
    }
}

impl Backend {
    /// The mark that it carries now; none if it carries none, or something that is no mark. Touches the storage.
    pub fn mark_now(&self) -> Option<String> {
        read(&self.base_path).ok().flatten()
    }
}

fn folder(root: &Dir) -> Result<Option<Dir>, Damage> {
    match root.symlink_metadata(FOLDER) {
        Ok(found) if found.is_symlink() => Err(Damage::Link),
        Ok(found) if !found.is_dir() => Err(Damage::Other),
        Ok(_) => root.open_dir(FOLDER).map(Some).map_err(|error| Damage::unreadable(&error)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(Damage::unreadable(&error)),
    }
}

fn read_in(folder: &Dir) -> Result<Option<String>, Damage> {
    match folder.symlink_metadata(FILE) {
        Ok(found) if found.is_symlink() => return Err(Damage::Link),
        Ok(found) if !found.is_file() => return Err(Damage::Other),
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(Damage::unreadable(&error)),
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        // What became a pipe since is not waited for.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let mut bytes = Vec::new();
    let file = folder.open_with(FILE, &options).map_err(|error| Damage::unreadable(&error))?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| Damage::unreadable(&error))?;
    if bytes.is_empty() {
        return Err(Damage::Empty);
    }
    if bytes.len() as u64 > LONGEST {
        return Err(Damage::Foreign);
    }
    let mark: Mark = serde_json::from_slice(&bytes).map_err(|_| Damage::Foreign)?;
    // The hyphenated form alone: `parse` would also take others.
    let id = Uuid::try_parse(&mark.id).ok().filter(|id| id.hyphenated().to_string().eq_ignore_ascii_case(&mark.id));
    id.map(|id| Some(id.hyphenated().to_string())).ok_or(Damage::Foreign)
}

/// Marks of the folders around one that somebody chose for a storage: they tell whether it is too deep, or too high.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarksAround {
    /// Of the folder itself.
    pub own: Option<String>,
    /// Of those above it, the nearest first.
    pub above: Vec<(PathBuf, String)>,
    /// Of those directly in it.
    pub inside: Vec<(PathBuf, String)>,
}

impl MarksAround {
    /// Reads them. Touches the folders; of one that cannot be read nothing is known.
    pub(crate) fn of(folder: &Path) -> Self {
        let marked = |folder: PathBuf| Some((read(&folder).ok()??, folder)).map(|(id, folder)| (folder, id));
        let above = folder.ancestors().skip(1).filter(|above| above.parent().is_some()).take(MOST_ABOVE);
        let entries = std::fs::read_dir(folder).into_iter().flatten().take(MOST_INSIDE).flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut inside: Vec<(PathBuf, String)> = folders.filter_map(|entry| marked(entry.path())).collect();
        inside.sort_unstable();
        Self {
            own: read(folder).ok().flatten(),
            above: above.filter_map(|above| marked(above.to_owned())).collect(),
            inside,
        }
    }
}

/// Gives the storage a mark, or says which it has: of several who do it at once one wins, and all say the same id.
///
/// `before` as in [`probe_again`]: the empty folder below a share that is not mounted is never marked. Touches the
/// storage.
///
/// # Errors
/// See [`MarkError`].
pub(crate) fn mark(backend: &Backend, before: Option<&Sighting>) -> Result<Marked, MarkError> {
    whole(backend)?;
    let probe = probe_again(backend, before);
    let unavailable = |state: BackendState, detail: Option<String>| {
        MarkError::Storage(ResolveError::BackendUnavailable {
            backend: backend.name.clone(),
            base_path: backend.base_path.clone(),
            state,
            detail,
        })
    };
    if !probe.state.is_readable() {
        return Err(unavailable(probe.state, probe.detail));
    }
    let damaged = |damage| MarkError::Damaged { backend: backend.name.clone(), file: file_of(backend), damage };
    if let Some(id) = read(&backend.base_path).map_err(damaged)? {
        return Ok(Marked { id, made: false });
    }
    if probe.state == BackendState::ReadOnly {
        return Err(unavailable(probe.state, None));
    }
    let failed = |error: io::Error| MarkError::of(backend, &error);
    let root = Dir::open_ambient_dir(&backend.base_path, ambient_authority()).map_err(failed)?;
    let ours = match root.create_dir(FOLDER) {
        Ok(()) => {
            drop(root.open_dir(FOLDER).map(|made| open_to_all(&made.into_std_file())));
            true
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(error)),
    };
    let folder = folder(&root).map_err(damaged)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let id = Uuid::new_v4().hyphenated().to_string();
    let made = make(&folder, &id, |draft| folder.hard_link(draft, &folder, FILE)).map_err(|error| {
        if ours {
            // Goes only while it is empty: somebody else may have had more luck.
            let _ = root.remove_dir(FOLDER);
        }
        failed(error)
    })?;
    let id_there = if made { Some(id) } else { settled(&folder).map_err(damaged)? };
    id_there.map(|id| Marked { id, made }).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// A mark belongs to the root of a storage: a mount that shows a part of it cannot carry it.
pub(crate) fn whole(backend: &Backend) -> Result<(), MarkError> {
    if backend.subpath.is_empty() {
        return Ok(());
    }
    Err(MarkError::Part { backend: backend.name.clone(), subpath: backend.subpath.clone() })
}

/// Writes the mark unless there is one: whole under a name of its own, then in its place in one step, `link`. False if there is
/// one.
fn make(folder: &Dir, id: &str, link: impl FnOnce(&str) -> io::Result<()>) -> io::Result<bool> {
    let about = "Tells this storage from others of the same name, for Samepath. Please leave it as it is.".to_owned();
    let mut text = serde_json::to_vec(&Mark { id: id.to_owned(), about })?;
    text.push(b'\n');
    let draft = format!(".{FILE}.{id}");
    write_new(folder, &draft, &text)?;
    let placed = link(&draft);
    let _ = folder.remove_file(&draft);
    match placed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // A file server whose answer was lost says so of what it has just done.
            Ok(read_in(folder).is_ok_and(|found| found.as_deref() == Some(id)))
        }
        // Not every file system knows hard links, and they say so in many ways. Exclusive it is this way, too.
        Err(_) => match write_new(folder, FILE, &text) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// Writes a file that must not be there yet; what cannot be written whole is taken away again.
fn write_new(folder: &Dir, name: &str, text: &[u8]) -> io::Result<()> {
    let mut file: File = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    match &written {
        Ok(()) => open_to_all(&file.into_std()),
        Err(_) => drop(folder.remove_file(name)),
    }
    written
}

/// What somebody else wrote, who may still be writing it.
fn settled(folder: &Dir) -> Result<Option<String>, Damage> {
    let end = Instant::now() + WRITING;
    loop {
        match read_in(folder) {
            Err(Damage::Empty | Damage::Foreign) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(20));
            }
            found => return found,
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_hard_links_it_is_exclusive_too_and_leaves_nothing_else() {
        let tree = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(tree.path(), ambient_authority()).unwrap();
        let no_links = |_: &str| Err(io::ErrorKind::Unsupported.into());
        let (first, second) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        assert!(make(&folder, &first, no_links).unwrap());
        assert!(!make(&folder, &second, no_links).unwrap());
        assert_eq!(settled(&folder), Ok(Some(first)));
        assert_eq!(folder.entries().unwrap().count(), 1);
    }

    #[test]
    fn an_answer_that_was_lost_on_the_way_does_not_make_it_somebody_elses() {
        let tree = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(tree.path(), ambient_authority()).unwrap();
        let id = Uuid::new_v4().to_string();
        let lost = |draft: &str| {
            folder.hard_link(draft, &folder, FILE)?;
            Err(io::ErrorKind::AlreadyExists.into())
        };
        assert!(make(&folder, &id, lost).unwrap());
        assert_eq!(read_in(&folder), Ok(Some(id)));
    }

    #[test]
    fn one_that_is_just_being_written_is_waited_for() {
        let tree = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(tree.path(), ambient_authority()).unwrap();
        let id = Uuid::new_v4().to_string();
        std::fs::write(tree.path().join(FILE), "").unwrap();
        assert_eq!(read_in(&folder), Err(Damage::Empty));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| settled(&folder));
            std::fs::write(tree.path().join(FILE), format!(r#"{{"id": "{id}"}}"#)).unwrap();
            assert_eq!(waiting.join().unwrap(), Ok(Some(id.clone())));
        });
    }
}
