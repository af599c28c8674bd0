use super::hubs::{Hubs, LEASE};
use super::rules::{Sight, Try, Watch};
use fastrand::Rng;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use samepath_fleet::Fleet;
use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::lab::Membership;
use samepath_fleet::matchmaker::Timing;
use samepath_wire::{Attempt, JobRecord};
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
/// In a lab.
const WORKERS_OF_A_LAB: usize = 4;
/// For how long a computer is away that was lost with all that ran on it, at most, in milliseconds: longer than a lease.
const AWAY: u64 = 12_000;

/// Of guards. One in two jobs leaves processes behind that will not end by themselves: they are not waited for as long as usual.
const PATIENCE: &str = r#"{"orphan": {"secs": 120, "nanos": 0}, "leftovers": {"secs": 0, "nanos": 200000000}}"#;

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
    /// A lab's hub.
    Hub,
    /// A lab's server.
    Server,
    /// A worker, its guards and their tools, all at once.
    Computer,
    /// The line between a lab's server and a worker, or the client.
    Line,
}

impl Target {
    /// Of this computer's queue.
    pub(crate) const HERE: [Self; 7] =
        [Self::Holder, Self::Worker, Self::Worker, Self::Guard, Self::Guard, Self::Tool, Self::Client];

    /// Of a lab.
    pub(crate) const LAB: [Self; 12] = [
        Self::Hub,
        Self::Server,
        Self::Worker,
        Self::Worker,
        Self::Guard,
        Self::Guard,
        Self::Tool,
        Self::Client,
        Self::Computer,
        Self::Line,
        Self::Line,
        Self::Line,
    ];
}

/// Workers and a client as processes, on one queue, with a storage.
pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    /// None: the queue is this computer's.
    hubs: Option<Hubs>,
    pub(crate) workers: Vec<Option<Child>>,
    /// Until when a worker is not started again.
    away: Vec<Option<Instant>>,
    client: Option<(Child, ChildStdin)>,
    heard: Receiver<String>,
    hear: Sender<String>,
    /// What was submitted, by id.
    pub(crate) jobs: BTreeMap<String, String>,
    known: BTreeSet<String>,
    ended: BTreeSet<String>,
    /// Jobs that were given to somebody who has not confirmed yet, as they were heard of last.
    pub(crate) given: BTreeMap<String, Attempt>,
    /// What is heard and seen is held to the rules.
    pub(crate) watch: Watch,
}

impl Lab {
    /// On this computer's queue.
    pub(crate) fn here() -> Self {
        Self::new(WORKERS, false)
    }

    /// In a lab with a hub and a server of its own.
    pub(crate) fn in_a_lab() -> Self {
        Self::new(WORKERS_OF_A_LAB, true)
    }

