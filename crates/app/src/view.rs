//! What people see: the shapes that the page draws and `--json` prints.
//!
//! Words are made here, once, so that window and command line say the same sentence. Times are RFC 3339 text; byte counts are
//! floating point, because the page's numbers are.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use specta::Type;
use std::collections::BTreeMap;

/// A storage of this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct StorageView {
    /// Its name in the lab.
    pub name: String,
    /// On this computer at.
    pub base_path: Option<String>,
    /// Hint from the configuration: `nfs`, `smb`, …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// In words, from the configuration.
    pub description: Option<String>,
    /// Your folder; may be empty.
    pub user_subdir: String,
    /// Part of the storage that this mount shows; may be empty.
    pub subpath: String,
    /// Where it is written: "config.toml, line 3".
    pub source: String,
    /// Why it cannot be used as configured.
    pub error: Option<ErrorView>,
    /// What is allowed and yet seldom meant, in sentences.
    pub warnings: Vec<String>,
    /// The mark by which it is known from others of its name, as far as known; also from earlier runs of the program.
    pub mark: Option<String>,
    /// Where it is now, if no longer there. Nothing follows it by itself.
    pub moved: Option<MovedView>,
    /// How it was when last looked at.
    pub health: Option<HealthView>,
}

/// A storage that is no longer where it was: the same share, or the same mark, at another place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct MovedView {
    /// On this computer at, now.
    pub to: String,
    /// "vast moved: it was at /Volumes/talmo, now it is at /Volumes/talmo-1."
    pub sentence: String,
}

/// How a storage was when last looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct HealthView {
    /// `ready`, `read_only`, `missing`, `not_mounted`, `denied`, `full`, `not_answering`, `unknown`.
    pub state: String,
    /// The same for people: "not answering".
    pub words: String,
    /// A sentence that says what is wrong and what to do, where something is.
    pub detail: Option<String>,
    /// `nfs4`, `ext4`, …
    pub file_system: Option<String>,
    /// `vast01:/talmo`.
    pub source: Option<String>,
    /// Bytes.
    pub free_bytes: Option<f64>,
    /// Bytes.
    pub total_bytes: Option<f64>,
    /// How long the probe took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The storage's mark.
    pub id: Option<String>,
    /// What is wrong with that mark, where something is.
    pub warning: Option<String>,
    /// When.
    pub checked_at: String,
}

impl HealthView {
    /// Whether files can be read from it.
    pub fn is_readable(&self) -> bool {
        ["ready", "read_only", "full"].contains(&self.state.as_str())
    }
}

/// What happened, to what, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ErrorView {
    /// From the documented set.
    pub code: String,
    /// What happened, to what.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// A storage path as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct PathView {
    /// Name of the storage.
    pub storage_backend: String,
    /// The folder directly under the storage; may be empty.
    pub user_subdir: String,
    /// The rest.
    pub path: String,
    /// `vast:amick/project/labels.slp`.
    pub text: String,
}

/// A dataset that a person chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct DatasetView {
    /// Here.
    pub local: String,
    /// Last component.
    pub file_name: String,
    /// Its storage path; none where it is on no storage.
    pub place: Option<PathView>,
    /// Why it is on no storage.
    pub place_error: Option<ErrorView>,
    /// Whether it lies in another person's folder.
    pub someone_elses: bool,
    /// Labelled frames, where the file says.
    pub labelled_frames: Option<f64>,
    /// Whether it is a SLEAP project; else it is a file or folder like any other.
    pub is_project: bool,
    /// Whether the frames are embedded, so that the videos are not needed.
    pub is_package: bool,
    /// Videos, in the project's order.
    pub videos: Vec<VideoView>,
    /// "12 videos: 12 on vast".
    pub summary: String,
}

/// One video of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct VideoView {
    /// As the project has it.
    pub written: String,
    /// Where it is on a storage.
    pub place: Option<PathView>,
    /// Where it is here.
    pub local: Option<String>,
    /// Whether it is there.
    pub found: bool,
    /// `as_written`, `base_path`, `beside_project`, `embedded`, `ambiguous`, `not_found`, …
    pub how: String,
    /// In words.
    pub words: String,
}

/// A job type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct KindView {
    /// `slp-check`.
    pub name: String,
    /// "Check a SLEAP project".
    pub title: String,
    /// What it does.
    pub description: String,
    /// Rows of the form, in order.
    pub parameters: Vec<ParameterView>,
    /// Of the parameter definitions.
    pub digest: String,
}

