//! Local path → storage path.

mod bases;
mod error;
mod fault;
mod local_path;
mod offer;
mod overlap;
mod ways;

pub(crate) use bases::Bases;
pub use bases::CanonicalBases;
pub use error::LocateError;
pub(crate) use error::refused_words;
pub use overlap::{Nesting, Overlap};
pub(crate) use ways::{OnMount, Reaches, Ways};

use crate::config::check;
use crate::{Backend, Storages, component};
use local_path::LocalPath;
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where a local path is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// Its storage path.
    pub at: StoragePath,
    /// Storages that did not answer and so were compared by the text of their base paths alone, in the order of the
    /// configuration.
    pub skipped: Vec<String>,
}

/// What is really at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Real {
    /// Every link followed.
    pub(crate) path: PathBuf,
    pub(crate) directory: bool,
}

impl Real {
    /// Looks: may hang with what `path` is on.
    pub(crate) fn of(path: &Path) -> Result<Self, LocateError> {
        let failed = |error| LocateError::of(path, &error);
        let real = dunce::canonicalize(path).map_err(failed)?;
        text_of(&real)?;
        Ok(Self { directory: fs_err::metadata(&real).map_err(failed)?.is_dir(), path: real })
    }
}

/// The one rule by which what lies below a storage's root is taken apart into user subdirectory and path: the configured
/// user subdirectory if it is under it, else the first component if there are at least two, else none.
pub fn split_below_root(user_subdir: &str, below: &str) -> (String, String) {
    if !user_subdir.is_empty() {
        if below == user_subdir {
            return (user_subdir.to_owned(), String::new());
        }
        if let Some(path) = below.strip_prefix(user_subdir).and_then(|rest| rest.strip_prefix('/')) {
            return (user_subdir.to_owned(), path.to_owned());
        }
    }
    match below.split_once('/') {
        Some((first, rest)) => (first.to_owned(), rest.to_owned()),
        None => (String::new(), below.to_owned()),
    }
}

/// `NAME:rest` with a name that a storage could have, whether there is one or not.
///
/// ```
/// assert_eq!(samepath_storage::named("vast:amick/x"), Some(("vast", "amick/x")));
/// assert_eq!(samepath_storage::named("C:x"), None);
/// ```
pub fn named(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(name, _)| check::name(name).is_ok())
}

impl Storages {
    /// The storage path of a canonical local path: on the storage with the longest base path that holds it. Pure.
    ///
    /// # Errors
    /// On no storage, on several whose base paths are one place, not text, not absolute, or something that resolving would
    /// refuse.
    pub fn locate(&self, path: &Path, canonical: &CanonicalBases) -> Result<StoragePath, LocateError> {
        self.locate_real(&Real { path: path.to_owned(), directory: false }, &Bases::of([canonical]))
    }

    pub(crate) fn locate_real(&self, real: &Real, bases: &Bases<'_>) -> Result<StoragePath, LocateError> {
        let path = &real.path;
        let text = text_of(path)?;
        let Some(local) = LocalPath::parse(text, self.platform()) else {
            return Err(LocateError::NotAbsolute { path: path.to_owned() });
        };
        let (holding, below_base) = bases.longest(&local);
        let mut places = holding
            .into_iter()
            .filter_map(|number| Some((number, self.iter().nth(number)?)))
            .map(|(number, backend)| self.take_apart(number, &below_root(backend, below_base), path))
            .collect::<Result<Vec<_>, _>>()?;
        match places.pop() {
            Some(place) if places.is_empty() => Ok(place),
            Some(last) => {
                places.push(last);
                Err(LocateError::Ambiguous { path: path.clone(), places })
            }
            None => Err(LocateError::NotInAnyBackend {
                path: path.clone(),
                offer: offer::offer(path, real.directory, self.home()),
                bases: self.iter().map(|backend| (backend.name.clone(), backend.base_path.clone())).collect(),
                skipped: Vec::new(),
            }),
        }
    }

