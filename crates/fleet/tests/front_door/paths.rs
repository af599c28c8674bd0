//! What happens to a job, told once and run over every form of bus.

use crate::lab::*;
use samepath_fleet::{Fleet, FleetError, LogItem};
use samepath_wire::*;
use std::time::Duration;

pub(crate) async fn a_job_is_run(person: &Fleet, workers: &Fleet) {
    let mut kinds = person.kinds();
    let gpu = online(workers, "gpu-1");
    gpu.put_kind(&kind()).await.unwrap();
    assert_eq!(until_there(&mut kinds, "blake3:1").await, kind());
    let job = job();
    let record = person.submit(&job).await.unwrap();
    assert_eq!((record.state, record.job.submitted_by.as_str()), (JobState::Queued, "amick"));
    // Submitting twice is submitting once.
    assert_eq!(person.submit(&job).await.unwrap().order, record.order);

    let attempt = start(&gpu).await;
    assert_eq!(attempt, AttemptRef { job: job.id, attempt: 1 });
    assert_eq!(report(&gpu, &attempt, ReportEvent::Checking).await, ReportAnswer::Accepted);
    assert_eq!(report(&gpu, &attempt, ReportEvent::Running).await, ReportAnswer::Accepted);
    let mut log = person.log(job.id, 1, 0).await.unwrap();
    assert_eq!(log.next().await, Some(LogItem::Current));
    let line = |seq: u64| LogLine {
        seq,
        at: jiff::Timestamp::UNIX_EPOCH,
        stream: Stream::Out,
        text: format!("line {seq}"),
        cut: false,
    };
    assert_eq!(gpu.append_log(&attempt, 0, &[line(0), line(1)]).await.unwrap(), 2);
    // Repeated, and beyond: what is there already is dropped.
    assert_eq!(gpu.append_log(&attempt, 1, &[line(1), line(2)]).await.unwrap(), 3);
    // With a hole: told where to go on.
    assert_eq!(gpu.append_log(&attempt, 7, &[line(7)]).await.unwrap(), 3);
    assert_eq!(gpu.log_end(&attempt).await.unwrap(), 3);
    for seq in 0..3 {
        assert_eq!(soon("a line", log.next()).await, Some(LogItem::Line(line(seq))));
    }
    let progress = Progress { percent: Some(50.0), status: Some("half".into()), at: None };
    report(&gpu, &attempt, ReportEvent::Progress { progress: progress.clone() }).await;
    let told = until(person, job.id, |record| record.progress.percent == progress.percent).await.progress;
    assert!(told.status == progress.status && told.at.is_some(), "{told:?}");
    let end = ended(AttemptEnd::Succeeded { outputs: Manifest { attempt: 1, ..Manifest::default() } });
    assert_eq!(report(&gpu, &attempt, end.clone()).await, ReportAnswer::Accepted);
    assert_eq!(report(&gpu, &attempt, end).await, ReportAnswer::Accepted);
    let record = until(person, job.id, |record| record.state.is_ended()).await;
    assert_eq!((record.state, record.attempts.len()), (JobState::Succeeded, 1));
    assert_eq!(person.job(job.id).await.unwrap(), record);
    // A late reader sees all of the log.
    let mut log = person.log(job.id, 1, 1).await.unwrap();
    let mut seen = Vec::new();
    while let Some(LogItem::Line(line)) = soon("a line", log.next()).await {
        seen.push(line.seq);
    }
    assert_eq!(seen, [1, 2]);
}

pub(crate) async fn a_running_job_is_stopped_killed_and_retried(person: &Fleet, workers: &Fleet) {
    let gpu = online(workers, "gpu-1");
    let mut orders = gpu.orders();
    let job = job();
    person.submit(&job).await.unwrap();
    let attempt = start(&gpu).await;
    person.stop(job.id).await.unwrap();
    assert_eq!(soon("an order", orders.next()).await, Some((attempt.clone(), StopMode::Stop)));
    person.kill(job.id).await.unwrap();
    assert_eq!(soon("an order", orders.next()).await, Some((attempt.clone(), StopMode::Kill)));
    report(&gpu, &attempt, ended(AttemptEnd::Cancelled { outputs: Manifest::default() })).await;
    assert_eq!(until(person, job.id, |record| record.state.is_ended()).await.state, JobState::Cancelled);
    let record = person.retry(job.id).await.unwrap();
    assert_eq!((record.state, record.stop), (JobState::Queued, None));
    let again = start(&gpu).await;
    assert_eq!(again, AttemptRef { job: job.id, attempt: 2 });
    assert_eq!(person.retry(job.id).await.unwrap_err().code(), "invalid_parameter");
    report(&gpu, &again, ended(AttemptEnd::Succeeded { outputs: Manifest::default() })).await;
    // One that waits is cancelled at once.
    let mut waiting = crate::lab::job();
    waiting.worker = Some("gpu-9".into());
    person.submit(&waiting).await.unwrap();
    assert_eq!(person.stop(waiting.id).await.unwrap().state, JobState::Cancelled);
}

