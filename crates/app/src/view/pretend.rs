use super::JobView;
use serde::{Deserialize, Serialize};
use specta::Type;

/// One step of a job in a pretend lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum ShownView {
    /// The lab is there: where the person's computer has its storage, and where its worker has the same.
    Lab {
        /// On the person's computer.
        yours: String,
        /// On the worker.
        workers: String,
    },
    /// A dataset was picked.
    Dataset {
        /// On the person's computer.
        local: String,
        /// What everybody can call it.
        place: String,
    },
    /// Who can run it, in the sentence above *Submit*.
    Ready(String),
    /// The job, and each change of it.
    Job(Box<JobView>),
    /// It is done: what the worker saw.
    Seen(Vec<ShownVideo>),
}

/// A video of the pretended project, as the worker saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ShownVideo {
    /// As the project names it.
    pub written: String,
    /// Where it is on the worker.
    pub local: String,
    /// Whether it is there.
    pub found: bool,
}
