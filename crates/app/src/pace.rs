//! When a job that waits is likely to start: from how far those are that run, and how long others of their type took the same worker.
//! Nothing is said of what nothing was measured of.

use jiff::Timestamp;
use samepath_fleet::matching;
use samepath_wire::{AttemptState, Job, JobRecord, JobState, Worker, WorkerId};
use std::collections::HashMap;
use std::time::Duration;

/// Of a job type on a worker, the runs that ended last are looked at: so many.
const NEWEST: usize = 5;
/// With fewer than these nobody knows how long the next one takes,
const FEWEST: usize = 2;
/// nor where the longest took more than so many times as long as the shortest,
const SPREAD: u32 = 4;
/// unless even that one was short.
const SHORT: Duration = Duration::from_secs(60);
/// Below this share of a job nobody knows what is left of it,
const LEAST_PERCENT: f64 = 2.0;
/// and below this time neither.
const LEAST_TIME: Duration = Duration::from_secs(10);

/// How long jobs take, as measured until now.
#[derive(Debug)]
pub(crate) struct Pace {
    now: Timestamp,
    /// What a job takes, by type and worker: one with another GPU takes another time.
    typical: HashMap<String, HashMap<WorkerId, Duration>>,
}

impl Pace {
    pub(crate) fn of<'a>(jobs: impl IntoIterator<Item = &'a JobRecord>, now: Timestamp) -> Self {
        let mut runs: HashMap<(&str, &WorkerId), Vec<(Timestamp, Duration)>> = HashMap::new();
        for record in jobs.into_iter().filter(|record| record.state == JobState::Succeeded) {
            let Some(attempt) = record.attempts.last() else { continue };
            let Some(ended) = attempt.ended_at else { continue };
            if let Some(took) = between(attempt.assigned_at, ended) {
                runs.entry((&record.job.kind, &attempt.worker)).or_default().push((ended, took));
            }
        }
        let mut known: HashMap<String, HashMap<WorkerId, Duration>> = HashMap::new();
        for ((kind, worker), runs) in runs {
            if let Some(took) = typical(runs) {
                known.entry(kind.to_owned()).or_default().insert(worker.clone(), took);
            }
        }
        Self { now, typical: known }
    }

    fn typically(&self, job: &Job, worker: &str) -> Option<Duration> {
        self.typical.get(&job.kind)?.get(worker).copied()
    }

    fn by_progress(&self, record: &JobRecord) -> Option<Duration> {
        let (percent, at) = (record.progress.percent?, record.progress.at?);
        let took = between(record.attempts.last()?.assigned_at, at)?;
        if percent < LEAST_PERCENT || took < LEAST_TIME {
            return None;
        }
        let whole = took.mul_f64(100.0 / percent.min(100.0));
        (whole - took).checked_sub(between(at, self.now)?)
    }

    fn by_others(&self, record: &JobRecord) -> Option<Duration> {
        let attempt = record.attempts.last()?;
        let since = between(attempt.assigned_at, self.now)?;
        self.typically(&record.job, &attempt.worker)?.checked_sub(since)
    }
}

impl matching::Pace for Pace {
    /// What is overdue is not known, and neither is when one that was asked to stop has saved.
    fn left(&self, running: &JobRecord) -> Option<Duration> {
        let goes_on = running.attempts.last().is_some_and(|attempt| attempt.state != AttemptState::Ended);
        if running.stop.is_some() || !goes_on {
            return None;
        }
        self.by_progress(running).or_else(|| self.by_others(running))
    }

    fn takes(&self, job: &Job, worker: &Worker) -> Option<Duration> {
        self.typically(job, &worker.id)
    }
}

fn between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// The median of the newest, where they are alike enough to tell of the next one.
fn typical(mut runs: Vec<(Timestamp, Duration)>) -> Option<Duration> {
    runs.sort_unstable_by_key(|(ended, _)| std::cmp::Reverse(*ended));
    let mut took: Vec<Duration> = runs.into_iter().take(NEWEST).map(|(_, took)| took).collect();
    took.sort_unstable();
    let (shortest, longest) = (*took.first()?, *took.last()?);
    let alike = longest <= SHORT || longest <= shortest * SPREAD;
    (took.len() >= FEWEST && alike).then(|| took[took.len() / 2])
}

