use super::{Board, state::State};
use crate::jobs::job_view;
use crate::view::{JobView, KeptView, StatusView, Update};
use samepath_fleet::Update::{Current, Gone, Put, Reset};
use samepath_fleet::{Fleet, bus::memory::MemoryBus};
use samepath_wire::{Claim, JobRecord, JobState, Worker};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::{Receiver, Sender};

const LAG: usize = 1 << 16;

fn worker(name: &str) -> Worker {
    let storages = json!({ "vast": { "state": "ready", "base_path": "/mnt/vast" } });
    let kinds = json!([{ "name": "train", "digest": "blake3:0" }]);
    serde_json::from_value(json!({
        "id": name, "name": name, "version": "1", "os": "linux", "host": name, "started_at": "2026-11-22T09:00:00Z",
        "kinds": kinds, "backends": storages,
    }))
    .unwrap()
}

fn id(number: u64) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

fn waiting(number: u64) -> JobRecord {
    let storages = json!({ "vast": { "access": "write" } });
    let job = json!({
        "version": 1, "id": id(number), "kind": "train", "name": format!("job {number}"), "kind_digest": "blake3:0",
        "storages": storages, "submitted_by": "amick", "submitted_at": "2026-11-22T09:00:00Z",
    });
    serde_json::from_value(json!({ "job": job, "order": number, "state": "queued", "epoch": 1 })).unwrap()
}

fn running(number: u64, on: &str) -> JobRecord {
    let attempt = json!({
        "number": 1, "worker": on, "worker_name": on, "state": "running", "assigned_at": "2026-11-22T09:00:00Z",
    });
    let mut record = waiting(number);
    record.state = JobState::Running;
    record.attempts.push(serde_json::from_value(attempt).unwrap());
    record
}

fn status(member: &str) -> StatusView {
    serde_json::from_value(json!({
        "lab": "Talmo Lab", "in_lab": true, "link": "connected", "offline": null, "member": member, "admin": false, "version": "1",
        "config_file": "", "config_error": null, "worker_error": null, "beginning": false,
    }))
    .unwrap()
}

/// A board that somebody watches, and what it says.
struct Watched {
    state: State,
    to: Sender<Update>,
    said: Receiver<Update>,
}

impl Watched {
    fn new(workers: impl IntoIterator<Item = Worker>, jobs: impl IntoIterator<Item = JobRecord>) -> Self {
        let (to, said) = tokio::sync::broadcast::channel(LAG);
        let mut state = State::new();
        for worker in workers {
            state.take_worker(Put(worker.id.clone(), worker), &to);
        }
        state.take_worker(Current, &to);
        for job in jobs {
            state.take_job(Put(job.job.id.to_string(), job), &to);
        }
        state.take_job(Current, &to);
        let mut this = Self { state, to, said };
        assert!(this.said().is_empty(), "nobody listens yet");
        this.state.snapshot(&this.to);
        this.said();
        this
    }

    fn put(&mut self, record: JobRecord) {
        self.state.take_job(Put(record.job.id.to_string(), record), &self.to);
    }

    fn said(&mut self) -> Vec<Update> {
        std::iter::from_fn(|| self.said.try_recv().ok()).collect()
    }

    fn jobs(&mut self) -> Vec<JobView> {
        let job = |update| if let Update::Job(job) = update { Some(*job) } else { None };
        self.said().into_iter().filter_map(job).collect()
    }
}

#[test]
fn progress_is_told_of_the_job_that_makes_it() {
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1"), waiting(2), waiting(3)]);
    let mut record = running(1, "gpu-1");
    record.progress.percent = Some(40.0);
    board.put(record.clone());
    assert_eq!(board.jobs().iter().map(|job| job.percent).collect::<Vec<_>>(), [Some(40.0)]);
    assert!(!board.state.is_stale(), "nobody waits for another reason");
    board.put(record);
    assert_eq!(board.said(), [], "and not twice");
}

