use crate::samples::*;
use samepath_fleet::matchmaker::{Event, Order, check};
use samepath_wire::*;

#[test]
fn a_job_goes_its_way() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Checking), ReportAnswer::Accepted);
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Accepted);
    let progress = Progress { percent: Some(250.0), status: Some("epoch 3".into()), at: None };
    bench.report("gpu-1", &attempt, ReportEvent::Progress { progress });
    let began = Some(at(bench.now).wall);
    assert_eq!(bench.job(1).progress, Progress { percent: Some(100.0), status: Some("epoch 3".into()), at: began });
    let file = ManifestEntry { folder: 0, path: "m".into(), size: 1, modified: jiff::Timestamp::UNIX_EPOCH };
    let outputs =
        Manifest { folders: vec![StoragePath::new("vast", "amick", "out")], files: vec![file], ..Default::default() };
    let end = AttemptEnd::Succeeded { outputs: outputs.clone() };
    assert_eq!(bench.end("gpu-1", &attempt, end.clone()), ReportAnswer::Accepted);
    let record = bench.job(1).clone();
    use JobState::*;
    assert_eq!(states(&record), [Queued, Assigned, Checking, Running, Succeeded]);
    assert!(record.history.iter().all(|change| !change.reason.is_empty()));
    assert_eq!(record.outputs, Some(Manifest { attempt: 1, ..outputs }));
    // Recorded exactly once: the answer may have been lost, and the end comes again.
    let writes = bench.writes;
    assert_eq!(bench.end("gpu-1", &attempt, end), ReportAnswer::Accepted);
    assert_eq!((bench.job(1), bench.writes), (&record, writes));
    // Anything else about it comes too late.
    assert_eq!(bench.report("gpu-1", &attempt, ReportEvent::Running), ReportAnswer::Superseded);
}

#[test]
fn every_assignment_is_written_before_it_is_answered() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let given = bench.take("gpu-1");
    assert_eq!((given.attempt, given.epoch, given.own_output), (1, bench.state.epoch(), false));
    let written = &bench.written[&id(1)];
    assert_eq!((written.state, written.attempts.len(), written.epoch), (JobState::Assigned, 1, given.epoch));
}

#[test]
fn submitting_twice_is_submitting_once() {
    let mut bench = bench(&[]);
    let mut twice = job(1);
    let first = bench.submit(twice.clone()).unwrap();
    assert_eq!(first.job.submitted_by, "amick");
    twice.name = "other".into();
    assert_eq!(bench.submit(twice).unwrap(), first);
    assert_eq!(bench.writes, 1);
}

#[test]
fn a_claim_waits_for_work_and_is_answered_empty_now_and_then() {
    let mut bench = bench(&["gpu-1"]);
    let ticket = bench.claim("gpu-1", &[], true);
    bench.pass(17);
    assert_eq!(bench.claimed(ticket), None);
    bench.pass(1);
    assert_eq!(bench.claimed(ticket), Some(ClaimAnswer::default()));
    let ticket = bench.claim("gpu-1", &[], true);
    bench.submit(job(1)).unwrap();
    assert_eq!(bench.claimed(ticket).unwrap().assignment.unwrap().job.id, id(1));
}

#[test]
fn a_worker_is_matched_once_it_is_fit() {
    let mut bench = bench(&[]);
    bench.submit(job(1)).unwrap();
    let ticket = bench.claim("gpu-1", &[], true);
    let mut late = worker("gpu-1");
    late.backends.clear();
    bench.online(late);
    assert_eq!(bench.claimed(ticket), None);
    bench.online(worker("gpu-1"));
    assert!(bench.claimed(ticket).unwrap().assignment.is_some());
}

#[test]
fn an_abandoned_claim_gets_no_work() {
    let mut bench = bench(&["gpu-1"]);
    let ticket = bench.claim("gpu-1", &[], true);
    bench.handle(Event::Abandoned { ticket });
    bench.submit(job(1)).unwrap();
    assert_eq!(bench.job(1).state, JobState::Queued);
}

