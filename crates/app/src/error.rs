use crate::view::ErrorView;
use samepath_dataset::InspectError;
use samepath_fleet::FleetError;
use samepath_fleet::lab::LabError;
use samepath_storage::{ConfigError, CopyError, Foreign, LocateError, MarkError, ResolveError};
use samepath_worker::WorkerError;
use serde::{Deserialize, Serialize};
use specta::Type;

/// What went wrong, from a documented closed set. Programs react to it; people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A fault of ours.
    Internal,
    /// The command line was not understood.
    Usage,
    /// A value was refused.
    InvalidParameter,
    /// The configuration file cannot be read or used.
    ConfigInvalid,
    /// The configuration file was changed elsewhere meanwhile.
    ConfigChanged,
    /// Something of this name is there already.
    AlreadyExists,
    /// A path that may not be used, whatever is there.
    PathRefused,
    /// A link leads out of the storage.
    PathEscapes,
    /// Several files fit.
    PathAmbiguous,
    /// Nothing is there.
    PathNotFound,
    /// The path is on no storage.
    NotInAnyBackend,
    /// No such job type.
    KindNotFound,
    /// No such job.
    JobNotFound,
    /// No such storage.
    BackendNotFound,
    /// The storage cannot be used now.
    BackendUnavailable,
    /// No worker of that name.
    NoWorker,
    /// The workers' queue cannot be reached.
    FleetUnreachable,
    /// The job failed.
    JobFailed,
    /// The job was cancelled.
    JobCancelled,
    /// The person stopped waiting.
    Interrupted,
    /// Reading or writing failed.
    Io,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 21] = [
        Self::Internal,
        Self::Usage,
        Self::InvalidParameter,
        Self::ConfigInvalid,
        Self::ConfigChanged,
        Self::AlreadyExists,
        Self::PathRefused,
        Self::PathEscapes,
        Self::PathAmbiguous,
        Self::PathNotFound,
        Self::NotInAnyBackend,
        Self::KindNotFound,
        Self::JobNotFound,
        Self::BackendNotFound,
        Self::BackendUnavailable,
        Self::NoWorker,
        Self::FleetUnreachable,
        Self::JobFailed,
        Self::JobCancelled,
        Self::Interrupted,
        Self::Io,
    ];

    /// As it is written: `backend_not_found`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::InvalidParameter => "invalid_parameter",
            Self::ConfigInvalid => "config_invalid",
            Self::ConfigChanged => "config_changed",
            Self::AlreadyExists => "already_exists",
            Self::PathRefused => "path_refused",
            Self::PathEscapes => "path_escapes",
            Self::PathAmbiguous => "path_ambiguous",
            Self::PathNotFound => "path_not_found",
            Self::NotInAnyBackend => "not_in_any_backend",
            Self::KindNotFound => "kind_not_found",
            Self::JobNotFound => "job_not_found",
            Self::BackendNotFound => "backend_not_found",
            Self::BackendUnavailable => "backend_unavailable",
            Self::NoWorker => "no_worker",
            Self::FleetUnreachable => "fleet_unreachable",
            Self::JobFailed => "job_failed",
            Self::JobCancelled => "job_cancelled",
            Self::Interrupted => "interrupted",
            Self::Io => "io",
        }
    }

    /// The code written so; one that nobody documented is `internal`.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.as_str() == text).unwrap_or(Self::Internal)
    }

    /// The command line's exit status.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage | Self::InvalidParameter => 2,
            Self::ConfigInvalid | Self::ConfigChanged | Self::AlreadyExists => 3,
            Self::PathRefused | Self::PathEscapes | Self::PathAmbiguous => 4,
            Self::PathNotFound | Self::NotInAnyBackend | Self::KindNotFound | Self::JobNotFound => 5,
            Self::BackendNotFound | Self::BackendUnavailable => 6,
            Self::NoWorker | Self::FleetUnreachable => 7,
            Self::JobFailed | Self::JobCancelled => 8,
            Self::Io => 9,
            // As a shell says it of what Ctrl-C ended.
            Self::Interrupted => 130,
        }
    }
}

/// What happened, to what, and what to do: the one error of window and command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// From the closed set.
    pub code: ErrorCode,
    /// What happened, to what.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// What was meant, where that is known: a storage path, or a path of this computer, to be used in the place of what was given.
    pub instead: Option<String>,
}

impl Error {
    /// An error with nothing to advise.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, instead: None }
    }

    /// Whoever held the queue is gone, and nobody holds it again.
    pub fn queue_gone() -> Self {
        Self::new(ErrorCode::FleetUnreachable, "The queue went away.")
    }

    /// The same, of a job that somebody waits for.
    pub fn queue_gone_from_job() -> Self {
        let gone = Self::queue_gone();
        Self { message: format!("{} The job goes on.", gone.message), ..gone }
    }

    /// The same error where it is known what may have been meant.
    pub fn meaning(self, instead: impl Into<String>) -> Self {
        Self { instead: Some(instead.into()), ..self }
    }

    /// The same error with advice.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As the page has it.
    pub fn view(&self) -> ErrorView {
        ErrorView { code: self.code.as_str().to_owned(), message: self.message.clone(), hint: self.hint.clone() }
    }

    /// The advice replaced, for some codes.
    pub fn or_rather(self, codes: &[ErrorCode], hint: impl FnOnce() -> String) -> Self {
        if codes.contains(&self.code) { self.with_hint(hint()) } else { self }
    }
}

/// Errors of the crates below, each of which knows its code and its hint.
macro_rules! told {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let instead = None;
                Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint(), instead }
            }
        })*
    };
}

told!(ConfigError, CopyError, FleetError, InspectError, LabError, LocateError, MarkError, WorkerError);

/// Errors that may know which storage path was meant.
macro_rules! told_with_what_was_meant {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let instead = error.instead().map(ToString::to_string);
                Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint(), instead }
            }
        })*
    };
}

told_with_what_was_meant!(Foreign, ResolveError);
