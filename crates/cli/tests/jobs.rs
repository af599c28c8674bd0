//! A job's life, as a person at one computer sees it and a worker at another mount path runs it.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, Process, run, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// The worker's own configuration: the same storage at another path. Nobody told it where the person has it.
fn elsewhere(home: &Home) -> String {
    let config = format!("[storage.vast]\nbase_path = {}\n", json!(home.path("Volumes/talmo")));
    home.write("worker.toml", config).display().to_string()
}

#[test]
fn the_demonstration_runs_to_its_report_and_leaves_nothing() {
    let home = Home::bare();
    let told = home.run(["demo"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    for part in
        ["Ready. gpu-1 can start now", "✓ found  /Volumes/talmo/amick/maze/cam0.mp4", "gpu-1/mnt/vast", "Done on gpu-1"]
    {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    assert_eq!(home.files("tmp"), Vec::<String>::new(), "its folder is gone");
    assert_eq!(home.files("home"), Vec::<String>::new(), "nothing is written to the home");
    assert_eq!(home.files("data"), Vec::<String>::new(), "nothing is written to the data");
    let left = format!("{}/", home.text("tmp"));
    let here = until(|| {
        let left: Vec<String> = fs_err::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
            .map(|environment| String::from_utf8_lossy(&environment).into_owned())
            .filter(|environment| environment.contains(&left))
            .collect();
        if left.is_empty() { Ok(left) } else { Err(format!("{left:?} is left running")) }
    });
    assert!(here.is_empty());
}

#[test]
fn the_demonstration_leaves_nothing_where_nobody_reads_on_or_it_is_stopped() {
    let home = Home::bare();
    let made = || fs_err::read_dir(home.path("tmp")).expect("a folder").count();
    let mut child = home.command(["demo"]).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut first = String::new();
    // Like `head -1`: the pipe is closed after one line.
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert!(first.starts_with("A pretend lab"), "{first}");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_eq!(made(), 0, "its folder is gone");

    let mut process = home.start(&["demo"]);
    until(|| if made() > 0 { Ok(()) } else { Err("nothing is made".to_owned()) });
    let told = process.interrupt();
    assert_eq!((told.status, told.err.contains("was stopped")), (Some(130), true), "{told:?}");
    assert_eq!(made(), 0, "its folder is gone");
}

#[test]
fn the_demonstration_speaks_json_and_can_leave_its_folder() {
    let home = Home::bare();
    let job = home.ask(&["demo", "--keep"]).good();
    assert_eq!(job["state"], "succeeded");
    assert_eq!(job["worker"], "gpu-1");
    let files = home.files("tmp");
    assert!(files.iter().any(|file| file.ends_with("/report.json")), "{files:?}");
}

#[test]
fn a_job_finds_its_video_by_the_workers_own_path() {
    let home = Home::new();
    let config = elsewhere(&home);
    let mut worker = home.worker_with("gpu-1", &["--config", &config]);
    let workers = home.ask(&["workers"]).good();
    let worker_keys: Vec<&String> = workers[0].as_object().expect("an object").keys().collect();
    assert_eq!(
        worker_keys,
        [
            "id",
            "name",
            "this_computer",
            "own",
            "state",
            "untried",
            "busy",
            "draining",
            "job",
            "gpus",
            "gpu",
            "gpu_in_use",
            "version",
            "os",
            "host",
            "storages",
            "kinds",
            "unavailable"
        ]
    );
    // It runs here, in another program than the one that asks.
    assert_eq!((&workers[0]["this_computer"], &workers[0]["own"]), (&json!(true), &json!(false)));
    let labels = format!("LABELS={}", home.text("mnt/vast/amick/maze/labels.slp"));
    let job = home.ask(&["submit", "slp-check", "-p", &labels]).good();
    assert_eq!((&job["state"], &job["worker"], &job["attempts"]), (&json!("succeeded"), &json!("gpu-1"), &json!(1)));
    let outputs: Vec<&Value> = job["outputs"].as_array().expect("files").iter().map(|file| &file["path"]).collect();
    assert_eq!(outputs, ["report.html", "report.json"]);
    let at = job["results"]["text"].as_str().expect("a storage path");
    let report = home.ask(&["resolve", &format!("{at}/report.json")]).good();
    let report = fs_err::read_to_string(report["path"].as_str().expect("a path")).expect("the report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["videos"][0]["found"], true, "{report:#}");
    assert_eq!(report["videos"][0]["local"], json!(home.path("Volumes/talmo/amick/maze/cam0.mp4")), "{report:#}");
    let id = job["id"].as_str().expect("an id");
    assert!(home.log(id, &[]).iter().any(|line| line.starts_with("openjd_progress")), "programs get every line");
    let read = home.run(["logs", id]).out;
    assert!(read.contains("found") && !read.contains("openjd_"), "{read}");
    // Whoever does not speak JSON is told, too; a line for each state beside the answer.
    let told = home.run(["submit", "slp-check", "--name", "mine", "-p", &labels]);
    assert_eq!(told.status, Some(0), "{told:?}");
    let after_start = told.err.lines().skip_while(|line| !line.starts_with("Starting"));
    assert_eq!(after_start.filter(|line| line.starts_with("Waiting")).count(), 0, "told backwards: {told:?}");
    assert!(told.out.contains("Done on gpu-1") && told.out.contains("report.html"), "{told:?}");
    assert!(told.err.contains("Submitted mine"), "{told:?}");
    let ended = worker.interrupt();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    until(|| match home.ask(&["workers"]).good() {
        none if none == json!([]) => Ok(()),
        some => Err(format!("{some:#}")),
    });
}

#[test]
fn a_log_is_followed_line_by_line_to_its_end() {
    let home = Home::new();
    let (_worker, id) = submit_waiting_with_worker(&home);
    let mut follower = home.start(&["--json", "logs", &id, "--follow"]);
    let first = follower.until(|line| serde_json::from_str::<Value>(line).ok());
    assert_eq!((&first["seq"], &first["stream"], &first["text"]), (&json!(0), &json!("out"), &json!("one")));
    assert!(first["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{first}");
    assert_eq!(home.log(&id, &[]), ["one"]);
    home.go();
    let rest = follower.wait();
    assert_eq!(rest.status, Some(0), "{rest:?}");
    assert_eq!(rest.out.lines().count(), 2, "{rest:?}");
    assert_eq!(home.log(&id, &["--attempt", "1"]), ["one", "two"]);
    assert_eq!(home.run(["logs", &id]).out, "one\ntwo");
}

#[test]
fn whoever_waits_for_a_job_is_told_of_its_end_when_it_comes() {
    let home = Home::new();
    home.waiting_kind();
    let _worker = home.worker("gpu-1");
    let mut waiting = home.start(&["--json", "submit", "waits"]);
    common::until(|| match home.ask(&["jobs"]).good() {
        jobs if jobs[0]["state"] == "running" => Ok(()),
        jobs => Err(format!("{jobs:#}")),
    });
    home.go();
    let job = waiting.wait().good();
    let noticed = jiff::Timestamp::now();
    let ended: jiff::Timestamp = job["ended_at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
    let late = noticed.duration_since(ended);
    println!("noticed after {late:?}");
    // Whoever looked now and then, rather than being told, would do so once a minute or less, so as not to be a burden.
    assert!(late.as_secs_f64() < 30.0, "{late:?}: {job:#}");
}

/// A worker, and a job that waits in its hands.
fn submit_waiting_with_worker(home: &Home) -> (Process, String) {
    home.waiting_kind();
    let worker = home.worker("gpu-1");
    let id = home.submit(&["waits"]);
    home.job_until(&id, |job| job["state"] == "running");
    (worker, id)
}

#[test]
fn a_job_is_told_with_what_it_said_last_of_itself() {
    let home = Home::new();
    let go = home.text("go");
    let script =
        "trap 'echo openjd_status: Stopped at epoch 2 of 7; exit 130' INT; echo one; while :; do sleep 0.05; done";
    home.kind_that_saves("stops", script, 30);
    home.kind("fails", "echo openjd_status: Reading; exit 1");
    home.kind("goes", &format!("echo openjd_status: Epoch 2 of 7; while [ ! -e '{go}' ]; do sleep 0.05; done"));
    let _worker = home.worker("gpu-1");
    let id = home.submit(&["stops"]);
    until(|| if home.log(&id, &[]) == ["one"] { Ok(()) } else { Err("it does not run yet".to_owned()) });
    home.ask(&["stop", &id]).good();
    home.job_until(&id, |job| job["state"] == "cancelled");
    let told = home.run(["jobs", &id]).out;
    assert_eq!(told.lines().nth(1), Some("Cancelled on gpu-1: Stopped at epoch 2 of 7"), "{told}");

    let id = home.submit(&["fails"]);
    home.job_until(&id, |job| job["state"] == "failed");
    let told = home.run(["jobs", &id]).out;
    assert_eq!(told.lines().nth(1), Some("Failed on gpu-1"), "{told}");
    // Nor is it told to whoever waits for it: it is long over.
    let told = home.run(["submit", "fails"]);
    assert_eq!(told.err.lines().filter(|line| line.starts_with("Failed")).collect::<Vec<_>>(), ["Failed on gpu-1"]);

    let id = home.submit(&["goes"]);
    home.job_until(&id, |job| job["status"] == "Epoch 2 of 7");
    let told = home.run(["jobs", &id]).out;
    assert_eq!(told.lines().nth(1), Some("Running on gpu-1: Epoch 2 of 7"), "{told}");
    home.go();
}

/// What is told last of a job's story.
fn last(job: &Value) -> &str {
    job["timeline"].as_array().and_then(|told| told.last()?["words"].as_str()).unwrap_or_default()
}

#[test]
fn a_job_is_stopped_killed_and_tried_again() {
    let home = Home::new();
    let (_worker, id) = submit_waiting_with_worker(&home);
    home.ask(&["retry", &id]).fails("invalid_parameter");
    home.ask(&["kill", &id]).good();
    let killed = home.job_until(&id, |job| job["state"] == "cancelled");
    assert_eq!((&killed["attempts"], last(&killed)), (&json!(1), "killed by amick"), "{killed:#}");
    until(|| match home.tools(&id) {
        none if none.is_empty() => Ok(()),
        some => Err(format!("{some:?} run on")),
    });
    home.ask(&["retry", &id]).good();
    home.job_until(&id, |job| job["state"] == "running" && job["attempts"] == 2);
    home.ask(&["stop", &id]).good();
    let stopped = home.job_until(&id, |job| job["state"] == "cancelled");
    assert_eq!(last(&stopped), "stopped by amick", "{stopped:#}");
    home.go();
    home.ask(&["retry", &id]).good();
    let done = home.job_until(&id, |job| job["state"] == "succeeded");
    assert_eq!(done["attempts"], 3);
    assert_eq!(home.log(&id, &["--attempt", "3"]), ["one", "two"]);
    assert_eq!(home.log(&id, &["--attempt", "1"])[0], "one");
}

#[test]
fn old_jobs_are_cleared_and_what_they_wrote_stays() {
    let home = Home::new();
    home.kind("writes", "echo done");
    let _worker = home.worker("gpu-1");
    let labels = format!("LABELS={}", home.text("mnt/vast/amick/maze/labels.slp"));
    let checked = home.ask(&["submit", "slp-check", "-p", &labels]).good();
    let written = home.submit(&["writes"]);
    home.job_until(&written, |job| job["state"] == "succeeded");
    let waits = home.submit(&["writes", "--worker", "gpu-1"]);
    home.job_until(&waits, |job| job["state"] == "succeeded");
    home.ask(&["jobs", "clear", "--older-than", "soon"]).fails("invalid_parameter");
    home.ask(&["jobs", "clear", "--older-than", "1 month"]).fails("invalid_parameter");
    home.ask(&["jobs", "clear"]).fails("usage");
    let told = home.ask(&["jobs", "clear", "--older-than", "2w"]).good();
    assert_eq!(told["cleared"], 0, "{told:#}");
    assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(3));
    let results = home.files("storage");
    assert!(results.iter().any(|file| file.ends_with("report.json")), "{results:?}");

    let told = home.run(["jobs", "clear", "--older-than", "0s"]);
    assert_eq!(told.out, "3 jobs were cleared, with their logs. Their results are where they were.");
    assert_eq!(home.ask(&["jobs"]).good(), json!([]));
    home.ask(&["logs", checked["id"].as_str().unwrap()]).fails("job_not_found");
    assert_eq!(home.files("storage"), results);
}

#[test]
fn who_stops_a_job_is_told_how_long_it_may_take_to_save() {
    let home = Home::new();
    let script = format!(
        "trap 'until [ -e {0} ]; do sleep 0.05; done; exit 0' INT; echo one; while :; do sleep 0.05; done",
        home.text("go")
    );
    home.kind_that_saves("saves", &script, 33);
    let _worker = home.worker("gpu-1");
    let id = home.submit(&["saves"]);
    until(|| match home.log(&id, &[]) {
        lines if lines == ["one"] => Ok(()),
        lines => Err(format!("{lines:?}")),
    });
    assert_eq!(home.job(&id)["notice_seconds"], 33);
    let told = home.run(["stop", &id]);
    assert!(told.out.contains("Stopping") && told.out.contains("It has up to 33 s to save what it has."), "{told:?}");
    home.go();
    let ended = home.job_until(&id, |job| job["state"] == "cancelled");
    assert_eq!(ended["notice_seconds"], json!(null));
}

#[test]
fn a_job_that_fails_is_the_commands_failure() {
    let home = Home::new();
    home.kind("fails", "echo almost; echo it went wrong >&2; exit 3");
    let _worker = home.worker("gpu-1");
    let told = home.ask(&["submit", "fails"]).fails("job_failed");
    assert_eq!((&told["job"]["state"], &told["job"]["kind"]), (&json!("failed"), &json!("fails")));
    assert!(told["error"]["message"].as_str().is_some_and(|text| text.contains('3')), "{told:#}");
    let told = home.run(["submit", "fails"]);
    assert_eq!(told.status, Some(8), "{told:?}");
    assert!(told.err.contains("samepath logs"), "{told:?}");
}

#[test]
fn a_job_that_somebody_cancels_is_the_waiting_commands_failure() {
    let home = Home::new();
    home.waiting_kind();
    let _worker = home.worker("gpu-1");
    let mut waiting = home.start(&["--json", "submit", "waits"]);
    let id = until(|| match home.ask(&["jobs"]).good() {
        jobs if jobs[0]["state"] == "running" => Ok(jobs[0]["id"].as_str().expect("an id").to_owned()),
        jobs => Err(format!("{jobs:#}")),
    });
    home.ask(&["kill", &id]).good();
    let told = waiting.wait().fails("job_cancelled");
    assert_eq!(told["job"]["state"], "cancelled");
    assert_eq!(told["error"]["message"], format!("{} was killed by amick.", told["job"]["name"].as_str().unwrap()));
}

#[test]
fn whoever_stops_waiting_leaves_the_job_running() {
    let home = Home::new();
    home.waiting_kind();
    let _worker = home.worker("gpu-1");
    let mut waiting = home.start(&["--json", "submit", "waits"]);
    let id = until(|| match home.ask(&["jobs"]).good() {
        jobs if jobs[0]["state"] == "running" => Ok(jobs[0]["id"].as_str().expect("an id").to_owned()),
        jobs => Err(format!("{jobs:#}")),
    });
    waiting.interrupt().fails("interrupted");
    assert_eq!(home.job(&id)["state"], "running");
    home.go();
    let done = home.job_until(&id, |job| job["state"] == "succeeded");
    assert_eq!(done["attempts"], 1);
}

#[test]
fn a_job_waits_until_a_worker_has_its_storage() {
    let home = Home::new();
    let id = home.submit(&["slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let config = home.write("worker.toml", format!("[storage.other]\nbase_path = {}\n", json!(home.path("mnt/vast"))));
    let mut worker = home.worker_with("gpu-1", &["--config", config.to_str().expect("text")]);
    let job = home.job(&id);
    assert_eq!(job["state"], "queued");
    let why = job["waiting_for"][0].as_str().expect("a reason");
    assert!(why.starts_with("gpu-1: ") && why.contains("vast"), "{why}");
    // Its configuration is mended: it need not be started again.
    fs_err::write(&config, format!("[storage.vast]\nbase_path = {}\n", json!(home.path("Volumes/talmo"))))
        .expect("written");
    home.job_until(&id, |job| job["state"] == "succeeded");
    worker.interrupt();
}

#[test]
fn a_worker_is_chosen_by_name() {
    let home = Home::new();
    home.kind("quick", "true");
    let _first = home.worker("gpu-1");
    let _second = home.worker("gpu-2");
    for name in ["gpu-2", "gpu-1", "gpu-2"] {
        assert_eq!(home.ask(&["submit", "quick", "--worker", name]).good()["worker"], name);
    }
    let told = home.ask(&["submit", "quick", "--worker", "gpu-3"]).fails("no_worker");
    assert_eq!(told["error"]["hint"], "Online: gpu-1, gpu-2.");
    let twice = run(&mut home.command(["--json", "worker", "--name", "gpu-1"]));
    twice.fails("already_exists");
    run(&mut home.command(["--json", "worker", "--name", "../x"])).fails("invalid_parameter");
}

#[test]
fn workers_are_watched_in_lines_of_json() {
    let home = Home::new();
    let mut watch = home.start(&["--json", "workers", "--watch"]);
    let mut worker = home.worker("gpu-1");
    let id = watch.until(|line| {
        let told: Value = serde_json::from_str(line).expect("a line of JSON");
        (told["name"] == "gpu-1" && told["storages"][0]["state"] == "ready").then(|| told["id"].clone())
    });
    worker.interrupt();
    watch.until(|line| {
        let told: Value = serde_json::from_str(line).expect("a line of JSON");
        (told["id"] == id && told["gone"] == true).then_some(())
    });
    assert_eq!(watch.interrupt().status, Some(0));
}

#[test]
fn a_job_that_is_not_run_yet_is_followed_into_its_first_line() {
    let home = Home::new();
    let id = submit_waiting_without_worker(&home);
    let mut follower = home.start(&["--json", "logs", &id, "--follow"]);
    home.go();
    let _worker = home.worker("gpu-1");
    follower.until(|line| line.contains("\"two\"").then_some(()));
    assert_eq!(follower.wait().status, Some(0));
}

/// A kind is known only after a worker told of it.
fn submit_waiting_without_worker(home: &Home) -> String {
    home.waiting_kind();
    home.worker("gpu-0").interrupt();
    home.submit(&["waits"])
}

#[test]
fn a_job_for_a_worker_that_went_away_says_whom_it_waits_for() {
    let home = Home::new();
    home.waiting_kind();
    let mut wanted = home.worker("gpu-1");
    let _other = home.worker("gpu-2");
    let running = home.submit(&["waits", "--worker", "gpu-1"]);
    home.job_until(&running, |job| job["state"] == "running");
    let waiting = home.submit(&["waits", "--worker", "gpu-1"]);
    let told = |job: &Value, text: &str| {
        job["waiting_for"]
            .as_array()
            .is_some_and(|told| told.iter().any(|it| it.as_str().is_some_and(|it| it.contains(text))))
    };
    let job = home.job_until(&waiting, |job| told(job, "gpu-1: busy"));
    assert!(told(&job, "gpu-2: "), "every worker is explained: {job:#}");
    wanted.end();
    let job = home.job_until(&waiting, |job| told(job, "gpu-1: offline"));
    assert_eq!(job["waiting_for"][0], "gpu-1: offline", "{job:#}");
    let shown = home.run(["jobs", waiting.as_str()]);
    assert!(shown.out.contains("gpu-1: offline"), "{}", shown.out);
    // Nor does another worker take over what runs: it is for that one.
    let lost = home.job_until(&running, |job| job["lost"] == true);
    let status = lost["status"].as_str().unwrap_or_default();
    assert!(status.contains("It is for gpu-1 only, and waits for it.") && !status.contains("takes over"), "{lost:#}");
    home.go();
}

#[test]
fn a_setting_of_several_lines_is_shown_in_several_lines() {
    let home = Home::new();
    let labels = "LABELS=vast:amick/maze/labels.slp";
    let job = home
        .ask(&[
            "submit",
            "sleap-train",
            "--detach",
            "-p",
            labels,
            "-p",
            "OVERRIDES=trainer_config.a=1\ntrainer_config.b=2",
        ])
        .good();
    let told = home.run(["jobs", job["id"].as_str().expect("an id")]).out;
    assert!(told.contains("  OVERRIDES = trainer_config.a=1\n              trainer_config.b=2\n"), "{told}");
}
