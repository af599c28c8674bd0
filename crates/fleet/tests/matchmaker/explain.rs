use crate::samples::*;
use proptest::prelude::*;
use samepath_fleet::matching::{Kinds, explain};
use samepath_fleet::matchmaker::Event;
use samepath_wire::*;
use std::collections::BTreeMap;

fn running(number: u64, member: &str, on: &str) -> JobRecord {
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
        told: false,
        own_output: false,
    });
    record
}

fn waiting(number: u64, member: &str) -> JobRecord {
    let mut record = record(job(number), number);
    record.job.submitted_by = member.to_owned();
    record
}

#[test]
fn jobs_that_come_first_are_counted() {
    let fit = |jobs: &[JobRecord]| explain(&job(99), None, &worker("gpu-1"), &Kinds::new(), jobs);
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
    let fit = explain(&own.job, Some(&own), &worker("gpu-1"), &Kinds::new(), [&own, &waiting(6, "amick")]);
    assert_eq!(fit, Fit::Now);
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

fn any_job(number: u64) -> impl Strategy<Value = Job> {
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

proptest! {
    /// What people are told and what is done never differ, whatever order things come in.
    #[test]
    fn the_explanation_and_the_choice_agree(
        workers in (1..4usize).prop_flat_map(|count| (0..count).map(|at| any_worker(format!("w{at}"))).collect::<Vec<_>>()),
        jobs in (1..8u64).prop_flat_map(|count| (1..=count).map(any_job).collect::<Vec<_>>()),
        asks in proptest::collection::vec(0..4usize, 0..6),
    ) {
        let (mut bench, kinds) = (Bench::new(), Kinds::new());
        for worker in &workers {
            bench.online(worker.clone());
        }
        let mut asks = asks.into_iter();
        for job in jobs {
            // Before: what would be said of a job that is not submitted yet.
            let known: Vec<JobRecord> = bench.state.jobs().cloned().collect();
            let said: Vec<(Worker, Fit)> = workers
                .iter()
                .map(|worker| (worker.clone(), explain(&job, None, worker, &kinds, &known)))
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
                    .filter(|record| explain(&record.job, Some(record), asker, &kinds, &known) == Fit::Now)
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
