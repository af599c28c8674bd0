use crate::cause::Cause;
use crate::helper::{HELPER_MEND, HelperError};
use crate::resolve::ResolveError;
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Why a file was not copied, and what is left of the attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{failure}{}", left_words(.left.as_deref()))]
pub struct CopyError {
    /// Why.
    pub failure: CopyFailure,
    /// A part of the file that may still be there.
    pub left: Option<Box<StoragePath>>,
}

/// Why a file was not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum CopyFailure {
    /// The place cannot be used.
    #[error(transparent)]
    Storage(Box<ResolveError>),
    /// The file itself cannot be read.
    #[error("cannot read `{}`: {detail}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What kind of failure it was.
        cause: Cause,
        /// What the system said.
        detail: String,
    },
    /// A folder, or something stranger.
    #[error("`{}` is not a file", .path.display())]
    NotAFile {
        /// What is no file.
        path: PathBuf,
    },
    /// Somebody writes to it.
    #[error("`{}` changed while it was copied", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than what is free.
    #[error("`{}` has {free} bytes free, and the file needs {needed}", .folder.storage_backend)]
    NoRoom {
        /// The folder.
        folder: StoragePath,
        /// Bytes of the file.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The storage refused or failed.
    #[error("cannot write to `{folder}`: {detail}")]
    Unwritable {
        /// The folder.
        folder: StoragePath,
        /// What kind of failure it was.
        cause: Cause,
        /// What the system said.
        detail: String,
    },
    /// What was read back is not what was written.
    #[error("the copy of `{}` in `{folder}` is not the same as the file: read again, it has other bytes", .path.display())]
    Different {
        /// The folder.
        folder: StoragePath,
        /// The file.
        path: PathBuf,
    },
    /// Somebody said so.
    #[error("copying was stopped")]
    Stopped,
    /// An earlier copy to this storage hangs.
    #[error("`{backend}` has not answered an earlier copy yet")]
    Hanging {
        /// The storage.
        backend: String,
    },
    /// The helper process failed.
    #[error("copying failed: {detail}")]
    Helper {
        /// What went wrong.
        detail: String,
    },
}

impl CopyError {
    /// The code that programs see; see the command line's documentation.
    pub fn code(&self) -> &'static str {
        match &self.failure {
            CopyFailure::Storage(error) => error.code(),
            CopyFailure::NotAFile { .. } => "invalid_parameter",
            CopyFailure::Hanging { .. } => "backend_unavailable",
            CopyFailure::Helper { .. } => "internal",
            CopyFailure::Unreadable { cause: Cause::Missing, .. } => "path_not_found",
            CopyFailure::Unreadable { .. }
            | CopyFailure::Changed { .. }
            | CopyFailure::NoRoom { .. }
            | CopyFailure::Unwritable { .. }
            | CopyFailure::Different { .. }
            | CopyFailure::Stopped => "io",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.failure {
            CopyFailure::Storage(error) => return error.hint(),
            CopyFailure::Unreadable { path, cause, .. } => cause.mend(&path.display().to_string()),
            CopyFailure::NotAFile { .. } => "choose the files in it".to_owned(),
            CopyFailure::Changed { .. } => "close the program that writes to it, then try again".to_owned(),
            CopyFailure::NoRoom { .. } => Cause::Full.mend(""),
            CopyFailure::Unwritable { folder, cause, .. } => cause.mend(&folder.to_string()),
            CopyFailure::Different { .. } => {
                "try again; if it stays so, tell whoever looks after the storage".to_owned()
            }
            CopyFailure::Stopped => return self.left.as_ref().map(|left| format!("remove `{left}` once it answers")),
            CopyFailure::Hanging { .. } => Cause::Silent.mend(""),
            CopyFailure::Helper { .. } => HELPER_MEND.to_owned(),
        };
        Some(hint)
    }

    /// Whether somebody wanted it to end.
    pub fn is_stopped(&self) -> bool {
        self.failure == CopyFailure::Stopped
    }

    pub(crate) fn of_helper(error: HelperError) -> Self {
        match error {
            HelperError::Refused(value) => serde_json::from_value(value.clone())
                .unwrap_or_else(|_| CopyFailure::Helper { detail: HelperError::Refused(value).told() }.into()),
            error => CopyFailure::Helper { detail: error.told() }.into(),
        }
    }
}

impl From<CopyFailure> for CopyError {
    fn from(failure: CopyFailure) -> Self {
        Self { failure, left: None }
    }
}

impl From<ResolveError> for CopyError {
    fn from(error: ResolveError) -> Self {
        CopyFailure::from(error).into()
    }
}

fn left_words(left: Option<&StoragePath>) -> String {
    left.map(|left| format!("; a part of it may be left in `{left}`")).unwrap_or_default()
}
