use samepath_wire::{Access, Job, JobRecord};

/// Everything of a job and its record that [`reasons`](super::reasons) looks at: jobs of one shape are judged alike by every worker.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    kind: String,
    digest: Option<String>,
    pin: Option<String>,
    storages: Vec<(String, Option<String>, Access)>,
    excluded: Vec<String>,
    confined: bool,
}

impl Shape {
    pub(crate) fn of(record: &JobRecord) -> Self {
        let Job { kind, kind_digest, worker, storages, places, .. } = &record.job;
        let storages = storages.iter().map(|(name, need)| (name.clone(), need.id.clone(), need.access)).collect();
        let excluded = record.excluded.iter().map(|excluded| excluded.worker.clone()).collect();
        Self {
            kind: kind.clone(),
            digest: kind_digest.clone(),
            pin: worker.clone(),
            storages,
            excluded,
            confined: places.is_some(),
        }
    }
}
