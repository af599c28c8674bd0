use crate::desk::{Desk, OpenWindow, pictures};
use crate::display::colours;
use crate::driver::wait_for;
use std::fs;

/// Fewer, and it is a blank page with perhaps a title.
const LEAST: usize = 40;

#[test]
fn every_page_can_be_looked_at_in_the_light() {
    every_page(&Desk::new(), &Desk::new(), "light");
}

#[test]
fn every_page_can_be_looked_at_in_the_dark() {
    every_page(&Desk::dark(), &Desk::dark(), "dark");
}

#[test]
fn the_window_paints_without_a_driver_too() {
    let desk = Desk::new();
    desk.start();
    let file = pictures().join("first.png");
    wait_for("a window that is not blank", || {
        fs::write(&file, desk.display.picture(None).ok()?).ok()?;
        (colours(&file) > LEAST).then_some(())
    });
}

fn every_page(empty: &Desk, full: &Desk, shade: &str) {
    let window = empty.open();
    let dark = window.script("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(dark, shade == "dark", "the page does not follow the desktop");
    window.wait_for_text("No storage yet");
    take(&window, shade, "storage-empty", "Add storage…");
    window.go("New job");
    take(&window, shade, "new-job-empty", "Drop a SLEAP project here");
    window.go("Jobs");
    take(&window, shade, "jobs-empty", "No jobs yet");
    drop(window);

    let maze = full.add_maze().join("labels.slp");
    fs::write(full.scratch().join("notes.txt"), "A storage that is mounted is not empty.").expect("a temporary folder");
    let both = format!("{}\n[storage.scratch]\nbase_path = \"{}\"\n", full.vast(), full.scratch().display());
    full.write_config(&both);
    let window = full.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    window.wait_for_text_in("article", "scratch", "ready");
    take(&window, shade, "storage", "Institutional VAST");
    window.go("New job");
    window.fill("Path of the dataset", maze.to_str().expect("a path that can be typed"));
    window.click("button", "Open");
    window.wait_for_text("Ready. ");
    take(&window, shade, "new-job", "labels.slp");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    take(&window, shade, "jobs", "What happened");
    window.click("tab", "Results");
    window.wait_for_text("1 of 1 video seen");
    take(&window, shade, "jobs-results", "cam0.mp4");
    window.go("Workers");
    window.wait_for_text("this computer");
    take(&window, shade, "workers", "vast");
    window.go("Settings");
    take(&window, shade, "settings", "config.toml");

    // What goes wrong, too: a storage that is not mounted, and one that is not written down well.
    fs::remove_dir_all(full.scratch()).expect("a temporary folder can be emptied");
    full.write_config(&format!("{both}\n[storage.archive]\ntype = \"smb\"\n"));
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
        fs::write(&file, window.picture(size)).expect("the build's folder can be written to");
        let colours = colours(&file);
        assert!(colours > LEAST, "{} has {colours} colours: it is blank", file.display());
    }
}
