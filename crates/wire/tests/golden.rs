//! One file per message. What an older program wrote must go on being read: a file here changes only by additions.
//!
//! `UPDATE_GOLDEN=1 cargo test -p samepath-wire --test golden` writes the files anew.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

#[path = "fuzzing/messages.rs"]
mod messages;

use proptest::prelude::*;
use samepath_wire::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use uuid::Uuid;

/// A message, its file, and the keys without which it cannot be read. All others may be missing.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, message: T, required: &[&str]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let json = serde_json::to_string_pretty(&message).unwrap();
        fs::write(&path, json + "\n").unwrap();
    }
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    let value: Value = serde_json::from_str(&text).unwrap();
    let read = |value: &Value| serde_json::from_value::<T>(value.clone());
    assert_eq!(read(&value).unwrap(), message, "{name}: read");
    assert_eq!(serde_json::to_value(&message).unwrap(), value, "{name}: written");

    let mut extended = value.clone();
    extend(&mut extended);
    assert_eq!(read(&extended).unwrap(), message, "{name}: keys of a later version");

    let Value::Object(keys) = &value else { return };
    let only = |wanted: &dyn Fn(&str) -> bool| {
        let kept = keys.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone()));
        Value::Object(kept.collect())
    };
    read(&only(&|key| required.contains(&key))).unwrap_or_else(|error| panic!("{name}: without late keys: {error}"));
    for missing in required {
        assert!(keys.contains_key(*missing), "{name}: the file has no {missing}");
        assert!(read(&only(&|key| key != *missing)).is_err(), "{name}: {missing} is not required after all");
    }
}

/// Objects whose keys are names, not fields; and one that keeps what it does not know.
const NOT_FIELDS: [&str; 10] = [
    "values",
    "parameters",
    "storages",
    "confirmed",
    "base_paths",
    "inputs",
    "backends",
    "amounts",
    "attributes",
    "needs",
];

fn extend(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            for (_, value) in keys.iter_mut().filter(|(key, _)| !NOT_FIELDS.contains(&key.as_str())) {
                extend(value);
            }
            keys.insert("of_a_later_version".to_owned(), json!({"a": [1, null]}));
        }
        Value::Array(values) => values.iter_mut().for_each(extend),
        _ => {}
    }
}

fn id() -> JobId {
    "0199c0de-0000-7000-8000-000000000001".parse().unwrap()
}

fn time(second: u8) -> jiff::Timestamp {
    format!("2026-11-22T09:00:{second:02}Z").parse().unwrap()
}

fn attempt_ref() -> AttemptRef {
    AttemptRef { job: id(), attempt: 2 }
}

fn job() -> Job {
    Job {
        version: 1,
        id: id(),
        kind: "sleap-train".into(),
        name: "maze day 3".into(),
        storage_backend: "vast".into(),
        user_subdir: "amick".into(),
        parameters: BTreeMap::from([
            ("LABELS".into(), json!("project/labels.slp")),
            ("CONFIG".into(), json!({"storage_backend": "scratch", "user_subdir": "tom", "path": "train.yaml"})),
            ("EXTRA".into(), json!(["a.slp", {"storage_backend": "vast", "user_subdir": "tom", "path": "b.slp"}])),
            ("OUTPUT_DIR".into(), json!("project/models")),
            ("MAX_EPOCHS".into(), json!(50)),
        ]),
        storages: BTreeMap::from([
            ("scratch".into(), StorageNeed { id: Some("5e0c".into()), access: Access::Read }),
            ("vast".into(), StorageNeed { id: None, access: Access::Write }),
        ]),
        confirmed: BTreeMap::from([("vast".into(), vec!["gpu-1-id".into()])]),
        base_paths: BTreeMap::from([("vast".into(), vec!["/Volumes/talmo".into()])]),
        videos: vec![VideoChoice { written: "/Users/tom/x.mp4".into(), at: StoragePath::new("vast", "tom", "x.mp4") }],
        inputs: BTreeMap::from([("LABELS".into(), InputSeen { size: 15199, modified: time(0) })]),
        kind_digest: Some("blake3:00ff".into()),
        worker: Some("gpu-1".into()),
        submitted_by: "amick".into(),
        person: Some("Anna".into()),
        places: Some(Places { user_subdir: Some("amick".into()), read: vec!["vast:shared".into()] }),
        jobs_at_once: NonZeroU32::new(2),
        submitted_at: time(0),
    }
}

fn manifest() -> Manifest {
    Manifest {
        folders: vec![StoragePath::new("vast", "amick", "project/models")],
        files: vec![ManifestEntry { folder: 0, path: "run/best.ckpt".into(), size: 1024, modified: time(50) }],
        truncated: true,
        more: 12_000,
        attempt: 2,
        remarks: vec!["LABELS (vast:amick/project/labels.slp) was changed while it ran".into()],
    }
}

