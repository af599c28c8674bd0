//! What a tired person types about storages and paths, and what they are told.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use serde_json::{Value, json};

fn hint(told: &Value) -> &str {
    told["error"]["hint"].as_str().unwrap_or_default()
}

fn warned(view: &Value) -> Vec<&str> {
    view["warnings"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_broken_entry_is_told_with_its_mend_by_every_command() {
    let home = Home::bare();
    home.configure("[storage.vast]\nbase_path = \"mnt/vast\"\n");
    let mend = "write the whole path, from the root";
    let listed = home.ask(&["storage", "list"]).good();
    assert!(listed[0]["error"]["hint"].as_str().is_some_and(|hint| hint.contains(mend)), "{listed:#}");
    for command in ["list", "check"] {
        let told = home.run(["storage", command]);
        assert!(told.out.contains("✕ broken entry") && told.out.contains(mend), "{told:?}");
        assert!(told.out.contains("line 2"), "{told:?}");
    }
    for words in [
        &["resolve", "vast:amick/maze"][..],
        &["resolve", "--storage-backend", "vast", "maze"],
        &["dataset", "vast:amick/maze/labels.slp"],
        &["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"],
    ] {
        let told = home.ask(words).fails("config_invalid");
        assert!(hint(&told).contains(mend), "{words:?}: {told:#}");
    }
}

#[test]
fn what_can_never_be_a_storage_is_refused() {
    let home = Home::bare();
    let file = home.text("storage/amick/maze/cam0.mp4");
    for (place, part) in [
        (file.as_str(), "give the folder"),
        ("storage/amick/maze/labels.slp", "write the whole path"),
        ("nope/vast", "write the whole path"),
        (r"Z:\data", "this is a Windows path"),
        (r"\\server\share", "this is a Windows path"),
        ("~tom/vast", "instead of `~name`"),
    ] {
        let told = home.ask(&["storage", "add", "vast", place]).fails("config_invalid");
        assert!(hint(&told).contains(part), "{place}: {told:#}");
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(place)), "{told:#}");
    }
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([]), "nothing of it was written");
    home.ask(&["storage", "add", "vast", "mnt/vast"]).good();
    let told = home.ask(&["storage", "set", "vast", "--base-path", &file]).fails("config_invalid");
    assert!(hint(&told).contains("give the folder"), "{told:#}");
}

#[test]
fn what_may_be_right_later_is_written_and_said() {
    let home = Home::new();
    assert_eq!(warned(&home.ask(&["storage", "list"]).good()[0]), Vec::<&str>::new());
    let add = |name: &str, place: &str| home.ask(&["storage", "add", name, place]).good();
    for (name, place, part) in [
        ("later", "/nowhere/at/all", "There is no folder /nowhere/at/all now."),
        ("whole", "/", "is the whole of this computer"),
        ("mine", "~", "Your home folder counts as on mine"),
        ("inner", "mnt/vast/amick", "It is inside vast ("),
        ("same", "mnt/vast", "vast and same"),
    ] {
        let added = add(name, place);
        let told = warned(&added);
        let either = told.iter().any(|told| told.contains(part) || told.contains("same and vast"));
        assert!(either, "{name}: {told:?}");
    }
    // Reached by another name of it, through a link.
    assert!(warned(&add("linked", "Volumes/talmo")).iter().any(|told| told.contains("linked and vast")));
    fs_err::remove_file(home.path("home/.sleap-rtc/config.toml")).expect("removed");
    add("inner", "mnt/vast/amick");
    assert!(
        warned(&add("outer", "mnt/vast")).iter().any(|told| told.contains("inner (") && told.contains("inside it"))
    );
    let told = home.run(["storage", "add", "gone", "/nowhere"]);
    assert!(told.status == Some(0) && told.err.starts_with("warning: There is no folder /nowhere"), "{told:?}");
}

#[test]
fn two_storages_at_one_place_are_told_and_never_guessed() {
    let home = Home::new();
    let at = home.text("mnt/vast");
    home.ask(&["storage", "add", "again", &at]).good();
    let told = home.ask(&["locate", "mnt/vast/amick/maze/cam0.mp4"]).fails("path_ambiguous");
    let message = told["error"]["message"].as_str().expect("a message");
    assert!(message.contains("`vast:amick/maze/cam0.mp4`, `again:amick/maze/cam0.mp4`"), "{message}");
    for command in ["list", "check"] {
        let told = home.run(["storage", command]);
        assert!(told.out.contains("vast and again are at one place"), "{told:?}");
    }
    let listed = home.ask(&["storage", "list"]).good();
    assert!(warned(&listed[0]).len() == 1 && warned(&listed[1]).len() == 1, "{listed:#}");
}

#[test]
fn a_change_of_nothing_is_said() {
    let home = Home::new();
    let told = home.ask(&["storage", "set", "vast"]).fails("usage");
    assert!(hint(&told).contains("--base-path") && hint(&told).contains("--description"), "{told:#}");
    assert_eq!(home.ask(&["storage", "set", "vast", "--description", "the lab's"]).good()["changed"], true);
    assert_eq!(home.ask(&["storage", "set", "vast", "--description", "the lab's"]).good()["changed"], false);
    let told = home.run(["storage", "set", "vast", "--description", "the lab's"]);
    assert!(told.out.starts_with("Nothing changed of vast"), "{told:?}");
}

