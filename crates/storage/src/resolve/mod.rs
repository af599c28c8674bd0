//! Storage path → local path, on the real file system.

mod error;
mod handle;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(all(test, unix))]
mod tests;
mod walk;

pub use error::ResolveError;
pub(crate) use error::list;

#[cfg(target_os = "linux")]
use linux::PathHandle as PlatformHandle;
#[cfg(not(target_os = "linux"))]
use portable::CapHandle as PlatformHandle;

use crate::cause::Cause;
use crate::component::{Field, Refusal};
use crate::{Storages, marker};
use handle::Handle;
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// What a path is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To be read: it must exist.
    Input,
    /// To be written: it need not exist, but its nearest existing ancestor must lie on the storage.
    Output,
}

/// A storage path on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Below the base path as configured; every link below it is followed already.
    pub path: PathBuf,
    /// How its names were found.
    pub matched: Match,
}

/// How the names of a path were found; the loosest of all components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// Exactly as written.
    Exact,
    /// Some differ in Unicode normalisation.
    Normalization,
    /// Some differ in case.
    Case,
}

/// The real names, below the base path, of a folder that need not be there, whatever the storages are confined to.
pub(crate) fn walk_freely(storages: &Storages, at: &StoragePath) -> Result<Vec<OsString>, ResolveError> {
    walk::walk::<PlatformHandle>(storages, at, Purpose::Output, None).map(|walked| walked.names)
}

/// In any letters: many a file system makes no difference. At any depth: what is a folder here may be another computer's storage.
fn is_kept(name: &str) -> bool {
    name.eq_ignore_ascii_case(marker::FOLDER)
}

fn kept(at: &StoragePath, field: Field, name: &str) -> ResolveError {
    ResolveError::Refused { at: at.clone(), field, component: name.to_owned(), refusal: Refusal::Kept }
}

impl Storages {
    /// Refuses what no job may write to, by its text alone: the folder of a storage's mark. What only leads there is refused where it
    /// is resolved.
    ///
    /// # Errors
    /// [`ResolveError::Refused`].
    pub fn check_output(at: &StoragePath) -> Result<(), ResolveError> {
        let names = at.user_subdir.split('/').map(|name| (Field::UserSubdir, name));
        let names = names.chain(at.path.split('/').map(|name| (Field::Path, name)));
        names.filter(|(_, name)| is_kept(name)).map(|(field, name)| Err(kept(at, field, name))).next().unwrap_or(Ok(()))
    }

    /// The local path of a storage path, walked on the real file system.
    ///
    /// Touches the storage and may hang with it: what must live on asks through [`crate::helper::Helper::resolve`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn resolve(&self, at: &StoragePath, purpose: Purpose) -> Result<Resolved, ResolveError> {
        let walked = self.walk(at, purpose)?;
        self.resolved(at, walked.names, walked.matched)
    }

    /// Opens a file for reading by handle: what is opened was on the storage while it was found, whatever is renamed or
    /// replaced meanwhile.
    ///
    /// Touches the storage and may hang with it.
    ///
    /// # Errors
    /// See [`ResolveError`]; [`ResolveError::NotAFile`] for anything but a regular file.
    pub fn open(&self, at: &StoragePath) -> Result<(File, Resolved), ResolveError> {
        let walked = self.walk(at, Purpose::Input)?;
        let resolved = self.resolved(at, walked.names, walked.matched)?;
        let (backend, component) = (at.storage_backend.clone(), at.below_root());
        match walked.handle.map(|handle| handle.open()).transpose() {
            Ok(Some(Some(file))) => Ok((file, resolved)),
            Ok(_) => Err(ResolveError::NotAFile { backend, component }),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(ResolveError::Denied { backend, component, path: resolved.path })
            }
            Err(error) => {
                Err(ResolveError::Io { backend, component, cause: Cause::of(&error), detail: error.to_string() })
            }
        }
    }

    fn walk(&self, at: &StoragePath, purpose: Purpose) -> Result<walk::Walked<PlatformHandle>, ResolveError> {
        let bounds = self.get(&at.storage_backend).ok().and_then(|backend| self.bounds(backend, at, purpose));
        let walked = walk::walk::<PlatformHandle>(self, at, purpose, bounds.as_ref())?;
        let into = walked.names.iter().filter_map(|name| name.to_str()).find(|name| is_kept(name));
        match into.filter(|_| purpose == Purpose::Output) {
            Some(name) => Err(kept(at, Field::Path, name)),
            None => Ok(walked),
        }
    }

    fn resolved(&self, at: &StoragePath, names: Vec<OsString>, matched: Match) -> Result<Resolved, ResolveError> {
        Ok(Resolved { path: self.under_base(self.get(&at.storage_backend)?, names), matched })
    }
}
