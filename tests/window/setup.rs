use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use crate::open::{OpenWindow, runs};
use samepath_testkit::FuseMount;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// A worker of the lab that has `vast` there, and the window at the question where that is on this computer.
fn ask_for_vast<'d>(desk: &'d Desk, theirs: &Path) -> OpenWindow<'d> {
    desk.worker("gpu-1", &[("vast", theirs)]);
    let window = desk.open();
    window.go("Workers");
    wait_for("the other worker", || window.row("Workers", "gpu-1"));
    window.click("button", "Finish setup");
    window.click_beginning("radio", "On this computer");
    window.click("button", "Continue");
    window
}

/// From the question whose folder it is to a storage that works.
fn finish(window: &OpenWindow<'_>, name: &str, folder: &str) {
    window.wait_for_text(&format!("Which folder in {name} is yours?"));
    window.wait_for_text(folder);
    window.click("button", "Continue");
    window.wait_for_text("Write: wrote and removed a 1 KB test file");
    window.click("button", "Use this storage");
}

#[test]
fn a_new_user_is_led_to_a_storage_and_nothing_is_written_before_the_end() {
    let desk = Desk::new();
    desk.add_maze();
    // A worker of another computer has the same storage, at another place.
    let window = ask_for_vast(&desk, &desk.other_mount());
    window.wait_for_text("Ask your lab how to connect to vast. This page notices when it appears.");
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &desk.storage());
    window.wait_for_text("Which folder in vast is yours?");
    window.wait_for_text("amick your login");
    window.click("button", "Continue");
    window.wait_for_text("Write: wrote and removed a 1 KB test file in vast:amick");
    window.wait_for_text("gpu-1 found the test file");
    assert!(!desk.config().exists(), "nothing is written yet");
    assert!(window.has("button", "Back"));

    // Whoever looks elsewhere meanwhile goes on where they were; also at the next start.
    window.go("Jobs");
    window.click("button", "Finish setup");
    window.wait_for_text("gpu-1 found the test file");
    window.quit();
    let window = desk.open();
    window.wait_for_text_in("region", "Does it work?", "in vast:amick");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "vast");
    assert!(!window.has("button", "Finish setup"));
    window.click("button", "Choose a dataset…");
    choose(&desk.display, "Choose a dataset", &desk.storage().join("amick/maze/labels.slp"));
    window.wait_for_text("Ready. ");
    let written = fs::read_to_string(desk.config()).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(written["storage"]["vast"]["base_path"].as_str(), desk.storage().to_str());
    assert_eq!(written["storage"]["vast"]["user_subdir"].as_str(), Some("amick"));
    let left = fs::read_dir(desk.storage().join("amick")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["maze"], "the test file is gone");
}

#[test]
fn what_sleap_rtc_left_behind_is_taken_over() {
    let desk = Desk::new();
    desk.add_maze();
    fs::create_dir_all(desk.scratch().join("amick")).unwrap();
    let (vast, scratch) = (desk.storage(), desk.scratch());
    let (vast, scratch) = (vast.display(), scratch.display());
    let text = format!(
        "# of the old days\n[storage.vast]\nbase_path = \"{vast}\"\nuser_subdir = \"amick\"\n\n[storage.gdrive]\ntype = \"smb\"\n\n\
         [[path_mappings]]\nlocal = \"{scratch}/amick\"\nworker = \"/root/scratch/amick\"\n"
    );
    let old = desk.config().with_file_name("").join("../sleap-rtc.toml");
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    fs::write(&old, &text).unwrap();
    let window = desk.open();
    window.wait_for_text("We found settings from sleap-rtc");
    window.wait_for_text("1 storage, 1 path pair, 1 broken entry");
    window.wait_for_text("a path pair: becomes scratch, folder amick");
    window.click("button", "Import 2");
    finish(&window, "vast", "amick your login · 1 item, newest today");
    finish(&window, "scratch", "amick your login · empty");
    window.wait_for_text_in("region", "Ready.", "scratch");
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    let written = fs::read_to_string(desk.config()).unwrap().parse::<toml::Table>().unwrap();
    let storages = written["storage"].as_table().unwrap();
    assert_eq!(storages.keys().collect::<Vec<_>>(), ["vast", "scratch"]);
    assert_eq!(storages["scratch"]["base_path"].as_str(), desk.scratch().to_str());
    assert_eq!(fs::read_to_string(&old).unwrap(), text, "nothing in the file is removed");
}

