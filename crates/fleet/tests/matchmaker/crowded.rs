//! How many jobs of one person may wait, how many may run, and what becomes of them when the lab lets that person in no more.

use crate::explain::running;
use crate::samples::*;
use samepath_fleet::matching::{Kinds, Prospects};
use samepath_fleet::matchmaker::{Answer, Event, Order, Rules, State};
use samepath_wire::*;
use std::num::NonZeroU32;

/// A matchmaker that lets so many jobs of one person wait.
fn at_most(waiting: u32) -> Bench {
    let mut bench = Bench::new();
    let rules = Rules { waiting: Some(waiting), ..Rules::default() };
    bench.state = State::rebuild(7, rules, [], at(bench.now));
    bench.online(worker("gpu-1"));
    bench
}

fn toms(number: u64) -> Job {
    Job { submitted_by: "tom".to_owned(), ..job(number) }
}

#[test]
fn one_person_cannot_fill_the_queue_and_is_told_how_many_wait_and_what_to_do() {
    let mut bench = at_most(3);
    // Of shapes of their own: they are counted together.
    for number in 1..=3 {
        bench.submit(Job { worker: Some(format!("gpu-{number}")), ..job(number) }).unwrap();
    }
    let refused = bench.submit(job(4)).unwrap_err();
    assert_eq!(refused.code, "invalid_parameter");
    assert_eq!(
        refused.message,
        "3 jobs of amick wait already, and the lab lets 3 of one person wait: submit it when some have run, or stop some of them"
    );
    assert!(bench.state.job(id(4)).is_none());
    // Submitting again what waits is no further job, and everybody else has a queue of their own.
    assert_eq!(bench.submit(job(3)).unwrap().job.id, id(3));
    bench.submit(toms(5)).unwrap();
    // What runs waits no more.
    let attempt = bench.start("gpu-1");
    assert_eq!(attempt.job, id(1));
    bench.submit(job(4)).unwrap();
    bench.submit(job(6)).unwrap_err();
    // Nor does one come in by being tried again, whoever asks.
    bench.end("gpu-1", &attempt, succeeded());
    let refused = bench.order(1, Order::Retry).unwrap_err();
    assert!(refused.message.starts_with("3 jobs of amick wait already"), "{refused:?}");
    bench.order(2, Order::Stop).unwrap();
    bench.order(1, Order::Retry).unwrap();
}

#[test]
fn where_nothing_is_said_as_many_wait_as_people_like() {
    let mut bench = bench(&[]);
    for number in 1..=20_000 {
        bench.submit(job(number)).unwrap();
    }
}

#[test]
fn what_waits_of_somebody_whose_access_ended_is_cancelled_and_what_runs_goes_on() {
    let mut bench = at_most(100);
    for number in 1..=3 {
        bench.submit(job(number)).unwrap();
    }
    bench.submit(toms(4)).unwrap();
    let attempt = bench.start("gpu-1");
    let ticket = bench.ask(|ticket| Event::CancelWaiting { ticket, member: "amick".to_owned() });
    assert_eq!(bench.answer(ticket), Some(Answer::Cleared(Cleared { jobs: 2 })));
    for number in [2, 3] {
        let record = bench.job(number);
        let last = record.history.last().expect("a change");
        assert_eq!((record.state, last.reason.as_str()), (JobState::Cancelled, "amick's access ended"));
        assert_eq!(bench.written[&id(number)], *record);
    }
    assert_eq!((bench.job(1).state, bench.job(4).state), (JobState::Assigned, JobState::Queued));
    bench.end("gpu-1", &attempt, succeeded());
    assert_eq!(bench.job(1).state, JobState::Succeeded);
    assert_eq!(bench.take("gpu-1").job.id, id(4));
    let ticket = bench.ask(|ticket| Event::CancelWaiting { ticket, member: "amick".to_owned() });
    assert_eq!(bench.answer(ticket), Some(Answer::Cleared(Cleared { jobs: 0 })), "it may be asked again");
}

/// As the hub has it of a member of whom two jobs may run at a time.
fn submit_two_at_a_time(bench: &mut Bench, number: u64) {
    let (member, job) = ("amick".to_owned(), Box::new(job(number)));
    let jobs_at_once = NonZeroU32::new(2);
    let ticket = bench.ask(|ticket| Event::Submit { ticket, member, places: None, jobs_at_once, job });
    assert!(matches!(bench.answer(ticket), Some(Answer::Record(_))));
}