fn failure() -> Failure {
    Failure {
        cause: Cause::ExitCode,
        message: "sleap-train ended with 3".into(),
        exit_code: Some(3),
        last_line: Some("CUDA out of memory".into()),
    }
}

fn attempt(number: u32, end: AttemptEnd) -> Attempt {
    Attempt {
        number,
        worker: "w-1".into(),
        worker_name: "gpu-1".into(),
        state: AttemptState::Ended,
        assigned_at: time(1),
        confirmed_at: Some(time(2)),
        ended_at: Some(time(3)),
        end: Some(end),
        survivors: number > 1,
        log_file: (number > 1).then(|| StoragePath::new("vast", "amick", "maze/models/log.txt")),
        told: number > 1,
        own_output: number > 1,
    }
}

fn record() -> JobRecord {
    let change = |state, second, reason: &str| StateChange { state, at: time(second), reason: reason.into() };
    JobRecord {
        job: job(),
        order: 17,
        state: JobState::Succeeded,
        epoch: 4,
        attempts: vec![
            attempt(1, AttemptEnd::Lost { reason: "gpu-1 was not heard of for 5 minutes".into(), proved: false }),
            attempt(2, AttemptEnd::Succeeded { outputs: manifest() }),
        ],
        retried_after: 1,
        history: vec![
            change(JobState::Queued, 0, "submitted"),
            change(JobState::Assigned, 1, "given to gpu-1"),
            change(JobState::Checking, 2, "gpu-1 looks at its files"),
            change(JobState::Running, 3, "gpu-1 started it"),
            change(JobState::Succeeded, 50, "gpu-1 finished it"),
        ],
        excluded: vec![Exclusion {
            worker: "w-2".into(),
            worker_name: "gpu-2".into(),
            failure: Failure {
                cause: Cause::PathError,
                message: "no labels.slp".into(),
                exit_code: None,
                last_line: None,
            },
        }],
        stop: Some(StopRequest { mode: StopMode::Kill, by: "tom".into(), at: time(40) }),
        progress: Progress { percent: Some(42.5), status: Some("epoch 21 of 50".into()), at: Some(time(9)) },
        outputs: Some(manifest()),
        failure: Some(failure()),
    }
}

fn worker() -> Worker {
    Worker {
        id: "w-1".into(),
        name: "gpu-1".into(),
        version: "0.1.0".into(),
        os: "linux".into(),
        host: "node17".into(),
        started_at: time(0),
        since: Some(time(0)),
        kinds: vec![KindAdvert { name: "sleap-train".into(), digest: "blake3:00ff".into(), notice_seconds: Some(60) }],
        unavailable: vec![KindUnavailable { name: "own.yaml".into(), reason: "line 3: uses environments".into() }],
        backends: BTreeMap::from([(
            "vast".into(),
            BackendAdvert {
                state: BackendState::ReadOnly,
                id: Some("5e0c".into()),
                base_path: "/mnt/vast".into(),
                subpath: "labs/talmo".into(),
                free_bytes: Some(1 << 40),
                source: Some("vast01:/talmo".into()),
                kind: Some("nfs".into()),
                checked_at: Some(time(1)),
            },
        )]),
        holds: vec![attempt_ref()],
        amounts: BTreeMap::from([("amount.worker.gpu".into(), 1.0), ("amount.worker.memory".into(), 65536.5)]),
        attributes: BTreeMap::from([("attr.worker.os.family".into(), vec!["linux".into()])]),
        gpus: vec![Gpu {
            name: "NVIDIA A40".into(),
            memory: 46_068,
            busy: Some(2),
            taken: Some(GpuUse { user: Some("tom".into()), program: Some("python".into()), memory: 21_300 }),
        }],
        draining: true,
        confines: true,
    }
}

fn kind() -> Kind {
    let rest: Map<String, Value> =
        [("minValue".to_owned(), json!(1)), ("userInterface".to_owned(), json!({"control": "SPIN_BOX"}))]
            .into_iter()
            .collect();
    Kind {
        name: "sleap-train".into(),
        title: "SLEAP training".into(),
        description: "Trains a model.".into(),
        digest: "blake3:00ff".into(),
        parameters: vec![
            Parameter {
                name: "LABELS".into(),
                kind: ParameterType::Path,
                description: Some("The project.".into()),
                default: None,
                object_type: Some("FILE".into()),
                data_flow: Some("IN".into()),
                rest: Map::new(),
            },
            Parameter {
                name: "MAX_EPOCHS".into(),
                kind: ParameterType::Int,
                description: None,
                default: Some(json!(50)),
                object_type: None,
                data_flow: None,
                rest,
            },
            Parameter {
                name: "LATER".into(),
                kind: ParameterType::Other("LIST[INT]".into()),
                description: None,
                default: None,
                object_type: None,
                data_flow: None,
                rest: Map::new(),
            },
        ],
        needs: json!({"amounts": [{"name": "amount.worker.gpu", "min": 1}]}),
        built_in: true,
    }
}

