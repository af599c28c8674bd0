use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use samepath_testkit::FuseMount;
use serde_json::Value;
use std::fs;

#[test]
fn one_more_storage_is_set_up_as_the_first_was() {
    let (desk, _maze) = Desk::with_maze();
    let scratch = desk.scratch();
    fs::create_dir_all(scratch.join("amick")).unwrap();
    fs::write(scratch.join("amick/notes.txt"), "1").unwrap();
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    window.click("button", "Add storage…");
    window.click("button", "Choose folder…");
    choose(&desk.display, "Choose the storage", &scratch);
    window.fill("Name this storage", "fast");
    window.click("button", "Continue");
    window.wait_for_text("amick your login · 1 item");
    window.click("button", "Continue");
    window.wait_for_text("Write: wrote and removed a 1 KB test file in fast:amick");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "fast is set up on this computer.");
    window.go("Storage");
    window.wait_for_text_in("article", "fast", "ready");
    let written = fs::read_to_string(desk.config()).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(written["storage"]["fast"]["base_path"].as_str(), scratch.to_str());
    assert_eq!(written["storage"]["fast"]["user_subdir"].as_str(), Some("amick"));
}

#[test]
fn a_mount_that_fell_silent_stops_neither_the_window_nor_another_storage() {
    let mount = FuseMount::new(&[("amick/labels.slp", "")]);
    let desk = Desk::new();
    let maze = desk.add_maze();
    let silent = mount.path().display();
    desk.write_config(&format!("{}\n[storage.scratch]\nbase_path = \"{silent}\"\n", desk.vast()));
    mount.stop();
    let window = desk.open();

    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    window.wait_for_text_in("article", "scratch", "not answering");

    window.go("New job");
    window.wait_for_text("scratch does not answer (asked");
    window.open_dataset(&maze.join("labels.slp"));
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");

    mount.resume();
    window.go("Storage");
    window.click("button", "Check now");
    window.wait_for_text_in("article", "scratch", "ready");
}

#[test]
fn what_others_write_into_the_configuration_appears() {
    let desk = Desk::new();
    desk.add_maze();
    let good = desk.vast();
    let storage = desk.storage();
    desk.write_config(&good);
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");

    let more = format!("{good}\n[storage.projects]\nbase_path = \"{}\"\n", storage.join("amick").display());
    desk.write_config(&more);
    window.wait_for_text_in("article", "projects", "ready");

    desk.write_config(&format!("{more}\n[storage.broken\n"));
    let lines = more.lines().count() + 2;
    window.wait_for_text("config.toml");
    window.wait_for_text(&format!("line {lines}"));
    window.click("button", "Show line");
    window.wait_for_text_in("list", "Lines of the settings file", "[storage.broken");
    assert!(window.has("article", "vast") && window.has("article", "projects"), "{}", window.text());

    desk.write_config(&good);
    wait_for("the storage to go", || (!window.has("article", "projects")).then_some(()));
    assert!(window.has("article", "vast") && !window.text().contains(&format!("line {lines}")), "{}", window.text());
}

#[test]
fn another_name_keeps_what_else_the_file_says_and_how_the_storage_was() {
    let desk = Desk::new();
    desk.add_maze();
    let text = |name: &str| {
        let table =
            format!("# The lab's, since 2024.\n[storage.{name}] # vast\nbase_path = '{}'\n", desk.storage().display());
        format!(
            "{table}user_subdir = 'amick' # mine\nodd = 1\n[samepath.computers.ws-3.storage.{name}]\nbase_path = '/mnt/vast'\n"
        )
    };
    desk.write_config(&text("vast"));
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    window.wait_for_element("img", "Seen in 1 hour of the last 7 days: always ready.");
    window.click("button", "Edit vast");
    window.fill("Name", "talmo");
    window.wait_for_text("Jobs that wait know this storage as vast.");
    window.click("button", "Save");
    window.wait_for_text_in("article", "talmo", "ready");
    assert!(!window.has("article", "vast"), "{}", window.text());
    window.wait_for_element("img", "Seen in 1 hour of the last 7 days: always ready.");
    assert_eq!(fs::read_to_string(desk.config()).unwrap(), text("talmo"));

    // It is this computer's own, not the web view's.
    let kept = desk.kept();
    assert_eq!(kept["history"]["talmo"][0]["state"], "ready", "{kept}");
    assert_eq!(kept["history"]["vast"], Value::Null, "{kept}");
    assert_eq!(window.script("return Object.keys(localStorage)"), serde_json::json!([]));
}

