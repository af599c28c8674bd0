//! What a worker says it can run, while programs come and go.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lab;

use lab::{Lab, end};
use samepath_wire::{Cause, JobState, Worker};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PROGRAM: &str = "a-tool-of-this-test";

/// A lab with a kind `tool` that runs a program that nobody has.
async fn lab() -> Lab {
    let lab = Lab::new().await;
    let run =
        json!({ "command": PROGRAM, "cancelation": { "mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 7 } });
    let steps = json!([{ "name": "s", "script": { "actions": { "onRun": run } } }]);
    let template = json!({ "specificationVersion": "jobtemplate-2023-09", "name": "Tool", "steps": steps });
    fs_err::write(lab.path("kinds/tool.json"), template.to_string()).unwrap();
    lab
}

fn configure(lab: &Lab, program: &str) {
    let text = format!(
        "[storage.vast]\nbase_path = {:?}\n\n[samepath.programs]\n{PROGRAM} = {program:?}\n",
        lab.path("storage")
    );
    fs_err::write(lab.path("config.toml"), text).unwrap();
}

fn install(at: &Path) {
    fs_err::write(at, "#!/bin/sh\necho done\n").unwrap();
    fs_err::set_permissions(at, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Waits until the worker says of the kind that it cannot run it because of something like that.
async fn until_refused(lab: &Lab, why: &str) {
    let says = |worker: &Worker| {
        worker.unavailable.iter().any(|kind| kind.name == "tool" && kind.reason.contains(why))
            && worker.kinds.iter().all(|kind| kind.name != "tool")
    };
    lab.until_worker(says).await;
}

async fn until_offered(lab: &Lab) {
    let offers = |worker: &Worker| {
        worker.kinds.iter().any(|kind| kind.name == "tool" && kind.notice_seconds == Some(7))
            && worker.unavailable.iter().all(|kind| kind.name != "tool")
    };
    lab.until_worker(offers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_installed_or_configured_later_makes_its_kind_appear_and_taken_away_withdraws_it() {
    let lab = lab().await;
    let worker = lab.worker();
    until_refused(&lab, &format!("its program {PROGRAM} was not found in ")).await;

    configure(&lab, "bin/tool");
    let config = lab.path("config.toml").display().to_string();
    let place = format!("{config}, line 5: `samepath.programs.{PROGRAM}` is `bin/tool`, which is not the whole path");
    until_refused(&lab, &place).await;

    let program = lab.path("tool");
    configure(&lab, program.to_str().unwrap());
    let named = format!("its program {PROGRAM} is configured as {}, which is not there", program.display());
    until_refused(&lab, &named).await;

    // Nobody tells the worker: it looks now and then.
    install(&program);
    until_offered(&lab).await;
    let job = lab.submit_of("tool").await;
    let done = lab.until(|record| record.job.id == job.job.id && record.state.is_ended()).await;
    assert_eq!(done.state, JobState::Succeeded, "{done:#?}");

    // A job finds that it is gone, before the worker looks again or after: either way the kind is withdrawn.
    fs_err::remove_file(&program).unwrap();
    let job = lab.submit_of("tool").await;
    until_refused(&lab, &named).await;
    let record = lab.fleet.job(job.job.id).await.unwrap();
    assert!(record.excluded.iter().all(|excluded| excluded.failure.cause == Cause::ProgramMissing), "{record:#?}");
    end(worker);
}