fn report(event: ReportEvent) -> Report {
    Report { attempt: attempt_ref(), event, log_end: None, log_file: None }
}

fn ended(end: AttemptEnd) -> Report {
    Report { log_end: Some(12), ..report(ReportEvent::Ended { end, survivors: false }) }
}

#[test]
fn metrics() {
    let values = [("train/loss".to_owned(), 0.25), ("val/loss".to_owned(), 1.5e-4)].into();
    let row = Metrics { run: "maze".into(), epoch: 3, of: Some(10), runs: Some(2), batch_size: Some(4), values };
    check("metrics", row.clone(), &["epoch", "values"]);
    let line = row.to_line();
    assert!(line.starts_with(Metrics::PREFIX) && !line.contains('\n'), "{line}");
    assert_eq!(Metrics::in_line(&line), Some(row.clone()));
    assert_eq!(Metrics::in_line(&format!(" {line}")), None, "at the start of a line only");
    let many = (0..1000).map(|number| (number.to_string(), 1.0)).chain([("nan".to_owned(), f64::NAN)]).collect();
    let many = Metrics { values: many, ..row };
    assert_eq!(Metrics::in_line(&many.to_line()).unwrap().values.len(), Metrics::MOST);
    assert_eq!(Metrics::in_line(&format!("{}{}", Metrics::PREFIX, "x".repeat(100_000))), None);
}

#[test]
fn what_is_stored() {
    check("job", job(), &["version", "id", "kind", "submitted_at"]);
    check("job-record", record(), &["job", "order", "state", "epoch"]);
    check("worker", worker(), &["id", "name", "version", "os", "host", "started_at"]);
    check("kind", kind(), &["name", "title", "digest", "parameters"]);
    check("log-line", log_line(true), &["seq", "at", "stream", "text"]);
    check("log-line-whole", log_line(false), &["seq", "at", "stream", "text"]);
}

fn log_line(cut: bool) -> LogLine {
    LogLine { seq: 12, at: time(9), stream: Stream::Err, text: "loss: 0.1 ✓ \u{1b}[31m".into(), cut }
}

#[test]
fn what_people_ask() {
    check("submit", Submit { job: job() }, &["job"]);
    check("job-request", JobRequest { job: id() }, &["job"]);
    check("clear", Clear { older_than: 30 * 24 * 60 * 60 }, &["older_than"]);
    check("cleared", Cleared { jobs: 12 }, &["jobs"]);
    check("drain", Drain { drain: true }, &["drain"]);
    check("drained", Drained { draining: true, left: 1 }, &["draining", "left"]);
    let refused = Refused { code: "job_not_found".into(), message: "there is no such job".into() };
    check("refused", refused, &["code", "message"]);
    let paths = vec![StoragePath::new("vast", "amick", "x.slp"), StoragePath::new("vast", "", "y.slp")];
    let proof = Some(ProofAsked { path: 0, key: "07".repeat(32) });
    check("check-paths", CheckPaths { paths, proof }, &["paths"]);
    let proof = Some("0123".into());
    let seen = Seen { local: "/mnt/vast/amick/x.slp".into(), size: 15199, modified: Some(time(0)), proof };
    let checked = Checked {
        paths: vec![PathSeen::Yes(seen), PathSeen::No { failure: failure(), code: Some("path_not_found".into()) }],
    };
    check("checked", checked, &["paths"]);
}

#[test]
fn what_workers_ask() {
    check("claim", Claim { holds: vec![attempt_ref()], wants: true }, &["holds", "wants"]);
    let assignment = Assignment { job: job(), attempt: 2, epoch: 4, own_output: true };
    let answer =
        ClaimAnswer { assignment: Some(assignment), forget: vec![attempt_ref()], unreadable: vec![attempt_ref()] };
    check("claim-answer", answer, &[]);
    check("claim-answer-empty", ClaimAnswer::default(), &[]);
    check("confirm", Confirm { attempt: attempt_ref(), epoch: 4 }, &["job", "attempt", "epoch"]);
    check("confirm-answer-go", ConfirmAnswer::Go, &[]);
    check("confirm-answer-withdrawn", ConfirmAnswer::Withdrawn, &[]);
}

