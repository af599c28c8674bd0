//! Why no worker can take a job, for each thing that can be in the way: one sentence, the same before and after the job is submitted, in
//! the command line and in what the window draws. `shown_by` says which test has which reason.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::lab::Lab;
use common::{Answer, Home};
use samepath_app::view::Draft;
use samepath_app::{App, Options};
use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::lab::Membership;
use samepath_fleet::{Fleet, WorkerSession};
use samepath_wire::{AttemptEnd, AttemptRef, Claim, Confirm, Reason, Report, ReportEvent, Worker};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;

const LABELS: &str = "vast:amick/maze/labels.slp";

/// Where each reason is shown to be said alike: one that is new does not compile until it is said where.
fn shown_by(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoBackend { .. }
        | Reason::BackendState { .. }
        | Reason::OtherStorage { .. }
        | Reason::NoKind { .. }
        | Reason::KindUnavailable { .. }
        | Reason::KindDiffers { .. } => "every_reason_is_said_in_the_same_words_everywhere",
        Reason::Draining | Reason::Requirement { .. } | Reason::GpuTaken { .. } | Reason::Excluded { .. } => {
            "what_a_worker_is_and_has_tried_is_said_alike"
        }
        Reason::Pinned { .. } | Reason::Offline => "a_job_for_one_worker_says_so_of_every_other",
        Reason::EnoughRun { .. } => "of_whom_as_many_run_as_the_lab_allows_is_said_once_for_all_workers",
        Reason::NotConfining => "a_worker_too_old_for_a_members_limits_is_said_alike",
    }
}

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
        (
            "gpu-0a",
            vast("ready"),
            runs(&json!("blake3:00")),
            all(),
            "has an older Check a SLEAP project (it runs 0.0.8, this job type needs 0.0.9)",
        ),
        (
            "gpu-0b",
            vast("ready"),
            runs(&json!("blake3:00")),
            all(),
            "has another version of slp-check (it runs 0.9.0, this job type needs 0.0.9)",
        ),
        ("gpu-11", vast("read_only"), runs(digest), all(), "its vast is read-only"),
        ("gpu-12", vast("full"), runs(digest), all(), "its vast is full"),
    ]
}

/// Of the program that a worker runs.
fn version(worker: &str) -> &'static str {
    match worker {
        "gpu-0a" => "0.0.8",
        "gpu-0b" => "0.9.0",
        _ => "0.0.9",
    }
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
            "id": name, "name": name, "version": version(name), "os": "linux", "host": name,
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
        assert!(list.out.contains(&format!("{name} ({})", version(name))), "another version is told: {list:?}");
        let cannot = format!("{name} cannot run slp-check: no program sleap-nn");
        assert_eq!(list.out.contains(&cannot), *unavailable != json!([]), "{list:?}");
    }
    assert_eq!(page.waiting_for.len(), cases.len(), "{page:#?}");
    app.shut_down().await;
    fleet.close().await;
}

/// A window of this home.
async fn window(home: &Home) -> App {
    let folder = |name: &str| home.path(name).into_os_string();
    let variable = |name: &str| match name {
        "HOME" => Some(folder("home")),
        "SAMEPATH_DATA" => Some(folder("data")),
        "USER" => Some(OsString::from("amick")),
        _ => None,
    };
    let mut options = Options::gather(variable, None, None, "0").unwrap();
    options.program = env!("CARGO_BIN_EXE_samepath").into();
    App::start(options).await.unwrap()
}

/// A worker that says this of itself.
fn worker(name: &str, kind: &Value, more: Value) -> Worker {
    let mut worker = json!({
        "id": name, "name": name, "version": "0", "os": "linux", "host": name, "started_at": "2026-11-22T09:00:00Z",
        "kinds": [kind], "backends": { "vast": { "state": "ready", "base_path": "/mnt/vast" } },
    });
    worker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(worker).unwrap()
}

