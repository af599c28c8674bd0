//! The worker as a process: killed, started again, robbed of its guard.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lab;

use lab::{DEADLINE, Lab, end, go, until_gone};
use samepath_fleet::LogItem;
use samepath_storage::{Platform, ProofKey, Storages};
use samepath_testkit::FuseMount;
use samepath_wire::{
    AttemptEnd, BackendState, Cause, CheckPaths, JobState, PathSeen, ProofAsked, StoragePath, Stream, Worker,
};
use samepath_worker::guard::{JournalReader, Kin};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_and_started_again_goes_on() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    let job = lab.submit().await;
    lab.until(|record| record.state == JobState::Running).await;
    lab.log(&job, 1, "one").await;
    first.kill().unwrap();
    first.wait().unwrap();
    let second = lab.worker();
    go(&lab.path("go"));
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!(done.state, JobState::Succeeded, "{done:#?}");
    assert_eq!(done.attempts.len(), 1);
    assert_eq!(lab.log(&job, 1, "two").await, ["one", "two"]);
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_is_killed_is_a_proved_loss_and_the_job_is_tried_again() {
    let lab = Lab::new().await;
    let worker = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    kill(guard_of(&lab).await);
    let again = lab.until(|record| record.attempts.len() == 2).await;
    let end_of_first = again.attempts[0].end.clone();
    assert!(matches!(end_of_first, Some(AttemptEnd::Lost { proved: true, .. })), "{end_of_first:?}");
    go(&lab.path("go"));
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!(done.state, JobState::Succeeded);
    assert!(!done.attempts[1].own_output);
    end(worker);
}

/// The guard whose tool runs.
async fn guard_of(lab: &Lab) -> i32 {
    let id = || fs_err::read_to_string(lab.path("go.guard")).unwrap_or_default().trim().parse().ok();
    until(id).await
}

async fn until<T>(what: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = what() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, found).await.unwrap()
}

fn kill(process: i32) {
    let process = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
}

