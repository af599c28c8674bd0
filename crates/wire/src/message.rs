use crate::{AttemptEnd, Failure, Job, JobId, Progress, StoragePath};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Subject `submit.<member>`; answered with a [`JobRecord`](crate::JobRecord) or [`Refused`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submit {
    /// The job. One of an id already known is answered with that record.
    pub job: Job,
}

/// Subjects `stop.<member>`, `kill.<member>`, `retry.<member>`; answered with the record or [`Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest {
    /// Which job.
    pub job: JobId,
}

/// Subject `clear.<member>`: forget what the asker's jobs that ended long ago were, with their logs. Answered with [`Cleared`]. What
/// they wrote on a storage is nobody's to touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clear {
    /// How long ago a job must have ended at least, in seconds by the matchmaker's clock.
    pub older_than: u64,
}

/// The answer to [`Clear`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// How many jobs are there no longer. Asked again, none.
    pub jobs: u64,
}

/// Subject `drain.<worker>`, asked by whoever looks after the lab: take no new job, or take jobs again. Answered with [`Drained`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// Whether it is to take none.
    pub drain: bool,
}

/// The answer to [`Drain`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Whether it takes none from now on.
    pub draining: bool,
    /// How many attempts it still looks after.
    pub left: u64,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// For programs: `job_not_found`, `invalid_parameter`, …
    pub code: String,
    /// For people.
    pub message: String,
}

/// One attempt of one job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptRef {
    /// The job.
    pub job: JobId,
    /// Counts from 1.
    pub attempt: u32,
}

/// Subject `claim.<worker>`: "give me work". Held open while nothing fits, and answered empty now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Attempts whose guards this worker has. One that the matchmaker believes to be here and that is missing is lost.
    pub holds: Vec<AttemptRef>,
    /// Whether it wants work, or only tells what it holds.
    pub wants: bool,
}

/// The answer to a [`Claim`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// Work; to be confirmed before it is begun.
    #[serde(default)]
    pub assignment: Option<Assignment>,
    /// Of the attempts held, those that are superseded or unknown: end them and forget them.
    #[serde(default)]
    pub forget: Vec<AttemptRef>,
    /// Of the attempts held, those whose job's record cannot be read: let them run, and go on holding them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<AttemptRef>,
}

/// Work for a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// What to run.
    pub job: Job,
    /// Which attempt it is.
    pub attempt: u32,
    /// Epoch of the matchmaker; confirm and reports carry it.
    pub epoch: u64,
    /// Write to `OUTPUT/attempt-N`.
    #[serde(default)]
    pub own_output: bool,
}

/// Subject `confirm.<worker>`. Only an answer of [`ConfirmAnswer::Go`] starts anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// Which attempt.
    #[serde(flatten)]
    pub attempt: AttemptRef,
    /// As assigned.
    pub epoch: u64,
}

/// The answer to a [`Confirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmAnswer {
    /// It is yours: start.
    Go,
    /// It was given back, cancelled, or given to somebody else: forget it.
    Withdrawn,
}

/// Subject `report.<worker>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which attempt.
    #[serde(flatten)]
    pub attempt: AttemptRef,
    /// What happened.
    pub event: ReportEvent,
    /// With an end: the number of lines that the attempt's log has by now. The end is recorded only where they are all there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_end: Option<u64>,
    /// With an end: where the attempt's whole log was put as text, if it is a long one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<StoragePath>,
}

/// What happened to an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ReportEvent {
    /// The guard looks at inputs and outputs.
    Checking,
    /// The tool was started.
    Running,
    /// It said how far it is; at most once a second.
    Progress {
        /// How far.
        progress: Progress,
    },
    /// Over. Repeated until it is answered.
    Ended {
        /// How.
        end: AttemptEnd,
        /// Whether processes of it did not end with it: they hang on a storage that does not answer, and may still write.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        survivors: bool,
    },
}

/// The answer to a [`Report`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportAnswer {
    /// Recorded.
    Accepted,
    /// A newer attempt counts: end this one and forget it.
    Superseded,
    /// Not recorded: the job's record cannot be read, because a newer version wrote it or because it is damaged. The attempt
    /// goes on; its end is to be kept, and reported again later.
    Unreadable,
    /// Not recorded: lines of the log are missing, lost with whoever held them. To be sent again, and then the end.
    LogMissing,
}

/// Subject `check.<worker>`: "do you see these?"
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPaths {
    /// At most 10,000.
    pub paths: Vec<StoragePath>,
    /// Of one of them more is asked: to prove that it is the file that the asker reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofAsked>,
}

/// A file to be proved by the keyed hash of its size, head and tail; see `samepath-storage`, which knows how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofAsked {
    /// Which of the paths, from 0.
    pub path: usize,
    /// Made for this question alone, so that no answer can have been made before: 64 hexadecimal digits.
    pub key: String,
}

/// The answer to [`CheckPaths`], in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// One for each path asked.
    pub paths: Vec<PathSeen>,
}

/// Whether a worker sees a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum PathSeen {
    /// It is there.
    Yes(Seen),
    /// It is not, or may not be used.
    No {
        /// Why.
        failure: Failure,
        /// The same for programs: `path_not_found`, `io`, `backend_unavailable`, …
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
}

/// What a worker sees of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where, on that worker.
    pub local: String,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Modification time.
    #[serde(default)]
    pub modified: Option<Timestamp>,
    /// The proof, where one was asked for and can be given: not of an empty file, nor of one that changes while it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}
