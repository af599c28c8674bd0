//! Workers of a lab that others start and end: in containers, and for the time of a cluster's job.
#![cfg(target_os = "linux")]

mod common;

use common::lab::{Computer, Lab};
use common::{Answer, Home, Process, until};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn a_worker_that_is_for_a_lab_does_not_work_for_its_own_queue_instead() {
    let home = Home::new();
    let told = home.ask(&["worker", "--lab"]).fails("fleet_unreachable");
    assert_eq!(told["error"]["message"], "This computer is in no lab.");
    assert!(told["error"]["hint"].to_string().contains("samepath join INVITATION"), "{told:#}");
    home.ask(&["worker", "--lab", "--gpus", "0"]).fails("fleet_unreachable");
    // A member's computer is no worker, either.
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    desk.ask(&["worker", "--lab"]).fails("fleet_unreachable");
    let mut worker = Process::start(&mut gpu.command(&["worker", "--lab"]));
    worker.until(|line| line.contains("\"ready\"").then_some(()));
    worker.signal(Signal::TERM);
    assert_eq!(worker.wait().status, Some(0));
    lab.stop();
}

/// A worker of the lab that ends for good when it is told to, with the lab's own job types.
fn start(lab: &Lab, gpu: &Computer) -> Process {
    let kinds = lab.home.text("kinds");
    Process::start(&mut gpu.command(&["worker", "--lab", "--stop-jobs", "--kinds", &kinds]))
}

/// A job of this script, which has said "one", and the worker that runs it.
fn running(lab: &Lab, desk: &Computer, gpu: &Computer, script: &str) -> (String, Process) {
    lab.home.kind_that_saves("saves", script, 60);
    let mut worker = start(lab, gpu);
    worker.until(|line| line.contains("\"saves\"").then_some(()));
    let id = desk.ask(&["submit", "--detach", "saves"]).good()["id"].as_str().expect("an id").to_owned();
    until(|| match desk.ask(&["logs", &id]).out {
        lines if lines.contains("one") => Ok(()),
        lines => Err(lines),
    });
    (id, worker)
}

/// Tells it to end, and waits until it has, and all that it ran.
fn end(mut worker: Process, gpu: &Computer) -> Answer {
    worker.signal(Signal::TERM);
    let ended = worker.wait();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    until(|| match gpu.processes() {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?} are left")),
    });
    ended
}

#[test]
fn a_worker_that_is_told_to_end_for_good_does_not_wait_for_a_hub_that_is_away() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let script = "trap 'exit 1' INT; echo one; while :; do sleep 0.05; done";
    let (id, worker) = running(&lab, &desk, &gpu, script);
    lab.stop();
    end(worker, &gpu);
    // Whoever is this worker next tells of it.
    lab.start();
    let worker = start(&lab, &gpu);
    let job = desk.job_until(&id, |job| job["attempts"] == 2);
    assert!(job["timeline"].to_string().contains("its worker was told to end, and stopped it"), "{job:#}");
    end(worker, &gpu);
    lab.stop();
}

#[test]
fn a_worker_that_is_told_to_end_for_good_has_its_job_save_and_be_tried_again() {
    let lab = Lab::new();
    let (saved, go) = (lab.home.text("saved"), lab.home.text("go"));
    let script = format!(
        "trap 'echo saved > {saved}; exit 1' INT; echo one; while [ ! -e '{go}' ]; do sleep 0.05; done; echo two"
    );
    let (desk, gpu) = lab.joined();
    let (id, worker) = running(&lab, &desk, &gpu, &script);
    let ended = end(worker, &gpu);
    assert!(ended.out.contains("\"left\":0"), "{}", ended.out);
    assert_eq!(fs_err::read_to_string(&saved).expect("it had the time"), "saved\n");
    // Nobody wanted the job to end.
    let job = desk.ask(&["jobs", &id]).good();
    assert_eq!((&job["state"], &job["tries"][0]["end"]), (&json!("queued"), &json!("lost")), "{job:#}");
    assert!(job["timeline"].to_string().contains("its worker was told to end, and stopped it"), "{job:#}");
    let worker = start(&lab, &gpu);
    desk.job_until(&id, |job| job["state"] == "running");
    lab.home.go();
    let job = desk.job_until(&id, |job| job["state"] == "succeeded");
    assert_eq!(job["attempts"], 2, "{job:#}");
    end(worker, &gpu);
    lab.stop();
}