#[test]
fn a_job_that_fits_nobody_waits() {
    let mut bench = bench(&["gpu-1"]);
    let mut pinned = job(1);
    pinned.worker = Some("gpu-7".into());
    bench.submit(pinned).unwrap();
    bench.claim("gpu-1", &[], true);
    bench.pass(3600);
    assert_eq!(bench.job(1).state, JobState::Queued);
}

#[test]
fn each_user_has_a_turn_and_then_who_came_first() {
    let mut bench = bench(&["gpu-1", "gpu-2", "gpu-3", "gpu-4"]);
    for (number, member) in [(1, "tom"), (2, "tom"), (3, "tom"), (4, "amick")] {
        bench.submit(Job { submitted_by: member.into(), ..job(number) }).unwrap();
    }
    let order: Vec<JobId> =
        ["gpu-1", "gpu-2", "gpu-3", "gpu-4"].iter().map(|worker| bench.take(worker).job.id).collect();
    assert_eq!(order, [id(1), id(4), id(2), id(3)]);
}

#[test]
fn workers_known_to_have_the_same_storage_come_first() {
    let mut bench = bench(&["gpu-1"]);
    let mut marked = worker("gpu-2");
    marked.backends.insert("vast".into(), advert(BackendState::Ready, Some("a")));
    bench.online(marked);
    let (first, second) = (bench.claim("gpu-1", &[], true), bench.claim("gpu-2", &[], true));
    let mut wants = job(1);
    wants.storages.insert("vast".into(), StorageNeed { id: Some("a".into()), access: Access::Read });
    bench.submit(wants).unwrap();
    assert_eq!(bench.claimed(first), None);
    assert!(bench.claimed(second).is_some());
}

#[test]
fn a_worker_that_proved_to_read_the_dataset_comes_before_one_with_the_same_mark_alone() {
    let mut bench = bench(&["gpu-1", "gpu-2", "gpu-3"]);
    let marked = |name: &str| {
        let mut marked = worker(name);
        marked.backends.insert("vast".into(), advert(BackendState::Ready, Some("a")));
        marked
    };
    bench.online(marked("gpu-2"));
    let tickets: Vec<_> = ["gpu-1", "gpu-2", "gpu-3"].iter().map(|worker| bench.claim(worker, &[], true)).collect();
    let wants = |number| {
        let mut wants = job(number);
        wants.storages.insert("vast".into(), StorageNeed { id: Some("a".into()), access: Access::Read });
        wants.confirmed.insert("vast".into(), vec!["gpu-3".into()]);
        wants
    };
    for (number, best) in [(1, 2), (2, 1), (3, 0)] {
        bench.submit(wants(number)).unwrap();
        assert!(bench.claimed(tickets[best]).is_some(), "job {number} is not for {}", best + 1);
    }
}

#[test]
fn no_proof_outweighs_another_mark() {
    let mut bench = bench(&[]);
    let with = |id: &str| {
        let mut worker = worker("gpu-1");
        worker.backends.insert("vast".into(), advert(BackendState::Ready, Some(id)));
        worker
    };
    bench.online(with("b"));
    let mut wants = job(1);
    wants.storages.insert("vast".into(), StorageNeed { id: Some("a".into()), access: Access::Read });
    wants.confirmed.insert("vast".into(), vec!["gpu-1".into()]);
    bench.submit(wants).unwrap();
    let ticket = bench.claim("gpu-1", &[], true);
    assert_eq!(bench.claimed(ticket), None);
    // The right storage is mounted there, and told of: the job that waited is given at once.
    bench.online(with("a"));
    assert!(bench.claimed(ticket).is_some());
}

#[test]
fn a_worker_whose_storage_became_another_is_given_nothing_more() {
    let mut bench = bench(&["gpu-1"]);
    let ticket = bench.claim("gpu-1", &[], true);
    let mut other = worker("gpu-1");
    other.backends.insert("vast".into(), advert(BackendState::Ready, Some("b")));
    bench.online(other);
    let mut wants = job(1);
    wants.storages.insert("vast".into(), StorageNeed { id: Some("a".into()), access: Access::Read });
    bench.submit(wants).unwrap();
    assert_eq!(bench.claimed(ticket), None);
    // A job of somebody whose own storage carries no mark cannot be told apart, and is given.
    bench.submit(job(2)).unwrap();
    assert!(bench.claimed(ticket).is_some());
}

