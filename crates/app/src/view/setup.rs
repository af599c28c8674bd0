use serde::{Deserialize, Serialize};
use specta::Type;

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
    /// As `HealthView::state`.
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
    /// What the lab's administrator says of it.
    pub description: Option<String>,
    /// Who has it.
    pub workers: Vec<String>,
    /// The part of the storage that this mount shows; empty for the whole.
    pub subpath: String,
}

/// A storage that the lab's workers have, or that its administrator tells of.
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
    /// Where this computer's own desktop can connect one of them: `smb://vast01/talmo`.
    pub connect: Option<String>,
    /// What it is, as the lab's administrator says.
    pub description: Option<String>,
    /// What helps, as the administrator says: "Off campus: VPN first".
    pub help: Option<String>,
    /// What a computer of this sort mounts, as the administrator says; not always an address that can be opened.
    pub mount: Option<String>,
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

/// What the workers online say of a storage, of which a test file was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
pub struct AskedView {
    /// Whether it is another storage than the lab's: by a mark, or because workers looked for the file and none found it.
    pub refuted: bool,
    /// Each that has a storage of this name.
    pub workers: Vec<SameStorageView>,
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

impl Finding {
    pub(crate) fn new(area: &str, state: FindingState, what: &str, found: impl Into<String>) -> Self {
        Self { area: area.to_owned(), state, what: what.to_owned(), found: found.into(), mend: None, code: None }
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }
}

/// A folder that may be the person's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FolderView {
    /// Its name.
    pub name: String,
    /// "214 items, newest today", where it could be listed.
    pub words: Option<String>,
}

/// Everything that could be wrong on this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct DoctorView {
    /// One by one.
    pub findings: Vec<Finding>,
    /// The same as text to send to somebody, without anybody's name.
    pub report: String,
}

/// Where one of the system's own dialogs begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum BeginIn {
    /// Where storages are mounted; beside the one that was chosen last, where one was.
    Storages(Option<String>),
    /// In this folder, or the nearest above it that is there.
    Near(String),
    /// In the person's folder: of this storage, or of the first that can be used.
    Own(Option<String>),
    /// Where results are to go, as people write it.
    Results(String),
}

/// A program that job types run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ProgramView {
    /// As job types name it: `sleap-nn`.
    pub name: String,
    /// The file that the configuration says is meant.
    pub configured: Option<String>,
    /// The file that runs; none where there is none.
    pub found: Option<String>,
    /// Of which version it is, where its installer wrote it down: "0.3.5".
    pub version: Option<String>,
    /// Why there is none: what is said after its name.
    pub problem: Option<String>,
}
