use crate::desk::Desk;
use crate::driver::{Driver, wait_for};
use crate::picture::Picture;
use serde_json::json;
use std::fs;
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// For a page to come to rest, on a computer that is quick enough.
const REST: Duration = Duration::from_secs(5);

/// The open window on a desk. Whoever drops it closes it.
pub(crate) struct OpenWindow<'desk> {
    pub(crate) driver: Driver,
    pub(crate) desk: &'desk Desk,
}

impl Deref for OpenWindow<'_> {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

impl OpenWindow<'_> {
    /// Closes the window by the keyboard, as a person does.
    pub(crate) fn close(&self) {
        let (display, id) = (&self.desk.display, self.id());
        display.xdotool(&["windowactivate", "--sync", &id]);
        display.xdotool(&["key", "alt+F4"]);
    }

    /// Likewise, and waits until its program has ended.
    pub(crate) fn quit(self) {
        let process = self.process();
        self.close();
        until_ended(process);
    }

    /// Presses keys, one after the other, as `xdotool` calls them.
    pub(crate) fn press(&self, keys: &[&str]) {
        let display = &self.desk.display;
        display.xdotool(&["windowactivate", "--sync", &self.id()]);
        for key in keys {
            display.xdotool(&["key", key]);
        }
    }

    /// Opens a dataset by its path, where a new job begins.
    pub(crate) fn open_dataset(&self, dataset: &Path) {
        self.fill("Path of the dataset", dataset.to_str().expect("a path that can be typed"));
        self.click("button", "Open");
    }

    /// Opens a dataset, chooses a job type, and submits it under this name. The job is shown then.
    pub(crate) fn submit(&self, dataset: &Path, kind: &str, name: &str) {
        self.submit_to("any worker", dataset, kind, name);
    }

    /// Likewise, for one worker.
    pub(crate) fn submit_to(&self, worker: &str, dataset: &Path, kind: &str, name: &str) {
        // Where it is open already, its button begins anew.
        if !self.has("region", "New job") {
            self.go("New job");
        }
        if self.has("button", "New job") && !self.has("textbox", "Path of the dataset") && !self.has("textbox", "Name")
        {
            self.click("button", "New job");
        }
        if !self.has("textbox", "Name") {
            self.open_dataset(dataset);
        }
        self.choose("Job type", kind);
        if worker != "any worker" {
            self.choose("Run on", worker);
        }
        self.fill("Name", name);
        self.wait_for_text("Ready. ");
        self.click("button", "Submit");
        self.click("button", "Show job");
        self.wait_for_element("region", &format!("Job {name}"));
    }

    /// The program's process.
    pub(crate) fn process(&self) -> u32 {
        let id = self.desk.display.xdotool(&["getwindowpid", &self.id()]).expect("a window says whose it is");
        id.parse().expect("a process id")
    }

    /// The window, as the display names it.
    fn id(&self) -> String {
        self.desk.window().expect("the window is there")
    }

    /// Makes the window this large, in the upper left corner.
    pub(crate) fn resize(&self, (width, height): (u32, u32)) {
        let display = &self.desk.display;
        display.xdotool(&["windowsize", &self.id(), &width.to_string(), &height.to_string()]);
        let size = json!([width, height]);
        wait_for(&format!("a window of {size}"), || {
            (self.script("return [innerWidth, innerHeight]") == size).then_some(())
        });
    }

    /// Has the window say alike, from now on, what differs from run to run. Whether it is at rest.
    pub(crate) fn hold_still(&self) -> bool {
        self.script(include_str!("still.js")) == true
    }

    /// What the window shows in this size, once it has come to rest: with what differs from run to run said alike. On a computer that
    /// is too slow to see it at rest between two seconds, what it shows then.
    pub(crate) fn picture(&self, size: (u32, u32)) -> Picture {
        self.resize(size);
        self.point_at_nothing();
        let until = Instant::now() + REST;
        let mut before = None;
        loop {
            let still = self.hold_still();
            let now = self.desk.display.picture(Some(size));
            if (still && before.as_ref() == Some(&now)) || Instant::now() >= until {
                return now;
            }
            before = still.then_some(now);
        }
    }

    /// What a person at this desk sees, for whoever has to find out why a test failed.
    fn tell(&self) {
        let name = thread::current().name().unwrap_or("a_test").replace("::", "-");
        let file = pictures().join(format!("failed-{name}.png"));
        // Another panic that leaves this place would end the process without a word.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| self.desk.display.picture(None).write(&file)));
        let said = self.desk.said();
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

/// Whether a process of this computer still runs. One that has ended and that nobody asked about yet does not.
pub(crate) fn runs(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits until a program has ended.
pub(crate) fn until_ended(process: u32) {
    wait_for("the program to end", || (!runs(process)).then_some(()));
}

/// Where the pictures go.
pub(crate) fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures");
    fs::create_dir_all(&folder).expect("the build's folder can be written to");
    folder
}