#[test]
fn the_end_of_one_job_is_told_of_those_that_wait_behind_it() {
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1"), waiting(2), waiting(3)]);
    let mut ended = running(1, "gpu-1");
    ended.state = JobState::Failed;
    board.put(ended);
    assert_eq!(board.jobs().iter().map(|job| job.words.as_str()).collect::<Vec<_>>(), ["Failed"]);
    assert!(board.state.is_stale());
    board.state.tell_queue(&board.to);
    let waits: Vec<_> = board.jobs().into_iter().map(|job| (job.name, job.waiting_for, job.waits)).collect();
    let behind = vec!["gpu-1: busy, 1 job before yours".to_owned()];
    assert_eq!(waits, [("job 2".to_owned(), vec![], false), ("job 3".to_owned(), behind, true)]);
    assert!(!board.state.is_stale());
}

#[test]
fn of_whom_as_many_run_as_the_lab_allows_is_told_once_for_all_workers() {
    let limited = |mut record: JobRecord| {
        record.job.jobs_at_once = std::num::NonZeroU32::new(1);
        record
    };
    let workers = ["gpu-1", "gpu-2", "gpu-3"].map(worker);
    let mut board = Watched::new(workers, [limited(running(1, "gpu-1"))]);
    board.put(limited(waiting(2)));
    board.state.tell_queue(&board.to);
    let told = board.jobs().pop().expect("told");
    assert_eq!(told.waiting_for, ["amick runs 1 job already, as many as the lab allows"]);
    assert!(told.waits && !told.unserved, "whoever serves the one serves the other");
}

#[test]
fn a_job_that_nobody_can_run_is_another_thing_than_one_whose_worker_is_busy() {
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1"), waiting(2)]);
    let unserved = |board: &mut Watched| {
        board.state.tell_queue(&board.to.clone());
        board.jobs().into_iter().map(|job| (job.waits, job.unserved)).collect::<Vec<_>>()
    };
    let mut without = worker("gpu-1");
    without.backends.clear();
    board.state.take_worker(Put("gpu-1".to_owned(), without), &board.to.clone());
    assert_eq!(unserved(&mut board).last(), Some(&(true, true)));
    board.state.take_worker(Put("gpu-1".to_owned(), worker("gpu-1")), &board.to.clone());
    assert_eq!(unserved(&mut board).last(), Some(&(true, false)), "it is behind another");
    board.state.take_worker(Gone("gpu-1".to_owned()), &board.to.clone());
    assert_eq!(unserved(&mut board).last(), Some(&(true, true)));
    // Workers may be on their way back.
    board.state.set_beginning(true, &board.to.clone());
    assert_eq!(board.jobs().last().map(|job| (job.waits, job.unserved)), Some((true, false)));
}

#[test]
fn when_a_job_starts_is_told_from_what_was_measured_and_again_as_time_goes_by() {
    fn at(clock: &str) -> jiff::Timestamp {
        format!("2026-11-22T{clock}:00Z").parse().unwrap()
    }
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1"), waiting(2), waiting(3)]);
    board.state.facts.clock = || at("09:40");
    let starts = |board: &mut Watched| {
        board.state.tell_queue(&board.to);
        board.jobs().into_iter().map(|job| (job.name, job.starts_in, job.starts)).collect::<Vec<_>>()
    };
    assert_eq!(starts(&mut board), [], "nothing was measured");
    // Since nine o'clock it has come half-way.
    let mut half = running(1, "gpu-1");
    (half.progress.percent, half.progress.at) = (Some(50.0), Some(at("09:40")));
    board.put(half);
    board.said();
    let told = |about: &str| {
        let sentence = format!("Starts in {about}, on gpu-1.");
        [("job 2".to_owned(), Some(about.to_owned()), Some(sentence))]
    };
    assert_eq!(starts(&mut board), told("about 40 min"), "and nobody knows what job 2 takes");
    board.state.age();
    assert!(board.state.is_stale(), "time goes by");
    assert_eq!(starts(&mut board), [], "and only what is different is told");
    board.state.facts.clock = || at("10:13");
    assert_eq!(starts(&mut board), told("about 7 min"));
    // Overdue is not known.
    board.state.facts.clock = || at("10:30");
    assert_eq!(starts(&mut board), [("job 2".to_owned(), None, None)]);
}

