use crate::cause::Cause;
use crate::component::{Field, Refusal};
use crate::config::near;
use crate::helper::HELPER_MEND;
use crate::locate::refused_words;
use samepath_wire::{BackendState, HERE, Places, StoragePath};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a storage path cannot be resolved here.
///
/// Serialisable, because it crosses the helper process. `component` is a path below the base path, `/`-separated, up to and
/// including the component at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ResolveError {
    /// No storage of this name here.
    #[error("{}", unknown_words(HERE, backend, known))]
    BackendNotFound {
        /// The name asked for.
        backend: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The storage cannot be used now.
    #[error("storage `{backend}` is {} at `{}`{}", .state.words(), .base_path.display(), detail_words(.detail))]
    BackendUnavailable {
        /// Which.
        backend: String,
        /// Where it is mounted here.
        base_path: PathBuf,
        /// How it is.
        state: BackendState,
        /// What the system said.
        detail: Option<String>,
    },
    /// A component that no storage path may have.
    #[error("{} is refused: {refusal}", refused_words(component, at))]
    Refused {
        /// The path asked for.
        at: StoragePath,
        /// In which of its fields.
        field: Field,
        /// The component.
        component: String,
        /// Why.
        refusal: Refusal,
    },
    /// This computer mounts another part of the storage.
    #[error("{}", outside_words(HERE, at, subpath))]
    OutsideSubpath {
        /// The path asked for.
        at: StoragePath,
        /// The part that is mounted here.
        subpath: String,
    },
    /// It is none of the places that may be used.
    #[error("{refusal}")]
    OutOfPlace {
        /// The path asked for.
        at: StoragePath,
        /// For whom, and what may be used.
        refusal: String,
    },
    /// A link leads out of the storage.
    #[error("`{link}` points to `{}`, outside `{backend}`", .target.display())]
    Escapes {
        /// The storage.
        backend: String,
        /// The link, as a path below the base path.
        link: String,
        /// Where it leads.
        target: PathBuf,
        /// The same place on another storage, if it is on one.
        instead: Option<Box<StoragePath>>,
    },
    /// Links that lead to one another, or more than 40 of them.
    #[error("`{link}` on `{backend}` is a link that leads nowhere: more than 40 links follow one another")]
    LinkLoop {
        /// The storage.
        backend: String,
        /// The link, as a path below the base path.
        link: String,
    },
    /// A link to something that is not there.
    #[error("`{link}` on `{backend}` is a link to `{}`, which does not exist", .target.display())]
    DanglingLink {
        /// The storage.
        backend: String,
        /// The link, as a path below the base path.
        link: String,
        /// Where it leads.
        target: PathBuf,
        /// Whether something was to be written there.
        output: bool,
    },
    /// Two names fit equally well.
    #[error("`{component}` on `{backend}` is ambiguous: there are {}", list(.candidates))]
    Ambiguous {
        /// The storage.
        backend: String,
        /// The component, as asked for.
        component: String,
        /// The names that there are, sorted; ten at most.
        candidates: Vec<String>,
    },
    /// Something is not there.
    #[error("{}", missing_words(HERE, backend, component, path))]
    NotFound {
        /// The storage.
        backend: String,
        /// The first component that is missing.
        component: String,
        /// Where it would be.
        path: PathBuf,
        /// What may be meant, where somebody wrote `\` between folders, or spaces around a name.
        plainly: Option<Box<StoragePath>>,
        /// What may be meant: the path with a name that is there, where something is at it.
        nearly: Option<Box<StoragePath>>,
        /// The file or folder of nearly that name, where nothing is at the path with it.
        beside: Option<Box<StoragePath>>,
    },
    /// A file where a folder must be.
    #[error("`{component}` on `{backend}` is a file, not a folder")]
    NotAFolder {
        /// The storage.
        backend: String,
        /// The file.
        component: String,
    },
    /// A folder, or something stranger, where a file must be.
    #[error("`{component}` on `{backend}` is not a file")]
    NotAFile {
        /// The storage.
        backend: String,
        /// What is not a file.
        component: String,
    },
    /// The system refuses this user.
    #[error("{}", denied_words(HERE, backend, component, path))]
    Denied {
        /// The storage.
        backend: String,
        /// The file or folder.
        component: String,
        /// Where it is.
        path: PathBuf,
    },
    /// The system failed otherwise.
    #[error("cannot look at `{component}` on `{backend}`: {detail}")]
    Io {
        /// The storage.
        backend: String,
        /// The file or folder.
        component: String,
        /// What kind of failure it was.
        cause: Cause,
        /// What the system said.
        detail: String,
    },
    /// The helper process failed; nothing is known about the path.
    #[error("cannot look at storage `{backend}`: {detail}")]
    Helper {
        /// The storage.
        backend: String,
        /// What went wrong.
        detail: String,
    },
}

