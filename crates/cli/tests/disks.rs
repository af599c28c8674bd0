//! What is written, on a disk that takes nothing: it is told, nothing is lost or half there, and it goes on when the disk is well.
//! The table of docs/reliability.md.
#![cfg(target_os = "linux")]

mod common;

use common::disk::{content, put_on, told};
use common::lab::Lab;
use common::{Home, run, until};
use rustix::process::Signal;
use samepath_testkit::{Disk, Fault, with_disks};
use serde_json::Value;
use std::collections::BTreeMap;

const SUBMIT: [&str; 5] = ["submit", "--detach", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"];
/// As often as a program is started again on a disk that takes nothing.
const AGAIN: usize = 4;

/// Submits to a queue on a disk that takes nothing, again and again: how often it was accepted all the same, as there may be room for
/// some in a file that is full of holes.
fn submitted(home: &Home, fault: Fault) -> usize {
    let mut accepted = 0;
    for _ in 0..AGAIN {
        let answer = home.ask(&SUBMIT);
        match answer.status {
            Some(0) => accepted += 1,
            _ => told(fault, &answer, "io", "fleet"),
        }
    }
    assert!(accepted == 0 || fault == Fault::Full, "{fault:?}: {accepted} were accepted");
    accepted
}

/// A home whose folder `name` lies on a disk with this fault.
fn home_on(fault: Fault, name: &str) -> (Home, Disk) {
    let (home, disk) = (Home::new(), Disk::new(fault));
    put_on(&disk, &home.path(name));
    (home, disk)
}

#[test]
fn the_configuration_stays_as_it_was() {
    with_disks("the_configuration_stays_as_it_was", || {
        for fault in Fault::ALL {
            let (home, disk) = home_on(fault, "home");
            let set = ["storage", "set", "vast", "--description", "the lab's"];
            let before = content(&disk.path());
            disk.strike();
            let answers = [home.ask(&set), home.ask(&["storage", "add", "other", "Volumes/talmo"])];
            disk.mend();
            for answer in answers {
                told(fault, &answer, "io", ".sleap-rtc/config.toml");
            }
            let mut after = content(&disk.path());
            after.retain(|path, _| !path.ends_with(".config.toml.lock"));
            assert_eq!(after, before, "{fault:?}");
            assert_eq!(home.ask(&set).good()["description"], "the lab's", "{fault:?}");
        }
    });
}

#[test]
fn a_new_queue_is_begun_when_there_is_room() {
    with_disks("a_new_queue_is_begun_when_there_is_room", || {
        for fault in Fault::ALL {
            let (home, disk) = home_on(fault, "data");
            disk.strike();
            for _ in 0..AGAIN {
                told(fault, &home.ask(&SUBMIT), "io", "fleet");
            }
            let mut left = content(&disk.path().join("it"));
            left.retain(|path, _| !path.ends_with("fleet") && !path.ends_with("holder.lock"));
            assert_eq!(left, BTreeMap::new(), "{fault:?}: it leaves what it could not write");
            disk.mend();
            let answer = home.ask(&SUBMIT);
            answer.good();
            assert!(!answer.err.contains("damaged"), "{answer:?}");
            assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(1), "{fault:?}");
        }
    });
}

#[test]
fn a_queue_keeps_what_it_had_and_goes_on() {
    with_disks("a_queue_keeps_what_it_had_and_goes_on", || {
        for fault in Fault::ALL {
            let (home, disk) = home_on(fault, "data");
            home.ask(&SUBMIT).good();
            // Whoever held it was killed: the file is repaired when it is opened.
            let mut holder = home.start(&["--json", "workers", "--watch"]);
            until(|| if home.path("data/fleet/holder.socket").exists() { Ok(()) } else { Err("nobody".to_owned()) });
            home.ask(&SUBMIT).good();
            holder.end();
            disk.strike();
            let kept = 2 + submitted(&home, fault);
            disk.mend();
            home.ask(&SUBMIT).good();
            assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(kept + 1), "{fault:?}");
            let aside: Vec<String> =
                home.files("data/fleet").into_iter().filter(|name| name.contains("damaged")).collect();
            assert_eq!(aside, Vec::<String>::new(), "{fault:?}: nothing was damaged");
        }
    });
}

#[test]
fn a_queue_that_is_held_refuses_and_goes_on() {
    with_disks("a_queue_that_is_held_refuses_and_goes_on", || {
        for fault in Fault::SUDDEN {
            let (home, disk) = home_on(fault, "data");
            let mut holder = home.start(&["--json", "workers", "--watch"]);
            until(|| if home.path("data/fleet/holder.socket").exists() { Ok(()) } else { Err("nobody".to_owned()) });
            home.ask(&SUBMIT).good();
            disk.strike();
            let kept = 1 + submitted(&home, fault);
            disk.mend();
            // It is tried every second.
            until(|| match home.ask(&SUBMIT) {
                answer if answer.status == Some(0) => Ok(()),
                answer => Err(format!("{answer:?}")),
            });
            assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(kept + 1), "{fault:?}");
            holder.signal(Signal::INT);
            assert_eq!(holder.wait().status, Some(0));
            assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(kept + 1), "{fault:?}: on the disk");
        }
    });
}

