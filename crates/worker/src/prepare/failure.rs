//! From what went wrong to what the job's record says of it.

use samepath_storage::{Refusal, ResolveError};
use samepath_wire::{BackendState, Cause, Failure, StoragePath};
use std::io;

/// A failure with a cause and a message, and nothing from a process.
pub(crate) fn failure(cause: Cause, message: impl Into<String>) -> Failure {
    Failure { cause, message: message.into(), exit_code: None, last_line: None }
}

/// A fault of this computer or of ours.
pub(super) fn internal(what: &str, error: &dyn std::fmt::Display) -> Failure {
    failure(Cause::Internal, format!("{what}: {error}"))
}

/// A path that cannot be resolved on this `worker`: whoever reads that is elsewhere.
pub(super) fn unresolved(worker: &str, parameter: &str, at: &StoragePath, error: &ResolveError) -> Failure {
    let cause = match error {
        ResolveError::BackendNotFound { .. } | ResolveError::BackendUnavailable { .. } => Cause::BackendNotAvailable,
        // It is the same on every worker.
        ResolveError::OutOfPlace { .. } | ResolveError::Refused { refusal: Refusal::Kept, .. } => {
            Cause::InvalidParameter
        }
        _ => Cause::PathError,
    };
    let hint = match error {
        // What the submitter has to know stands in the message; how to configure this worker does not help them.
        ResolveError::BackendNotFound { .. } | ResolveError::BackendUnavailable { .. } => None,
        error => error.hint(),
    };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    failure(cause, format!("{parameter} ({at}): {}{hint}", error.told_of(worker)))
}

/// An output folder that cannot be made or written on this `worker`.
pub(super) fn unusable(worker: &str, parameter: &str, at: &StoragePath, doing: &str, error: &io::Error) -> Failure {
    let (cause, what) = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => (
            Cause::BackendNotAvailable,
            format!("{worker}'s {} is {}", at.storage_backend, BackendState::ReadOnly.words()),
        ),
        io::ErrorKind::PermissionDenied => {
            (Cause::OutputNotUsable, format!("the user that {worker} runs as may not write there"))
        }
        io::ErrorKind::StorageFull => (Cause::OutputNotUsable, "the storage is full".to_owned()),
        io::ErrorKind::QuotaExceeded => {
            (Cause::OutputNotUsable, "the quota there is used up, whatever room the storage has".to_owned())
        }
        _ => (Cause::OutputNotUsable, error.to_string()),
    };
    failure(cause, format!("{parameter} ({at}): cannot {doing}: {what}"))
}
