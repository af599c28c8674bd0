//! Over the bus of this computer: one handle holds it, the other is joined to it, as two processes are.

use crate::lab::*;
use crate::paths;
use samepath_fleet::Fleet;
use samepath_fleet::bus::{self, Bus, Expect, local::LocalSettings};
use samepath_wire::*;
use tempfile::TempDir;

struct Computer {
    holder: Fleet,
    guest: Fleet,
    // Removed last.
    folder: TempDir,
}

impl Computer {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let holder = open(&folder).await;
        let guest = open(&folder).await;
        Self { holder, guest, folder }
    }

    async fn close(self) {
        self.guest.close().await;
        self.holder.close().await;
    }
}

fn settings(folder: &TempDir) -> LocalSettings {
    LocalSettings::new(folder.path().join("fleet"), "amick")
}

async fn open(folder: &TempDir) -> Fleet {
    soon("opening", Fleet::local(settings(folder))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_run() {
    let computer = Computer::new().await;
    assert!(computer.guest.is_here());
    paths::a_job_is_run(&computer.guest, &computer.holder).await;
    computer.close().await;
    let computer = Computer::new().await;
    paths::a_job_is_run(&computer.holder, &computer.guest).await;
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_is_stopped_killed_and_retried() {
    let computer = Computer::new().await;
    paths::a_running_job_is_stopped_killed_and_retried(&computer.guest, &computer.guest).await;
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said() {
    let computer = Computer::new().await;
    paths::what_is_not_there_is_said(&computer.guest).await;
    paths::what_is_not_there_is_said(&computer.holder).await;
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_are_checked() {
    let computer = Computer::new().await;
    paths::paths_are_checked(&computer.guest, &computer.holder).await;
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_outlives_the_holder() {
    let Computer { holder, guest, folder } = Computer::new().await;
    let gpu = online(&guest, "gpu-1");
    let job = job();
    holder.submit(&job).await.unwrap();
    let attempt = start(&gpu).await;
    let epoch = guest.job(job.id).await.unwrap().epoch;
    holder.close().await;
    // Another process takes over, and the attempt goes on.
    assert_eq!(report(&gpu, &attempt, ReportEvent::Running).await, ReportAnswer::Accepted);
    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
    assert_eq!(report(&gpu, &attempt, end).await, ReportAnswer::Accepted);
    let record = until(&guest, job.id, |record| record.state.is_ended()).await;
    assert_eq!((record.state, record.attempts.len()), (JobState::Succeeded, 1));
    assert!(record.epoch > epoch, "{} after {epoch}", record.epoch);
    // And work goes on as before.
    let next = crate::lab::job();
    guest.submit(&next).await.unwrap();
    assert_eq!(start(&gpu).await.job, next.id);
    guest.close().await;
    drop(gpu);
    // The history is there for whoever opens it next.
    let later = open(&folder).await;
    assert_eq!(later.job(job.id).await.unwrap().state, JobState::Succeeded);
    assert_eq!(later.job(next.id).await.unwrap().attempts.len(), 1);
    later.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_by_many_workers_are_each_run_once() {
    const JOBS: usize = 40;
    let computer = Computer::new().await;
    let mut working = Vec::new();
    for at in 0..4 {
        let fleet = if at % 2 == 0 { &computer.holder } else { &computer.guest };
        let gpu = online(fleet, &format!("gpu-{at}"));
        working.push(tokio::spawn(async move {
            loop {
                let Ok(answer) = gpu.claim(&Claim { holds: Vec::new(), wants: true }).await else { continue };
                let Some(given) = answer.assignment else { continue };
                let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
                let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
                if gpu.confirm(&confirm).await.unwrap() == ConfirmAnswer::Go {
                    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
                    report(&gpu, &attempt, end).await;
                }
            }
        }));
    }
    let mut ids = Vec::new();
    for at in 0..JOBS {
        let fleet = if at % 2 == 0 { &computer.holder } else { &computer.guest };
        ids.push(fleet.submit(&job()).await.unwrap().job.id);
    }
    for id in ids {
        let record = until(&computer.guest, id, |record| record.state.is_ended()).await;
        assert_eq!((record.state, record.attempts.len()), (JobState::Succeeded, 1));
    }
    for task in working {
        task.abort();
    }
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_more_job_types_than_fit_is_seen_with_as_many_as_do() {
    let computer = Computer::new().await;
    let session = computer.guest.session("gpu-1");
    let mut told = worker("gpu-1");
    let refused = |at| KindUnavailable { name: format!("kind-{at}.yaml"), reason: "because ".repeat(100) };
    told.unavailable = (0..500).map(refused).collect();
    told.kinds = (0..200)
        .map(|at| KindAdvert { name: format!("kind-{at}"), digest: format!("blake3:{at:064}"), notice_seconds: None })
        .collect();
    session.advertise(told);
    let mut workers = computer.holder.workers();
    let seen = soon("seeing it", async {
        loop {
            if let Some(samepath_fleet::Update::Put(_, worker)) = workers.next().await {
                return worker;
            }
        }
    })
    .await;
    assert_eq!(seen.kinds.len(), 200, "what it can run comes before what it cannot");
    let last = seen.unavailable.last().unwrap();
    let left = 500 - (seen.unavailable.len() - 1);
    assert!(last.reason.starts_with(&format!("{left} more job types have no room")), "{last:?}");
    session.leave().await;
    computer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_is_published_again_when_the_link_comes_back() {
    let Computer { holder, guest, folder } = Computer::new().await;
    let gpu = online(&guest, "gpu-1");
    gpu.put_kind(&kind()).await.unwrap();
    // One that is advertised no longer is left alone.
    gpu.put_kind(&Kind { digest: "blake3:0".into(), ..kind() }).await.unwrap();
    until_there(&mut holder.workers(), "gpu-1").await;
    // Removed while this worker was not to be seen, by a matchmaker.
    let bus = bus::local::open(settings(&folder)).await.unwrap();
    for digest in ["blake3:0", "blake3:1"] {
        bus.delete(&format!("kinds/{digest}"), Expect::Any).await.unwrap();
    }
    let mut kinds = guest.kinds();
    holder.close().await;
    assert_eq!(until_there(&mut kinds, "blake3:1").await, kind());
    assert_eq!(bus.get("kinds/blake3:0").await.unwrap(), None);
    bus.close().await;
    guest.close().await;
}
