use super::{JobView, KeptView, KindView, StorageView, WorkerView};
use serde::{Deserialize, Serialize};
use specta::Type;

/// The frame of the window: who, where, how connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct StatusView {
    /// "This computer", or the lab's name.
    pub lab: String,
    /// Whether it is a lab's server that this is on, and not this computer's own queue.
    pub in_lab: bool,
    /// "this computer", "connected", "reconnecting…", "access ended".
    pub link: String,
    /// Whether the lab's server has just begun, so that its workers may not be back yet.
    pub beginning: bool,
    /// That the lab is not connected, and why; none while it is.
    pub offline: Option<OfflineView>,
    /// The person.
    pub member: String,
    /// Whether the person looks after the workers here: may have one take no new job, and put one out of the lab.
    pub admin: bool,
    /// Of the program.
    pub version: String,
    /// The configuration file.
    pub config_file: String,
    /// Why the configuration file cannot be read; the last good state stays.
    pub config_error: Option<ErrorView>,
    /// The line of the file that this is about.
    pub config_error_line: Option<u32>,
    /// Why the worker of this program is not running, if it should be.
    pub worker_error: Option<ErrorView>,
}

/// That the lab cannot be reached, or does not let this computer in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct OfflineView {
    /// Since when.
    pub since: String,
    /// Whether it was connected since the program was started: then what was known is shown.
    pub known: bool,
    /// Whether it is the lab that does not let this computer in any more: then trying again helps nobody.
    pub ended: bool,
    /// Why, and what to do.
    pub error: ErrorView,
}

/// That this computer belongs to a lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct MembershipView {
    /// The lab's name.
    pub lab: String,
    /// `member` or `worker`.
    pub role: String,
    /// The person's or the worker's name there.
    pub name: String,
    /// Where the lab's server is.
    pub server: String,
    /// Since when.
    pub joined_at: String,
    /// To which places the person's jobs are kept, in words; none where to none.
    pub places: Option<String>,
    /// How many of the person's jobs may run at a time; none: as many as there are workers.
    pub jobs: Option<u32>,
}

/// A line with which somebody joins a lab. A secret until it is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct InvitationView {
    /// The line itself.
    pub line: String,
    /// The lab's name.
    pub lab: String,
    /// The person's name there.
    pub name: String,
    /// Where the lab's server is.
    pub server: String,
    /// Until when it can be used.
    pub expires_at: String,
    /// To which places the person's jobs are kept, in words; none where to none.
    pub places: Option<String>,
}

/// One of a person's computers in a lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ComputerView {
    /// By which it is put out.
    pub key: String,
    /// What it is called; none where it did not say.
    pub name: Option<String>,
    /// Since when.
    pub joined_at: String,
    /// Whether it is this one.
    pub own: bool,
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
    /// What the window keeps from one start to the next.
    Kept(KeptView),
    /// All storages, in the file's order.
    Storages(Vec<StorageView>),
    /// A worker appeared or changed.
    Worker(WorkerView),
    /// A worker went.
    WorkerGone(String),
    /// A job appeared or changed.
    Job(Box<JobView>),
    /// A job is no longer kept.
    JobGone(String),
    /// All job types.
    Kinds(Vec<KindView>),
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
