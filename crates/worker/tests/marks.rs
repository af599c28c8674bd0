//! A storage that was mounted in another's place since the worker last looked.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::Plan;
use samepath_wire::{AttemptEnd, Cause};
use samepath_worker::guard::{Patience, Phase};
use samepath_worker::prepare::MARKER;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

fn mark(storage: &Path, id: &str) {
    fs_err::create_dir_all(storage.join(".samepath")).unwrap();
    fs_err::write(storage.join(".samepath/storage.json"), json!({ "id": id }).to_string()).unwrap();
}

/// An attempt whose job means the storage `meant`, on one that carries `found`, into a folder that is not there yet.
fn attempt(meant: Option<&str>, found: Option<&str>) -> (AttemptEnd, bool) {
    let storage = tempfile::tempdir().unwrap();
    if let Some(id) = found {
        mark(storage.path(), id);
    }
    let mut plan = Plan::new("echo ran").on(storage.path(), "OUT", "DIRECTORY", "results");
    plan.job["storages"] = json!({ "vast": { "id": meant, "access": "write" } });
    let mut case = plan.start();
    let _worker = case.connect();
    let end = case.end();
    (end, storage.path().join("results").exists())
}

#[test]
fn a_storage_with_another_mark_than_the_job_means_excludes_the_worker_and_nothing_is_made_there() {
    let (ours, other) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    let (end, made) = attempt(Some(&ours), Some(&other));
    let AttemptEnd::Unfit { failure } = end else { panic!("{end:?}") };
    assert_eq!(failure.cause, Cause::BackendNotAvailable);
    assert!(failure.message.starts_with("this worker's vast is a different storage now: "), "{}", failure.message);
    assert!(failure.message.contains(&ours) && failure.message.contains(&other), "{}", failure.message);
    assert!(!made);
}

#[test]
fn the_same_mark_or_none_on_either_side_is_no_hindrance() {
    let (ours, other) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    for (meant, found) in [(Some(&ours), Some(&ours)), (Some(&ours), None), (None, Some(&other)), (None, None)] {
        let (end, made) = attempt(meant.map(String::as_str), found.map(String::as_str));
        assert!(matches!(end, AttemptEnd::Succeeded { .. }) && made, "{meant:?} {found:?}: {end:?}");
    }
}

#[test]
fn a_results_folder_that_became_another_job_s_is_written_to_no_more() {
    let storage = tempfile::tempdir().unwrap();
    let mut plan = Plan::new("echo one; exec sleep 1000").on(storage.path(), "OUT", "DIRECTORY", "results");
    plan.patience = Patience { heartbeat: Duration::from_millis(50), ..plan.patience };
    let mut case = plan.start();
    let mut worker = case.connect();
    worker.until(|status| status.phase == Phase::Running);
    // As one does who finds it stale.
    let path = storage.path().join("results").join(MARKER);
    let ours = fs_err::read_to_string(&path).unwrap();
    let mut theirs: serde_json::Value = serde_json::from_str(&ours).unwrap();
    theirs["job"] = json!(uuid::Uuid::new_v4());
    let half = path.with_extension("new");
    fs_err::write(&half, theirs.to_string()).unwrap();
    fs_err::rename(&half, &path).unwrap();
    let end = case.end();
    let AttemptEnd::Failed { failure } = end else { panic!("{end:?}") };
    assert_eq!(failure.cause, Cause::OutputNotUsable);
    assert!(failure.message.starts_with("another job has its results folder now"), "{}", failure.message);
    assert_eq!(fs_err::read_to_string(&path).unwrap(), theirs.to_string(), "it is theirs");
}
