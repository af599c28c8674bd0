//! A worker as a process, on a fleet that the test holds.
#![allow(dead_code, reason = "every test file uses its own part of it")]

use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::{Fleet, LogItem, Update};
use samepath_wire::{Job, JobRecord, Worker};
use samepath_worker::guard::AttemptDir;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// A queue, a storage `vast`, and a kind `waits` that prints `one`, waits for the file `go`, and prints `two`.
pub(crate) struct Lab {
    dir: tempfile::TempDir,
    pub(crate) fleet: Fleet,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["kinds", "state", "storage"] {
            fs_err::create_dir_all(dir.path().join(name)).unwrap();
        }
        let go = dir.path().join("go");
        let script = format!(
            "echo one; echo $PPID > {0}.guard; while [ ! -e {0} ]; do sleep 0.05; done; echo two",
            go.display()
        );
        let config = format!("[storage.vast]\nbase_path = {:?}\n", dir.path().join("storage"));
        fs_err::write(dir.path().join("config.toml"), config).unwrap();
        let fleet = Fleet::local(LocalSettings::new(dir.path().join("fleet"), "amick")).await.unwrap();
        let lab = Self { dir, fleet };
        lab.kind("waits", &script);
        lab
    }

    /// A kind that is a script of the shell.
    pub(crate) fn kind(&self, name: &str, script: &str) {
        let template = json!({
            "specificationVersion": "jobtemplate-2023-09",
            "name": name,
            "steps": [{ "name": "s", "script": { "actions": { "onRun": { "command": "sh", "args": ["-c", script] } } } }],
        });
        fs_err::write(self.path("kinds").join(format!("{name}.json")), template.to_string()).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn worker(&self) -> Child {
        self.worker_with(r#"{"orphan": {"secs": 90, "nanos": 0}}"#)
    }

    pub(crate) fn worker_with(&self, patience: &str) -> Child {
        self.command_of("state", patience).spawn().unwrap()
    }

    /// A worker that keeps its state there.
    pub(crate) fn command_of(&self, state: &str, patience: &str) -> Command {
        let test = std::env::current_exe().unwrap();
        let mut command = Command::new(test.parent().unwrap().parent().unwrap().join("examples/hidden"));
        command
            .arg("worker")
            .args([self.path(state), self.path("fleet"), self.path("config.toml"), self.path("kinds")])
            .arg(patience)
            .stdin(Stdio::piped());
        command
    }

    /// The folder of the only attempt that this worker has.
    pub(crate) fn attempt(&self) -> Option<AttemptDir> {
        let mut found = fs_err::read_dir(self.path("state/gpu-1/attempts")).ok()?;
        AttemptDir::at(&found.next()?.ok()?.path())
    }

    /// Waits until the guard of that attempt has written the end down and is gone.
    pub(crate) fn until_ended_on_disk(&self) -> AttemptDir {
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

    pub(crate) async fn submit(&self) -> JobRecord {
        self.submit_of("waits").await
    }

    pub(crate) async fn submit_of(&self, kind: &str) -> JobRecord {
        let job: Job = serde_json::from_value(json!({
            "version": 1, "id": uuid::Uuid::new_v4(), "kind": kind, "submitted_at": "2026-11-22T09:00:00Z",
        }))
        .unwrap();
        self.fleet.submit(&job).await.unwrap()
    }

    pub(crate) async fn until(&self, what: impl Fn(&JobRecord) -> bool) -> JobRecord {
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

    pub(crate) async fn until_worker(&self, what: impl Fn(&Worker) -> bool) -> Worker {
        let mut workers = self.fleet.workers();
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
    }

    pub(crate) async fn log(&self, job: &JobRecord, attempt: u32, until: &str) -> Vec<String> {
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
pub(crate) fn end(mut worker: Child) {
    drop(worker.stdin.take());
    worker.wait().unwrap();
}

/// What was told is not kept.
pub(crate) async fn until_gone(folder: &Path) {
    let gone = async {
        while folder.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, gone).await.expect("the folder of an attempt that was told is still there");
}

pub(crate) fn go(path: &Path) {
    fs_err::write(path, "").unwrap();
}
