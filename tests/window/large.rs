//! Text as large as it can be, in a window as small as the pages are made for.

use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use crate::open::OpenWindow;
use serde_json::json;

/// All that the page says can be read.
fn fits(window: &OpenWindow<'_>, page: &str) {
    let wrong = window.script(include_str!("fits.js"));
    assert_eq!(wrong, json!([]), "{page}");
}

fn large(desk: &Desk) -> OpenWindow<'_> {
    let window = desk.open();
    window.resize((900, 600));
    window.go("Settings");
    window.choose("Text size", "200 %");
    fits(&window, "Settings");
    window
}

#[test]
fn a_computer_is_set_up_in_the_largest_letters() {
    let desk = Desk::new();
    desk.add_maze();
    desk.worker("gpu-1", &[("vast", &desk.other_mount())]);
    let window = large(&desk);
    window.go("Workers");
    wait_for("the other worker", || window.row("Workers", "gpu-1"));
    fits(&window, "Workers");
    window.click("button", "Finish setup");
    window.click_beginning("radio", "In my lab");
    window.fill("Invitation", "samepath:half");
    window.click("button", "Join and restart Samepath");
    window.wait_for_text("This is not a whole invitation.");
    fits(&window, "Your lab");
    window.click_beginning("radio", "On this computer");
    window.click("button", "Continue");
    window.wait_for_text("Ask your lab how to connect to vast.");
    fits(&window, "Storage");
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &desk.storage());
    window.wait_for_text("amick your login");
    fits(&window, "Your folder");
    window.click("button", "Continue");
    window.wait_for_text("gpu-1 found the test file");
    fits(&window, "Check");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "vast");
    fits(&window, "Ready");
}

#[test]
fn a_job_is_submitted_and_its_results_read_in_the_largest_letters() {
    let (desk, maze) = Desk::with_maze();
    let desk = desk.called("ws-1");
    desk.add_kind("train", "Train a model", &desk.training());
    let window = large(&desk);
    window.go("New job");
    fits(&window, "New job, empty");
    window.open_dataset(&maze.join("labels.slp"));
    window.click("button", "Videos (1)");
    window.choose("Job type", "SLEAP training · not on this computer");
    window.wait_for_text("Submit and it waits");
    fits(&window, "New job, which waits");
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text("Ready. ");
    fits(&window, "New job");
    window.fill("Name", "maze day 2");
    window.click("button", "Submit");
    window.wait_for_element("button", "Show job");
    fits(&window, "New job, submitted");
    window.click("button", "Show job");
    window.wait_for_text_in("region", "Job maze day 2", "Done");
    fits(&window, "Jobs");
    window.click("tab", "Results");
    window.wait_for_text("1 of 1 video seen");
    fits(&window, "Results");
    window.click("tab", "Settings");
    fits(&window, "Settings of a job");

    window.submit(&maze.join("labels.slp"), "Train a model", "maze day 3");
    (1..=5).for_each(|epoch| desk.end_epoch(epoch));
    window.wait_for_text_in("table", "Jobs", "6/10");
    fits(&window, "Jobs, while one runs");
    window.click("tab", "Log");
    window.wait_for_text_in("log", "Log", "epoch 6");
    fits(&window, "Log");
    window.click("button", "Stop…");
    window.wait_for_text("Results so far stay.");
    fits(&window, "Stop");
    window.click("button", "Stop and save");

    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    fits(&window, "Storage");
    window.go("Workers");
    window.click_beginning("cell", "ws-1");
    window.wait_for_element("region", "Worker ws-1");
    fits(&window, "A worker");
}