fn asking(bench: &mut Bench, workers: &[&str]) {
    for worker in workers {
        bench.claim(worker, &[], true);
    }
}

/// The jobs that are with a worker.
fn with_workers(bench: &Bench) -> Vec<u64> {
    (1..=9)
        .filter(|number| {
            bench.state.job(id(*number)).is_some_and(|it| it.state != JobState::Queued && !it.state.is_ended())
        })
        .collect()
}

#[test]
fn no_more_jobs_of_one_person_run_than_the_lab_allows_and_others_are_not_held_up() {
    let workers = ["gpu-1", "gpu-2", "gpu-3", "gpu-4"];
    let mut bench = bench(&workers);
    for number in 1..=4 {
        submit_two_at_a_time(&mut bench, number);
    }
    let first = bench.start("gpu-1");
    bench.take("gpu-2");
    asking(&mut bench, &["gpu-3", "gpu-4"]);
    assert_eq!(with_workers(&bench), [1, 2]);
    bench.submit(toms(5)).unwrap();
    assert_eq!(with_workers(&bench), [1, 2, 5]);
    // Whoever waits for work has it as soon as it may be done, though it is another worker that became free.
    assert_eq!(bench.end("gpu-1", &first, succeeded()), ReportAnswer::Accepted);
    assert_eq!(with_workers(&bench), [2, 3, 5]);
    assert_eq!(bench.job(4).state, JobState::Queued);
    // What is kept with a job holds for the next matchmaker, too.
    bench.restart();
    for worker in workers {
        bench.online(super::samples::worker(worker));
    }
    asking(&mut bench, &["gpu-1"]);
    assert_eq!(bench.job(4).state, JobState::Queued);
    bench.order(3, Order::Kill).unwrap();
    assert_eq!(with_workers(&bench), [2, 4, 5]);
}

#[test]
fn two_that_end_at_once_make_room_for_two() {
    let mut bench = bench(&["gpu-1:0", "gpu-1:1", "gpu-2", "gpu-3"]);
    for number in 1..=4 {
        submit_two_at_a_time(&mut bench, number);
    }
    bench.start("gpu-1:0");
    bench.start("gpu-1:1");
    asking(&mut bench, &["gpu-2", "gpu-3"]);
    assert_eq!(with_workers(&bench), [1, 2]);
    // They are to stop, and so come back to nobody.
    for number in [1, 2] {
        bench.order(number, Order::Stop).unwrap();
    }
    bench.handle(Event::WorkerPutOut("gpu-1".to_owned()));
    assert_eq!(with_workers(&bench), [3, 4]);
}

#[test]
fn why_a_job_waits_of_whom_enough_run_is_said_in_words_and_one_to_come_is_behind_those() {
    let limited =
        |record: JobRecord| JobRecord { job: Job { jobs_at_once: NonZeroU32::new(1), ..record.job }, ..record };
    let jobs = [limited(running(1, "amick", "gpu-1")), limited(record(job(2), 2)), limited(record(job(3), 3))];
    let (workers, kinds) = ([worker("gpu-1"), worker("gpu-2")], Kinds::new());
    let prospects = Prospects::of(&jobs, &workers, &kinds);
    let [all] = &prospects.soonest(&jobs[1])[..] else { panic!("of all workers the same") };
    let Fit::No { reasons } = &all.fit else { panic!("{all:?}") };
    assert_eq!(all.workers.len(), 2);
    assert_eq!(
        reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["amick runs 1 job already, as many as the lab allows"]
    );
    let fits = |job: &Job| prospects.fits(job, None).into_iter().map(|(_, fit)| fit).collect::<Vec<_>>();
    // One that runs, and two that wait.
    assert_eq!(
        fits(&Job { jobs_at_once: NonZeroU32::new(1), ..job(4) }),
        [Fit::Busy { before: 3 }, Fit::Busy { before: 3 }]
    );
    // Those stand before nobody else: gpu-2 is free for whoever may use it.
    assert_eq!(fits(&toms(5)), [Fit::Busy { before: 1 }, Fit::Now]);
}
