//! What the matchmaker does while its writes take their time, and when they fail.

use crate::lab::*;
use crate::through::Through;
use futures::{future::join_all, poll};
use samepath_fleet::bus::{Bus, BusError, NoRoom, memory::MemoryBus};
use samepath_fleet::{Fleet, WorkerSession};
use samepath_wire::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, mpsc};

#[tokio::test]
async fn nobody_is_told_before_it_is_durable_and_what_comes_meanwhile_is_one_write() {
    let bus = MemoryBus::new("amick");
    let (began, mut writes) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let passing = gate.clone();
    let fleet = Fleet::over(Through::new(bus.worker("gpu-1"), move |bus, writes| {
        let (began, gate) = (began.clone(), passing.clone());
        async move {
            let keys: Vec<String> = writes.iter().map(|write| write.key.clone()).collect();
            let _ = began.send(keys.into_iter().filter(|key| key.starts_with("jobs/")).count());
            gate.acquire().await.expect("never closed").forget();
            bus.write(writes).await
        }
    }));
    // It leads.
    assert_eq!(fleet.stop(job().id).await.unwrap_err().code(), "job_not_found");
    let jobs: Vec<Job> = (0..51).map(|_| job()).collect();
    let mut submitted: Vec<_> = jobs.iter().map(|job| Box::pin(fleet.submit(job))).collect();
    assert!(poll!(&mut submitted[0]).is_pending());
    assert_eq!(soon("a write", writes.recv()).await, Some(1));
    for submitting in &mut submitted {
        assert!(poll!(submitting).is_pending());
    }
    // Behind all of them, and needs no write.
    let refused = soon("an answer", bus.request("submit", b"nonsense".to_vec(), SOON)).await.unwrap();
    assert!(serde_json::from_slice::<Refused>(&refused).is_ok());
    for submitting in &mut submitted {
        assert!(poll!(submitting).is_pending(), "told before it was durable");
    }
    gate.add_permits(1);
    assert_eq!(soon("a write", writes.recv()).await, Some(50));
    soon("the first", submitted.remove(0)).await.unwrap();
    for submitting in &mut submitted {
        assert!(poll!(submitting).is_pending(), "told before it was durable");
    }
    gate.add_permits(1);
    for told in soon("the others", join_all(submitted)).await {
        let told = told.unwrap();
        let kept = bus.get(&format!("jobs/{}", told.job.id)).await.unwrap().unwrap().value;
        assert_eq!(serde_json::from_slice::<JobRecord>(&kept).unwrap(), told);
    }
    assert!(writes.try_recv().is_err(), "nothing was left to write");
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Done,
    /// Refused before anything was done.
    Refused,
    /// Done, and nobody is told.
    AnswerLost,
    /// Each record by itself was written or not.
    Torn,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_its_writes_every_job_is_run_once() {
    const JOBS: usize = 60;
    let bus = MemoryBus::new("amick");
    let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(7)));
    let fates = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let fleets: Vec<Fleet> = ["gpu-1", "gpu-2", "gpu-3"]
        .map(|name| {
            let (random, fates) = (random.clone(), fates.clone());
            Fleet::over(Through::new(bus.worker(name), move |bus, writes| {
                let mut random = random.lock().unwrap().fork();
                let fate = match random.u8(..100) {
                    0..4 => Fate::Refused,
                    4..8 => Fate::AnswerLost,
                    8..12 => Fate::Torn,
                    _ => Fate::Done,
                };
                *fates.lock().unwrap().entry(format!("{fate:?}")).or_default() += 1;
                async move {
                    match fate {
                        Fate::Done => return bus.write(writes).await,
                        Fate::Refused => {
                            return Err(BusError::DiskFull { path: "the disk".into(), why: NoRoom::Space });
                        }
                        Fate::AnswerLost => drop(bus.write(writes).await),
                        Fate::Torn => drop(bus.write(writes.into_iter().filter(|_| random.bool()).collect()).await),
                    }
                    Err(BusError::Unreachable)
                }
            }))
        })
        .into();
    let started = Arc::new(Mutex::new(BTreeMap::<JobId, usize>::new()));
    let working: Vec<_> = fleets
        .iter()
        .zip(["gpu-1", "gpu-2", "gpu-3"])
        .map(|(fleet, name)| {
            let (session, started) = (online(fleet, name), started.clone());
            tokio::spawn(async move {
                loop {
                    let attempt = start_in_the_end(&session).await;
                    *started.lock().unwrap().entry(attempt.job).or_default() += 1;
                    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
                    assert_eq!(report(&session, &attempt, end).await, ReportAnswer::Accepted);
                }
            })
        })
        .collect();
    let jobs: Vec<Job> = (0..JOBS).map(|_| job()).collect();
    let submitted = join_all(jobs.iter().map(|job| submit_in_the_end(&fleets[0], job)));
    for (record, job) in tokio::time::timeout(3 * SOON, submitted).await.expect("submitted").into_iter().zip(&jobs) {
        assert_eq!(record.job.id, job.id);
    }
    for job in &jobs {
        let record = until(&fleets[0], job.id, |record| record.state.is_ended()).await;
        assert_eq!((record.state, record.attempts.len()), (JobState::Succeeded, 1), "{record:?}");
        assert_eq!(started.lock().unwrap().get(&job.id), Some(&1), "{record:?}");
    }
    let fates = fates.lock().unwrap().clone();
    assert_eq!(fates.len(), 4, "each fate was met: {fates:?}");
    working.iter().for_each(|worker| worker.abort());
}

/// Submits as often as it takes: a job that is there already is answered alike.
async fn submit_in_the_end(fleet: &Fleet, job: &Job) -> JobRecord {
    loop {
        match fleet.submit(job).await {
            Ok(record) => return record,
            // Nothing was recorded: whoever asked is told, and may ask again.
            Err(error) => assert!(error.is_passing() || error.code() == "io", "{error}"),
        }
    }
}

/// Claims and confirms until something may be started.
async fn start_in_the_end(session: &WorkerSession) -> AttemptRef {
    loop {
        let given = match session.claim(&Claim { holds: Vec::new(), wants: true }).await {
            Ok(ClaimAnswer { assignment: Some(given), .. }) => given,
            Ok(_) => continue,
            Err(error) if error.is_passing() => continue,
            Err(error) => panic!("{error}"),
        };
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
        if session.confirm(&confirm).await.is_ok_and(|answer| answer == ConfirmAnswer::Go) {
            return attempt;
        }
    }
}
