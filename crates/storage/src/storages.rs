use crate::component::{self, Field};
use crate::confined::Confined;
use crate::locate::{Reaches, Ways};
use crate::{Backend, CanonicalBases, Platform, ResolveError, Sighting};
use samepath_wire::StoragePath;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use unicode_normalization::UnicodeNormalization;

/// The well-formed storages of this computer, and whose path rules apply: what resolving and locating work on.
///
/// A value: it holds no handle and touches nothing until it is asked to. Clones are cheap, and share what was learned of where the
/// base paths are: whoever locates often keeps one.
#[derive(Debug, Clone)]
pub struct Storages {
    platform: Platform,
    home: Option<PathBuf>,
    /// Which places of them may be used, where it is not all.
    pub(crate) confined: Option<Confined>,
    /// How each was seen before, by name, where that is known.
    pub(crate) seen: Arc<BTreeMap<String, Sighting>>,
    set: Arc<Set>,
}

#[derive(Debug)]
struct Set {
    backends: Vec<Backend>,
    as_configured: OnceLock<CanonicalBases>,
    ways: Mutex<Ways>,
}

impl Storages {
    /// These storages, in the order of the configuration. Of two with one name the first counts.
    pub fn new(backends: Vec<Backend>, platform: Platform) -> Self {
        let set = Set { backends, as_configured: OnceLock::new(), ways: Mutex::default() };
        Self { platform, home: None, confined: None, seen: Arc::default(), set: Arc::new(set) }
    }

    /// The same, of a person whose home folder is this: nobody is advised to make a storage of it.
    pub fn with_home(self, home: Option<PathBuf>) -> Self {
        Self { home, ..self }
    }

    /// The same, seen like this before, by name: an empty folder in the place of what was mounted is not the storage.
    pub(crate) fn with_seen(self, seen: BTreeMap<String, Sighting>) -> Self {
        Self { seen: Arc::new(seen), ..self }
    }

    /// The home folder, where it was said.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Whose path rules apply.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The storage of this name, compared exactly.
    ///
    /// # Errors
    /// [`ResolveError::BackendNotFound`], naming those that there are.
    pub fn get(&self, name: &str) -> Result<&Backend, ResolveError> {
        self.iter()
            .find(|backend| backend.name == name)
            .ok_or_else(|| ResolveError::BackendNotFound { backend: name.to_owned(), known: self.names() })
    }

    /// The place of the storage of this name among all.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.iter().position(|backend| backend.name == name)
    }

    /// The names of all, in the order of the configuration.
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|backend| backend.name.clone()).collect()
    }

    /// All, in the order of the configuration.
    pub fn iter(&self) -> std::slice::Iter<'_, Backend> {
        self.set.backends.iter()
    }

    /// The base paths by their text alone.
    pub(crate) fn as_configured(&self) -> &CanonicalBases {
        self.set.as_configured.get_or_init(|| CanonicalBases::as_configured(self))
    }

    /// How far the base paths can be followed now without touching what may be silent.
    pub(crate) fn reaches(&self) -> Arc<Reaches> {
        self.set.ways.lock().unwrap_or_else(PoisonError::into_inner).now(self)
    }

    /// The local path that a storage path means, by its text alone: nothing is touched, links are not followed.
    ///
    /// # Errors
    /// An unknown storage, a refused component, a path outside the part that this computer sees.
    pub fn join(&self, at: &StoragePath) -> Result<PathBuf, ResolveError> {
        let (backend, below_base) = self.below_base(at)?;
        Ok(self.under_base(backend, below_base.iter().copied()))
    }

    /// The storage of `at` and its checked components below the base path.
    pub(crate) fn below_base<'a>(&self, at: &'a StoragePath) -> Result<(&Backend, Vec<&'a str>), ResolveError> {
        let backend = self.get(&at.storage_backend)?;
        let refused = |field, refused: component::Refused| ResolveError::Refused {
            at: at.clone(),
            field,
            component: refused.component,
            refusal: refused.refusal,
        };
        let mut components =
            component::split(&at.user_subdir, self.platform).map_err(|error| refused(Field::UserSubdir, error))?;
        components.extend(component::split(&at.path, self.platform).map_err(|error| refused(Field::Path, error))?);
        let subpath: Vec<&str> = backend.subpath.split('/').filter(|part| !part.is_empty()).collect();
        let inside = components.len() >= subpath.len()
            && subpath.iter().zip(&components).all(|(ours, theirs)| same_name(ours, theirs));
        if !inside {
            return Err(ResolveError::OutsideSubpath { at: at.clone(), subpath: backend.subpath.clone() });
        }
        Ok((backend, components.split_off(subpath.len())))
    }

    /// The base path and these names in one, as this platform writes paths.
    pub(crate) fn under_base<S: AsRef<std::ffi::OsStr>>(
        &self,
        backend: &Backend,
        names: impl IntoIterator<Item = S>,
    ) -> PathBuf {
        let separator = self.platform.separator();
        let mut text: OsString = backend.base_path.clone().into();
        for name in names {
            let last = text.as_encoded_bytes().last().copied();
            let separated = last == Some(b'/') || (self.platform == Platform::Windows && last == Some(b'\\'));
            if !separated {
                text.push(separator);
            }
            text.push(name.as_ref());
        }
        text.into()
    }
}

impl PartialEq for Storages {
    fn eq(&self, other: &Self) -> bool {
        self.set.backends == other.set.backends
            && self.platform == other.platform
            && self.home == other.home
            && self.confined == other.confined
    }
}

impl Eq for Storages {}

impl<'a> IntoIterator for &'a Storages {
    type Item = &'a Backend;
    type IntoIter = std::slice::Iter<'a, Backend>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Backend {
    /// The configured user subdirectory as it lies below the storage's root: what a storage path's `user_subdir` is when
    /// nobody says otherwise.
    ///
    /// The configuration means it below the base path; where the mount shows only a part of the storage (`subpath`), that
    /// part comes first, unless it was written there already.
    pub fn user_subdir_below_root(&self) -> String {
        let below =
            |text: &str, top: &str| text.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if self.user_subdir.is_empty() || self.subpath.is_empty() || below(&self.user_subdir, &self.subpath) {
            self.user_subdir.clone()
        } else {
            format!("{}/{}", self.subpath, self.user_subdir)
        }
    }
}

/// Whether two names differ in Unicode normalisation at most.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a == b || a.nfc().eq(b.nfc())
}
