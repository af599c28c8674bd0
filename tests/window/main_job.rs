use crate::desk::Desk;
use crate::native::choose;
use std::fs;
use std::path::Path;

#[test]
fn a_new_user_gets_from_nothing_to_a_report() {
    let desk = Desk::new();
    desk.add_maze();
    assert!(!desk.config().exists());
    let window = desk.open();

    // There is no lab and no share: this computer is all.
    window.wait_for_text("Where do your jobs run?");
    window.click_beginning("radio", "On this computer");
    window.click("button", "Continue");
    window.wait_for_text("Where is your storage on this computer?");
    window.click("button", "Choose folder…");
    choose(&desk.display, "Choose the storage", &desk.storage());
    window.fill("Name this storage", "vast");
    window.click("button", "Continue");
    window.wait_for_text("amick your login · 1 item");
    window.click("button", "Continue");
    window.wait_for_text("Write: wrote and removed a 1 KB test file in vast:amick");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "vast is set up on this computer.");

    // The dialog begins in the person's folder.
    window.click("button", "Choose a dataset…");
    choose(&desk.display, "Choose a dataset", Path::new("maze/labels.slp"));
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
fn a_path_of_another_computer_is_opened_as_the_storage_path_that_it_means() {
    let (desk, _) = Desk::with_maze();
    let mac = "[samepath.computers.mac.storage.vast]\nbase_path = \"/Volumes/talmo\"\n";
    desk.write_config(&format!("{}{mac}", desk.vast()));
    let window = desk.open();
    // Of the first it is known which storage is there; of the second, that there is such a file on the only one.
    for path in ["/Volumes/talmo/amick/maze/labels.slp", r"Z:\amick\maze\labels.slp"] {
        window.go("New job");
        window.open_dataset(Path::new(path));
        window.click("button", "Use vast:amick/maze/labels.slp");
        let place = window.wait_for_text_in("list", "Where the dataset is", "labels.slp");
        assert!(place.contains("vast") && place.contains("amick"), "{place}");
        window.wait_for_text("Ready. ");
        window.click("button", "Submit");
        window.wait_for_element("button", "Show job");
    }
    window.go("New job");
    window.open_dataset(Path::new(r"Z:\amick\maze\other.slp"));
    window.wait_for_text("it looks like a path of Windows, on a drive");
    assert!(!window.text().contains("Use vast:"), "there is no such file: {}", window.text());
}

#[test]
fn a_job_from_the_command_line_appears_while_the_window_is_open() {
    let (desk, maze) = Desk::with_maze();
    let labels = format!("LABELS={}", maze.join("labels.slp").display());
    let window = desk.open();
    window.go("Jobs");
    window.wait_for_text("No jobs yet");

    desk.samepath(&["submit", "slp-check", "-p", &labels]);
    window.wait_for_text_in("table", "Jobs", "Done");
    assert!(!window.text().contains("No jobs yet"));
}

#[test]
fn a_video_that_is_known_by_its_name_alone_is_asked_about_and_the_answer_is_the_job_s() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    let other = maze.with_file_name("other");
    fs::rename(&maze, &other).unwrap();
    desk.write_config(&desk.vast());
    desk.add_kind("train", "Train a model", "true\n");
    let window = desk.open();
    window.go("New job");
    window.open_dataset(&other.join("labels.slp"));
    window.choose("Job type", "Train a model");
    // The list is open: there is a question in it.
    window.wait_for_text_in("region", "Videos (1)", "same name beside the project – is it this one?");
    window.wait_for_text("1 of 1 video is known by its name alone. Say above whether it is this one.");
    assert!(!window.has("button", "Submit"), "it cannot be submitted before that is said");
    // A job type that does not need it asks for no answer.
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text("Ready. ");
    window.wait_for_text("1 of 1 video is known by its name alone.");
    window.choose("Job type", "Train a model");
    window.wait_for_text("Say above whether it is this one.");
    window.press(&["ctrl+Return"]);
    window.press(&["Tab", "Return"]);
    window.wait_for_text("1 of 1 video is still to be located. Mend it above.");
    assert!(!window.has("button", "Submit"), "it cannot be submitted");
    // With the worker's answer its column is there again, and the button where it stays.
    window.wait_for_text_in("region", "Videos (1)", "sees it");
    window.click("button", "Yes, it is cam0.mp4");
    window.wait_for_text_in("region", "Videos (1)", "chosen by you vast:amick/other/ cam0.mp4");
    window.wait_for_text("it sees labels.slp and its video");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
}

#[test]
fn a_video_that_is_elsewhere_is_located_and_so_is_it_for_the_job() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    let film = desk.storage().join("amick/films/other.mp4");
    fs::create_dir_all(film.parent().unwrap()).unwrap();
    fs::rename(maze.join("cam0.mp4"), &film).unwrap();
    desk.write_config(&desk.vast());
    desk.add_kind("train", "Train a model", "true\n");
    let window = desk.open();
    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.choose("Job type", "Train a model");
    window.wait_for_text("1 of 1 video is not where a worker can see it. Mend it above.");
    assert!(!window.has("button", "Submit"), "it cannot be submitted");

    // The list is open: what is to be mended is in sight.
    window.click("button", "Locate cam0.mp4");
    choose(&desk.display, "Where is cam0.mp4", &film);
    window.wait_for_text_in("region", "Videos (1)", "chosen by you vast:amick/films/ other.mp4");
    window.wait_for_text("Ready. ");
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text("it sees labels.slp and its video");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.click("tab", "Results");
    let report = window.wait_for_text_in("region", "Report", "1 of 1 video seen");
    assert!(report.contains("other.mp4"), "{report}");

    // A new job is a new one; run again, it is where the person said.
    window.go("New job");
    window.wait_for_text("Drop a SLEAP project");
    window.go("Jobs");
    window.click("button", "Run again…");
    window.click("button", "Videos (1)");
    window.wait_for_text_in("region", "Videos (1)", "chosen by you");
    window.wait_for_text("it sees labels.slp and its video");
}
