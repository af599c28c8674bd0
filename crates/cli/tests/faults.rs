//! Whatever dies, and whoever else writes at the same time: the job goes on, the history opens, the file is whole.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, Process, send, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// A home where the job of [`Home::waiting_kind`] runs in a worker's hands; the worker and the job's id.
fn running() -> (Home, Process, String) {
    let home = Home::new();
    home.waiting_kind();
    let worker = home.worker("gpu-1");
    let id = home.submit(&["waits"]);
    until(|| match home.log(&id, &[]) {
        lines if lines == ["one"] => Ok(()),
        lines => Err(format!("{lines:?}")),
    });
    (home, worker, id)
}

fn nothing_runs_of(home: &Home, id: &str) {
    until(|| match home.tools(id) {
        none if none.is_empty() => Ok(()),
        some => Err(format!("{some:?} run on")),
    });
}

fn guard(home: &Home, id: &str) -> i32 {
    // Tools belong to the attempt; their parent is its guard.
    let tool = home.tools(id)[0];
    let parent = |id: i32| {
        let text = fs_err::read_to_string(format!("/proc/{id}/stat")).expect("a process");
        let after = text.rsplit_once(") ").expect("a name").1.to_owned();
        after.split(' ').nth(1).expect("a parent").parse::<i32>().expect("a number")
    };
    let mut above = tool;
    loop {
        let words = fs_err::read(format!("/proc/{above}/cmdline")).expect("a process");
        if words.split(|byte| *byte == 0).nth(1) == Some(b"guard") {
            return above;
        }
        above = parent(above);
        assert!(above > 1, "the tool has no guard");
    }
}

#[test]
fn a_job_whose_worker_is_away_says_when_it_stops() {
    let (home, mut worker, id) = running();
    worker.end();
    // As if it were on another computer: its guard is not to be found on this one.
    let (here, elsewhere) = (home.path("data/workers"), home.path("data/elsewhere"));
    fs_err::rename(&here, &elsewhere).expect("a folder");
    for command in ["stop", "kill"] {
        let told = home.run([command, &id]);
        assert_eq!(told.status, Some(0), "{told:?}");
        assert!(told.out.contains("Stopping") && told.out.contains("The job stops when gpu-1 is back."), "{told:?}");
        assert!(told.out.contains("samepath worker --name gpu-1"), "{told:?}");
    }
    fs_err::rename(&elsewhere, &here).expect("a folder");
    let _worker = home.worker("gpu-1");
    let ended = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["lost"]), (&json!("cancelled"), &json!(false)), "{ended:#}");
    nothing_runs_of(&home, &id);
}

#[test]
fn a_job_whose_worker_was_killed_on_this_computer_ends_when_somebody_says_so() {
    for command in ["stop", "kill"] {
        let (home, mut worker, id) = running();
        worker.end();
        let told = home.run([command, &id]);
        assert_eq!(told.status, Some(0), "{told:?}");
        assert!(told.out.contains("Cancelled"), "{told:?}");
        assert!(home.tools(&id).is_empty(), "{command}: it runs on");
        let job = home.job(&id);
        assert_eq!((&job["state"], &job["attempts"], &job["lost"]), (&json!("cancelled"), &json!(1), &json!(false)));
        assert_eq!(home.log(&id, &[])[0], "one", "its log is complete");
        assert_eq!(home.files("data/workers/gpu-1/attempts"), Vec::<String>::new(), "nothing is left to be told");
        // A worker of that name is as free as any.
        home.go();
        let _worker = home.worker("gpu-1");
        let again = home.submit(&["waits"]);
        assert_eq!(home.job_until(&again, |job| job["ended_at"] != Value::Null)["state"], "succeeded");
    }
}

/// A home where somebody else than the worker holds the queue, and the worker does not move; with the job's id, and `command` that
/// was given and is recorded.
fn asked_of_a_worker_that_hangs(command: &str) -> (Home, [Process; 3], String) {
    let home = Home::new();
    home.waiting_kind();
    let holder = home.start(&["--json", "workers", "--watch"]);
    until(|| if home.path("data/fleet/holder.socket").exists() { Ok(()) } else { Err("nobody holds".to_owned()) });
    let worker = home.worker("gpu-1");
    let id = home.submit(&["waits"]);
    home.job_until(&id, |job| job["state"] == "running");
    worker.signal(Signal::STOP);
    let asking = home.start(&[command, &id]);
    home.job_until(&id, |job| job["stopping"] == command);
    (home, [holder, worker, asking], id)
}

