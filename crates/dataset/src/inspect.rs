use crate::{DatasetError, Hints, Whereabouts};
use jiff::Timestamp;
use samepath_storage::helper::Helper;
use samepath_storage::{LocateError, Storages};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// What a person sees of a project before a job is made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its storage path, or why it has none.
    pub at: Result<StoragePath, LocateError>,
    /// How many frames carry labels; none where the file does not say.
    pub labelled_frames: Option<u64>,
    /// Whether frames are inside the file itself.
    pub is_package: bool,
    /// In the project's order.
    pub videos: Vec<Whereabouts>,
    /// Bytes of the file.
    pub size: u64,
    /// Modification time, where the system knows it.
    pub modified: Option<Timestamp>,
}

/// Why a project could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The project itself.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What it is on did not answer within the deadline.
    #[error("{} cannot be looked at: its storage is not answering", path.display())]
    NotAnswering {
        /// The project.
        path: std::path::PathBuf,
    },
    /// The helper process failed; nothing is known about the project.
    #[error("{} cannot be looked at: {detail}", path.display())]
    Helper {
        /// The project.
        path: std::path::PathBuf,
        /// What went wrong.
        detail: String,
    },
}

impl InspectError {
    /// For programs; also decides the exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dataset(error) => error.code(),
            Self::NotAnswering { .. } => "backend_unavailable",
            Self::Helper { .. } => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Dataset(error) => error.hint(),
            Self::NotAnswering { .. } => Some("Connect the storage, then try again.".to_owned()),
            Self::Helper { .. } => None,
        }
    }
}

/// Reads a project and finds its videos, through the helper process: answers within about twice `deadline` even when the
/// project, or one of its videos, is on a storage that is dead.
///
/// # Errors
/// See [`InspectError`]. Videos that are not found are no error.
pub fn inspect(
    helper: &Helper,
    storages: &Storages,
    path: &Path,
    hints: &Hints,
    deadline: Duration,
) -> Result<Inspection, InspectError> {
    todo!("{helper:?} {storages:?} {path:?} {hints:?} {deadline:?}")
}

/// Answers this crate's topics of the helper process, `inspect`; `None` for others.
pub fn answer(topic: &str, question: Value) -> Option<Value> {
    todo!("{topic} {question}")
}
