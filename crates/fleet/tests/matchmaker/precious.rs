//! Work is precious: what goes on, what never comes back, and what is left alone.

use crate::samples::*;
use samepath_fleet::matchmaker::{Answer, Event, KEPT_JOBS, Order, State, Timing};
use samepath_wire::*;
use std::slice::from_ref;

fn started() -> (Bench, AttemptRef) {
    let mut bench = Bench::new();
    bench.online(worker("gpu-1"));
    bench.submit(job(1)).expect("a good job");
    let attempt = bench.start("gpu-1");
    (bench, attempt)
}

#[test]
fn a_job_whose_record_cannot_be_read_is_left_alone() {
    let (mut bench, attempt) = started();
    bench.restart();
    bench.state.leave_alone(id(1));
    bench.online(worker("gpu-1"));
    let (written, writes) = (bench.written.clone(), bench.writes);
    // Its worker is never told to end it, whatever it asks.
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    let answer = bench.claimed(ticket).unwrap();
    assert_eq!((answer.unreadable.as_slice(), answer.forget), (from_ref(&attempt), vec![]));
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Unreadable);
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Unreadable);
    let confirm = Confirm { attempt: attempt.clone(), epoch: bench.state.epoch() };
    let ticket = bench.ask(|ticket| Event::Confirm { ticket, worker: "gpu-1".into(), confirm });
    let Some(Answer::Refused(refused)) = bench.answer(ticket) else { panic!("not refused") };
    assert!(refused.message.contains("cannot be read"), "{refused}");
    // Nor does anybody else touch it.
    bench.pass(600);
    for order in [Order::Stop, Order::Kill, Order::Retry] {
        assert_eq!(bench.order(1, order).unwrap_err().code, "internal");
    }
    assert_eq!(bench.submit(job(1)).unwrap_err().code, "internal");
    assert_eq!((&bench.written, bench.writes), (&written, writes));
    // Its worker, which has told its end to nobody, is given other work, and the job to nobody.
    bench.submit(job(2)).unwrap();
    let ticket = bench.claim("gpu-1", from_ref(&attempt), true);
    assert_eq!(bench.claimed(ticket).unwrap().assignment.unwrap().job.id, id(2));
}

#[test]
fn what_its_worker_said_is_lost_never_comes_back() {
    let (mut bench, attempt) = started();
    assert_eq!(bench.end("gpu-1", &attempt, lost(false)), ReportAnswer::Accepted);
    // A claim that was made before that answer came.
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, from_ref(&attempt));
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Superseded);
    assert_eq!(bench.job(1).state, JobState::Queued);
    // What is left of it may still write: the next one keeps out of its way.
    let next = bench.take("gpu-1");
    assert_eq!((next.attempt, next.own_output), (2, true));
    // Not even under a new matchmaker.
    let (mut bench, attempt) = started();
    bench.end("gpu-1", &attempt, lost(false));
    bench.restart();
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [attempt]);
}

#[test]
fn what_was_not_heard_of_and_is_then_said_to_be_lost_never_comes_back() {
    let (mut bench, attempt) = started();
    bench.pass(400);
    assert_eq!(bench.job(1).state, JobState::Queued);
    assert_eq!(bench.end("gpu-1", &attempt, lost(false)), ReportAnswer::Accepted);
    let writes = bench.writes;
    assert_eq!(bench.end("gpu-1", &attempt, lost(false)), ReportAnswer::Accepted);
    assert_eq!(bench.writes, writes, "said again, it changes nothing");
    // A claim that was made before that answer came.
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, from_ref(&attempt));
    let next = bench.take("gpu-1");
    assert_eq!((next.attempt, next.own_output), (2, true));
}

#[test]
fn what_was_not_heard_of_goes_on_under_a_new_matchmaker_too() {
    let (mut bench, attempt) = started();
    bench.pass(400);
    assert_eq!(bench.job(1).state, JobState::Queued);
    bench.restart();
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Accepted);
    assert_eq!((bench.job(1).state, bench.job(1).attempts.len()), (JobState::Succeeded, 1));
}

