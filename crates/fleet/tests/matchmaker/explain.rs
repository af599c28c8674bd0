use crate::samples::*;
use proptest::prelude::*;
use samepath_fleet::matching::{Kinds, Prospects, reasons};
use samepath_fleet::matchmaker::Event;
use samepath_wire::*;
use std::collections::BTreeMap;

/// What one worker is to one job, asked of these jobs alone.
fn fit(job: &Job, record: Option<&JobRecord>, worker: &Worker, jobs: &[JobRecord]) -> Fit {
    let kinds = Kinds::new();
    let [(_, fit)] = Prospects::of(jobs, [worker], &kinds).fits(job, record).try_into().expect("one worker");
    fit
}

/// The same, written as the rule reads: job by job, everything anew.
fn by_the_rule(job: &Job, record: Option<&JobRecord>, worker: &Worker, jobs: &[JobRecord]) -> Fit {
    let why_not = |job: &Job, record| reasons(job, record, worker, &Kinds::new());
    let reasons = why_not(job, record);
    if !reasons.is_empty() {
        return Fit::No { reasons };
    }
    let live = |record: &&JobRecord| record.attempts.last().is_some_and(|last| last.state != AttemptState::Ended);
    let others: Vec<&JobRecord> = jobs.iter().filter(|other| other.job.id != job.id).collect();
    let runs = |user: &str| others.iter().filter(|other| live(other) && other.job.submitted_by == user).count();
    let busy =
        others.iter().any(|other| live(other) && other.attempts.last().is_some_and(|last| last.worker == worker.id));
    let mut queued: Vec<(&str, u64)> = others
        .iter()
        .filter(|other| other.state == JobState::Queued && why_not(&other.job, Some(other)).is_empty())
        .map(|other| (other.job.submitted_by.as_str(), other.order))
        .collect();
    let own = record.map_or(u64::MAX, |record| record.order);
    queued.push((&job.submitted_by, own));
    // Turn by turn: the user with the fewest running, then the oldest.
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut before = u32::from(busy);
    loop {
        let turn = |(user, order): &&(&str, u64)| {
            let first = queued.iter().filter(|(other, _)| other == user).map(|(_, order)| *order).min();
            (runs(user) + taken.get(user).copied().unwrap_or(0), first, *order)
        };
        let next = *queued.iter().min_by_key(turn).expect("the job itself is among them");
        if next == (job.submitted_by.as_str(), own) {
            return if before == 0 { Fit::Now } else { Fit::Busy { before } };
        }
        before += 1;
        *taken.entry(next.0).or_default() += 1;
        queued.retain(|other| *other != next);
    }
}

pub(crate) fn running(number: u64, member: &str, on: &str) -> JobRecord {
    let mut record = record(job(number), number);
    record.job.submitted_by = member.to_owned();
    record.state = JobState::Running;
    record.attempts.push(Attempt {
        number: 1,
        worker: on.to_owned(),
        worker_name: on.to_owned(),
        state: AttemptState::Running,
        assigned_at: jiff::Timestamp::UNIX_EPOCH,
        confirmed_at: Some(jiff::Timestamp::UNIX_EPOCH),
        ended_at: None,
        end: None,
        survivors: false,
        log_file: None,
        told: false,
        own_output: false,
    });
    record
}

pub(crate) fn waiting(number: u64, member: &str) -> JobRecord {
    let mut record = record(job(number), number);
    record.job.submitted_by = member.to_owned();
    record
}

