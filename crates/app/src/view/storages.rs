use super::ErrorView;
use serde::{Deserialize, Serialize};
use specta::Type;

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
    /// Your folder of it, as a storage path: `vast:amick`.
    pub own_place: String,
    /// Where it is written: "config.toml, line 3".
    pub source: String,
    /// Why it cannot be used as configured.
    pub error: Option<ErrorView>,
    /// The line of the file that this is about.
    pub error_line: Option<u32>,
    /// What is allowed and yet seldom meant, in sentences.
    pub warnings: Vec<String>,
    /// The mark by which it is known from others of its name, as far as known; also from earlier runs of the program.
    pub mark: Option<String>,
    /// Where this computer's own desktop can connect it: `smb://vast01/talmo`; as far as it was seen connected.
    pub connect: Option<String>,
    /// Where it is now, if no longer there. Nothing follows it by itself.
    pub moved: Option<MovedView>,
    /// That it is another storage than the lab's of this name, as far as workers looked; until a later look proves otherwise.
    pub refuted: Option<RefutedView>,
    /// That the configuration is read by several computers, and has it at another place on some; none where it is the same on all.
    pub shared: Option<SharedView>,
    /// How it was when last looked at.
    pub health: Option<HealthView>,
}

/// That workers looked for what was written to a storage of this computer, and none found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct RefutedView {
    /// When the last of them looked.
    pub at: String,
    /// "This is another storage than the lab's vast, or another folder of it: gpu-5 looked for what was written here, and did not find it."
    pub sentence: String,
}

/// For whom the configuration says by name where a storage is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SharedView {
    /// For this computer.
    pub own: bool,
    /// Other computers.
    pub others: Vec<String>,
}

/// A line of the configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SettingsLineView {
    /// The first is 1.
    pub number: u32,
    /// As it is written.
    pub text: String,
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
    /// What is allowed and yet seldom meant, in a sentence: a mark that is none, an empty folder.
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