#[test]
fn what_ran_before_a_retry_never_comes_back() {
    let (mut bench, attempt) = started();
    bench.order(1, Order::Stop).unwrap();
    bench.pass(400);
    assert_eq!(bench.job(1).state, JobState::Cancelled);
    bench.order(1, Order::Retry).unwrap();
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, from_ref(&attempt));
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Superseded);
    assert!(bench.take("gpu-1").own_output);
}

#[test]
fn what_was_asked_to_end_while_its_worker_was_away_ends() {
    let (mut bench, attempt) = started();
    bench.handle(Event::WorkerGone("gpu-1".into()));
    let record = bench.order(1, Order::Kill).unwrap();
    assert_eq!((record.state, record.stop.unwrap().mode), (JobState::Assigned, StopMode::Kill));
    // It comes back in time: it learns the wish from the record, and tells the end.
    bench.online(worker("gpu-1"));
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket), Some(ClaimAnswer::default()));
    bench.end("gpu-1", &attempt, AttemptEnd::Cancelled { outputs: Manifest::default() });
    assert_eq!(bench.job(1).state, JobState::Cancelled);
    // Or it does not: the job is over, and the attempt is to end whenever its worker comes.
    let (mut bench, attempt) = started();
    bench.order(1, Order::Kill).unwrap();
    bench.pass(300);
    assert_eq!(bench.job(1).state, JobState::Cancelled);
    let ticket = bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.claimed(ticket).unwrap().forget, [attempt]);
}

#[test]
fn of_what_has_ended_the_newest_is_kept_and_all_that_has_not() {
    let ended = |number: u64, second: i64| {
        let mut ended = record(job(number), number);
        let at = jiff::Timestamp::from_second(1_700_000_000 + second).unwrap();
        ended.state = JobState::Failed;
        ended.history.push(StateChange { state: JobState::Failed, at, reason: String::new() });
        ended
    };
    let count = KEPT_JOBS as u64 + 40;
    // The first to arrive ended last; one waits, and one runs.
    let mut records: Vec<JobRecord> = (1..=count).rev().map(|number| ended(number, -(number as i64))).collect();
    records.push(record(job(9_001), 9_001));
    let mut running = ended(9_002, -9_999_999);
    running.state = JobState::Running;
    let end = AttemptEnd::Lost { reason: "x".into(), proved: true };
    let first = Attempt {
        number: 1,
        worker: "gpu-1".into(),
        worker_name: "gpu-1".into(),
        state: AttemptState::Ended,
        assigned_at: jiff::Timestamp::UNIX_EPOCH,
        confirmed_at: Some(jiff::Timestamp::UNIX_EPOCH),
        ended_at: None,
        end: Some(end),
        survivors: false,
        log_file: None,
        told: true,
        own_output: false,
    };
    let second = Attempt { number: 2, state: AttemptState::Running, end: None, told: false, ..first.clone() };
    running.attempts = vec![first, second];
    records.push(running);
    let mut bench = Bench::new();
    bench.written = records.iter().map(|record| (record.job.id, record.clone())).collect();
    bench.state = State::rebuild(9, Timing::default(), records, at(bench.now));
    bench.pass(1);
    assert!(bench.written.len() > KEPT_JOBS + 2, "they go a few at a time");
    bench.pass(5);
    assert_eq!(bench.written.len(), KEPT_JOBS + 2);
    assert!((1..=KEPT_JOBS as u64).chain([9_001, 9_002]).all(|number| bench.written.contains_key(&id(number))));
    assert_eq!(bench.state.jobs().count(), KEPT_JOBS + 2);
    bench.pass(60);
    assert_eq!(bench.written.len(), KEPT_JOBS + 2);
    // One that ends makes room for itself.
    bench.order(9_001, Order::Stop).unwrap();
    bench.pass(1);
    assert!(bench.written.contains_key(&id(9_001)) && !bench.written.contains_key(&id(KEPT_JOBS as u64)));
}

