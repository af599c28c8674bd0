//! What is not confirmed, not heard of, lost, or unfit to be run there.

use crate::samples::*;
use samepath_fleet::matchmaker::{Event, Order};
use samepath_wire::*;
use std::slice::from_ref;

#[test]
fn what_is_not_confirmed_goes_back() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let given = bench.take("gpu-1");
    bench.pass(4);
    assert_eq!(bench.job(1).state, JobState::Assigned);
    bench.pass(1);
    let record = bench.job(1);
    assert_eq!((record.state, record.attempts.len()), (JobState::Queued, 0));
    let attempt = AttemptRef { job: id(1), attempt: 1 };
    assert_eq!(bench.confirm("gpu-1", &attempt, given.epoch), ConfirmAnswer::Withdrawn);
    // The same number, given to another: the first is still withdrawn.
    bench.take("gpu-2");
    assert_eq!(bench.confirm("gpu-1", &attempt, given.epoch), ConfirmAnswer::Withdrawn);
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Superseded);
    assert_eq!(bench.confirm("gpu-2", &attempt, given.epoch), ConfirmAnswer::Go);
    assert_eq!(bench.confirm("gpu-2", &attempt, given.epoch), ConfirmAnswer::Go);
}

#[test]
fn an_assignment_lost_on_the_way_is_sent_again() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let first = bench.take("gpu-1");
    assert_eq!(bench.take("gpu-1"), first);
    assert_eq!(bench.job(1).attempts.len(), 1);
}

#[test]
fn a_confirm_of_a_later_epoch_ends_this_one() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let given = bench.take("gpu-1");
    let confirm = Confirm { attempt: AttemptRef { job: id(1), attempt: 1 }, epoch: given.epoch + 1 };
    bench.ask(|ticket| Event::Confirm { ticket, worker: "gpu-1".into(), confirm });
    assert!(bench.stepped_down);
}

#[test]
fn a_confirmed_attempt_that_a_claim_does_not_name_is_lost() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    let ticket = bench.claim("gpu-1", std::slice::from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket), Some(ClaimAnswer::default()));
    assert_eq!(bench.job(1).attempts[0].end, None);
    // The worker is its own proof, so that the next attempt may write to the same folder.
    let next = bench.take("gpu-1");
    assert_eq!((next.attempt, next.own_output), (2, false));
    assert!(matches!(bench.job(1).attempts[0].end, Some(AttemptEnd::Lost { proved: true, .. })));
}

#[test]
fn what_is_held_and_not_known_is_forgotten() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    let unknown = AttemptRef { job: id(9), attempt: 1 };
    let ticket = bench.claim("gpu-1", std::slice::from_ref(&unknown), true);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [unknown]);
    // Somebody else's.
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-2");
    let ticket = bench.claim("gpu-1", std::slice::from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, std::slice::from_ref(&attempt));
    // Ended.
    bench.end("gpu-2", &attempt, succeeded());
    let ticket = bench.claim("gpu-2", std::slice::from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [attempt]);
}

#[test]
fn silence_for_the_lease_is_a_loss_without_proof() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.pass(299);
    assert_eq!(bench.job(1).state, JobState::Assigned);
    // Any word renews: here the worker's own record.
    bench.online(Worker { holds: vec![attempt.clone()], ..worker("gpu-1") });
    bench.pass(299);
    assert_eq!(bench.job(1).state, JobState::Assigned);
    bench.pass(1);
    assert_eq!(bench.job(1).state, JobState::Queued);
    let next = bench.take("gpu-2");
    assert_eq!((next.attempt, next.own_output), (2, true));
    // The first comes back too late, and is told so.
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Superseded);
    let ticket = bench.claim("gpu-1", std::slice::from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [attempt]);
}

#[test]
fn an_attempt_that_ended_and_left_something_running_shares_its_folder_with_no_other() {
    let ends = [succeeded(), AttemptEnd::Failed { failure: failure(Cause::ExitCode, "ended with 1") }];
    for end in ends.into_iter().chain([AttemptEnd::Cancelled { outputs: Manifest::default() }]) {
        for survivors in [true, false] {
            let mut bench = bench(&["gpu-1"]);
            bench.submit(job(1)).unwrap();
            let attempt = bench.start("gpu-1");
            bench.report("gpu-1", &attempt, ReportEvent::Ended { end: end.clone(), survivors });
            assert_eq!(bench.job(1).attempts[0].survivors, survivors);
            // Also as far as the next matchmaker knows.
            bench.restart();
            bench.online(worker("gpu-1"));
            if bench.order(1, Order::Retry).is_ok() {
                let next = bench.take("gpu-1");
                assert_eq!((next.attempt, next.own_output), (2, survivors), "{end:?}");
            }
        }
    }
}

