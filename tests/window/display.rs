use crate::picture::Picture;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// What `tests/setup test` installs.
pub(crate) const INSTALL: &str = "Run `tests/setup test` to install what these tests need.";

/// A display of its own, with a window manager, and the process group of all that is started on it.
///
/// The group's leader waits for the end of its input, which comes when this value is dropped or this process dies, and then kills
/// the group, itself included.
pub(crate) struct Display {
    leader: Child,
    children: RefCell<Vec<Child>>,
    name: String,
    /// What Xvfb draws is in a file here.
    memory: TempDir,
}

impl Display {
    pub(crate) fn start() -> Self {
        let leader = Command::new("sh")
            .args(["-c", "read _; kill -KILL 0"])
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let memory = tempfile::Builder::new().prefix("display-").tempdir().expect("a temporary folder");
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset", "-nocursor"]);
        xvfb.arg("-fbdir").arg(memory.path());
        let mut this = Self { leader, children: RefCell::default(), name: String::new(), memory };
        xvfb.stdout(Stdio::piped()).stderr(Stdio::null());
        let number = this.start_in_group(xvfb).1.expect("its output was asked for");
        let mut line = String::new();
        BufReader::new(number).read_line(&mut line).expect("Xvfb says its display's number");
        assert!(!line.trim().is_empty(), "Xvfb ended without a display. {INSTALL}");
        this.name = format!(":{}", line.trim());
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/window/openbox.xml");
        let mut openbox = this.command("openbox");
        openbox.args(["--config-file", rules]).stdout(Stdio::null()).stderr(Stdio::null());
        this.start_in_group(openbox);
        this
    }

    /// The variable `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts a program that ends with this display, whatever it starts itself included. Its id, and what it prints, if it was
    /// asked for.
    pub(crate) fn start_in_group(&self, mut command: Command) -> (u32, Option<ChildStdout>) {
        command.process_group(i32::try_from(self.leader.id()).expect("a process id fits"));
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}. {INSTALL}", command.get_program().display()));
        let started = (child.id(), child.stdout.take());
        self.children.borrow_mut().push(child);
        started
    }

    /// What `xdotool` answers; none where it finds nothing.
    pub(crate) fn xdotool(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.command("timeout");
        let output = command.args(["20", "xdotool"]).args(arguments).output().expect("coreutils' timeout is there");
        assert!(output.status.code() != Some(127), "xdotool is missing. {INSTALL}");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What is on the display, native dialogs included; of the given size from the upper left corner, or all of it.
    pub(crate) fn picture(&self, size: Option<(u32, u32)>) -> Picture {
        Picture::read(&self.memory.path().join("Xvfb_screen0"), size)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).stdin(Stdio::null());
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        for child in self.children.get_mut().iter_mut().chain([&mut self.leader]) {
            // Killed by its leader, as was the leader by itself.
            let _ = child.wait();
        }
    }
}
