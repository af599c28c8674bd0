use super::LocalPath;
use crate::Storages;
use crate::mounts::{Mounts, Reached};
use std::path::{Path, PathBuf};

/// The base paths of a set of storages with every link in them followed, as far as that is known.
///
/// Belongs to the [`Storages`] that it was made for.
#[derive(Debug, Clone, Default)]
pub struct CanonicalBases {
    /// Each with its storage's place in the set.
    bases: Vec<(usize, LocalPath)>,
}

impl CanonicalBases {
    /// The base paths as configured, taken for canonical; touches nothing.
    pub fn as_configured(storages: &Storages) -> Self {
        Self::of(storages, |backend| Some(backend.base_path.clone()))
    }

    /// The base paths that `canonical` gives; a storage without one holds nothing.
    pub fn of(storages: &Storages, mut canonical: impl FnMut(&crate::Backend) -> Option<PathBuf>) -> Self {
        let bases = storages.iter().enumerate().filter_map(|(number, backend)| {
            let base = canonical(backend)?;
            Some((number, LocalPath::parse(base.to_str()?, storages.platform())?))
        });
        Self { bases: bases.collect() }
    }

    /// The real base paths, as far as they can be known without touching a file system that may be silent; the others, and those
    /// that are not there, as configured.
    pub fn known(storages: &Storages) -> Self {
        let mounts = Mounts::read();
        Self::of(storages, |backend| match mounts.as_ref().map(|mounts| mounts.reach(&backend.base_path)) {
            Some(Ok(Reached::Whole(path) | Reached::Stopped { path, .. })) => Some(path),
            _ => Some(backend.base_path.clone()),
        })
    }

    pub(super) fn of_number(&self, number: usize) -> Option<&LocalPath> {
        self.bases.iter().find(|(found, _)| *found == number).map(|(_, base)| base)
    }

    /// Follows links only where no file system can be silent.
    pub(crate) fn untouched(storages: &Storages, mounts: Option<&Mounts>) -> Self {
        Self::of(storages, |backend| match mounts.map(|mounts| mounts.reach(&backend.base_path)) {
            Some(Ok(Reached::Whole(path) | Reached::Stopped { path, .. })) => Some(path),
            Some(Err(_)) => None,
            None => Some(backend.base_path.clone()),
        })
    }

    /// Follows links there and on the file system that `real` is on; everywhere, where there is no mount table.
    pub(crate) fn near(storages: &Storages, mounts: Option<&Mounts>, real: &Path) -> Self {
        let Some(mounts) = mounts else {
            return Self::of(storages, |backend| {
                Some(dunce::canonicalize(&backend.base_path).unwrap_or_else(|_| backend.base_path.clone()))
            });
        };
        let near = mounts.holding(real).map(|mount| mount.point.clone());
        Self::of(storages, |backend| match mounts.reach(&backend.base_path).ok()? {
            Reached::Whole(path) => Some(path),
            Reached::Stopped { mount, .. } if Some(&mount) == near.as_ref() => {
                dunce::canonicalize(&backend.base_path).ok()
            }
            Reached::Stopped { path, .. } => Some(path),
        })
    }

    /// The storages with the longest base path that holds `path`, and what is left of it: one, none, or several that are
    /// mounted at one place.
    pub(super) fn longest<'a>(&self, path: &'a LocalPath) -> (Vec<usize>, &'a [String]) {
        let mut longest: (Vec<usize>, usize, &[String]) = (Vec::new(), 0, &[]);
        for (number, base) in &self.bases {
            let Some(below) = path.below(base) else { continue };
            if longest.0.is_empty() || base.depth() > longest.1 {
                longest = (vec![*number], base.depth(), below);
            } else if base.depth() == longest.1 {
                longest.0.push(*number);
            }
        }
        (longest.0, longest.2)
    }
}
