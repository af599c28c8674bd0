use crate::display::Display;
use crate::driver::{Driver, wait_for};
use crate::open::{OpenWindow, runs};
use serde_json::{Value, json};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// One person's computer: a home with nothing in it, a display, and a folder that stands for the lab's mounted storage.
pub(crate) struct Desk {
    pub(crate) display: Display,
    folder: TempDir,
    dark: bool,
    /// What the window takes this computer's name for; none: as it is.
    computer: Option<&'static str>,
    /// Where programs of a desktop talk to one another; none: nowhere.
    bus: Option<String>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir().expect("a temporary folder");
        for name in ["home", "run", "bin", "vast", "scratch"] {
            fs::create_dir(folder.path().join(name)).expect("a temporary folder can be filled");
        }
        fs::set_permissions(folder.path().join("run"), Permissions::from_mode(0o700)).expect("its owner may do that");
        Self { display: Display::start(), folder, dark: false, computer: None, bus: None }
    }

    /// Likewise, with a dark desktop.
    pub(crate) fn dark() -> Self {
        Self { dark: true, ..Self::new() }
    }

    /// Likewise, of a computer of this name.
    pub(crate) fn called(self, computer: &'static str) -> Self {
        Self { computer: Some(computer), ..self }
    }

    /// Gives the desktop a message bus on which nobody answers, and writes down what is said there: to the file that this returns.
    pub(crate) fn add_message_bus(&mut self) -> PathBuf {
        let (config, said) = (self.sign("bus.conf"), self.sign("bus.txt"));
        let address = format!("unix:path={}", self.sign("bus").display());
        let rules = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\"><allow send_destination=\"*\" \
             eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        fs::write(&config, rules).expect("a temporary folder can be filled");
        let mut bus = self.command("dbus-daemon");
        bus.arg("--nofork").arg(format!("--config-file={}", config.display())).stdout(Stdio::null());
        self.display.start_in_group(bus);
        self.bus = Some(address);
        wait_for("the message bus", || self.sign("bus").exists().then_some(()));
        let mut monitor = self.command("dbus-monitor");
        monitor.arg("--session").stdout(File::create(&said).expect("a temporary folder can be filled"));
        self.display.start_in_group(monitor);
        wait_for("somebody who listens", || fs::read_to_string(&said).is_ok_and(|said| !said.is_empty()).then_some(()));
        said
    }

    /// The folder that stands for the mounted storage.
    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.path().join("vast").canonicalize().expect("it was made")
    }

    /// With the storage `vast`, and the real SLEAP project in it: where that is.
    pub(crate) fn with_maze() -> (Self, PathBuf) {
        let desk = Self::new();
        let maze = desk.add_maze();
        desk.write_config(&desk.vast());
        (desk, maze)
    }

    /// Copies the real SLEAP project into the storage.
    pub(crate) fn add_maze(&self) -> PathBuf {
        let to = self.storage().join("amick/maze");
        fs::create_dir_all(&to).expect("a temporary folder can be filled");
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/maze")).expect("test data") {
            let file = entry.expect("test data").path();
            fs::copy(&file, to.join(file.file_name().expect("a file has a name"))).expect("test data can be copied");
        }
        to
    }

    /// The configuration file. It need not be there.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("home/.sleap-rtc/config.toml")
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().expect("it has a folder")).expect("a temporary folder can be filled");
        fs::write(self.config(), text).expect("a temporary folder can be filled");
    }

    /// A folder that stands for another storage.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.storage().with_file_name("scratch")
    }

    /// A configuration with the storage `vast`, where this person's folder is `amick`.
    pub(crate) fn vast(&self) -> String {
        format!(
            "[storage.vast]\nbase_path = \"{}\"\nuser_subdir = \"amick\"\ndescription = \"Institutional VAST\"\n",
            self.storage().display()
        )
    }

    /// Opens the window.
    pub(crate) fn open(&self) -> OpenWindow<'_> {
        for _ in 0..3 {
            let port = Driver::free_port();
            let mut command = self.command_here("WebKitWebDriver");
            let said = File::create(self.said_in()).expect("a temporary folder can be filled");
            command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(said);
            self.display.start_in_group(command);
            if let Some(driver) = Driver::connect(port, Path::new(env!("CARGO_BIN_EXE_samepath-desktop"))) {
                return OpenWindow { driver, desk: self };
            }
        }
        panic!("WebKitWebDriver does not answer. {}", crate::display::INSTALL);
    }

    /// Starts the window as a person does, without a driver and without what makes tests fast; it is to open these. Its process's id.
    pub(crate) fn start(&self, files: &[&str]) -> u32 {
        self.start_program(env!("CARGO_BIN_EXE_samepath-desktop"), files)
    }

    /// Likewise, another program.
    pub(crate) fn start_program(&self, program: &str, arguments: &[&str]) -> u32 {
        self.display.start_in_group(self.plain(program, arguments)).0
    }

    /// Likewise, from this folder; ended by whoever has it.
    pub(crate) fn start_again(&self, from: &Path, files: &[&str]) -> Child {
        let mut command = self.plain(env!("CARGO_BIN_EXE_samepath-desktop"), files);
        command.current_dir(from).spawn().expect("it was built")
    }

    fn plain(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(program);
        command.env_remove("TAURI_WEBVIEW_AUTOMATION").env_remove("WEBKIT_DISABLE_DMABUF_RENDERER");
        let said = File::create(self.said_in()).expect("a temporary folder can be filled");
        command.args(arguments).stdout(Stdio::null()).stderr(said);
        command
    }

    /// The window that is open, as the display names it.
    pub(crate) fn window(&self) -> Option<String> {
        let ids = self.display.xdotool(&["search", "--onlyvisible", "--name", "^Samepath$"])?;
        ids.lines().last().map(str::to_owned)
    }

    /// Closes the window by the keyboard, as a person does, and waits until its process has ended.
    pub(crate) fn close_window(&self, process: u32) {
        wait_for("the window to close", || {
            let Some(id) = self.window() else { return (!runs(process)).then_some(()) };
            self.display.xdotool(&["windowactivate", "--sync", &id]);
            self.display.xdotool(&["key", "alt+F4"]);
            None
        });
    }

    /// Where the program keeps what is its own.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("home/samepath")
    }

    /// What the window keeps for its next start.
    pub(crate) fn kept(&self) -> Value {
        let text = fs::read_to_string(self.data().join("window.json")).expect("something was kept");
        serde_json::from_str(&text).expect("what is kept is JSON")
    }

    /// As if an earlier window had kept this.
    pub(crate) fn keep(&self, kept: &Value) {
        fs::create_dir_all(self.data()).expect("a temporary folder can be filled");
        fs::write(self.data().join("window.json"), kept.to_string()).expect("a temporary folder can be filled");
    }

    /// Runs the command line of the same person.
    pub(crate) fn samepath(&self, arguments: &[&str]) -> Output {
        let output = self.command_line().args(arguments).output().expect("it was built");
        assert!(output.status.success(), "samepath {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn command_line(&self) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_samepath-desktop")).with_file_name("samepath");
        assert!(program.exists(), "{} is missing: cargo build -p samepath-cli", program.display());
        self.command(&program.to_string_lossy())
    }

    /// Where another computer of the lab mounts the same storage.
    pub(crate) fn other_mount(&self) -> PathBuf {
        let mount = self.folder.path().canonicalize().expect("it was made").join("gpu-1/mnt/vast");
        if !mount.is_symlink() {
            fs::create_dir_all(mount.parent().expect("it has one")).expect("a temporary folder can be filled");
            symlink(self.storage(), &mount).expect("a temporary folder can be filled");
        }
        mount
    }

    /// Starts a worker of another computer, which has these storages at these paths. Its process's id.
    pub(crate) fn worker(&self, name: &str, storages: &[(&str, &Path)]) -> u32 {
        let config = self.folder.path().join(format!("{name}.toml"));
        let text =
            |(storage, path): &(&str, &Path)| format!("[storage.{storage}]\nbase_path = \"{}\"\n", path.display());
        fs::write(&config, storages.iter().map(text).collect::<String>()).expect("a temporary folder can be filled");
        let mut command = self.command_line();
        command
            .arg("--config")
            .arg(config)
            .args(["worker", "--name", name])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.display.start_in_group(command).0
    }

    /// Gives this computer's worker a job type of the lab's own: a shell script, which is handed the dataset and the results folder.
    /// The worker that is started next has it.
    pub(crate) fn add_kind(&self, name: &str, title: &str, script: &str) {
        self.add_kind_with(name, title, &[], script);
    }

    /// Likewise, with these parameters behind the two.
    pub(crate) fn add_kind_with(&self, name: &str, title: &str, more: &[Value], script: &str) {
        let kinds = self.folder.path().join("home/samepath/kinds");
        fs::create_dir_all(&kinds).expect("a temporary folder can be filled");
        let file = kinds.join(format!("{name}.sh"));
        fs::write(&file, script).expect("a temporary folder can be filled");
        let path = |name: &str, what: &str, flow: &str| json!({ "name": name, "type": "PATH", "objectType": what, "dataFlow": flow });
        let mut parameters = vec![path("LABELS", "FILE", "IN"), path("OUTPUT_DIR", "DIRECTORY", "OUT")];
        parameters.extend(more.iter().cloned());
        let values =
            parameters.iter().filter_map(|one| one["name"].as_str()).map(|name| format!("{{{{Param.{name}}}}}"));
        let arguments: Vec<String> = [file.display().to_string()].into_iter().chain(values).collect();
        let action = json!({
            "command": "sh", "args": arguments,
            "cancelation": { "mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 60 },
        });
        let template = json!({
            "specificationVersion": "jobtemplate-2023-09", "name": title, "parameterDefinitions": parameters,
            "steps": [{ "name": "run", "script": { "actions": { "onRun": action } } }],
        });
        fs::write(kinds.join(format!("{name}.json")), template.to_string()).expect("a temporary folder can be filled");
    }

    /// Puts a program before all others: a shell script.
    pub(crate) fn add_program(&self, name: &str, script: &str) {
        let file = self.folder.path().join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}")).expect("a temporary folder can be filled");
        fs::set_permissions(&file, Permissions::from_mode(0o700)).expect("its owner may do that");
    }

    /// Takes from this computer's worker the place where it keeps what it needs, so that it does not start.
    pub(crate) fn forbid_workers(&self) {
        let data = self.folder.path().join("home/samepath");
        fs::create_dir_all(&data).expect("a temporary folder can be filled");
        fs::write(data.join("workers"), "").expect("a temporary folder can be filled");
    }

    /// A file that only this test and its scripts know.
    pub(crate) fn sign(&self, name: &str) -> PathBuf {
        self.folder.path().join("run").join(name)
    }

    /// A script that works for as long as the test lets it, and no longer than the test: the file `step-N` ends its epoch N. Asked to
    /// stop, it saves.
    pub(crate) fn training(&self) -> String {
        format!(
            r#"trap 'echo saving; echo half > "$2/last.ckpt"; exit 0' INT
n=0
while [ $n -lt 10 ]; do
  n=$((n + 1))
  echo "openjd_progress: $((n * 10))"
  echo "openjd_status: epoch $n of 10"
  echo "samepath_metrics: {{\"run\": \"\", \"epoch\": $n, \"of\": 10, \"values\": {{\"train/loss\": 0.$((90 - n * 7)), \"val/loss\": 0.$((95 - n * 7))}}}}"
  echo "epoch $n: training loss 0.$((90 - n * 7)), validation loss 0.$((95 - n * 7))"
  until [ -e '{step}'"$n" ]; do
    [ -d '{folder}' ] || exit 1
    sleep 0.02
  done
done
"#,
            step = self.sign("step-").display(),
            folder = self.folder.path().display(),
        )
    }

    /// Ends an epoch of [`Desk::training`].
    pub(crate) fn end_epoch(&self, number: u32) {
        fs::write(self.sign(&format!("step-{number}")), "").expect("a temporary folder can be filled");
    }

    /// Likewise, where this computer has the name that it is called by.
    fn command_here(&self, program: &str) -> Command {
        let Some(computer) = self.computer else { return self.command(program) };
        let mut command = self.command("unshare");
        command.args([
            "--user",
            "--map-current-user",
            "--keep-caps",
            "--uts",
            "sh",
            "-c",
            "hostname \"$0\" && exec \"$@\"",
        ]);
        command.args([computer, program]);
        command
    }

    fn command(&self, program: &str) -> Command {
        let home = self.folder.path().join("home");
        let mut command = Command::new(program);
        command.env_clear().current_dir(&home).stdin(Stdio::null());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.folder.path().join("bin")].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(path).expect("no folder's name has a colon"));
        command.env("HOME", &home).env("USER", "amick").env("LANG", "C.UTF-8").env("TZ", "UTC");
        for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
            command.env(format!("XDG_{name}_HOME"), home.join(name.to_lowercase()));
        }
        command.env("XDG_RUNTIME_DIR", self.folder.path().join("run"));
        command.env("SAMEPATH_DATA", home.join("samepath"));
        command.env("DISPLAY", self.display.name()).env("GDK_BACKEND", "x11");
        command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        // No daemon of the desktop's is asked for anything: it would outlive the test.
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus.as_deref().unwrap_or("disabled:")).env("NO_AT_BRIDGE", "1");
        command.env("GSETTINGS_BACKEND", "memory").env("GTK_USE_PORTAL", "0");
        command.env("FONTCONFIG_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/window/fonts.conf"));
        if self.dark {
            command.env("GTK_THEME", "Adwaita:dark");
        }
        command
    }

    /// What driver and window wrote of what goes wrong, since either was started last.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.said_in()).unwrap_or_default()
    }

    fn said_in(&self) -> PathBuf {
        self.folder.path().join("said.txt")
    }
}
