//! Who is put out of a lab, or leaves it: what its programs say and do, and what becomes of what they ran.
#![cfg(target_os = "linux")]

mod common;

use common::lab::{Computer, Lab};
use common::{Process, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// A job that runs on the only worker, and waits.
fn running(desk: &Computer<'_>) -> String {
    let job = desk.ask(&["submit", "--detach", "waits"]).good();
    let id = job["id"].as_str().expect("an id").to_owned();
    desk.job_until(&id, |job| job["state"] == "running");
    id
}

#[test]
fn a_worker_that_is_put_out_says_so_once_and_works_again_when_it_has_joined_anew() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let mut worker = gpu.worker();
    let id = running(&desk);
    // Said of a worker, whose jobs the lab gives to another one.
    let said = lab.home.run(["hub", "revoke", "gpu-1"]).out;
    assert!(
        said.starts_with("gpu-1 is out: 1 computer, 0 unused invitations. A job that it runs is given to another"),
        "{said}"
    );
    let told = worker.until(|line| line.contains("put out").then(|| line.to_owned()));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        told["offline"]["message"],
        "Talmo Lab has put out this computer's worker gpu-1: it is given no job any more."
    );
    assert!(told["offline"]["hint"].as_str().is_some_and(|it| it.contains("new invitation")), "{told:#}");
    // Its job is lost for the lab at once: it waits for another worker, and can be ended.
    let job = desk.job_until(&id, |job| job["state"] == "queued");
    assert!(job["timeline"].to_string().contains("may go on there"), "{job:#}");
    assert_eq!(desk.ask(&["stop", &id]).good()["state"], "cancelled");
    // Started again it waits in the same words, instead of ending.
    worker.signal(Signal::TERM);
    let ended = worker.wait();
    assert_eq!(ended.status, Some(0));
    assert!(ended.out.contains("\"stopped\":true") && ended.out.contains("\"left\":1"), "{}", ended.out);
    assert_eq!(ended.err, "", "it says nothing besides");
    let mut worker = Process::start(&mut gpu.command(&["worker", "--kinds", &lab.home.text("kinds")]));
    worker.until(|line| line.contains("put out").then_some(()));
    gpu.ask(&["leave"]).good();
    gpu.join(&lab.invite("worker", "gpu-1"));
    worker.until(|line| line.contains("\"ready\"").then_some(()));
    lab.home.go();
    let job = desk.ask(&["submit", "waits"]).good();
    assert_eq!((&job["state"], &job["worker"]), (&json!("succeeded"), &json!("gpu-1")), "{job:#}");
    drop(worker);
    lab.stop();
}

#[test]
fn what_a_member_waits_for_ends_when_they_are_put_out() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let worker = gpu.worker();
    let id = running(&desk);
    let mut waiting: Vec<Process> = [&["workers", "--watch"][..], &["logs", &id, "--follow"], &["submit", "waits"]]
        .into_iter()
        .map(|words| Process::start(&mut desk.command(words)))
        .collect();
    waiting[0].until(|line| line.contains("gpu-1").then_some(()));
    waiting[1].until(|line| line.contains("one").then_some(()));
    until(|| match desk.ask(&["jobs"]).good().as_array().map(Vec::len) {
        Some(2) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let gone = lab.home.ask(&["hub", "revoke", "amick"]).good();
    let expected = json!({ "revoked": "amick", "role": "member", "computers": 1, "invitations": 0, "cancelled": 1 });
    assert_eq!(gone, expected, "one runs, one waits");
    for waiting in &mut waiting {
        let ended = waiting.wait();
        assert_eq!(ended.status, Some(7), "{ended:?}");
        assert!(ended.out.contains("Your access to Talmo Lab as amick has ended."), "{ended:?}");
    }
    // What looks at the computer says so, too.
    let told = desk.ask(&["doctor"]);
    assert_eq!(told.status, Some(7), "{told:?}");
    assert!(told.out.contains("Your access to Talmo Lab as amick has ended."), "{}", told.out);
    lab.home.go();
    drop(worker);
    lab.stop();
}
