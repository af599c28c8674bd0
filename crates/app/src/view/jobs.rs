use super::{Draft, PathView};
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct JobView {
    /// UUID.
    pub id: String,
    /// For people.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// The kind's title.
    pub what: String,
    /// `queued`, `assigned`, `checking`, `running`, `succeeded`, `failed`, `cancelled`.
    pub state: String,
    /// "Waiting", "Starting", "Running", "Stopping", "Done", "Failed", "Cancelled".
    pub words: String,
    /// Asked to stop: `stop` or `kill`.
    pub stopping: Option<String>,
    /// How long its worker leaves it to save its work when it is asked to stop, in seconds; 0: it is ended at once. None where nobody
    /// runs it, or nobody says.
    pub notice_seconds: Option<u32>,
    /// Whether the worker that has it is out of reach: nobody knows how far it is.
    pub lost: bool,
    /// The worker that runs or ran it.
    pub worker: Option<String>,
    /// 0 to 100.
    pub percent: Option<f64>,
    /// What it says of itself; of one that has ended, what it said last: "Stopped at epoch 2 of 7." None of one that failed, whose
    /// `failure` says more.
    pub status: Option<String>,
    /// While it waits, and where that can be told from what was measured: "about 40 min".
    pub starts_in: Option<String>,
    /// The same in a sentence, with the worker.
    pub starts: Option<String>,
    /// While it waits: why, one sentence per worker; those of whom the same is to be said are named together.
    pub waiting_for: Vec<String>,
    /// While it waits: whether no worker can begin it as things are. Else one is about to.
    pub waits: bool,
    /// While it waits: whether nobody who is here can run it, busy or not. Not told while workers may be on their way back.
    pub unserved: bool,
    /// Who submitted it.
    pub submitted_by: String,
    /// The same for people; where several share that login, with who it is: "Anna (amick)".
    pub by: String,
    /// When.
    pub submitted_at: String,
    /// When the tool started.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Workers that proved, when it was submitted, that they read the very same dataset.
    pub confirmed: Vec<String>,
    /// Number of tries.
    pub attempts: u32,
    /// The tries, oldest first.
    pub tries: Vec<TryView>,
    /// What happened, in order: "09:14:02 given to gpu-1".
    pub timeline: Vec<TimelineView>,
    /// Why it failed, in one text.
    pub failure: Option<String>,
    /// Why it failed, in parts.
    pub trouble: Option<TroubleView>,
    /// Where its results are.
    pub results: Option<PathView>,
    /// What it wrote.
    pub outputs: Vec<OutputView>,
    /// Where the whole log of its last try is, if that is a long one.
    pub log_file: Option<PathView>,
    /// What was submitted, for people: parameter and value.
    pub settings: Vec<(String, String)>,
}

/// What was cleared from the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ClearedView {
    /// How many jobs.
    pub cleared: u32,
    /// The same in a sentence.
    pub words: String,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct TroubleView {
    /// From the closed set: `gpu_memory`, `storage_full`, `exit_code`, …
    pub cause: String,
    /// What happened, to what.
    pub message: String,
    /// The line of the log worth quoting, where there is one.
    pub last_line: Option<String>,
}

/// One try at running a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct TryView {
    /// Counts from 1.
    pub number: u32,
    /// The worker that made it, by name.
    pub worker: String,
    /// When the worker was given it.
    pub began_at: String,
    /// When it ended, or was given up.
    pub ended_at: Option<String>,
    /// How: `succeeded`, `failed`, `cancelled`, `unfit` (this worker cannot serve the job), `lost`; none while it goes on.
    pub end: Option<String>,
    /// Why it ended, where it did not end as wished.
    pub why: Option<String>,
    /// Whether that worker was put out of the lab since.
    pub removed: bool,
}

/// A row of a job's chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct MetricsView {
    /// Which run: each has a chart of its own.
    pub run: String,
    /// Counts from 1; 0 is told before the first, without values.
    pub epoch: u32,
    /// The last epoch that there will be, as far as one knows.
    pub of: Option<u32>,
    /// How many runs the job has, where it said so.
    pub runs: Option<u32>,
    /// Frames at a time, where it said so.
    pub batch_size: Option<u32>,
    /// By name: `val/loss`.
    pub values: BTreeMap<String, f64>,
}

/// What can follow a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FollowUpView {
    /// The same once more, with a results folder of its own.
    pub again: Draft,
    /// The same for a terminal.
    pub command: String,
    /// Of its results, the project that SLEAP on this computer can open: its name. None where there is neither.
    pub opens: Option<String>,
    /// On from the newest checkpoint that is there.
    pub resumed: Option<OfferView>,
    /// With half of the frames at a time: on from a checkpoint, where one is there.
    pub smaller: Option<OfferView>,
}

/// A job that can be submitted as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct OfferView {
    /// The epoch that it goes on from; none: from the start, or nobody knows.
    pub epoch: Option<u32>,
    /// Frames at a time, where they are others than before.
    pub batch_size: Option<u32>,
    /// The job.
    pub draft: Draft,
}

/// A line of a job's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct TimelineView {
    /// When.
    pub at: String,
    /// What.
    pub words: String,
}

/// A file that a job wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct OutputView {
    /// Relative to the results folder.
    pub path: String,
    /// Bytes.
    pub size: f64,
    /// When.
    pub modified: String,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct LogView {
    /// Counts from 0.
    pub seq: f64,
    /// When.
    pub at: String,
    /// `out`, `err`, `samepath`.
    pub stream: String,
    /// Plain text.
    pub text: String,
}
