use crate::component::Refusal;
use crate::resolve::list;
use serde::{Deserialize, Serialize};
use std::io;
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

    /// What an error of the system at this path means.
    pub(crate) fn of(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Io { path, detail: error.to_string() },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotInAnyBackend { path, .. } => {
                // The root of everything is no storage.
                let Some(folder) = path.parent().filter(|folder| folder.parent().is_some()) else {
                    return Some("copy it to one of the storages".to_owned());
                };
                format!(
                    "copy it to one of the storages, or register its folder: `samepath storage add NAME {}`",
                    shell_word(folder)
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

/// A path as a person can paste it behind a command.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "/._-".contains(character);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
