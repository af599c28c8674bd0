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
fn a_worker_that_was_put_out_is_said_to_be_removed_and_found_by_the_name_that_it_is_shown_under() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let mut worker = gpu.worker_with(&["--name", "fast"]);
    let mut watching = Process::start(&mut desk.in_words(&["workers", "--watch"]));
    watching.until(|line| line.contains("fast").then_some(()));
    running(&desk);
    let pinned = desk.ask(&["submit", "--detach", "waits", "--worker", "fast"]).good();
    let pinned = pinned["id"].as_str().expect("an id").to_owned();
    let told = lab.home.ask(&["hub", "revoke", "fast"]).fails("invalid_parameter");
    let (message, hint) = (told["error"]["message"].to_string(), told["error"]["hint"].to_string());
    assert!(message.contains("has joined as gpu-1") && hint.contains("samepath hub revoke gpu-1"), "{told:#}");
    assert_eq!(desk.ask(&["workers"]).good()[0]["name"], "fast", "it is still in");
    lab.home.ask(&["hub", "revoke", "gpu-1"]).good();
    watching.until(|line| line.contains("gpu-1: was removed from the lab by an admin").then_some(()));
    let removed = "fast was removed from the lab by an admin.";
    desk.job_until(&pinned, |job| job["waiting_for"][0].as_str().is_some_and(|why| why.starts_with(removed)));
    assert_eq!(desk.ask(&["workers"]).good(), json!([]));
    let told = desk.ask(&["submit", "--detach", "waits", "--worker", "fast"]).fails("no_worker");
    assert_eq!(told["error"]["message"], removed);
    // Joined anew it is waited for again.
    worker.end();
    gpu.ask(&["leave"]).good();
    gpu.join(&lab.invite("worker", "gpu-1"));
    desk.job_until(&pinned, |job| job["waiting_for"][0] == "fast: offline");
    watching.end();
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

#[test]
fn who_follows_a_job_is_taken_along_to_its_next_try() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let mut worker = gpu.worker();
    let id = running(&desk);
    let mut follower = Process::start(&mut desk.command(&["logs", &id, "--follow"]));
    let mut first = Process::start(&mut desk.command(&["logs", &id, "--follow", "--attempt", "1"]));
    for follower in [&mut follower, &mut first] {
        follower.until(|line| line.contains("one").then_some(()));
    }
    let other = lab.computer("gpu-2");
    other.join(&lab.invite("worker", "gpu-2"));
    lab.home.ask(&["hub", "revoke", "gpu-1"]).good();
    desk.job_until(&id, |job| job["state"] == "queued");
    assert_eq!(first.wait().status, Some(0), "that try has ended");
    let mut other = other.worker();
    follower.until(|line| line.contains("one").then_some(()));
    lab.home.go();
    let ended = follower.wait();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.out.contains("two"), "{ended:?}");
    let plain = desk.says(&["logs", &id, "--follow"]);
    assert!(plain.status == Some(0) && !plain.out.contains("Try 2"), "{plain:?}");
    worker.end();
    other.end();
    lab.stop();
}

#[test]
fn a_member_is_told_what_the_lab_says_of_a_storage_and_of_their_folder() {
    let lab = Lab::new();
    let desk = lab.computer("desk");
    fs_err::create_dir_all(lab.home.path("storage/eve")).expect("a folder");
    let told = lab.home.ask(&["hub", "invite", "member", "eve", "--user-subdir", "eve", "--jobs", "2"]).good();
    let said = desk.says(&["join", told["invitation"].as_str().expect("a line")]).out;
    let limits = ["Each of your jobs writes and reads in eve only.", "2 of your jobs may run at a time."];
    assert!(limits.iter().all(|limit| said.contains(limit)), "{said}");
    let said = desk.says(&["doctor"]).out;
    assert!(limits.iter().all(|limit| said.contains(limit)), "{said}");
    let words = ["hub", "storage", "set", "tapes", "--linux", "tapes01:/all", "--help-text", "With the VPN."];
    lab.home.ask(&words).good();
    let told = desk.says(&["storage", "suggest"]).out;
    let wanted = "The lab also uses tapes. It is not connected here. Connect it first: tapes01:/all. Your lab says: With the VPN.";
    assert!(told.contains(wanted), "{told}");
    let refused = desk.ask(&["submit", "slp-check", "vast:eve/labels.slp", "-p", "OUTPUT_DIR=vast:amick/x"]);
    let told = refused.fails("invalid_parameter");
    let hint = told["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("samepath storage set vast --user-subdir eve"), "{told:#}");
    desk.ask(&["storage", "set", "vast", "--user-subdir", "eve"]).good();
    // No worker may run here.
    let said = desk.says(&["setup", "--yes"]).out;
    assert!(said.contains("Ready.") && !said.contains("samepath worker"), "{said}");
    let told = desk.ask(&["worker", "drain"]).fails("no_worker");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("is no worker")), "{told:#}");
    // The folder that the lab gives is the one that is offered.
    desk.ask(&["storage", "remove", "vast"]).good();
    let mut setup = lab.home.command(["setup"]);
    for (name, folder) in [("HOME", "desk/home"), ("SAMEPATH_DATA", "desk/data")] {
        setup.env(name, lab.home.path(folder));
    }
    let answers = lab.home.write("answers", format!("{}\nvast\n\nno\nno\n", lab.home.text("mnt/vast")));
    setup.stdin(fs_err::File::open(answers).expect("a file").into_parts().0);
    let said = common::run(&mut setup).out;
    assert!(said.contains("Your folder [eve]: "), "{said}");
    lab.stop();
}
