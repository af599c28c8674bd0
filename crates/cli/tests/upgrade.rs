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
