//! A member who was invited to some places only, with the real programs: refused early where that is cheap, and by the worker
//! whatever a client says.
#![cfg(target_os = "linux")]

mod common;

use common::lab::Lab;
use samepath_fleet::Fleet;
use samepath_fleet::lab::Membership;
use samepath_wire::{Cause, CheckPaths, Job, JobId, JobRecord, JobState, PathSeen, ProofAsked, StoragePath};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn job(number: u128, parameters: Value) -> Job {
    // As a client that was tampered with would send it.
    let forged = json!({ "user_subdir": "tom", "read": ["vast:"] });
    serde_json::from_value(json!({
        "version": 1, "id": JobId::from_u128((0x0199_c0de_0000_7000_8000 << 48) + number), "kind": "slp-check", "storage_backend": "vast", "user_subdir": "amick",
        "parameters": parameters, "submitted_by": "tom", "places": forged, "submitted_at": "2026-11-22T09:00:00Z",
    }))
    .expect("a job")
}

async fn ended(fleet: &Fleet, id: JobId) -> JobRecord {
    let until = tokio::time::Instant::now() + common::DEADLINE;
    loop {
        let record = fleet.job(id).await.expect("a record");
        if record.state.is_ended() {
            return record;
        }
        assert!(tokio::time::Instant::now() < until, "{record:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confined_member_is_kept_to_the_places_of_the_invitation() {
    let lab = tokio::task::block_in_place(Lab::new);
    let home = &lab.home;
    for file in ["tom/labels.slp", "shared/labels.slp", "amick2/labels.slp"] {
        let to = home.path("storage").join(file);
        fs_err::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs_err::copy(home.path("storage/amick/maze/labels.slp"), to).expect("a copy");
    }
    std::os::unix::fs::symlink("../tom", home.path("storage/amick/to-tom")).expect("a link");
    let (desk, toms, gpu) = (lab.computer("desk"), lab.computer("toms"), lab.computer("gpu-1"));
    let places = ["--user-subdir", "amick", "--read", "vast:shared"];
    let told = home.ask(&[&["hub", "invite", "member", "amick"][..], &places].concat()).good();
    assert_eq!(told["places"], json!({ "user_subdir": "amick", "read": ["vast:shared"] }));
    desk.join(told["invitation"].as_str().expect("a line"));
    // A second computer is kept to the same; other places are refused, and what could be no place.
    let again = home.ask(&["hub", "invite", "member", "amick"]).good();
    assert_eq!(again["places"], told["places"]);
    home.ask(&["hub", "invite", "member", "amick", "--user-subdir", "tom"]).fails("invalid_parameter");
    home.ask(&["hub", "invite", "member", "eve", "--user-subdir", "../tom"]).fails("invalid_parameter");
    home.ask(&["hub", "invite", "member", "eve", "--user-subdir", "eve", "--read", "shared"])
        .fails("invalid_parameter");
    let members = home.ask(&["hub", "members"]).good();
    assert_eq!(members[0]["places"], told["places"], "{members:#}");
    toms.join(&lab.invite("member", "tom"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let _worker = gpu.worker();

    // Said before it is submitted, in the words of the worker.
    for (labels, path) in [("vast:tom/labels.slp", "vast:tom/labels.slp"), ("vast:amick2/labels.slp", "vast:amick2")] {
        let refused = desk.ask(&["submit", "slp-check", "--detach", "-p", &format!("LABELS={labels}")]);
        let told = refused.fails("invalid_parameter");
        let message = told["error"]["message"].as_str().expect("a message");
        assert!(message.contains("LABELS: jobs of amick may not read") && message.contains(path), "{message}");
        assert!(message.contains("only in `vast:amick` and `vast:shared`"), "{message}");
    }
    let shared = ["submit", "slp-check", "-p", "LABELS=vast:shared/labels.slp"];
    assert_eq!(desk.ask(&shared).status, Some(0), "results go to amick's own folder");
    let free = toms.ask(&["submit", "slp-check", "-p", "LABELS=vast:tom/labels.slp", "-p", "OUTPUT_DIR=vast:tom/out"]);
    assert_eq!(free.status, Some(0), "nobody else is kept to anything: {free:?}");
    let sees = desk.ask(&["storage", "check", "vast", "--with-workers"]).good();
    assert_eq!(sees[0]["workers"][0]["saw"], "found", "its own folder is seen: {sees:#}");

    // With a client of one's own.
    let kept = Membership::kept(&home.path("desk/data/lab/member.json")).expect("read").expect("joined");
    let fleet = Fleet::lab(&kept).await.expect("comes in");
    let toms_fleet = Membership::kept(&home.path("toms/data/lab/member.json")).expect("read").expect("joined");
    let toms_fleet = Fleet::lab(&toms_fleet).await.expect("comes in");
    let toms = json!({ "storage_backend": "vast", "user_subdir": "tom", "path": "labels.slp" });
    let refused = fleet.submit(&job(1, json!({ "LABELS": toms, "OUTPUT_DIR": "out" }))).await.expect_err("refused");
    assert!(refused.to_string().contains("jobs of amick may not read `vast:tom/labels.slp`"), "{refused}");
    for (number, labels, output, path) in [
        (2, "to-tom/labels.slp", "out", "may not read `vast:amick/to-tom/labels.slp`"),
        (3, "maze/labels.slp", "to-tom/not-here", "may not write `vast:amick/to-tom/not-here`"),
    ] {
        let record =
            fleet.submit(&job(number, json!({ "LABELS": labels, "OUTPUT_DIR": output }))).await.expect("recorded");
        let id = record.job.id;
        let record = ended(&fleet, id).await;
        let failure = record.failure.expect("a failure");
        assert_eq!((record.state, failure.cause), (JobState::Failed, Cause::InvalidParameter), "{failure:?}");
        assert!(failure.message.contains(path), "{failure:?}");
        // Somebody whom nothing confines tries it again: it is amick's job still.
        toms_fleet.retry(id).await.expect("again");
        let record = ended(&fleet, id).await;
        assert_eq!((record.state, record.attempts.len()), (JobState::Failed, 2));
        assert_eq!(record.failure.expect("a failure").message, failure.message);
    }
    assert!(!home.path("storage/tom/not-here").exists(), "nothing was made");

    // A worker says nothing of other places, neither whether something is there nor what is in it.
    let at = |folder: &str, path: &str| StoragePath::new("vast", folder, path);
    let paths = vec![
        at("amick", "maze/labels.slp"),
        at("shared", "labels.slp"),
        at("tom", "labels.slp"),
        at("tom", "nothing"),
        at("amick", "to-tom/labels.slp"),
        at("amick2", "labels.slp"),
    ];
    for (number, sees) in [true, true, false, false, false, false].into_iter().enumerate() {
        let proof = Some(ProofAsked { path: number, key: "0".repeat(64) });
        let asked = CheckPaths { paths: paths.clone(), proof };
        let seen = fleet.check_paths("gpu-1", &asked, SOON).await.expect("answered").paths.remove(number);
        match seen {
            PathSeen::Yes(seen) => assert!(sees && seen.proof.is_some(), "{seen:?}"),
            PathSeen::No { failure, code } => {
                assert!(!sees, "{failure:?}");
                assert_eq!(code.as_deref(), Some("path_refused"));
                assert!(failure.message.contains("jobs of amick may not read"), "{failure:?}");
            }
        }
        let asked = CheckPaths { paths: vec![paths[2].clone()], proof: None };
        let seen = toms_fleet.check_paths("gpu-1", &asked, SOON).await.expect("answered").paths.remove(0);
        assert!(matches!(seen, PathSeen::Yes(_)), "{seen:?}");
    }
    fleet.close().await;
    toms_fleet.close().await;
    tokio::task::block_in_place(|| lab.stop());
}
