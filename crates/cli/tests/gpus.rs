//! What a worker says of its GPUs, and that one which somebody else works with is given no job that wants one.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, Process, until};
use samepath_testkit::FakeDriver;
use serde_json::{Value, json};

#[test]
fn a_gpu_that_somebody_else_works_with_gets_no_job_that_wants_one() {
    let home = Home::new();
    home.kind("plain", "echo done");
    let go = home.text("go");
    let run = format!("echo $CUDA_VISIBLE_DEVICES; while [ ! -e '{go}' ]; do sleep 0.05; done");
    let wants = json!({
        "specificationVersion": "jobtemplate-2023-09",
        "name": "wants",
        "steps": [{
            "name": "s",
            "hostRequirements": { "amounts": [{ "name": "amount.worker.gpu", "min": 0 }] },
            "script": { "actions": { "onRun": { "command": "sh", "args": ["-c", run] } } },
        }],
    });
    home.write("kinds/wants.json", wants.to_string());
    let driver = FakeDriver::new();
    let us = std::process::id();
    // Two are there, the second is this worker's.
    driver.tell(&format!("NVIDIA GeForce RTX 3090;24576;0;0;0\nNVIDIA A40;46068;97;{us};21300\n"));
    let mut command = home.command(["worker", "--name", "gpu-1", "--kinds", &home.text("kinds")]);
    command.envs(driver.environment()).env("CUDA_VISIBLE_DEVICES", "1");
    let _worker = Process::start(&mut command);
    let worker = |wanted: &dyn Fn(&Value) -> bool| {
        until(|| {
            let workers = home.ask(&["workers"]).good();
            if wanted(&workers[0]) { Ok(workers[0].clone()) } else { Err(format!("{workers:#}")) }
        })
    };
    let seen = worker(&|worker| worker["gpu"] == "A40 45 GiB · 97 %");
    assert_eq!(seen["gpus"], 1);
    let by = seen["gpu_in_use"].as_str().expect("somebody").to_owned();
    assert!(by.ends_with("), 21 GiB"), "who and what: {by}");
    let list = home.run(["workers"]).out;
    assert!(list.contains(&format!("A40 45 GiB · 97 %, in use by {by}")), "{list}");

    let waits = home.ask(&["submit", "--detach", "wants"]).good();
    let sentence = format!("gpu-1: its GPU is in use by {by}");
    assert_eq!(waits["waiting_for"], json!([sentence]), "{waits:#}");
    home.ask(&["submit", "plain"]).good();

    driver.tell("NVIDIA GeForce RTX 3090;24576;0;0;0\nNVIDIA A40;46068;1;0;0\n");
    let id = waits["id"].as_str().expect("an id");
    let state = |wanted: &str| {
        until(|| match home.ask(&["jobs", id]).good() {
            job if job["state"] == wanted => Ok(()),
            job => Err(format!("{job:#}")),
        });
    };
    state("running");
    // The job's own program takes nothing.
    driver.tell(&format!("NVIDIA GeForce RTX 3090;24576;0;0;0\nNVIDIA A40;46068;55;{us};21300\n"));
    let seen = worker(&|worker| worker["gpu"] == "A40 45 GiB · 55 %");
    assert_eq!(seen["gpu_in_use"], Value::Null, "{seen:#}");
    home.go();
    state("succeeded");
    assert_eq!(home.run(["logs", id]).out.trim(), "1", "its tools see that GPU alone");
}