/// A row of a kind's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ParameterView {
    /// `LABELS`.
    pub name: String,
    /// `STRING`, `INT`, `FLOAT`, `PATH`, `LIST[PATH]`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Used where nothing is given.
    pub default: Option<Value>,
    /// `dataset`: what the person picked; `results`: made by the program; `setting`: a row of the form.
    pub role: String,
    /// Whether a value is needed.
    pub required: bool,
    /// The choices, where the definition lists them.
    pub allowed: Vec<Value>,
    /// Least value, where there is one.
    pub minimum: Option<f64>,
    /// Greatest value, where there is one.
    pub maximum: Option<f64>,
    /// How it is asked for, in the words of Open Job Description: `SPIN_BOX`, `CHOOSE_INPUT_FILE_LIST`, `HIDDEN`, …
    pub control: String,
    /// The section that it belongs to, where it names one.
    pub group: Option<String>,
    /// Digits behind the point, where a number has so many.
    pub decimals: Option<u32>,
    /// By how much one step of a number changes it.
    pub step: Option<f64>,
    /// Which files are offered.
    pub filters: Vec<FilterView>,
}

/// A row of a file dialog's list of file types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FilterView {
    /// For people.
    pub name: String,
    /// Without the dot; `*` is every file.
    pub extensions: Vec<String>,
}

/// What a person is about to submit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Draft {
    /// The kind.
    pub kind: String,
    /// A local path, or a storage path such as `vast:amick/labels.slp`.
    pub dataset: Option<String>,
    /// Values by parameter name. Paths are local paths or storage paths; relative ones lie in the person's folder.
    pub values: BTreeMap<String, Value>,
    /// The job's name; made where it is empty.
    pub name: String,
    /// Only on this worker.
    pub worker: Option<String>,
    /// The folder in which a new one is made for the results; none: beside the dataset.
    pub results_in: Option<String>,
    /// Where the person said that videos of the dataset are.
    pub videos: Vec<ChosenVideo>,
}

/// The person's word on where a video is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ChosenVideo {
    /// Exactly as the project has it.
    pub written: String,
    /// A local path or a storage path.
    pub path: String,
}

/// A dataset, after the person said where one of its videos is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct LocatedView {
    /// As it is seen then.
    pub dataset: DatasetView,
    /// What was said, as it travels: with a storage path.
    pub chosen: ChosenVideo,
    /// Other videos that are not found and that the same change leads to.
    pub more: Vec<ChosenVideo>,
}

/// The sentence above *Submit*, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ReadinessView {
    /// `ready`, `queued`, `wait`, `none`, `blocked`, `offline`.
    pub state: String,
    /// The sentence.
    pub sentence: String,
    /// Whether *Submit* does something.
    pub can_submit: bool,
    /// "Submit" or "Submit and wait".
    pub button: String,
    /// Where results will go.
    pub results: Option<PathView>,
    /// The name that the job will have.
    pub name: String,
    /// Who can run it, and why others cannot.
    pub workers: Vec<CandidateView>,
}

/// A worker, as far as one draft is concerned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct CandidateView {
    /// The worker's id.
    pub id: String,
    /// The worker's name.
    pub name: String,
    /// `now`, `busy`, `no`.
    pub fit: String,
    /// "free · 12/12 videos · confirmed", "its vast is read-only".
    pub words: String,
    /// Whether its storages are this computer's: `confirmed`, `same_mark`, `unknown`, `other_storage`; none where it lacks one.
    pub sameness: Option<String>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct WorkerView {
    /// Unique in the lab.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it runs on this computer, inside this program.
    pub this_computer: bool,
    /// "free", or the name of the job that it runs.
    pub state: String,
    /// Whether it runs a job.
    pub busy: bool,
    /// Version of the program.
    pub version: String,
    /// Operating system.
    pub os: String,
    /// The computer's name.
    pub host: String,
    /// Its storages.
    pub storages: Vec<WorkerStorageView>,
    /// Names of the job types that it can run.
    pub kinds: Vec<String>,
    /// What it cannot run: "sleap-train: …".
    pub unavailable: Vec<String>,
}

/// A storage, as a worker has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct WorkerStorageView {
    /// Its name.
    pub name: String,
    /// As [`HealthView::state`].
    pub state: String,
    /// For people: "confirmed", "read-only", "other storage".
    pub words: String,
    /// Whether it is this computer's: `confirmed` by a file, `same_mark`, `unknown`, `other_storage`; none without one here.
    pub sameness: Option<String>,
    /// Where that worker mounts it.
    pub base_path: String,
    /// Bytes.
    pub free_bytes: Option<f64>,
}

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
    /// What it says of itself.
    pub status: Option<String>,
    /// While it waits: why, one sentence per worker.
    pub waiting_for: Vec<String>,
    /// Who submitted it.
    pub submitted_by: String,
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
    /// What happened, in order: "09:14:02 given to gpu-1".
    pub timeline: Vec<TimelineView>,
    /// Why it failed, in one text.
    pub failure: Option<String>,
    /// Why it failed, in parts.
    pub trouble: Option<TroubleView>,
    /// Where its results are.
    pub results: Option<PathView>,
    /// The results folder here, where it can be resolved.
    pub results_local: Option<String>,
    /// What it wrote.
    pub outputs: Vec<OutputView>,
    /// What was submitted, for people: parameter and value.
    pub settings: Vec<(String, String)>,
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