#[test]
fn a_job_whose_worker_dies_just_when_it_is_to_end_it_ends() {
    for command in ["stop", "kill"] {
        let (home, [_holder, mut worker, mut asking], id) = asked_of_a_worker_that_hangs(command);
        worker.end();
        let told = asking.wait();
        assert!(told.status == Some(0) && told.out.contains("Cancelled"), "{command}: {told:?}");
        assert_eq!(home.job(&id)["state"], "cancelled", "{command}");
        nothing_runs_of(&home, &id);
        assert_eq!(home.files("data/workers/gpu-1/attempts"), Vec::<String>::new(), "nothing is left to be told");
    }
}

#[test]
fn a_worker_that_hangs_keeps_no_job_running() {
    let (home, [_holder, worker, mut asking], id) = asked_of_a_worker_that_hangs("kill");
    nothing_runs_of(&home, &id);
    assert_ne!(home.job(&id)["state"], "cancelled", "the worker is there: it reports");
    worker.signal(Signal::CONT);
    let told = asking.wait();
    assert!(told.status == Some(0), "{told:?}");
    home.job_until(&id, |job| job["state"] == "cancelled");
}

#[test]
fn a_job_whose_worker_and_guard_were_killed_ends_when_somebody_says_so() {
    let (home, mut worker, id) = running();
    worker.end();
    send(guard(&home, &id), Signal::KILL);
    let told = home.run(["kill", &id]);
    assert!(told.out.contains("Cancelled"), "{told:?}");
    assert!(home.tools(&id).is_empty(), "it runs on");
    assert_eq!(home.job(&id)["state"], "cancelled");
}

#[test]
fn the_worker_is_killed_and_started_again() {
    let (home, mut worker, id) = running();
    worker.end();
    // Nobody holds the queue for a moment; the history opens, and the job is as it was.
    let job = home.job(&id);
    assert_eq!((&job["state"], &job["words"], &job["lost"]), (&json!("running"), &json!("Lost contact"), &json!(true)));
    let told = home.run(["jobs", &id]);
    assert!(
        told.out.contains("Lost contact with gpu-1") && told.out.contains("samepath worker --name gpu-1"),
        "{told:?}"
    );
    assert!(home.run(["jobs"]).out.contains("◌ Lost contact"));
    assert!(!home.tools(&id).is_empty(), "its guard goes on");
    let _worker = home.worker("gpu-1");
    home.go();
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&done["state"], &done["attempts"]), (&json!("succeeded"), &json!(1)), "{done:#}");
    assert_eq!(home.log(&id, &[]), ["one", "two"]);
    nothing_runs_of(&home, &id);
}

#[test]
fn a_job_that_ends_while_its_worker_is_away_is_told_later() {
    let (home, mut worker, id) = running();
    worker.end();
    home.go();
    nothing_runs_of(&home, &id);
    let _worker = home.worker("gpu-1");
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&done["state"], &done["attempts"]), (&json!("succeeded"), &json!(1)), "{done:#}");
    assert_eq!(home.log(&id, &[]), ["one", "two"]);
}

#[test]
fn what_a_job_said_last_is_told_even_if_its_worker_was_away() {
    let home = Home::new();
    let go = home.text("go");
    home.kind("says", &format!("echo one; while [ ! -e '{go}' ]; do sleep 0.05; done; echo openjd_status: All of it"));
    let script = "trap 'echo openjd_status: Saved; exit 130' INT; echo one; while :; do sleep 0.05; done";
    home.kind_that_saves("saves", script, 30);
    let under_way = |id: &str| until(|| if home.log(id, &[]) == ["one"] { Ok(()) } else { Err("not yet".to_owned()) });
    let mut worker = home.worker("gpu-1");
    let id = home.submit(&["saves"]);
    under_way(&id);
    worker.end();
    home.ask(&["stop", &id]).good();
    let job = home.job(&id);
    assert_eq!((&job["state"], &job["status"]), (&json!("cancelled"), &json!("Saved")), "{job:#}");

    let mut worker = home.worker("gpu-1");
    let id = home.submit(&["says"]);
    under_way(&id);
    worker.end();
    home.go();
    nothing_runs_of(&home, &id);
    let _worker = home.worker("gpu-1");
    let job = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&job["state"], &job["status"]), (&json!("succeeded"), &json!("All of it")), "{job:#}");
}