impl ResolveError {
    /// The code that programs see; see the command line's documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BackendNotFound { .. } => "backend_not_found",
            Self::BackendUnavailable { .. } => "backend_unavailable",
            Self::Refused { .. } | Self::OutsideSubpath { .. } | Self::OutOfPlace { .. } | Self::LinkLoop { .. } => {
                "path_refused"
            }
            Self::DanglingLink { output: true, .. } => "path_refused",
            Self::Escapes { .. } => "path_escapes",
            Self::Ambiguous { .. } => "path_ambiguous",
            Self::DanglingLink { output: false, .. }
            | Self::NotFound { .. }
            | Self::NotAFolder { .. }
            | Self::NotAFile { .. } => "path_not_found",
            Self::Denied { .. } | Self::Io { .. } => "io",
            Self::Helper { .. } => "internal",
        }
    }

    /// The same as it is told elsewhere: `computer` is what the one that looked is called there. `Display` says "this computer" of it.
    pub fn told_of(&self, computer: &str) -> String {
        match self {
            Self::BackendNotFound { backend, known } => unknown_words(computer, backend, known),
            Self::OutsideSubpath { at, subpath } => outside_words(computer, at, subpath),
            Self::NotFound { backend, component, path, .. } => missing_words(computer, backend, component, path),
            Self::Denied { backend, component, path } => denied_words(computer, backend, component, path),
            _ => self.to_string(),
        }
    }

    /// The storage path to be used in the place of the one that was asked for, where that is known.
    pub fn instead(&self) -> Option<&StoragePath> {
        match self {
            Self::Escapes { instead, .. } => instead.as_deref(),
            Self::NotFound { plainly, nearly, .. } => plainly.as_deref().or(nearly.as_deref()),
            _ => None,
        }
    }

    /// The storage that was meant, where one is called nearly like one that is not there.
    pub fn meant(&self) -> Option<String> {
        let Self::BackendNotFound { backend, known } = self else { return None };
        near(backend, &known.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BackendNotFound { backend, .. } => {
                if let Some(meant) = self.meant() {
                    let why = if meant.eq_ignore_ascii_case(backend) {
                        ": capital letters count"
                    } else {
                        ", if that is meant"
                    };
                    return Some(format!("write `{meant}`{why}"));
                }
                "check the name, or add the storage with `samepath storage add NAME BASE_PATH`".to_owned()
            }
            Self::BackendUnavailable { state: BackendState::Denied, .. } | Self::Denied { .. } => {
                "ask whoever administers the storage for access".to_owned()
            }
            Self::BackendUnavailable { .. } => Cause::Silent.mend(""),
            Self::Refused { refusal, .. } => refusal.mend().to_owned(),
            Self::OutsideSubpath { .. } => {
                "use a computer that mounts the whole storage, or correct `subpath` in the configuration".to_owned()
            }
            Self::OutOfPlace { .. } => Places::mend().to_owned(),
            Self::Escapes { instead: Some(instead), .. } => format!("use `{instead}`"),
            Self::Escapes { .. } => {
                "use a path that stays on the storage, or add the other place as a storage".to_owned()
            }
            Self::LinkLoop { .. } | Self::DanglingLink { .. } => Cause::LinkLoop.mend(""),
            Self::Ambiguous { .. } => "write the name exactly as it is, or rename one of them".to_owned(),
            Self::NotFound { component, plainly: Some(plainly), .. } if component.contains('\\') => {
                format!("between folders a storage path has `/`, not `\\`: write `{plainly}`")
            }
            Self::NotFound { plainly: Some(plainly), .. } => {
                format!("there are spaces around a name: write `{plainly}`, if they do not belong there")
            }
            Self::NotFound { nearly: Some(nearly), .. } => format!("write `{nearly}`, if that is meant"),
            Self::NotFound { beside: Some(beside), .. } => {
                format!("there is a `{beside}`, but nothing of that name in it: check the spelling")
            }
            Self::NotFound { .. } => "check the spelling, and that the file is on this storage".to_owned(),
            Self::NotAFolder { .. } | Self::NotAFile { .. } => "check the path".to_owned(),
            Self::Io { backend, cause, .. } => cause.mend(backend),
            Self::Helper { .. } => HELPER_MEND.to_owned(),
        })
    }
}

fn unknown_words(computer: &str, backend: &str, known: &[String]) -> String {
    format!("{computer} has no storage `{backend}`{}", known_words(known))
}

fn outside_words(computer: &str, at: &StoragePath, subpath: &str) -> String {
    let storage = &at.storage_backend;
    format!("`{at}` is outside `{storage}:{subpath}`, the only part of the storage that {computer} sees")
}

fn missing_words(computer: &str, backend: &str, component: &str, path: &Path) -> String {
    format!("`{component}` does not exist on `{backend}` (`{}` on {computer})", path.display())
}

fn denied_words(computer: &str, backend: &str, component: &str, path: &Path) -> String {
    format!("no permission to enter or read `{component}` on `{backend}` (`{}` on {computer})", path.display())
}

fn known_words(known: &[String]) -> String {
    if known.is_empty() { "; none is configured".to_owned() } else { format!("; it has {}", list(known)) }
}

fn detail_words(detail: &Option<String>) -> String {
    detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default()
}

pub(crate) fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
