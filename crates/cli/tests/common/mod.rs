//! A throwaway computer with one storage that is reached by two paths, and the `samepath` program run in it.
#![allow(dead_code, reason = "every test file uses its own part of it")]

#[cfg(target_os = "linux")]
pub(crate) mod disk;
#[cfg(target_os = "linux")]
pub(crate) mod lab;

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What should be quick is given this long on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A home, its data, a storage below it at `storage`, and the same storage at `mnt/vast` and at `Volumes/talmo`.
pub(crate) struct Home {
    folder: TempDir,
    root: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same, of a command that must have succeeded.
    #[track_caller]
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.json()
    }

    /// Must be a failure with this code, told in JSON, and its exit status.
    #[track_caller]
    pub(crate) fn fails(&self, code: &str) -> Value {
        let told = self.json();
        assert_eq!(told["error"]["code"], code, "{self:?}");
        assert_eq!(self.status, Some(exit_status(code)), "{self:?}");
        let message = told["error"]["message"].as_str().expect("a message");
        assert!(!message.trim().is_empty(), "{self:?}");
        assert!(told["error"].as_object().is_some_and(|error| error.contains_key("hint")), "{self:?}");
        self.sane();
        told
    }

    /// Ended by itself, without a panic.
    #[track_caller]
    pub(crate) fn sane(&self) {
        assert!(self.status.is_some_and(|status| status != 101), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
    }
}

/// The documented table.
pub(crate) fn exit_status(code: &str) -> i32 {
    match code {
        "internal" => 1,
        "usage" | "invalid_parameter" => 2,
        "config_invalid" | "config_changed" | "already_exists" => 3,
        "path_refused" | "path_escapes" | "path_ambiguous" => 4,
        "path_not_found" | "not_in_any_backend" | "kind_not_found" | "job_not_found" => 5,
        "backend_not_found" | "backend_unavailable" => 6,
        "no_worker" | "fleet_unreachable" => 7,
        "job_failed" | "job_cancelled" => 8,
        "interrupted" => 130,
        "io" => 9,
        other => panic!("{other} is not documented"),
    }
}

