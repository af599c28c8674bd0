//! Which worker can serve which job, and why others cannot. Pure: the matchmaker and every explanation use these functions.

use samepath_wire::{Fit, Job, JobRecord, Kind, Reason, Worker};
use std::collections::HashMap;

/// The definitions of kinds, by digest.
pub type Kinds = HashMap<String, Kind>;

/// Why this worker cannot serve this job; empty if it can, once it is free.
pub fn reasons(_job: &Job, _record: Option<&JobRecord>, _worker: &Worker, _kinds: &Kinds) -> Vec<Reason> {
    todo!()
}

/// Whether this worker can serve this job now, later or not. `record` is none for a job that is not submitted yet; `jobs` are
/// all records of the fleet.
pub fn explain<'a>(
    _job: &Job,
    _record: Option<&JobRecord>,
    _worker: &Worker,
    _kinds: &Kinds,
    _jobs: impl IntoIterator<Item = &'a JobRecord>,
) -> Fit {
    todo!()
}

/// If the job is for a worker that is not among those online: that worker, and that it is offline.
pub fn absent<'a>(_job: &Job, _online: impl IntoIterator<Item = &'a Worker>) -> Option<(String, Fit)> {
    todo!()
}
