use super::{Kinds, is_called, reasons};
use samepath_wire::{AttemptState, Fit, Job, JobId, JobRecord, JobState, Reason, Worker};
use std::collections::HashMap;

/// Whether this worker can serve this job now, later or not.
///
/// `record` is none for a job that is not submitted yet: it then counts as the last to arrive. `jobs` are all records of the
/// fleet; the job itself may be among them. *Busy* counts the job that the worker runs, and those queued that it would be given
/// before this one: each user's turn comes in order of how many of theirs run.
pub fn explain<'a>(
    job: &Job,
    record: Option<&JobRecord>,
    worker: &Worker,
    kinds: &Kinds,
    jobs: impl IntoIterator<Item = &'a JobRecord>,
) -> Fit {
    let reasons = reasons(job, record, worker, kinds);
    if !reasons.is_empty() {
        return Fit::No { reasons };
    }
    let mut busy = false;
    let mut running: HashMap<&str, u32> = HashMap::new();
    let mut queued: HashMap<&str, Vec<(u64, JobId)>> = HashMap::new();
    for other in jobs.into_iter().filter(|other| other.job.id != job.id) {
        if let Some(runs) = running_on(other) {
            *running.entry(&other.job.submitted_by).or_default() += 1;
            busy |= runs == worker.id;
        } else if other.state == JobState::Queued && super::reasons(&other.job, Some(other), worker, kinds).is_empty() {
            queued.entry(&other.job.submitted_by).or_default().push((other.order, other.job.id));
        }
    }
    let order = record.map_or((u64::MAX, job.id), |record| (record.order, job.id));
    let mine =
        queued.get(job.submitted_by.as_str()).into_iter().flatten().filter(|other| **other < order).count() as u32;
    let running = |user: &str| running.get(user).copied().unwrap_or(0);
    let turn = (running(&job.submitted_by) + mine, order);
    let mut before = mine + u32::from(busy);
    for (user, mut theirs) in queued {
        if user == job.submitted_by {
            continue;
        }
        theirs.sort_unstable();
        let first = running(user);
        before += theirs.into_iter().zip(first..).take_while(|(order, nth)| (*nth, *order) < turn).count() as u32;
    }
    if before == 0 { Fit::Now } else { Fit::Busy { before } }
}

/// The worker that a job is with now: given to it, and not ended.
pub(crate) fn running_on(record: &JobRecord) -> Option<&str> {
    let last = record.attempts.last()?;
    (last.state != AttemptState::Ended && !record.state.is_ended()).then_some(last.worker.as_str())
}

/// If the job is for a worker that is not among those online: that worker, and that it is offline.
pub fn absent<'a>(job: &Job, online: impl IntoIterator<Item = &'a Worker>) -> Option<(String, Fit)> {
    let wanted = job.worker.as_ref()?;
    let here = online.into_iter().any(|worker| is_called(worker, wanted));
    (!here).then(|| (wanted.clone(), Fit::No { reasons: vec![Reason::Offline] }))
}