impl Home {
    /// Without any storage configured.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("sp").tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("a real path");
        for name in ["storage/amick/maze", "mnt", "Volumes", "kinds", "home", "data", "tmp"] {
            fs_err::create_dir_all(root.join(name)).expect("a folder");
        }
        for mount in ["mnt/vast", "Volumes/talmo"] {
            std::os::unix::fs::symlink(root.join("storage"), root.join(mount)).expect("a link");
        }
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/maze");
        for name in ["labels.slp", "labels.pkg.slp", "cam0.mp4", "train.yaml"] {
            fs_err::copy(data.join(name), root.join("storage/amick/maze").join(name)).expect("test data");
        }
        Self { folder, root }
    }

    /// With `vast` at `mnt/vast`, where the person's folder is `amick`.
    pub(crate) fn new() -> Self {
        let home = Self::bare();
        home.configure(&format!(
            "[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n",
            json!(home.path("mnt/vast"))
        ));
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("home/.sleap-rtc/config.toml")
    }

    pub(crate) fn configure(&self, text: &str) {
        self.write("home/.sleap-rtc/config.toml", text);
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs_err::write(&path, content).expect("a file");
        path
    }

    /// A kind of the lab's own: a shell script.
    pub(crate) fn kind(&self, name: &str, script: &str) {
        self.kind_that(name, json!({ "command": "sh", "args": ["-c", script] }));
    }

    /// Likewise, one that takes these parameters: the script has them as `$1`, `$2`.
    pub(crate) fn kind_taking(&self, name: &str, parameters: &Value, script: &str) {
        let values = parameters.as_array().expect("a list").iter();
        let values = values.map(|it| json!(format!("{{{{Param.{}}}}}", it["name"].as_str().expect("a name"))));
        let args: Vec<Value> = ["-c", script, "sh"].map(Value::from).into_iter().chain(values).collect();
        let run = json!({ "command": "sh", "args": args });
        let steps = json!([{ "name": "s", "script": { "actions": { "onRun": run } } }]);
        let mut template = json!({ "specificationVersion": "jobtemplate-2023-09", "name": name, "steps": steps });
        template["parameterDefinitions"] = parameters.clone();
        self.write(&format!("kinds/{name}.json"), template.to_string());
    }

    /// Likewise, one that is interrupted and left so many seconds when it is asked to stop.
    pub(crate) fn kind_that_saves(&self, name: &str, script: &str, seconds: u32) {
        let cancelation = json!({ "mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": seconds });
        self.kind_that(name, json!({ "command": "sh", "args": ["-c", script], "cancelation": cancelation }));
    }

    fn kind_that(&self, name: &str, run: Value) {
        let steps = json!([{ "name": "s", "script": { "actions": { "onRun": run } } }]);
        let template = json!({ "specificationVersion": "jobtemplate-2023-09", "name": name, "steps": steps });
        self.write(&format!("kinds/{name}.json"), template.to_string());
    }

    /// A kind that prints `one`, waits for the file `go`, and prints `two`.
    pub(crate) fn waiting_kind(&self) {
        let go = self.text("go");
        self.kind("waits", &format!("echo one; while [ ! -e '{go}' ]; do sleep 0.05; done; echo two"));
    }

    pub(crate) fn go(&self) {
        self.write("go", "");
    }

    /// A command of this computer, in the folder `storage`'s parent.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samepath"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("USER", "amick")
            .env("SAMEPATH_DATA", self.path("data"))
            .current_dir(&self.root)
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        run(&mut self.command(arguments))
    }

    /// With `--json` in front.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        self.run([&["--json"], arguments].concat())
    }

    /// In the background; ended when dropped.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        Process::start(&mut self.command(arguments))
    }

    /// A worker with the home's kinds, that sees its storages.
    pub(crate) fn worker(&self, name: &str) -> Process {
        self.worker_with(name, &[])
    }

    /// Likewise, with more arguments.
    pub(crate) fn worker_with(&self, name: &str, more: &[&str]) -> Process {
        let kinds = self.text("kinds");
        let mut worker = self.start(&[&["--json", "worker", "--name", name, "--kinds", &kinds], more].concat());
        let wanted = worker.until(|line| {
            let told: Value = serde_json::from_str(line).unwrap_or_default();
            let states = told["storages"].as_array().cloned().unwrap_or_default();
            let kinds = || told["kinds"].as_array().cloned().unwrap_or_default();
            states.iter().any(|storage| storage["state"] == "ready").then(kinds)
        });
        // A worker is told of only once everybody can know what it runs.
        let known = self.ask(&["kinds"]).good();
        let names: Vec<&Value> = known.as_array().expect("kinds").iter().map(|kind| &kind["name"]).collect();
        assert!(wanted.iter().all(|kind| names.contains(&kind)), "{wanted:?} are advertised, {names:?} are known");
        worker
    }

    pub(crate) fn job(&self, id: &str) -> Value {
        self.ask(&["jobs", id]).good()
    }

    /// Asks until a job is as it should be.
    #[track_caller]
    pub(crate) fn job_until(&self, id: &str, what: impl Fn(&Value) -> bool) -> Value {
        until(|| {
            let job = self.job(id);
            if what(&job) { Ok(job) } else { Err(format!("{job:#}")) }
        })
    }

    /// Submits without waiting; the job's id.
    #[track_caller]
    pub(crate) fn submit(&self, arguments: &[&str]) -> String {
        let job = self.ask(&[&["submit", "--detach"], arguments].concat()).good();
        job["id"].as_str().expect("an id").to_owned()
    }

    /// The lines of a job's log, whose numbers must have no gap.
    #[track_caller]
    pub(crate) fn log(&self, id: &str, more: &[&str]) -> Vec<String> {
        let answer = self.ask(&[&["logs", id], more].concat());
        assert_eq!(answer.status, Some(0), "{answer:?}");
        let lines = answer.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let text = |(number, line): (usize, Value)| {
            assert_eq!(line["seq"], json!(number), "the log has a gap: {answer:?}");
            line["text"].as_str().expect("text").to_owned()
        };
        lines.enumerate().map(text).collect()
    }

    /// Every file and folder below, by relative path.
    pub(crate) fn files(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(below)];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                found.push(path.strip_prefix(&self.root).expect("below").display().to_string());
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// Processes that belong to this computer: whose environment names its data folder.
    pub(crate) fn processes(&self) -> Vec<i32> {
        processes(&format!("SAMEPATH_DATA={}", self.text("data")))
    }

    /// Processes of a job's tools.
    pub(crate) fn tools(&self, id: &str) -> Vec<i32> {
        processes(&format!("SAMEPATH_ATTEMPT={id}"))
    }
}

