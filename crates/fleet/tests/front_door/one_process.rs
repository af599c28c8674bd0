//! Over the bus in memory.

use crate::lab::*;
use crate::paths;
use crate::through::Through;
use samepath_fleet::Fleet;
use samepath_fleet::bus::{Bus, BusError, Expect, memory::MemoryBus};
use samepath_fleet::matchmaker::KEPT_JOBS;
use samepath_wire::*;
use std::sync::Arc;
use std::time::Duration;

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
    for subject in ["submit", "stop", "kill", "retry", "clear", "claim", "confirm", "report"] {
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
async fn whoever_runs_what_cannot_be_read_is_left_alone() {
    let bus = MemoryBus::new("amick");
    let fleet = Fleet::memory(bus.member("amick"));
    let job = job();
    fleet.submit(&job).await.unwrap();
    let attempt = start(&online(&fleet, "gpu-1")).await;
    fleet.close().await;
    // Another version takes over, and writes what this one cannot read; then this one leads again.
    let key = format!("jobs/{}", job.id);
    let record = bus.get(&key).await.unwrap().unwrap().value;
    bus.put(&key, b"{\"of\": \"a later version\"}".to_vec(), Expect::Any, None).await.unwrap();
    let fleet = Fleet::memory(bus.member("amick"));
    let gpu = online(&fleet, "gpu-1");
    let claim = Claim { holds: vec![attempt.clone()], wants: false };
    let answer = soon("an answer", async {
        loop {
            match gpu.claim(&claim).await {
                Ok(answer) => return answer,
                // Nobody leads yet.
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
        }
    })
    .await;
    assert_eq!((answer.unreadable, answer.forget), (vec![attempt.clone()], vec![]));
    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
    assert_eq!(report(&gpu, &attempt, end.clone()).await, ReportAnswer::Unreadable);
    let unreadable = fleet.unreadable_jobs().await.unwrap();
    assert!(unreadable.len() == 1 && unreadable[0].to_string().contains(&job.id.to_string()), "{unreadable:?}");
    fleet.close().await;
    // Whoever can read it takes the end.
    bus.put(&key, record, Expect::Any, None).await.unwrap();
    let fleet = Fleet::memory(bus.member("amick"));
    let gpu = online(&fleet, "gpu-1");
    assert_eq!(report(&gpu, &attempt, end).await, ReportAnswer::Accepted);
    assert_eq!(fleet.job(job.id).await.unwrap().state, JobState::Succeeded);
    assert!(fleet.unreadable_jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bus_that_takes_less_fails_the_job_and_nothing_else() {
    let bus = MemoryBus::new("amick");
    const LIMIT: usize = 4_000;
    let fleet = Fleet::over(Through::new(bus.worker("gpu-1"), |bus, writes| async move {
        let sizes = writes.iter().map(|write| (&write.key, write.value.as_ref().map_or(0, Vec::len)));
        if let Some((key, size)) = sizes.into_iter().find(|(_, size)| *size > LIMIT) {
            return Err(BusError::TooLarge { name: key.clone(), size: size as u64, limit: LIMIT as u64 });
        }
        bus.write(writes).await
    }));
    let small = job();
    let epoch = fleet.submit(&small).await.unwrap().epoch;
    let mut large = job();
    large.parameters.insert("X".into(), "y".repeat(8_000).into());
    // Said at once, to whoever submits it.
    let record = fleet.submit(&large).await.unwrap();
    assert_eq!(record.state, JobState::Failed);
    assert!(record.failure.unwrap().message.contains("larger than the queue takes"));
    assert_eq!(fleet.job(large.id).await.unwrap().state, JobState::Failed);
    // One that grows fails too, and the others go on under the same matchmaker.
    let gpu = online(&fleet, "gpu-1");
    let attempt = start(&gpu).await;
    assert_eq!(attempt.job, small.id);
    let progress = Progress { percent: None, status: Some("\u{1}".repeat(600)), at: None };
    report(&gpu, &attempt, ReportEvent::Progress { progress }).await;
    let record = fleet.job(small.id).await.unwrap();
    assert_eq!((record.state, record.epoch), (JobState::Failed, epoch));
    fleet.submit(&job()).await.unwrap();
    assert_eq!(fleet.job(start(&gpu).await.job).await.unwrap().epoch, epoch);
}

#[tokio::test]
async fn a_list_of_files_longer_than_a_message_is_cut_and_counted() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    let job = job();
    fleet.submit(&job).await.unwrap();
    let gpu = online(&fleet, "gpu-1");
    let attempt = start(&gpu).await;
    let file =
        |at| ManifestEntry { folder: 0, path: format!("{at:0>4000}"), size: 1, modified: jiff::Timestamp::UNIX_EPOCH };
    let outputs =
        Manifest { files: (0..1_000).map(file).collect(), more: 12_000, truncated: true, ..Default::default() };
    assert_eq!(report(&gpu, &attempt, ended(AttemptEnd::Succeeded { outputs })).await, ReportAnswer::Accepted);
    let record = fleet.job(job.id).await.unwrap();
    let outputs = record.outputs.unwrap();
    assert_eq!((outputs.files.len() as u64 + outputs.more, outputs.truncated), (13_000, true));
    assert!(!outputs.files.is_empty());
    let said = &record.history.last().unwrap().reason;
    assert!(said.contains(&format!("{} more files", outputs.more)), "{said}");
}

#[tokio::test]
async fn an_end_is_recorded_only_where_its_log_is() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    let job = job();
    fleet.submit(&job).await.unwrap();
    let gpu = online(&fleet, "gpu-1");
    let attempt = start(&gpu).await;
    let line =
        |seq| LogLine { seq, at: jiff::Timestamp::UNIX_EPOCH, stream: Stream::Out, text: String::new(), cut: false };
    gpu.append_log(&attempt, 0, &[line(0)]).await.unwrap();
    // Two were sent, and the second was lost with whoever held it.
    let event = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
    let report = Report { attempt: attempt.clone(), event, log_end: Some(2), log_file: None };
    assert_eq!(gpu.report(&report).await.unwrap(), ReportAnswer::LogMissing);
    assert!(!fleet.job(job.id).await.unwrap().state.is_ended());
    gpu.append_log(&attempt, 1, &[line(1)]).await.unwrap();
    assert_eq!(gpu.report(&report).await.unwrap(), ReportAnswer::Accepted);
    assert!(fleet.job(job.id).await.unwrap().state.is_ended());
}

#[tokio::test]
async fn what_is_removed_takes_its_logs_along() {
    let bus = MemoryBus::new("amick");
    let mut old = Vec::new();
    for number in 0..KEPT_JOBS as i64 + 3 {
        let job = job();
        let at = jiff::Timestamp::from_second(1_700_000_000 + number).unwrap();
        let change = serde_json::json!({ "state": "failed", "at": at });
        let attempt =
            serde_json::json!({ "number": 1, "worker": "w", "worker_name": "w", "state": "ended", "assigned_at": at });
        let record = serde_json::json!({
            "job": job, "order": number, "state": "failed", "epoch": 1, "attempts": [attempt], "history": [change],
        });
        bus.put(&format!("jobs/{}", job.id), record.to_string().into(), Expect::Any, None).await.unwrap();
        old.push(job.id);
    }
    let log = |at: usize| format!("log/{}/1", old[at]);
    for at in 0..5 {
        bus.append(&log(at), 0, vec![b"{}".to_vec()]).await.unwrap();
    }
    let fleet = Fleet::memory(bus.member("amick"));
    let mut jobs = fleet.jobs();
    for (at, job) in old.iter().enumerate().take(3) {
        until_gone(&mut jobs, &job.to_string()).await;
        assert_eq!(bus.log_range(&log(at)).await.unwrap().end, 0, "its log is as one that never was");
    }
    // The same matchmaker goes on: what it removed itself is no surprise to it.
    let first = fleet.submit(&job()).await.unwrap();
    let second = fleet.submit(&job()).await.unwrap();
    assert_eq!(first.epoch, second.epoch);
    assert_eq!(bus.log_range(&log(3)).await.unwrap().end, 1);
    assert!(fleet.job(old[3]).await.is_ok());
}

#[tokio::test]
async fn a_person_s_old_jobs_are_forgotten_with_their_logs_and_nobody_else_s() {
    let bus = MemoryBus::new("amick");
    let (fleet, tom) = (Fleet::memory(bus.member("amick")), Fleet::memory(bus.member("tom")));
    let gpu = online(&fleet, "gpu-1");
    fleet.submit(&job()).await.unwrap();
    let attempt = start(&gpu).await;
    let line =
        LogLine { seq: 0, at: jiff::Timestamp::UNIX_EPOCH, stream: Stream::Out, text: String::new(), cut: false };
    gpu.append_log(&attempt, 0, &[line]).await.unwrap();
    let theirs = tom.submit(&job()).await.unwrap().job.id;
    let waits = fleet.submit(&job()).await.unwrap().job.id;
    tom.stop(theirs).await.unwrap();
    let end = AttemptEnd::Succeeded { outputs: Manifest::default() };
    gpu.report(&Report { attempt: attempt.clone(), event: ended(end), log_end: Some(1), log_file: None })
        .await
        .unwrap();

    assert_eq!(fleet.clear(Duration::from_secs(3600)).await.unwrap(), 0, "it has only just ended");
    assert_eq!(fleet.clear(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(fleet.job(attempt.job).await.unwrap_err().code(), "job_not_found");
    assert_eq!(bus.log_range(&format!("log/{}/1", attempt.job)).await.unwrap().end, 0);
    assert!(tom.job(theirs).await.is_ok() && fleet.job(waits).await.is_ok());
    assert_eq!(fleet.clear(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(tom.clear(Duration::ZERO).await.unwrap(), 1);
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

#[tokio::test]
async fn a_predecessor_that_leaves_is_no_twin() {
    let fleet = Fleet::memory(MemoryBus::new("amick"));
    let (before, now) = (fleet.session("gpu-1"), fleet.session("gpu-1"));
    assert!(soon("an answer", now.twin()).await.unwrap().is_none());
    // One whose name begins alike is another.
    online(&fleet, "gpu-10");
    before.advertise(worker("gpu-1"));
    until_there(&mut fleet.workers(), "gpu-1").await;
    let started = std::time::Instant::now();
    let (twin, ()) = tokio::join!(now.twin(), before.leave());
    assert!(twin.unwrap().is_none());
    assert!(started.elapsed() < Duration::from_secs(5), "it was waited for though it had gone");
}
