use crate::desk::{Desk, OpenWindow, pictures};
use crate::driver::wait_for;
use crate::jobs::submit;
use samepath_testkit::FuseMount;
use std::fs;

/// Fewer, and it is a blank page with perhaps a title.
const LEAST: usize = 40;

#[test]
fn every_page_can_be_looked_at_in_the_light() {
    every_page(&Desk::new(), "light");
}

#[test]
fn every_page_can_be_looked_at_in_the_dark() {
    every_page(&Desk::dark(), "dark");
}

#[test]
fn a_computer_without_a_worker_can_be_looked_at() {
    for (desk, shade) in [(Desk::new(), "light"), (Desk::dark(), "dark")] {
        desk.forbid_workers();
        let window = desk.open();
        window.go("Workers");
        take(&window, shade, "workers-empty", "No worker is online");
        window.go("Jobs");
        take(&window, shade, "jobs-no-worker", "No jobs yet");
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

fn every_page(desk: &Desk, shade: &str) {
    desk.add_kind("train", "Train a model", &desk.training());
    desk.add_kind("export", "Export a model", "echo reading >&2\necho 'cuDNN: no device was found' >&2\nexit 3\n");
    let window = desk.open();
    let dark = window.script("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(dark, shade == "dark", "the page does not follow the desktop");
    take(&window, shade, "setup-lab", "Where do your jobs run?");
    window.click("button", "Continue");
    window.wait_for_element("button", "Check again");
    take(&window, shade, "setup-storage", "Where is the lab’s storage on this computer?");
    window.go("Storage");
    take(&window, shade, "storage-empty", "No storage yet");
    window.go("New job");
    take(&window, shade, "new-job-empty", "Drop a SLEAP project here");
    window.go("Jobs");
    take(&window, shade, "jobs-empty", "No jobs yet");

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
    take(&window, shade, "storage", "Institutional VAST");
    window.go("New job");
    window.fill("Path of the dataset", maze.to_str().expect("a path that can be typed"));
    window.click("button", "Open");
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text_in("region", "Who can run this", "gpu-3 its vast is read-only");
    take(&window, shade, "new-job", "Ready. ");
    window.choose("Job type", "SLEAP training · no worker online");
    take(&window, shade, "new-job-training", "Then predict");
    submit(&window, &maze, "Check a SLEAP project", "maze day 2 · check");
    window.wait_for_text_in("table", "Jobs", "Done");
    take(&window, shade, "jobs", "What happened");
    window.click("tab", "Results");
    window.wait_for_text("1 of 1 video seen");
    take(&window, shade, "jobs-results", "cam0.mp4");
    submit(&window, &maze, "Export a model", "maze day 2 · export");
    take(&window, shade, "job-failed", "ended with code 3");

    submit(&window, &maze, "Train a model", "maze day 3");
    for epoch in 1..=5 {
        desk.end_epoch(epoch);
    }
    window.wait_for_text_in("table", "Jobs", "60 %");
    take(&window, shade, "job-running", "epoch 6 of 10");
    window.click("tab", "Log");
    window.wait_for_text_in("log", "Log", "epoch 6");
    take(&window, shade, "job-log", "Copy all");
    window.click("button", "Stop…");
    take(&window, shade, "job-stop", "Results so far stay.");
    window.click("button", "Go on running");
    window.go("Workers");
    window.wait_for_text_in("table", "Workers", "maze day 3");
    take(&window, shade, "workers", "read-only");
    window.click("cell", "gpu-1");
    take(&window, shade, "worker", "Use for my next job");
    (6..=10).for_each(|epoch| desk.end_epoch(epoch));
    window.go("Settings");
    take(&window, shade, "settings", "config.toml");

    // What goes wrong, too: a storage that is not mounted, and one that is not written down well.
    fs::remove_dir_all(desk.scratch()).expect("a temporary folder can be emptied");
    desk.write_config(&format!("{both}\n[storage.archive]\ntype = \"smb\"\n"));
    window.go("Storage");
    window.wait_for_text("archive");
    window.click("button", "Check now");
    window.wait_for_text_in("article", "scratch", "missing");
    take(&window, shade, "storage-trouble", "archive");
    window.go("New job");
    take(&window, shade, "new-job-trouble", "scratch is not there");
}

/// Two pictures of what is shown, as large as the window begins and small.
fn take(window: &OpenWindow<'_>, shade: &str, name: &str, text: &str) {
    window.wait_for_text(text);
    for size in [(900, 600), (1280, 800)] {
        let file = pictures().join(format!("{name}-{shade}-{}.png", size.0));
        let picture = window.picture(size);
        let beyond = window.script("return document.scrollingElement.scrollHeight - innerHeight");
        assert_eq!(beyond, 0, "the window itself scrolls in {}", file.display());
        picture.write(&file);
        assert!(picture.has_more_colours_than(LEAST), "{} is blank", file.display());
    }
}
