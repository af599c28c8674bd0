//! Computers of a lab whose clocks differ by hours: jobs are run and end as ever, and whoever asks is told of the clocks.
#![cfg(target_os = "linux")]

mod common;

use common::lab::{Computer, Lab};
use common::{Process, run};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// What is between two events of one job in this test, at most.
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// The library that tells a program another time; timers go as they go, and files have the times that the system gives them.
fn faketime() -> PathBuf {
    let folders = fs_err::read_dir("/usr/lib").expect("a folder").flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists());
    found.expect("there is no libfaketime here: tests/setup test installs it")
}

/// On a computer whose clock is off by so many hours.
fn off(mut command: Command, hours: &str) -> Command {
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("{hours}h"));
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    command
}

fn worker(lab: &Lab, computer: &Computer<'_>, hours: &str) -> Process {
    let kinds = lab.home.text("kinds");
    let mut worker = Process::start(&mut off(computer.command(&["worker", "--kinds", &kinds]), hours));
    worker.until(|line| line.contains("\"state\":\"ready\"").then_some(()));
    worker
}

fn time(of: &Value) -> Timestamp {
    of.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time: {of}"))
}

#[test]
fn clocks_that_are_hours_off_disturb_no_job_and_are_told() {
    let lab = Lab::new();
    let [desk, late, ahead, behind] = ["desk", "late", "ahead", "behind"].map(|name| lab.computer(name));
    desk.join(&lab.invite("member", "amick"));
    run(&mut off(late.command(&["join", &lab.invite("member", "tom")]), "+3")).good();
    run(&mut off(ahead.command(&["join", &lab.invite("worker", "ahead")]), "+3")).good();
    run(&mut off(behind.command(&["join", &lab.invite("worker", "behind")]), "-3")).good();
    let workers = [worker(&lab, &ahead, "+3"), worker(&lab, &behind, "-3")];
    let submit = |on: &str| ["submit", "--detach", "waits", "--worker", on].map(str::to_owned);
    let id = |told: Value| told["id"].as_str().expect("an id").to_owned();
    let of_desk =
        ["ahead", "behind"].map(|on| id(desk.ask(&submit(on).iter().map(String::as_str).collect::<Vec<_>>()).good()));
    for (job, on) in of_desk.iter().zip(["ahead", "behind"]) {
        let running = desk.job_until(job, |job| job["state"] == "running");
        assert_eq!((&running["worker"], &running["lost"]), (&json!(on), &json!(false)));
    }
    let tom = id(run(&mut off(late.command(&["submit", "--detach", "waits"]), "+3")).good());
    let doctor = desk.ask(&["doctor"]).json();
    let clocks: Vec<&Value> =
        doctor["findings"].as_array().expect("findings").iter().filter(|it| it["area"] == "clock").collect();
    let found = |name: &str| clocks.iter().find(|it| it["what"] == name).map(|it| it["found"].to_string());
    assert!(found("ahead").is_some_and(|told| told.contains("3 h ahead")), "{clocks:#?}");
    assert!(found("behind").is_some_and(|told| told.contains("3 h ago")), "{clocks:#?}");
    lab.home.go();
    for job in of_desk.iter().chain([&tom]) {
        let ended = desk.job_until(job, |job| job["ended_at"] != Value::Null);
        assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{ended:#}");
        // All of one clock, and in order.
        let mut times = vec![time(&ended["submitted_at"])];
        times.extend(ended["timeline"].as_array().expect("a timeline").iter().map(|it| time(&it["at"])));
        // One that ended at once was never seen to run.
        times.extend(Some(&ended["started_at"]).filter(|at| !at.is_null()).map(time));
        times.push(time(&ended["ended_at"]));
        let (first, last) = (times[0], times[times.len() - 1]);
        assert!(times.iter().all(|at| (first..=last).contains(at)) && last.duration_since(first) < SOON, "{times:?}");
        assert!(Timestamp::now().duration_since(last).abs() < SOON, "{times:?}");
        let log = desk.ask(&["logs", job]).out;
        assert!(log.contains("one") && log.contains("two"), "{log}");
    }
    drop(workers);
    lab.stop();
}