/// A guard of that worker that was started ahead, but for those; one that was has no folder among its arguments.
fn guard_ahead(worker: &std::process::Child, but: &[i32]) -> Option<i32> {
    let words = |id: i32, file: &str| fs_err::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
    let is_one = |id: &i32| {
        let above = words(*id, "stat").rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)?.parse().ok());
        above == Some(worker.id()) && words(*id, "cmdline").split_terminator('\0').skip(1).eq(["guard"])
    };
    let mut all = fs_err::read_dir("/proc").unwrap().filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok());
    all.find(|id| !but.contains(id) && is_one(id))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_waits_for_the_next_attempt_and_ends_with_its_worker() {
    let lab = Lab::new().await;
    let mut worker = lab.worker();
    let ahead = until(|| guard_ahead(&worker, &[])).await;
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    assert_eq!(guard_of(&lab).await, ahead);
    // One that was killed while it waited keeps no job from running.
    let next = until(|| guard_ahead(&worker, &[ahead])).await;
    kill(next);
    go(&lab.path("go"));
    lab.until(|record| record.job.id == job.job.id && record.state == JobState::Succeeded).await;
    let again = lab.submit().await;
    lab.until(|record| record.job.id == again.job.id && record.state == JobState::Succeeded).await;
    let last = until(|| guard_ahead(&worker, &[ahead, next])).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
    until(|| (!std::path::Path::new(&format!("/proc/{last}/exe")).exists()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_configuration_falls_silent_goes_on() {
    let lab = Lab::new().await;
    let config = lab.path("config.toml");
    let text = fs_err::read_to_string(&config).unwrap();
    let mount = FuseMount::new(&[("config.toml", &text)]);
    fs_err::remove_file(&config).unwrap();
    std::os::unix::fs::symlink(mount.path().join("config.toml"), &config).unwrap();
    go(&lab.path("go"));
    let worker = lab.worker();
    let ends = async || {
        let job = lab.submit().await;
        lab.until(|record| record.job.id == job.job.id && record.state == JobState::Succeeded).await;
    };
    ends().await;
    mount.stop();
    // Long enough for it to look at the file, and to be left without an answer.
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        ends().await;
    }
    mount.resume();
    end(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_falls_silent_is_withdrawn_long_before_the_next_whole_look_and_comes_back() {
    let lab = Lab::new().await;
    let mount = FuseMount::new(&[("amick/labels.slp", "x")]);
    fs_err::write(lab.path("config.toml"), format!("[storage.vast]\nbase_path = {:?}\n", mount.path())).unwrap();
    let worker = lab.worker();
    let state = |worker: &Worker| worker.backends.get("vast").map(|vast| vast.state);
    let first = lab.until_worker(|worker| state(worker) == Some(BackendState::Ready)).await;
    let looked = first.backends["vast"].checked_at.unwrap();
    mount.stop();
    let silent = lab.until_worker(|worker| state(worker) == Some(BackendState::NotAnswering)).await;
    mount.resume();
    let back = lab.until_worker(|worker| state(worker) == Some(BackendState::Ready)).await;
    end(worker);
    // Each storage is looked at as a whole every thirty seconds, and this is both of them sooner, on a busy machine, too.
    let checked = |worker: &Worker| worker.backends["vast"].checked_at.unwrap();
    assert!(checked(&silent).duration_since(looked).as_secs() < 20, "{looked}, {silent:?}");
    assert!(checked(&back).duration_since(looked).as_secs() < 28, "{looked}, {back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cleared_its_environment_and_left_its_session_is_ended_after_a_guard_that_was_killed() {
    let lab = Lab::new().await;
    let left = lab.path("left");
    let inner = format!("echo $$ > {}; exec sleep 1000", left.display());
    let script = format!("echo $PPID > {}; env -i setsid sh -c '{inner}' & sleep 1000", lab.path("guard").display());
    lab.kind("leaves", &script);
    let worker = lab.worker();
    let job = lab.submit_of("leaves").await;
    lab.until(|record| record.state == JobState::Running).await;
    let number = |file: &str| {
        let file = lab.path(file);
        async move {
            loop {
                if let Ok(id) = fs_err::read_to_string(&file).unwrap_or_default().trim().parse::<i32>() {
                    return id;
                }
                tokio::task::yield_now().await;
            }
        }
    };
    let (guard, left) = timeout(DEADLINE, async { (number("guard").await, number("left").await) }).await.unwrap();
    let started = || fs_err::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
    assert!(!started().is_empty(), "it does not run");
    // Its guard looks every two seconds.
    let dir = lab.attempt().unwrap();
    let written = async {
        while Kin::read(&dir).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, written).await.expect("it is written down");
    let guard = rustix::process::Pid::from_raw(guard).unwrap();
    rustix::process::kill_process(guard, rustix::process::Signal::KILL).unwrap();
    let told = lab.until(|record| record.attempts.iter().any(|attempt| attempt.end.is_some())).await;
    assert!(matches!(told.attempts[0].end, Some(AttemptEnd::Lost { proved: true, .. })), "{told:#?}");
    let now = started();
    assert!(now.is_empty() || now.contains(") Z "), "it runs on: {now}");
    lab.fleet.kill(job.job.id).await.unwrap();
    lab.until(|record| record.state.is_ended()).await;
    end(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_that_a_killed_guard_had_read_is_told_by_whoever_comes_next() {
    let lab = Lab::new().await;
    let wait = format!("while [ ! -e {} ]; do sleep 0.05; done", lab.path("go").display());
    let script = format!("echo $PPID > {}; {wait}; seq 1 3000; echo last; sleep 1000", lab.path("guard").display());
    lab.kind("talks", &script);
    let mut first = lab.worker();
    let job = lab.submit_of("talks").await;
    lab.until(|record| record.state == JobState::Running).await;
    first.kill().unwrap();
    first.wait().unwrap();
    go(&lab.path("go"));
    let guard = tokio::task::spawn_blocking({
        let (dir, id) = (lab.attempt().unwrap(), lab.path("guard"));
        let said = move || {
            let lines = JournalReader::open(&dir.log()).ok()?.read(0, usize::MAX).ok()?;
            let last = lines.last().is_some_and(|line| line.text == "last");
            last.then(|| fs_err::read_to_string(&id).ok()?.trim().parse().ok()).flatten()
        };
        move || loop {
            if let Some(guard) = said() {
                return guard;
            }
            std::thread::yield_now();
        }
    });
    // The very moment in which the last line is in its journal.
    let guard = rustix::process::Pid::from_raw(timeout(DEADLINE, guard).await.unwrap().unwrap()).unwrap();
    rustix::process::kill_process(guard, rustix::process::Signal::KILL).unwrap();
    let second = lab.worker();
    let told = lab.until(|record| record.attempts.iter().any(|attempt| attempt.end.is_some())).await;
    assert!(matches!(told.attempts[0].end, Some(AttemptEnd::Lost { proved: true, .. })), "{told:#?}");
    let lines = lab.log(&job, 1, "last").await;
    assert_eq!((lines.len(), lines[2999].as_str()), (3001, "3000"));
    lab.fleet.kill(job.job.id).await.unwrap();
    lab.until(|record| record.state.is_ended()).await;
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_killed_when_somebody_says_so() {
    let lab = Lab::new().await;
    let worker = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    lab.fleet.kill(job.job.id).await.unwrap();
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!(done.state, JobState::Cancelled);
    end(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_worker_that_runs_is_refused_and_harms_nothing() {
    let lab = Lab::new().await;
    let worker = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    // As on a cloned computer: the same id, and the folders of attempts whose guards are elsewhere.
    let copied = Command::new("cp").arg("-r").args([lab.path("state"), lab.path("copy")]).status();
    assert!(copied.unwrap().success());
    let mut twin = lab.command_of("copy", "{}").stderr(Stdio::piped()).spawn().unwrap();
    let _stays_open = twin.stdin.take();
    let refused = tokio::task::spawn_blocking(move || twin.wait_with_output().unwrap()).await.unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && told.contains("this worker runs already, as gpu-1 on "), "{told}");
    go(&lab.path("go"));
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!((done.state, done.attempts.len()), (JobState::Succeeded, 1), "{done:#?}");
    end(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_not_told_is_told_by_the_next_worker() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    // A line may be told before the state is.
    lab.until(|record| record.state == JobState::Running).await;
    first.kill().unwrap();
    first.wait().unwrap();
    go(&lab.path("go"));
    let dir = lab.until_ended_on_disk();
    assert_eq!(lab.fleet.job(job.job.id).await.unwrap().state, JobState::Running);
    let second = lab.worker();
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!((done.state, done.attempts.len()), (JobState::Succeeded, 1), "{done:#?}");
    assert_eq!(lab.log(&job, 1, "two").await, ["one", "two"]);
    until_gone(dir.path()).await;
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_tool_ran_is_told_also_if_it_ended_before_anybody_looked() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    lab.kind("strikes", &format!("kill -9 {}; exit 3", first.id()));
    lab.submit_of("strikes").await;
    let _open = first.stdin.take();
    first.wait().unwrap();
    lab.until_ended_on_disk();
    let second = lab.worker();
    let failed = lab.until(|record| record.state.is_ended()).await;
    assert!(failed.history.iter().any(|change| change.state == JobState::Running), "{failed:#?}");
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_read_is_not_told_as_if_it_were_whole_and_is_kept() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    lab.until(|record| record.state == JobState::Running).await;
    first.kill().unwrap();
    first.wait().unwrap();
    go(&lab.path("go"));
    let dir = lab.until_ended_on_disk();
    let damaged = fs_err::read_to_string(dir.log()).unwrap().replace("\"two\"", "\0two\"");
    fs_err::write(dir.log(), &damaged).unwrap();
    let second = lab.worker();
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!((done.state, done.attempts.len()), (JobState::Succeeded, 1), "{done:#?}");
    until_gone(dir.path()).await;
    let kept = lab.path("state/gpu-1/unread-logs").join(dir.path().file_name().unwrap()).with_added_extension("jsonl");
    assert_eq!(fs_err::read_to_string(&kept).unwrap(), damaged);
    let mut log = lab.fleet.log(job.job.id, 1, 0).await.unwrap();
    let mut told = Vec::new();
    while let Some(LogItem::Line(line)) = timeout(DEADLINE, log.next()).await.unwrap() {
        told.push((line.stream, line.text));
        if told.len() == 2 {
            break;
        }
    }
    assert_eq!(told[0], (Stream::Out, "one".to_owned()));
    let (stream, words) = &told[1];
    assert!(*stream == Stream::Samepath && words.contains("Lines are missing"), "{told:?}");
    assert!(words.contains("it is damaged") && words.contains(&kept.display().to_string()), "{told:?}");
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_begun_on_another_computer_is_no_proved_loss() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    first.kill().unwrap();
    first.wait().unwrap();
    kill(guard_of(&lab).await);
    // As where the state folder is on a file server, and the worker is put on another node of a cluster.
    let spec = lab.attempt().unwrap().join("spec.json");
    let mut written: Value = serde_json::from_slice(&fs_err::read(&spec).unwrap()).unwrap();
    written["machine"] = json!({ "host": "node-a", "id": "another", "boot": "another" });
    fs_err::write(&spec, written.to_string()).unwrap();
    let second = lab.worker();
    let again = lab.until(|record| record.attempts.len() == 2).await;
    let Some(AttemptEnd::Lost { reason, proved: false }) = &again.attempts[0].end else { panic!("{again:#?}") };
    assert!(reason.contains("begun on node-a") && again.attempts[1].own_output, "{again:#?}");
    go(&lab.path("go"));
    lab.until(|record| record.state.is_ended()).await;
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_to_end_while_its_worker_was_away_ends_when_it_comes_back() {
    for kill in [true, false] {
        let lab = Lab::new().await;
        let mut first = lab.worker();
        let job = lab.submit().await;
        lab.log(&job, 1, "one").await;
        first.kill().unwrap();
        first.wait().unwrap();
        let id = job.job.id;
        let asked = if kill { lab.fleet.kill(id).await } else { lab.fleet.stop(id).await }.unwrap();
        assert!(asked.stop.is_some() && !asked.state.is_ended(), "{asked:?}");
        let second = lab.worker();
        let done = lab.until(|record| record.state.is_ended()).await;
        assert_eq!((done.state, done.attempts.len()), (JobState::Cancelled, 1), "{done:#?}");
        if let Some(dir) = lab.attempt() {
            until_gone(dir.path()).await;
        }
        end(second);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_to_end_ends_even_if_no_worker_comes() {
    let lab = Lab::new().await;
    let orphan = r#"{"orphan": {"secs": 1, "nanos": 0}}"#;
    let mut first = lab.worker_with(orphan);
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
    first.kill().unwrap();
    first.wait().unwrap();
    lab.fleet.kill(job.job.id).await.unwrap();
    // Its guard has waited for long enough; nothing runs any more, and the disk says so.
    let dir = lab.until_ended_on_disk();
    assert!(matches!(dir.end().unwrap(), Some(AttemptEnd::Lost { proved: true, .. })));
    // Whoever comes in the end tells it, and the job is not run again.
    let second = lab.worker_with(orphan);
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!((done.state, done.attempts.len()), (JobState::Cancelled, 1), "{done:#?}");
    end(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_how_its_storages_are_and_what_it_sees() {
    let lab = Lab::new().await;
    fs_err::write(lab.path("storage/labels.slp"), "x".repeat(7)).unwrap();
    let process = lab.worker();
    let worker = lab.until_worker(|worker| worker.backends["vast"].state == BackendState::Ready).await;
    assert_eq!(worker.name, "gpu-1");
    assert!(worker.kinds.iter().any(|kind| kind.name == "waits"), "{:?}", worker.kinds);

    let ask = CheckPaths {
        paths: vec![
            StoragePath::new("vast", "", "labels.slp"),
            StoragePath::new("vast", "", "absent.slp"),
            StoragePath::new("vast", "", "../config.toml"),
            StoragePath::new("scratch", "", "labels.slp"),
        ],
        proof: None,
    };
    let seen = lab.fleet.check_paths(&worker.id, &ask, DEADLINE).await.unwrap().paths;
    assert!(matches!(&seen[0], PathSeen::Yes(seen) if seen.size == 7), "{seen:?}");
    let cause = |seen: &PathSeen| match seen {
        PathSeen::No { failure, .. } => failure.cause,
        PathSeen::Yes(_) => panic!("{seen:?}"),
    };
    let causes: Vec<Cause> = seen[1..].iter().map(cause).collect();
    assert_eq!(causes, [Cause::PathError, Cause::PathError, Cause::BackendNotAvailable]);
    // Whoever asked is elsewhere: "this computer" would be theirs.
    let told =
        |seen: &PathSeen| if let PathSeen::No { failure, .. } = seen { failure.message.clone() } else { String::new() };
    assert!(told(&seen[1]).ends_with("` on gpu-1)"), "{seen:?}");
    assert!(told(&seen[3]).starts_with("gpu-1 has no storage `scratch`"), "{seen:?}");

    // The same file, proved: by what is read there now, with a key that nobody knew before.
    let storage = samepath_storage::Backend {
        name: "vast".into(),
        base_path: lab.path("storage"),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    let here = Storages::new(vec![storage], Platform::Linux);
    fs_err::write(lab.path("storage/empty.slp"), "").unwrap();
    let paths = ["absent.slp", "labels.slp", "empty.slp", ""].map(|path| StoragePath::new("vast", "", path)).to_vec();
    for (path, proves) in [(1, true), (0, false), (2, false), (3, false), (4, false)] {
        let key = ProofKey::fresh();
        let proof = Some(ProofAsked { path, key: key.to_string() });
        let asked = CheckPaths { paths: paths.clone(), proof };
        let seen = lab.fleet.check_paths(&worker.id, &asked, DEADLINE).await.unwrap().paths;
        let proofs: Vec<Option<&String>> = seen
            .iter()
            .map(|seen| match seen {
                PathSeen::Yes(seen) => seen.proof.as_ref(),
                PathSeen::No { .. } => None,
            })
            .collect();
        let ours = here.prove(&paths[1], &key).unwrap();
        assert_eq!(proofs, [None, ours.as_ref().filter(|_| proves), None, None], "{path}");
    }

    let both = format!(
        "{}\n[storage.scratch]\nbase_path = \"/absent\"\nuser_subdir = \"amick\"\n",
        fs_err::read_to_string(lab.path("config.toml")).unwrap()
    );
    fs_err::write(lab.path("config.toml"), both).unwrap();
    lab.until_worker(|worker| {
        worker.backends.get("scratch").is_some_and(|scratch| scratch.state == BackendState::Missing)
    })
    .await;
    end(process);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_of_a_mark_that_appears_changes_and_goes() {
    let lab = Lab::new().await;
    fs_err::create_dir(lab.path("storage/.samepath")).unwrap();
    let process = lab.worker();
    lab.until_worker(|worker| {
        worker.backends["vast"].state == BackendState::Ready && worker.backends["vast"].id.is_none()
    })
    .await;
    let (first, second) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    for id in [Some(&first), Some(&second), None] {
        let mark = lab.path("storage/.samepath/storage.json");
        match id {
            Some(id) => fs_err::write(&mark, json!({ "id": id }).to_string()).unwrap(),
            None => fs_err::remove_file(&mark).unwrap(),
        }
        // An edit of the configuration makes it look at once, rather than within half a minute.
        let edited = format!("{}\n# {id:?}\n", fs_err::read_to_string(lab.path("config.toml")).unwrap());
        fs_err::write(lab.path("config.toml"), edited).unwrap();
        lab.until_worker(|worker| worker.backends["vast"].id.as_ref() == id).await;
    }
    end(process);
}
