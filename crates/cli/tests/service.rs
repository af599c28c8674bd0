//! A worker as a service, one for each GPU, and one that takes no new job.
#![cfg(target_os = "linux")]

mod common;

use common::disk::{content, put_on};
use common::lab::Lab;
use common::{Home, Process, until};
use rustix::process::Signal;
use samepath_testkit::{Disk, Fault, with_disks};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A home in which programs of systemd write down how they are called.
fn with_systemd() -> Home {
    let home = Home::new();
    for name in ["systemctl", "loginctl"] {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *show-environment) exit 0;; esac\necho \"{name} $*\" >> '{}'\n[ ! -e '{}' ]\n",
            home.text("calls"),
            home.text("fails")
        );
        let program = home.write(&format!("bin/{name}"), script);
        fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("a program");
    }
    home
}

fn asks(home: &Home, words: &[&str]) -> Command {
    let mut command = home.command([&["--json"], words].concat());
    command.env("PATH", format!("{}:/usr/bin:/bin", home.text("bin")));
    command
}

#[test]
fn a_service_is_installed_said_and_taken_back() {
    let home = with_systemd();
    let unit = home.path("home/.config/systemd/user/samepath-worker.service");
    let install = ["worker", "install", "--name", "gpu-1", "--gpus", "0,1"];
    let told = common::run(&mut asks(&home, &[&install[..], &["--dry-run"]].concat())).good();
    assert!(!unit.exists() && !home.path("calls").exists(), "nothing was done");
    assert_eq!(told["done"], false);
    let told = common::run(&mut asks(&home, &install)).good();
    let text = fs_err::read_to_string(&unit).expect("written");
    assert_eq!((told["unit"].as_str(), told["done"].as_bool()), (Some(text.as_str()), Some(true)));
    let program = fs_err::canonicalize(env!("CARGO_BIN_EXE_samepath")).expect("the program");
    assert!(text.contains(&format!("ExecStart={} worker --name gpu-1 --gpus 0,1\n", program.display())), "{text}");
    assert!(text.contains("KillMode=process\n") && text.contains("WantedBy=default.target"), "{text}");
    assert!(text.contains(&format!("Environment=SAMEPATH_DATA={}\n", home.text("data"))), "{text}");
    let calls = || fs_err::read_to_string(home.path("calls")).expect("calls");
    let user = "systemctl --user";
    let begun = format!(
        "{user} daemon-reload\n{user} enable samepath-worker.service\n{user} restart samepath-worker.service\nloginctl show-user "
    );
    assert!(calls().starts_with(&begun) && calls().ends_with("\nloginctl enable-linger\n"), "{}", calls());
    // Those of people name every step.
    let shown = home.command(["worker", "uninstall", "--dry-run"]).output().expect("runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains(&format!("remove {}", unit.display())), "{shown}");
    fs_err::remove_file(home.path("calls")).expect("removed");
    common::run(&mut asks(&home, &["worker", "uninstall"])).good();
    assert!(!unit.exists());
    assert_eq!(calls(), format!("{user} disable --now samepath-worker.service\n{user} daemon-reload\n"));
    common::run(&mut asks(&home, &["worker", "uninstall"])).fails("io");
    // What systemd refuses is told.
    home.write("fails", "");
    let refused =
        home.command(["worker", "install"]).env("PATH", format!("{}:/usr/bin:/bin", home.text("bin"))).output();
    let refused = refused.expect("runs");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("daemon-reload` ended with"), "{refused:?}");
    assert!(!unit.exists(), "nothing half installed is left");
    let user = ["worker", "install", "--system", "--as", "nobody-of-that-name"];
    let told = common::run(&mut asks(&home, &user)).fails("invalid_parameter");
    assert!(told["error"]["message"].to_string().contains("nobody-of-that-name"), "{told:#}");
    // Of the whole system it is somebody's.
    common::run(&mut asks(&home, &["worker", "install", "--system"])).fails("usage");
    let told = common::run(&mut asks(&home, &["worker", "install", "--system", "--as", "gpu", "--dry-run"])).good();
    let text = told["unit"].as_str().expect("a unit");
    assert!(text.contains("User=gpu\n") && text.contains("WantedBy=multi-user.target"), "{text}");
    assert!(!text.contains("Environment="), "{text}");
    assert!(!text.contains("TimeoutStopSec"), "{text}");
    let ending = common::run(&mut asks(&home, &["worker", "install", "--lab", "--stop-jobs", "--dry-run"])).good();
    let text = ending["unit"].as_str().expect("a unit");
    assert!(text.contains(" worker --lab --stop-jobs\n") && text.contains("TimeoutStopSec=10min\n"), "{text}");
}