/// The frame of the window: who, where, how connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct StatusView {
    /// "This computer", or the lab's name.
    pub lab: String,
    /// "this computer", "connected", "reconnecting…".
    pub link: String,
    /// The person.
    pub member: String,
    /// Of the program.
    pub version: String,
    /// The configuration file.
    pub config_file: String,
    /// Why the configuration file cannot be read; the last good state stays.
    pub config_error: Option<ErrorView>,
    /// Why the worker of this program is not running, if it should be.
    pub worker_error: Option<ErrorView>,
}

/// One change for the page. First everything known, then `current`, then every change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Update {
    /// Forget everything: all follows anew.
    Reset,
    /// Everything known has been sent.
    Current,
    /// The frame.
    Status(StatusView),
    /// All storages, in the file's order.
    Storages(Vec<StorageView>),
    /// A worker appeared or changed.
    Worker(WorkerView),
    /// A worker went.
    WorkerGone(String),
    /// A job appeared or changed.
    Job(Box<JobView>),
    /// All job types.
    Kinds(Vec<KindView>),
}

/// A storage to be added or changed; an empty text removes the key, none leaves it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct StorageFields {
    /// On this computer at.
    pub base_path: Option<String>,
    /// Hint.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// In words.
    pub description: Option<String>,
    /// Your folder.
    pub user_subdir: Option<String>,
    /// Part of the storage.
    pub subpath: Option<String>,
}

/// A storage that this computer has and the configuration does not name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SuggestionView {
    /// A name to begin with; the lab's own is better.
    pub name: String,
    /// On this computer at.
    pub base_path: String,
    /// `nfs`, `smb`, … where it can be told.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The person's folder in it, where one is called like the person.
    pub user_subdir: Option<String>,
    /// Where another computer mounts it, where that is known.
    pub elsewhere: Option<String>,
    /// Why it is suggested: "mounted from vast01:/talmo".
    pub source: String,
    /// As [`HealthView::state`].
    pub state: String,
    /// For people.
    pub words: String,
    /// Bytes.
    pub free_bytes: Option<f64>,
    /// Which storage of the lab it is, where that can be told.
    pub lab: Option<LabMatchView>,
}

/// Which storage of the lab a suggestion is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct LabMatchView {
    /// What the lab calls it.
    pub name: String,
    /// `mark`, `share`, `path_pair`, `name`.
    pub by: String,
    /// Whether that says enough for not being asked about it: a name alone does not.
    pub sure: bool,
    /// "the lab's vast: 4 workers mount this share".
    pub words: String,
    /// The configuration's `type`, as a worker has it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who has it.
    pub workers: Vec<String>,
    /// The part of the storage that this mount shows; empty for the whole.
    pub subpath: String,
}

/// A storage that the lab's workers have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct LabStorageView {
    /// What the lab calls it.
    pub name: String,
    /// The configuration's `type`, as a worker has it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who has it.
    pub workers: Vec<String>,
    /// What they mount: `vast01:/talmo`.
    pub shares: Vec<String>,
}

/// What one worker says of a test file in the person's folder of a storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SameStorageView {
    /// The worker's id.
    pub id: String,
    /// The worker's name.
    pub worker: String,
    /// `found`, `not_found`, `failed`, `silent`, `not_asked`, `other_storage`.
    pub saw: String,
    /// "gpu-5 looked and did not find it: its vast is another storage, or another folder of it."
    pub words: String,
}

/// What a computer that is set up has to begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SetupView {
    /// Storages that are here and not configured, those of the lab first.
    pub here: Vec<SuggestionView>,
    /// Storages that the lab uses and that are not here.
    pub missing: Vec<LabStorageView>,
}

/// Whether something that was looked at is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// It is.
    Good,
    /// It can be lived with, but somebody should know.
    Note,
    /// It is not.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct Finding {
    /// `configuration`, `storage`, `job types`, `programs`, `GPU`, `clock`, `disk`, `workers`.
    pub area: String,
    /// How it is.
    pub state: FindingState,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub mend: Option<String>,
    /// For programs: what went wrong, from the documented set; only where something is.
    pub code: Option<String>,
}