#[test]
fn what_is_kept_as_a_help_is_not_missed() {
    with_disks("what_is_kept_as_a_help_is_not_missed", || {
        for fault in Fault::ALL {
            let (home, disk) = home_on(fault, "data");
            disk.strike();
            let checked = home.ask(&["storage", "check", "vast"]);
            assert_eq!((&checked.good()[0]["state"], &*checked.err), (&Value::from("ready"), ""), "{fault:?}");
            let doctor = home.ask(&["doctor"]);
            assert_eq!(doctor.err, "", "{fault:?}");
            let told = doctor.json();
            let is_wrong = |it: &&Value| it["area"] == "disk" && it["state"] == "wrong" && it["mend"].is_string();
            let wrong = told["findings"].as_array().expect("findings").iter().find(is_wrong);
            assert!(wrong.is_some(), "{fault:?}: {told:#}");
            assert_eq!(content(&disk.path().join("it")), BTreeMap::new(), "{fault:?}: half a file is left");
            disk.mend();
            home.ask(&["storage", "check", "vast"]).good();
            assert!(home.path("data/storages.json").exists(), "{fault:?}");
        }
    });
}

#[test]
fn a_mark_is_there_or_nothing_is() {
    with_disks("a_mark_is_there_or_nothing_is", || {
        for fault in Fault::ALL {
            let (home, disk) = home_on(fault, "storage");
            let before = content(&disk.path());
            disk.strike();
            let answer = home.ask(&["storage", "mark", "vast"]);
            disk.mend();
            // Where a mount is read-only it is known before anything is tried.
            let code = if let Fault::ReadOnly | Fault::Turned = fault { "backend_unavailable" } else { "io" };
            told(fault, &answer, code, "vast");
            assert_eq!(content(&disk.path()), before, "{fault:?}");
            assert_eq!(home.ask(&["storage", "mark", "vast"]).good()["made"], true, "{fault:?}");
        }
    });
}

#[test]
fn joining_a_lab_uses_no_invitation_up_that_cannot_be_kept() {
    with_disks("joining_a_lab_uses_no_invitation_up_that_cannot_be_kept", || {
        let lab = Lab::new();
        for (name, fault) in ["a", "b", "c", "d", "e", "f"].into_iter().zip(Fault::ALL) {
            let computer = lab.computer(name);
            let (disk, data) = (Disk::new(fault), lab.home.path(&format!("{name}/data")));
            fs_err::create_dir_all(&data).expect("a folder");
            put_on(&disk, &data);
            let invitation = lab.invite("member", name);
            disk.strike();
            let answer = computer.ask(&["join", &invitation]);
            told(fault, &answer, "io", "lab/member.json");
            disk.mend();
            let left = content(&disk.path().join("it"));
            assert!(left.keys().all(|path| path.ends_with("lab")), "{fault:?}: {left:?}");
            computer.join(&invitation);
            assert!(computer.config().contains("[samepath"), "{fault:?}");
        }
    });
}

#[test]
fn joining_a_lab_is_finished_when_the_configuration_can_be_written() {
    with_disks("joining_a_lab_is_finished_when_the_configuration_can_be_written", || {
        let lab = Lab::new();
        for (name, fault) in ["a", "b", "c", "d", "e", "f"].into_iter().zip(Fault::ALL) {
            let computer = lab.computer(name);
            let (disk, invitation) = (Disk::new(fault), lab.invite("member", name));
            put_on(&disk, &lab.home.path(&format!("{name}/home")));
            disk.strike();
            told(fault, &computer.ask(&["join", &invitation]), "io", "config.toml");
            disk.mend();
            // The invitation is good for once, and was used.
            assert_eq!(computer.join(&invitation)["name"], name, "{fault:?}");
            assert!(computer.config().contains("[samepath"), "{fault:?}");
            computer.ask(&["join", &invitation]).fails("already_exists");
        }
    });
}

