//! Why no worker can take a job, for each thing that can be in the way: one sentence, the same before and after the job is submitted, in
//! the command line and in what the window draws.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use samepath_app::view::Draft;
use samepath_app::{App, Options};
use samepath_fleet::Fleet;
use samepath_fleet::bus::local::LocalSettings;
use samepath_wire::Worker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;

const LABELS: &str = "vast:amick/maze/labels.slp";

/// What is the matter with a worker: its `vast`, the kinds that it runs and those that it cannot, and the sentence about it.
type Case = (&'static str, Value, Value, Value, &'static str);

fn cases(digest: &Value) -> Vec<Case> {
    let runs = |digest: &Value| json!([{ "name": "slp-check", "digest": digest }]);
    let vast = |state: &str| json!({ "vast": { "state": state, "base_path": "/mnt/vast" } });
    let all = || json!([]);
    vec![
        ("gpu-01", json!({}), runs(digest), all(), "has no vast"),
        ("gpu-02", vast("not_mounted"), runs(digest), all(), "its vast is not mounted"),
        ("gpu-03", vast("missing"), runs(digest), all(), "its vast is missing"),
        ("gpu-04", vast("denied"), runs(digest), all(), "may not read its vast"),
        ("gpu-05", vast("not_answering"), runs(digest), all(), "its vast does not answer"),
        ("gpu-06", vast("unknown"), runs(digest), all(), "is still looking at its vast"),
        (
            "gpu-07",
            json!({ "vast": { "state": "ready", "base_path": "/mnt/vast", "id": "0199c0de-1111-4222-8333-444455556666" } }),
            runs(digest),
            all(),
            "its vast is a different storage",
        ),
        ("gpu-08", vast("ready"), json!([]), all(), "cannot run slp-check"),
        (
            "gpu-09",
            vast("ready"),
            json!([]),
            json!([{ "name": "slp-check", "reason": "no program sleap-nn" }]),
            "cannot run slp-check: no program sleap-nn",
        ),
        ("gpu-10", vast("ready"), runs(&json!("blake3:00")), all(), "has another version of slp-check"),
        // It is behind those that have the job's own.
        ("gpu-00", vast("ready"), runs(&json!("blake3:00")), all(), "has an older Check a SLEAP project"),
        ("gpu-11", vast("read_only"), runs(digest), all(), "its vast is read-only"),
        ("gpu-12", vast("full"), runs(digest), all(), "its vast is full"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_is_said_in_the_same_words_everywhere() {
    let home = Home::new();
    let ask = |words: &[&str]| tokio::task::block_in_place(|| home.ask(words).good());
    let print = |words: &[&str]| tokio::task::block_in_place(|| home.run(words));
    ask(&["storage", "mark"]);
    let fleet = Fleet::local(LocalSettings::new(home.path("data/fleet"), "amick")).await.unwrap();
    let digest = ask(&["kinds", "slp-check"])["digest"].clone();
    let cases = cases(&digest);
    let mut sessions = Vec::new();
    for (name, storages, kinds, unavailable, _) in &cases {
        let worker: Worker = serde_json::from_value(json!({
            "id": name, "name": name, "version": "0.0.9", "os": "linux", "host": name,
            "started_at": if *name == "gpu-00" { "2026-11-01T09:00:00Z" } else { "2026-11-22T09:00:00Z" }, "kinds": kinds, "unavailable": unavailable, "backends": storages,
        }))
        .unwrap();
        let session = fleet.session(*name);
        session.advertise(worker);
        sessions.push(session);
    }
    let count = || ask(&["workers"]).as_array().map_or(0, Vec::len);
    while count() < cases.len() {
        tokio::task::yield_now().await;
    }
    // Before: what the window draws beside the draft.
    let home_folder = home.path("home");
    let data = home.path("data");
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from(&home_folder)),
        "SAMEPATH_DATA" => Some(OsString::from(&data)),
        "USER" => Some(OsString::from("amick")),
        _ => None,
    };
    let mut options = Options::gather(variable, None, None, "0").unwrap();
    options.program = env!("CARGO_BIN_EXE_samepath").into();
    let app = App::start(options).await.unwrap();
    let values = BTreeMap::from([("LABELS".to_owned(), json!(LABELS))]);
    let draft = Draft { kind: "slp-check".to_owned(), values, ..Draft::default() };
    let before = app.readiness(draft).await.unwrap();
    assert_eq!(before.state, "wait", "{before:#?}");
    // After: what submit and jobs say, and what the window draws of the job.
    let submitted = print(&["submit", "--detach", "slp-check", "-p", &format!("LABELS={LABELS}")]);
    let id = submitted.out.trim().to_owned();
    let (as_json, shown, list) = (ask(&["jobs", &id]), print(&["jobs", &id]), print(&["workers"]));
    let page = app.job(&id).await.unwrap();
    for (name, _, _, unavailable, words) in &cases {
        let candidate = before.workers.iter().find(|worker| worker.name == *name).unwrap();
        let whole = candidate.detail.as_deref().unwrap_or(&candidate.words);
        assert_eq!((candidate.fit.as_str(), whole), ("no", *words), "{name}");
        let sentence = format!("{name}: {words}");
        assert!(page.waiting_for.contains(&sentence), "{sentence}: {page:#?}");
        assert!(as_json["waiting_for"].as_array().is_some_and(|all| all.contains(&json!(sentence))), "{as_json:#}");
        assert!(shown.out.lines().any(|line| line.trim() == sentence), "{sentence}: {shown:?}");
        assert!(submitted.err.lines().any(|line| line.trim() == sentence), "{sentence}: {submitted:?}");
        assert!(list.out.contains(&format!("{name} (0.0.9)")), "another version is told: {list:?}");
        let cannot = format!("{name} cannot run slp-check: no program sleap-nn");
        assert_eq!(list.out.contains(&cannot), *unavailable != json!([]), "{list:?}");
    }
    assert_eq!(page.waiting_for.len(), cases.len(), "{page:#?}");
    app.shut_down().await;
    fleet.close().await;
}