#[test]
fn a_loss_is_not_proved_where_something_would_not_end() {
    for survivors in [true, false] {
        let mut bench = bench(&["gpu-1"]);
        bench.submit(job(1)).unwrap();
        let attempt = bench.start("gpu-1");
        let end = AttemptEnd::Lost { reason: "its worker was told to end".to_owned(), proved: true };
        bench.report("gpu-1", &attempt, ReportEvent::Ended { end, survivors });
        let next = bench.take("gpu-1");
        assert_eq!((next.attempt, next.own_output), (2, survivors));
    }
}

#[test]
fn work_that_nobody_else_was_given_goes_on() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.pass(400);
    assert_eq!(bench.job(1).state, JobState::Queued);
    let ticket = bench.claim("gpu-1", std::slice::from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket), Some(ClaimAnswer::default()));
    assert_eq!((bench.job(1).state, bench.job(1).attempts.len()), (JobState::Running, 1));
    bench.pass(400);
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Accepted);
    assert_eq!(bench.job(1).state, JobState::Succeeded);
}

#[test]
fn leases_count_only_while_this_matchmaker_runs() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    bench.start("gpu-1");
    bench.pass(290);
    // Asleep for a day.
    bench.now += std::time::Duration::from_secs(24 * 3600);
    bench.pass(290);
    assert_eq!(bench.job(1).state, JobState::Assigned);
    // A new matchmaker, with whatever clock.
    bench.restart();
    bench.pass(290);
    assert_eq!(bench.job(1).state, JobState::Assigned);
    bench.pass(20);
    assert_eq!(bench.job(1).state, JobState::Queued);
}

#[test]
fn three_losses_fail_a_job_and_name_each() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    for _ in 0..3 {
        let attempt = bench.start("gpu-1");
        assert_eq!(bench.end("gpu-1", &attempt, lost(true)), ReportAnswer::Accepted);
        assert_eq!(bench.end("gpu-1", &attempt, lost(true)), ReportAnswer::Accepted);
    }
    let record = bench.job(1);
    assert_eq!((record.state, record.attempts.len()), (JobState::Failed, 3));
    let failure = record.failure.as_ref().unwrap();
    assert_eq!(failure.cause, Cause::Lost);
    for words in ["lost 3 times", "try 1", "try 2", "try 3", "the guard died"] {
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    // A retry counts anew.
    bench.order(1, Order::Retry).unwrap();
    let attempt = bench.start("gpu-1");
    assert_eq!(attempt.attempt, 4);
    bench.end("gpu-1", &attempt, lost(true));
    assert_eq!(bench.job(1).state, JobState::Queued);
}

/// A worker that was given up for want of news tells of the end while another, which does not take it, was given the job.
#[test]
fn an_end_that_is_told_while_another_was_given_the_job_is_not_gone_on_with() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.pass(300);
    assert_eq!(bench.job(1).state, JobState::Queued);
    assert_eq!(bench.take("gpu-2").attempt, 2);
    bench.end("gpu-1", &attempt, lost(false));
    bench.pass(6);
    assert_eq!(bench.job(1).state, JobState::Queued, "it was not confirmed");
    // A claim that was made before that answer came names it still.
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [attempt]);
    assert!(bench.take("gpu-2").own_output, "something of the first may still write");
}

#[test]
fn unfit_workers_are_excluded_until_nobody_is_left() {
    let mut elsewhere = worker("gpu-3");
    elsewhere.backends.clear();
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.online(elsewhere);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, unfit("no labels.slp here"));
    assert_eq!(bench.job(1).state, JobState::Queued);
    let ticket = bench.claim("gpu-1", &[], true);
    assert_eq!(bench.claimed(ticket), None);
    let attempt = bench.start("gpu-2");
    bench.end("gpu-2", &attempt, unfit("nor here"));
    let record = bench.job(1).clone();
    let failure = record.failure.unwrap();
    assert_eq!((record.state, failure.cause), (JobState::Failed, Cause::NoWorker));
    for words in ["gpu-1-name: no labels.slp here", "gpu-2-name: nor here"] {
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    // A retry asks everybody again.
    let record = bench.order(1, Order::Retry).unwrap();
    assert_eq!((record.excluded.len(), record.failure), (0, None));
    assert_eq!(bench.job(1).attempts.last().unwrap().worker, "gpu-1");
}