#[test]
fn a_job_that_was_given_out_before_its_record_came_does_not_wait_for_itself() {
    let (board, said) = (Board::new(), tokio::sync::broadcast::channel(LAG).0);
    let change = json!({ "at": "2026-11-22T09:00:00Z", "state": "queued", "reason": "submitted" });
    let mut submitted = waiting(1);
    submitted.history.push(serde_json::from_value(change).unwrap());
    let mut given = running(1, "gpu-1");
    given.history = [submitted.history.clone(), submitted.history.clone()].concat();
    board.lock().take_worker(Put("gpu-1".to_owned(), worker("gpu-1")), &said);
    board.lock().take_worker(Current, &said);
    board.lock().take_job(Current, &said);
    let words = || board.look(|seen| seen.answered(&submitted)).words;
    assert_eq!(words(), "Waiting");
    board.lock().take_job(Put(id(1), given), &said);
    assert_eq!(words(), "Running");
}

#[test]
fn each_try_is_told_with_its_worker_and_how_it_ended() {
    let mut board = Watched::new([worker("gpu-1")], []);
    let mut record = running(1, "gpu-1");
    let lost = json!({
        "number": 1, "worker": "gpu-2", "worker_name": "gpu-2", "state": "ended", "assigned_at": "2026-11-22T09:00:00Z",
        "ended_at": "2026-11-22T10:31:00Z", "end": { "end": "lost", "reason": "gpu-2 went away", "proved": false },
    });
    record.attempts.insert(0, serde_json::from_value(lost).unwrap());
    record.attempts[1].number = 2;
    board.put(record);
    let told = board.jobs().remove(0).tries;
    let of = |at: usize| (told[at].number, told[at].worker.as_str(), told[at].end.as_deref(), told[at].why.as_deref());
    assert_eq!((of(0), of(1)), ((1, "gpu-2", Some("lost"), Some("gpu-2 went away")), (2, "gpu-1", None, None)));
    assert_eq!(told[0].ended_at.as_deref(), Some("2026-11-22T10:31:00Z"));
}

#[test]
fn a_worker_that_is_alive_changes_no_job() {
    let mut board = Watched::new([worker("gpu-1")], [waiting(1), waiting(2)]);
    let mut same = worker("gpu-1");
    same.backends.get_mut("vast").unwrap().free_bytes = Some(7);
    board.state.take_worker(Put(same.id.clone(), same), &board.to);
    assert!(matches!(board.said()[..], [Update::Worker(_)]) && !board.state.is_stale());
    board.state.take_worker(Gone("gpu-1".to_owned()), &board.to);
    assert_eq!(board.said(), [Update::WorkerGone("gpu-1".to_owned())]);
    assert!(board.state.is_stale());
}

#[test]
fn a_window_draws_everything_first_in_a_small_lab_and_what_matters_in_a_large_one() {
    let ended = |number, at: &str, by: &str| {
        let mut record = running(number, "gpu-1");
        let change = json!({ "at": at, "state": "succeeded", "reason": "done" });
        record.history.push(serde_json::from_value(change).unwrap());
        (record.state, record.job.submitted_by) = (JobState::Succeeded, by.to_owned());
        record
    };
    let (before, since) = ("2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z");
    let jobs =
        [ended(1, before, "amick"), ended(2, since, "amick"), ended(3, since, "tom"), waiting(4), running(5, "gpu-1")];
    let mut board = Watched::new([worker("gpu-1"), worker("gpu-2")], jobs);
    let seen_until: jiff::Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    board
        .state
        .set_kept(KeptView { seen_until: Some(seen_until.as_millisecond() as f64), ..KeptView::default() }, &board.to);
    board.state.set_status(status("amick"), &board.to);
    let first = |most| {
        let first = board.state.first(most, true);
        let jobs =
            first.iter().filter_map(|one| if let Update::Job(job) = one { Some(job.name.clone()) } else { None });
        let workers = first.iter().filter(|one| matches!(one, Update::Worker(_))).count();
        (jobs.collect::<Vec<_>>(), workers, first.last() == Some(&Update::Current))
    };
    let (mut all, workers, whole) = first(5);
    all.sort();
    assert_eq!((all.len(), workers, whole), (5, 2, true));
    assert_eq!(first(4).0, ["job 5", "job 4", "job 2"], "what runs, what waits, what is news");
    assert_eq!((first(1).0, first(1).1, first(1).2), (vec!["job 5".to_owned()], 1, false));
    let early = board.state.first(5, false);
    assert!(!early.contains(&Update::Current), "the fleet has not told all it knows");
}

