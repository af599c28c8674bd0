//! What a tired person types instead of a path of this computer, and what they are told.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use samepath_app::{App, ErrorCode, Options};
use serde_json::{Value, json};
use std::ffi::OsString;

fn told(answer: &Value) -> (&str, &str) {
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default();
    (text("message"), text("hint"))
}

/// With `vast`, whose places on other computers are in the same file.
fn shared() -> Home {
    let home = Home::bare();
    home.configure(&format!(
        "[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n\n\
         [samepath.computers.mac.storage.vast]\nbase_path = \"/Volumes/talmo\"\n\n\
         [samepath.computers.win.storage.vast]\nbase_path = 'Z:\\'\n\n\
         [samepath.computers.nas.storage.vast]\nbase_path = '\\\\vast01\\talmo'\n\n\
         [[path_mappings]]\nlocal = \"/Users/amick/lab\"\nworker = \"/Volumes/talmo/amick\"\n",
        json!(home.path("mnt/vast"))
    ));
    home
}

#[test]
fn a_path_of_another_computer_is_told_as_that_with_the_storage_path_that_is_meant() {
    let home = shared();
    for (text, looks) in [
        ("/Volumes/talmo/amick/maze/labels.slp", "a path of a Mac"),
        (r"Z:\amick\maze\labels.slp", "a path of Windows"),
        (r"\\vast01\talmo\amick\maze\labels.slp", "a share, as Windows writes it"),
        ("smb://vast01/talmo/amick/maze/labels.slp", "the address of a share"),
        ("/Users/amick/lab/maze/labels.slp", "home on a Mac"),
    ] {
        for words in [
            &["locate", text][..],
            &["dataset", text],
            &["submit", "slp-check", text],
            &["submit", "slp-check", "-p", &format!("LABELS={text}")],
            &["submit", "slp-check", "vast:amick/maze/labels.slp", "-p", &format!("OUTPUT_DIR={text}")],
            &["resolve", text],
        ] {
            let answer = home.ask(words).fails("path_not_found");
            let (message, hint) = told(&answer);
            assert!(message.contains(text) && message.contains(looks), "{words:?}: {answer:#}");
            assert!(hint.contains("write `vast:amick/maze/labels.slp`"), "{words:?}: {answer:#}");
        }
    }
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing was submitted");
}

#[test]
fn a_place_that_nobody_named_is_told_with_what_to_write() {
    let home = Home::new();
    for (text, looks, write) in [
        ("/Volumes/talmo/amick/x.slp", "a path of a Mac", "has vast at `/Volumes/talmo`, write `vast:amick/x.slp`"),
        (r"Z:\x\y.slp", "a path of Windows", "has vast at `Z:`, write `vast:x/y.slp`"),
        (r"C:\Users\tom\x.slp", "own disk", "copy it to one of the storages first"),
        ("Z:xy.slp", "lost each", "quotation marks"),
        ("https://example.org/x.slp", "on the web", "download it"),
    ] {
        let answer = home.ask(&["locate", text]).fails("path_not_found");
        let (message, hint) = told(&answer);
        assert!(message.contains(looks) && hint.contains(write), "{answer:#}");
    }
    // What is spelled wrongly is told with the part that is not there.
    let answer = home.ask(&["locate", "mnt/vast/amick/maez/x.slp"]).fails("path_not_found");
    let (message, hint) = told(&answer);
    assert!(message.contains(&format!("there is no `{}`", home.text("mnt/vast/amick/maez"))), "{answer:#}");
    assert!(hint.contains(&format!("there is a `{}`, but", home.text("mnt/vast/amick/maze"))), "{answer:#}");
    let answer = home.ask(&["locate", "mnt/vast/amick/maez/labels.slp"]).fails("path_not_found");
    assert!(
        told(&answer).1.contains(&format!("write `{}`", home.text("mnt/vast/amick/maze/labels.slp"))),
        "{answer:#}"
    );
    let answer = home.ask(&["locate", "mnt/vast/amick/nothing/x.slp"]).fails("path_not_found");
    assert_eq!(told(&answer).1, "check the spelling");
    let answer = home.ask(&["locate", "mnt/vats/amick/x.slp"]).fails("path_not_found");
    assert!(told(&answer).1.contains(&format!("write `{}`", home.text("mnt/vast/amick/x.slp"))), "{answer:#}");
}