#[test]
fn what_ends_while_the_clock_is_set_back_is_kept() {
    let day = jiff::SignedDuration::from_hours(24);
    let mut bench = Bench::new();
    let ended = |number: u64| {
        let mut ended = record(job(number), number);
        ended.state = JobState::Failed;
        ended.history.push(StateChange { state: JobState::Failed, at: at(bench.now).wall, reason: String::new() });
        ended
    };
    let records: Vec<JobRecord> = (1..=KEPT_JOBS as u64).map(ended).collect();
    bench.written = records.iter().map(|record| (record.job.id, record.clone())).collect();
    bench.state = State::rebuild(9, Timing::default(), records, at(bench.now));
    bench.behind = 400 * day;
    for number in [9_001, 9_002] {
        bench.submit(job(number)).unwrap();
        bench.order(number, Order::Stop).unwrap();
        bench.pass(1);
        assert!(bench.written.contains_key(&id(number)), "the others ended before it, whatever the clock says");
    }
    assert!(!bench.written.contains_key(&id(1)) && !bench.written.contains_key(&id(2)));
    assert_eq!(bench.written.len(), KEPT_JOBS);
    // Nobody's jobs are forgotten as older than they are.
    let clear = Clear { older_than: 24 * 60 * 60 };
    let ticket = bench.ask(|ticket| Event::Clear { ticket, member: "amick".to_owned(), clear });
    assert!(matches!(bench.answer(ticket), Some(Answer::Cleared(Cleared { jobs: 0 }))));
}

#[test]
fn a_definition_goes_when_another_has_long_taken_its_place_and_no_job_names_it() {
    const LONG: u64 = 3700;
    let definition =
        |name: &str, digest: &str| Kind { name: name.into(), digest: digest.into(), ..kind(serde_json::Value::Null) };
    let offers = |digests: &[&str]| Worker {
        kinds: digests
            .iter()
            .map(|digest| KindAdvert { name: "tool".into(), digest: (*digest).into(), notice_seconds: None })
            .collect(),
        ..worker("gpu-1")
    };
    let mut bench = Bench::new();
    for kind in
        [definition("tool", "old"), definition("tool", "named"), definition("tool", "new"), definition("rare", "1")]
    {
        bench.handle(Event::KindSeen(Box::new(kind)));
    }
    bench.submit(Job { kind: "tool".into(), kind_digest: Some("named".into()), ..job(1) }).unwrap();
    bench.pass(LONG);
    assert!(bench.kinds_gone.is_empty(), "nobody is there, and nothing has taken any place");
    bench.online(offers(&["old", "new"]));
    bench.pass(LONG);
    assert!(bench.kinds_gone.is_empty(), "still advertised");
    bench.online(offers(&["new"]));
    bench.pass(LONG / 2);
    // Seen again, and then asleep itself: only time in which it is superseded, and this matchmaker runs, counts.
    bench.online(offers(&["old", "new"]));
    bench.pass(1);
    bench.online(offers(&["new"]));
    bench.now += std::time::Duration::from_secs(24 * 3600);
    bench.pass(LONG / 2);
    assert!(bench.kinds_gone.is_empty());
    bench.pass(LONG / 2);
    assert_eq!(bench.kinds_gone, ["old"], "the last of a name stays, and what a job names");
    bench.pass(LONG);
    assert_eq!(bench.kinds_gone, ["old"], "once");
}

#[test]
fn what_is_put_back_before_it_was_tried_is_no_other_try() {
    let mut bench = Bench::new();
    bench.online(worker("gpu-1"));
    bench.submit(job(1)).unwrap();
    let said = |record: JobRecord| record.history.last().unwrap().reason.clone();
    // Before it was given to anybody, and before whoever was given it said that it would start.
    bench.order(1, Order::Stop).unwrap();
    assert_eq!(said(bench.order(1, Order::Retry).unwrap()), "put back by tom");
    bench.take("gpu-1");
    bench.order(1, Order::Stop).unwrap();
    assert_eq!(said(bench.order(1, Order::Retry).unwrap()), "put back by tom");
    let attempt = bench.start("gpu-1");
    bench.end("gpu-1", &attempt, AttemptEnd::Cancelled { outputs: Manifest::default() });
    assert_eq!(said(bench.order(1, Order::Retry).unwrap()), "tom asked for another try");
}