    fn new(count: usize, in_a_lab: bool) -> Self {
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
        let hubs = in_a_lab.then(|| Hubs::new(dir.path(), count));
        let workers = (0..count).map(|_| None).collect();
        let watch = Watch::new(if in_a_lab { LEASE } else { Timing::default().lease });
        let (jobs, known, ended, given, away) =
            (BTreeMap::new(), BTreeSet::new(), BTreeSet::new(), BTreeMap::new(), vec![None; count]);
        let mut lab = Self { dir, hubs, workers, away, client: None, heard, hear, jobs, known, ended, given, watch };
        lab.start_what_is_missing();
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// How the client gets to the queue.
    fn client_fleet(&self) -> PathBuf {
        self.hubs.as_ref().map_or_else(|| self.path("fleet"), Hubs::client)
    }

    /// How a worker does.
    fn worker_fleet(&self, at: usize) -> PathBuf {
        self.hubs.as_ref().map_or_else(|| self.path("fleet"), |hubs| hubs.worker(at))
    }

    /// The queue, as the client sees it: while the client does not.
    pub(crate) async fn fleet(&self) -> Fleet {
        match &self.hubs {
            None => Fleet::local(LocalSettings::new(self.client_fleet(), "amick")).await.unwrap(),
            Some(hubs) => Fleet::lab(&Membership::kept(&hubs.client()).unwrap().unwrap()).await.unwrap(),
        }
    }

    /// Starts every process that does not run, but for computers that are away.
    pub(crate) fn start_what_is_missing(&mut self) {
        if let Some(hubs) = &mut self.hubs {
            hubs.start_what_is_missing();
        }
        if self.client.is_none() {
            let mut client = hidden().arg("client").arg(self.client_fleet()).stdout(Stdio::piped()).spawn().unwrap();
            let (mut out, hear) = (BufReader::new(client.stdout.take().unwrap()), self.hear.clone());
            std::thread::spawn(move || {
                let mut line = String::new();
                // One that is killed may leave half a line.
                while out.read_line(&mut line).is_ok() && line.ends_with('\n') && hear.send(line).is_ok() {
                    line = String::new();
                }
            });
            let input = client.stdin.take().unwrap();
            self.client = Some((client, input));
            // Whether the one before had done it is not known; submitting twice is submitting once.
            let unknown = self.jobs.iter().filter(|(id, _)| !self.known.contains(*id));
            for job in unknown.map(|(_, job)| job.clone()).collect::<Vec<_>>() {
                self.tell(&format!("submit {job}"));
            }
        }
        for at in 0..self.workers.len() {
            if let Some(worker) = &mut self.workers[at] {
                assert!(worker.try_wait().unwrap().is_none(), "worker {at} ended by itself");
            } else if self.away[at].is_none_or(|until| until <= Instant::now()) {
                let [config, kinds] = [self.path("config.toml"), self.path("kinds")];
                let worker = hidden()
                    .arg("worker")
                    .args([self.path(&format!("state-{at}")), self.worker_fleet(at), config, kinds])
                    .arg(PATIENCE)
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

    pub(crate) fn listen(&mut self) {
        while let Ok(line) = self.heard.try_recv() {
            let (what, record) = line.split_once(' ').unwrap();
            let record: JobRecord = serde_json::from_str(record).unwrap();
            let id = record.job.id.to_string();
            self.known.insert(id.clone());
            if what == "ended" {
                self.ended.insert(id.clone());
            }
            match record.attempts.last().filter(|last| last.confirmed_at.is_none()) {
                Some(last) => drop(self.given.insert(id, last.clone())),
                None => drop(self.given.remove(&id)),
            }
            self.watch.hear(record);
        }
    }

    /// Holds what is known and what runs to the rules.
    pub(crate) fn look(&mut self) {
        self.listen();
        let settled = Instant::now() + Duration::from_secs(2);
        loop {
            let guards = self.working();
            let tools = marks().filter_map(|(_, mark)| self.try_of(&mark)).collect();
            // Who works before and after worked meanwhile.
            let guards = &guards & &self.working();
            // Of one that has been told of and is being cleared away there may be half a folder.
            if guards.iter().any(|(job, _)| self.ended.contains(job)) && Instant::now() < settled {
                continue;
            }
            self.watch.look(&Sight { guards, tools });
            break;
        }
        let faults = self.watch.faults();
        assert!(faults.is_empty(), "{} rules were broken:\n{}", faults.len(), faults.join("\n"));
    }

    /// Tries of this lab whose guards hold their locks and have written no end.
    fn working(&self) -> BTreeSet<Try> {
        let held = self.guards_below(self.dir.path()).into_iter().map(|(_, dir)| dir);
        let works = held.filter(|dir| dir.join("spec.json").exists() && !dir.join("end.json").exists());
        works.filter_map(|dir| self.try_of(dir.file_name()?.to_str()?)).collect()
    }

    /// The try of a job of this lab that has this mark.
    fn try_of(&self, mark: &str) -> Option<Try> {
        let (job, number) = mark.split_once('.')?;
        self.jobs.contains_key(job).then_some((job.to_owned(), number.parse().ok()?))
    }

    pub(crate) fn on_their_way(&mut self) -> usize {
        self.listen();
        self.jobs.len() - self.ended.len()
    }

    pub(crate) fn submit(&mut self, ticks: u32) {
        self.submit_for(ticks.into());
    }

    /// Likewise; `ticks` below zero: until it may end. Answers its id.
    pub(crate) fn submit_for(&mut self, ticks: i64) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        let job = json!({
            "version": 1, "id": id, "kind": "work", "submitted_at": "2026-11-22T09:00:00Z", "storage_backend": "vast",
            "parameters": { "OUTPUT": format!("out/{id}"), "TICKS": ticks },
            "storages": { "vast": { "access": "write" } },
        });
        self.jobs.insert(id.clone(), job.to_string());
        self.tell(&format!("submit {job}"));
        id
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
            Target::Hub => self.hubs.as_mut().is_some_and(Hubs::kill_hub),
            Target::Server => self.hubs.as_ref().is_some_and(Hubs::kill_server),
            Target::Line => self.hubs.as_mut().is_some_and(|hubs| hubs.cut(random)),
            Target::Computer => {
                let at = random.usize(..self.workers.len());
                let Some(worker) = self.workers[at].take() else { return false };
                end(worker);
                self.away[at] = Some(Instant::now() + Duration::from_millis(random.u64(..AWAY)));
                let state = self.path(&format!("state-{at}"));
                let guards = || self.guards_below(&state).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
                for id in guards() {
                    kill(id, &|id| guards().contains(&id));
                }
                let marks: Vec<String> =
                    self.attempts_of(at).iter().filter_map(|dir| Some(dir.file_name()?.to_str()?.to_owned())).collect();
                let ours = |mark: &str| marks.iter().any(|ours| ours == mark);
                for id in tools_of(ours) {
                    kill(id, &|id| tools_of(ours).contains(&id));
                }
                true
            }
            Target::Guard => random.choice(self.guards()).is_some_and(|id| kill(id, &|id| self.guards().contains(&id))),
            Target::Tool => random.choice(self.tools()).is_some_and(|id| kill(id, &|id| self.tools().contains(&id))),
        }
    }

    /// The process that has the lock of the queue.
    pub(crate) fn holder(&self) -> Option<u32> {
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
        self.guards_below(self.dir.path()).into_iter().map(|(id, _)| id).collect()
    }

    /// Likewise, below a folder, each with the folder of its attempt.
    pub(crate) fn guards_below(&self, folder: &Path) -> Vec<(u32, PathBuf)> {
        let Ok(below) = folder.canonicalize() else { return Vec::new() };
        let ours = |file: std::io::Result<std::fs::DirEntry>| {
            let link = std::fs::read_link(file.ok()?.path()).ok()?;
            link.parent().filter(|_| link.starts_with(&below) && link.ends_with("lock")).map(Path::to_owned)
        };
        let holds = |id: u32| std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.find_map(ours).map(|dir| (id, dir));
        processes("cmdline", &|words: &[&str]| (words.get(1) == Some(&"guard")).then_some(()))
            .filter_map(|(id, ())| holds(id))
            .collect()
    }

    /// Whatever runs of the jobs of this lab.
    pub(crate) fn tools(&self) -> Vec<u32> {
        tools_of(|mark| self.try_of(mark).is_some())
    }

    pub(crate) fn until_all_have_ended(&mut self) {
        let began = Instant::now();
        let unheard = self.ended.len();
        println!("{unheard} of {} jobs have ended; the rest is waited for", self.jobs.len());
        while self.on_their_way() > 0 {
            if let Some(hubs) = &mut self.hubs {
                hubs.mend(true);
                self.away.fill(None);
                self.start_what_is_missing();
            }
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

    /// Ends a lab's hub and server as they are meant to be ended.
    pub(crate) fn close_hub(&mut self) {
        if let Some(hubs) = &mut self.hubs {
            hubs.close();
            assert_eq!(hubs.server(), None, "the server runs on without its hub");
        }
    }

    /// What the queue calls a worker; none for one that was never started.
    pub(crate) fn worker_id(&self, at: usize) -> Option<String> {
        match &self.hubs {
            None => fs_err::read_to_string(self.path(&format!("state-{at}/gpu-1/id"))).ok(),
            Some(_) => Some(Hubs::name(at)),
        }
    }

    /// Cuts a worker's line in a lab; whether there was one that was not cut.
    pub(crate) fn cut_for(&mut self, at: usize, time: Duration) -> bool {
        self.hubs.as_mut().is_some_and(|hubs| hubs.cut_for(at, time))
    }

    /// Lets lines that were cut long enough pass on again, or all of them.
    pub(crate) fn mend(&mut self, all: bool) {
        if let Some(hubs) = &mut self.hubs {
            hubs.mend(all);
        }
    }

    /// Folders of attempts that were kept.
    pub(crate) fn attempts_left(&self) -> Vec<PathBuf> {
        (0..self.workers.len()).flat_map(|at| self.attempts_of(at)).collect()
    }

    pub(crate) fn attempts_of(&self, at: usize) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.path(&format!("state-{at}/gpu-1/attempts"))).into_iter().flatten();
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

/// Whatever runs of attempts with such marks.
fn tools_of(is_one: impl Fn(&str) -> bool) -> Vec<u32> {
    marks().filter(|(_, mark)| is_one(mark)).map(|(id, _)| id).collect()
}

/// Every process that carries an attempt's mark.
fn marks() -> impl Iterator<Item = (u32, String)> {
    let mark = |entry: &&str| entry.strip_prefix("SAMEPATH_ATTEMPT=").map(str::to_owned);
    processes("environ", &move |entries: &[&str]| entries.iter().find_map(mark))
}

pub(crate) fn hidden() -> Command {
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test.parent().and_then(Path::parent).unwrap().join("examples/hidden"));
    command.stdin(Stdio::piped());
    command
}

pub(crate) fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Kills a process that is found again after it was taken hold of: its number was not given to another meanwhile.
pub(crate) fn kill(id: u32, is_it: &dyn Fn(u32) -> bool) -> bool {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).unwrap();
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_it(id) && pidfd_send_signal(handle, Signal::KILL).is_ok()
}

/// What `look` sees in a file of each process that is parted by zeros.
fn processes<T>(file: &str, look: &dyn Fn(&[&str]) -> Option<T>) -> impl Iterator<Item = (u32, T)> + use<T> {
    let ids = fs_err::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let seen = ids.filter_map(|id: u32| {
        let text = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        look(&text.split('\0').collect::<Vec<_>>()).map(|seen| (id, seen))
    });
    seen.collect::<Vec<_>>().into_iter()
}