#[test]
fn a_folder_inside_a_share_is_the_persons_folder_and_not_the_storage() {
    let desk = Desk::new();
    let mount = FuseMount::of_share("deep01:/talmo", &[("amick/maze/labels.txt", "x"), ("tom/notes.txt", "y")]);
    let window = ask_for_vast(&desk, mount.path());
    // The lab's storage is found by its share. Whoever chooses a folder inside all the same is told what that is.
    window.wait_for_element("button", &format!("Use this: {}", mount.path().display()));
    window.click("button", "Other folder for vast");
    choose(&desk.display, "Where is vast", &mount.path().join("amick"));
    let base = mount.path().display();
    window.wait_for_text(&format!("That is a folder inside vast. We take {base} as vast and amick as your folder."));
    window.click("button", "Good");
    window.wait_for_text("Which folder in vast is yours?");
    window.wait_for_text("amick your login · 1 item");
    window.click("button", "Continue");
    // It takes no file, which is said, and is no reason to go no further.
    window.wait_for_text("Write: vast:amick cannot be written by you");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "vast");
    let written = fs::read_to_string(desk.config()).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(written["storage"]["vast"]["base_path"].as_str(), mount.path().to_str());
    assert_eq!(written["storage"]["vast"]["user_subdir"].as_str(), Some("amick"));
}

#[test]
fn where_nothing_is_left_to_be_asked_one_answer_sets_a_computer_up() {
    let desk = Desk::new();
    let mount = FuseMount::of_writable_share("all01:/talmo", &[("amick/notes.txt", "x"), ("tom/notes.txt", "y")]);
    let window = ask_for_vast(&desk, mount.path());
    let card = window.wait_for_text_in("region", "We found everything.", "1 worker confirmed");
    assert!(card.contains("vast") && card.contains("amick"), "{card}");
    assert!(!desk.config().exists(), "nothing is written yet");
    window.click("button", "Looks right");
    window.wait_for_text_in("region", "Ready.", "1 worker shares vast with this computer.");
    let written = fs::read_to_string(desk.config()).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(written["storage"]["vast"]["base_path"].as_str(), mount.path().to_str());
    assert_eq!(written["storage"]["vast"]["user_subdir"].as_str(), Some("amick"));
    let left = fs::read_dir(mount.path().join("amick")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["notes.txt"], "the test files are gone");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of this test").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_storage_that_the_workers_do_not_know_is_not_used_and_nothing_is_made_on_it() {
    let desk = Desk::new();
    let (talmo, other) = (desk.scratch().join("talmo"), desk.scratch().join("other"));
    fs::create_dir_all(talmo.join("tom")).unwrap();
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("notes.txt"), "x").unwrap();
    let window = ask_for_vast(&desk, &talmo);
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &other);
    window.wait_for_text_in("region", "Which folder in vast is yours?", "/scratch/");
    window.click("radio", "Make “amick” here");
    window.click("button", "Continue");
    window.wait_for_text_in("region", "Does it work?", "gpu-1 looked and did not find it");
    window.wait_for_element("button", "Use it anyway");
    assert_eq!(names(&other), ["notes.txt"]);
    // Whoever goes on knowingly has it made, and is told at the next start, too.
    window.click("button", "Use it anyway");
    window.wait_for_text_in("region", "Ready.", "vast");
    assert!(other.join("amick").is_dir());
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "other storage");
    window.quit();
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "gpu-1 looked for what was written here, and did not find it.");
    window.click("button", "Choose the folder of vast");
    choose(&desk.display, "Where is vast", Path::new("talmo"));
    wait_for("the other folder", || {
        let told = window.text();
        (!told.contains("other storage")).then_some(())
    });
}

