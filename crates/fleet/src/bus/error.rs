use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What went wrong on the bus. Crosses the local socket, hence plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum BusError {
    /// The record is not in the state that was expected.
    #[error("the record {key} was changed by somebody else")]
    Conflict {
        /// Which record.
        key: String,
        /// Its revision now; none if there is no such record.
        current: Option<u64>,
    },
    /// More bytes than the bus takes in one piece.
    #[error("{name} is too large: {size} bytes of at most {limit}")]
    TooLarge {
        /// The key, subject or log.
        name: String,
        /// Bytes given.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// An append that would leave a hole.
    #[error("the log {log} ends at {end}, and an append began at {first}")]
    Gap {
        /// Which log.
        log: String,
        /// Where the append began.
        first: u64,
        /// Where it has to begin.
        end: u64,
    },
    /// A key, prefix, subject or log name that the bus does not take.
    #[error("{name:?} is not a name that the bus takes")]
    BadName {
        /// As given, cut short.
        name: String,
    },
    /// Nobody serves the subject.
    #[error("nobody answers {subject}")]
    NoResponder {
        /// Which subject.
        subject: String,
    },
    /// Whoever had taken the request went without an answer.
    #[error("whoever was answering {subject} has gone")]
    ResponderGone {
        /// Which subject.
        subject: String,
    },
    /// No answer in time.
    #[error("no answer from {name} within {waited_ms} ms")]
    TimedOut {
        /// Subject, or what was asked of the bus.
        name: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// The link is down, or went down before the answer came.
    #[error("the fleet cannot be reached")]
    Unreachable,
    /// More at a time than the bus takes.
    #[error("too much is waiting on {name}")]
    Overloaded {
        /// Subject, or what was asked of the bus.
        name: String,
    },
    /// The history cannot be written: no space left.
    #[error("no space left for the history {}", path.display())]
    DiskFull {
        /// The history's file.
        path: PathBuf,
    },
    /// The history, its folder or its socket cannot be used.
    #[error("cannot use {}: {detail}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The folder is not private to this user.
    #[error("{} is not private: {detail}", path.display())]
    NotPrivate {
        /// Which folder.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The process that holds the history is of another version, or not of ours.
    #[error("the process that holds {} speaks another protocol (version {theirs}, this is {ours})", path.display())]
    Protocol {
        /// The folder.
        path: PathBuf,
        /// Its version.
        theirs: u32,
        /// Our version.
        ours: u32,
    },
    /// This handle was closed.
    #[error("the bus was closed")]
    Closed,
}

impl BusError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable | Self::TimedOut { .. } | Self::ResponderGone { .. } | Self::Overloaded { .. } => {
                Some("try again in a moment".to_owned())
            }
            Self::NoResponder { .. } => Some("start Samepath, or a worker, and try again".to_owned()),
            Self::DiskFull { path } => Some(format!("free some space on the disk of {}", path.display())),
            Self::NotPrivate { path, .. } => {
                Some(format!("it must belong to you and to nobody else: chmod 700 {}", path.display()))
            }
            Self::Protocol { .. } => Some("stop the other version of Samepath and start again".to_owned()),
            Self::Io { .. }
            | Self::Conflict { .. }
            | Self::TooLarge { .. }
            | Self::Gap { .. }
            | Self::BadName { .. }
            | Self::Closed => None,
        }
    }

    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable
            | Self::TimedOut { .. }
            | Self::ResponderGone { .. }
            | Self::NoResponder { .. }
            | Self::Overloaded { .. }
            | Self::Protocol { .. }
            | Self::Closed => "fleet_unreachable",
            Self::DiskFull { .. } | Self::Io { .. } | Self::NotPrivate { .. } => "io",
            Self::TooLarge { .. } | Self::BadName { .. } => "invalid_parameter",
            Self::Conflict { .. } | Self::Gap { .. } => "internal",
        }
    }

    /// Whether the same call may succeed soon with nothing changed by anybody.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::TimedOut { .. }
                | Self::ResponderGone { .. }
                | Self::NoResponder { .. }
                | Self::Overloaded { .. }
        )
    }
}