#[test]
fn a_mount_that_shows_a_part_of_a_storage_means_the_whole_one_s_files() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    let part = desk.storage().join("amick");
    desk.write_config(&format!("[storage.vast]\nbase_path = '{}'\nsubpath = 'amick'\n", part.display()));
    desk.worker("gpu-1", &[("vast", &desk.other_mount())]);
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "amick");
    window.wait_for_text_in("article", "vast", "gpu-1");

    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.wait_for_text_in("list", "Where the dataset is", "Your folder amick File maze/ labels.slp");
    window.choose("Job type", "Check a SLEAP project");
    window.choose("Run on", "gpu-1");
    window.wait_for_text("Ready. gpu-1 can start now; it sees labels.slp and its video.");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.wait_for_text("on gpu-1");
    window.click("tab", "Results");
    window.wait_for_text_in("region", "Report", "1 of 1 video seen");
}

#[test]
fn a_dataset_on_a_storage_that_is_not_the_labs_says_so_and_leads_to_its_name() {
    let (desk, maze) = Desk::with_maze();
    for (folder, id) in [(desk.storage(), "1"), (desk.scratch(), "2")] {
        fs::create_dir_all(folder.join(".samepath")).unwrap();
        let mark = format!(r#"{{"id": "0199c0de-1111-4222-8333-44445555666{id}"}}"#);
        fs::write(folder.join(".samepath/storage.json"), mark).unwrap();
    }
    desk.worker("gpu-9", &[("vast", &desk.scratch())]);
    let window = desk.open();
    window.go("Workers");
    wait_for("another storage", || window.row("Workers", "gpu-9")?.contains("other storage").then_some(()));
    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.wait_for_text("This is not the lab’s vast: it carries another mark.");
    window.click("button", "Add it under another name");
    window.wait_for_element("form", "Edit vast");
    assert_eq!(window.value("Name"), "vast");
}

#[test]
fn the_folder_of_a_storage_is_shown_by_the_desktop_and_one_that_is_gone_is_told() {
    let (desk, _maze) = Desk::with_maze();
    let opened = desk.sign("opened");
    desk.add_program("xdg-open", &format!("echo \"$1\" > '{}'\n", opened.display()));
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    let shown = || {
        let shown = wait_for("the desktop", || fs::read_to_string(&opened).ok().filter(|said| said.ends_with('\n')));
        fs::remove_file(&opened).unwrap();
        shown
    };
    window.click("button", "Open vast");
    assert_eq!(shown(), format!("{}\n", desk.storage().join("amick").display()));
    window.click("button", "More for vast");
    window.click("menuitem", "Open the whole storage");
    assert_eq!(shown(), format!("{}\n", desk.storage().display()));
    fs::rename(desk.storage().join("amick"), desk.storage().join("tom")).unwrap();
    window.click("button", "Open vast");
    window.wait_for_text_in("article", "vast", "amick");
    window.wait_for_text_in("article", "vast", "does not exist");
    assert!(!opened.exists());
}

#[test]
fn what_lies_on_a_read_only_storage_is_used_and_its_results_go_to_another() {
    let (desk, _) = Desk::with_maze();
    let archive = FuseMount::read_only(&[("amick/notes.csv", "1,2\n")]);
    let base = archive.path().display();
    desk.write_config(&format!(
        "{}\n[storage.archive]\nbase_path = \"{base}\"\nuser_subdir = \"amick\"\n",
        desk.vast()
    ));
    desk.add_kind("count", "Count", "wc -l < \"$1\" > \"$2/count.txt\"\n");
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "archive", "read-only");
    window.go("New job");
    window.open_dataset(&archive.path().join("amick/notes.csv"));
    window.choose("Job type", "Count");
    window.wait_for_text("its archive is read-only");
    window.wait_for_text("Submit and it waits");
    let counted = desk.storage().join("amick/counted");
    fs::create_dir(&counted).unwrap();
    window.click("button", "Change the results folder");
    choose(&desk.display, "Choose a folder for the results", &counted);
    window.click("radio", "Put the results into it, beside what is there");
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    assert_eq!(fs::read_to_string(counted.join("count.txt")).unwrap(), "1\n");
}