#[test]
fn the_holder_is_killed_while_a_job_runs() {
    let home = Home::new();
    home.waiting_kind();
    // Whoever starts first holds the queue.
    let mut holder = home.start(&["--json", "workers", "--watch"]);
    let _worker = home.worker("gpu-1");
    holder.until(|line| line.contains("gpu-1").then_some(()));
    let mut waiting = home.start(&["--json", "submit", "waits"]);
    let id = until(|| match home.ask(&["jobs"]).good() {
        jobs if jobs[0]["state"] == "running" => Ok(jobs[0]["id"].as_str().expect("an id").to_owned()),
        jobs => Err(format!("{jobs:#}")),
    });
    let mut follower = home.start(&["--json", "logs", &id, "--follow"]);
    follower.until(|line| line.contains("\"one\"").then_some(()));
    holder.end();
    assert_eq!(home.job(&id)["state"], "running");
    home.go();
    let told = waiting.wait().good();
    assert_eq!((&told["state"], &told["attempts"]), (&json!("succeeded"), &json!(1)));
    let followed = follower.wait();
    assert_eq!(followed.status, Some(0), "{followed:?}");
    assert!(followed.out.ends_with("\"two\"}"), "{followed:?}");
    assert_eq!(followed.out.lines().count(), 2, "{followed:?}");
    assert_eq!(home.log(&id, &[]), ["one", "two"]);
}

#[test]
fn the_guard_is_killed() {
    let (home, _worker, id) = running();
    let tools = home.tools(&id);
    send(guard(&home, &id), Signal::KILL);
    let again = home.job_until(&id, |job| job["attempts"] == 2);
    assert!(!tools.iter().any(|tool| home.tools(&id).contains(tool)), "the first try runs on: {again:#}");
    home.go();
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&done["state"], &done["attempts"]), (&json!("succeeded"), &json!(2)), "{done:#}");
    assert_eq!(home.log(&id, &[]), ["one", "two"]);
    nothing_runs_of(&home, &id);
}

#[test]
fn the_guard_is_killed_while_its_worker_is_away() {
    let (home, mut worker, id) = running();
    let guard = guard(&home, &id);
    worker.end();
    send(guard, Signal::KILL);
    let _worker = home.worker("gpu-1");
    home.go();
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&done["state"], &done["attempts"]), (&json!("succeeded"), &json!(2)), "{done:#}");
    nothing_runs_of(&home, &id);
}

#[test]
fn everything_is_killed_at_once() {
    let (home, mut worker, id) = running();
    send(guard(&home, &id), Signal::KILL);
    worker.end();
    nothing_runs_of(&home, &id);
    home.go();
    let _worker = home.worker("gpu-1");
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!(done["state"], "succeeded", "{done:#}");
}

#[test]
fn a_worker_that_is_asked_to_end_leaves_its_job_to_the_next() {
    let (home, mut worker, id) = running();
    let ended = worker.interrupt();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!home.tools(&id).is_empty(), "its guard goes on");
    let _worker = home.worker("gpu-1");
    home.go();
    let done = home.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&done["state"], &done["attempts"]), (&json!("succeeded"), &json!(1)), "{done:#}");
}

#[test]
fn sixteen_writers_of_one_file() {
    let home = Home::new();
    let names: Vec<String> = (0..16).map(|number| format!("storage-{number}")).collect();
    let mut writers: Vec<Process> =
        names.iter().map(|name| home.start(&["--json", "storage", "add", name, "mnt/vast", "--type", name])).collect();
    let answers: Vec<_> = writers.iter_mut().map(Process::wait).collect();
    let listed = home.ask(&["storage", "list"]).good();
    let listed: Vec<&Value> = listed.as_array().expect("storages").iter().map(|entry| &entry["name"]).collect();
    for (name, answer) in names.iter().zip(&answers) {
        answer.sane();
        let there = listed.contains(&&json!(name));
        assert_eq!(answer.status == Some(0), there, "{name}: {answer:?}");
    }
    assert!(answers.iter().all(|answer| answer.status == Some(0)), "a lock that is waited for: {answers:?}");
    assert!(listed.contains(&&json!("vast")), "what was there stays");
}

#[test]
fn sixteen_programs_open_one_new_queue() {
    let home = Home::new();
    let mut programs: Vec<Process> = (0..16)
        .map(|_| home.start(&["--json", "submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp", "--detach"]))
        .collect();
    for program in &mut programs {
        program.wait().good();
    }
    assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(16));
}
