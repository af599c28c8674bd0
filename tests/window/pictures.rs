use crate::desk::{Desk, OpenWindow, pictures};
use crate::display::colours;
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

    let maze = full.add_maze();
    let gone = full.storage().with_file_name("scratch");
    full.write_config(&format!(
        "{}\n[storage.scratch]\nbase_path = \"{}\"\ndescription = \"Fast scratch\"\n",
        full.vast(),
        gone.display()
    ));
    let window = full.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    take(&window, shade, "storage", "Fast scratch");
    window.go("New job");
    window.fill("Path of the dataset", maze.join("labels.slp").to_str().unwrap());
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
}

/// Two pictures of what is shown, as large as the window begins and small.
fn take(window: &OpenWindow<'_>, shade: &str, name: &str, text: &str) {
    window.wait_for_text(text);
    for size in [(900, 600), (1280, 800)] {
        let file = pictures().join(format!("{name}-{shade}-{}.png", size.0));
        fs::write(&file, window.picture(size)).unwrap();
        let colours = colours(&file);
        assert!(colours > LEAST, "{} has {colours} colours: it is blank", file.display());
    }
}
