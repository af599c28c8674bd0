use crate::desk::Desk;
use crate::driver::wait_for;
use crate::kept::Kept;
use crate::native::choose;
use crate::open::{OpenWindow, pictures};
use samepath_testkit::FuseMount;
use serde_json::json;
use std::fs;

/// Fewer, and it is a blank page with perhaps a title.
const LEAST: usize = 40;
/// Which computer it is says every page, and some sort by it.
const COMPUTER: &str = "ws-1";

#[test]
fn every_page_can_be_looked_at_in_the_light() {
    every_page(&Desk::new().called(COMPUTER), &["light"]);
}

#[test]
fn every_page_can_be_looked_at_in_the_dark() {
    every_page(&Desk::dark().called(COMPUTER), &["dark"]);
}

/// As the demonstration takes its time, one window is looked at in both.
#[test]
fn every_step_of_setting_up_can_be_looked_at() {
    let desk = Desk::new().called(COMPUTER);
    desk.add_maze();
    let window = desk.open();
    let mut album = Album::of(&window, &["light", "dark"]);
    window.wait_for_text("Where do your jobs run?");
    window.click_beginning("radio", "In my lab");
    // Of a server that nobody has at this address.
    let invitation = json!({
        "lab": "Talmo Lab", "server": "localhost:9", "server_key": "ab".repeat(32), "part": "member", "name": "amick",
        "expires_at": "2099-11-29T09:00:00Z", "user_subdir": "amick", "read": ["shared"], "token": "0123",
    });
    let line = window.script(&format!(
        "return 'samepath:' + btoa('{invitation}').replace(/=+$/, '').replace(/\\+/g, '-').replace(/\\//g, '_')"
    ));
    window.fill("Invitation", line.as_str().expect("a line"));
    window.wait_for_text("you join as amick");
    window.click("button", "Join and restart Samepath");
    album.take("setup-join", "Continue; join later");

    window.click_beginning("radio", "Show me first");
    window.click("button", "Continue");
    album.take("setup-show", "Nothing of this was kept.");
    window.click("button", "Back");
    window.click_beginning("radio", "On this computer");

    desk.worker("gpu-1", &[("vast", &desk.other_mount())]);
    desk.worker("gpu-2", &[("scratch", &desk.scratch())]);
    window.go("Workers");
    window.wait_for_text_in("table", "Workers", "gpu-1");
    window.wait_for_text_in("table", "Workers", "gpu-2");
    window.click("button", "Finish setup");
    window.click("button", "Continue");
    window.wait_for_text("scratch");
    album.take("setup-storage-lab", "Ask your lab how to connect to scratch and vast.");
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &desk.storage());
    album.take("setup-folder", "your login");
    window.click("button", "Continue");
    album.take("setup-check", "found the test file");
    window.click("button", "Use this storage");
    album.take("setup-ready", "1 worker shares vast with this computer.");
    album.kept.end();
}

#[test]
fn a_computer_without_a_worker_can_be_looked_at() {
    for (desk, shades) in [(Desk::new(), &["light"]), (Desk::dark(), &["dark"])] {
        let desk = desk.called(COMPUTER);
        desk.forbid_workers();
        let window = desk.open();
        let mut album = Album::of(&window, shades);
        window.go("Workers");
        album.take("workers-empty", "This computer runs no jobs now");
        window.go("Jobs");
        album.take("jobs-no-worker", "No jobs yet");
        album.kept.end();
    }
}

#[test]
fn the_window_paints_without_a_driver_too() {
    let desk = Desk::new();
    desk.start(&[]);
    wait_for("a window that is not blank", || {
        let picture = desk.display.picture(None);
        let painted = picture.has_more_colours_than(LEAST);
        painted.then(|| picture.write(&pictures().join("first.png")))
    });
}

