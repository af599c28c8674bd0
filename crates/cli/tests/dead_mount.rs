//! A storage whose server fell silent, among good ones: everything that does not need it goes on as if it were not there.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, run};
use samepath_testkit::FuseMount;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A home whose storage `dead` has fallen silent; `vast` is well.
fn lab() -> (Home, FuseMount) {
    let home = Home::bare();
    let mount = FuseMount::new(&[("amick/labels.slp", "x")]);
    home.configure(&format!(
        "[storage.dead]\nbase_path = {}\n\n[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n",
        json!(mount.path()),
        json!(home.path("mnt/vast"))
    ));
    mount.stop();
    (home, mount)
}

#[test]
fn whatever_does_not_need_it_answers_within_a_second() {
    let (home, _mount) = lab();
    for words in [
        &["storage", "list"][..],
        &["locate", "storage/amick/maze/labels.slp"],
        &["resolve", "vast:amick/maze/labels.slp"],
        &["resolve", "vast:amick/maze/new.h5", "--output"],
        &["dataset", "vast:amick/maze/labels.slp"],
        &["storage", "check", "vast"],
        &["kinds"],
        &["jobs"],
        &["workers"],
    ] {
        // The machine may be busy: once of three times it must be quick.
        let quickest = (0..3).map(|_| {
            let began = Instant::now();
            home.ask(words).good();
            began.elapsed()
        });
        let quickest = quickest.min().unwrap_or(Duration::MAX);
        assert!(quickest < Duration::from_secs(1), "{words:?} took {quickest:?}");
    }
}

#[test]
fn it_is_added_within_the_deadline_and_said_not_to_answer() {
    let (home, mount) = lab();
    let at = mount.path().join("amick").display().to_string();
    let began = Instant::now();
    let added = home.ask(&["storage", "add", "silent", &at]).good();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(6), "took {took:?}");
    let warnings = added["warnings"].as_array().expect("a list");
    assert!(warnings[0].as_str().is_some_and(|told| told.contains("does not answer")), "{added:#}");
    assert!(warnings[1].as_str().is_some_and(|told| told.contains("inside dead")), "{added:#}");
    // Only where it is moved to counts.
    let moved = home.ask(&["storage", "set", "dead", "--base-path", &home.text("tmp")]).good();
    assert_eq!(moved["warnings"], json!([]));
}

#[test]
fn a_check_says_so_within_its_deadline() {
    let (home, _mount) = lab();
    let began = Instant::now();
    let checked = home.ask(&["storage", "check"]).good();
    let took = began.elapsed();
    assert_eq!((&checked[0]["state"], &checked[1]["state"]), (&json!("not_answering"), &json!("ready")));
    assert!(checked[0]["detail"].as_str().is_some_and(|detail| detail.contains("does not answer")), "{checked:#}");
    // Three seconds, and what starting two processes takes on a busy machine.
    assert!(took < Duration::from_secs(6), "took {took:?}");
    let told = home.run(["storage", "check", "dead"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(told.out.contains("✕ not answering"), "{told:?}");
}

#[test]
fn whatever_needs_it_fails_in_time() {
    let (home, mount) = lab();
    let labels = mount.path().join("amick/labels.slp").display().to_string();
    for words in [
        &["resolve", "dead:amick/labels.slp"][..],
        &["locate", &labels],
        &["dataset", "dead:amick/labels.slp"],
        &["submit", "slp-check", "-p", "LABELS=dead:amick/labels.slp"],
    ] {
        let began = Instant::now();
        home.ask(words).fails("backend_unavailable");
        assert!(began.elapsed() < Duration::from_secs(20), "{words:?} took {:?}", began.elapsed());
    }
    // It comes back.
    mount.resume();
    assert_eq!(home.ask(&["storage", "check", "dead"]).good()[0]["state"], "ready");
    home.ask(&["resolve", "dead:amick/labels.slp"]).good();
}

#[test]
fn the_storage_can_be_taken_out() {
    let (home, _mount) = lab();
    home.ask(&["storage", "set", "dead", "--description", "gone"]).good();
    home.ask(&["storage", "remove", "dead"]).good();
    assert_eq!(home.ask(&["storage", "list"]).good().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_worker_with_it_stays_and_runs_jobs_on_the_others() {
    let (home, mount) = lab();
    mount.resume();
    let mut worker = home.worker("gpu-1");
    let state_of = |told: &Value, name: &str| {
        let storages = told["storages"].as_array().cloned().unwrap_or_default();
        storages.into_iter().find(|storage| storage["name"] == name).map(|storage| storage["state"].clone())
    };
    mount.stop();
    // A change of the configuration makes the worker look again, at once.
    let text = fs_err::read_to_string(home.config()).expect("the configuration");
    home.configure(&format!("{text}\n[storage.third]\nbase_path = \"/nowhere\"\n"));
    worker.until(|line| {
        let told: Value = serde_json::from_str(line).unwrap_or_default();
        (state_of(&told, "dead") == Some(json!("not_answering"))).then_some(())
    });
    let job = home.ask(&["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]).good();
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let workers = home.ask(&["workers"]).good();
    assert_eq!(workers[0]["name"], "gpu-1");
    assert_eq!(state_of(&workers[0], "vast"), Some(json!("ready")));
    let ended = worker.interrupt();
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_hub_whose_search_path_leads_to_a_dead_disk_says_so() {
    let home = Home::new();
    let mount = FuseMount::new(&[("bin/nats-server", "")]);
    mount.stop();
    let began = Instant::now();
    let mut command = home.command(["--json", "hub", "--listen", "127.0.0.1:0"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", mount.path().join("bin").display()));
    let told = run(&mut command).fails("io");
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert!(
        told["error"]["message"].as_str().is_some_and(|it| it.contains("nats-server cannot be looked for")),
        "{told:#}"
    );
}

#[test]
fn a_data_folder_on_a_dead_disk_is_told_by_every_command() {
    let (home, _silent) = lab();
    let mount = FuseMount::new(&[("state/x", "")]);
    mount.stop();
    for words in
        [&["jobs"][..], &["storage", "list"], &["locate", "storage/amick/maze/labels.slp"], &["doctor"], &["worker"]]
    {
        let began = Instant::now();
        let mut command = home.command([&["--json"], words].concat());
        let told = run(command.env("SAMEPATH_DATA", mount.path().join("state"))).fails("io");
        assert!(began.elapsed() < Duration::from_secs(15), "{words:?} took {:?}", began.elapsed());
        let message = told["error"]["message"].as_str().unwrap_or_default();
        assert!(message.ends_with("does not answer."), "{words:?}: {told:#}");
    }
}

#[test]
fn job_types_on_a_dead_disk_are_told_by_a_worker() {
    let home = Home::new();
    let mount = FuseMount::new(&[("kinds/x.json", "{}")]);
    mount.stop();
    let began = Instant::now();
    let told = home.ask(&["worker", "--kinds", &mount.path().join("kinds").display().to_string()]).fails("io");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(told["error"]["message"].as_str().is_some_and(|it| it.contains("kinds does not answer")), "{told:#}");
}
