//! Local paths to storage paths and back, whichever way they are written.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, run};
use serde_json::json;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

#[test]
fn a_path_is_located_whichever_way_it_is_written() {
    let home = Home::new();
    let wanted = json!({ "storage_backend": "vast", "user_subdir": "amick", "path": "maze/labels.slp", "skipped": [] });
    for text in [
        home.text("mnt/vast/amick/maze/labels.slp"),
        home.text("storage/amick/maze/labels.slp"),
        "Volumes/talmo/amick/maze/labels.slp".to_owned(),
        "./storage/amick/maze/../maze//labels.slp".to_owned(),
        "~/../storage/amick/maze/labels.slp".to_owned(),
    ] {
        assert_eq!(home.ask(&["locate", &text]).good(), wanted, "{text}");
    }
    let folder = home.ask(&["locate", "mnt/vast/amick/maze/"]).good();
    assert_eq!(folder["path"], "maze");
    assert_eq!(home.run(["locate", "mnt/vast"]).out, "vast:");
    assert_eq!(home.run(["locate", "mnt/vast/amick/maze/cam0.mp4"]).out, "vast:amick/maze/cam0.mp4");
    home.ask(&["locate", "~"]).fails("not_in_any_backend");
    home.ask(&["locate", "/"]).fails("not_in_any_backend");
    home.ask(&["locate", "mnt/vast/nope"]).fails("path_not_found");
    home.ask(&["locate", "\"mnt/vast\""]).fails("path_not_found");
    home.ask(&["locate", ""]).fails("invalid_parameter");
}

#[test]
fn a_storage_path_is_resolved_whichever_way_it_is_written() {
    let home = Home::new();
    let labels = json!({ "path": home.path("mnt/vast/amick/maze/labels.slp"), "matched": "exact" });
    for words in [
        &["vast:amick/maze/labels.slp"][..],
        &["--storage-backend", "vast", "maze/labels.slp"],
        &["--storage-backend", "vast", "--user-subdir", "amick", "maze/labels.slp"],
        &["--storage-backend", "vast", "--user-subdir", "", "amick/maze/labels.slp"],
        &["--user-subdir", "amick", "vast:maze/labels.slp"],
        &["--user-subdir", "", "vast:amick/maze/labels.slp"],
        &["--user-subdir", "amick/", "vast:maze/labels.slp"],
    ] {
        assert_eq!(home.ask(&[&["resolve"], words].concat()).good(), labels, "{words:?}");
    }
    let folder = home.text("mnt/vast/amick/maze");
    for text in ["vast:amick/maze", "vast:amick/maze/", "vast:amick/maze//"] {
        assert_eq!(home.run(["resolve", text]).out, folder, "{text}");
    }
    assert_eq!(home.run(["resolve", "vast:"]).out, home.text("mnt/vast"));
    home.ask(&["resolve", "vast:amick/maze/new.h5"]).fails("path_not_found");
    home.ask(&["resolve", "--output", "vast:amick/maze/new.h5"]).good();
    for refused in ["vast:/", "vast:/etc", "vast:../x", "vast:amick/../../x", "vast:a//b", "vast:C:/x", "vast:a\u{7}"] {
        home.ask(&["resolve", refused]).fails("path_refused");
    }
    std::os::unix::fs::symlink("/etc", home.path("storage/amick/out")).expect("a link");
    home.ask(&["resolve", "vast:amick/out/passwd"]).fails("path_escapes");
    home.ask(&["resolve", "nope:x"]).fails("backend_not_found");
    home.ask(&["resolve", "--storage-backend", "nope", "x"]).fails("backend_not_found");
    home.ask(&["resolve", "x"]).fails("backend_not_found");
    home.ask(&["resolve", ""]).fails("invalid_parameter");
    fs_err::remove_file(home.path("mnt/vast")).expect("a link");
    home.ask(&["resolve", "vast:amick/maze"]).fails("backend_unavailable");
}

#[test]
fn names_match_in_another_form_or_case_and_say_so() {
    let home = Home::new();
    home.write("storage/amick/Zo\u{65}\u{308}/x.txt", "");
    home.write("storage/amick/Upper/x.txt", "");
    home.write("storage/amick/Two/x.txt", "");
    home.write("storage/amick/TWO/x.txt", "");
    assert_eq!(home.ask(&["resolve", "vast:amick/Zo\u{eb}/x.txt"]).good()["matched"], "normalization");
    assert_eq!(home.ask(&["resolve", "vast:amick/upper/X.TXT"]).good()["matched"], "case");
    home.ask(&["resolve", "vast:amick/two/x.txt"]).fails("path_ambiguous");
}

