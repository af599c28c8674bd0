//! A person has their jobs forgotten that ended long ago: those, and nothing else.

use crate::samples::*;
use samepath_fleet::matchmaker::{Answer, Event, Order, State, Timing};
use samepath_wire::*;

const DAY: u64 = 24 * 60 * 60;

/// A job of this member's that ended so many days ago.
fn ended(bench: &Bench, number: u64, member: &str, days: u64) -> JobRecord {
    let at = at(bench.now).wall - jiff::SignedDuration::from_secs((days * DAY) as i64);
    let mut ended = record(Job { submitted_by: member.to_owned(), ..job(number) }, number);
    ended.state = JobState::Failed;
    ended.history.push(StateChange { state: JobState::Failed, at, reason: String::new() });
    ended
}

/// How many jobs are there no longer.
fn clear(bench: &mut Bench, member: &str, days: u64) -> u64 {
    let (member, clear) = (member.to_owned(), Clear { older_than: days * DAY });
    let ticket = bench.ask(|ticket| Event::Clear { ticket, member, clear });
    match bench.answer(ticket) {
        Some(Answer::Cleared(cleared)) => cleared.jobs,
        other => panic!("not an answer to a person: {other:?}"),
    }
}

#[test]
fn ones_own_jobs_that_ended_so_long_ago_go_and_those_of_others_stay() {
    let mut bench = Bench::new();
    let mut records: Vec<JobRecord> = [(1, "amick", 40), (2, "amick", 30), (3, "amick", 29), (4, "tom", 90)]
        .map(|(number, member, days)| ended(&bench, number, member, days))
        .into();
    // What has not ended has no age, however long ago it last changed.
    let mut running = ended(&bench, 5, "amick", 80);
    running.state = JobState::Running;
    records.extend([running, record(job(6), 6)]);
    let unreadable = ended(&bench, 7, "amick", 70);
    records.push(unreadable.clone());
    bench.written = records.iter().map(|record| (record.job.id, record.clone())).collect();
    bench.state = State::rebuild(9, Timing::default(), records, at(bench.now));
    bench.state.leave_alone(unreadable.job.id);
    let left = |bench: &Bench| bench.written.keys().copied().collect::<Vec<_>>();

    assert_eq!(clear(&mut bench, "amick", 365), 0);
    assert_eq!(clear(&mut bench, "amick", 30), 2);
    assert_eq!(left(&bench), [3, 4, 5, 6, 7].map(id));
    assert!(bench.state.job(id(1)).is_none());
    // Asked again, there is nothing more to do; nor is there for somebody who submitted nothing.
    assert_eq!(clear(&mut bench, "amick", 30), 0);
    assert_eq!(clear(&mut bench, "eve", 0), 0);
    assert_eq!(clear(&mut bench, "amick", 0), 1);
    assert_eq!(left(&bench), [4, 5, 6, 7].map(id));
    // A span longer than there is time is one in which nothing ended.
    let (member, clear_all) = ("tom".to_owned(), Clear { older_than: u64::MAX });
    let ticket = bench.ask(|ticket| Event::Clear { ticket, member, clear: clear_all });
    assert!(matches!(bench.answer(ticket), Some(Answer::Cleared(Cleared { jobs: 0 }))));
}

#[test]
fn what_was_put_back_is_kept() {
    let mut bench = Bench::new();
    let old = ended(&bench, 1, "amick", 40);
    bench.written = [(old.job.id, old.clone())].into();
    bench.state = State::rebuild(9, Timing::default(), [old], at(bench.now));
    bench.order(1, Order::Retry).unwrap();
    assert_eq!(clear(&mut bench, "amick", 1), 0);
    // It ended anew just now.
    bench.order(1, Order::Stop).unwrap();
    assert_eq!(clear(&mut bench, "amick", 1), 0);
    assert_eq!(clear(&mut bench, "amick", 0), 1);
    // The same job may come again: nobody remembers it.
    assert_eq!(bench.submit(job(1)).unwrap().state, JobState::Queued);
}