pub(crate) async fn what_is_not_there_is_said(person: &Fleet) {
    let nobody = uuid::Uuid::now_v7();
    for error in [
        person.job(nobody).await.unwrap_err(),
        person.stop(nobody).await.unwrap_err(),
        person.kill(nobody).await.unwrap_err(),
        person.retry(nobody).await.unwrap_err(),
    ] {
        assert!(matches!(error, FleetError::JobNotFound { job } if job == nobody), "{error:?}");
        assert_eq!(error.code(), "job_not_found");
        assert!(error.hint().is_some());
    }
    let error = person.check_paths("gpu-9", &CheckPaths::default(), SOON).await.unwrap_err();
    assert_eq!(error.code(), "no_worker");
    let bad = Job { kind: String::new(), ..job() };
    let error = person.submit(&bad).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("invalid_parameter", "the job names no kind"));
}

pub(crate) async fn paths_are_checked(person: &Fleet, workers: &Fleet) {
    let gpu = online(workers, "gpu-1");
    let mut seen = person.workers();
    let serving = tokio::spawn({
        let gpu = gpu.clone();
        async move {
            gpu.serve_checks(|_, asked| async move {
                let CheckPaths { paths, proof } = asked;
                let seen = |(number, path): (usize, StoragePath)| {
                    let proof = proof.as_ref().filter(|proof| proof.path == number).map(|proof| proof.key.clone());
                    // Of one without an end twice as much is said as of others.
                    let local = format!("/mnt/{}", path.path.repeat(if path.path.len() > 100_000 { 2 } else { 1 }));
                    PathSeen::Yes(Seen { local, size: 1, modified: None, proof })
                };
                Checked { paths: paths.into_iter().enumerate().map(seen).collect() }
            })
            .await
        }
    });
    until_there(&mut seen, "gpu-1").await;
    let asked = CheckPaths { paths: vec![StoragePath::new("vast", "amick", "x.slp")], proof: None };
    let checked = soon("an answer", async {
        loop {
            match person.check_paths("gpu-1", &asked, Duration::from_secs(5)).await {
                Ok(checked) => return checked,
                // It serves a moment later than it is seen.
                Err(error) => assert_eq!(error.code(), "no_worker"),
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let Some(PathSeen::Yes(seen_there)) = checked.paths.first() else { panic!("{checked:?}") };
    assert_eq!(seen_there.local, "/mnt/x.slp");
    // However many there are, and however much is said of each: it is asked for in pieces, and answered in order.
    for (count, length) in [(20_000, 20), (1_500, 900)] {
        let path = |number: u32| format!("{number:0length$}.mp4");
        let paths = (0..count).map(|number| StoragePath::new("vast", "amick", path(number))).collect();
        let proof = Some(ProofAsked { path: 0, key: "k".repeat(64) });
        let asked = CheckPaths { paths, proof };
        let checked = soon("an answer", person.check_paths("gpu-1", &asked, SOON)).await.unwrap();
        let told = |(number, seen): (u32, PathSeen)| match seen {
            PathSeen::Yes(seen) => {
                assert_eq!(seen.local, format!("/mnt/{}", path(number)));
                // What is to be proved is the first of all.
                assert_eq!(seen.proof.is_some(), number == 0, "{number}");
            }
            PathSeen::No { .. } => panic!("{number}: {seen:?}"),
        };
        assert_eq!((0..).zip(checked.paths).map(told).count(), count as usize);
    }
    let endless = CheckPaths { paths: vec![StoragePath::new("vast", "", "x".repeat(300_000))], proof: None };
    let error = soon("an answer", person.check_paths("gpu-1", &endless, SOON)).await.unwrap_err();
    assert!(error.to_string().contains("ask for less at a time"), "{error}");
    // Taken back, it is gone from the page at once.
    gpu.leave().await;
    until_gone(&mut seen, "gpu-1").await;
    serving.abort();
}
