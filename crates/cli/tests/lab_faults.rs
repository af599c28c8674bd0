//! What goes wrong in a lab while a job runs, with the real programs and the real server: the same try goes on, and nothing is lost.
#![cfg(target_os = "linux")]

mod common;

use common::lab::{Computer, Lab};
use common::until;
use rustix::process::Signal;
use samepath_testkit::{Cable, nats_server};
use serde_json::{Value, json};

/// A job that runs on the only worker, and waits.
fn running(desk: &Computer<'_>) -> String {
    let job = desk.ask(&["submit", "--detach", "waits"]).good();
    let id = job["id"].as_str().expect("an id").to_owned();
    desk.job_until(&id, |job| job["state"] == "running");
    until(|| match desk.ask(&["logs", &id]).out {
        lines if lines.contains("one") => Ok(()),
        lines => Err(lines),
    });
    id
}

/// The job ended well, at the first try, and all of its log is there.
fn assert_whole(desk: &Computer<'_>, id: &str) {
    let ended = desk.job_until(id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{ended:#}");
    let log = desk.ask(&["logs", id]).out;
    assert!(log.contains("one") && log.contains("two"), "{log}");
}

#[test]
fn both_hubs_are_killed_and_another_finds_what_runs() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let server = nats_server().display().to_string();
    let mut second = lab.home.start(&["--json", "hub", "--nats-server", &server]);
    second.until(|line| line.contains("\"lab\"").then_some(()));
    let _worker = gpu.worker();
    let id = running(&desk);
    // Neither has a chance to say anything; the server goes on without a hub.
    let mut first = lab.hub.take().expect("a hub");
    second.end();
    first.end();
    let told = desk.ask(&["jobs"]).fails("fleet_unreachable");
    assert!(
        told["error"]["message"].as_str().is_some_and(|it| it.starts_with("Talmo Lab does not answer")),
        "{told:#}"
    );
    // It ends while nobody keeps the queue.
    lab.home.go();
    lab.start();
    assert_whole(&desk, &id);
    lab.stop();
}

#[test]
fn a_worker_that_is_frozen_is_missed_and_goes_on() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let worker = gpu.worker();
    let id = running(&desk);
    worker.signal(Signal::STOP);
    let missed = desk.job_until(&id, |job| job["lost"] == true);
    assert_eq!(missed["state"], "running", "a hint is no proof: {missed:#}");
    // The tool is the guard's, and ends without its worker.
    lab.home.go();
    worker.signal(Signal::CONT);
    assert_whole(&desk, &id);
    drop(worker);
    lab.stop();
}

#[test]
fn a_worker_that_is_started_again_under_another_name_goes_on_with_what_it_left() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let mut worker = gpu.worker();
    let id = running(&desk);
    worker.end();
    let worker = gpu.worker_with(&["--name", "renamed"]);
    lab.home.go();
    assert_whole(&desk, &id);
    drop(worker);
    lab.stop();
}

#[test]
fn a_worker_whose_line_is_cut_reports_when_it_is_mended() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let cable = Cable::to(&lab.listen);
    let key = lab.home.path("gpu-1/data/lab/worker.json");
    let mut kept: Value = serde_json::from_slice(&fs_err::read(&key).expect("a key")).expect("JSON");
    kept["server"] = cable.address().into();
    fs_err::write(&key, kept.to_string()).expect("written");
    let mut worker = gpu.worker();
    let id = running(&desk);
    cable.cut();
    worker.until(|line| line.contains("Talmo Lab does not answer").then_some(()));
    desk.job_until(&id, |job| job["lost"] == true);
    // Its end, and the lines before it, are kept until somebody hears them.
    lab.home.go();
    cable.mend();
    worker.until(|line| line.contains("\"offline\":null").then_some(()));
    assert_whole(&desk, &id);
    drop(worker);
    lab.stop();
}