/// Three workers whose storage is marked or not, and what becomes of a job of which each in turn says that its input is gone.
fn input_gone(marks: [Option<&str>; 3], confirmed: &[&str]) -> (usize, JobRecord) {
    let names = ["gpu-1", "gpu-2", "gpu-3"];
    let mut bench = bench(&[]);
    for (name, mark) in names.into_iter().zip(marks) {
        let mut worker = worker(name);
        worker.backends.insert("vast".into(), advert(BackendState::Ready, mark));
        bench.online(worker);
    }
    let mut wanted = job(1);
    let need = StorageNeed { id: Some("mark".into()), access: Access::Write };
    wanted.storages = [("vast".to_owned(), need)].into();
    let confirmed = confirmed.iter().map(|name| (*name).to_owned()).collect();
    wanted.confirmed = [("vast".to_owned(), confirmed)].into();
    bench.submit(wanted).expect("a good job");
    let mut tries = 0;
    for name in names {
        let ticket = bench.claim(name, &[], true);
        let Some(given) = bench.claimed(ticket).and_then(|answer| answer.assignment) else { break };
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        bench.confirm(name, &attempt, given.epoch);
        let gone = failure(Cause::InputChanged, &format!("{name} does not find labels.slp"));
        bench.end(name, &attempt, AttemptEnd::Unfit { failure: gone });
        tries += 1;
    }
    (tries, bench.job(1).clone())
}

#[test]
fn an_input_that_is_gone_ends_the_job_once_that_is_not_one_worker_s_mount_alone() {
    let failed = |(tries, record): (usize, JobRecord)| {
        let failure = record.failure.expect("failed");
        assert_eq!((record.state, failure.cause), (JobState::Failed, Cause::InputChanged));
        assert!(failure.message.ends_with("does not find labels.slp"), "{failure:?}");
        tries
    };
    let (marked, unknown) = (Some("mark"), None);
    assert_eq!(failed(input_gone([marked, marked, marked], &[])), 1, "it is the very storage");
    assert_eq!(failed(input_gone([unknown, unknown, unknown], &["gpu-1"])), 1, "it proved that it reads the input");
    assert_eq!(failed(input_gone([unknown, unknown, unknown], &[])), 2, "one mount may be wrong");
    assert_eq!(failed(input_gone([unknown, unknown, marked], &[])), 3, "who has the very storage is to look");
}

#[test]
fn an_input_that_the_only_worker_does_not_find_is_the_job_s_failure() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    let gone = failure(Cause::InputChanged, "labels.slp is not there");
    bench.end("gpu-1", &attempt, AttemptEnd::Unfit { failure: gone.clone() });
    assert_eq!(bench.job(1).failure, Some(gone));
}

#[test]
fn a_job_that_somebody_may_yet_serve_waits() {
    let mut looking = worker("gpu-2");
    looking.backends.insert("vast".into(), advert(BackendState::Unknown, None));
    let mut bench = bench(&["gpu-1"]);
    bench.online(looking.clone());
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, unfit("no labels.slp here"));
    assert_eq!(bench.job(1).state, JobState::Queued);
    looking.backends.insert("vast".into(), advert(BackendState::Missing, None));
    bench.online(looking);
    assert_eq!(bench.job(1).state, JobState::Failed);
}

#[test]
fn a_job_waits_for_a_gpu_that_somebody_uses() {
    let gpu = |taken: bool| {
        let by = GpuUse { user: Some("tom".into()), program: Some("python".into()), memory: 21_000 };
        Gpu { name: "A40".into(), memory: 46_000, busy: None, taken: taken.then_some(by) }
    };
    let with = |name: &str, taken| Worker {
        gpus: vec![gpu(taken)],
        amounts: [("amount.worker.gpu".to_owned(), 1.0)].into(),
        ..worker(name)
    };
    let mut bench = bench(&[]);
    bench.online(with("gpu-1", false));
    bench.online(with("gpu-2", true));
    let needs = serde_json::json!({ "amounts": [{ "name": "amount.worker.gpu", "min": 1 }] });
    bench.handle(Event::KindSeen(Box::new(kind(needs))));
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, unfit("no labels.slp here"));
    assert_eq!(bench.job(1).state, JobState::Queued);
    bench.online(with("gpu-2", false));
    assert_eq!(bench.take("gpu-2").job.id, id(1));
}

#[test]
fn one_that_slept_waits_for_workers_before_it_gives_up() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, unfit("no labels.slp here"));
    bench.pass(10);
    bench.now += std::time::Duration::from_secs(3600);
    // Who was not heard of meanwhile is taken for gone.
    bench.handle(Event::WorkerGone("gpu-2".into()));
    bench.pass(1);
    assert_eq!(bench.job(1).state, JobState::Queued);
    bench.pass(5);
    assert_eq!(bench.job(1).state, JobState::Failed);
}

#[test]
fn a_new_matchmaker_waits_for_workers_before_it_gives_up() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, unfit("no labels.slp here"));
    bench.restart();
    bench.online(worker("gpu-1"));
    bench.pass(1);
    assert_eq!(bench.job(1).state, JobState::Queued);
    bench.pass(5);
    assert_eq!(bench.job(1).state, JobState::Failed);
}
