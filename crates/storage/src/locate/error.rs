use crate::cause::Cause;
use crate::component::Refusal;
use crate::helper::HELPER_MEND;
use crate::resolve::list;
use crate::shell::shell_word;
use samepath_wire::{HERE, StoragePath};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a local path has no storage path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum LocateError {
    /// On none of the storages.
    #[error("`{}` is on no storage of {HERE}{}{}", .path.display(), bases_words(.bases), skipped_words(.skipped))]
    NotInAnyBackend {
        /// Where it really is.
        path: PathBuf,
        /// The folder that could be made a storage.
        offer: Option<PathBuf>,
        /// The storages and their base paths.
        bases: Vec<(String, PathBuf)>,
        /// Storages that did not answer.
        skipped: Vec<String>,
    },
    /// On several storages that are mounted at one place.
    #[error("`{}` is on several storages with one place on {HERE}: {}", .path.display(), places_words(.places))]
    Ambiguous {
        /// Where it really is.
        path: PathBuf,
        /// Its storage path on each of them, in the order of the configuration.
        places: Vec<StoragePath>,
    },
    /// Resolving would refuse it.
    #[error("{} is refused: {refusal}", refused_words(component, &.path.display()))]
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
    #[error("`{}` does not exist{}", .path.display(), missing_words(.path, .missing))]
    NotFound {
        /// The path.
        path: PathBuf,
        /// The first part of it that is not there.
        missing: PathBuf,
        /// What may be meant: the path with a name that is there or, where even that leads to nothing, as far as it leads.
        meant: Option<PathBuf>,
    },
    /// Links that lead to one another.
    #[error("`{}` is a link that leads nowhere: more than 40 links follow one another", .link.display())]
    LinkLoop {
        /// The first of them.
        link: PathBuf,
    },
    /// A link to something that is not there.
    #[error("`{}` is a link to `{}`, which does not exist", .link.display(), .target.display())]
    DanglingLink {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file where a folder must be.
    #[error("`{}` is a file, not a folder", .path.display())]
    NotAFolder {
        /// The file.
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
        /// What kind of failure it was.
        cause: Cause,
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
            Self::Ambiguous { .. } => "path_ambiguous",
            Self::Refused { .. } | Self::NotUnicode { .. } | Self::NotAbsolute { .. } | Self::LinkLoop { .. } => {
                "path_refused"
            }
            Self::NotFound { .. } | Self::DanglingLink { .. } | Self::NotAFolder { .. } => "path_not_found",
            Self::NotAnswering { .. } => "backend_unavailable",
            Self::Denied { .. } | Self::Io { .. } => "io",
            Self::Helper { .. } => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotInAnyBackend { offer, bases, .. } => {
                match (offer.as_ref().map(|folder| shell_word(&folder.display().to_string())), bases.is_empty()) {
                    (Some(folder), false) => format!(
                        "copy it to one of the storages, or register its folder: `samepath storage add NAME {folder}`"
                    ),
                    (None, false) => "copy it to one of the storages".to_owned(),
                    (Some(folder), true) => format!("name the storage first: `samepath storage add NAME {folder}`"),
                    (None, true) => "name the lab's storage first: `samepath storage add NAME FOLDER`".to_owned(),
                }
            }
            Self::Ambiguous { places, .. } => {
                let named = places.first().map(ToString::to_string).unwrap_or_default();
                format!("say which: `{named}`, for example; or remove all but one with `samepath storage remove NAME`")
            }
            Self::Refused { refusal, .. } => refusal.mend().to_owned(),
            Self::NotUnicode { .. } => "rename it".to_owned(),
            Self::NotAbsolute { .. } => "write the whole path".to_owned(),
            Self::NotFound { path, missing, meant: Some(meant) } if is_part(path, missing, meant) => {
                format!("there is a `{}`, but nothing of that name in it: check the spelling", meant.display())
            }
            Self::NotFound { meant: Some(meant), .. } => format!("write `{}`, if that is meant", meant.display()),
            Self::NotFound { .. } => "check the spelling".to_owned(),
            Self::LinkLoop { .. } | Self::DanglingLink { .. } => Cause::LinkLoop.mend(""),
            Self::NotAFolder { .. } => "check the path".to_owned(),
            Self::Denied { path } => Cause::Denied.mend(&path.display().to_string()),
            Self::NotAnswering { .. } => Cause::Silent.mend(""),
            Self::Io { path, cause, .. } => cause.mend(&path.display().to_string()),
            Self::Helper { .. } => HELPER_MEND.to_owned(),
        })
    }
}

/// Whether what may be meant is only the beginning of the path.
fn is_part(path: &Path, missing: &Path, meant: &Path) -> bool {
    path != missing && meant.parent() == missing.parent()
}

fn missing_words(path: &Path, missing: &Path) -> String {
    if path == missing { String::new() } else { format!(": there is no `{}`", missing.display()) }
}

/// What is refused; where nothing is the matter, the path.
pub(crate) fn refused_words(component: &str, at: &dyn std::fmt::Display) -> String {
    if component.is_empty() { format!("`{at}`") } else { format!("`{component}` in `{at}`") }
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

fn places_words(places: &[StoragePath]) -> String {
    list(&places.iter().map(ToString::to_string).collect::<Vec<_>>())
}
