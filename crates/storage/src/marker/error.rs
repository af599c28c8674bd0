use crate::cause::Cause;
use crate::{Backend, ResolveError};
use samepath_wire::{BackendState, HERE};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;

/// What is where a storage's mark should be, and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// A link: it could lead to another storage's.
    #[error("it is a link")]
    Link,
    /// A file for the folder, or a folder, pipe or device for the file.
    #[error("it is no regular file in a folder")]
    Other,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Too long, no JSON, or without a UUID.
    #[error("it holds no id")]
    Foreign,
    /// The system refuses.
    #[error("it cannot be read: {detail}")]
    Unreadable {
        /// What it said.
        detail: String,
    },
}

impl Damage {
    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable { detail: error.to_string() }
    }
}

/// Why a storage was not marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkError {
    /// This computer mounts a part of the storage.
    #[error("{HERE} sees only `{backend}:{subpath}`, and a storage is marked at its root")]
    Part {
        /// The storage.
        backend: String,
        /// The part.
        subpath: String,
    },
    /// It cannot be used, or asked, now.
    #[error(transparent)]
    Storage(ResolveError),
    /// The system refuses this user.
    #[error("no permission to write to `{}`, the root of `{backend}`", .base_path.display())]
    Denied {
        /// The storage.
        backend: String,
        /// Where it is mounted here.
        base_path: PathBuf,
    },
    /// No space, or no more of this user's.
    #[error("`{backend}` has no room for its mark: {}", cause.words())]
    Full {
        /// The storage.
        backend: String,
        /// Of what kind.
        cause: Cause,
    },
    /// Something is there that is no mark. It is left alone.
    #[error("`{}` is in the way of the mark of `{backend}`: {damage}", .file.display())]
    Damaged {
        /// The storage.
        backend: String,
        /// What is in the way.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The system failed otherwise.
    #[error("cannot mark `{backend}`: {detail}")]
    Io {
        /// The storage.
        backend: String,
        /// What kind of failure it was.
        cause: Cause,
        /// What the system said.
        detail: String,
    },
}

impl MarkError {
    pub(super) fn of(backend: &Backend, error: &io::Error) -> Self {
        let (name, cause) = (backend.name.clone(), Cause::of_writing(error));
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { backend: name, base_path: backend.base_path.clone() },
            _ if cause.is_room() => Self::Full { backend: name, cause },
            io::ErrorKind::ReadOnlyFilesystem => Self::Storage(ResolveError::BackendUnavailable {
                backend: name,
                base_path: backend.base_path.clone(),
                state: BackendState::ReadOnly,
                detail: None,
            }),
            _ => Self::Io { backend: name, cause, detail: error.to_string() },
        }
    }

    /// The code that programs see; see the command line's documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Part { .. } => "path_refused",
            Self::Storage(error) => error.code(),
            Self::Damaged { damage: Damage::Unreadable { .. }, .. }
            | Self::Denied { .. }
            | Self::Full { .. }
            | Self::Io { .. } => "io",
            Self::Damaged { .. } => "already_exists",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Part { backend, .. } => {
                format!("run `samepath storage mark {backend}` on a computer that mounts the whole storage")
            }
            Self::Storage(ResolveError::BackendUnavailable { backend, state: BackendState::ReadOnly, .. }) => {
                format!("run `samepath storage mark {backend}` on a computer that may write to it")
            }
            Self::Storage(error) => return error.hint(),
            Self::Denied { backend, .. } => {
                format!("ask whoever administers the storage to run `samepath storage mark {backend}`")
            }
            Self::Full { backend, cause } => cause.mend(backend),
            Self::Damaged { .. } => {
                "look at what it is; if nobody needs it, remove it, then mark the storage again".to_owned()
            }
            Self::Io { backend, cause, .. } => cause.mend(backend),
        })
    }
}