#[test]
fn ones_own_folder_lies_below_the_part_that_is_mounted() {
    let home = Home::bare();
    home.write("storage/labs/talmo/amick/x.txt", "");
    home.configure(&format!(
        "[storage.vast]\nbase_path = {}\nsubpath = \"labs/talmo\"\nuser_subdir = \"amick\"\n",
        json!(home.path("storage/labs/talmo"))
    ));
    let local = home.path("storage/labs/talmo/amick/x.txt");
    let at = home.ask(&["locate", "storage/labs/talmo/amick/x.txt"]).good();
    assert_eq!((&at["user_subdir"], &at["path"]), (&json!("labs/talmo/amick"), &json!("x.txt")));
    assert_eq!(home.ask(&["resolve", "--storage-backend", "vast", "x.txt"]).good()["path"], json!(local));
    assert_eq!(home.ask(&["resolve", "vast:labs/talmo/amick/x.txt"]).good()["path"], json!(local));
    home.ask(&["resolve", "--storage-backend", "vast", "--user-subdir", "", "amick/x.txt"]).fails("path_refused");
}

#[test]
fn the_one_storage_of_the_environment_is_the_default() {
    let home = Home::bare();
    let ask =
        |words: &[&str]| run(home.command(["--json"]).args(words).env("SHARED_STORAGE_ROOT", home.path("mnt/vast")));
    assert_eq!(ask(&["storage", "list"]).good()[0]["name"], "default");
    let wanted = json!(home.path("mnt/vast/amick/maze"));
    assert_eq!(ask(&["resolve", "amick/maze"]).good()["path"], wanted);
    assert_eq!(ask(&["resolve", "default:amick/maze"]).good()["path"], wanted);
    assert_eq!(ask(&["locate", "storage/amick/maze/cam0.mp4"]).good()["storage_backend"], "default");
}

#[test]
fn a_file_whose_name_is_no_text_is_refused_not_guessed() {
    let home = Home::new();
    let odd = home.path("storage/amick").join(OsString::from_vec(vec![b'x', 0xff]));
    fs_err::create_dir(&odd).expect("a folder");
    let told = run(home.command(["--json", "locate", "."]).current_dir(&odd));
    told.fails("path_refused");
}

#[test]
fn a_space_in_a_path_splits_it_nowhere() {
    let home = Home::bare();
    std::os::unix::fs::symlink(home.path("storage"), home.path("mnt/Lab Share (new)")).expect("a link");
    let folder = home.path("storage/amick/my maze/day 1");
    fs_err::create_dir_all(&folder).expect("a folder");
    for name in ["labels.slp", "cam0.mp4"] {
        fs_err::copy(home.path("storage/amick/maze").join(name), folder.join(name)).expect("a copy");
    }
    fs_err::rename(folder.join("labels.slp"), folder.join("my labels.slp")).expect("renamed");
    home.ask(&["storage", "add", "vast", "mnt/Lab Share (new)", "--user-subdir", "amick"]).good();
    let local = home.text("mnt/Lab Share (new)/amick/my maze/day 1/my labels.slp");
    let at = "vast:amick/my maze/day 1/my labels.slp";
    assert_eq!(home.run(["locate", &local]).out, at);
    assert_eq!(home.run(["resolve", at]).out, local);
    assert_eq!(home.ask(&["dataset", at]).good()["videos"][0]["found"], true);
    // A tool of the lab's own gets the path as one argument, and writes to a folder with spaces.
    let steps = json!([{ "name": "s", "script": {
        "actions": { "onRun": { "command": "sh", "args": ["{{Task.File.tool}}", "{{Param.LABELS}}", "{{Param.OUTPUT_DIR}}"] } },
        "embeddedFiles": [{ "name": "tool", "type": "TEXT", "data": "echo \"$#\"; wc -c < \"$1\"; echo \"$1\" > \"$2/seen here.txt\"\n" }],
    } }]);
    let parameters = json!([
        { "name": "LABELS", "type": "PATH", "objectType": "FILE", "dataFlow": "IN" },
        { "name": "OUTPUT_DIR", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT" },
    ]);
    let template = json!({
        "specificationVersion": "jobtemplate-2023-09", "name": "tool", "parameterDefinitions": parameters, "steps": steps,
    });
    home.write("kinds/tool.json", template.to_string());
    let _worker = home.worker("gpu-1");
    for kind in ["slp-check", "tool"] {
        let job =
            home.ask(&["submit", kind, &local, "-p", &format!("OUTPUT_DIR=vast:amick/my results/{kind} 1")]).good();
        assert_eq!(job["state"], "succeeded", "{job:#}");
    }
    let seen = fs_err::read_to_string(home.path("storage/amick/my results/tool 1/seen here.txt")).expect("a result");
    assert_eq!(seen.trim_end(), local);
}
