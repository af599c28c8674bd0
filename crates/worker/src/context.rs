use samepath_storage::{Backend, PathMapping, Platform, Storages};
use samepath_wire::Job;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment variable that names the file with a tool's [`Context`].
pub const CONTEXT_VARIABLE: &str = "SAMEPATH_CONTEXT";

/// What a tool that is ours gets to know of the attempt that it runs in. Written by the guard, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The job, as submitted.
    pub job: Job,
    /// The storages of this worker.
    #[serde(default)]
    pub backends: Vec<Backend>,
    /// Where any computer of the fleet mounts each storage.
    #[serde(default)]
    pub base_paths: BTreeMap<String, Vec<String>>,
    /// The `[[path_mappings]]` of this worker's configuration.
    #[serde(default)]
    pub path_mappings: Vec<PathMapping>,
    /// This worker's name.
    pub worker: String,
    /// Counts from 1.
    pub attempt: u32,
    /// The program that the tool starts in turn, as it was found here.
    #[serde(default)]
    pub program: Option<PathBuf>,
}

impl Context {
    /// The storages of this worker, as far as the job may use them.
    pub fn storages(&self) -> Storages {
        let storages = Storages::new(self.backends.clone(), Platform::current());
        storages.confined(self.job.places.as_ref(), &self.job.submitted_by)
    }
}
