//! Guards as processes, each with a shell script as its tool.
#![allow(dead_code, reason = "every test file uses its own part of it")]

use interprocess::local_socket::Stream;
use interprocess::local_socket::traits::Stream as _;
use samepath_storage::Backend;
use samepath_wire::{Assignment, AttemptEnd, AttemptRef, Job, LogLine};
use samepath_worker::guard::{AttemptDir, JournalReader, MARK, Order, Patience, Socket, Spec, Status, VERSION};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What should be quick is given this long on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) struct Case {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) at: AttemptDir,
    pub(crate) guard: Child,
}

pub(crate) fn hidden() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/hidden")
}

/// Nobody waits long for a test that went wrong: its guard ends by itself.
pub(crate) fn patience() -> Patience {
    Patience {
        orphan: Duration::from_secs(60),
        notice: Some(Duration::from_secs(30)),
        give_back: Duration::ZERO,
        ..Patience::default()
    }
}

pub(crate) fn start(script: &str, patience: Patience) -> Case {
    start_below("", script, patience)
}

pub(crate) fn start_below(folder: &str, script: &str, patience: Patience) -> Case {
    Plan { patience, ..Plan::new(script) }.start_below(folder)
}

/// What a guard is to do, and where.
pub(crate) struct Plan {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) patience: Patience,
    pub(crate) backends: Vec<Backend>,
    pub(crate) template: Value,
    pub(crate) job: Value,
    /// Words of the shell before the guard.
    pub(crate) before: &'static str,
    /// What is written down of it, if not all of the above.
    pub(crate) spec: Option<Value>,
}

impl Plan {
    /// To run this script.
    pub(crate) fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("script.sh"), script).unwrap();
        let args = vec![dir.path().join("script.sh")];
        let template = json!({
            "specificationVersion": "jobtemplate-2023-09",
            "name": "Script",
            "steps": [{ "name": "s", "script": { "actions": { "onRun": { "command": "sh", "args": args } } } }],
        });
        let job = json!({
            "version": 1, "id": uuid::Uuid::new_v4(), "kind": "script", "submitted_at": "2026-11-22T09:00:00Z",
        });
        Self { dir, patience: patience(), backends: Vec::new(), template, job, before: "", spec: None }
    }

    /// With a storage `vast` there, and a path on it as the value of a parameter, which the script is given.
    pub(crate) fn on(mut self, base_path: &Path, flow: &str, kind: &str, path: &str) -> Self {
        let parameter = json!({ "name": "AT", "type": "PATH", "objectType": kind, "dataFlow": flow });
        self.template["parameterDefinitions"] = json!([parameter]);
        let args = &mut self.template["steps"][0]["script"]["actions"]["onRun"]["args"];
        args.as_array_mut().unwrap().push("{{Param.AT}}".into());
        self.job["storage_backend"] = "vast".into();
        self.job["parameters"] = json!({ "AT": path });
        self.backends.push(Backend {
            name: "vast".into(),
            base_path: base_path.canonicalize().unwrap(),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        });
        self
    }

    pub(crate) fn start(self) -> Case {
        self.start_below("")
    }

    fn start_below(self, folder: &str) -> Case {
        let (case, ready) = self.spawn(folder);
        assert_eq!(ready, "ready\n");
        case
    }

    /// A guard that does not come so far that it can be connected to.
    pub(crate) fn start_unready(self) -> Case {
        let (case, ready) = self.spawn("");
        assert_eq!(ready, "");
        case
    }

    fn spawn(self, folder: &str) -> (Case, String) {
        let Self { dir, patience, backends, template, job, before, spec: other } = self;
        let kinds = dir.path().join("kinds");
        fs_err::create_dir_all(&kinds).unwrap();
        fs_err::write(kinds.join("script.json"), template.to_string()).unwrap();
        let job: Job = serde_json::from_value(job).unwrap();
        let id = job.id;
        let spec = Spec {
            version: VERSION,
            assignment: Assignment { job, attempt: 1, epoch: 1, own_output: false },
            worker: "gpu-1".into(),
            backends,
            kinds_dir: Some(kinds),
            base_paths: Default::default(),
            path_mappings: Vec::new(),
            programs: Default::default(),
            patience,
            machine: None,
        };
        let at = AttemptDir::new(&dir.path().join(folder).join("attempts"), AttemptRef { job: id, attempt: 1 });
        at.create(&spec).unwrap();
        if let Some(other) = other {
            fs_err::write(at.join("spec.json"), other.to_string()).unwrap();
        }
        let mut guard = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$@\""), "sh"])
            .arg(hidden())
            .arg("guard")
            .arg(at.path())
            .env("LAB_TOKEN", "a-secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        (Case { dir, at, guard }, ready)
    }
}

impl Case {
    pub(crate) fn mark(&self) -> String {
        self.at.path().file_name().unwrap().to_str().unwrap().to_owned()
    }

    pub(crate) fn connect(&self) -> Worker {
        let socket = Socket::of(self.at.path()).unwrap();
        let stream = Stream::connect(socket.name().unwrap()).unwrap();
        let mut worker = Worker { lines: BufReader::new(stream) };
        worker.tell(Order::Hello);
        worker
    }

    pub(crate) fn end(&mut self) -> AttemptEnd {
        self.guard.wait().unwrap();
        self.at.end().unwrap().expect("the guard ended without an end")
    }

    /// The end as it is on the disk; the guard itself may hang on.
    pub(crate) fn end_on_disk(&self) -> AttemptEnd {
        until("the end is on the disk", || self.at.end().unwrap())
    }

    pub(crate) fn log(&self) -> Vec<LogLine> {
        let lines = JournalReader::open(&self.at.log()).unwrap().read(0, usize::MAX).unwrap();
        assert!(lines.iter().enumerate().all(|(number, line)| line.seq == number as u64));
        lines
    }

    pub(crate) fn said(&self, text: &str) -> bool {
        self.log().iter().any(|line| line.text == text)
    }

    /// Processes that carry the attempt's mark.
    pub(crate) fn left(&self) -> Vec<String> {
        let wanted = format!("{MARK}={}", self.mark());
        let carries = |pid: &String| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| text.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
        };
        let all = fs_err::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        all.filter(carries).collect()
    }

    /// Most memory that the guard ever had, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.guard.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

pub(crate) struct Worker {
    lines: BufReader<Stream>,
}

impl Worker {
    pub(crate) fn tell(&mut self, order: Order) {
        let line = serde_json::to_string(&order).unwrap();
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn until(&mut self, what: impl Fn(&Status) -> bool) -> Status {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the guard ended before that");
            let status = serde_json::from_str(&line).unwrap();
            if what(&status) {
                return status;
            }
        }
    }
}
