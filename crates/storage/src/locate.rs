//! Local path → storage path.

use crate::resolve::list;
use crate::{Storages, component::Refusal};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a local path has no storage path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum LocateError {
    /// On none of the storages.
    #[error("`{}` is on no storage of this computer{}{}", .path.display(), bases_words(.bases), skipped_words(.skipped))]
    NotInAnyBackend {
        /// Where it really is.
        path: PathBuf,
        /// The storages and their base paths.
        bases: Vec<(String, PathBuf)>,
        /// Storages that did not answer.
        skipped: Vec<String>,
    },
    /// Resolving would refuse it.
    #[error("`{component}` in `{}` is refused: {refusal}", .path.display())]
    Refused {
        /// The path.
        path: PathBuf,
        /// The component.
        component: String,
        /// Why.
        refusal: Refusal,
    },
    /// The path is not text.
    #[error("the path \"{escaped}\" is not valid Unicode, so it has no name on other computers")]
    NotUnicode {
        /// The path with what is not text escaped.
        escaped: String,
    },
    /// Relative to what?
    #[error("`{}` is not an absolute path", .path.display())]
    NotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// There is no such file or folder.
    #[error("`{}` does not exist", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses this user.
    #[error("no permission to look at `{}`", .path.display())]
    Denied {
        /// The path.
        path: PathBuf,
    },
    /// What the path is on did not answer.
    #[error("`{}` is not answering, so `{}` cannot be looked at", .place.display(), .path.display())]
    NotAnswering {
        /// The path.
        path: PathBuf,
        /// Where the silent file system is mounted.
        place: PathBuf,
    },
    /// The system failed otherwise.
    #[error("cannot look at `{}`: {detail}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The helper process failed; nothing is known about the path.
    #[error("cannot look at `{}`: {detail}", .path.display())]
    Helper {
        /// The path.
        path: PathBuf,
        /// What went wrong.
        detail: String,
    },
}

impl LocateError {
    /// The code that programs see; see the command line's documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInAnyBackend { .. } => "not_in_any_backend",
            Self::Refused { .. } | Self::NotUnicode { .. } | Self::NotAbsolute { .. } => "path_refused",
            Self::NotFound { .. } => "path_not_found",
            Self::NotAnswering { .. } => "backend_unavailable",
            Self::Denied { .. } | Self::Io { .. } => "io",
            Self::Helper { .. } => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotInAnyBackend { path, .. } => {
                let folder = path.parent().unwrap_or(path);
                format!(
                    "copy it to one of the storages, or register its folder: `samepath storage add NAME {}`",
                    folder.display()
                )
            }
            Self::Refused { .. } | Self::NotUnicode { .. } => "rename it".to_owned(),
            Self::NotAbsolute { .. } => "write the whole path".to_owned(),
            Self::NotFound { .. } => "check the spelling".to_owned(),
            Self::Denied { .. } => "ask its owner for access".to_owned(),
            Self::NotAnswering { .. } => "connect or mount the storage, then try again".to_owned(),
            Self::Io { .. } | Self::Helper { .. } => return None,
        })
    }
}

fn bases_words(bases: &[(String, PathBuf)]) -> String {
    if bases.is_empty() {
        return "; none is configured".to_owned();
    }
    let names: Vec<String> = bases.iter().map(|(name, base)| format!("{name} at {}", base.display())).collect();
    format!("; it has {}", list(&names))
}

fn skipped_words(skipped: &[String]) -> String {
    if skipped.is_empty() { String::new() } else { format!("; not answering: {}", list(skipped)) }
}

/// Where a local path is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// Its storage path.
    pub at: StoragePath,
    /// Storages that did not answer and so could not be compared, in the order of the configuration.
    pub skipped: Vec<String>,
}

/// The base paths with every link in them followed, as far as that is known.
#[derive(Debug, Clone, Default)]
pub struct CanonicalBases {
    bases: Vec<(usize, PathBuf)>,
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

impl Storages {
    /// The storage path of a canonical local path; pure.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn locate(&self, path: &Path, canonical: &CanonicalBases) -> Result<StoragePath, LocateError> {
        todo!("{path:?} {canonical:?}")
    }

    /// The storage path that `text` means if it begins with the name of a storage and a colon; `None` if it does not, and
    /// then it is a local path.
    pub fn parse(&self, text: &str) -> Option<Result<StoragePath, LocateError>> {
        todo!("{text}")
    }
}

/// Where a local path is, asking the file system.
///
/// # Errors
/// See [`LocateError`].
pub fn locate_here(storages: &Storages, path: &Path) -> Result<Located, LocateError> {
    todo!("{storages:?} {path:?}")
}
