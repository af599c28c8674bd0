use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::{choose, choose_all};
use serde_json::json;
use std::fs;

#[test]
fn several_projects_chosen_in_one_dialog_are_as_many_jobs() {
    let (desk, maze) = Desk::with_maze();
    let amick = maze.parent().unwrap();
    let days = ["day1", "day2", "day3"];
    for day in days {
        fs::copy(maze.join("labels.slp"), amick.join(format!("{day}.slp"))).unwrap();
    }
    fs::copy(maze.join("cam0.mp4"), amick.join("cam0.mp4")).unwrap();
    fs::remove_dir_all(maze).unwrap();
    let window = desk.open();
    window.go("New job");
    // It begins in the person's folder, and shows projects alone.
    window.click("button", "Choose…");
    choose_all(&desk.display, "Choose a dataset");
    window.wait_for_text("3 projects → 3 jobs, one settings form.");
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text("Ready. ");
    window.click_beginning("button", "Submit 3");
    window.wait_for_element("button", "Show job");
    window.go("Jobs");
    for day in days {
        window.wait_for_text_in("table", "Jobs", &format!("{day} · check"));
    }
    wait_for("all three to be done", || {
        let table = window.wait_for_text_in("table", "Jobs", "Done");
        (table.matches(" Done ").count() == 3).then_some(())
    });
}

#[test]
fn a_file_that_is_to_be_written_is_named_in_the_dialog_for_saving() {
    let (desk, maze) = Desk::with_maze();
    let table = json!({
        "name": "TABLE", "type": "PATH", "objectType": "FILE", "dataFlow": "OUT",
        "userInterface": { "control": "CHOOSE_OUTPUT_FILE", "label": "Table" },
    });
    desk.add_kind_with("export", "Export a table", &[table], "echo 'a,b' > \"$3\"\n");
    let window = desk.open();
    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.choose("Job type", "Export a table");
    window.click("button", "Choose a file for Table");
    choose(&desk.display, "Choose a file for Table", &maze.join("table.csv"));
    let named = || window.value("Table");
    wait_for("the new file in the form", || named().ends_with("table.csv").then_some(()));
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    assert_eq!(fs::read_to_string(maze.join("table.csv")).unwrap(), "a,b\n");
}

#[test]
fn with_no_worker_a_job_waits_for_the_first_that_comes() {
    let (desk, maze) = Desk::with_maze();
    desk.keep(&json!({ "worker": false }));
    let window = desk.open();
    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.wait_for_text("No worker is online. Submit and it waits.");
    window.click("button", "Submit and wait");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Waiting");
    desk.worker("gpu-1", &[("vast", &desk.other_mount())]);
    window.wait_for_text_in("table", "Jobs", "Done");
    window.wait_for_text_in("table", "Jobs", "gpu-1");
}
