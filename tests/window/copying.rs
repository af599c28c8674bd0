use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use samepath_testkit::FuseMount;
use std::fs;

#[test]
fn a_project_on_the_desktop_is_copied_with_its_video_and_run() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    let desktop = desk.config().with_file_name("").join("../Desktop");
    fs::create_dir_all(&desktop).unwrap();
    let desktop = desktop.canonicalize().unwrap();
    for name in ["labels.slp", "cam0.mp4"] {
        fs::rename(maze.join(name), desktop.join(name)).unwrap();
    }
    // Somebody's file has the name.
    fs::write(desk.storage().join("amick/labels.slp"), "somebody's").unwrap();
    desk.write_config(&desk.vast());
    let window = desk.open();
    window.go("New job");
    window.click("button", "Choose…");
    choose(&desk.display, "Choose a dataset", &desktop.join("labels.slp"));
    window.wait_for_text("labels.slp is on this computer only (Desktop). No worker elsewhere can see it.");
    window.wait_for_text("labels.slp is not where a worker can see it. Mend it above.");
    assert!(!window.has("button", "Add it…"), "a desktop is no shared storage");
    window.wait_for_text("with 1 video that is here only");
    window.click("button", "Copy to vast › amick");
    window.wait_for_text_in("list", "Where the dataset is", "labels-2.slp");
    window.choose("Job type", "Check a SLEAP project");
    window.wait_for_text("it sees labels-2.slp and its video");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.click("tab", "Results");
    window.wait_for_text_in("region", "Report", "1 of 1 video seen");

    let amick = desk.storage().join("amick");
    assert_eq!(fs::read_to_string(amick.join("labels.slp")).unwrap(), "somebody's", "nothing is replaced");
    let same = |name: &str, copy: &str| fs::read(desktop.join(name)).unwrap() == fs::read(amick.join(copy)).unwrap();
    assert!(same("labels.slp", "labels-2.slp") && same("cam0.mp4", "cam0.mp4"));
    let hidden = fs::read_dir(&amick).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn a_copy_to_a_storage_that_falls_silent_is_left_and_the_window_lives() {
    let desk = Desk::new();
    let mount = FuseMount::writable(&[("amick/readme.txt", "")]);
    let labels = desk.storage().join("labels.slp");
    fs::copy(desk.add_maze().join("labels.slp"), &labels).unwrap();
    fs::remove_dir_all(desk.storage().join("amick")).unwrap();
    desk.write_config(&format!(
        "[storage.share]\nbase_path = \"{}\"\nuser_subdir = \"amick\"\n",
        mount.path().display()
    ));
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "share", "ready");
    window.go("New job");
    window.open_dataset(&labels);
    window.wait_for_element("button", "Copy to share › amick");
    mount.stop();
    window.click("button", "Copy to share › amick");
    window.wait_for_text("share has not answered for");
    // Meanwhile it is a window like any other.
    window.go("Jobs");
    window.wait_for_text("No jobs yet");
    window.go("New job");
    window.click("button", "Stop");
    window.wait_for_text("a part of it may be left in `share:amick`");
    mount.resume();
    wait_for("the share to answer", || {
        window.go("Storage");
        window.click("button", "Check now");
        window.go("New job");
        window.has("button", "Copy to share › amick").then_some(())
    });
    window.click("button", "Copy to share › amick");
    window.wait_for_text("Copied to share:amick/labels.slp");
    let mut names: Vec<String> = fs::read_dir(mount.path().join("amick"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["labels.slp", "readme.txt"], "what was half copied is gone");
}

#[test]
fn a_share_that_is_no_storage_yet_is_offered_to_be_one() {
    let desk = Desk::new();
    desk.add_maze();
    desk.write_config(&desk.vast());
    let mount = FuseMount::of_share("vast01:/photos", &[("amick/notes.csv", "1,2")]);
    let window = desk.open();
    window.go("New job");
    window.open_dataset(&mount.path().join("amick/notes.csv"));
    window.wait_for_text("which is none of your storages. No worker can see it.");
    assert!(!window.has("button", "Copy to vast › amick"), "it need not be copied");
    window.click("button", "Add it…");
    let share = mount.path().file_name().unwrap().to_str().unwrap();
    window.wait_for_element("textbox", "Name this storage");
    window.wait_for_text(share);
}
