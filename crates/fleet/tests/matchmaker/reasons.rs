use crate::samples::*;
use samepath_fleet::matching::{Kinds, absent, reasons, unmet};
use samepath_wire::*;
use serde_json::json;

/// Job and worker that fit, changed by the case; the one reason that follows, and its words.
type Case = (&'static str, fn(&mut JobRecord, &mut Worker, &mut Kinds), Option<Reason>, &'static str);

#[test]
fn every_reason_is_given_and_said() {
    let kind = || KIND.to_owned();
    let vast = || "vast".to_owned();
    let cases: Vec<Case> = vec![
        ("fits", |_, _, _| {}, None, ""),
        ("pinned by id", |job, _, _| job.job.worker = Some("gpu-1".into()), None, ""),
        ("pinned by name", |job, _, _| job.job.worker = Some("gpu-1-name".into()), None, ""),
        (
            "pinned to another",
            |job, _, _| job.job.worker = Some("gpu-2".into()),
            Some(Reason::Pinned { worker: "gpu-2".into() }),
            "not asked: the job is for gpu-2",
        ),
        ("draining", |_, worker, _| worker.draining = true, Some(Reason::Draining), "takes no new jobs"),
        (
            "an older worker for a member who is kept to places",
            |job, worker, _| {
                job.job.places = Some(Places::default());
                worker.confines = false;
            },
            Some(Reason::NotConfining),
            "too old to keep jobs to their member's folders; it must be updated",
        ),
        ("an older worker for anybody else", |_, worker, _| worker.confines = false, None, ""),
        ("no kind", |_, worker, _| worker.kinds.clear(), Some(Reason::NoKind { kind: kind() }), "cannot run slp-check"),
        (
            "kind unavailable",
            |_, worker, _| {
                worker.kinds.clear();
                worker.unavailable = vec![KindUnavailable { name: KIND.into(), reason: "no sleap".into() }];
            },
            Some(Reason::KindUnavailable { kind: kind(), why: "no sleap".into() }),
            "cannot run slp-check: no sleap",
        ),
        (
            "kind differs",
            |job, _, _| job.job.kind_digest = Some("blake3:2".into()),
            Some(Reason::KindDiffers { kind: kind() }),
            "has another version of slp-check",
        ),
        ("any version", |job, _, _| job.job.kind_digest = None, None, ""),
        (
            "one of two versions",
            |_, worker, _| {
                worker
                    .kinds
                    .insert(0, KindAdvert { name: KIND.into(), digest: "blake3:0".into(), notice_seconds: None })
            },
            None,
            "",
        ),
        (
            "no backend",
            |_, worker, _| worker.backends.clear(),
            Some(Reason::NoBackend { backend: vast() }),
            "has no vast",
        ),
        (
            "read-only for a job that writes",
            |_, worker, _| drop(worker.backends.insert("vast".into(), advert(BackendState::ReadOnly, None))),
            Some(Reason::BackendState { backend: vast(), state: BackendState::ReadOnly }),
            "its vast is read-only",
        ),
        (
            "read-only for a job that reads",
            |job, worker, _| {
                job.job.storages.insert("vast".into(), StorageNeed { id: None, access: Access::Read });
                worker.backends.insert("vast".into(), advert(BackendState::ReadOnly, None));
            },
            None,
            "",
        ),
        (
            "full",
            |_, worker, _| drop(worker.backends.insert("vast".into(), advert(BackendState::Full, None))),
            Some(Reason::BackendState { backend: vast(), state: BackendState::Full }),
            "its vast is full",
        ),
        (
            "not answering",
            |_, worker, _| drop(worker.backends.insert("vast".into(), advert(BackendState::NotAnswering, None))),
            Some(Reason::BackendState { backend: vast(), state: BackendState::NotAnswering }),
            "its vast does not answer",
        ),
        (
            "another storage of the same name",
            |job, worker, _| {
                job.job.storages.insert("vast".into(), StorageNeed { id: Some("a".into()), access: Access::Read });
                worker.backends.insert("vast".into(), advert(BackendState::Ready, Some("b")));
            },
            Some(Reason::OtherStorage { backend: vast() }),
            "its vast is a different storage",
        ),
        (
            "unmarked here, marked there",
            |_, worker, _| drop(worker.backends.insert("vast".into(), advert(BackendState::Ready, Some("b")))),
            None,
            "",
        ),
        (
            "requirement",
            |_, _, kinds| {
                kinds.insert(
                    DIGEST.into(),
                    crate::samples::kind(json!({"amounts": [{"name": "amount.worker.gpu", "min": 1}]})),
                );
            },
            Some(Reason::Requirement { what: "needs 1 GPU, has none".into() }),
            "needs 1 GPU, has none",
        ),
        (
            "excluded",
            |job, _, _| {
                job.excluded.push(Exclusion {
                    worker: "gpu-1".into(),
                    worker_name: "gpu-1-name".into(),
                    failure: failure(Cause::PathError, "no labels.slp"),
                });
            },
            Some(Reason::Excluded { why: "no labels.slp".into() }),
            "tried it: no labels.slp",
        ),
    ];
    for (name, change, expected, words) in cases {
        let (mut record, mut worker, mut kinds) = (record(job(1), 1), worker("gpu-1"), Kinds::new());
        change(&mut record, &mut worker, &mut kinds);
        let given = reasons(&record.job, Some(&record), &worker, &kinds);
        assert_eq!(given, expected.into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(given.first().map(ToString::to_string).unwrap_or_default(), words, "{name}");
    }
}

#[test]
fn all_reasons_are_given_at_once() {
    let (mut job, mut worker) = (job(1), worker("gpu-1"));
    job.storages.insert("scratch".into(), StorageNeed { id: None, access: Access::Read });
    job.worker = Some("gpu-2".into());
    worker.kinds.clear();
    worker.backends.clear();
    let words: Vec<String> = reasons(&job, None, &worker, &Kinds::new()).iter().map(ToString::to_string).collect();
    assert_eq!(words, ["not asked: the job is for gpu-2", "cannot run slp-check", "has no scratch", "has no vast"]);
}

#[test]
fn a_pinned_worker_that_is_not_there_is_offline() {
    let (mut job, here) = (job(1), [worker("gpu-1")]);
    assert_eq!(absent(&job, &here), None);
    job.worker = Some("gpu-1-name".into());
    assert_eq!(absent(&job, &here), None);
    job.worker = Some("gpu-2".into());
    let (name, fit) = absent(&job, &here).unwrap();
    assert_eq!((name.as_str(), &fit), ("gpu-2", &Fit::No { reasons: vec![Reason::Offline] }));
    assert_eq!(Reason::Offline.to_string(), "offline");
}

#[test]
fn host_requirements_are_compared_as_open_job_description_says() {
    let mut worker = worker("gpu-1");
    worker.amounts = [("amount.worker.vcpu", 8.0), ("amount.worker.memory", 16384.0), ("amount.worker.gpu", 1.0)]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    worker.attributes = [("attr.worker.os.family", vec!["linux"]), ("attr.worker.cpu.arch", vec!["x86_64"])]
        .map(|(name, values)| (name.to_owned(), values.into_iter().map(str::to_owned).collect()))
        .into();
    let amount = |name: &str, min: serde_json::Value, max: serde_json::Value| json!({"amounts": [{"name": name, "min": min, "max": max}]});
    let null = serde_json::Value::Null;
    let cases = [
        (null.clone(), ""),
        (json!({}), ""),
        (json!({"amounts": "nonsense", "attributes": 3}), ""),
        (amount("amount.worker.vcpu", json!(8), null.clone()), ""),
        (amount("amount.worker.vcpu", json!("8"), null.clone()), ""),
        (amount("AMOUNT.Worker.vCPU", json!(8), null.clone()), ""),
        (amount("amount.worker.vcpu", json!(9), null.clone()), "needs 9 processors, has 8"),
        (amount("amount.worker.vcpu", json!(1), json!(4)), "needs at most 4 processors, has 8"),
        (amount("amount.worker.memory", json!(32768), null.clone()), "needs 32 GiB of memory, has 16 GiB"),
        (amount("amount.worker.gpu", json!(2), null.clone()), "needs 2 GPUs, has 1"),
        (amount("amount.license.x", json!(1), null.clone()), "needs 1 of amount.license.x, has none"),
        (
            amount("amount.worker.gpu", json!("many"), null),
            "needs amount.worker.gpu of \"many\", which is not a number",
        ),
        (json!({"attributes": [{"name": "attr.worker.os.family", "anyOf": ["macos", "Linux"]}]}), ""),
        (
            json!({"attributes": [{"name": "attr.worker.os.family", "anyOf": ["macos", "windows"]}]}),
            "needs the system macos or windows, is linux",
        ),
        (json!({"attributes": [{"name": "attr.worker.cpu.arch", "allOf": ["x86_64"]}]}), ""),
        (
            json!({"attributes": [{"name": "attr.worker.cpu.arch", "allOf": ["x86_64", "arm64"]}]}),
            "needs a processor of type x86_64 and arm64, is x86_64",
        ),
        (json!({"attributes": [{"name": "attr.lab.room", "anyOf": ["3"]}]}), "needs attr.lab.room 3, is unknown"),
    ];
    for (needs, words) in cases {
        assert_eq!(unmet(&needs, &worker).join("; "), words, "{needs}");
    }
}