#[test]
fn a_storage_whose_folder_is_not_there_is_no_matter_of_spelling() {
    let home = Home::new();
    fs_err::remove_file(home.path("mnt/vast")).expect("a link");
    for command in ["locate", "dataset"] {
        let answer = home.ask(&[command, &home.text("mnt/vast/amick/maze/labels.slp")]).fails("path_not_found");
        let (message, hint) = told(&answer);
        assert!(message.contains("vast is to be at"), "{answer:#}");
        assert!(hint.contains("mount it") && hint.contains("samepath storage set vast --base-path"), "{answer:#}");
    }
}

#[test]
fn the_address_of_a_file_of_this_computer_is_its_path() {
    let home = Home::new();
    let address = format!("file://{}", home.text("mnt/vast/amick/maze/labels.slp"));
    assert_eq!(home.run(["locate", &address]).out, "vast:amick/maze/labels.slp");
    assert_eq!(home.ask(&["dataset", &address]).good()["labelled_frames"], 10);
    home.write("storage/amick/day 1/x", "");
    let address = format!("file://localhost{}", home.text("mnt/vast/amick/day%201/x"));
    assert_eq!(home.run(["locate", &address]).out, "vast:amick/day 1/x");
    let answer = home.ask(&["locate", "file://nas/lab/x"]).fails("path_not_found");
    assert!(told(&answer).0.contains("on another computer"), "{answer:#}");
}

#[test]
fn a_storage_path_with_backslashes_is_told_with_the_right_one() {
    let home = Home::new();
    let written = r"vast:amick\maze\labels.slp";
    for words in [
        &["resolve", written][..],
        &["resolve", "--storage-backend", "vast", r"maze\labels.slp"],
        &["dataset", written],
        &["submit", "slp-check", written],
    ] {
        let answer = home.ask(words).fails("path_not_found");
        assert!(told(&answer).1.contains("write `vast:amick/maze/labels.slp`"), "{words:?}: {answer:#}");
    }
    let answer = home.ask(&["locate", written]).fails("path_not_found");
    assert!(told(&answer).1.contains("`samepath resolve vast:amick/maze/labels.slp`"), "{answer:#}");
    // A file may really be called so.
    home.write(r"storage/amick/a\b", "");
    home.ask(&["resolve", r"vast:amick/a\b"]).good();
}

#[test]
fn a_storage_by_nearly_its_name_is_asked_back() {
    let home = Home::new();
    let path = "amick/maze/labels.slp";
    for name in ["Vast", "VAST", "vats", "vas"] {
        let text = format!("{name}:{path}");
        for words in [&["dataset", &text][..], &["submit", "slp-check", &text]] {
            let answer = home.ask(words).fails("path_not_found");
            assert!(told(&answer).1.contains(&format!("`vast:{path}`")), "{words:?}: {answer:#}");
        }
        let answer = home.ask(&["locate", &text]).fails("path_not_found");
        assert!(told(&answer).1.contains(&format!("`samepath resolve vast:{path}`")), "{answer:#}");
        let answer = home.ask(&["resolve", &text]).fails("backend_not_found");
        assert!(told(&answer).1.contains("write `vast`"), "{answer:#}");
    }
    let answer = home.ask(&["locate", "elsewhere:x"]).fails("path_not_found");
    let (message, hint) = told(&answer);
    assert!(message.contains("no storage `elsewhere`; it has `vast`") && hint.contains("storage add"), "{answer:#}");
    // A folder of results may be called so, where no storage is meant.
    home.ask(&[
        "submit",
        "--detach",
        "slp-check",
        "vast:amick/maze/labels.slp",
        "-p",
        "OUTPUT_DIR=storage/amick/run:1",
    ])
    .good();
}