#[test]
fn a_job_that_is_no_longer_kept_goes() {
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1")]);
    board.state.take_job(Gone(id(1)), &board.to);
    assert_eq!(board.said(), [Update::JobGone(id(1))]);
}

#[test]
fn of_thousands_the_first_are_named_and_the_others_counted() {
    let mut without = worker("gpu-0000");
    without.backends.clear();
    let workers = (1..1000).map(|number| worker(&format!("gpu-{number:04}"))).chain([without]);
    let jobs = (1..1000).map(|number| running(number, &format!("gpu-{number:04}"))).chain((2000..2002).map(waiting));
    let mut board = Watched::new(workers, jobs);
    board.put(running(2000, "gpu-0001"));
    board.said();
    board.state.tell_queue(&board.to);
    let told = board.jobs().remove(0);
    assert_eq!(
        told.waiting_for,
        ["gpu-0001, gpu-0002, gpu-0003 and 996 more: busy, 1 job before yours", "gpu-0000: has no vast"]
    );
    assert!(told.waits, "however few of them are named");
}

#[test]
fn where_each_worker_says_something_else_the_last_are_counted() {
    let stopped = |number: u32| {
        let mut worker = worker(&format!("gpu-{number:02}"));
        let why = json!([{ "name": "train", "reason": format!("/opt/{number}/sleap-nn is not there") }]);
        (worker.kinds, worker.unavailable) = (Vec::new(), serde_json::from_value(why).unwrap());
        worker
    };
    let mut board = Watched::new((0..30).map(stopped), []);
    board.put(waiting(1));
    board.said();
    board.state.tell_queue(&board.to);
    let told = board.jobs().remove(0);
    assert_eq!(told.waiting_for.len(), 21);
    assert_eq!(told.waiting_for[20], "and 10 more workers");
}

