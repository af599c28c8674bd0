//! Storages as a tired person adds them: the words the other way round, detours in the path, one in another, a file that is not there.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use serde_json::{Value, json};

fn told(answer: &Value) -> (&str, &str) {
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default();
    (text("message"), text("hint"))
}

fn warned(view: &Value) -> Vec<&str> {
    view["warnings"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_folder_and_a_name_are_told_apart_in_either_order() {
    let home = Home::bare();
    let place = home.text("mnt/vast");
    for words in [["vast", place.as_str()], [&place, "vast"], ["./mnt/vast", "vast"], ["~/../mnt/vast", "vast"]] {
        let added = home.ask(&[&["storage", "add"], &words[..]].concat()).good();
        assert_eq!((&added["name"], &added["base_path"]), (&json!("vast"), &json!(place)), "{words:?}");
        home.ask(&["storage", "rm", "vast"]).good();
    }
    home.ask(&["storage", "add", &place, &home.text("storage")]).fails("config_invalid");
    let answer = home.ask(&["storage", "add", "vast", "smb://vast01/talmo"]).fails("config_invalid");
    assert!(told(&answer).1.contains("connect or mount it first"), "{answer:#}");
}

#[test]
fn a_place_is_kept_without_detours() {
    let home = Home::bare();
    let add = |place: &str| {
        let added = home.ask(&["storage", "add", "vast", place]).good();
        assert_eq!(home.ask(&["storage", "list"]).good()[0]["base_path"], added["base_path"]);
        home.ask(&["storage", "remove", "vast"]).good();
        added["base_path"].as_str().expect("a path").to_owned()
    };
    let wanted = home.text("mnt/vast");
    for place in ["mnt/vast", "./mnt/vast/", "mnt//vast", "tmp/../mnt/vast", "mnt/./vast/.", "~/../mnt/vast"] {
        assert_eq!(add(place), wanted, "{place}");
        assert_eq!(add(&format!("{}/{place}", home.text("")).replace("/~/", "/home/")), wanted, "{place}");
    }
    // Behind a link `..` leads elsewhere than its text.
    assert_eq!(add("mnt/vast/../storage/amick"), home.text("storage/amick"));
    assert_eq!(add(&home.text("mnt/vast/../nowhere")), home.text("mnt/nowhere"));
    home.ask(&["storage", "add", "vast", "mnt"]).good();
    let set = home.ask(&["storage", "set", "vast", "--base-path", "tmp/../mnt/vast/"]).good();
    assert_eq!(set["base_path"], wanted);
}

#[test]
fn a_storage_in_another_is_told_wherever_they_are_listed() {
    let home = Home::new();
    home.ask(&["storage", "add", "mine", "mnt/vast/amick"]).good();
    let wanted = format!("mine is inside vast ({}): what is there counts as on mine", home.text("mnt/vast"));
    let listed = home.ask(&["storage", "list"]).good();
    assert!(warned(&listed[0]).is_empty() && warned(&listed[1])[0].starts_with(&wanted), "{listed:#}");
    for words in [&["storage", "list"][..], &["storage", "check"], &["doctor"]] {
        assert!(home.run(words).out.contains(&wanted), "{words:?}");
    }
    assert_eq!(home.run(["locate", "mnt/vast/amick/maze/cam0.mp4"]).out, "mine:maze/cam0.mp4");
    // It is inside the nearest one, and beside what only begins alike.
    home.ask(&["storage", "add", "maze", "mnt/vast/amick/maze"]).good();
    home.ask(&["storage", "add", "beside", "mnt/vast2"]).fails("config_invalid");
    home.ask(&["storage", "add", "beside", &home.text("mnt/vast2")]).good();
    let listed = home.ask(&["storage", "list"]).good();
    assert!(warned(&listed[2])[0].starts_with("maze is inside mine ("), "{listed:#}");
    assert!(warned(&listed[3]).is_empty(), "{listed:#}");
}

#[test]
fn a_configuration_file_that_is_named_and_not_there_is_told() {
    let home = Home::new();
    let none = home.text("none.toml");
    let labels = home.text("mnt/vast/amick/maze/labels.slp");
    for words in [
        &["storage", "list"][..],
        &["storage", "check"],
        &["storage", "set", "vast", "--type", "nfs"],
        &["storage", "remove", "vast"],
        &["storage", "mark"],
        &["locate", &labels],
        &["resolve", "vast:amick"],
        &["dataset", &labels],
        &["submit", "slp-check", &labels],
        &["worker"],
        &["jobs"],
        &["program", "list"],
    ] {
        let answer = home.ask(&[&["--config", &none], words].concat()).fails("config_invalid");
        let (message, hint) = told(&answer);
        assert_eq!(message, format!("There is no file {none}."), "{words:?}");
        assert!(hint.contains(&format!("samepath --config {none} storage add NAME FOLDER")), "{words:?}: {answer:#}");
    }
    let doctor = home.ask(&["--config", &none, "doctor"]);
    assert_eq!(doctor.status, Some(3), "{doctor:?}");
    assert!(doctor.out.contains(&format!("there is no file {none}, which --config names")), "{doctor:?}");
    home.ask(&["--config", &none, "storage", "add", "vast", "mnt/vast"]).good();
    assert_eq!(home.ask(&["--config", &none, "storage", "list"]).good()[0]["name"], "vast");
    // One that is there and says nothing is none of that, nor is one's own that is not made yet.
    let empty = home.write("empty.toml", "").display().to_string();
    assert_eq!(home.ask(&["--config", &empty, "storage", "list"]).good(), json!([]));
    fs_err::remove_file(home.config()).expect("removed");
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([]));
    let programs = home.text("programs.toml");
    home.ask(&["--config", &programs, "program", "set", "sleap-nn", "/bin/true"]);
    assert!(home.path("programs.toml").exists(), "it is made by what is written first");
}

#[test]
fn a_folder_that_is_written_wrongly_is_told_and_takes_no_storage_from_a_worker() {
    let home = Home::new();
    let at = json!(home.path("mnt/vast"));
    for folder in ["\"/etc\"", "[1]", "\"../x\""] {
        let config = home.write("worker.toml", format!("[storage.vast]\nbase_path = {at}\nuser_subdir = {folder}\n"));
        let config = config.display().to_string();
        // People are told, and nothing is guessed for them.
        let listed = home.ask(&["--config", &config, "storage", "list"]).good();
        let error = &listed[0]["error"];
        assert!(
            error["message"].as_str().is_some_and(|it| it.contains("line 3: `storage.vast.user_subdir`")),
            "{listed:#}"
        );
        home.ask(&["--config", &config, "resolve", "vast:amick"]).fails("config_invalid");
    }
    let config = home.text("worker.toml");
    let doctor = home.run(["--config", &config, "doctor"]);
    assert!(doctor.out.contains("a worker here serves the storage all the same"), "{doctor:?}");
    // A worker has no use for that folder.
    let mut worker = home.start(&["--json", "--config", &config, "worker", "--name", "gpu-1"]);
    worker.until(|line| {
        let told: Value = serde_json::from_str(line).unwrap_or_default();
        let storages = told["storages"].as_array().cloned().unwrap_or_default();
        storages.iter().any(|it| it["name"] == "vast" && it["state"] == "ready").then_some(())
    });
    let job = home.ask(&["submit", "slp-check", "vast:amick/maze/labels.slp"]).good();
    assert_eq!(job["state"], "succeeded", "{job:#}");
    worker.interrupt();
}
