//! Which worker can serve which job, and why others cannot.
//!
//! Pure: the matchmaker and every explanation use these same functions, so that what a person is told and what happens cannot
//! differ. Nothing here touches a bus, a clock or a storage.

mod forecast;
mod prospects;
mod requirements;
mod sameness;
mod shape;

pub use forecast::{Pace, Start};
pub use prospects::{Alike, Prospects, absent};
use requirements::gpu_taken;
pub use requirements::unmet;
pub(crate) use sameness::doubts;
pub use sameness::{Sameness, sameness};
pub(crate) use shape::Shape;

use samepath_wire::{Access, Exclusion, Job, JobRecord, Kind, Reason, Worker};
use std::collections::HashMap;

/// The definitions of kinds, by digest.
pub type Kinds = HashMap<String, Kind>;

/// Why this worker, being online, cannot serve this job; empty if it can, once it is free.
///
/// `record` is none for a job that is not submitted yet. A kind whose definition is not among `kinds` is taken to need nothing
/// of its host.
pub fn reasons(job: &Job, record: Option<&JobRecord>, worker: &Worker, kinds: &Kinds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(wanted) = &job.worker
        && !is_called(worker, wanted)
    {
        reasons.push(Reason::Pinned { worker: wanted.clone() });
    }
    if worker.draining {
        reasons.push(Reason::Draining);
    }
    if job.places.is_some() && !worker.confines {
        reasons.push(Reason::NotConfining);
    }
    of_kind(job, worker, kinds, &mut reasons);
    of_storages(job, worker, &mut reasons);
    if let Some(Exclusion { failure, .. }) =
        record.and_then(|record| record.excluded.iter().find(|excluded| excluded.worker == worker.id))
    {
        reasons.push(Reason::Excluded { why: failure.message.clone() });
    }
    reasons
}

/// Whether a pin means this worker: its id or its name.
pub(crate) fn is_called(worker: &Worker, wanted: &str) -> bool {
    worker.id == wanted || worker.name == wanted
}

/// Where as many jobs of the one who submitted this one run as the lab allows: nobody may begin it, whoever could.
pub(crate) fn enough_run(job: &Job, running: u32) -> Option<Reason> {
    let enough = job.jobs_at_once.is_some_and(|most| running >= most.get());
    enough.then(|| Reason::EnoughRun { member: job.submitted_by.clone(), running })
}

fn of_kind(job: &Job, worker: &Worker, kinds: &Kinds, reasons: &mut Vec<Reason>) {
    let kind = &job.kind;
    let mut versions = worker.kinds.iter().filter(|advert| advert.name == *kind).peekable();
    if versions.peek().is_none() {
        reasons.push(match worker.unavailable.iter().find(|unavailable| unavailable.name == *kind) {
            Some(unavailable) => Reason::KindUnavailable { kind: kind.clone(), why: unavailable.reason.clone() },
            None => Reason::NoKind { kind: kind.clone() },
        });
        return;
    }
    match versions.find(|advert| job.kind_digest.as_ref().is_none_or(|digest| advert.digest == *digest)) {
        None => reasons.push(Reason::KindDiffers { kind: kind.clone() }),
        Some(advert) => {
            if let Some(definition) = kinds.get(&advert.digest) {
                reasons.extend(unmet(&definition.needs, worker).into_iter().map(|what| Reason::Requirement { what }));
                reasons.extend(gpu_taken(&definition.needs, worker).map(|by| Reason::GpuTaken { by }));
            }
        }
    }
}

fn of_storages(job: &Job, worker: &Worker, reasons: &mut Vec<Reason>) {
    for (name, need) in &job.storages {
        let Some(advert) = worker.backends.get(name) else {
            reasons.push(Reason::NoBackend { backend: name.clone() });
            continue;
        };
        if sameness(job, name, worker) == Some(Sameness::Other) {
            reasons.push(Reason::OtherStorage { backend: name.clone() });
            continue;
        }
        let usable = match need.access {
            Access::Read => advert.state.is_readable(),
            Access::Write => advert.state.is_writable(),
        };
        if !usable {
            reasons.push(Reason::BackendState { backend: name.clone(), state: advert.state });
        }
    }
}