#[test]
fn a_folder_of_ones_own_that_is_not_there_is_told_when_it_is_named() {
    let home = Home::new();
    let set = home.ask(&["storage", "set", "vast", "--user-subdir", "amik"]).good();
    assert_eq!((set["user_subdir"].as_str(), set["changed"].as_bool()), (Some("amik"), Some(true)));
    let told = set["warnings"][0].as_str().expect("a warning");
    assert!(told.starts_with("vast has no folder amik on this computer."), "{told}");
    assert_eq!(home.ask(&["storage", "set", "vast", "--user-subdir", "amick"]).good()["warnings"], json!([]));
}

#[test]
fn nothing_that_was_given_is_dropped_or_written_over() {
    let home = Home::new();
    home.kind("quick", "true");
    let file = home.text("mnt/vast/amick/maze/labels.slp");
    let template = json!({
        "specificationVersion": "jobtemplate-2023-09",
        "name": "shrink",
        "parameterDefinitions": [
            { "name": "VIDEO", "type": "PATH", "objectType": "FILE", "dataFlow": "IN" },
            { "name": "RESULT", "type": "PATH", "objectType": "FILE", "dataFlow": "OUT" },
        ],
        "steps": [{ "name": "s", "script": { "actions": { "onRun": { "command": "cp", "args": ["/dev/null", "{{Param.RESULT}}"] } } } }],
    });
    home.write("kinds/shrink.json", template.to_string());
    let _worker = home.worker("gpu-1");
    let refused = |words: &[&str], code: &str, part: &str| {
        let told = home.ask(words).fails(code);
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(part)), "{told:#}");
    };
    refused(&["submit", "quick", &file], "usage", "quick takes no file");
    let twice = ["submit", "slp-check", &file, "-p", "LABELS=vast:amick/maze/labels.slp"];
    refused(&twice, "usage", "LABELS is given twice");
    let same = format!("RESULT={file}");
    refused(&["submit", "shrink", &file, "-p", &same], "invalid_parameter", "would be written over");
}

#[test]
fn a_reader_that_went_away_changes_no_exit_status() {
    let home = Home::new();
    home.kind("bad", "exit 3");
    let _worker = home.worker("gpu-1");
    let nobody = || std::io::pipe().expect("a pipe").1;
    let status = |mut command: std::process::Command| command.status().expect("it runs").code();
    let mut silent = home.command(["submit", "bad"]);
    silent.stdout(std::process::Stdio::null()).stderr(nobody());
    assert_eq!(status(silent), Some(8));
    let mut unread = home.command(["--json", "submit", "bad"]);
    unread.stdout(nobody()).stderr(std::process::Stdio::null());
    assert_eq!(status(unread), Some(8));
}

#[test]
fn a_name_that_is_said_twice_is_understood_and_two_names_are_not() {
    let home = Home::new();
    home.ask(&["storage", "add", "scratch", "tmp"]).good();
    let wanted = home.text("mnt/vast/amick/maze");
    for words in [
        &["--storage-backend", "vast", "vast:amick/maze"][..],
        &["--storage-backend", "vast", "--user-subdir", "amick", "vast:maze"],
    ] {
        assert_eq!(home.run([&["resolve"], words].concat()).out, wanted, "{words:?}");
    }
    let told = home.ask(&["resolve", "--storage-backend", "vast", "scratch:amick/maze"]).fails("usage");
    assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains("scratch")), "{told:#}");
    home.write("storage/amick/run:1/x", "");
    home.ask(&["resolve", "--storage-backend", "vast", "run:1/x"]).good();
}

#[test]
fn the_other_command_is_named_where_that_is_meant() {
    let home = Home::new();
    let told = home.ask(&["locate", "vast:amick/maze"]).fails("path_not_found");
    assert!(hint(&told).contains("`samepath resolve vast:amick/maze`"), "{told:#}");
    let local = home.text("mnt/vast/amick/my maze");
    for words in [&["resolve", &local][..], &["resolve", "--storage-backend", "vast", &local]] {
        let told = home.ask(words);
        assert_ne!(told.status, Some(0));
        assert!(hint(&told.json()).contains(&format!("`samepath locate '{local}'`")), "{told:?}");
    }
    for text in ["~/x", "./x", "../x"] {
        let told = home.ask(&["resolve", text]);
        assert!(hint(&told.json()).contains("samepath locate"), "{told:?}");
    }
    let told = home.ask(&["locate", "\"mnt/vast\""]).fails("path_not_found");
    assert!(hint(&told).contains("write `mnt/vast`"), "{told:#}");
    let told = home.ask(&["resolve", "VAST:amick/maze"]).fails("backend_not_found");
    assert!(hint(&told).contains("write `vast`"), "{told:#}");
    let told = home.ask(&["resolve", "vast:/amick/maze"]).fails("path_refused");
    assert!(hint(&told).contains("leave out the `/`"), "{told:#}");
}