#[test]
fn a_report_that_does_not_fit_is_told() {
    with_disks("a_report_that_does_not_fit_is_told", || {
        for fault in Fault::SUDDEN {
            let (home, disk) = (Home::new(), Disk::new(fault));
            let file = || fs_err::File::create(disk.path().join("report.txt")).expect("a file").into_parts().0;
            let command = |into| {
                let mut command = home.command(["doctor", "--report"]);
                command.stdout(into);
                command.output().expect("it ran")
            };
            let report = file();
            disk.strike();
            let told = command(report);
            disk.mend();
            let words = String::from_utf8_lossy(&told.stderr);
            assert_eq!(told.status.code(), Some(9), "{fault:?}: {words}");
            assert!(fault.words().iter().any(|word| words.contains(word)), "{fault:?}: {words}");
            assert_eq!(command(file()).status.code(), Some(0), "{fault:?}");
        }
    });
}

#[test]
fn a_worker_that_cannot_write_down_its_job_says_so_and_serves_the_next() {
    with_disks("a_worker_that_cannot_write_down_its_job_says_so_and_serves_the_next", || {
        std::thread::scope(|scope| {
            // What is mounted read-only cannot be while the worker has its lock open.
            for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::ReadOnly) {
                scope.spawn(move || job_that_cannot_be_written_down(fault));
            }
        });
    });
}

fn job_that_cannot_be_written_down(fault: Fault) {
    let (home, disk) = (Home::new(), Disk::new(fault));
    home.kind("says", "echo one");
    let workers = home.path("data/workers");
    fs_err::create_dir_all(&workers).expect("a folder");
    put_on(&disk, &workers);
    let _worker = home.worker("gpu-1");
    let first = home.submit(&["says"]);
    assert_eq!(home.job_until(&first, |job| job["ended_at"] != Value::Null)["state"], "succeeded");
    until(|| match home.files("data/workers/gpu-1/attempts").len() {
        0 => Ok(()),
        left => Err(format!("{left} are left")),
    });
    disk.strike();
    let id = home.submit(&["says"]);
    let job = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    let text = format!("{job:#}");
    assert_eq!(job["state"], "failed", "{fault:?}: {text}");
    assert!(text.contains("gpu-1 cannot write to its own folder"), "{fault:?}: {text}");
    assert!(fault.words().iter().any(|word| text.contains(word)), "{fault:?}: {text}");
    // One after the other would fail: whoever can take on nothing takes nothing, and says why.
    let next = home.submit(&["says"]);
    home.job_until(&next, |job| {
        job["waiting_for"].to_string().contains("gpu-1: cannot run says: cannot write to its own folder")
    });
    disk.mend();
    run(&mut home.command(["retry", &id]));
    let again = home.submit(&["says"]);
    for id in [&id, &next, &again] {
        assert_eq!(home.job_until(id, |job| job["state"] == "succeeded")["state"], "succeeded", "{fault:?}");
    }
}

#[test]
fn a_worker_starts_when_its_folder_can_be_written() {
    with_disks("a_worker_starts_when_its_folder_can_be_written", || {
        for fault in Fault::ALL {
            let (home, disk) = (Home::new(), Disk::new(fault));
            let workers = home.path("data/workers");
            fs_err::create_dir_all(&workers).expect("a folder");
            put_on(&disk, &workers);
            disk.strike();
            for _ in 0..2 {
                told(fault, &home.ask(&["worker", "--name", "gpu-1"]), "io", "workers/gpu-1");
            }
            let mut left = content(&disk.path().join("it"));
            left.retain(|path, _| !path.ends_with("gpu-1") && !path.ends_with("lock"));
            assert_eq!(left, BTreeMap::new(), "{fault:?}");
            disk.mend();
            let _worker = home.worker("gpu-1");
        }
    });
}

#[test]
fn a_drain_mark_is_there_or_nothing_has_changed() {
    with_disks("a_drain_mark_is_there_or_nothing_has_changed", || {
        for fault in Fault::ALL {
            let (home, disk) = (Home::new(), Disk::new(fault));
            let workers = home.path("data/workers");
            fs_err::create_dir_all(&workers).expect("a folder");
            put_on(&disk, &workers);
            drop(home.worker("gpu-1"));
            let before = content(&disk.path());
            disk.strike();
            let told_so = home.ask(&["worker", "drain"]);
            disk.mend();
            told(fault, &told_so, "io", "gpu-1");
            assert_eq!(content(&disk.path()), before, "{fault:?}");
            home.ask(&["worker", "drain"]).good();
            // Who takes none already is not asked for room again, and does not begin to take some.
            let before = content(&disk.path());
            disk.strike();
            home.ask(&["worker", "drain"]).good();
            let undone = home.ask(&["worker", "drain", "--undo"]);
            disk.mend();
            match fault {
                Fault::Full | Fault::Quota => drop(undone.good()),
                _ => {
                    told(fault, &undone, "io", "gpu-1");
                    assert_eq!(content(&disk.path()), before, "{fault:?}");
                }
            }
            home.ask(&["worker", "drain", "--undo"]).good();
            assert!(!home.path("data/workers/gpu-1/drain").exists(), "{fault:?}");
        }
    });
}
