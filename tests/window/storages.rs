use crate::desk::Desk;
use crate::driver::wait_for;
use samepath_testkit::FuseMount;

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
    window.fill("Path of the dataset", maze.join("labels.slp").to_str().unwrap());
    window.click("button", "Open");
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
    assert!(window.has("article", "vast") && window.has("article", "projects"), "{}", window.text());

    desk.write_config(&good);
    wait_for("the storage to go", || (!window.has("article", "projects")).then_some(()));
    assert!(window.has("article", "vast") && !window.text().contains(&format!("line {lines}")), "{}", window.text());
}