#[test]
fn what_a_worker_runs_that_is_put_out_is_lost_at_once_and_may_go_on_elsewhere() {
    let (mut bench, attempt) = started();
    bench.online(worker("gpu-2"));
    bench.handle(Event::WorkerPutOut("gpu-1".into()));
    assert!(!bench.state.online().any(|it| it == "gpu-1"));
    let record = bench.job(1).clone();
    assert_eq!(record.state, JobState::Queued);
    let Some(AttemptEnd::Lost { reason, proved: false }) = &record.attempts[0].end else { panic!("{record:#?}") };
    assert_eq!(reason, "gpu-1-name was put out of the lab; what it had begun may go on there");
    // What it said before it knew counts no more.
    let ticket = bench.claim("gpu-1", from_ref(&attempt), true);
    assert_eq!(bench.claimed(ticket).unwrap(), ClaimAnswer::default());
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Superseded);
    // It may still write: the next one keeps out of its way.
    let next = bench.take("gpu-2");
    assert_eq!((next.attempt, next.own_output), (2, true));
}

/// A worker was put out while it ran a job, is let in again, and says that it has that job.
fn let_in_again() -> (Bench, AttemptRef) {
    let (mut bench, attempt) = started();
    bench.handle(Event::WorkerPutOut("gpu-1".into()));
    bench.handle(Event::WorkerLetIn("gpu-1".into()));
    bench.online(worker("gpu-1"));
    bench.claim("gpu-1", from_ref(&attempt), false);
    assert_eq!(bench.job(1).state, JobState::Running);
    (bench, attempt)
}

#[test]
fn a_worker_that_is_let_in_again_goes_on_with_what_nobody_else_was_given() {
    let (mut bench, attempt) = let_in_again();
    assert_eq!(bench.end("gpu-1", &attempt, succeeded()), ReportAnswer::Accepted);
    assert_eq!(bench.job(1).state, JobState::Succeeded);
}

#[test]
fn a_computer_that_took_the_name_of_one_that_was_put_out_proves_nothing_of_what_that_one_runs() {
    // The claim was on its way from the one before.
    let (mut bench, _) = let_in_again();
    let next = bench.take("gpu-1");
    let end = &bench.job(1).attempts[0].end;
    assert!(matches!(end, Some(AttemptEnd::Lost { proved: false, .. })), "{end:?}");
    assert_eq!((next.attempt, next.own_output), (2, true));
}

#[test]
fn a_job_that_was_to_stop_is_cancelled_when_its_worker_is_put_out_and_others_keep_theirs() {
    let mut bench = Bench::new();
    for name in ["gpu-1:0", "gpu-1:1", "gpu-10"] {
        bench.online(worker(name));
    }
    for number in 1..=3 {
        bench.submit(job(number)).unwrap();
    }
    for name in ["gpu-1:0", "gpu-1:1", "gpu-10"] {
        bench.start(name);
    }
    bench.order(1, Order::Stop).unwrap();
    bench.handle(Event::WorkerPutOut("gpu-1".into()));
    let states: Vec<_> = (1..=3).map(|number| bench.job(number).state).collect();
    assert_eq!(states[..2], [JobState::Cancelled, JobState::Queued]);
    assert!(!states[2].is_ended() && states[2] != JobState::Queued, "{states:?}");
    assert_eq!(bench.order(2, Order::Kill).unwrap().state, JobState::Cancelled, "at once");
    assert_eq!(bench.order(2, Order::Retry).unwrap().state, JobState::Queued);
}
