use crate::Error;
use crate::places::Options;
use crate::view::{DatasetView, Draft, JobView, KindView, LogView, ReadinessView, StorageFields, StorageView, Update};
use std::path::PathBuf;

/// The program without a face. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App {}

/// Everything known first, then every change.
pub struct Updates {}

impl Updates {
    /// The next change; none when the program ends.
    pub async fn next(&mut self) -> Option<Update> {
        todo!()
    }
}

/// The lines of one job, from the start, then live.
pub struct LogStream {}

impl LogStream {
    /// The next lines, at least one; none when the job has ended and all was read.
    pub async fn next(&mut self) -> Option<Vec<LogView>> {
        todo!()
    }
}

#[expect(unused_variables, clippy::todo, clippy::unused_async)]
impl App {
    /// Reads the configuration and opens the queue. Touches no storage.
    pub async fn start(options: Options) -> Result<Self, Error> {
        todo!()
    }
    /// Runs a worker in this process until [`App::shut_down`].
    pub async fn run_worker(&self, name: Option<String>, kinds: Option<PathBuf>) -> Result<(), Error> {
        todo!()
    }
    /// Jobs that run on this computer's own worker now.
    pub fn jobs_here(&self) -> Vec<JobView> {
        todo!()
    }
    /// Ends the worker (its guards go on) and hands the queue over.
    pub async fn shut_down(&self) {
        todo!()
    }
    /// The storages as configured, with their health where known.
    pub fn storages(&self) -> Vec<StorageView> {
        todo!()
    }
    /// Probes every storage, or one, and answers with all.
    pub async fn check_storages(&self, name: Option<String>) -> Result<Vec<StorageView>, Error> {
        todo!()
    }
    /// Writes a new storage.
    pub async fn add_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        todo!()
    }
    /// Changes a storage.
    pub async fn set_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        todo!()
    }
    /// Forgets a storage; no file on it is touched.
    pub async fn remove_storage(&self, name: String) -> Result<(), Error> {
        todo!()
    }
    /// A local path or a storage path, with its videos.
    pub async fn open_dataset(&self, path: String) -> Result<DatasetView, Error> {
        todo!()
    }
    /// Job types.
    pub async fn kinds(&self) -> Vec<KindView> {
        todo!()
    }
    /// Who could run this draft, and the sentence that says so.
    pub async fn readiness(&self, draft: Draft) -> Result<ReadinessView, Error> {
        todo!()
    }
    /// Makes the draft a job.
    pub async fn submit(&self, draft: Draft) -> Result<JobView, Error> {
        todo!()
    }
    /// A job.
    pub async fn job(&self, id: &str) -> Result<JobView, Error> {
        todo!()
    }
    /// Interrupts a job and lets it save.
    pub async fn stop(&self, id: &str) -> Result<JobView, Error> {
        todo!()
    }
    /// Kills a job.
    pub async fn kill(&self, id: &str) -> Result<JobView, Error> {
        todo!()
    }
    /// Adds a try to an ended job.
    pub async fn retry(&self, id: &str) -> Result<JobView, Error> {
        todo!()
    }
    /// `report.json` of a job's results, where it wrote one and it can be read here.
    pub async fn report(&self, id: &str) -> Result<Option<serde_json::Value>, Error> {
        todo!()
    }
    /// Everything known, then every change.
    pub async fn watch(&self) -> Updates {
        todo!()
    }
    /// The log of a job's newest try, or of another.
    pub async fn log(&self, id: &str, attempt: Option<u32>) -> Result<LogStream, Error> {
        todo!()
    }
}