#[test]
fn jobs_that_come_first_are_counted() {
    let fit = |jobs: &[JobRecord]| fit(&job(99), None, &worker("gpu-1"), jobs);
    assert_eq!(fit(&[]), Fit::Now);
    assert_eq!(fit(&[running(1, "tom", "gpu-2")]), Fit::Now);
    assert_eq!(fit(&[running(1, "tom", "gpu-1")]), Fit::Busy { before: 1 });
    assert_eq!(fit(&[running(1, "tom", "gpu-1"), waiting(2, "amick")]), Fit::Busy { before: 2 });
    // Tom has one running and amick none: amick's turn comes before tom's queue.
    assert_eq!(fit(&[running(1, "tom", "gpu-1"), waiting(2, "tom"), waiting(3, "tom")]), Fit::Busy { before: 1 });
    // Neither has one running: tom's first came first, and then it is amick's turn.
    assert_eq!(fit(&[waiting(2, "tom"), waiting(3, "tom"), waiting(4, "tom")]), Fit::Busy { before: 1 });
    // What this worker cannot serve does not stand before.
    let mut elsewhere = waiting(2, "tom");
    elsewhere.job.worker = Some("gpu-2".into());
    assert_eq!(fit(&[elsewhere]), Fit::Now);
    // The job itself may be among them.
    let own = waiting(5, "amick");
    let jobs = [own, waiting(6, "amick")];
    assert_eq!(super::explain::fit(&jobs[0].job, Some(&jobs[0]), &worker("gpu-1"), &jobs), Fit::Now);
}

fn any_worker(name: String) -> impl Strategy<Value = Worker> {
    let state = prop_oneof![
        3 => Just(BackendState::Ready),
        1 => Just(BackendState::ReadOnly),
        1 => Just(BackendState::NotAnswering)
    ];
    let id = prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))];
    (proptest::option::weighted(0.9, (state, id)), proptest::bool::weighted(0.9)).prop_map(move |(vast, able)| {
        let mut worker = worker(&name);
        worker.backends = BTreeMap::new();
        if let Some((state, id)) = vast {
            worker.backends.insert("vast".into(), advert(state, id));
        }
        if !able {
            worker.kinds.clear();
        }
        worker
    })
}

pub(crate) fn any_job(number: u64) -> impl Strategy<Value = Job> {
    let id = prop_oneof![Just(None), Just(Some("a".to_owned()))];
    let access = prop_oneof![Just(Access::Read), Just(Access::Write)];
    let member = prop_oneof![Just("amick"), Just("tom")];
    let pin = proptest::option::weighted(0.2, prop_oneof![Just("w0".to_owned()), Just("w1-name".to_owned())]);
    (id, access, member, pin).prop_map(move |(id, access, member, pin)| {
        let mut job = job(number);
        job.storages.insert("vast".into(), StorageNeed { id, access });
        job.submitted_by = member.to_owned();
        job.worker = pin;
        job
    })
}

/// A job that waits, or runs on a worker, of one of these users.
fn any_record(number: u64) -> impl Strategy<Value = JobRecord> {
    let at = prop_oneof![3 => Just(None), 1 => Just(Some("w0")), 1 => Just(Some("w1"))];
    let excludes = proptest::option::weighted(0.2, prop_oneof![Just("w0"), Just("w2")]);
    (any_job(number), at, excludes, 0..20u64).prop_map(move |(job, at, excludes, shift)| {
        let mut made = match at {
            Some(worker) => running(number, &job.submitted_by, worker),
            None => waiting(number, &job.submitted_by),
        };
        // Who came first is told by the order alone, not by the id.
        (made.job, made.order) = (job, (number * 31 + shift * 100) % 2000);
        made.excluded.extend(excludes.map(|worker| Exclusion {
            worker: worker.to_owned(),
            worker_name: worker.to_owned(),
            failure: Failure {
                cause: Cause::BackendNotAvailable,
                message: "vast is not there".to_owned(),
                exit_code: None,
                last_line: None,
            },
        }));
        made
    })
}

