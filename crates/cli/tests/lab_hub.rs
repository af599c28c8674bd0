//! A lab's hub as its administrator meets it: one that is not there, one too many, what it lists, and what it tells members.
#![cfg(target_os = "linux")]

mod common;

use common::lab::Lab;
use common::{Home, until};
use rustix::process::Signal;
use samepath_testkit::nats_server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn message(told: &Value) -> &str {
    told["error"]["message"].as_str().expect("a message")
}

#[test]
fn a_hub_that_does_not_run_is_told_soon_with_its_address() {
    let lab = Lab::new();
    let line = lab.invite("member", "amick");
    lab.stop();
    let began = Instant::now();
    let told = lab.home.ask(&["hub", "members"]).fails("fleet_unreachable");
    // The fifteen seconds of old are not waited for.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(
        message(&told),
        format!("the hub of Talmo Lab does not answer at {}: nothing listens there", lab.listen)
    );
    assert!(told["error"]["hint"].to_string().contains("samepath hub --dir"), "{told:#}");
    let told = lab.computer("desk").ask(&["join", &line]).fails("fleet_unreachable");
    assert_eq!(message(&told), format!("Talmo Lab does not answer ({}): nothing listens there.", lab.listen));
}

#[test]
fn a_port_that_is_taken_is_told_as_that_and_by_whom() {
    let server = nats_server().display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("its address").to_string();
    let home = Home::bare();
    let told = home.ask(&["hub", "--listen", &listen, "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains(&format!("(process {}) listens at {listen}", std::process::id())), "{told:#}");
    assert!(told["error"]["hint"].to_string().contains("--listen"), "{told:#}");
    // Another lab's server is a stranger's, too.
    let lab = Lab::new();
    let told = home.ask(&["hub", "--listen", &lab.listen, "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("nats-server (process "), "{told:#}");
    lab.stop();
}

#[test]
fn a_hub_that_waits_changes_nothing_and_takes_over_without_a_word() {
    let lab = Lab::new();
    let server = nats_server().display().to_string();
    let kept = || fs_err::read_to_string(lab.home.path("data/hub/hub.json")).expect("kept");
    let before = kept();
    let told = lab.home.ask(&["hub", "--address", "elsewhere:1", "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("another --address"), "{told:#}");
    let mut second = lab.home.start(&["--json", "hub", "--nats-server", &server]);
    second.until(|line| line.contains("\"lab\"").then_some(()));
    assert_eq!(kept(), before);
    lab.stop();
    until(|| match lab.home.ask(&["hub", "members"]) {
        told if told.status == Some(0) => Ok(()),
        told => Err(format!("{told:?}")),
    });
    second.signal(Signal::TERM);
    let ended = second.wait();
    assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""));
    // What is not running may be changed.
    let mut moved = lab.home.start(&["--json", "hub", "--address", "elsewhere:1", "--nats-server", &server]);
    let told: Value = moved.until(|line| serde_json::from_str(line).ok());
    assert_eq!(told["address"], "elsewhere:1");
    moved.signal(Signal::TERM);
    moved.wait();
}

#[test]
fn just_after_a_takeover_workers_are_said_to_be_on_their_way() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let worker = gpu.worker();
    // It cannot come back.
    worker.signal(Signal::STOP);
    lab.stop();
    lab.start();
    let id = desk.ask(&["submit", "--detach", "waits"]).good()["id"].as_str().expect("an id").to_owned();
    let job = desk.ask(&["jobs", &id]).good();
    assert_eq!(
        job["waiting_for"],
        json!(["The lab's server has just begun: its workers may not be back yet."]),
        "{job:#}"
    );
    desk.job_until(&id, |job| job["waiting_for"] == json!(["No worker is online."]));
    worker.signal(Signal::CONT);
    drop(worker);
    lab.stop();
}

#[test]
fn a_storage_is_told_of_by_addresses_of_shares_and_taken_off_the_list() {
    let lab = Lab::new();
    let set = |more: &[&str]| lab.home.ask(&[&["hub", "storage", "set", "vast"], more].concat());
    for (option, bad) in [("--mac", "javascript:alert(1)"), ("--linux", "file:///etc"), ("--windows", "http://x/y")] {
        let told = set(&[option, bad]).fails("invalid_parameter");
        assert!(message(&told).contains(bad) && told["error"]["hint"].to_string().contains("smb://"), "{told:#}");
    }
    let list = || lab.home.ask(&["hub", "storage", "list"]).good();
    assert_eq!(list(), json!({}));
    set(&["--mac", "smb://vast01/talmo", "--linux", "vast01:/talmo"]).good();
    assert_eq!(list(), json!({ "vast": { "mac": "smb://vast01/talmo", "linux": "vast01:/talmo" } }));
    assert_eq!(set(&["--mac", "", "--linux", ""]).good()["storage"], json!({}));
    assert_eq!(list(), json!({}));
    set(&["--description", "Tapes"]).good();
    let told = lab.home.ask(&["hub", "storage", "remove", "vast"]).good();
    assert_eq!(told, json!({ "removed": "vast", "changed": true }));
    assert_eq!(list(), json!({}));
    assert_eq!(lab.home.ask(&["hub", "storage", "remove", "vast"]).good()["changed"], false);
    lab.stop();
}

#[test]
fn who_has_left_is_listed_no_more_and_since_when_others_are_there_is_a_time() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let shown = lab.home.command(["hub", "members"]).output().expect("runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    let row = shown.lines().find(|line| line.starts_with("amick")).expect("a row");
    assert!(row.contains("joined ") && !row.contains('Z') && !row.contains("since"), "{shown}");
    for (computer, list) in [(&desk, "members"), (&gpu, "workers")] {
        assert_eq!(lab.home.ask(&["hub", list]).good().as_array().map(Vec::len), Some(1));
        assert_eq!(computer.ask(&["leave"]).good()["untold"], json!([]));
        assert_eq!(lab.home.ask(&["hub", list]).good(), json!([]));
    }
    // Without its hub it is left as well, and that is said.
    desk.join(&lab.invite("member", "amick"));
    lab.stop();
    assert_eq!(desk.ask(&["leave"]).good()["untold"], json!(["Talmo Lab"]));
}

#[test]
fn a_member_who_has_many_jobs_waiting_is_told_so_and_the_bound_is_kept() {
    let lab = Lab::with(&["--waiting", "2"]);
    let (desk, _) = lab.joined();
    let submit = || desk.ask(&["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp"]);
    submit().good();
    lab.stop();
    // What was said once is kept, and of a hub that runs it is not changed.
    lab.options.set(&[]);
    lab.start();
    submit().good();
    let told = submit().fails("invalid_parameter");
    assert_eq!(
        message(&told),
        "2 jobs of amick wait already, and the lab lets 2 of one person wait: submit it when some have run, or stop some of them"
    );
    let server = nats_server().display().to_string();
    let told = lab.home.ask(&["hub", "--waiting", "3", "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("another --waiting"), "{told:#}");
    lab.home.ask(&["hub", "--waiting", "0"]).fails("usage");
    lab.stop();
    lab.options.set(&["--waiting", "3"]);
    lab.start();
    submit().good();
    lab.stop();
}
