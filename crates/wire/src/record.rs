use crate::{Job, WorkerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything known about a job. Written by the matchmaker alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// As submitted, with the identity that the bus vouched for.
    pub job: Job,
    /// Order of arrival; the queue is sorted by it, never by a clock.
    pub order: u64,
    /// Where it stands.
    pub state: JobState,
    /// Epoch of the matchmaker that wrote this.
    pub epoch: u64,
    /// Oldest first. Numbers count from 1.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// How many of the attempts were made before the newest retry: losses among them no longer count.
    #[serde(default)]
    pub retried_after: u32,
    /// Every change of state, oldest first.
    #[serde(default)]
    pub history: Vec<StateChange>,
    /// Workers that found that they cannot serve it.
    #[serde(default)]
    pub excluded: Vec<Exclusion>,
    /// Asked to stop.
    #[serde(default)]
    pub stop: Option<StopRequest>,
    /// Of the newest attempt.
    #[serde(default)]
    pub progress: Progress,
    /// What it wrote, once it succeeded.
    #[serde(default)]
    pub outputs: Option<Manifest>,
    /// Why it failed, once it failed.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// `queued → assigned → checking → running → succeeded | failed | cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for a worker.
    Queued,
    /// Given to a worker that has not confirmed yet, or has not begun.
    Assigned,
    /// The worker looks at inputs and outputs.
    Checking,
    /// The tool runs.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen without a retry.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// The new state.
    pub state: JobState,
    /// By the matchmaker's clock.
    pub at: Timestamp,
    /// One sentence for people; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// One try at running a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// Who runs it.
    pub worker: WorkerId,
    /// That worker's name, for people.
    pub worker_name: String,
    /// How far it is.
    pub state: AttemptState,
    /// When it was given to the worker.
    pub assigned_at: Timestamp,
    /// When the worker confirmed it.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// When it ended or was given up.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(default)]
    pub end: Option<AttemptEnd>,
    /// Whether processes of it did not end when it did: they may still write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub survivors: bool,
    /// Where its whole log was put as text, if it is a long one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<crate::StoragePath>,
    /// Whether its own worker said so. If not it was given up for want of news, and goes on if the worker comes back before
    /// anybody else was given the job.
    #[serde(default)]
    pub told: bool,
    /// Whether it writes to `OUTPUT/attempt-N`, because an earlier attempt may still be writing.
    #[serde(default)]
    pub own_output: bool,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Not confirmed yet.
    Assigned,
    /// Confirmed.
    Confirmed,
    /// Looking at inputs and outputs.
    Checking,
    /// The tool runs.
    Running,
    /// Over.
    Ended,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum AttemptEnd {
    /// The tool ended with 0.
    Succeeded {
        /// What it wrote.
        outputs: Manifest,
    },
    /// The tool, or getting it started, went wrong.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Stopped or killed as asked.
    Cancelled {
        /// What it had written.
        outputs: Manifest,
    },
    /// `PATH_ERROR` or `BACKEND_NOT_AVAILABLE`: this worker cannot serve the job; another may.
    Unfit {
        /// Why.
        failure: Failure,
    },
    /// Ended otherwise than by finishing. The job is queued again.
    Lost {
        /// One sentence for people.
        reason: String,
        /// Whether it is certain that nothing of it runs any more.
        proved: bool,
    },
}

/// Why an attempt failed: a cause from a closed set, and what to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// From the closed set.
    pub cause: Cause,
    /// One or two sentences for people: what happened, to what.
    pub message: String,
    /// The process's exit code, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The line of the log worth quoting, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_line: Option<String>,
}

/// Causes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A path of the job cannot be resolved here.
    PathError,
    /// A storage of the job is not usable here.
    BackendNotAvailable,
    /// An input is not what was submitted.
    InputChanged,
    /// The output folder cannot be made, written, or is in use by a live job.
    OutputNotUsable,
    /// A value was refused.
    InvalidParameter,
    /// The kind's program is not there.
    ProgramMissing,
    /// The GPU's memory did not suffice.
    GpuMemory,
    /// The computer's memory did not suffice.
    Memory,
    /// No space was left on a storage, or the quota was used up, while the job ran.
    StorageFull,
    /// A storage went away while the job ran.
    StorageGone,
    /// The program ended with another code than 0, or by a signal.
    ExitCode,
    /// Said so itself (`openjd_fail`).
    Reported,
    /// Lost too often.
    Lost,
    /// No worker can serve it.
    NoWorker,
    /// A fault of ours.
    Internal,
    /// A cause that this version does not know.
    #[serde(other)]
    Other,
}

/// A worker that cannot serve a job, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Who.
    pub worker: WorkerId,
    /// That worker's name.
    pub worker_name: String,
    /// Why.
    pub failure: Failure,
}

/// Somebody asked a job to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// How.
    pub mode: StopMode,
    /// Who, as the bus vouches.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl StopRequest {
    /// "killed by tom": what ended the job, for its record.
    pub fn words(&self) -> String {
        let how = match self.mode {
            StopMode::Stop => "stopped",
            StopMode::Kill => "killed",
        };
        format!("{how} by {}", self.by)
    }
}

/// The two ways to end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// Interrupt, leave the kind's notice period for saving, then kill.
    Stop,
    /// Kill at once.
    Kill,
}

/// How far a running job is, as it said itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100; none while it said nothing.
    #[serde(default)]
    pub percent: Option<f64>,
    /// Its last `openjd_status`, or what the guard is doing.
    #[serde(default)]
    pub status: Option<String>,
    /// When `percent` was first this, by the matchmaker's clock, whatever a worker says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What an attempt wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The folder that the entries are relative to, one per output parameter.
    pub folders: Vec<crate::StoragePath>,
    /// Files, in order of path; at most 1,000.
    pub files: Vec<ManifestEntry>,
    /// Whether there were more.
    #[serde(default)]
    pub truncated: bool,
    /// How many more, as far as they were counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
    /// The attempt that wrote them.
    pub attempt: u32,
    /// What is to be known of them, a sentence each: an input that was changed while the job ran. At most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// One file that an attempt wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Which of the manifest's folders, from 0.
    #[serde(default)]
    pub folder: usize,
    /// Relative to it, separated by `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Modification time.
    pub modified: Timestamp,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