proptest! {
    /// Asked of everything at once, the answer is what the rule says of each alone.
    #[test]
    fn everybody_at_once_is_told_what_each_alone_is(
        workers in (1..4usize).prop_flat_map(|count| (0..count).map(|at| any_worker(format!("w{at}"))).collect::<Vec<_>>()),
        jobs in (0..16u64).prop_flat_map(|count| (1..=count).map(any_record).collect::<Vec<_>>()),
        draft in any_job(99),
    ) {
        let kinds = Kinds::new();
        let prospects = Prospects::of(&jobs, &workers, &kinds);
        let alone = |job: &Job, record: Option<&JobRecord>| -> Vec<(&Worker, Fit)> {
            workers.iter().map(|worker| (worker, by_the_rule(job, record, worker, &jobs))).collect()
        };
        prop_assert_eq!(prospects.fits(&draft, None), alone(&draft, None));
        for record in jobs.iter().filter(|record| record.state == JobState::Queued) {
            let mut expected = alone(&record.job, Some(record));
            prop_assert_eq!(prospects.fits(&record.job, Some(record)), expected.clone());
            let rank = |fit: &Fit| match fit {
                Fit::Now => 0,
                Fit::Busy { before } => *before,
                Fit::No { .. } => u32::MAX,
            };
            expected.sort_by_key(|(_, fit)| rank(fit));
            let soonest = prospects.soonest(record);
            // Those of one rank by name, and of those that cannot, the ones that cannot for the same reasons together.
            let told = soonest.iter().flat_map(|alike| alike.workers.iter().map(|worker| (*worker, alike.fit.clone())));
            let mut told: Vec<(&Worker, Fit)> = told.collect();
            prop_assert!(told.is_sorted_by_key(|(_, fit)| rank(fit)));
            told.sort_by_key(|(worker, fit)| (rank(fit), &worker.name));
            prop_assert_eq!(told, expected);
            for (at, alike) in soonest.iter().enumerate() {
                prop_assert!(soonest[..at].iter().all(|before| before.fit != alike.fit), "said twice: {:?}", alike.fit);
            }
        }
    }

    /// What people are told and what is done never differ, whatever order things come in.
    #[test]
    fn the_explanation_and_the_choice_agree(
        workers in (1..4usize).prop_flat_map(|count| (0..count).map(|at| any_worker(format!("w{at}"))).collect::<Vec<_>>()),
        jobs in (1..8u64).prop_flat_map(|count| (1..=count).map(any_job).collect::<Vec<_>>()),
        asks in proptest::collection::vec(0..4usize, 0..6),
    ) {
        let mut bench = Bench::new();
        for worker in &workers {
            bench.online(worker.clone());
        }
        let mut asks = asks.into_iter();
        for job in jobs {
            // Before: what would be said of a job that is not submitted yet.
            let known: Vec<JobRecord> = bench.state.jobs().cloned().collect();
            let said: Vec<(Worker, Fit)> = workers
                .iter()
                .map(|worker| (worker.clone(), fit(&job, None, worker, &known)))
                .collect();
            let asking: Vec<bool> = workers.iter().map(|worker| bench.state.is_asking(&worker.id)).collect();
            let id = job.id;
            bench.submit(job).unwrap();
            let given = bench.state.job(id).unwrap().attempts.last().map(|attempt| attempt.worker.clone());
            for ((worker, fit), asked) in said.iter().zip(asking) {
                if given.as_ref() == Some(&worker.id) {
                    prop_assert_eq!(fit, &Fit::Now, "{} was given it", worker.id);
                } else if given.is_none() && asked {
                    prop_assert!(matches!(fit, Fit::No { .. }), "{} asked, and got nothing, but {:?}", worker.id, fit);
                }
            }
            // Then a worker asks: it gets the job of which it was said that it can start now, if there is one.
            if let Some(asker) = asks.next().and_then(|at| workers.get(at)).filter(|asker| !bench.state.is_asking(&asker.id)) {
                let known: Vec<JobRecord> = bench.state.jobs().cloned().collect();
                let now: Vec<JobId> = known
                    .iter()
                    .filter(|record| record.state == JobState::Queued)
                    .filter(|record| fit(&record.job, Some(record), asker, &known) == Fit::Now)
                    .map(|record| record.job.id)
                    .collect();
                let live = known.iter().any(|record| {
                    record.attempts.last().is_some_and(|last| last.worker == asker.id && last.state != AttemptState::Ended)
                });
                let given = if live {
                    None
                } else {
                    let ticket = bench.claim(&asker.id, &[], true);
                    bench.claimed(ticket).and_then(|answer| answer.assignment).map(|assignment| assignment.job.id)
                };
                prop_assert_eq!(now, given.into_iter().collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a_worker_that_leaves_is_given_nothing() {
    let mut bench = Bench::new();
    bench.online(worker("gpu-1"));
    let ticket = bench.claim("gpu-1", &[], true);
    bench.handle(Event::WorkerGone("gpu-1".into()));
    bench.submit(job(1)).unwrap();
    assert_eq!(bench.claimed(ticket), None);
    assert_eq!(bench.job(1).state, JobState::Queued);
}