#[test]
fn a_queued_job_is_stopped_at_once() {
    for order in [Order::Stop, Order::Kill] {
        let mut bench = bench(&["gpu-1"]);
        bench.submit(job(1)).unwrap();
        let record = bench.order(1, order).unwrap();
        assert_eq!((record.state, record.stop.unwrap().by.as_str()), (JobState::Cancelled, "tom"));
        let ticket = bench.claim("gpu-1", &[], true);
        assert_eq!(bench.claimed(ticket), None);
    }
}

#[test]
fn an_unconfirmed_job_is_stopped_at_once() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let given = bench.take("gpu-1");
    assert_eq!(bench.order(1, Order::Stop).unwrap().state, JobState::Cancelled);
    let attempt = AttemptRef { job: id(1), attempt: 1 };
    assert_eq!(bench.confirm("gpu-1", &attempt, given.epoch), ConfirmAnswer::Withdrawn);
}

#[test]
fn a_running_job_is_asked_to_stop_and_kill_supersedes_stop() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    let mode = |record: JobRecord| (record.state, record.stop.unwrap().mode);
    assert_eq!(mode(bench.order(1, Order::Stop).unwrap()), (JobState::Assigned, StopMode::Stop));
    assert_eq!(mode(bench.order(1, Order::Kill).unwrap()), (JobState::Assigned, StopMode::Kill));
    assert_eq!(mode(bench.order(1, Order::Stop).unwrap()), (JobState::Assigned, StopMode::Kill));
    bench.end("gpu-1", &attempt, AttemptEnd::Cancelled { outputs: Manifest::default() });
    let record = bench.job(1).clone();
    assert_eq!(record.state, JobState::Cancelled);
    assert!(record.outputs.is_some());
    // Of a job that has ended it is no order.
    assert_eq!(bench.order(1, Order::Kill).unwrap(), record);
}

#[test]
fn a_job_asked_to_stop_is_not_run_again() {
    for end in [lost(true), lost(false), unfit("no vast")] {
        let mut bench = bench(&["gpu-1", "gpu-2"]);
        bench.submit(job(1)).unwrap();
        let attempt = bench.start("gpu-1");
        bench.order(1, Order::Stop).unwrap();
        bench.end("gpu-1", &attempt, end);
        assert_eq!(bench.job(1).state, JobState::Cancelled);
    }
}

#[test]
fn only_ended_jobs_are_retried() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    assert_eq!(bench.order(1, Order::Retry).unwrap_err().code, "invalid_parameter");
    let attempt = bench.start("gpu-1");
    assert_eq!(bench.order(1, Order::Retry).unwrap_err().code, "invalid_parameter");
    let end = AttemptEnd::Failed { failure: failure(Cause::ExitCode, "ended with 3") };
    bench.end("gpu-1", &attempt, end);
    assert_eq!(bench.job(1).failure.as_ref().unwrap().message, "ended with 3");
    let record = bench.order(1, Order::Retry).unwrap();
    assert_eq!((record.state, record.failure, record.attempts.len()), (JobState::Queued, None, 1));
    assert_eq!(bench.start("gpu-1").attempt, 2);
    assert_eq!(bench.order(5, Order::Retry).unwrap_err().code, "job_not_found");
}

#[test]
fn reports_of_others_change_nothing() {
    let mut bench = bench(&["gpu-1", "gpu-2"]);
    bench.submit(job(1)).unwrap();
    let attempt = bench.start("gpu-1");
    let before = bench.job(1).clone();
    assert_eq!(bench.end("gpu-2", &attempt, succeeded()), ReportAnswer::Superseded);
    let other = AttemptRef { attempt: 2, ..attempt };
    assert_eq!(bench.end("gpu-1", &other, succeeded()), ReportAnswer::Superseded);
    assert_eq!(bench.end("gpu-1", &AttemptRef { job: id(8), attempt: 1 }, succeeded()), ReportAnswer::Superseded);
    assert_eq!(bench.job(1), &before);
}

