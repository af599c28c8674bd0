use super::local_path::{Key, LocalPath};
use crate::{Backend, Storages};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The base paths of a set of storages with every link in them followed, as far as that is known.
///
/// Belongs to the [`Storages`] that it was made for. To ask where a path is takes the same time for one storage and for thousands.
#[derive(Debug, Clone, Default)]
pub struct CanonicalBases {
    /// By a storage's place in the set.
    keys: HashMap<usize, Key>,
    /// Which storages are at a place, in the order of the configuration.
    at: HashMap<String, Vec<usize>>,
    /// How many names below its root a base path has.
    depths: BTreeSet<usize>,
}

impl CanonicalBases {
    /// The base paths as configured, taken for canonical; touches nothing.
    pub fn as_configured(storages: &Storages) -> Self {
        Self::of(storages, |backend| Some(backend.base_path.clone()))
    }

    /// The base paths that `canonical` gives; a storage without one holds nothing.
    pub fn of(storages: &Storages, mut canonical: impl FnMut(&Backend) -> Option<PathBuf>) -> Self {
        let mut bases = Self::default();
        for (number, backend) in storages.iter().enumerate() {
            if let Some(base) = canonical(backend) {
                bases.put(storages, number, &base);
            }
        }
        bases
    }

    /// The real base paths, as far as they can be known without touching a file system that may be silent; the others, and those
    /// that are not there, as configured.
    pub fn known(storages: &Storages) -> Self {
        let reaches = storages.reaches();
        let mut numbers = 0..;
        Self::of(storages, |backend| {
            let reached = numbers.next().and_then(|number| reaches.path(number));
            Some(reached.unwrap_or(&backend.base_path).to_owned())
        })
    }

    /// The real place of one more.
    pub(super) fn put(&mut self, storages: &Storages, number: usize, base: &Path) {
        let Some(local) = base.to_str().and_then(|text| LocalPath::parse(text, storages.platform())) else { return };
        let (key, _) = local.key();
        self.depths.insert(local.names().len());
        self.at.entry(key.text().to_owned()).or_default().push(number);
        self.keys.insert(number, key);
    }

    pub(super) fn key(&self, number: usize) -> Option<&Key> {
        self.keys.get(&number)
    }

    /// The storages that are where this one is, itself among them.
    pub(super) fn at_one_place_with(&self, number: usize) -> &[usize] {
        self.key(number).map_or(&[], |key| self.at(key.text()))
    }

    /// The storages at a place, by its key.
    pub(super) fn at(&self, key: &str) -> &[usize] {
        self.at.get(key).map_or(&[], Vec::as_slice)
    }
}

/// Base paths from several sources, in which each storage is once at most.
pub(crate) struct Bases<'b>(Vec<&'b CanonicalBases>);

impl<'b> Bases<'b> {
    pub(crate) fn of(parts: impl IntoIterator<Item = &'b CanonicalBases>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// The storages with the longest base path that holds `path`, and the names below that: one, none, or several that are mounted
    /// at one place.
    pub(super) fn longest<'a>(&self, path: &'a LocalPath<'a>) -> (Vec<usize>, &'a [&'a str]) {
        let (key, ends) = path.key();
        let depths: BTreeSet<usize> = self.0.iter().flat_map(|part| part.depths.iter().copied()).collect();
        for depth in depths.into_iter().rev() {
            let Some(end) = ends.get(depth) else { continue };
            let holding = self.0.iter().filter_map(|part| part.at.get(&key.text()[..*end]));
            let mut numbers: Vec<usize> = holding.flatten().copied().collect();
            if !numbers.is_empty() {
                numbers.sort_unstable();
                return (numbers, &path.names()[depth..]);
            }
        }
        (Vec::new(), &[])
    }
}
