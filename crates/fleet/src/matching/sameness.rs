use samepath_wire::{Job, Worker};

/// How sure it is that two storages of one name are one storage; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sameness {
    /// The worker proved that it reads the very dataset.
    Confirmed,
    /// Both carry the same mark, which a copied folder does, too.
    SameMark,
    /// One of them carries none.
    Unknown,
    /// They carry different marks.
    Other,
}

impl Sameness {
    /// What two marks say.
    pub fn of_marks(ours: Option<&str>, theirs: Option<&str>) -> Self {
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => Self::SameMark,
            (Some(_), Some(_)) => Self::Other,
            _ => Self::Unknown,
        }
    }
}

/// How sure it is that this worker's storage of that name is the one that the job means; none if it has none of the name. No proof
/// outweighs another mark: the dataset may have been copied.
pub fn sameness(job: &Job, storage: &str, worker: &Worker) -> Option<Sameness> {
    let advert = worker.backends.get(storage)?;
    let ours = job.storages.get(storage).and_then(|need| need.id.as_deref());
    let proved = || job.confirmed.get(storage).is_some_and(|workers| workers.contains(&worker.id));
    Some(match Sameness::of_marks(ours, advert.id.as_deref()) {
        Sameness::SameMark | Sameness::Unknown if proved() => Sameness::Confirmed,
        by_mark => by_mark,
    })
}

/// What speaks against this worker among those that fit: first how many of the job's storages are unknown to be the same, then
/// how many are so by their mark alone. The least is the best.
pub(crate) fn doubts(job: &Job, worker: &Worker) -> (usize, usize) {
    let mut doubts = (0, 0);
    for name in job.storages.keys() {
        match sameness(job, name, worker) {
            Some(Sameness::Confirmed) => {}
            Some(Sameness::SameMark) => doubts.1 += 1,
            Some(Sameness::Unknown | Sameness::Other) | None => doubts.0 += 1,
        }
    }
    doubts
}
