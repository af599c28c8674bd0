//! A lab's hub, and computers of the lab that see one storage at paths of their own.

use super::{Answer, Home, Process, processes, run, until};
use rustix::process::Signal;
use samepath_testkit::nats_server;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::process::Command;

/// A lab's hub, on a computer that has the storage's files.
pub(crate) struct Lab {
    pub(crate) home: Home,
    pub(crate) listen: String,
    pub(crate) hub: RefCell<Option<Process>>,
    /// What the hub is started with besides.
    pub(crate) options: Cell<&'static [&'static str]>,
}

/// Another computer of the lab.
pub(crate) struct Computer<'a> {
    pub(crate) home: &'a Home,
    pub(crate) name: &'static str,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(options: &'static [&'static str]) -> Self {
        let lab = Self::at(Home::bare());
        lab.options.set(options);
        lab.start();
        lab
    }

    /// On this computer, without a hub that runs.
    pub(crate) fn at(home: Home) -> Self {
        home.waiting_kind();
        let listen = std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
        Self { home, listen: listen.to_string(), hub: RefCell::new(None), options: Cell::new(&[]) }
    }

    /// Of a hub that cannot start.
    pub(crate) fn try_to_start(&self) -> Answer {
        let server = nats_server().display().to_string();
        self.home.ask(&["hub", "--listen", &self.listen, "--name", "Talmo Lab", "--nats-server", &server])
    }

    pub(crate) fn start(&self) {
        let server = nats_server().display().to_string();
        let words = ["--json", "hub", "--listen", &self.listen, "--name", "Talmo Lab", "--nats-server", &server];
        let mut hub = self.home.start(&[&words, self.options.get()].concat());
        let told: Value = hub.until(|line| serde_json::from_str(line).ok());
        assert_eq!((&told["lab"], &told["address"]), (&json!("Talmo Lab"), &json!(self.listen)));
        self.hub.replace(Some(hub));
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&self) {
        if let Some(mut hub) = self.hub.take() {
            hub.signal(Signal::TERM);
            assert_eq!(hub.wait().status, Some(0));
        }
    }

    pub(crate) fn invite(&self, role: &str, name: &str) -> String {
        let told = self.home.ask(&["hub", "invite", role, name]).good();
        assert_eq!((&told["name"], &told["role"]), (&json!(name), &json!(role)));
        assert!(told["expires_at"].is_string());
        told["invitation"].as_str().expect("a line").to_owned()
    }

    /// A member's desk and a worker's computer, which have joined.
    pub(crate) fn joined(&self) -> (Computer<'_>, Computer<'_>) {
        let (desk, gpu) = (self.computer("desk"), self.computer("gpu-1"));
        desk.join(&self.invite("member", "amick"));
        gpu.join(&self.invite("worker", "gpu-1"));
        (desk, gpu)
    }

    /// A computer where the storage is mounted at a path of its own.
    pub(crate) fn computer(&self, name: &'static str) -> Computer<'_> {
        let computer = Computer { home: &self.home, name };
        let mount = self.home.path(&format!("{name}/mount/of/{name}"));
        fs_err::create_dir_all(mount.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(self.home.path("storage"), &mount).expect("a link");
        computer.home.write(
            &format!("{name}/home/.sleap-rtc/config.toml"),
            format!("# of {name}\n[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n", json!(mount)),
        );
        computer
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The server is the hub's to end.
        if let Some(mut hub) = self.hub.take().filter(|_| !std::thread::panicking()) {
            hub.signal(Signal::TERM);
            hub.wait();
        }
    }
}

impl Computer<'_> {
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.home.command([&["--json"], words].concat());
        command
            .env("HOME", self.home.path(&format!("{}/home", self.name)))
            .env("SAMEPATH_DATA", self.home.path(&format!("{}/data", self.name)));
        command
    }

    pub(crate) fn ask(&self, words: &[&str]) -> Answer {
        run(&mut self.command(words))
    }

    /// What it is told in words.
    pub(crate) fn says(&self, words: &[&str]) -> Answer {
        run(&mut self.in_words(words))
    }

    /// A command that answers in words.
    pub(crate) fn in_words(&self, words: &[&str]) -> Command {
        let mut command = self.home.command(words);
        for (name, folder) in [("HOME", "home"), ("SAMEPATH_DATA", "data")] {
            command.env(name, self.home.path(&format!("{}/{folder}", self.name)));
        }
        command
    }

    /// What its window would be started with.
    pub(crate) fn options(&self) -> samepath_app::Options {
        let folder = |name: &str| self.home.path(&format!("{}/{name}", self.name)).into_os_string();
        let variable = |name: &str| match name {
            "HOME" => Some(folder("home")),
            "SAMEPATH_DATA" => Some(folder("data")),
            "USER" => Some("somebody".into()),
            _ => None,
        };
        let mut options = samepath_app::Options::gather(variable, None, None, "0").expect("options");
        options.program = env!("CARGO_BIN_EXE_samepath").into();
        options
    }

    /// Processes of this computer: its worker, guards and helpers.
    pub(crate) fn processes(&self) -> Vec<i32> {
        processes(&format!("SAMEPATH_DATA={}", self.home.text(&format!("{}/data", self.name))))
    }

    pub(crate) fn join(&self, invitation: &str) -> Value {
        self.ask(&["join", invitation]).good()
    }

    pub(crate) fn config(&self) -> String {
        fs_err::read_to_string(self.home.path(&format!("{}/home/.sleap-rtc/config.toml", self.name))).expect("a file")
    }

    pub(crate) fn worker(&self) -> Process {
        self.worker_with(&[])
    }

    /// A worker that is told this as well.
    pub(crate) fn worker_with(&self, words: &[&str]) -> Process {
        let kinds = self.home.text("kinds");
        let mut worker = Process::start(&mut self.command(&[&["worker", "--kinds", &kinds], words].concat()));
        worker.until(|line| {
            let told: Value = serde_json::from_str(line).unwrap_or_default();
            let states = told["storages"].as_array().cloned().unwrap_or_default();
            states.iter().any(|storage| storage["state"] == "ready").then_some(())
        });
        worker
    }

    pub(crate) fn job_until(&self, id: &str, what: impl Fn(&Value) -> bool) -> Value {
        until(|| {
            let job = self.ask(&["jobs", id]).good();
            if what(&job) { Ok(job) } else { Err(format!("{job:#}")) }
        })
    }
}
