//! The files that a guard and its worker share, as each form of them was written: today's program reads every one. A worker that was
//! upgraded finds those of guards of before; a guard, those of its worker.
//!
//! `tests/golden/vN` holds form N. Additions change the newest with `UPDATE_GOLDEN=1`; what would mislead a reader of before takes a
//! new number ([`VERSION`]), and a folder of its own beside the old ones.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::Plan;
use samepath_wire::{Assignment, AttemptEnd, AttemptRef, Progress};
use samepath_worker::guard::{AttemptDir, JournalReader, Kin, Noted, Order, Phase, Spec, Status, ToolId, VERSION};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const JOB: &str = "0199c0de-0000-7000-8000-000000000001";

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

/// The folder of an attempt with the files of a form.
fn attempt(version: u32) -> (tempfile::TempDir, AttemptDir) {
    let top = tempfile::tempdir().unwrap();
    let dir = AttemptDir::new(top.path(), AttemptRef { job: JOB.parse().unwrap(), attempt: 2 });
    fs_err::create_dir(dir.path()).unwrap();
    for file in fs_err::read_dir(golden(version)).unwrap().map(Result::unwrap) {
        fs_err::copy(file.path(), dir.join(file.file_name().to_str().unwrap())).unwrap();
    }
    (top, dir)
}

/// Whether today's program writes the very file, which it does anew when told to.
fn written<T: Serialize + DeserializeOwned>(name: &str) {
    let file = golden(VERSION).join(name);
    let text = fs_err::read_to_string(&file).unwrap();
    let now: Vec<String> = text
        .lines()
        .map(|line| serde_json::to_string(&serde_json::from_str::<T>(line).unwrap()).unwrap() + "\n")
        .collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs_err::write(&file, now.concat()).unwrap();
    } else {
        assert_eq!(now.concat(), text, "{name}: UPDATE_GOLDEN=1 writes it anew");
    }
}

#[test]
fn todays_program_writes_the_newest_form() {
    written::<Spec>("spec.json");
    written::<Spec>("spec-full.json");
    written::<Noted>("kin.json");
    written::<AttemptEnd>("end.json");
    written::<Progress>("said.json");
    written::<ToolId>("tool.pid");
    written::<samepath_wire::LogLine>("log.jsonl");
    written::<Status>("status.jsonl");
    written::<Order>("orders.jsonl");
}

/// Every place of a value that says nothing.
fn empty(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Null => vec![at.to_owned()],
        Value::String(text) if text.is_empty() => vec![at.to_owned()],
        Value::Array(all) if all.is_empty() => vec![at.to_owned()],
        Value::Object(all) if all.is_empty() => vec![at.to_owned()],
        Value::Array(all) => all.iter().flat_map(|value| empty(value, at)).collect(),
        Value::Object(all) => all.iter().flat_map(|(name, value)| empty(value, &format!("{at}/{name}"))).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn whatever_may_be_left_out_is_there_in_one_of_them() {
    let (_top, dir) = attempt(VERSION);
    let full = fs_err::read(dir.join("spec-full.json")).unwrap();
    let spec: Spec = serde_json::from_slice(&full).unwrap();
    // Each field by its name: one that is new does not compile until it is here, too.
    let Spec {
        version,
        assignment,
        worker,
        backends,
        kinds_dir,
        base_paths,
        path_mappings,
        programs,
        patience,
        machine,
    } = spec;
    let Assignment { job, attempt, epoch, own_output } = assignment;
    assert!(own_output && version == VERSION && (attempt, epoch, worker.as_str()) == (2, 7, "gpu-1"));
    assert!(kinds_dir.is_some() && patience.notice.is_some());
    let left_out =
        job.kind_digest.is_none() || job.person.is_none() || job.places.is_none() || job.confirmed.is_empty();
    assert!(!left_out, "left out where empty");
    let said = json!([job, backends, base_paths, path_mappings, programs, machine]);
    assert_eq!(empty(&said, ""), Vec::<String>::new());
    // Beside it are those that say nothing of most.
    assert_eq!(dir.spec().unwrap().assignment.job.id, job.id);
}

#[test]
fn processes_that_a_guard_wrote_down_are_known_in_the_same_boot_alone() {
    for version in 1..=VERSION {
        let (_top, dir) = attempt(version);
        assert_eq!(Kin::read(&dir), Vec::new());
        let mut noted: Value = serde_json::from_slice(&fs_err::read(dir.join("kin.json")).unwrap()).unwrap();
        noted["boot"] = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().into();
        fs_err::write(dir.join("kin.json"), noted.to_string()).unwrap();
        let kin = serde_json::to_value(Kin::read(&dir)).unwrap();
        assert_eq!(kin, json!([{ "id": 4243, "started": 123_457 }, { "id": 4244, "started": 123_460 }]));
    }
}

#[test]
fn every_form_that_was_ever_written_is_read() {
    for version in 1..=VERSION {
        let (_top, dir) = attempt(version);
        let spec = dir.spec().unwrap();
        assert_eq!((spec.version, spec.worker.as_str(), spec.assignment.attempt), (version, "gpu-1", 2));
        assert_eq!(spec.assignment.job.id.to_string(), JOB);
        assert_eq!((spec.backends[0].name.as_str(), spec.backends[0].subpath.as_str()), ("vast", "labs/talmo"));
        assert_eq!(spec.patience.notice, Some(std::time::Duration::from_secs(30)));
        let end = dir.end().unwrap().unwrap();
        assert!(matches!(end, AttemptEnd::Succeeded { ref outputs } if outputs.files.len() == 1), "{end:?}");
        assert_eq!(dir.said().unwrap().percent, Some(50.0));
        assert_eq!(ToolId::read(&dir).unwrap().id, 4242);
        let lines = JournalReader::open(&dir.log()).unwrap().read(0, usize::MAX).unwrap();
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(lines[1].text, "one");
        let read = |name: &str| fs_err::read_to_string(dir.join(name)).unwrap();
        let phases: Vec<Phase> =
            read("status.jsonl").lines().map(|line| serde_json::from_str::<Status>(line).unwrap().phase).collect();
        assert_eq!(phases, [Phase::Checking, Phase::Running, Phase::Stopping, Phase::Finishing, Phase::Ended]);
        let orders: Vec<Order> = read("orders.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(orders, [Order::Hello, Order::Stop, Order::Kill, Order::Superseded]);
    }
}

#[test]
fn a_form_without_a_number_is_the_first() {
    let (_top, dir) = attempt(1);
    let mut spec: Value = serde_json::from_str(&fs_err::read_to_string(dir.join("spec.json")).unwrap()).unwrap();
    spec.as_object_mut().unwrap().remove("version");
    fs_err::write(dir.join("spec.json"), spec.to_string()).unwrap();
    assert_eq!(dir.spec().unwrap().version, 1);
}

#[test]
fn a_guard_refuses_with_words_what_a_newer_worker_wrote_down() {
    // Also where nothing else of it can be read.
    let newer = json!({ "version": VERSION + 1, "assignment": "in another form" });
    let mut case = Plan { spec: Some(newer), ..Plan::new("echo ran") }.start_unready();
    let AttemptEnd::Unfit { failure } = case.end() else { panic!("it ran") };
    assert!(failure.message.contains("a newer Samepath wrote this job down"), "{failure:?}");
    assert!(failure.message.contains("start the worker again"), "{failure:?}");
    assert!(!case.at.log().exists());
}
