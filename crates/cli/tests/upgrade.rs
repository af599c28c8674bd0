//! A program that is replaced while a job runs.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, Process, until};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_worker_that_is_upgraded_in_mid_job_goes_on_with_it() {
    let home = Home::new();
    home.waiting_kind();
    let program = home.path("bin/samepath");
    let install = || {
        let new = home.path("bin/samepath.new");
        fs_err::create_dir_all(home.path("bin")).expect("a folder");
        fs_err::copy(env!("CARGO_BIN_EXE_samepath"), &new).expect("room");
        fs_err::rename(new, &program).expect("installed");
    };
    let worker = || {
        // As any command of this home, and yet the installed program.
        let as_usual = home.command(["--json", "worker", "--name", "gpu-1", "--kinds", &home.text("kinds")]);
        let mut command = Command::new(&program);
        command.args(as_usual.get_args()).env_clear().current_dir(home.path(""));
        command.envs(as_usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Process::start(&mut command)
    };
    install();
    let mut old = worker();
    old.until(|line| line.contains("\"waits\"").then_some(()));
    let job = home.ask(&["submit", "--detach", "waits"]).good();
    let id = job["id"].as_str().expect("an id");
    until(|| match home.ask(&["logs", id]).out {
        lines if lines.contains("one") => Ok(()),
        lines => Err(lines),
    });
    // The file of the guard that runs is gone, too: it is another one now.
    install();
    old.end();
    let _new = worker();
    home.go();
    let ended = home.job_until(id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{ended:#}");
    let log = home.ask(&["logs", id]).out;
    assert!(log.contains("one") && log.contains("two"), "{log}");
    // The old program is nowhere needed any more: the next job has a guard of the new one.
    home.ask(&["submit", "waits"]).good();
}

#[test]
fn a_new_worker_tells_what_a_guard_of_before_has_left() {
    let home = Home::new();
    home.waiting_kind();
    let mut old = home.worker("gpu-1");
    let id = home.submit(&["waits"]);
    until(|| match home.log(&id, &[]) {
        lines if lines == ["one"] => Ok(()),
        lines => Err(format!("{lines:?}")),
    });
    old.end();
    // Whoever runs of the job goes, and what the first form of its files looked like comes in the place of what is there.
    for process in home.processes().into_iter().chain(home.tools(&id)) {
        common::send(process, rustix::process::Signal::KILL);
    }
    let attempt = home.path(&format!("data/workers/gpu-1/attempts/{id}.1"));
    fs_err::remove_dir_all(&attempt).expect("a folder");
    fs_err::create_dir(&attempt).expect("a folder");
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/tests/golden/v1");
    for name in ["spec.json", "end.json", "said.json", "log.jsonl", "tool.pid"] {
        let text = fs_err::read_to_string(golden.join(name)).expect("a golden file");
        let text = text.replace("0199c0de-0000-7000-8000-000000000001", &id).replace("\"attempt\":2", "\"attempt\":1");
        fs_err::write(attempt.join(name), text).expect("a file");
    }
    let _new = home.worker("gpu-1");
    let ended = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{ended:#}");
    assert_eq!(ended["status"], "Epoch 25 of 50");
    // The first line was the old one's to tell; where the queue died with it before it was on the disk, the new one tells it.
    assert_eq!(home.log(&id, &[])[1..], ["one", "two"]);
    assert_eq!(home.files("data/workers/gpu-1/attempts"), Vec::<String>::new(), "nothing is left to be told");
}