fn every_page(desk: &Desk, shades: &'static [&'static str]) {
    desk.add_kind("train", "Train a model", &desk.training());
    desk.add_kind("export", "Export a model", "echo reading >&2\necho 'cuDNN: no device was found' >&2\nexit 3\n");
    let window = desk.open();
    let mut album = Album::of(&window, shades);
    let dark = window.script("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(dark, shades == ["dark"], "the page does not follow the desktop");
    album.take("setup-lab", "Where do your jobs run?");
    window.click_beginning("radio", "On this computer");
    window.click("button", "Continue");
    window.wait_for_element("button", "Check again");
    album.take("setup-storage", "Where is your storage on this computer?");
    window.go("Storage");
    album.take("storage-empty", "No storage yet");
    window.go("New job");
    album.take("new-job-empty", "Drop a SLEAP project (.slp), videos or a folder");
    window.go("Jobs");
    album.take("jobs-empty", "No jobs yet");

    let read_only = FuseMount::read_only(&[("amick/readme.txt", "")]);
    let maze = desk.add_maze().join("labels.slp");
    fs::write(desk.scratch().join("notes.txt"), "A storage that is mounted is not empty.").expect("a temporary folder");
    let both = format!("{}\n[storage.scratch]\nbase_path = \"{}\"\n", desk.vast(), desk.scratch().display());
    desk.write_config(&both);
    desk.worker("gpu-1", &[("vast", &desk.other_mount()), ("scratch", &desk.scratch())]);
    desk.worker("gpu-2", &[("scratch", &desk.scratch())]);
    desk.worker("gpu-3", &[("vast", read_only.path())]);
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    window.wait_for_text_in("article", "scratch", "3 workers have it");
    album.take("storage", "Institutional VAST");
    window.go("New job");
    window.open_dataset(&maze);
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text_in("region", "Who can run this", "gpu-3 its vast is read-only");
    album.take("new-job", "Ready. ");
    window.choose("Job type", "SLEAP training · no online worker has it");
    album.take("new-job-training", "Submit and it waits");
    window.submit_to("gpu-1", &maze, "Check a SLEAP project", "maze day 2 · check");
    window.wait_for_text_in("table", "Jobs", "Done");
    album.take("jobs", "What happened");
    window.click("tab", "Results");
    window.wait_for_text("1 of 1 video seen");
    album.take("jobs-results", "cam0.mp4");
    window.submit_to("gpu-1", &maze, "Export a model", "maze day 2 · export");
    album.take("job-failed", "ended with code 3");

    window.submit_to("gpu-1", &maze, "Train a model", "maze day 3");
    for epoch in 1..=5 {
        desk.end_epoch(epoch);
    }
    window.wait_for_text_in("table", "Jobs", "6/10");
    album.take("job-running", "epoch 6 of 10");
    window.click("tab", "Log");
    window.wait_for_text_in("log", "Log", "epoch 6");
    album.take("job-log", "Copy all");
    window.click("button", "Stop…");
    album.take("job-stop", "Results so far stay.");
    window.click("button", "Go on running");
    window.go("Workers");
    window.wait_for_text_in("table", "Workers", "maze day 3");
    album.take("workers", "read-only");
    window.click("cell", "gpu-1");
    album.take("worker", "Use for my next job");
    (6..=10).for_each(|epoch| desk.end_epoch(epoch));
    window.go("Settings");
    album.take("settings", "config.toml");

    // What goes wrong, too: a storage that is not mounted, and one that is not written down well.
    fs::remove_dir_all(desk.scratch()).expect("a temporary folder can be emptied");
    desk.write_config(&format!("{both}\n[storage.archive]\ntype = \"smb\"\n"));
    window.go("Storage");
    window.wait_for_text("archive");
    window.click("button", "Check now");
    window.wait_for_text_in("article", "scratch", "workers can use it");
    album.take("storage-trouble", "archive");
    window.go("New job");
    album.take("new-job-trouble", "scratch is not there");
    album.kept.end();
}

/// Takes the pages of one test, as large as the window begins and small.
struct Album<'w> {
    window: &'w OpenWindow<'w>,
    /// In which the page is looked at; where they are several, it is told which.
    shades: &'static [&'static str],
    kept: Kept,
}

impl<'w> Album<'w> {
    fn of(window: &'w OpenWindow<'w>, shades: &'static [&'static str]) -> Self {
        // From the first look on no scroll bar is drawn that would fade in a later one.
        window.hold_still();
        Self { window, shades, kept: Kept::new(window) }
    }

    /// What is shown, once it says this, is to look as it does in the pictures that are kept.
    fn take(&mut self, name: &str, text: &str) {
        self.window.wait_for_text(text);
        for size in [(900, 600), (1280, 800)] {
            for shade in self.shades {
                if self.shades.len() > 1 {
                    let is_dark = *shade == "dark";
                    self.window.script(&format!("document.documentElement.toggleAttribute('data-dark', {is_dark})"));
                }
                let name = format!("{name}-{shade}-{}.png", size.0);
                let picture = self.window.picture(size);
                let beyond = self.window.script("return document.scrollingElement.scrollHeight - innerHeight");
                assert_eq!(beyond, 0, "the window itself scrolls in {name}");
                picture.write(&pictures().join(&name));
                assert!(picture.has_more_colours_than(LEAST), "{name} is blank");
                self.kept.see(&name, &picture);
            }
        }
    }
}