#[test]
fn a_service_that_may_not_outlive_its_session_is_installed_and_says_so() {
    let home = with_systemd();
    let program = |script: &str| {
        let program = home.write("bin/loginctl", format!("#!/bin/sh\ncase \"$*\" in {script} esac\n"));
        fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("a program");
    };
    let install = || common::run(home.command(["worker", "install"]).env("PATH", home.text("bin") + ":/usr/bin:/bin"));
    program("enable-linger) echo 'Could not enable linger: Access denied' >&2; exit 1;;");
    let told = install();
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(told.out.contains("It runs from now on. How it is:"), "{told:?}");
    assert!(told.err.contains("ends when you log out") && told.err.contains("Access denied"), "{told:?}");
    assert!(told.err.contains("sudo loginctl enable-linger "), "{told:?}");
    assert!(home.path("home/.config/systemd/user/samepath-worker.service").exists());
    // Somebody who may has allowed it before.
    program("show-user*) echo yes;; enable-linger) exit 1;;");
    let told = install();
    assert_eq!((told.status, told.err.as_str()), (Some(0), ""), "{told:?}");
    assert!(told.out.contains("also after a start of the computer"), "{told:?}");
}

#[test]
fn a_service_that_does_not_start_leaves_nothing_that_starts_later() {
    let home = with_systemd();
    let calls = home.text("calls");
    let script = format!("#!/bin/sh\necho \"$*\" >> '{calls}'\ncase \"$*\" in *restart*) exit 1;; esac\n");
    let program = home.write("bin/systemctl", script);
    fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let refused = common::run(&mut asks(&home, &["worker", "install"]));
    refused.fails("io");
    assert!(refused.err.contains("is as it was before"), "{refused:?}");
    assert!(!home.path("home/.config/systemd/user/samepath-worker.service").exists());
    let calls = fs_err::read_to_string(calls).expect("calls");
    let undone = "--user disable --now samepath-worker.service\n--user daemon-reload\n";
    assert!(calls.ends_with(undone), "{calls}");
}

#[test]
fn on_a_disk_that_takes_nothing_a_service_stays_as_it_was() {
    with_disks("on_a_disk_that_takes_nothing_a_service_stays_as_it_was", || {
        for fault in Fault::ALL {
            let (home, disk) = (with_systemd(), Disk::new(fault));
            fs_err::create_dir_all(home.path("home/.config/systemd/user")).expect("a folder");
            put_on(&disk, &home.path("home/.config"));
            let install = |gpus: &str| common::run(&mut asks(&home, &["worker", "install", "--gpus", gpus]));
            for gpus in ["0", "0,1"] {
                let before = content(&disk.path());
                disk.strike();
                let refused = install(gpus);
                disk.mend();
                let told = refused.fails("io");
                let (message, hint) = (&told["error"]["message"], &told["error"]["hint"]);
                let text = format!("{message} {hint}");
                assert!(fault.words().iter().any(|word| text.contains(word)), "{fault:?}: {text}");
                assert!(text.contains("samepath-worker.service") && hint.is_string(), "{fault:?}: {text}");
                assert!(refused.err.contains("is as it was before"), "{fault:?}: {refused:?}");
                assert_eq!(content(&disk.path()), before, "{fault:?}");
                install(gpus).good();
            }
        }
    });
}

