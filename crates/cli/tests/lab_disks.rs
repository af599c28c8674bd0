//! A lab whose server's disk takes nothing: it is told, nothing is lost or said that is not kept, and it goes on when the disk is well.
//! The table of docs/reliability.md.
#![cfg(target_os = "linux")]

mod common;

use common::disk::{content, put_on, told};
use common::lab::{Computer, Lab};
use common::{Home, Process, until};
use samepath_testkit::{Disk, Fault, with_disks};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SUBMIT: [&str; 3] = ["submit", "--detach", "waits"];
const CHECK: [&str; 5] = ["submit", "--detach", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"];
/// As often as a member is refused while nothing can be written, and jobs that have room in the last block of a file at most.
const AGAIN: usize = 4;
const HOLES: usize = 20;
/// Nobody waits until the lab is given up.
const TOLD_WITHIN: Duration = Duration::from_secs(8);
/// What can come while a server has its files open; a server of files asks again for each write.
const WHILE_OPEN: [Fault; 4] = [Fault::Full, Fault::Quota, Fault::Turned, Fault::Squashed];

/// A lab whose hub keeps all that it has on a disk with this fault.
fn lab_on(fault: Fault) -> (Lab, Disk) {
    let (home, disk) = (Home::bare(), Disk::new(fault));
    put_on(&disk, &home.path("data"));
    (Lab::at(home), disk)
}

#[test]
fn a_server_whose_disk_takes_nothing_says_so_and_goes_on() {
    with_disks("a_server_whose_disk_takes_nothing_says_so_and_goes_on", || {
        std::thread::scope(|scope| {
            for fault in WHILE_OPEN {
                scope.spawn(move || server_whose_disk_takes_nothing(fault));
            }
        });
    });
}

fn server_whose_disk_takes_nothing(fault: Fault) {
    let (lab, disk) = lab_on(fault);
    lab.start();
    let (desk, gpu) = (lab.computer("desk"), lab.computer("gpu-1"));
    desk.join(&lab.invite("member", "amick"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let late = lab.invite("member", "tom");
    let _worker = gpu.worker();
    let running = desk.ask(&SUBMIT).good()["id"].as_str().expect("an id").to_owned();
    desk.job_until(&running, |job| job["state"] == "running");
    until(|| match desk.ask(&["logs", &running]).out {
        lines if lines.contains("one") => Ok(()),
        lines => Err(lines),
    });
    disk.strike();
    let accepted = submitted(&desk, fault);
    // What is there is seen, and nobody is let in on an invitation that cannot be used up.
    assert_eq!(jobs(&desk), 1 + accepted, "{fault:?}");
    assert_eq!(lab.home.ask(&["hub", "members"]).status, Some(0), "{fault:?}");
    told(fault, &lab.home.ask(&["hub", "invite", "member", "ann"]), "io", "hub");
    let tom = lab.computer("tom");
    if fault == Fault::Full {
        tom.ask(&["join", &late]).fails("fleet_unreachable");
    }
    // It ends while nothing can be written: the end, and the lines before it, are kept by the worker.
    lab.home.go();
    until(|| if lab.home.tools(&running).is_empty() { Ok(()) } else { Err("it runs".to_owned()) });
    assert_eq!(desk.ask(&["jobs", &running]).good()["ended_at"], Value::Null, "{fault:?}: said, and not kept");
    disk.mend();
    until(|| match desk.ask(&SUBMIT) {
        answer if answer.status == Some(0) => Ok(()),
        answer => Err(format!("{answer:?}")),
    });
    assert_eq!(jobs(&desk), 2 + accepted, "{fault:?}");
    let ended = desk.job_until(&running, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{fault:?}: {ended:#}");
    let log = desk.ask(&["logs", &running]).out;
    assert!(log.contains("one") && log.contains("two"), "{fault:?}: {log}");
    tom.join(&late);
    let said = end(lab.hub.take().expect("a hub"));
    assert!(fault.words().iter().any(|word| said.contains(word)), "{fault:?}: {said}");
    for once in ["the lab's server cannot write", "the history was not written", "it is started again"] {
        assert_eq!(said.matches(once).count(), 1, "{fault:?}: {once}: {said}");
    }
    // As it is on the disk.
    lab.start();
    assert_eq!(jobs(&desk), 2 + accepted, "{fault:?}");
    lab.stop();
}

/// Submits, again and again: how often it was accepted all the same, as there may be room in a file that is full of holes. A server
/// that is denied its own files shuts them: what was on its way just then nobody can say of.
fn submitted(desk: &Computer<'_>, fault: Fault) -> usize {
    let (mut accepted, mut refused) = (0, 0);
    while refused < AGAIN {
        let began = Instant::now();
        match desk.ask(&SUBMIT) {
            answer if answer.status == Some(0) => accepted += 1,
            answer if fault == Fault::Squashed && refused == 0 => {
                refused += 1;
                let told = answer.fails("fleet_unreachable");
                assert!(told["error"]["hint"].to_string().contains("may have been done all the same"), "{told:#}");
                continue;
            }
            answer => {
                refused += 1;
                told(fault, &answer, "io", "hub");
            }
        }
        assert!(began.elapsed() < TOLD_WITHIN, "{fault:?}: after {:?}", began.elapsed());
        assert!(accepted == 0 || fault == Fault::Full && accepted < HOLES, "{fault:?}: {accepted} were accepted");
    }
    accepted
}

fn jobs(desk: &Computer<'_>) -> usize {
    desk.ask(&["jobs"]).good().as_array().map_or(0, Vec::len)
}

/// What the hub said to its administrator.
fn end(mut hub: Process) -> String {
    hub.interrupt().err
}

#[test]
fn a_hub_starts_when_its_folder_can_be_written() {
    with_disks("a_hub_starts_when_its_folder_can_be_written", || {
        for fault in Fault::ALL {
            let (lab, disk) = lab_on(fault);
            disk.strike();
            for _ in 0..2 {
                told(fault, &lab.try_to_start(), "io", "hub");
            }
            let mut left = content(&disk.path().join("it"));
            left.retain(|path, _| !path.ends_with("hub") && !path.ends_with("making"));
            assert!(left.is_empty(), "{fault:?}: {left:?}");
            disk.mend();
            lab.start();
            lab.stop();
            // One that has members keeps them.
            lab.start();
            let desk = lab.computer("desk");
            desk.join(&lab.invite("member", "amick"));
            desk.ask(&CHECK).good();
            lab.stop();
            disk.strike();
            told(fault, &lab.try_to_start(), "io", "hub");
            disk.mend();
            lab.start();
            assert_eq!(jobs(&desk), 1, "{fault:?}");
            lab.stop();
        }
    });
}
