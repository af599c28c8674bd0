use crate::display::Display;
use crate::driver::{Driver, wait_for};
use serde_json::json;
use std::fs::{self, File, Permissions};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use tempfile::TempDir;

/// One person's computer: a home with nothing in it, a display, and a folder that stands for the lab's mounted storage.
pub(crate) struct Desk {
    pub(crate) display: Display,
    folder: TempDir,
    dark: bool,
}

/// The open window on a desk. Whoever drops it closes it.
pub(crate) struct OpenWindow<'desk> {
    driver: Driver,
    desk: &'desk Desk,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir().expect("a temporary folder");
        for name in ["home", "run", "vast", "scratch"] {
            fs::create_dir(folder.path().join(name)).expect("a temporary folder can be filled");
        }
        fs::set_permissions(folder.path().join("run"), Permissions::from_mode(0o700)).expect("its owner may do that");
        Self { display: Display::start(), folder, dark: false }
    }

    /// Likewise, with a dark desktop.
    pub(crate) fn dark() -> Self {
        Self { dark: true, ..Self::new() }
    }

    /// The folder that stands for the mounted storage.
    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.path().join("vast").canonicalize().expect("it was made")
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
            let mut command = self.command("WebKitWebDriver");
            let said = File::create(self.said()).expect("a temporary folder can be filled");
            command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(said);
            self.display.start_in_group(command);
            if let Some(driver) = Driver::connect(port, Path::new(env!("CARGO_BIN_EXE_samepath-desktop"))) {
                return OpenWindow { driver, desk: self };
            }
        }
        panic!("WebKitWebDriver does not answer. {}", crate::display::INSTALL);
    }

    /// Starts the window as a person does, without a driver and without what makes tests fast.
    pub(crate) fn start(&self) {
        let mut command = self.command(env!("CARGO_BIN_EXE_samepath-desktop"));
        command.env_remove("TAURI_WEBVIEW_AUTOMATION").env_remove("WEBKIT_DISABLE_DMABUF_RENDERER");
        let said = File::create(self.said()).expect("a temporary folder can be filled");
        command.stdout(Stdio::null()).stderr(said);
        self.display.start_in_group(command);
    }

    /// Runs the command line of the same person.
    pub(crate) fn samepath(&self, arguments: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_samepath-desktop")).with_file_name("samepath");
        assert!(program.exists(), "{} is missing: cargo build -p samepath-cli", program.display());
        let output = self.command(&program.to_string_lossy()).args(arguments).output().expect("it was built");
        assert!(output.status.success(), "samepath {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn command(&self, program: &str) -> Command {
        let home = self.folder.path().join("home");
        let mut command = Command::new(program);
        command.env_clear().current_dir(&home).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &home).env("USER", "amick").env("LANG", "C.UTF-8").env("TZ", "UTC");
        for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
            command.env(format!("XDG_{name}_HOME"), home.join(name.to_lowercase()));
        }
        command.env("XDG_RUNTIME_DIR", self.folder.path().join("run"));
        command.env("SAMEPATH_DATA", home.join("samepath"));
        command.env("DISPLAY", self.display.name()).env("GDK_BACKEND", "x11");
        command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        // No daemon of the desktop's is asked for anything: it would outlive the test.
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:").env("NO_AT_BRIDGE", "1");
        command.env("GSETTINGS_BACKEND", "memory").env("GTK_USE_PORTAL", "0");
        if self.dark {
            command.env("GTK_THEME", "Adwaita:dark");
        }
        command
    }

    /// Where the driver and the window write what goes wrong.
    fn said(&self) -> PathBuf {
        self.folder.path().join("said.txt")
    }
}

impl Deref for OpenWindow<'_> {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

impl OpenWindow<'_> {
    /// Makes the window this large, in the upper left corner.
    fn resize(&self, (width, height): (u32, u32)) {
        let display = &self.desk.display;
        let id = display.xdotool(&["search", "--onlyvisible", "--name", "^Samepath$"]).expect("the window is there");
        let id = id.lines().last().expect("xdotool found it");
        display.xdotool(&["windowsize", id, &width.to_string(), &height.to_string()]);
        let size = json!([width, height]);
        wait_for(&format!("a window of {size}"), || {
            (self.script("return [innerWidth, innerHeight]") == size).then_some(())
        });
    }

    /// What the window shows in this size, once it has come to rest.
    pub(crate) fn picture(&self, size: (u32, u32)) -> Vec<u8> {
        self.resize(size);
        let take = || self.desk.display.picture(Some(size)).unwrap_or_else(|error| panic!("{error}"));
        let mut before = take();
        wait_for("a window at rest", || {
            let now = take();
            let rests = now == before;
            before = now;
            rests.then(|| before.clone())
        })
    }

    /// What a person at this desk sees, for whoever has to find out why a test failed.
    fn tell(&self) {
        let name = thread::current().name().unwrap_or("a_test").replace("::", "-");
        let file = pictures().join(format!("failed-{name}.png"));
        // Another panic here would end the process without a word.
        let _ = self.desk.display.picture(None).map(|picture| fs::write(&file, picture));
        let said = fs::read_to_string(self.desk.said()).unwrap_or_default();
        eprintln!("The window is shown in {}. It says:\n{}\n{said}", file.display(), self.driver.text());
    }
}

impl Drop for OpenWindow<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.tell();
        }
    }
}

/// Where the pictures go.
pub(crate) fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures");
    fs::create_dir_all(&folder).expect("the build's folder can be written to");
    folder
}