#[test]
fn where_there_is_no_systemd_nothing_is_written_and_it_is_said_what_to_do() {
    let home = Home::new();
    let mut install = home.command(["--json", "worker", "install"]);
    fs_err::create_dir_all(home.path("empty")).expect("a folder");
    let told = common::run(install.env("PATH", home.text("empty"))).fails("io");
    assert_eq!(told["error"]["message"], "There is no systemd on this computer.");
    assert!(told["error"]["hint"].to_string().contains("samepath worker"), "{told:#}");
    assert!(!home.path("home/.config/systemd").exists());
    // One of another user's session, or that is not running.
    let home = with_systemd();
    let program =
        home.write("bin/systemctl", "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n");
    fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let told = common::run(&mut asks(&home, &["worker", "install"])).fails("io");
    assert!(told["error"]["message"].to_string().contains("No medium found"), "{told:#}");
    assert!(!home.path("home/.config/systemd").exists());
}

#[test]
fn a_service_has_the_configuration_that_is_in_use_and_nothing_that_no_worker_would_take() {
    let home = with_systemd();
    let dry = |more: &[&str]| asks(&home, &[&["worker", "install", "--dry-run"][..], more].concat());
    common::run(&mut dry(&["--name", "x y"])).fails("invalid_parameter");
    common::run(&mut dry(&["--kinds", "nosuch"])).fails("kind_not_found");
    let other = home.write("other.toml", "");
    let told = common::run(dry(&[]).env("SAMEPATH_CONFIG", "other.toml")).good();
    let kept = format!("Environment=SAMEPATH_CONFIG={}\n", other.display());
    assert!(told["unit"].as_str().is_some_and(|unit| unit.contains(&kept)), "{told:#}");
    home.write("sleap-rtc.toml", "");
    common::run(&mut dry(&[])).fails("usage");
    let named = common::run(&mut asks(&home, &["--config", "sleap-rtc.toml", "worker", "install", "--dry-run"])).good();
    assert!(named["unit"].as_str().is_some_and(|unit| unit.contains("/sleap-rtc.toml worker\n")), "{named:#}");
}

#[test]
fn a_worker_says_that_it_has_no_gpu_and_at_its_end_what_becomes_of_its_job() {
    let home = Home::new();
    home.waiting_kind();
    let mut worker = Process::start(&mut home.command(["worker", "--name", "gpu-1", "--kinds", &home.text("kinds")]));
    if !std::path::Path::new("/proc/driver/nvidia/gpus").exists() {
        worker.until(|line| (line.starts_with("gpu-1: ") && line.contains("no NVIDIA GPU")).then_some(()));
    }
    let job = home.ask(&["submit", "--detach", "waits"]).good();
    let id = job["id"].as_str().expect("an id").to_owned();
    home.job_until(&id, |job| job["state"] == "running");
    let ended = worker.interrupt();
    assert!(ended.out.contains("Its running job goes on by itself"), "{ended:?}");
    home.go();
    let mut worker = Process::start(&mut home.command(["worker", "--name", "gpu-1", "--kinds", &home.text("kinds")]));
    home.job_until(&id, |job| job["state"] == "succeeded");
    let ended = worker.interrupt();
    assert!(ended.out.contains("The worker has stopped."), "{ended:?}");
}

