use fastrand::Rng;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// In the end every job has ended within this time.
const DEADLINE: Duration = Duration::from_secs(150);
const WORKERS: usize = 2;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Whoever holds the queue: the client or a worker.
    Holder,
    Worker,
    Guard,
    Tool,
    /// The client that submits.
    Client,
}

impl Target {
    pub(crate) const ALL: [Self; 7] =
        [Self::Holder, Self::Worker, Self::Worker, Self::Guard, Self::Guard, Self::Tool, Self::Client];
}

/// Workers and a client as processes, on one queue, with a storage.
pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    workers: Vec<Option<Child>>,
    client: Option<(Child, ChildStdin)>,
    heard: Receiver<String>,
    hear: Sender<String>,
    /// What was submitted, by id.
    pub(crate) jobs: BTreeMap<String, String>,
    known: BTreeSet<String>,
    ended: BTreeSet<String>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["kinds", "storage"] {
            fs_err::create_dir_all(dir.path().join(name)).unwrap();
        }
        let script = dir.path().join("work.sh");
        fs_err::write(&script, include_str!("work.sh")).unwrap();
        let template = json!({
            "specificationVersion": "jobtemplate-2023-09",
            "name": "Work",
            "parameterDefinitions": [
                { "name": "OUTPUT", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT" },
                { "name": "TICKS", "type": "INT" },
            ],
            "steps": [{ "name": "s", "script": { "actions": { "onRun": {
                "command": "sh", "args": [script, "{{Param.OUTPUT}}", "{{Param.TICKS}}", dir.path().join("journal")],
            } } } }],
        });
        fs_err::write(dir.path().join("kinds/work.json"), template.to_string()).unwrap();
        let config = format!("[storage.vast]\nbase_path = {:?}\n", dir.path().join("storage"));
        fs_err::write(dir.path().join("config.toml"), config).unwrap();
        let (hear, heard) = channel();
        let workers = (0..WORKERS).map(|_| None).collect();
        let (jobs, known, ended) = Default::default();
        let mut lab = Self { dir, workers, client: None, heard, hear, jobs, known, ended };
        lab.start_what_is_missing();
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts every process that does not run.
    pub(crate) fn start_what_is_missing(&mut self) {
        if self.client.is_none() {
            let mut client = hidden().arg("client").arg(self.path("fleet")).stdout(Stdio::piped()).spawn().unwrap();
            let (out, hear) = (BufReader::new(client.stdout.take().unwrap()), self.hear.clone());
            std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| hear.send(line).is_ok()));
            let input = client.stdin.take().unwrap();
            self.client = Some((client, input));
            // Whether the one before had done it is not known; submitting twice is submitting once.
            let unknown = self.jobs.iter().filter(|(id, _)| !self.known.contains(*id));
            for job in unknown.map(|(_, job)| job.clone()).collect::<Vec<_>>() {
                self.tell(&format!("submit {job}"));
            }
        }
        for at in 0..self.workers.len() {
            if self.workers[at].is_none() {
                let [config, kinds] = [self.path("config.toml"), self.path("kinds")];
                let worker = hidden()
                    .arg("worker")
                    .args([self.path(&format!("state-{at}")), self.path("fleet"), config, kinds])
                    .arg(r#"{"orphan": {"secs": 120, "nanos": 0}}"#)
                    .spawn()
                    .unwrap();
                self.workers[at] = Some(worker);
            }
        }
    }

    fn tell(&mut self, line: &str) {
        if let Some((_, input)) = &mut self.client {
            // One that was killed this moment is told by the next.
            drop(writeln!(input, "{line}"));
        }
    }

    fn listen(&mut self) {
        while let Ok(line) = self.heard.try_recv() {
            let (what, id) = line.split_once(' ').unwrap();
            self.known.insert(id.to_owned());
            if what == "ended" {
                self.ended.insert(id.to_owned());
            }
        }
    }

    pub(crate) fn on_their_way(&mut self) -> usize {
        self.listen();
        self.jobs.len() - self.ended.len()
    }

    pub(crate) fn submit(&mut self, ticks: u32) {
        let id = uuid::Uuid::new_v4().to_string();
        let job = json!({
            "version": 1, "id": id, "kind": "work", "submitted_at": "2026-11-22T09:00:00Z", "storage_backend": "vast",
            "parameters": { "OUTPUT": format!("out/{id}"), "TICKS": ticks },
            "storages": { "vast": { "access": "write" } },
        });
        self.jobs.insert(id, job.to_string());
        self.tell(&format!("submit {job}"));
    }

    /// Asks a job to end.
    pub(crate) fn order(&mut self, order: &str, random: &mut Rng) {
        let running: Vec<&String> = self.known.difference(&self.ended).collect();
        if let Some(id) = random.choice(running) {
            let line = format!("{order} {id}");
            self.tell(&line);
        }
    }

    /// Kills one such process; whether there was one.
    pub(crate) fn kill(&mut self, target: Target, random: &mut Rng) -> bool {
        match target {
            Target::Client => self.client.take().map(|(client, _)| end(client)).is_some(),
            Target::Worker => {
                let at = random.usize(..self.workers.len());
                self.workers[at].take().map(end).is_some()
            }
            Target::Holder => {
                let Some(holder) = self.holder() else { return false };
                if self.client.as_ref().is_some_and(|(client, _)| client.id() == holder) {
                    return self.kill(Target::Client, random);
                }
                let holds = |worker: &&mut Option<Child>| worker.as_ref().is_some_and(|worker| worker.id() == holder);
                self.workers.iter_mut().find(holds).and_then(Option::take).map(end).is_some()
            }
            Target::Guard => random.choice(self.guards()).is_some_and(|id| kill(id, &|id| self.guards().contains(&id))),
            Target::Tool => random.choice(self.tools()).is_some_and(|id| kill(id, &|id| self.tools().contains(&id))),
        }
    }

    /// The process that has the lock of the queue.
    fn holder(&self) -> Option<u32> {
        let inode = fs_err::metadata(self.path("fleet/holder.lock")).ok()?.ino();
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let of = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| word.ends_with(&format!(":{inode}")))?;
            words.get(at.checked_sub(1)?)?.parse().ok()
        };
        locks.lines().find_map(of)
    }

    /// Guards of this lab that have an attempt: they hold its lock.
    pub(crate) fn guards(&self) -> Vec<u32> {
        let below = self.dir.path().canonicalize().unwrap();
        let is_ours = |file: std::io::Result<std::fs::DirEntry>| {
            let link = file.ok().and_then(|file| std::fs::read_link(file.path()).ok());
            link.is_some_and(|link| link.starts_with(&below) && link.ends_with("lock"))
        };
        let holds = |id: &u32| std::fs::read_dir(format!("/proc/{id}/fd")).is_ok_and(|mut files| files.any(is_ours));
        processes("cmdline", &|words: &[&str]| words.get(1) == Some(&"guard")).into_iter().filter(holds).collect()
    }

    /// Whatever runs of the jobs of this lab.
    pub(crate) fn tools(&self) -> Vec<u32> {
        let ours = |entry: &&str| {
            let mark = entry.strip_prefix("SAMEPATH_ATTEMPT=").and_then(|mark| mark.split_once('.'));
            mark.is_some_and(|(job, _)| self.jobs.contains_key(job))
        };
        processes("environ", &|entries: &[&str]| entries.iter().any(ours))
    }

    pub(crate) fn until_all_have_ended(&mut self) {
        let began = Instant::now();
        let unheard = self.ended.len();
        println!("{unheard} of {} jobs have ended; the rest is waited for", self.jobs.len());
        while self.on_their_way() > 0 {
            let left: Vec<_> = self.jobs.keys().filter(|id| !self.ended.contains(*id)).collect();
            assert!(began.elapsed() < DEADLINE, "jobs that did not end: {left:?}; kept in {:?}", self.dir.path());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends workers and client as they are meant to be ended.
    pub(crate) fn close(&mut self) {
        for mut worker in self.workers.iter_mut().filter_map(Option::take) {
            drop(worker.stdin.take());
            worker.wait().unwrap();
        }
        if let Some((mut client, input)) = self.client.take() {
            drop(input);
            client.wait().unwrap();
        }
    }

    /// Folders of attempts that were kept.
    pub(crate) fn attempts_left(&self) -> Vec<PathBuf> {
        let folders = (0..WORKERS).map(|at| self.path(&format!("state-{at}/gpu-1/attempts")));
        let entries = folders.filter_map(|folder| fs_err::read_dir(folder).ok()).flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Lab {
    /// After a failure nothing of it runs on.
    fn drop(&mut self) {
        if let Some((client, _)) = self.client.take() {
            end(client);
        }
        self.workers.iter_mut().filter_map(Option::take).for_each(end);
        for id in self.guards() {
            kill(id, &|id| self.guards().contains(&id));
        }
        for id in self.tools() {
            kill(id, &|id| self.tools().contains(&id));
        }
    }
}

fn hidden() -> Command {
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test.parent().and_then(Path::parent).unwrap().join("examples/hidden"));
    command.stdin(Stdio::piped());
    command
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Kills a process that is found again after it was taken hold of: its number was not given to another meanwhile.
fn kill(id: u32, is_it: &dyn Fn(u32) -> bool) -> bool {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).unwrap();
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_it(id) && pidfd_send_signal(handle, Signal::KILL).is_ok()
}

fn processes(file: &str, is_it: &dyn Fn(&[&str]) -> bool) -> Vec<u32> {
    let ids = fs_err::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id: &u32| {
        let text = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        is_it(&text.split('\0').collect::<Vec<_>>())
    })
    .collect()
}