    /// The storage path that `text` means if it begins with the name of a storage and a colon; `None` if it does not, and
    /// then it is a local path.
    pub fn parse(&self, text: &str) -> Option<Result<StoragePath, LocateError>> {
        let (name, below_root) = text.split_once(':')?;
        let number = self.number(name)?;
        Some(self.take_apart(number, below_root, Path::new(text)))
    }

    /// The storage path with `/` between folders where somebody wrote `\`, and without spaces around names; `None` where it is so.
    pub fn written_plainly(&self, at: &StoragePath) -> Option<StoragePath> {
        let below_root = at.below_root();
        let names = below_root.split(['/', '\\']).map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        if names.join("/") == below_root {
            return None;
        }
        let own = self.get(&at.storage_backend).map(Backend::user_subdir_below_root).unwrap_or_default();
        let (user_subdir, path) = split_below_root(&own, &names.join("/"));
        Some(StoragePath::new(&at.storage_backend, user_subdir, path))
    }

    fn take_apart(&self, number: usize, below_root: &str, path: &Path) -> Result<StoragePath, LocateError> {
        let refused = |refused: component::Refused| LocateError::Refused {
            path: path.to_owned(),
            component: refused.component,
            refusal: refused.refusal,
        };
        component::split(below_root, self.platform()).map_err(refused)?;
        let (name, configured) = match self.iter().nth(number) {
            Some(backend) => (backend.name.as_str(), backend.user_subdir_below_root()),
            None => ("", String::new()),
        };
        let (user_subdir, path) = split_below_root(&configured, below_root);
        component::split(&path, self.platform()).map_err(refused)?;
        Ok(StoragePath::new(name, user_subdir, path))
    }

    /// The storage path of a real path, as far as that can be told without touching any storage that may be silent.
    pub(crate) fn locate_without_touching(&self, real: &Path, except: &str) -> Option<StoragePath> {
        let reaches = self.reaches();
        let further = reaches.further(self, |_, _, path| Some(path.to_owned()));
        let real = Real { path: real.to_owned(), directory: false };
        let at = self.locate_real(&real, &Bases::of([&reaches.settled, &further])).ok()?;
        (at.storage_backend != except).then_some(at)
    }
}

/// What lies below a storage's base path, as it lies below the storage's root.
fn below_root(backend: &Backend, below_base: &[&str]) -> String {
    let subpath = Some(backend.subpath.as_str()).filter(|subpath| !subpath.is_empty());
    subpath.into_iter().chain(below_base.iter().copied()).collect::<Vec<_>>().join("/")
}

/// Where a local path is, asking the file system: `path` is touched wherever it is, base paths only where their file system
/// cannot be silent or is the one that `path` is on; the others are compared as far as their links are known.
///
/// The first time it follows every base path. Then, and with every clone of these storages, it looks only whether one may have
/// changed, which takes the same time for thousands; but those below a mount point that may be silent are followed each time.
///
/// May hang with what `path` is on: what must live on asks through [`crate::helper::Helper::locate`].
///
/// # Errors
/// See [`LocateError`].
pub fn locate_here(storages: &Storages, path: &Path) -> Result<Located, LocateError> {
    text_of(path)?;
    if !path.is_absolute() {
        return Err(LocateError::NotAbsolute { path: path.to_owned() });
    }
    let real = Real::of(path)?;
    let reaches = storages.reaches();
    let near = reaches.mounts().map(|mounts| mounts.holding(&real.path).map(|mount| mount.point.as_path()));
    let further = reaches.further(storages, |_, mount, path| match near {
        None => Some(dunce::canonicalize(path).unwrap_or_else(|_| path.to_owned())),
        Some(near) if near == Some(mount) => dunce::canonicalize(path).ok(),
        Some(_) => Some(path.to_owned()),
    });
    let at = storages.locate_real(&real, &Bases::of([&reaches.settled, &further]))?;
    Ok(Located { at, skipped: Vec::new() })
}

/// A path as text, or the refusal to guess one.
pub(crate) fn text_of(path: &Path) -> Result<&str, LocateError> {
    path.to_str().ok_or_else(|| {
        let quoted = format!("{path:?}");
        let escaped = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
        LocateError::NotUnicode { escaped: escaped.to_owned() }
    })
}
