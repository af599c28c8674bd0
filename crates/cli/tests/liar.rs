//! A worker that says what it likes of the dataset: confirmed is only one that reads it, with the key of this very question.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use samepath_fleet::Fleet;
use samepath_fleet::bus::local::LocalSettings;
use samepath_storage::{Backend, Platform, ProofKey, Storages};
use samepath_wire::{CheckPaths, Checked, PathSeen, Seen, StoragePath, Worker};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const LABELS: &str = "LABELS=vast:amick/maze/labels.slp";

/// What the worker answers where it is asked for a proof: the file, the key, and what it answered before.
type Answer = fn(&Storages, &StoragePath, &ProofKey, &[String]) -> Option<String>;

#[tokio::test(flavor = "multi_thread")]
async fn only_who_reads_the_dataset_now_is_confirmed() {
    let home = Home::new();
    let fleet = Fleet::local(LocalSettings::new(home.path("data/fleet"), "amick")).await.unwrap();
    let digest = tokio::task::block_in_place(|| home.ask(&["kinds", "slp-check"]).good()["digest"].clone());
    let session = fleet.session("liar");
    let worker: Worker = serde_json::from_value(json!({
        "id": "liar", "name": "liar", "version": "0", "os": "linux", "host": "liar", "started_at": "2026-11-22T09:00:00Z",
        "kinds": [{ "name": "slp-check", "digest": digest }],
        "backends": { "vast": { "state": "ready", "base_path": "/mnt/vast" } },
    }))
    .unwrap();
    let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(|_, _, _, _| None));
    let backend = Backend {
        name: "vast".into(),
        base_path: home.path("storage"),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    let storages = Storages::new(vec![backend], Platform::Linux);
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let serving = tokio::spawn({
        let (session, answer, said) = (session.clone(), answer.clone(), said.clone());
        async move {
            let see = |asked: CheckPaths| {
                let proof = asked.proof.as_ref().and_then(|proof| {
                    let key = ProofKey::parse(&proof.key)?;
                    let mut said = said.lock().unwrap();
                    let proof = (answer.lock().unwrap())(&storages, &asked.paths[proof.path], &key, &said);
                    said.extend(proof.clone());
                    proof
                });
                let seen = |_| Seen { local: "/mnt/vast/x".into(), size: 1, modified: None, proof: proof.clone() };
                let paths = asked.paths.iter().map(seen).map(PathSeen::Yes).collect();
                async { Checked { paths } }
            };
            session.serve_checks(|_, asked| see(asked)).await
        }
    });
    session.advertise(worker);
    let submit = |how: Answer| -> Value {
        *answer.lock().unwrap() = how;
        tokio::task::block_in_place(|| home.ask(&["submit", "slp-check", "--detach", "-p", LABELS]).good())["confirmed"]
            .clone()
    };
    // It serves a moment after it is seen.
    let honest: Answer = |storages, at, key, _| storages.prove(at, key).unwrap();
    while submit(honest) != json!(["liar"]) {
        tokio::task::yield_now().await;
    }
    assert!(!said.lock().unwrap().is_empty());
    let lies: [(&str, Answer); 5] = [
        ("nothing", |_, _, _, _| None),
        ("what was right before", |_, _, _, said| said.first().cloned()),
        ("the key itself", |_, _, key, _| Some(key.to_string())),
        ("another file", |storages, at, key, _| {
            let other = StoragePath::new(&at.storage_backend, &at.user_subdir, "maze/train.yaml");
            storages.prove(&other, key).unwrap()
        }),
        ("the file, with a key of its own", |storages, at, _, _| storages.prove(at, &ProofKey::fresh()).unwrap()),
    ];
    for (what, lie) in lies {
        assert_eq!(submit(lie), json!([]), "{what}");
    }
    assert_eq!(submit(honest), json!(["liar"]));
    serving.abort();
    fleet.close().await;
}
