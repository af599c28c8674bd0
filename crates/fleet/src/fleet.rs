use crate::{FleetError, JobLog, Live, WorkerSession};
use samepath_wire::{CheckPaths, Checked, Job, JobId, JobRecord, Kind, Worker};
use std::time::Duration;

/// The workers that one program can see, and the queue that they share. Cloning is cheap.
#[derive(Clone)]
pub struct Fleet {}

impl Fleet {
    /// Whether it is the fleet of this computer alone.
    pub fn is_here(&self) -> bool {
        todo!()
    }
    /// The workers online, by id.
    pub fn workers(&self) -> Live<Worker> {
        todo!()
    }
    /// All jobs, by id.
    pub fn jobs(&self) -> Live<JobRecord> {
        todo!()
    }
    /// All kinds that a worker ever brought, by digest.
    pub fn kinds(&self) -> Live<Kind> {
        todo!()
    }
    /// Submits a job; submitting it again is answered with the same record.
    pub async fn submit(&self, _job: &Job) -> Result<JobRecord, FleetError> {
        todo!()
    }
    /// One job's record.
    pub async fn job(&self, _id: JobId) -> Result<JobRecord, FleetError> {
        todo!()
    }
    /// Lets it save, then ends it.
    pub async fn stop(&self, _id: JobId) -> Result<JobRecord, FleetError> {
        todo!()
    }
    /// Ends it at once.
    pub async fn kill(&self, _id: JobId) -> Result<JobRecord, FleetError> {
        todo!()
    }
    /// Adds an attempt to an ended job.
    pub async fn retry(&self, _id: JobId) -> Result<JobRecord, FleetError> {
        todo!()
    }
    /// The log of one attempt, from line `from` (or the oldest that is kept).
    pub async fn log(&self, _id: JobId, _attempt: u32, _from: u64) -> Result<JobLog, FleetError> {
        todo!()
    }
    /// Asks a worker whether it sees files.
    pub async fn check_paths(
        &self,
        _worker: &str,
        _paths: &CheckPaths,
        _timeout: Duration,
    ) -> Result<Checked, FleetError> {
        todo!()
    }
    /// The worker's side of the fleet.
    pub fn session(&self, _worker: &str) -> WorkerSession {
        todo!()
    }
    /// Hands over and ends: views end, requests fail.
    pub async fn close(&self) {
        todo!()
    }
}
