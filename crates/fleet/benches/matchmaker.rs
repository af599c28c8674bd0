//! How long a job waits for the matchmaker: its decision alone, and from submitting to the assignment over a bus in memory.

#[path = "../tests/samples/mod.rs"]
mod plain;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use samepath_fleet::Fleet;
use samepath_fleet::bus::memory::MemoryBus;
use samepath_fleet::matching::{Kinds, Prospects};
use samepath_fleet::matchmaker::{Action, Answer, Event, Now, State, Timing};
use samepath_wire::*;
use std::time::Duration;

fn main() {
    divan::main();
}

fn job(number: u64) -> Job {
    Job { submitted_by: format!("member{}", number % 20), ..plain::job(number) }
}

fn worker(name: &str, backend: &str) -> Worker {
    Worker { backends: [(backend.to_owned(), plain::advert(BackendState::Ready, None))].into(), ..plain::worker(name) }
}

const NOW: Now = Now { clock: Duration::from_secs(10), wall: Timestamp::UNIX_EPOCH };

/// 1,000 workers that ask for work and do not fit, and as many jobs that wait.
fn crowded(jobs: u64) -> State {
    let mut state = State::rebuild(1, Timing::default(), [], NOW);
    for at in 0..1000 {
        let name = format!("worker{at}");
        state.handle(Event::WorkerSeen(Box::new(worker(&name, "scratch"))), NOW);
        let claim = Claim { holds: Vec::new(), wants: true };
        state.handle(Event::Claim { ticket: at, worker: name, claim }, NOW);
    }
    for number in 0..jobs {
        let job = Box::new(job(number));
        state.handle(
            Event::Submit { ticket: 0, member: job.submitted_by.clone(), places: None, jobs_at_once: None, job },
            NOW,
        );
    }
    state
}

/// A worker that fits asks, is given one of the jobs, and gives it back.
#[divan::bench(args = [10_000, 100_000])]
fn decide_for_a_worker_among_jobs(bencher: Bencher, jobs: u64) {
    let mut state = crowded(jobs);
    state.handle(Event::WorkerSeen(Box::new(worker("gpu-1", "vast"))), NOW);
    bencher.bench_local(|| {
        let claim = Claim { holds: Vec::new(), wants: true };
        let actions = state.handle(Event::Claim { ticket: 1, worker: "gpu-1".into(), claim }, NOW);
        let given = actions.iter().find_map(|action| match action {
            Action::Answer(_, Answer::Claim(answer)) => answer.assignment.as_ref().map(|given| given.job.id),
            _ => None,
        });
        let job = given.expect("nothing was given");
        let order = samepath_fleet::matchmaker::Order::Stop;
        black_box(state.handle(
            Event::Order { ticket: 2, member: "amick".into(), places: None, jobs_at_once: None, job, order },
            NOW,
        ));
    });
}

/// Why each of the jobs waits: which of 1,000 workers, half of which fit, are to serve it first.
#[divan::bench(args = [100, 1_000, 10_000])]
fn explain_waiting_jobs_to_people(bencher: Bencher, jobs: u64) {
    let storage = |at: u64| if at.is_multiple_of(2) { "vast" } else { "scratch" };
    let workers: Vec<Worker> = (0..1000).map(|at| worker(&format!("worker{at}"), storage(at))).collect();
    let records: Vec<JobRecord> = crowded(jobs).jobs().cloned().collect();
    let kinds = Kinds::new();
    bencher.bench_local(|| {
        let prospects = Prospects::of(&records, &workers, &kinds);
        records.iter().map(|record| prospects.soonest(black_box(record)).len()).sum::<usize>()
    });
}

/// A job arrives that none of 1,000 workers that ask can serve.
#[divan::bench]
fn decide_for_a_job_among_1_000_workers(bencher: Bencher) {
    let mut state = crowded(10_000);
    let mut number = 10_000;
    bencher.bench_local(|| {
        number += 1;
        let job = Box::new(job(number));
        black_box(state.handle(
            Event::Submit { ticket: 0, member: job.submitted_by.clone(), places: None, jobs_at_once: None, job },
            NOW,
        ));
    });
}

/// Building the state again from the records.
#[divan::bench(args = [10_000, 100_000], sample_count = 10)]
fn rebuild_from_records(bencher: Bencher, jobs: u64) {
    let records: Vec<JobRecord> = crowded(jobs).jobs().cloned().collect();
    bencher
        .with_inputs(|| records.clone())
        .bench_local_values(|records| State::rebuild(2, Timing::default(), records, NOW));
}

/// A worker waits; a job is submitted, assigned, confirmed and ended.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn submit_to_assignment(bencher: Bencher) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (fleet, session) = runtime.block_on(async {
        let fleet = Fleet::memory(MemoryBus::new("amick"));
        let session = fleet.session("gpu-1");
        session.advertise(worker("gpu-1", "vast"));
        fleet.submit(&job(0)).await.expect("submitted");
        run(&session).await;
        (fleet, session)
    });
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number += 1;
            let session = session.clone();
            let claim = Claim { holds: Vec::new(), wants: true };
            let claimed = runtime.spawn(async move { session.claim(&claim).await });
            (job(number), claimed)
        })
        .bench_local_values(|(job, claimed)| {
            let given = runtime.block_on(async {
                fleet.submit(&job).await.expect("submitted");
                claimed.await.expect("no panic").expect("answered").assignment.expect("nothing was given")
            });
            runtime.block_on(end(&session, &given));
        });
    runtime.block_on(fleet.close());
}

async fn run(session: &samepath_fleet::WorkerSession) {
    loop {
        let claim = Claim { holds: Vec::new(), wants: true };
        if let Some(given) = session.claim(&claim).await.ok().and_then(|answer| answer.assignment) {
            return end(session, &given).await;
        }
    }
}

async fn end(session: &samepath_fleet::WorkerSession, given: &Assignment) {
    let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
    let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
    session.confirm(&confirm).await.expect("confirmed");
    let event = ReportEvent::Ended { end: AttemptEnd::Succeeded { outputs: Manifest::default() }, survivors: false };
    session.report(&Report { attempt, event, log_end: None, log_file: None }).await.expect("reported");
}
