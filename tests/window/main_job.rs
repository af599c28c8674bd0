use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use std::fs;

#[test]
fn a_new_user_gets_from_nothing_to_a_report() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    let (storage, config) = (desk.storage(), desk.config());
    assert!(!config.exists());
    let window = desk.open();

    // Nothing is known: the window begins with what has to be done first.
    window.wait_for_text("No storage yet");
    window.click("button", "Add storage…");
    window.click("button", "Choose folder…");
    choose(&desk.display, "Choose the storage", &storage);
    wait_for("the folder in the form", || (window.value("Folder on this computer") == storage.to_str()?).then_some(()));
    window.fill("Name", "vast");
    window.fill("Your folder in it", "amick");
    window.click("button", "Add");
    window.wait_for_text_in("article", "vast", "ready");
    let written = fs::read_to_string(&config).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(written["storage"]["vast"]["base_path"].as_str(), storage.to_str());
    assert_eq!(written["storage"]["vast"]["user_subdir"].as_str(), Some("amick"));

    window.go("New job");
    window.click("button", "Choose…");
    choose(&desk.display, "Choose a dataset", &maze.join("labels.slp"));
    let place = window.wait_for_text_in("list", "Where the dataset is", "labels.slp");
    assert!(place.contains("vast") && place.contains("amick") && place.contains("maze"), "{place}");
    window.click("button", "Videos (1)");
    window.wait_for_text_in("region", "Videos (1)", "cam0.mp4");
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");

    window.wait_for_text_in("table", "Jobs", "Done");
    window.click("tab", "Results");
    let report = window.wait_for_text_in("region", "Report", "1 of 1 video seen");
    assert!(report.contains("cam0.mp4"), "{report}");
    window.wait_for_text("report.json");
}

#[test]
fn a_job_from_the_command_line_appears_while_the_window_is_open() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    desk.write_config(&desk.vast());
    let labels = format!("LABELS={}", maze.join("labels.slp").display());
    let window = desk.open();
    window.go("Jobs");
    window.wait_for_text("No jobs yet");

    desk.samepath(&["submit", "slp-check", "-p", &labels]);
    window.wait_for_text_in("table", "Jobs", "Done");
    assert!(!window.text().contains("No jobs yet"));
}
