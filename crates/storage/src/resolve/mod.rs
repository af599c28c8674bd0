//! Storage path → local path, on the real file system.

mod error;

pub use error::ResolveError;
pub(crate) use error::list;

use crate::Storages;
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a path is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl Storages {
    /// The local path of a storage path, walked on the real file system.
    ///
    /// Touches the storage and may hang with it: what must live on asks through [`crate::helper::Helper::resolve`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn resolve(&self, at: &StoragePath, purpose: Purpose) -> Result<Resolved, ResolveError> {
        todo!("{at} {purpose:?}")
    }
}