#[test]
fn nonsense_is_refused() {
    let long = "x".repeat(201);
    type Case = (&'static str, Box<dyn Fn(&mut Job)>);
    let cases: Vec<Case> = vec![
        ("names no kind", Box::new(|job| job.kind = " ".into())),
        ("no version", Box::new(|job| job.version = 0)),
        ("no id", Box::new(|job| job.id = uuid::Uuid::nil())),
        ("longer than 200", Box::new(move |job| job.name = long.clone())),
        ("control character", Box::new(|job| job.name = "a\nb".into())),
        ("without a name", Box::new(|job| job.worker = Some(String::new()))),
        ("not the name of a storage", Box::new(|job| job.storage_backend = "C".into())),
        ("not the name of a storage", Box::new(|job| drop(job.base_paths.insert("../x".into(), Vec::new())))),
        (
            "not the name of a storage",
            Box::new(|job| drop(job.storages.insert(String::new(), StorageNeed { id: None, access: Access::Read }))),
        ),
        (
            "33 storages",
            Box::new(|job| {
                let need = || StorageNeed { id: None, access: Access::Read };
                job.storages = (0..33).map(|at| (format!("store{at}"), need())).collect();
            }),
        ),
        ("nested too deeply", Box::new(|job| drop(job.parameters.insert("X".into(), nested(20))))),
        ("bytes", Box::new(|job| drop(job.parameters.insert("X".into(), "y".repeat(64 * 1024).into())))),
    ];
    for (words, change) in cases {
        let mut bad = job(1);
        change(&mut bad);
        let refused = bench(&[]).submit(bad.clone()).unwrap_err();
        assert_eq!(refused.code, "invalid_parameter");
        assert!(refused.message.contains(words), "{words}: {}", refused.message);
        assert_eq!(check(&bad), Err(refused));
    }
    assert_eq!(check(&job(1)), Ok(()));
    assert_eq!(check(&Job { name: "ü".repeat(200), ..job(1) }), Ok(()));
}

fn nested(levels: usize) -> serde_json::Value {
    (0..levels).fold(serde_json::Value::Null, |inner, _| serde_json::Value::Array(vec![inner]))
}

#[test]
fn records_fit_the_bus_whatever_is_sent() {
    let mut bench = bench(&["gpu-1"]);
    let mut big = job(1);
    big.parameters.insert("X".into(), "y".repeat(30 * 1024).into());
    bench.submit(big).unwrap();
    for _ in 0..12 {
        let attempt = bench.start("gpu-1");
        let mut failure = failure(Cause::ExitCode, &"ü".repeat(9000));
        failure.last_line = Some("\u{1}".repeat(9000));
        bench.end("gpu-1", &attempt, AttemptEnd::Failed { failure });
        bench.order(1, Order::Retry).unwrap();
    }
    let attempt = bench.start("gpu-1");
    let status = Some("\u{1}".repeat(9000));
    bench.report("gpu-1", &attempt, ReportEvent::Progress { progress: Progress { percent: None, status, at: None } });
    let file = |at| ManifestEntry { folder: 0, path: format!("{at:0>200}"), size: 1, modified: jiff::Timestamp::now() };
    let outputs = Manifest { files: (0..1000).map(file).collect(), ..Default::default() };
    bench.end("gpu-1", &attempt, AttemptEnd::Succeeded { outputs });
    let record = bench.job(1);
    let size = serde_json::to_vec(record).unwrap().len();
    assert!(size <= samepath_fleet::bus::MAX_RECORD, "{size}");
    let outputs = record.outputs.as_ref().unwrap();
    assert!(outputs.truncated && !outputs.files.is_empty(), "{}", outputs.files.len());
}

#[test]
fn a_job_that_was_tried_often_enough_is_submitted_anew() {
    let mut bench = bench(&["gpu-1"]);
    bench.submit(job(1)).unwrap();
    for _ in 0..32 {
        let attempt = bench.start("gpu-1");
        bench.end("gpu-1", &attempt, AttemptEnd::Failed { failure: failure(Cause::ExitCode, "ended with 1") });
        if let Err(refused) = bench.order(1, Order::Retry) {
            assert_eq!((attempt.attempt, refused.code.as_str()), (32, "invalid_parameter"));
            return;
        }
    }
    panic!("it was retried for ever");
}