#[test]
fn the_dialog_for_another_folder_begins_beside_the_first_and_what_is_the_labs_is_confirmed() {
    let desk = Desk::new();
    let (talmo, other) = (desk.scratch().join("talmo"), desk.scratch().join("other"));
    fs::create_dir_all(talmo.join("tom")).unwrap();
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("notes.txt"), "x").unwrap();
    let window = ask_for_vast(&desk, &talmo);
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &other);
    window.wait_for_text("Which folder in vast is yours?");
    window.click("radio", "Make “amick” here");
    window.click("button", "Continue");
    window.wait_for_element("button", "Use it anyway");
    // The dialog begins where the first folder was chosen.
    window.click("button", "Choose another folder");
    choose(&desk.display, "Where is vast", Path::new("talmo"));
    window.wait_for_text_in("region", "Which folder in vast is yours?", "talmo");
    window.click("radio", "Make “amick” here");
    window.click("button", "Continue");
    window.wait_for_text_in("region", "Does it work?", "Your folder: made vast:amick");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "1 worker shares vast with this computer.");
    assert_eq!(names(&talmo.join("amick")), Vec::<String>::new());
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "confirmed with 1 of 2 workers");
    // The other is this computer itself. What was proved is known after a restart.
    window.quit();
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "confirmed with 1 of 2 workers");
}

#[test]
fn a_folder_above_the_storage_is_told_and_the_one_in_it_is_used() {
    let desk = Desk::new();
    let talmo = desk.scratch().join("talmo");
    fs::create_dir_all(talmo.join("amick/maze")).unwrap();
    fs::write(talmo.join("amick/maze/labels.txt"), "x").unwrap();
    fs::create_dir_all(desk.scratch().join("other")).unwrap();
    let window = ask_for_vast(&desk, &talmo);
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &desk.scratch());
    window.wait_for_text("That is above vast: vast is the folder talmo in it.");
    window.click("button", &format!("Use {}", talmo.display()));
    window.wait_for_text("amick your login · 1 item");
    window.click("button", "Back");
    // Nor is one's own folder in it more than that.
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &talmo.join("amick/maze"));
    let base = talmo.display();
    window.wait_for_text(&format!("That is a folder inside vast. We take {base} as vast and amick as your folder."));
}

#[test]
fn an_empty_folder_is_not_the_share_and_nothing_is_made_in_it() {
    let desk = Desk::new();
    fs::create_dir_all(desk.storage().join("amick")).unwrap();
    let window = ask_for_vast(&desk, &desk.storage());
    window.click("button", "Choose folder of vast");
    choose(&desk.display, "Where is vast", &desk.scratch());
    window.wait_for_text("Which folder in vast is yours?");
    window.click("radio", "Make “amick” here");
    window.click("button", "Continue");
    window.wait_for_text_in("region", "Does it work?", "is an empty folder, not the share: vast is not mounted there.");
    window.wait_for_element("button", "Choose another folder");
    assert_eq!(names(&desk.scratch()), Vec::<String>::new());
    // What is mounted meanwhile is there.
    fs::remove_dir(desk.scratch()).unwrap();
    symlink(desk.storage(), desk.scratch()).unwrap();
    window.click("button", "Check again");
    window.wait_for_text_in("region", "Does it work?", "Your folder: vast:amick is there");
    window.click("button", "Use this storage");
    window.wait_for_text_in("region", "Ready.", "1 worker shares vast with this computer.");
}

#[test]
fn a_folder_with_another_mark_than_the_labs_is_another_storage() {
    let desk = Desk::new();
    let mark = |id: u32| format!("{{\"id\": \"0199c0de-0000-7000-8000-00000000000{id}\"}}");
    let (labs, own) = (mark(1), mark(2));
    let mount = FuseMount::read_only(&[(".samepath/storage.json", labs.as_str()), ("amick/x.txt", "x")]);
    fs::create_dir_all(desk.scratch().join(".samepath")).unwrap();
    fs::write(desk.scratch().join(".samepath/storage.json"), own).unwrap();
    desk.worker("gpu-1", &[("vast", mount.path())]);
    let window = desk.open();
    window.go("Workers");
    wait_for("the other worker", || window.row("Workers", "gpu-1"));
    // Its mark is known once it was looked at.
    window.click_beginning("cell", "gpu-1");
    window.wait_for_text_in("region", "Worker gpu-1", "read-only");
    window.click("button", "Finish setup");
    window.click_beginning("radio", "On this computer");
    window.click("button", "Continue");
    window.click("button", "Other folder for vast");
    choose(&desk.display, "Where is vast", &desk.scratch());
    window.wait_for_text("This is not the lab’s vast: it carries another mark.");
    window.click("button", "Add it under another name");
    window.fill("Name this storage", "scratch");
    window.click("button", "Continue");
    window.wait_for_text("Which folder in scratch is yours?");
}

