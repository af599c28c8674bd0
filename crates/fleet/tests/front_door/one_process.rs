//! Over the bus in memory.

use crate::lab::*;
use crate::paths;
use samepath_fleet::Fleet;
use samepath_fleet::bus::memory::MemoryBus;
use samepath_fleet::bus::{Bus, Expect};
use samepath_wire::*;
use std::sync::Arc;

#[tokio::test]
async fn a_job_is_run() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    paths::a_job_is_run(&fleet, &fleet).await;
    fleet.close().await;
}

#[tokio::test]
async fn a_running_job_is_stopped_killed_and_retried() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    paths::a_running_job_is_stopped_killed_and_retried(&fleet, &fleet).await;
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    paths::what_is_not_there_is_said(&Fleet::memory(MemoryBus::new("amick"))).await;
}

#[tokio::test]
async fn paths_are_checked() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    paths::paths_are_checked(&fleet, &fleet).await;
}

#[tokio::test]
async fn one_of_two_leads_and_the_other_takes_over() {
    let bus = MemoryBus::new("amick");
    let (first, second) = (Fleet::memory(bus.member("tom")), Fleet::memory(bus.member("amick")));
    let job = job();
    second.submit(&job).await.unwrap();
    let gpu = online(&second, "gpu-1");
    let attempt = start(&gpu).await;
    let epoch = second.job(job.id).await.unwrap().epoch;
    first.close().await;
    // The attempt goes on under whoever leads now.
    assert_eq!(report(&gpu, &attempt, ReportEvent::Checking).await, ReportAnswer::Accepted);
    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
    assert_eq!(report(&gpu, &attempt, end).await, ReportAnswer::Accepted);
    let record = second.job(job.id).await.unwrap();
    assert_eq!((record.state, record.attempts.len()), (JobState::Succeeded, 1));
    assert!(record.epoch >= epoch);
    second.close().await;
}

#[tokio::test]
async fn a_record_that_somebody_else_wrote_is_not_overwritten() {
    let bus = Arc::new(MemoryBus::new("amick"));
    let fleet = Fleet::memory(bus.member("amick"));
    let job = job();
    let mut record = fleet.submit(&job).await.unwrap();
    let before = record.epoch;
    record.history[0].reason = "written by another".into();
    let value = serde_json::to_vec(&record).unwrap();
    bus.put(&format!("jobs/{}", job.id), value, Expect::Any, None).await.unwrap();
    // The matchmaker starts over from what is written there, in a later epoch.
    let gpu = online(&fleet, "gpu-1");
    start(&gpu).await;
    let record = fleet.job(job.id).await.unwrap();
    assert_eq!(record.history[0].reason, "written by another");
    assert!(record.epoch > before);
}

#[tokio::test]
async fn nonsense_on_every_subject_is_refused() {
    let bus = MemoryBus::new("amick");
    let worker = bus.worker("gpu-1");
    let fleet = Fleet::memory(bus.member("amick"));
    fleet.submit(&job()).await.unwrap();
    for subject in ["submit", "stop", "kill", "retry", "claim", "confirm", "report"] {
        for payload in [&b""[..], b"{", b"null", b"[]", b"{\"job\": 3}", b"\xff\xfe"] {
            let answer = worker.request(subject, payload.to_vec(), SOON).await.unwrap();
            let refused: Refused = serde_json::from_slice(&answer).unwrap();
            assert_eq!(refused.code, "invalid_parameter", "{subject}");
        }
    }
    // A person is no worker.
    let claim = serde_json::to_vec(&Claim { holds: Vec::new(), wants: true }).unwrap();
    let refused: Refused = serde_json::from_slice(&bus.request("claim", claim, SOON).await.unwrap()).unwrap();
    assert_eq!(refused.message, "only a worker may ask this");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_left_alone() {
    let bus = MemoryBus::new("amick");
    let job = job();
    let key = format!("jobs/{}", job.id);
    bus.put(&key, b"{\"of\": \"a later version\"}".to_vec(), Expect::Any, None).await.unwrap();
    let fleet = Fleet::memory(bus.member("amick"));
    assert_eq!(fleet.submit(&job).await.unwrap_err().code(), "internal");
    assert_eq!(fleet.job(job.id).await.unwrap_err().code(), "internal");
    // Others are served.
    fleet.submit(&crate::lab::job()).await.unwrap();
    assert_eq!(bus.get(&key).await.unwrap().unwrap().value, b"{\"of\": \"a later version\"}");
}

#[tokio::test]
async fn nobody_leads_and_it_is_said() {
    let bus = MemoryBus::new("amick");
    // Somebody has the lead, and serves nothing.
    bus.put("matchmaker/leader", b"{}".to_vec(), Expect::Absent, Some(SOON)).await.unwrap();
    let fleet = Fleet::memory(bus.member("amick"));
    let error = fleet.submit(&job()).await.unwrap_err();
    assert_eq!(error.code(), "fleet_unreachable");
    assert!(error.to_string().contains("submitting the job"), "{error}");
}