#[test]
fn what_workers_report() {
    let required = ["job", "attempt", "event"];
    check("report-checking", report(ReportEvent::Checking), &required);
    check("report-running", report(ReportEvent::Running), &required);
    let progress = Progress { percent: Some(42.5), status: Some("epoch 21 of 50".into()), at: None };
    check("report-progress", report(ReportEvent::Progress { progress }), &required);
    check("report-succeeded", ended(AttemptEnd::Succeeded { outputs: manifest() }), &required);
    check("report-failed", ended(AttemptEnd::Failed { failure: failure() }), &required);
    check("report-cancelled", ended(AttemptEnd::Cancelled { outputs: manifest() }), &required);
    let unfit = Failure { cause: Cause::BackendNotAvailable, exit_code: None, last_line: None, ..failure() };
    let end = AttemptEnd::Cancelled { outputs: manifest() };
    let log_file = Some(StoragePath::new("vast", "amick", "maze/models/log.txt"));
    let report = Report { log_file, ..report(ReportEvent::Ended { end, survivors: true }) };
    check("report-survivors", report, &required);
    check("report-unfit", ended(AttemptEnd::Unfit { failure: unfit }), &required);
    check("report-lost", ended(AttemptEnd::Lost { reason: "its guard was killed".into(), proved: true }), &required);
    check("report-answer-accepted", ReportAnswer::Accepted, &[]);
    check("report-answer-superseded", ReportAnswer::Superseded, &[]);
    check("report-answer-unreadable", ReportAnswer::Unreadable, &[]);
    check("report-answer-log-missing", ReportAnswer::LogMissing, &[]);
}

#[test]
fn what_is_explained() {
    check("fit-now", Fit::Now, &["fit"]);
    check("fit-busy", Fit::Busy { before: 2 }, &["fit", "before"]);
    let (kind, backend) = (|| "sleap-train".to_owned(), || "vast".to_owned());
    let reasons = vec![
        Reason::Offline,
        Reason::Pinned { worker: "gpu-2".into() },
        Reason::NoKind { kind: kind() },
        Reason::KindUnavailable { kind: kind(), why: "no sleap".into() },
        Reason::KindDiffers { kind: kind() },
        Reason::Draining,
        Reason::NotConfining,
        Reason::NoBackend { backend: backend() },
        Reason::BackendState { backend: backend(), state: BackendState::NotMounted },
        Reason::OtherStorage { backend: backend() },
        Reason::Requirement { what: "needs 1 GPU, has none".into() },
        Reason::Excluded { why: "no labels.slp".into() },
    ];
    check("fit-no", Fit::No { reasons }, &["fit", "reasons"]);
}

#[test]
fn a_cause_of_a_later_version_is_another() {
    let failure: Failure = serde_json::from_value(json!({"cause": "asteroid", "message": "x"})).unwrap();
    assert_eq!(failure.cause, Cause::Other);
}

#[test]
fn a_job_without_a_storage_uses_the_default() {
    let value = json!({"version": 1, "id": Uuid::nil(), "kind": "slp-check", "submitted_at": "2026-11-22T09:00:00Z"});
    let job: Job = serde_json::from_value(value).unwrap();
    assert_eq!((job.storage_backend.as_str(), job.user_subdir.as_str()), (DEFAULT_BACKEND, ""));
}

#[test]
fn every_file_belongs_to_a_message() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let source = fs::read_to_string(folder.with_extension("rs")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".json").expect("a file that is not JSON");
        assert!(source.contains(&format!("check(\"{stem}\"")), "{name} belongs to no message");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,12}", inner, 0..6)
                .prop_map(|keys| Value::Object(keys.into_iter().collect())),
        ]
    })
}

fn read_as_everything(value: &Value) {
    messages::run(&serde_json::to_vec(value).unwrap());
}

/// Replaces the value that a walk along `path` comes to.
fn replace(value: &mut Value, path: &[prop::sample::Index], by: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = by.clone();
        return;
    };
    match value {
        Value::Object(keys) if !keys.is_empty() => {
            let at = first.index(keys.len());
            if let Some((_, inner)) = keys.iter_mut().nth(at) {
                replace(inner, rest, by);
            }
        }
        Value::Array(values) if !values.is_empty() => {
            let at = first.index(values.len());
            replace(&mut values[at], rest, by);
        }
        other => *other = by.clone(),
    }
}

proptest! {
    #[test]
    fn no_json_is_a_panic(value in any_json()) {
        read_as_everything(&value);
    }

    #[test]
    fn no_damaged_message_is_a_panic(
        path in proptest::collection::vec(any::<prop::sample::Index>(), 1..6),
        by in any_json(),
        bytes in proptest::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4),
    ) {
        let messages = [serde_json::to_value(record()), serde_json::to_value(worker()), serde_json::to_value(kind())];
        for message in messages {
            let mut value = message.unwrap();
            replace(&mut value, &path, &by);
            read_as_everything(&value);
            let mut text = serde_json::to_vec(&value).unwrap();
            for (at, byte) in &bytes {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            if let Ok(value) = serde_json::from_slice(&text) {
                read_as_everything(&value);
            }
        }
    }
}