#[test]
fn a_worker_that_is_drained_finishes_and_takes_no_new_job() {
    let home = Home::new();
    home.waiting_kind();
    home.ask(&["worker", "drain"]).fails("no_worker");
    home.worker("gpu-0").end();
    let mut worker = home.worker("gpu-1");
    let first = home.ask(&["submit", "--detach", "waits"]).good();
    let id = first["id"].as_str().expect("an id").to_owned();
    home.job_until(&id, |job| job["state"] == "running");
    let told = home.ask(&["worker", "drain", "--name", "gpu-2"]).fails("no_worker");
    assert_eq!(told["error"]["hint"], "Its workers: gpu-0, gpu-1.");
    let told = home.ask(&["worker", "drain"]).good();
    assert_eq!(told, json!([{ "worker": "gpu-1", "draining": true, "left": 1, "running": true }]));
    until(|| {
        let workers = home.ask(&["workers"]).good();
        if workers[0]["draining"] == true { Ok(()) } else { Err(format!("{workers:#}")) }
    });
    let shown = home.command(["workers"]).output().expect("runs");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("; takes no new jobs"), "{shown:?}");
    let second = home.ask(&["submit", "--detach", "waits"]).good();
    let second = second["id"].as_str().expect("an id").to_owned();
    let mut waiting = home.start(&["--json", "worker", "drain", "--wait"]);
    home.go();
    home.job_until(&id, |job| job["state"] == "succeeded");
    assert_eq!(waiting.wait().status, Some(0), "nothing is left");
    // Started again it is as it was; the other job says why it waits.
    worker.end();
    let _worker = home.worker("gpu-1");
    let job = home.job_until(&second, |job| job["waiting_for"].to_string().contains("takes no new jobs"));
    assert_eq!(job["state"], "queued");
    home.ask(&["worker", "drain", "--undo"]).good();
    home.job_until(&second, |job| job["state"] == "succeeded");
}

#[test]
fn a_worker_for_each_gpu_sees_its_own_alone() {
    let lab = Lab::new();
    let shows =
        "echo \"GPU $CUDA_VISIBLE_DEVICES by $CUDA_DEVICE_ORDER\"; while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done";
    lab.home.kind("shows", shows);
    let (desk, gpu) = lab.joined();
    let kinds = lab.home.text("kinds");
    gpu.ask(&["worker", "--gpus", "1,1"]).fails("invalid_parameter");
    let mut both = Process::start(&mut gpu.command(&["worker", "--gpus", "0,3", "--kinds", &kinds]));
    let online = until(|| {
        let online = desk.ask(&["workers"]).good();
        let ready = online
            .as_array()
            .is_some_and(|all| all.len() == 2 && all.iter().all(|it| it["storages"][0]["state"] == "ready"));
        if ready { Ok(online) } else { Err(format!("{online:#}")) }
    });
    let mut ids: Vec<(&str, &str, u64)> = online
        .as_array()
        .expect("workers")
        .iter()
        .filter_map(|it| Some((it["id"].as_str()?, it["name"].as_str()?, it["gpus"].as_u64()?)))
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [("gpu-1:0", "gpu-1-gpu0", 1), ("gpu-1:3", "gpu-1-gpu3", 1)]);
    let known = lab.home.ask(&["hub", "workers"]).good();
    assert_eq!(
        (&known[0]["name"], &known[0]["online"], known.as_array().map(Vec::len)),
        (&json!("gpu-1"), &json!(true), Some(1))
    );
    // Two jobs run at the same time, each with a GPU.
    let jobs =
        [(); 2].map(|()| desk.ask(&["submit", "--detach", "shows"]).good()["id"].as_str().expect("an id").to_owned());
    for id in &jobs {
        desk.job_until(id, |job| job["state"] == "running");
    }
    let mut seen = jobs.clone().map(|id| {
        until(|| match desk.ask(&["logs", &id]).out {
            lines if lines.contains("GPU ") => Ok(lines),
            lines => Err(lines),
        })
    });
    seen.sort_unstable_by_key(|lines| lines.split("GPU ").nth(1).map(str::to_owned));
    for (gpu, lines) in ["0", "3"].iter().zip(&seen) {
        assert!(lines.contains(&format!("GPU {gpu} by PCI_BUS_ID")), "{lines}");
    }
    lab.home.write("gpu-1/home/go", "");
    for id in &jobs {
        desk.job_until(id, |job| job["state"] == "succeeded");
    }
    both.signal(Signal::TERM);
    assert_eq!(both.wait().status, Some(0));
    until(|| match desk.ask(&["workers"]).good() {
        Value::Array(online) if online.is_empty() => Ok(()),
        online => Err(online.to_string()),
    });
    lab.stop();
}