/// "about 1 min", "about 40 min", "about 2 h 30 min": no finer than anybody could know it.
pub(crate) fn about(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60).max(1);
    let round = |to: u64| (minutes + to / 2) / to * to;
    let minutes = match minutes {
        0..=9 => minutes,
        10..=59 => round(5),
        60..=599 => round(30),
        _ => round(60),
    };
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("about {minutes} min"),
        (hours, 0) => format!("about {hours} h"),
        (hours, minutes) => format!("about {hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_fleet::matching::Pace as _;
    use serde_json::json;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap()
    }

    /// A job of this type that a worker was given at `from`, in minutes, as it stands.
    fn given(kind: &str, state: &str, from: i64, ended: Option<i64>) -> JobRecord {
        let job = json!({
            "version": 1, "id": uuid::Uuid::nil(), "kind": kind, "name": "", "storages": {}, "submitted_by": "amick",
            "submitted_at": at(0),
        });
        let attempt_state = if ended.is_some() { "ended" } else { "running" };
        let attempt = json!({
            "number": 1, "worker": "w", "worker_name": "w", "state": attempt_state, "assigned_at": at(from),
            "ended_at": ended.map(at),
        });
        let record = json!({ "job": job, "order": 1, "state": state, "epoch": 1, "attempts": [attempt] });
        serde_json::from_value(record).unwrap()
    }

    fn worker(id: &str) -> Worker {
        let worker = json!({ "id": id, "name": id, "version": "1", "os": "linux", "host": id, "started_at": at(0) });
        serde_json::from_value(worker).unwrap()
    }

    fn takes(runs: &[(i64, i64)]) -> Option<u64> {
        let done: Vec<JobRecord> =
            runs.iter().map(|(from, to)| given("train", "succeeded", *from, Some(*to))).collect();
        let failed = given("train", "failed", 0, Some(1));
        let pace = Pace::of(done.iter().chain([&failed]), at(1000));
        let predicts = given("predict", "queued", 0, None).job;
        assert!(pace.takes(&predicts, &worker("w")).is_none(), "of another type nothing is known");
        assert!(pace.takes(&failed.job, &worker("v")).is_none(), "of another worker neither");
        pace.takes(&failed.job, &worker("w")).map(|took| took.as_secs() / 60)
    }

    #[test]
    fn a_job_takes_as_long_as_the_last_of_its_type_that_were_alike() {
        assert_eq!(takes(&[]), None);
        assert_eq!(takes(&[(0, 30)]), None, "one run tells little of the next");
        assert_eq!(takes(&[(0, 30), (30, 70)]), Some(40));
        assert_eq!(takes(&[(0, 30), (30, 70), (70, 105)]), Some(35));
        assert_eq!(takes(&[(0, 10), (10, 60)]), None, "nobody knows what a job of this type takes");
        assert_eq!(
            takes(&[(0, 500), (500, 530), (530, 560), (560, 590), (590, 620), (620, 650)]),
            Some(30),
            "the newest"
        );
    }

    /// Minutes that are left of a job that was at `percent` when `at` minutes had passed, after `now` minutes.
    fn left(percent: f64, at_minute: i64, now: i64, others: &[JobRecord]) -> Option<u64> {
        let mut record = given("train", "running", 0, None);
        record.progress.percent = Some(percent);
        record.progress.at = Some(at(at_minute));
        Pace::of(others, at(now)).left(&record).map(|left| left.as_secs() / 60)
    }

    #[test]
    fn what_runs_goes_on_as_it_went_so_far() {
        assert_eq!(left(50.0, 30, 30, &[]), Some(30));
        assert_eq!(left(50.0, 30, 40, &[]), Some(20), "time has passed since it was heard of");
        assert_eq!(left(50.0, 30, 90, &[]), None, "overdue is not known");
        assert_eq!(left(1.0, 30, 30, &[]), None, "hardly begun");
        assert_eq!(left(100.0, 30, 30, &[]), Some(0));
        // Of one that says nothing of itself, others of its type tell.
        let others = [given("train", "succeeded", -100, Some(-60)), given("train", "succeeded", -60, Some(-20))];
        assert_eq!(left(0.0, 0, 10, &others), Some(30));
        assert_eq!(left(0.0, 0, 50, &others), None);
        let mut stopping = given("train", "running", 0, None);
        stopping.stop = Some(serde_json::from_value(json!({ "mode": "stop", "by": "amick", "at": at(1) })).unwrap());
        assert!(Pace::of(&others, at(1)).left(&stopping).is_none());
    }

    #[test]
    fn a_time_is_told_no_finer_than_it_is_known() {
        for (seconds, words) in [
            (0, "about 1 min"),
            (61, "about 2 min"),
            (9 * 60, "about 9 min"),
            (38 * 60, "about 40 min"),
            (57 * 60, "about 55 min"),
            (58 * 60, "about 1 h"),
            (140 * 60, "about 2 h 30 min"),
            (11 * 3600 + 29 * 60, "about 11 h"),
        ] {
            assert_eq!(about(Duration::from_secs(seconds)), words, "{seconds} s");
        }
    }
}
