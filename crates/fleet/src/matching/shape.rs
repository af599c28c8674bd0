use samepath_wire::{Access, Job, JobRecord};
use std::num::NonZeroU32;

/// Everything of a job and its record that [`reasons`](super::reasons) and [`enough_run`](super::enough_run) look at: jobs of one shape
/// are judged alike by every worker.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    kind: String,
    digest: Option<String>,
    pin: Option<String>,
    storages: Vec<(String, Option<String>, Access)>,
    excluded: Vec<String>,
    confined: bool,
    jobs_at_once: Option<NonZeroU32>,
}

impl Shape {
    pub(crate) fn of(record: &JobRecord) -> Self {
        let Job { kind, kind_digest, worker, storages, places, jobs_at_once, .. } = &record.job;
        let storages = storages.iter().map(|(name, need)| (name.clone(), need.id.clone(), need.access)).collect();
        let excluded = record.excluded.iter().map(|excluded| excluded.worker.clone()).collect();
        Self {
            kind: kind.clone(),
            digest: kind_digest.clone(),
            pin: worker.clone(),
            storages,
            excluded,
            confined: places.is_some(),
            jobs_at_once: *jobs_at_once,
        }
    }
}
