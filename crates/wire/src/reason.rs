use crate::{BackendState, GpuUse};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether one worker can serve one job. The same answer, in the same words, in window and command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fit", rename_all = "snake_case")]
pub enum Fit {
    /// It can begin at once.
    Now,
    /// It can, but is busy.
    Busy {
        /// Jobs that come first, the running one included.
        before: u32,
    },
    /// It cannot.
    No {
        /// At least one.
        reasons: Vec<Reason>,
    },
}

/// Why a worker does not match a job. `Display` is what follows the worker's name: "gpu-3: *its vast is read-only*".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Not of the fleet now.
    Offline,
    /// The job asks for another worker.
    Pinned {
        /// The one asked for.
        worker: String,
    },
    /// Does not have the kind.
    NoKind {
        /// Which.
        kind: String,
    },
    /// Has the kind, but cannot run it.
    KindUnavailable {
        /// Which.
        kind: String,
        /// Why, in the worker's words.
        why: String,
    },
    /// Has another version of the kind.
    KindDiffers {
        /// Which.
        kind: String,
    },
    /// Takes no new job.
    Draining,
    /// Does not keep a job to the places of its member.
    NotConfining,
    /// Does not mount a storage.
    NoBackend {
        /// Which.
        backend: String,
    },
    /// Mounts it, but it cannot be used now.
    BackendState {
        /// Which.
        backend: String,
        /// How it is.
        state: BackendState,
    },
    /// Carries another mark under the same name.
    OtherStorage {
        /// Which.
        backend: String,
    },
    /// Has not what the kind needs.
    Requirement {
        /// In words: "needs 1 GPU".
        what: String,
    },
    /// The kind wants a GPU, and somebody uses every GPU that it has.
    GpuTaken {
        /// Of the first one.
        by: GpuUse,
    },
    /// As many jobs of whoever submitted it run as the lab allows.
    EnoughRun {
        /// Who.
        member: String,
        /// How many run.
        running: u32,
    },
    /// Tried, and found that it cannot.
    Excluded {
        /// What it found.
        why: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => write!(f, "offline"),
            Self::Pinned { worker } => write!(f, "not asked: the job is for {worker}"),
            Self::NoKind { kind } => write!(f, "cannot run {kind}"),
            Self::KindUnavailable { kind, why } => write!(f, "cannot run {kind}: {why}"),
            Self::KindDiffers { kind } => write!(f, "has another version of {kind}"),
            Self::Draining => write!(f, "takes no new jobs"),
            Self::NotConfining => write!(f, "too old to keep jobs to their member's folders; it must be updated"),
            Self::NoBackend { backend } => write!(f, "has no {backend}"),
            Self::BackendState { backend, state: BackendState::Denied } => write!(f, "may not read its {backend}"),
            Self::BackendState { backend, state: BackendState::NotAnswering } => {
                write!(f, "its {backend} does not answer")
            }
            Self::BackendState { backend, state: BackendState::Unknown } => {
                write!(f, "is still looking at its {backend}")
            }
            Self::BackendState { backend, state } => {
                write!(f, "its {backend} is {}", state.words())
            }
            Self::OtherStorage { backend } => write!(f, "its {backend} is a different storage"),
            Self::Requirement { what } => write!(f, "{what}"),
            Self::GpuTaken { by } => write!(f, "its GPU is in use by {by}"),
            Self::EnoughRun { member, running } => {
                let jobs = if *running == 1 { "1 job".to_owned() } else { format!("{running} jobs") };
                write!(f, "{member} runs {jobs} already, as many as the lab allows")
            }
            Self::Excluded { why } => write!(f, "tried it: {why}"),
        }
    }
}
