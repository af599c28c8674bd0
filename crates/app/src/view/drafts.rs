use super::{ChosenVideo, PathView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use specta::Type;
use std::collections::BTreeMap;

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
    /// Which of those who share this login submits it.
    pub person: Option<String>,
}

/// A folder that was chosen for results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ResultsView {
    /// Where it is.
    pub place: PathView,
    /// Whether it is there already.
    pub exists: bool,
    /// Of one that is: a folder beside it that is not there yet, with a number behind the name.
    pub beside: Option<PathView>,
    /// What a job of this type can go on from, where the folder holds one model.
    pub checkpoint: Option<PathView>,
    /// The epoch that this is of, where somebody knows.
    pub epoch: Option<u32>,
}

/// The sentence above *Submit*, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ReadinessView {
    /// `ready`, `partly` (whoever can start now does not see all videos), `queued`, `wait`, `none`, `asks` (the person is to say
    /// something first), `blocked`, `offline`.
    pub state: String,
    /// The sentence.
    pub sentence: String,
    /// What is worth knowing beside it, and keeps nobody from anything.
    pub note: Option<String>,
    /// Whether *Submit* does something.
    pub can_submit: bool,
    /// Whether what is in the way can be mended by whoever looks after the lab alone.
    pub ask_admin: bool,
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
    /// `now`, `partly` (now, without all the videos), `busy`, `no`.
    pub fit: String,
    /// "free · 12/12 videos · confirmed", "its vast is read-only".
    pub words: String,
    /// The same whole, where the words leave something out.
    pub detail: Option<String>,
    /// Whether its storages are this computer's: `confirmed`, `same_mark`, `unknown`, `other_storage`; none where it lacks one.
    pub sameness: Option<String>,
    /// Which of the dataset's videos it does not see, by their place in the project; none where it did not say.
    pub missing: Option<Vec<u32>>,
}
