//! Any text, taken for the paths of a storage on each of the platforms: nothing that is joined lies outside, and what joining,
//! locating and parsing say of one place agrees.
//!
//! The lines of a text: base path, the base path of another storage, user subdirectory and subpath of the first, user subdirectory
//! and path of a storage path, a local path.

use samepath_storage::{Backend, CanonicalBases, LocateError, Platform, ResolveError, Storages, split_below_root};
use samepath_wire::StoragePath;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (base, other, user_subdir, subpath) = (line(), line(), line(), line());
    let (at, local) = (StoragePath::new("vast", line(), line()), line());
    let below = at.below_root();
    for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
        let backends = vec![backend("vast", base, user_subdir, subpath), backend("other", other, "", "")];
        let here = Here::new(Storages::new(backends, platform));
        if here.is_configurable() {
            here.joins(&at, base);
            here.locates(local);
            here.parses(&below);
            here.parses(local);
        }
    }
    let (user, rest) = split_below_root(user_subdir, &below);
    if !below.starts_with('/') && !user.is_empty() && !rest.is_empty() {
        assert_eq!(StoragePath::new("vast", user, rest).below_root(), below);
    }
}

fn backend(name: &str, base_path: &str, user_subdir: &str, subpath: &str) -> Backend {
    Backend {
        name: name.to_owned(),
        base_path: base_path.into(),
        kind: None,
        description: None,
        user_subdir: user_subdir.to_owned(),
        subpath: subpath.to_owned(),
    }
}

struct Here {
    storages: Storages,
    bases: CanonicalBases,
}

impl Here {
    fn new(storages: Storages) -> Self {
        Self { bases: CanonicalBases::as_configured(&storages), storages }
    }

    /// Whether a configuration could say this: base paths are absolute, folders are made of good names.
    fn is_configurable(&self) -> bool {
        self.storages.iter().all(|backend| {
            let base = backend.base_path.to_str().unwrap_or_default();
            let absolute = !matches!(self.locate(base), Err(LocateError::NotAbsolute { .. }));
            let typed = |folder: &str| self.storages.parse(&format!("vast:{folder}"));
            let good = |folder: &str| matches!(typed(folder), Some(Ok(_)));
            absolute && !base.contains(char::is_control) && good(&backend.user_subdir) && good(&backend.subpath)
        })
    }

    fn locate(&self, path: &str) -> Result<StoragePath, LocateError> {
        let located = self.storages.locate(Path::new(path), &self.bases);
        if let Err(error) = &located {
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
            error.hint();
        }
        located
    }

    fn join(&self, at: &StoragePath) -> Result<String, ResolveError> {
        match self.storages.join(at) {
            Ok(path) => Ok(path.into_os_string().into_string().expect("it was text")),
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.code().is_empty());
                let sent = serde_json::to_string(&error).expect("an error can be sent");
                assert_eq!(serde_json::from_str::<ResolveError>(&sent).expect("and read"), error);
                Err(error)
            }
        }
    }

    /// What is joined lies below the base path and is made of plain names; locating it leads back.
    fn joins(&self, at: &StoragePath, base: &str) {
        let Ok(joined) = self.join(at) else { return };
        let windows = self.storages.platform() == Platform::Windows;
        let separators: &[char] = if windows { &['\\', '/'] } else { &['/'] };
        let below = joined.strip_prefix(base).expect("a path below its base path");
        assert!(below.is_empty() || base.ends_with(separators) || below.starts_with(separators), "{joined:?}");
        let below = below.strip_prefix(separators).unwrap_or(below);
        for name in below.split(separators).filter(|_| !below.is_empty()) {
            assert!(!matches!(name, "" | "." | ".."), "{joined:?}");
            assert!(!name.chars().any(char::is_control), "{joined:?}");
            assert!(!windows || !name.contains(['<', '>', ':', '"', '|', '?', '*']), "{joined:?}");
            assert!(!windows || !name.ends_with(['.', ' ']), "{joined:?}");
        }
        match self.locate(&joined) {
            Ok(again) if again.storage_backend == at.storage_backend => {
                let place = |at: &StoragePath| at.below_root().nfc().collect::<String>();
                assert_eq!(place(&again), place(at), "{joined:?}");
            }
            // The other storage's base path is the deeper one.
            Ok(again) => self.is_located_alike(&joined, &again),
            Err(LocateError::Ambiguous { .. }) => {}
            Err(error) => panic!("{joined:?} was joined, yet: {error}"),
        }
    }

    /// What is located can be joined, and that is the same place.
    fn locates(&self, path: &str) {
        let Ok(at) = self.locate(path) else { return };
        self.is_located_alike(path, &at);
        let typed = self.storages.parse(&at.to_string()).expect("it begins with a storage's name");
        assert_eq!(typed, Ok(at), "what is shown can be typed");
    }

    /// What is typed can be joined, or lies outside the part that is seen here; and what is shown of it is typed alike.
    fn parses(&self, below_root: &str) {
        let Some(Ok(at)) = self.storages.parse(&format!("vast:{below_root}")) else { return };
        assert!(matches!(self.join(&at), Ok(_) | Err(ResolveError::OutsideSubpath { .. })), "{at}");
        assert_eq!(at.below_root(), below_root);
        assert_eq!(self.storages.parse(&at.to_string()), Some(Ok(at)));
    }

    fn is_located_alike(&self, path: &str, at: &StoragePath) {
        let joined = self.join(at).unwrap_or_else(|error| panic!("{path:?} is {at}, yet: {error}"));
        assert_eq!(self.locate(&joined).as_ref(), Ok(at), "{path:?} {joined:?}");
    }
}
