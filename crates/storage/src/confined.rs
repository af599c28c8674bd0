//! Storages of which somebody may use some places only: the rule of a lab for the jobs of one member.

use crate::resolve::walk_freely;
use crate::{Backend, Purpose, ResolveError, Storages};
use samepath_wire::{Doing, Places, StoragePath};
use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

/// For whom, and to which places. Clones share what was learned of where the places really are.
#[derive(Debug, Clone)]
pub(crate) struct Confined {
    places: Places,
    member: String,
    roots: Arc<Mutex<Roots>>,
}

/// Real names below a base path.
type Names = Vec<OsString>;
/// Where the places of a storage really are, for what is done there.
type Roots = HashMap<(String, Purpose), Arc<Vec<Names>>>;

impl PartialEq for Confined {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places && self.member == other.member
    }
}

impl Eq for Confined {}

impl Storages {
    /// The same, for the jobs of this member alone: from now on whatever resolves, opens or looks at a path refuses those that
    /// really lead out of the places, by [`ResolveError::OutOfPlace`], and never looks into a folder outside them. Limits of none
    /// change nothing.
    #[must_use]
    pub fn confined(mut self, places: Option<&Places>, member: &str) -> Self {
        self.confined =
            places.map(|places| Confined { places: places.clone(), member: member.to_owned(), roots: Arc::default() });
        self
    }

    /// Whether only some places may be used: what is on no storage may not, then.
    pub fn are_confined(&self) -> bool {
        self.confined.is_some()
    }

    /// What of a storage may be used for this; none: all of it.
    pub(crate) fn bounds(&self, backend: &Backend, at: &StoragePath, purpose: Purpose) -> Option<Bounds> {
        let confined = self.confined.as_ref()?;
        let doing = match purpose {
            Purpose::Input => Doing::Reading,
            Purpose::Output => Doing::Writing,
        };
        let known = || confined.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (backend.name.clone(), purpose);
        let found = known().get(&key).cloned();
        let roots = found.unwrap_or_else(|| {
            let folders = confined.places.folders(&backend.name, doing);
            let roots = Arc::new(folders.iter().filter_map(|folder| self.root(backend, folder)).collect::<Vec<_>>());
            known().insert(key, Arc::clone(&roots));
            roots
        });
        let refusal = confined.places.refusal(&confined.member, at, doing);
        Some(Bounds { roots, refused: ResolveError::OutOfPlace { at: at.clone(), refusal } })
    }

    /// Where a place really is; none where this computer does not have it.
    fn root(&self, backend: &Backend, folder: &str) -> Option<Names> {
        let place: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let shown: Vec<&str> = backend.subpath.split('/').filter(|part| !part.is_empty()).collect();
        if shown.starts_with(&place) {
            return Some(Names::new());
        }
        walk_freely(self, &StoragePath::new(&backend.name, "", folder)).ok()
    }
}

/// Where a walk may lead.
pub(crate) struct Bounds {
    roots: Arc<Vec<Names>>,
    refused: ResolveError,
}

impl Bounds {
    /// Refuses what neither is, nor lies in, nor leads to a place that may be used.
    pub(crate) fn pass(&self, names: &[OsString]) -> Result<(), ResolveError> {
        let leads = |root: &Names| root.starts_with(names) || names.starts_with(root);
        if self.roots.iter().any(leads) { Ok(()) } else { Err(self.refused.clone()) }
    }

    /// Refuses what does not lie in such a place.
    pub(crate) fn hold(&self, names: &[OsString]) -> Result<(), ResolveError> {
        if self.roots.iter().any(|root| names.starts_with(root)) { Ok(()) } else { Err(self.refused.clone()) }
    }
}
