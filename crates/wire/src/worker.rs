use crate::{AttemptRef, Gpu};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kept in the worker's own state folder, so that a worker started again is the same worker.
pub type WorkerId = String;

/// What a worker advertises of itself. Only what changes belongs here: every change goes to every watcher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Unique in the fleet.
    pub id: WorkerId,
    /// For people; by default the computer's name.
    pub name: String,
    /// Of the program.
    pub version: String,
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// The computer's name.
    pub host: String,
    /// When this process started.
    pub started_at: Timestamp,
    /// When it was first there, by its own clock; an older one does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What it can run.
    #[serde(default)]
    pub kinds: Vec<KindAdvert>,
    /// What it cannot run, and why.
    #[serde(default)]
    pub unavailable: Vec<KindUnavailable>,
    /// The storages that it mounts, by name.
    #[serde(default)]
    pub backends: BTreeMap<String, BackendAdvert>,
    /// Attempts that it holds now.
    #[serde(default)]
    pub holds: Vec<AttemptRef>,
    /// What it has for `hostRequirements`: `amount.worker.vcpu` and the like.
    #[serde(default)]
    pub amounts: BTreeMap<String, f64>,
    /// Likewise, `attr.worker.os.family` and the like.
    #[serde(default)]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Its GPUs, where the driver tells of them; `amounts` has how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<Gpu>,
    /// Whether it takes no new job, because somebody there said so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
    /// Whether it keeps jobs to their [`Places`](crate::Places). An older one does not say so, and does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confines: bool,
}

impl Worker {
    /// Where it mounts each storage. One that shows only a part of its storage is left out: it says nothing of paths below the
    /// whole.
    pub fn whole_mounts(&self) -> impl Iterator<Item = (&str, &str)> {
        let whole = self.backends.iter().filter(|(_, backend)| backend.subpath.is_empty());
        whole.map(|(name, backend)| (name.as_str(), backend.base_path.as_str()))
    }
}

/// A kind that a worker can run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindAdvert {
    /// The kind's name.
    pub name: String,
    /// Digest of its parameter definitions; the definition itself is the record `kinds/<digest>`.
    pub digest: String,
    /// How long this worker leaves such a job to save its work when it is asked to stop, in seconds; 0: it is ended at once. None
    /// where an older worker does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_seconds: Option<u32>,
}

/// A kind that a worker holds but cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindUnavailable {
    /// The kind's name, or its file's name where the template was refused.
    pub name: String,
    /// One sentence that names the place.
    pub reason: String,
}

/// A storage as one worker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendAdvert {
    /// Health when last looked at.
    pub state: BackendState,
    /// The storage's mark, if it carries one.
    #[serde(default)]
    pub id: Option<String>,
    /// Where this worker mounts it: for translating paths, and for people.
    pub base_path: String,
    /// Part of the storage that this mount shows; empty for the whole.
    #[serde(default)]
    pub subpath: String,
    /// Bytes free, where known.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Server and share, `vast01:/talmo`, where known.
    #[serde(default)]
    pub source: Option<String>,
    /// What the worker's configuration calls its type: `nfs`, `smb`, …
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it was looked at; none while the first look is under way.
    #[serde(default)]
    pub checked_at: Option<Timestamp>,
}

/// How a storage is, on one computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendState {
    /// Answers, and can be written as far as the mount is concerned.
    Ready,
    /// The mount is read-only.
    ReadOnly,
    /// No such folder.
    Missing,
    /// An empty folder where a network mount was or should be.
    NotMounted,
    /// The folder may not be entered or listed.
    Denied,
    /// No space left.
    Full,
    /// Did not answer within its deadline.
    NotAnswering,
    /// Not looked at yet.
    Unknown,
}

impl BackendState {
    /// Whether files can be read from it.
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Ready | Self::ReadOnly | Self::Full)
    }

    /// Whether results can be written to it.
    pub fn is_writable(self) -> bool {
        matches!(self, Self::Ready)
    }

    /// One or two words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::ReadOnly => "read-only",
            Self::Missing => "missing",
            Self::NotMounted => "not mounted",
            Self::Denied => "no permission",
            Self::Full => "full",
            Self::NotAnswering => "not answering",
            Self::Unknown => "not checked yet",
        }
    }
}