/// What the window draws of a job that waits, and what the commands say: these sentences and no others.
async fn said_alike(app: &App, ask: &dyn Fn(&[&str]) -> Answer, id: &str, sentences: &[String]) {
    let said = |found: Vec<String>| {
        let mut found = found;
        found.sort();
        found
    };
    let wanted = said(sentences.to_vec());
    // What was just heard is told soon.
    let mut drawn = Vec::new();
    for _ in 0..500 {
        drawn = said(app.job(id).await.unwrap().waiting_for);
        if drawn == wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(drawn, wanted, "the window");
    let listed = ask(&["--json", "jobs", id]).good()["waiting_for"].clone();
    assert_eq!(said(serde_json::from_value(listed).unwrap()), wanted, "jobs --json");
    let shown = ask(&["jobs", id]);
    for sentence in &wanted {
        assert!(shown.out.lines().any(|line| line.trim() == sentence), "{sentence}: {shown:?}");
    }
}

/// What the window draws beside the draft of a job.
async fn before(app: &App, draft: Draft) -> Vec<String> {
    let readiness = app.readiness(draft).await.unwrap();
    let no = readiness.workers.iter().filter(|worker| worker.fit == "no");
    no.map(|worker| format!("{}: {}", worker.name, worker.detail.as_deref().unwrap_or(&worker.words))).collect()
}

async fn until_known(app: &App, count: usize) {
    while app.workers().len() < count {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn sentence(test: &str, worker: &str, reason: &Reason, words: &str) -> String {
    assert_eq!((shown_by(reason), reason.to_string().as_str()), (test, words), "{worker}");
    format!("{worker}: {words}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_is_and_has_tried_is_said_alike() {
    const TEST: &str = "what_a_worker_is_and_has_tried_is_said_alike";
    let home = Home::new();
    let steps = json!([{
        "name": "s", "script": { "actions": { "onRun": { "command": "true" } } },
        "hostRequirements": { "amounts": [{ "name": "amount.worker.gpu", "min": 2 }] },
    }]);
    let template = json!({ "specificationVersion": "jobtemplate-2023-09", "name": "two-gpus", "steps": steps });
    home.write("kinds/two-gpus.json", template.to_string());
    let ask = |words: &[&str]| tokio::task::block_in_place(|| home.run(words));
    let fleet = Fleet::local(LocalSettings::new(home.path("data/fleet"), "amick")).await.unwrap();
    // It has the job type, and no GPU.
    let _real = tokio::task::block_in_place(|| home.worker("none"));
    let app = window(&home).await;
    let digest = ask(&["--json", "kinds", "two-gpus"]).good()["digest"].clone();
    let kind = json!({ "name": "two-gpus", "digest": digest });
    let two = json!({ "amount.worker.gpu": 2.0 });
    let gpu =
        json!({ "name": "A100", "memory": 81_920, "taken": { "user": "tom", "program": "python", "memory": 3072 } });
    let _sessions: Vec<WorkerSession> = [
        worker("drained", &kind, json!({ "amounts": two, "draining": true })),
        worker("taken", &kind, json!({ "amounts": two, "gpus": [gpu, gpu] })),
    ]
    .map(|worker| {
        let session = fleet.session(worker.id.clone());
        session.advertise(worker);
        session
    })
    .into();
    until_known(&app, 3).await;
    let needs = Reason::Requirement { what: "needs 2 GPUs, has none".to_owned() };
    let by = serde_json::from_value(gpu["taken"].clone()).unwrap();
    let mut sentences = vec![
        sentence(TEST, "drained", &Reason::Draining, "takes no new jobs"),
        sentence(TEST, "none", &needs, "needs 2 GPUs, has none"),
        sentence(TEST, "taken", &Reason::GpuTaken { by }, "its GPU is in use by tom (python), 3 GiB"),
    ];
    let draft = || Draft { kind: "two-gpus".to_owned(), ..Draft::default() };
    assert_eq!(before(&app, draft()).await, sentences);
    let submitted = ask(&["submit", "--detach", "two-gpus"]);
    for sentence in &sentences {
        assert!(submitted.err.lines().any(|line| line.trim() == sentence), "{sentence}: {submitted:?}");
    }
    let id = submitted.out.trim().to_owned();
    said_alike(&app, &ask, &id, &sentences).await;
    // One comes that can, tries, and finds that it cannot.
    let tries = fleet.session("tries");
    tries.advertise(worker("tries", &kind, json!({ "amounts": two })));
    let claimed = loop {
        match tries.claim(&Claim { holds: Vec::new(), wants: true }).await.unwrap().assignment {
            Some(given) => break given,
            None => tokio::task::yield_now().await,
        }
    };
    let attempt = AttemptRef { job: claimed.job.id, attempt: claimed.attempt };
    tries.confirm(&Confirm { attempt: attempt.clone(), epoch: claimed.epoch }).await.unwrap();
    let failure = serde_json::from_value(json!({ "cause": "other", "message": "its folder is full" })).unwrap();
    let event = ReportEvent::Ended { end: AttemptEnd::Unfit { failure }, survivors: false };
    tries.report(&Report { attempt, event, log_end: None, log_file: None }).await.unwrap();
    let excluded = Reason::Excluded { why: "its folder is full".to_owned() };
    sentences.push(sentence(TEST, "tries", &excluded, "tried it: its folder is full"));
    said_alike(&app, &ask, &id, &sentences).await;
    app.shut_down().await;
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_one_worker_says_so_of_every_other() {
    const TEST: &str = "a_job_for_one_worker_says_so_of_every_other";
    let home = Home::new();
    let ask = |words: &[&str]| tokio::task::block_in_place(|| home.run(words));
    let fleet = Fleet::local(LocalSettings::new(home.path("data/fleet"), "amick")).await.unwrap();
    let app = window(&home).await;
    let kind = json!({ "name": "slp-check", "digest": ask(&["--json", "kinds", "slp-check"]).good()["digest"] });
    let session = fleet.session("gpu-1");
    session.advertise(worker("gpu-1", &kind, json!({})));
    // Only a worker that is there, or was, can be asked for.
    let wanted = fleet.session("gpu-77");
    wanted.advertise(worker("gpu-77", &kind, json!({})));
    until_known(&app, 2).await;
    let labels = format!("LABELS={LABELS}");
    let submitted = ask(&["submit", "--detach", "slp-check", "--worker", "gpu-77", "-p", &labels]);
    wanted.leave().await;
    let pinned = Reason::Pinned { worker: "gpu-77".to_owned() };
    let sentences = [
        sentence(TEST, "gpu-77", &Reason::Offline, "offline"),
        sentence(TEST, "gpu-1", &pinned, "not asked: the job is for gpu-77"),
    ];
    let values = BTreeMap::from([("LABELS".to_owned(), json!(LABELS))]);
    let draft = Draft { kind: "slp-check".to_owned(), values, worker: Some("gpu-77".to_owned()), ..Draft::default() };
    // Beside the draft are those that are there.
    while app.workers().len() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(before(&app, draft).await, sentences[1..]);
    said_alike(&app, &ask, submitted.out.trim(), &sentences).await;
    app.shut_down().await;
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_too_old_for_a_members_limits_is_said_alike() {
    const TEST: &str = "a_worker_too_old_for_a_members_limits_is_said_alike";
    const WORDS: &str = "too old to keep jobs to their member's folders; it must be updated";
    let lab = tokio::task::block_in_place(Lab::new);
    let (desk, gpu) = (lab.computer("desk"), lab.computer("gpu-1"));
    let ask = |words: &[&str]| {
        tokio::task::block_in_place(|| match words {
            ["--json", words @ ..] => desk.ask(words),
            words => {
                let folder = |name: &str| lab.home.path(&format!("desk/{name}"));
                let mut command = lab.home.command(words);
                common::run(command.env("HOME", folder("home")).env("SAMEPATH_DATA", folder("data")))
            }
        })
    };
    let member = ["hub", "invite", "member", "amick", "--user-subdir", "amick"];
    let invitation = tokio::task::block_in_place(|| lab.home.ask(&member).good());
    tokio::task::block_in_place(|| {
        desk.join(invitation["invitation"].as_str().unwrap());
        gpu.join(&lab.invite("worker", "gpu-1"));
    });
    let kept = Membership::kept(&lab.home.path("gpu-1/data/lab/worker.json")).unwrap().unwrap();
    let fleet = Fleet::lab(&kept).await.unwrap();
    let kind = json!({ "name": "slp-check", "digest": ask(&["--json", "kinds", "slp-check"]).good()["digest"] });
    let session = fleet.session("gpu-1");
    session.advertise(worker("gpu-1", &kind, json!({})));
    let app = App::start(desk.options()).await.unwrap();
    until_known(&app, 1).await;
    let sentences = [sentence(TEST, "gpu-1", &Reason::NotConfining, WORDS)];
    let labels = format!("LABELS={LABELS}");
    let submitted = ask(&["--json", "submit", "--detach", "slp-check", "-p", &labels]).good();
    said_alike(&app, &ask, submitted["id"].as_str().unwrap(), &sentences).await;
    app.shut_down().await;
    fleet.close().await;
    tokio::task::block_in_place(|| lab.stop());
}

#[test]
fn of_whom_as_many_run_as_the_lab_allows_is_said_once_for_all_workers() {
    let lab = Lab::new();
    let (desk, gpus) = (lab.computer("desk"), ["gpu-1", "gpu-2"].map(|name| lab.computer(name)));
    let told = lab.home.ask(&["hub", "invite", "member", "amick", "--jobs", "1"]).good();
    assert_eq!(told["jobs"], 1);
    desk.join(told["invitation"].as_str().unwrap());
    let workers = gpus.map(|gpu| {
        gpu.join(&lab.invite("worker", gpu.name));
        gpu.worker()
    });
    let submit = || desk.ask(&["submit", "--detach", "waits"]).good()["id"].as_str().unwrap().to_owned();
    let first = submit();
    desk.job_until(&first, |job| job["state"] == "running");
    let second = submit();
    let sentence = "amick runs 1 job already, as many as the lab allows";
    desk.job_until(&second, |job| job["state"] == "queued" && job["waiting_for"] == json!([sentence]));
    let members = lab.home.ask(&["hub", "members"]).good();
    assert_eq!(members[0]["jobs"], 1, "{members:#}");
    lab.home.go();
    desk.job_until(&second, |job| job["state"] == "succeeded");
    drop(workers);
    lab.stop();
}