#[test]
fn a_slash_too_many_is_told_with_the_path() {
    let home = Home::new();
    for words in [&["resolve", "vast:amick//maze"][..], &["dataset", "vast:amick//maze/labels.slp"]] {
        let answer = home.ask(words).fails("path_refused");
        let (message, _) = told(&answer);
        assert!(message.starts_with(&format!("`{}` is refused", words[1])), "{answer:#}");
    }
}

#[test]
fn what_was_copied_with_more_than_the_path_is_told_without() {
    let home = Home::new();
    home.write("storage/amick/my maze/x.slp", "");
    let local = home.text("mnt/vast/amick/my maze/x.slp");
    for text in [
        format!(" {local}"),
        format!("{local}\n"),
        format!("\"{local}\""),
        format!("'{local}' "),
        format!("\u{201c}{local}\u{201d}"),
        local.replace(' ', "\\ "),
    ] {
        for words in [&["locate", &text][..], &["dataset", &text], &["submit", "slp-check", &text]] {
            let answer = home.ask(words).fails("path_not_found");
            assert!(told(&answer).1.contains(&format!("write `{local}`")), "{words:?}: {answer:#}");
        }
    }
    // A storage path with a slash where the name ends, and with a space that slipped in.
    for (words, code, meant) in [
        (&["dataset", "vast/amick/maze/labels.slp"][..], "path_not_found", "vast:amick/maze/labels.slp"),
        (&["resolve", "vast/amick/maze"], "backend_not_found", "vast:amick/maze"),
        (&["resolve", "vast: amick/maze"], "path_not_found", "vast:amick/maze"),
        (&["dataset", "vast:amick/maze/labels.slp "], "path_not_found", "vast:amick/maze/labels.slp"),
    ] {
        let answer = home.ask(words).fails(code);
        assert!(told(&answer).1.to_lowercase().contains(&format!("write `{meant}`")), "{words:?}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_into_the_window_is_told_the_same() {
    let home = shared();
    let (folder, data) = (home.path("home"), home.path("data"));
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from(&folder)),
        "SAMEPATH_DATA" => Some(OsString::from(&data)),
        _ => None,
    };
    // Started by a click: it has no current folder.
    let mut options = Options::gather(variable, None, None, "0").unwrap();
    options.program = env!("CARGO_BIN_EXE_samepath").into();
    let app = App::start(options).await.unwrap();
    for (text, code, meant) in [
        ("/Volumes/talmo/amick/maze/labels.slp", ErrorCode::PathNotFound, "write `vast:amick/maze/labels.slp`"),
        (r"Z:\amick\maze\cam0.mp4", ErrorCode::PathNotFound, "write `vast:amick/maze/cam0.mp4`"),
        ("smb://vast01/talmo/amick/maze", ErrorCode::PathNotFound, "write `vast:amick/maze`"),
        (r"vast:amick\maze\labels.slp", ErrorCode::PathNotFound, "write `vast:amick/maze/labels.slp`"),
        ("Vast:amick/maze/labels.slp", ErrorCode::PathNotFound, "write `vast:amick/maze/labels.slp`"),
        ("vast/amick/maze", ErrorCode::InvalidParameter, "Write `vast:amick/maze`"),
        ("maze", ErrorCode::InvalidParameter, "a path that begins at the root"),
    ] {
        let error = app.open_dataset(text.to_owned(), Vec::new()).await.unwrap_err();
        assert_eq!(error.code, code, "{text}: {error:?}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains(meant)), "{text}: {error:?}");
    }
    let address = format!("file://{}", home.text("mnt/vast/amick/maze/labels.slp"));
    let dataset = app.open_dataset(address, Vec::new()).await.unwrap();
    assert_eq!(dataset.place.map(|place| place.text).as_deref(), Some("vast:amick/maze/labels.slp"));
    app.shut_down().await;
}

#[test]
fn a_name_with_a_slip_or_without_its_ending_is_told_with_the_one_that_is_there() {
    let home = Home::new();
    for (typed, meant) in [
        ("maze/lables.slp", "maze/labels.slp"),
        ("maze/labels.pkg", "maze/labels.pkg.slp"),
        ("mase/labels.slp", "maze/labels.slp"),
    ] {
        let local = home.text(&format!("storage/amick/{typed}"));
        let there = home.text(&format!("storage/amick/{meant}"));
        let named = format!("vast:amick/{typed}");
        for words in [&["locate", &local][..], &["dataset", &local], &["submit", "slp-check", &local]] {
            let answer = home.ask(words).fails("path_not_found");
            assert_eq!(told(&answer).1, format!("write `{there}`, if that is meant"), "{words:?}");
        }
        for words in [&["resolve", &named][..], &["dataset", &named], &["submit", "slp-check", &named]] {
            let answer = home.ask(words).fails("path_not_found");
            assert_eq!(told(&answer).1, format!("write `vast:amick/{meant}`, if that is meant"), "{words:?}");
        }
    }
    // A folder of nearly that name, in which there is nothing of the rest.
    let answer = home.ask(&["resolve", "vast:amick/mase/poses.h5"]).fails("path_not_found");
    let beside = "there is a `vast:amick/maze`, but nothing of that name in it: check the spelling";
    assert_eq!(told(&answer).1, beside);
    let answer = home.ask(&["resolve", "vast:amick/maze/poses.h5"]).fails("path_not_found");
    assert_eq!(told(&answer).1, "check the spelling, and that the file is on this storage");
}

#[test]
fn a_folder_or_a_video_in_the_place_of_a_project_is_told_with_the_projects_there() {
    let home = Home::new();
    let (folder, video) = ("storage/amick/maze", "storage/amick/maze/cam0.mp4");
    for words in [&["dataset", folder][..], &["dataset", "vast:amick/maze"], &["submit", "slp-check", folder]] {
        let answer = home.ask(words).fails("invalid_parameter");
        let (message, hint) = told(&answer);
        assert!(message.ends_with("is a folder, not a file"), "{answer:#}");
        assert_eq!(hint, "Choose a project. In it: labels.pkg.slp, labels.slp.", "{words:?}");
    }
    for words in [&["dataset", video][..], &["submit", "slp-check", video]] {
        let answer = home.ask(words).fails("invalid_parameter");
        let (message, hint) = told(&answer);
        assert!(message.ends_with("cam0.mp4 is not a SLEAP project: it is a video"), "{answer:#}");
        assert_eq!(hint, "Choose a project. Beside it: labels.pkg.slp, labels.slp.", "{words:?}");
    }
    home.write("storage/amick/maze/bad.slp", "none");
    let answer = home.ask(&["dataset", "vast:amick/maze/bad.slp"]).fails("invalid_parameter");
    assert_eq!(told(&answer).1, "Choose a project. Beside it: labels.pkg.slp, labels.slp.");
    home.write("storage/amick/empty/notes.txt", "none");
    let answer = home.ask(&["dataset", "vast:amick/empty"]).fails("invalid_parameter");
    assert_eq!(told(&answer).1, "Choose the project file itself: it ends in .slp or .pkg.slp.");
}

#[test]
fn a_project_on_no_storage_is_named_by_its_whole_path() {
    let home = Home::new();
    fs_err::copy(home.path("storage/amick/maze/labels.slp"), home.path("home/labels.slp")).expect("a copy");
    let told = home.run(["dataset", "home/labels.slp"]);
    assert!(told.out.starts_with(&home.text("home/labels.slp")), "{told:?}");
    assert!(told.out.contains("is on this computer only"), "{told:?}");
}

#[test]
fn another_person_s_home_is_no_folder_of_that_name() {
    let home = Home::new();
    let answer = home.ask(&["dataset", "~tom/labels.slp"]).fails("path_not_found");
    assert_eq!(told(&answer).1, "where the home folder of tom is, only a shell knows: write the whole path");
}

#[test]
fn the_word_for_a_list_lists_job_types() {
    let home = Home::new();
    let all = home.ask(&["kinds"]).good();
    assert_eq!(home.ask(&["kinds", "list"]).good(), all);
    let answer = home.ask(&["kinds", "slp-chekc"]).fails("kind_not_found");
    assert!(told(&answer).1.starts_with("Did you mean slp-check?"), "{answer:#}");
}
