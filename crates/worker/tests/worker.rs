//! The worker as a process, on a fleet that the test holds: killed, started again, robbed of its guard.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::{Fleet, LogItem, Update};
use samepath_storage::{Platform, ProofKey, Storages};
use samepath_wire::{
    AttemptEnd, BackendState, Cause, CheckPaths, Job, JobRecord, JobState, PathSeen, ProofAsked, StoragePath, Worker,
};
use samepath_worker::guard::AttemptDir;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(90);

struct Lab {
    dir: tempfile::TempDir,
    fleet: Fleet,
}

impl Lab {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["kinds", "state", "storage"] {
            fs_err::create_dir_all(dir.path().join(name)).unwrap();
        }
        let go = dir.path().join("go");
        let script = format!(
            "echo one; echo $PPID > {0}.guard; while [ ! -e {0} ]; do sleep 0.05; done; echo two",
            go.display()
        );
        let template = json!({
            "specificationVersion": "jobtemplate-2023-09",
            "name": "Waits",
            "steps": [{ "name": "s", "script": { "actions": { "onRun": { "command": "sh", "args": ["-c", script] } } } }],
        });
        fs_err::write(dir.path().join("kinds/waits.json"), template.to_string()).unwrap();
        let config = format!("[storage.vast]\nbase_path = {:?}\n", dir.path().join("storage"));
        fs_err::write(dir.path().join("config.toml"), config).unwrap();
        let fleet = Fleet::local(LocalSettings::new(dir.path().join("fleet"), "amick")).await.unwrap();
        Self { dir, fleet }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn worker(&self) -> Child {
        self.worker_with(r#"{"orphan": {"secs": 90, "nanos": 0}}"#)
    }

    fn worker_with(&self, patience: &str) -> Child {
        let test = std::env::current_exe().unwrap();
        Command::new(test.parent().unwrap().parent().unwrap().join("examples/hidden"))
            .arg("worker")
            .args([self.path("state"), self.path("fleet"), self.path("config.toml"), self.path("kinds")])
            .arg(patience)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The folder of the only attempt that this worker has.
    fn attempt(&self) -> Option<AttemptDir> {
        let mut found = fs_err::read_dir(self.path("state/gpu-1/attempts")).ok()?;
        AttemptDir::at(&found.next()?.ok()?.path())
    }

    /// Waits until the guard of that attempt has written the end down and is gone.
    fn until_ended_on_disk(&self) -> AttemptDir {
        let began = std::time::Instant::now();
        loop {
            if let Some(dir) = self.attempt()
                && dir.end().unwrap().is_some()
                && dir.lock().unwrap().is_some()
            {
                return dir;
            }
            assert!(began.elapsed() < DEADLINE, "the guard did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    async fn submit(&self) -> JobRecord {
        let job: Job = serde_json::from_value(json!({
            "version": 1, "id": uuid::Uuid::new_v4(), "kind": "waits", "submitted_at": "2026-11-22T09:00:00Z",
        }))
        .unwrap();
        self.fleet.submit(&job).await.unwrap()
    }

    async fn until(&self, what: impl Fn(&JobRecord) -> bool) -> JobRecord {
        let mut jobs = self.fleet.jobs();
        timeout(DEADLINE, async {
            loop {
                if let Some(Update::Put(_, record)) = jobs.next().await
                    && what(&record)
                {
                    return record;
                }
            }
        })
        .await
        .expect("not in time")
    }

    async fn log(&self, job: &JobRecord, attempt: u32, until: &str) -> Vec<String> {
        let mut log = self.fleet.log(job.job.id, attempt, 0).await.unwrap();
        let mut lines = Vec::new();
        timeout(DEADLINE, async {
            while let Some(item) = log.next().await {
                if let LogItem::Line(line) = item {
                    assert_eq!(line.seq, lines.len() as u64, "the log has a gap");
                    lines.push(line.text);
                    if lines.last().is_some_and(|last| last == until) {
                        break;
                    }
                }
            }
        })
        .await
        .expect("the log did not come so far");
        lines
    }
}

/// A worker ends when its standard input is closed.
fn end(mut worker: Child) {
    drop(worker.stdin.take());
    worker.wait().unwrap();
}

/// What was told is not kept.
async fn until_gone(folder: &Path) {
    let gone = async {
        while folder.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, gone).await.expect("the folder of an attempt that was told is still there");
}

fn go(path: &Path) {
    fs_err::write(path, "").unwrap();
}

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
    let guard: i32 = timeout(DEADLINE, async {
        loop {
            if let Ok(id) = fs_err::read_to_string(lab.path("go.guard")).unwrap_or_default().trim().parse() {
                return id;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let guard = rustix::process::Pid::from_raw(guard).unwrap();
    rustix::process::kill_process(guard, rustix::process::Signal::KILL).unwrap();
    let again = lab.until(|record| record.attempts.len() == 2).await;
    let end_of_first = again.attempts[0].end.clone();
    assert!(matches!(end_of_first, Some(AttemptEnd::Lost { proved: true, .. })), "{end_of_first:?}");
    go(&lab.path("go"));
    let done = lab.until(|record| record.state.is_ended()).await;
    assert_eq!(done.state, JobState::Succeeded);
    assert!(!done.attempts[1].own_output);
    end(worker);
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
async fn an_end_that_was_not_told_is_told_by_the_next_worker() {
    let lab = Lab::new().await;
    let mut first = lab.worker();
    let job = lab.submit().await;
    lab.log(&job, 1, "one").await;
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
    let mut workers = lab.fleet.workers();
    let mut until = async |what: &dyn Fn(&Worker) -> bool| {
        timeout(DEADLINE, async {
            loop {
                if let Some(Update::Put(_, worker)) = workers.next().await
                    && what(&worker)
                {
                    return worker;
                }
            }
        })
        .await
        .expect("not in time")
    };
    let worker = until(&|worker| worker.backends["vast"].state == BackendState::Ready).await;
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
        PathSeen::No { failure } => failure.cause,
        PathSeen::Yes(_) => panic!("{seen:?}"),
    };
    let causes: Vec<Cause> = seen[1..].iter().map(cause).collect();
    assert_eq!(causes, [Cause::PathError, Cause::PathError, Cause::BackendNotAvailable]);

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
    until(&|worker| worker.backends.get("scratch").is_some_and(|scratch| scratch.state == BackendState::Missing)).await;
    end(process);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_of_a_mark_that_appears_changes_and_goes() {
    let lab = Lab::new().await;
    fs_err::create_dir(lab.path("storage/.samepath")).unwrap();
    let process = lab.worker();
    let mut workers = lab.fleet.workers();
    let mut until = async |what: &dyn Fn(&Worker) -> bool| {
        timeout(DEADLINE, async {
            loop {
                if let Some(Update::Put(_, worker)) = workers.next().await
                    && what(&worker)
                {
                    return;
                }
            }
        })
        .await
        .expect("not in time")
    };
    until(&|worker| worker.backends["vast"].state == BackendState::Ready && worker.backends["vast"].id.is_none()).await;
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
        until(&|worker| worker.backends["vast"].id.as_ref() == id).await;
    }
    end(process);
}
