//! A process that holds the queue of a lab with much in it, and lets it work when it is told to.

use crate::lab::SECONDS;
use samepath_fleet::bus::LocalSettings;
use samepath_fleet::{Fleet, WorkerSession};
use samepath_wire::{
    Access, Assignment, AttemptEnd, AttemptRef, Claim, Confirm, ConfirmAnswer, Job, Manifest, Progress, Report,
    ReportEvent, StorageNeed, Worker,
};
use std::collections::VecDeque;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::process::exit;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Half of the workers have the storage, and all of these have a job; the others cannot take one.
const BUSY: u64 = 500;
const WORKERS: u64 = 1_000;
/// Fewer than the queue keeps.
const ENDED: u64 = 1_500;
const WAITING: u64 = 8_000;
/// Submitted at a time.
const AT_A_TIME: usize = 256;
const CHANGES_A_SECOND: u32 = 20;

/// Until its input ends, whatever it is doing then. Says `ready`, and `worked` for each line of its input.
pub(crate) fn run(queue: &Path, sockets: &Path) {
    let (ask, mut asked) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = stdin().lock().lines().map_while(Result::ok);
        lines.for_each(|_| ask.send(()).unwrap_or_default());
        exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let mut settings = LocalSettings::new(queue, "amick");
        settings.runtime_dir = Some(sockets.to_owned());
        // Each worker has one.
        settings.limits.connections = 2_000;
        let fleet = Fleet::local(settings).await.expect("the queue opens");
        let mut lab = fill(&fleet).await;
        println!("ready");
        while asked.recv().await.is_some() {
            lab.work().await;
            println!("worked");
        }
    });
}

/// Workers with the job that each has.
struct Lab {
    busy: VecDeque<(WorkerSession, Assignment)>,
    /// They only stand there.
    _idle: Vec<WorkerSession>,
    changes: u32,
}

async fn fill(fleet: &Fleet) -> Lab {
    let session = |number: u64| {
        let name = format!("gpu-{number}");
        let session = fleet.session(name.as_str());
        session.advertise(worker(&name, number < BUSY));
        session
    };
    let mut able: Vec<_> = (0..BUSY).map(session).collect();
    let idle = (BUSY..WORKERS).map(session).collect();
    let numbers: Vec<u64> = (0..ENDED + BUSY + WAITING).collect();
    for some in numbers.chunks(AT_A_TIME) {
        let submitted = some.iter().map(|number| (fleet.clone(), job(*number)));
        let submitted =
            submitted.map(|(fleet, job)| async move { fleet.submit(&job).await.expect("a job is accepted") });
        submitted.collect::<JoinSet<_>>().join_all().await;
    }
    for _ in 0..ENDED / BUSY {
        let working = able.into_iter().map(|session| async {
            let given = take(&session).await;
            end(&session, &given).await;
            session
        });
        able = working.collect::<JoinSet<_>>().join_all().await;
    }
    let taking = able.into_iter().map(|session| async {
        let given = take(&session).await;
        (session, given)
    });
    let busy = taking.collect::<JoinSet<_>>().join_all().await.into();
    Lab { busy, _idle: idle, changes: 0 }
}

impl Lab {
    /// Mostly a job says how far it is; once in a second one ends, and its worker takes the next.
    async fn work(&mut self) {
        let mut pulse = interval(Duration::from_secs(1) / CHANGES_A_SECOND);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 0..SECONDS * CHANGES_A_SECOND {
            pulse.tick().await;
            self.changes += 1;
            let Some((session, mut given)) = self.busy.pop_front() else { return };
            if self.changes.is_multiple_of(CHANGES_A_SECOND) {
                end(&session, &given).await;
                given = take(&session).await;
            } else {
                let progress = Progress {
                    percent: Some(f64::from(self.changes % 1000) / 10.0),
                    status: Some(format!("Epoch {} of 900", self.changes)),
                    at: None,
                };
                report(&session, &given, ReportEvent::Progress { progress }).await;
            }
            self.busy.push_back((session, given));
        }
    }
}

/// Asks for work until there is some, and begins it.
async fn take(session: &WorkerSession) -> Assignment {
    loop {
        let answer = match session.claim(&Claim { holds: Vec::new(), wants: true }).await {
            Ok(answer) => answer,
            Err(error) if error.is_passing() => continue,
            Err(error) => panic!("{error}"),
        };
        let Some(given) = answer.assignment else { continue };
        let confirm = Confirm { attempt: attempt(&given), epoch: given.epoch };
        if session.confirm(&confirm).await.is_ok_and(|answer| answer == ConfirmAnswer::Go) {
            report(session, &given, ReportEvent::Running).await;
            return given;
        }
    }
}

async fn end(session: &WorkerSession, given: &Assignment) {
    report(
        session,
        given,
        ReportEvent::Ended { end: AttemptEnd::Succeeded { outputs: Manifest::default() }, survivors: false },
    )
    .await;
}

async fn report(session: &WorkerSession, given: &Assignment, event: ReportEvent) {
    let report = Report { attempt: attempt(given), event, log_end: None, log_file: None };
    session.report(&report).await.expect("the queue takes it");
}

fn attempt(given: &Assignment) -> AttemptRef {
    AttemptRef { job: given.job.id, attempt: given.attempt }
}

fn job(number: u64) -> Job {
    let json = serde_json::json!({
        "version": 1,
        "id": format!("0199c0de-0000-7000-8000-{number:012x}"),
        "kind": "slp-check",
        "name": format!("session {number}"),
        "storage_backend": "vast",
        "user_subdir": "amick",
        "kind_digest": "blake3:1",
        "submitted_by": "amick",
        "submitted_at": "2026-11-27T09:00:00Z",
    });
    let job: Job = serde_json::from_value(json).expect("a job");
    Job { storages: [("vast".to_owned(), StorageNeed { id: None, access: Access::Write })].into(), ..job }
}

fn worker(name: &str, able: bool) -> Worker {
    let vast = serde_json::json!({ "vast": { "state": "ready", "base_path": "/mnt/vast" } });
    let json = serde_json::json!({
        "id": name,
        "name": name,
        "version": env!("CARGO_PKG_VERSION"),
        "os": "linux",
        "host": name,
        "started_at": "2026-11-27T09:00:00Z",
        "kinds": [{ "name": "slp-check", "digest": "blake3:1" }],
        "backends": if able { vast } else { serde_json::json!({}) },
    });
    serde_json::from_value(json).expect("a worker")
}
