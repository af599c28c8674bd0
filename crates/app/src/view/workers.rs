use serde::{Deserialize, Serialize};
use specta::Type;

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct WorkerView {
    /// Unique in the lab.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it runs on this computer: in this program, or in another one on a computer of the same name.
    pub this_computer: bool,
    /// Whether it runs inside this program.
    pub own: bool,
    /// "free", or the job that it runs and whose that is: "maze day 3 (amick)".
    pub state: String,
    /// Whether it is there for less than a day, and no job that is kept was given to it.
    pub untried: bool,
    /// Whether it runs a job.
    pub busy: bool,
    /// Whether it takes no new job, because somebody there said so.
    pub draining: bool,
    /// The id of the job that it runs, where that is known here.
    pub job: Option<String>,
    /// How many NVIDIA GPUs it has, as far as it says.
    pub gpus: Option<u32>,
    /// Its GPUs, where their driver tells of them: "A40 45 GiB · 97 %", how busy the busiest is.
    pub gpu: Option<String>,
    /// Who uses one outside of its jobs: "tom (python), 21 GiB".
    pub gpu_in_use: Option<String>,
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
    /// As `HealthView::state`.
    pub state: String,
    /// For people: "confirmed", "read-only", "other storage".
    pub words: String,
    /// Whether it is this computer's: `confirmed` by a file, `same_mark`, `unknown`, `other_storage`; none without one here.
    pub sameness: Option<String>,
    /// Where that worker mounts it.
    pub base_path: String,
    /// Bytes.
    pub free_bytes: Option<f64>,
    /// What it mounts there: `vast01:/talmo`.
    pub source: Option<String>,
    /// When the worker last looked at it, by its clock, to the minute; none while the first look is under way.
    pub checked_at: Option<String>,
}