#[test]
fn an_invitation_is_pasted_at_a_button_and_told_if_it_is_none() {
    let desk = Desk::new();
    let window = desk.open();
    window.wait_for_text("Where do your jobs run?");
    window.click("button", "Copy message");
    window.wait_for_text("Copied");
    window.click("button", "Paste");
    window.wait_for_text("This is not a whole invitation. Copy the line again, to its end.");
}

#[test]
fn a_share_that_is_not_mounted_is_connected_by_the_desktop() {
    let desk = Desk::new();
    let mount = FuseMount::of_share("//away01/talmo", &[("amick/labels.txt", "x")]);
    desk.write_config(&format!(
        "[storage.vast]\nbase_path = \"{}\"\nuser_subdir = \"amick\"\n",
        mount.path().display()
    ));
    let opened = desk.sign("opened");
    desk.add_program("xdg-open", &format!("echo \"$1\" > '{}'\n", opened.display()));
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    mount.vanish();
    window.click("button", "Check now");
    window.go("New job");
    window.wait_for_text("vast is not");
    window.click("button", "Connect…");
    let address = wait_for("the desktop", || fs::read_to_string(&opened).ok().filter(|said| said.ends_with('\n')));
    assert_eq!(address, "smb://away01/talmo\n");
}

#[test]
fn a_storage_of_the_lab_that_nobody_uses_here_is_not_asked_about_again() {
    let desk = Desk::new();
    let window = ask_for_vast(&desk, &desk.other_mount());
    window.wait_for_text("Ask your lab how to connect to vast.");
    window.click("button", "I don’t use it: vast");
    window.wait_for_text("You said that you do not use vast.");
    window.quit();
    let window = desk.open();
    window.wait_for_text("You said that you do not use vast.");
    assert!(!window.text().contains("Ask your lab"), "{}", window.text());
    window.click("button", "I do use vast");
    window.wait_for_text("Ask your lab how to connect to vast.");
}

#[test]
fn a_job_is_shown_first_in_a_pretend_lab_of_which_nothing_is_kept() {
    let desk = Desk::new();
    let window = desk.open();
    window.wait_for_text("Where do your jobs run?");
    window.click_beginning("radio", "Show me first");
    window.click("button", "Continue");
    window.wait_for_text_in("region", "A job in a pretend lab", "gpu-1 looks for its video");
    window.wait_for_element("button", "Set up my storage");
    let shown = window.wait_for_text_in("region", "A job in a pretend lab", "found");
    assert!(shown.contains("vast:amick") && !shown.contains("not found"), "{shown}");
    window.go("Jobs");
    window.wait_for_text("No jobs yet");
    window.go("Workers");
    assert!(!window.text().contains("gpu-1"), "{}", window.text());
    window.click("button", "Finish setup");
    window.click("button", "Set up my storage");
    window.wait_for_text("Where is your storage on this computer?");
    assert!(!desk.config().exists(), "nothing is written");
}

#[test]
fn a_job_outlives_a_window_that_was_killed_and_is_found_again() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("train", "Train for long", &desk.training());
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Train for long", "day 3");
    window.wait_for_text_in("table", "Jobs", "1/10");
    let killed = window.process();
    assert!(Command::new("kill").args(["-KILL", &killed.to_string()]).status().unwrap().success());
    wait_for("the first to be gone", || (!runs(killed)).then_some(()));
    drop(window);
    desk.end_epoch(1);

    let window = desk.open();
    window.wait_for_element("region", "Jobs");
    window.wait_for_text_in("table", "Jobs", "2/10");
    (2..=10).for_each(|epoch| desk.end_epoch(epoch));
    window.wait_for_text_in("table", "Jobs", "Done");
    window.click_beginning("cell", "Done");
    let told = window.wait_for_text_in("region", "Job day 3", "Done");
    assert!(!told.contains("try 2"), "{told}");
    window.click("tab", "Log");
    let log = window.wait_for_text_in("log", "Log", "epoch 10");
    assert!(log.contains("epoch 1: training loss 0.83") && log.contains("epoch 2:"), "{log}");
}
