//! When jobs that wait would start, as far as that can be told.

use crate::explain::{any_job, running, waiting};
use crate::samples::*;
use proptest::prelude::*;
use samepath_fleet::matching::{Kinds, Pace, Prospects};
use samepath_wire::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// In minutes: what is left of those that run, and what those that wait take.
#[derive(Default)]
struct Known {
    left: BTreeMap<JobId, u64>,
    takes: BTreeMap<JobId, u64>,
}

impl Known {
    fn of(left: &[(u64, u64)], takes: &[(u64, u64)]) -> Self {
        let by_id = |known: &[(u64, u64)]| known.iter().map(|(number, minutes)| (id(*number), *minutes)).collect();
        Self { left: by_id(left), takes: by_id(takes) }
    }
}

impl Pace for Known {
    fn left(&self, running: &JobRecord) -> Option<Duration> {
        self.left.get(&running.job.id).map(|minutes| Duration::from_secs(minutes * 60))
    }

    fn takes(&self, job: &Job, _worker: &Worker) -> Option<Duration> {
        self.takes.get(&job.id).map(|minutes| Duration::from_secs(minutes * 60))
    }
}

/// Worker and minutes of this job, of 99 where it is not submitted yet.
fn start(number: u64, workers: &[&str], jobs: &[JobRecord], known: &Known) -> Option<(String, u64)> {
    let (kinds, workers) = (Kinds::new(), workers.iter().map(|name| worker(name)).collect::<Vec<_>>());
    let extra = job(99);
    let prospects = Prospects::of(jobs, &workers, &kinds);
    let starts = prospects.forecast((number == 99).then_some(&extra), usize::MAX, known);
    starts.get(&id(number)).map(|start| (start.worker.id.clone(), start.after.as_secs() / 60))
}

fn on(worker: &str, minutes: u64) -> Option<(String, u64)> {
    Some((worker.to_owned(), minutes))
}

#[test]
fn a_job_starts_when_those_before_it_are_over() {
    let jobs = [running(1, "tom", "gpu-1"), waiting(2, "amick")];
    let known = Known::of(&[(1, 40)], &[(2, 10)]);
    assert_eq!(start(2, &["gpu-1"], &jobs, &known), on("gpu-1", 40));
    assert_eq!(start(99, &["gpu-1"], &jobs, &known), on("gpu-1", 50));
    assert_eq!(start(99, &["gpu-1", "gpu-2"], &jobs[..1], &known), on("gpu-2", 0), "one is free");
    // The user with the fewest running comes first, whoever came first.
    let jobs = [running(1, "tom", "gpu-1"), waiting(2, "tom"), waiting(3, "amick")];
    let known = Known::of(&[(1, 40)], &[(2, 10), (3, 7)]);
    assert_eq!(start(3, &["gpu-1"], &jobs, &known), on("gpu-1", 40));
    assert_eq!(start(2, &["gpu-1"], &jobs, &known), on("gpu-1", 47));
}

#[test]
fn each_takes_the_worker_that_is_free_first() {
    let jobs = [running(1, "tom", "gpu-1"), running(2, "tom", "gpu-2"), waiting(3, "amick"), waiting(4, "amick")];
    let known = Known::of(&[(1, 40), (2, 5)], &[(3, 10), (4, 100)]);
    assert_eq!(start(3, &["gpu-1", "gpu-2"], &jobs, &known), on("gpu-2", 5));
    assert_eq!(start(4, &["gpu-1", "gpu-2"], &jobs, &known), on("gpu-2", 15));
    assert_eq!(start(99, &["gpu-1", "gpu-2"], &jobs, &known), on("gpu-1", 40));
    // One that is for a worker waits for that one.
    let mut pinned = jobs;
    pinned[2].job.worker = Some("gpu-1".into());
    assert_eq!(start(3, &["gpu-1", "gpu-2"], &pinned, &known), on("gpu-1", 40));
}

#[test]
fn of_what_nothing_is_known_nothing_is_said() {
    let jobs = [running(1, "tom", "gpu-1"), running(2, "tom", "gpu-2"), waiting(3, "amick")];
    assert_eq!(start(3, &["gpu-1", "gpu-2"], &jobs, &Known::default()), None);
    // One of two workers is counted on; what that one does afterwards is not known either.
    let known = Known::of(&[(2, 5)], &[]);
    assert_eq!(start(3, &["gpu-1", "gpu-2"], &jobs, &known), on("gpu-2", 5));
    assert_eq!(start(99, &["gpu-1", "gpu-2"], &jobs, &known), None);
    // Nobody can serve it.
    let mut nobody = jobs.clone();
    nobody[2].job.worker = Some("gpu-3".into());
    assert_eq!(start(3, &["gpu-1", "gpu-2"], &nobody, &known), None);
    assert_eq!(start(99, &[], &jobs, &known), None);
}

proptest! {
    /// Where each takes as long as any other, a job waits for as many as are said to be before it.
    #[test]
    fn it_is_as_far_away_as_jobs_are_before_it(
        queued in proptest::collection::vec((any::<u8>(), any_job(0)), 0..12),
        busy in any::<bool>(),
        extra in any_job(50),
    ) {
        let mut jobs: Vec<JobRecord> = queued
            .into_iter()
            .enumerate()
            .map(|(at, (order, job))| {
                let number = at as u64 + 1;
                record(Job { id: id(number), ..job }, u64::from(order) * 100 + number)
            })
            .collect();
        if busy {
            jobs.push(running(30, "eve", "w0"));
        }
        let minute = |record: &JobRecord| (record.job.id, 1);
        let mut known = Known { left: jobs.iter().map(minute).collect(), takes: jobs.iter().map(minute).collect() };
        known.takes.insert(extra.id, 1);
        let (kinds, gpu) = (Kinds::new(), worker("w0"));
        let prospects = Prospects::of(&jobs, [&gpu], &kinds);
        let starts = prospects.forecast(None, usize::MAX, &known);
        let with_extra = prospects.forecast(Some(&extra), usize::MAX, &known);
        let queued = jobs.iter().filter(|record| record.state == JobState::Queued);
        let asked = queued.map(|record| (&record.job, Some(record), &starts)).chain([(&extra, None, &with_extra)]);
        for (job, record, starts) in asked {
            let before = match prospects.fits(job, record)[0].1 {
                Fit::Now => Some(0),
                Fit::Busy { before } => Some(u64::from(before)),
                Fit::No { .. } => None,
            };
            prop_assert_eq!(starts.get(&job.id).map(|start| start.after.as_secs() / 60), before);
        }
    }
}
