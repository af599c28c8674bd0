use crate::{Places, StoragePath, WorkerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use uuid::Uuid;

/// Made by the client (UUIDv7), so that submitting twice is submitting once.
pub type JobId = Uuid;

/// The storage of a job that names none.
pub const DEFAULT_BACKEND: &str = "default";

/// One submission, as the client sends it. The worker derives again whatever is derived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Version of this message; 1.
    pub version: u32,
    /// Chosen by the client.
    pub id: JobId,
    /// Name of the job kind. Never a command.
    pub kind: String,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// Storage that `PATH` values are on unless they say otherwise.
    #[serde(default = "default_backend")]
    pub storage_backend: String,
    /// User subdirectory that `PATH` values are relative to unless they say otherwise.
    #[serde(default)]
    pub user_subdir: String,
    /// Values by parameter name. A `PATH` value is text relative to backend and user subdirectory, an object with its own
    /// `storage_backend`, `user_subdir` and `path`, or a list of these: see [`PathValue`].
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// Every storage that the job needs. Derived by the client, derived again by the worker.
    #[serde(default)]
    pub storages: BTreeMap<String, StorageNeed>,
    /// Workers that proved to the submitter that they read the very same dataset, by the storage that it is on: these come first
    /// among workers that fit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confirmed: BTreeMap<String, Vec<WorkerId>>,
    /// Where the submitter mounts each storage: for translating the paths written in a project.
    #[serde(default)]
    pub base_paths: BTreeMap<String, Vec<String>>,
    /// Where the person said that videos are.
    #[serde(default)]
    pub videos: Vec<VideoChoice>,
    /// What the submitter saw of each input, by parameter name.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputSeen>,
    /// Digest of the kind's parameter definitions that the values were made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_digest: Option<String>,
    /// Runs only on the worker of this id or name.
    #[serde(default)]
    pub worker: Option<String>,
    /// Overwritten with the identity that the bus vouches for.
    #[serde(default)]
    pub submitted_by: String,
    /// Which of those who share the submitter's login it is, as they say themselves: nobody vouches for it, and nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Where it may write and read; none: wherever the worker's user may. Overwritten with what the lab knows of whoever submits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Places>,
    /// How many jobs of this person may run at a time, by the lab's word; none: as many as there are workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// The client's clock; shown, never ordered by.
    pub submitted_at: Timestamp,
}

fn default_backend() -> String {
    DEFAULT_BACKEND.to_owned()
}

/// What a job does with a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads inputs from it.
    Read,
    /// Writes outputs to it.
    Write,
}

/// A storage that a job needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageNeed {
    /// The mark that the submitter's storage carries, if any.
    #[serde(default)]
    pub id: Option<String>,
    /// The most that the job does with it.
    pub access: Access,
}

/// The person's word that the video written as `written` is this file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoChoice {
    /// Exactly as the project has it.
    pub written: String,
    /// Where it is.
    #[serde(flatten)]
    pub at: StoragePath,
}

/// Size and time of an input when the job was submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSeen {
    /// Bytes.
    pub size: u64,
    /// Modification time, to the second at least.
    pub modified: Timestamp,
}

/// The value of one `PATH` parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathValue {
    /// Relative to the job's backend and user subdirectory.
    Relative(String),
    /// Several files. Before [`Full`](Self::Full), which would read a list as its own three fields.
    List(Vec<PathValue>),
    /// Its own storage path.
    Full(StoragePath),
}

impl PathValue {
    /// The storage paths meant, in order.
    pub fn storage_paths(&self, job: &Job) -> Vec<StoragePath> {
        match self {
            Self::Relative(path) => vec![StoragePath::new(&job.storage_backend, &job.user_subdir, path)],
            Self::Full(at) => vec![at.clone()],
            Self::List(values) => values.iter().flat_map(|value| value.storage_paths(job)).collect(),
        }
    }
}