/// Running processes with this at the beginning of a variable of their environment.
pub(crate) fn processes(variable: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir("/proc").expect("/proc").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|text| text.starts_with(variable.as_bytes())) {
            found.push(id);
        }
    }
    found
}

/// Tries until it works, or the deadline has passed.
#[track_caller]
pub(crate) fn until<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(last) if Instant::now() > end => panic!("not within {DEADLINE:?}: {last}"),
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// Runs a command to its end, or ends it at the deadline.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Answer {
    let mut process = Process::start(command);
    process.wait()
}

/// A process that is ended when it is no longer needed.
pub(crate) struct Process {
    child: Child,
    /// None when standard output is closed.
    lines: mpsc::Receiver<String>,
    errors: mpsc::Receiver<Vec<u8>>,
    seen: Vec<String>,
    status: Option<std::process::ExitStatus>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (out, mut err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        let (sender, errors) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = err.read(&mut bytes)
                && length > 0
                && sender.send(bytes[..length].to_vec()).is_ok()
            {}
        });
        Self { child, lines, errors, seen: Vec::new(), status: None }
    }

    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.child.id()).expect("an id")
    }

    /// Reads lines until one is what is looked for.
    #[track_caller]
    pub(crate) fn until<T>(&mut self, what: impl Fn(&str) -> Option<T>) -> T {
        self.until_or_end(what).unwrap_or_else(|| panic!("the line did not come; {:?}", self.end()))
    }

    /// Reads lines until one is what is looked for; none when standard output is closed before.
    #[track_caller]
    pub(crate) fn until_or_end<T>(&mut self, what: impl Fn(&str) -> Option<T>) -> Option<T> {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = what(&line);
                    self.seen.push(line);
                    if found.is_some() {
                        return found;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let answer = self.end();
                    panic!("the line did not come; {answer:?}");
                }
            }
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        if self.status.is_none() {
            send(self.id(), signal);
        }
    }

    /// Until it has ended by itself.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Answer {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child") {
                self.status = Some(status);
                return self.answer(Duration::from_secs(10));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let answer = self.end();
        panic!("still running after {DEADLINE:?}: {answer:?}");
    }

    /// Kills it, and takes what it said.
    pub(crate) fn end(&mut self) -> Answer {
        if self.status.is_none() {
            let _ = self.child.kill();
            self.status = self.child.wait().ok();
        }
        self.answer(Duration::from_millis(200))
    }

    /// Asks it to end, as Ctrl-C does, and waits.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) -> Answer {
        self.signal(rustix::process::Signal::INT);
        self.wait()
    }

    /// What it said; a guard that it started may hold its standard output and error open for longer than it lives.
    fn answer(&mut self, patience: Duration) -> Answer {
        let end = Instant::now() + patience;
        let left = || end.saturating_duration_since(Instant::now());
        let mut lines = std::mem::take(&mut self.seen);
        while let Ok(line) = self.lines.recv_timeout(left()) {
            lines.push(line);
        }
        let mut err = Vec::new();
        while let Ok(bytes) = self.errors.recv_timeout(left()) {
            err.extend(bytes);
        }
        Answer {
            status: self.status.and_then(|status| status.code()),
            out: lines.join("\n"),
            err: String::from_utf8_lossy(&err).into_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A signal to a process that this test started.
pub(crate) fn send(id: i32, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(id).expect("a process id");
    // It may have ended already.
    let _ = rustix::process::kill_process(id, signal);
}

impl Drop for Home {
    /// Nothing that was started here, or on another computer of its lab, stays: guards and tools of jobs are sessions of their own.
    fn drop(&mut self) {
        for id in processes(&format!("SAMEPATH_DATA={}/", self.root.display())) {
            send(id, rustix::process::Signal::KILL);
        }
    }
}