#[test]
fn a_long_queue_is_told_of_in_turn() {
    let mut board = Watched::new([worker("gpu-1")], (1..=1000).map(waiting));
    let cancelled = |number| JobRecord { state: JobState::Cancelled, ..waiting(number) };
    board.put(cancelled(1));
    board.said();
    let mut told = Vec::new();
    while board.state.is_stale() {
        board.state.tell_queue(&board.to);
        let jobs = board.jobs();
        assert!(jobs.len() <= 200, "{} at once", jobs.len());
        told.extend(jobs.into_iter().map(|job| job.name));
    }
    let all: Vec<String> = (2..=1000).map(|number| format!("job {number}")).collect();
    assert!(told == all, "{} told: {:?}…", told.len(), &told[..told.len().min(5)]);
    // Another change, while there are others to be told of: everyone's turn comes all the same.
    let mut told = std::collections::BTreeSet::new();
    for number in 2..=11 {
        board.put(cancelled(number));
        board.said();
        board.state.tell_queue(&board.to);
        told.extend(board.jobs().into_iter().map(|job| job.name));
    }
    let untold: Vec<&String> = all[10..].iter().filter(|name| !told.contains(*name)).collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[tokio::test]
async fn what_comes_together_is_told_together_and_a_reader_that_lags_starts_over() {
    let board = Board::new();
    let put = |number| board.lock().take_job(Put(id(number), waiting(number)), &board.updates);
    board.lock().take_job(Current, &board.updates);
    let mut updates = board.watch();
    let most = usize::MAX;
    let frame = updates.next_together(most).await.unwrap();
    assert_eq!(frame.last(), Some(&Update::Current));
    (1..=3).for_each(put);
    assert_eq!(updates.next_together(2).await.unwrap().len(), 2);
    assert_eq!(updates.next_together(most).await.unwrap().len(), 1);
    (1..=super::LAG as u64 + 100).for_each(put);
    let mut told = Vec::new();
    while told.last() != Some(&Update::Current) {
        told.extend(updates.next_together(most).await.unwrap());
    }
    assert!(told.contains(&Update::Reset));
    let jobs = told.iter().filter(|update| matches!(update, Update::Job(_))).count();
    assert!(jobs >= super::LAG + 100, "{jobs}");
}

#[test]
fn one_job_more_takes_no_look_at_the_whole_queue() {
    let took = |before: u64| {
        let mut board =
            Watched::new((0..20).map(|number| worker(&format!("gpu-{number:02}"))), (1..=before).map(waiting));
        let begun = Instant::now();
        (1..=200).for_each(|more| board.put(waiting(before + more)));
        let took = begun.elapsed();
        assert_eq!(board.jobs().len(), 200);
        assert!(board.state.is_stale(), "why they wait is told by and by");
        took
    };
    let (few, many) = (took(100), took(10_000));
    assert!(many < few * 5, "{few:?}; {many:?}");
}

#[test]
fn what_is_known_of_a_job_s_place_in_the_queue_stays_until_it_is_told_anew() {
    let mut board = Watched::new([worker("gpu-1")], [running(1, "gpu-1"), waiting(2)]);
    let mut stopping = waiting(2);
    stopping.stop = serde_json::from_value(json!({ "mode": "stop", "by": "amick", "at": "2026-11-22T09:00:00Z" })).ok();
    assert!(stopping.stop.is_some());
    board.put(stopping);
    let told = board.jobs().remove(0);
    assert_eq!(
        (told.words.as_str(), told.waiting_for),
        ("Stopping", vec!["gpu-1: busy, 1 job before yours".to_owned()])
    );
    assert!(told.waits);
}

#[test]
fn workers_are_kept_until_they_had_time_to_find_a_hub_that_has_just_begun() {
    let mut board = Watched::new([worker("gpu-1"), worker("gpu-2")], []);
    let names = |board: &Watched| board.state.facts.workers.known.keys().cloned().collect::<Vec<_>>();
    let take = |board: &mut Watched, update| board.state.take_worker(update, &board.to.clone());
    // Whichever of the two is told first.
    for beginning_first in [true, false] {
        if beginning_first {
            board.state.set_beginning(true, &board.to.clone());
        }
        take(&mut board, Reset);
        take(&mut board, Current);
        board.state.set_beginning(true, &board.to.clone());
        assert_eq!(names(&board), ["gpu-1", "gpu-2"]);
        take(&mut board, Put("gpu-1".to_owned(), worker("gpu-1")));
        board.state.set_beginning(false, &board.to.clone());
        assert_eq!(names(&board), ["gpu-1"], "the other had time enough");
        take(&mut board, Put("gpu-2".to_owned(), worker("gpu-2")));
    }
    // Whoever is shown nobody is told that they may be on their way.
    board.said();
    board.state.set_status(status("amick"), &board.to.clone());
    board.state.set_beginning(true, &board.to.clone());
    board.state.set_beginning(false, &board.to.clone());
    let beginning = |update| if let Update::Status(status) = update { Some(status.beginning) } else { None };
    assert_eq!(board.said().into_iter().filter_map(beginning).collect::<Vec<_>>(), [false, true, false]);
    // One that goes is gone.
    board.state.set_beginning(true, &board.to.clone());
    take(&mut board, Gone("gpu-2".to_owned()));
    assert_eq!(names(&board), ["gpu-1"]);
}

#[tokio::test]
async fn the_board_of_a_worker_keeps_what_is_that_worker_s() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    let board = Board::new();
    let own = Some("gpu-1".to_owned());
    let following = tokio::spawn(board.clone().follow(own, fleet.workers(), fleet.jobs(), fleet.kinds()));
    let mut sessions = Vec::new();
    // What another was given is told before what this one was.
    for (number, name) in [(2, "gpu-2"), (1, "gpu-1")] {
        let session = fleet.session(name);
        session.advertise(worker(name));
        fleet.submit(&waiting(number).job).await.unwrap();
        let given = session.claim(&Claim { holds: Vec::new(), wants: true }).await.unwrap().assignment.unwrap();
        assert_eq!(given.job.id.to_string(), id(number));
        sessions.push(session);
    }
    let known = || {
        board.look(|seen| {
            let jobs: Vec<String> = seen.around.jobs.keys().cloned().collect();
            (seen.around.workers.keys().cloned().collect::<Vec<_>>(), jobs)
        })
    };
    let told = async {
        while known().0.is_empty() || known().1.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("told");
    assert_eq!(known(), (vec!["gpu-1".to_owned()], vec![id(1)]));
    fleet.close().await;
    following.await.unwrap();
}

#[test]
fn a_worker_is_found_by_the_name_that_it_runs_under() {
    let mut named = worker("gpu:0");
    named.name = "gpu-gpu0".to_owned();
    let tried = |number, id: &str, assigned: &str| {
        let mut record = running(number, id);
        let attempt = record.attempts.last_mut().unwrap();
        attempt.worker_name = "slurm-3".to_owned();
        attempt.assigned_at = assigned.parse().unwrap();
        (record.job.id.to_string(), record)
    };
    let workers = [("gpu:0".to_owned(), named)].into();
    let jobs = [tried(1, "slurm-new", "2026-11-22T10:00:00Z"), tried(2, "slurm-old", "2026-11-22T09:00:00Z")].into();
    let found = |name| crate::jobs::worker_id(name, &workers, &jobs);
    assert_eq!(found("gpu-gpu0").as_deref(), Some("gpu:0"));
    assert_eq!(found("gpu:0").as_deref(), Some("gpu:0"), "by its id, too");
    assert_eq!(found("slurm-old").as_deref(), Some("slurm-old"));
    assert_eq!(found("slurm-3").as_deref(), Some("slurm-new"), "of one that is not there, who was last called so");
    assert_eq!(found("gpu-9"), None);
}

#[test]
fn of_a_worker_that_was_put_out_nobody_is_told_to_start_it_again() {
    let mut pinned = waiting(2);
    pinned.job.worker = Some("gpu-1".to_owned());
    let mut board = Watched::new([worker("gpu-2")], [running(1, "gpu-1"), pinned]);
    let said = |board: &Watched| {
        let seen = |number| job_view(&board.state.facts.jobs.known[&id(number)], &board.state.facts.around());
        (seen(1).status.unwrap(), seen(2).waiting_for.remove(0))
    };
    let (status, waits) = said(&board);
    assert!(status.contains("Start it again on its computer") && waits == "gpu-1: offline", "{status} {waits}");
    board.state.set_put_out(["gpu-1".to_owned()].into(), &board.to);
    assert!(board.jobs().iter().any(|job| job.tries.iter().any(|one| one.removed)), "it is told");
    let (status, waits) = said(&board);
    assert_eq!(status, "gpu-1 was removed from the lab by an admin. What it had begun may go on there.");
    assert_eq!(waits, "gpu-1 was removed from the lab by an admin. Run the job again, on another worker.");
    // Each of its GPUs was a worker; another computer is none of them.
    let out = |wanted: &str| board.state.facts.around().is_put_out(wanted);
    assert_eq!(["gpu-1:0", "gpu-2", "gpu-10"].map(out), [true, false, false]);
}
