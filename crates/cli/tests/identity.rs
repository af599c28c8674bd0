//! Which storage a storage is: marked, told apart, confirmed, and found again where it moved to.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use samepath_testkit::FuseMount;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn a_storage_is_marked_once_and_says_so() {
    let home = Home::new();
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["id"], json!(null));
    let made = home.ask(&["storage", "mark"]).good();
    assert_eq!((&made["name"], &made["made"]), (&json!("vast"), &json!(true)));
    let again = home.ask(&["storage", "mark", "vast"]).good();
    assert_eq!((&again["id"], &again["made"]), (&made["id"], &json!(false)));
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["id"], made["id"]);
    let told = home.run(["storage", "mark", "vast"]);
    let id = made["id"].as_str().expect("an id");
    assert!(told.out.contains(&format!("vast has a mark already: {id}")), "{told:?}");
}

#[test]
fn what_cannot_be_marked_says_why() {
    let home = Home::new();
    home.configure(&format!(
        "[storage.vast]\nbase_path = {}\nsubpath = \"labs/talmo\"\n\n[storage.none]\nbase_path = \"/nowhere\"\n\n\
         [storage.bad]\nbase_path = \"relative\"\n",
        json!(home.path("mnt/vast"))
    ));
    home.ask(&["storage", "mark"]).fails("usage");
    home.ask(&["storage", "mark", "other"]).fails("backend_not_found");
    home.ask(&["storage", "mark", "none"]).fails("backend_unavailable");
    home.ask(&["storage", "mark", "bad"]).fails("config_invalid");
    let told = home.ask(&["storage", "mark", "vast"]).fails("path_refused");
    assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains("labs/talmo")), "{told:#}");
    assert!(!home.path("mnt/vast/.samepath").exists());
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(home.path("mnt/vast"))));
    home.write("mnt/vast/.samepath/storage.json", "not a mark");
    home.ask(&["storage", "mark"]).fails("already_exists");
    let left = fs_err::read_to_string(home.path("mnt/vast/.samepath/storage.json")).expect("a file");
    assert_eq!(left, "not a mark");
    let checked = home.ask(&["storage", "check"]).good();
    assert_eq!((&checked[0]["state"], &checked[0]["id"]), (&json!("ready"), &json!(null)));
    let warning = checked[0]["warning"].as_str().unwrap_or_default();
    assert!(warning.contains("storage.json"), "{checked:#}");
    assert!(home.run(["storage", "check"]).out.contains(warning));
}

#[test]
fn a_worker_with_another_storage_of_the_name_is_given_nothing_and_named() {
    let home = Home::new();
    home.ask(&["storage", "mark"]).good();
    // The worker mounts something else under the same name.
    let other = home.path("other");
    fs_err::create_dir_all(other.join("amick/maze")).expect("a folder");
    fs_err::copy(home.path("storage/amick/maze/labels.slp"), other.join("amick/maze/labels.slp")).expect("a copy");
    let theirs = home.path("theirs.toml");
    fs_err::write(&theirs, format!("[storage.vast]\nbase_path = {}\n", json!(other))).expect("a file");
    let theirs = theirs.display().to_string();
    home.write("other/.samepath/storage.json", r#"{"id": "0199c0de-1111-4222-8333-444455556666"}"#);
    let mut worker = home.worker_with("gpu-4", &["--config", &theirs]);
    let workers = home.ask(&["workers"]).good();
    assert_eq!(workers[0]["storages"][0]["sameness"], "other_storage", "{workers:#}");
    assert!(home.run(["workers"]).out.contains("vast (other storage)"));
    let told = home.run(["doctor"]).out;
    assert!(told.contains("its vast is another storage than vast here"), "{told}");
    let id = home.submit(&["slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let job = home.job(&id);
    assert_eq!(job["state"], "queued", "{job:#}");
    let why = job["waiting_for"][0].as_str().unwrap_or_default();
    assert_eq!(why, "gpu-4: its vast is a different storage", "{job:#}");
    home.ask(&["kill", &id]).good();
    worker.end();
}

#[test]
fn a_storage_that_another_took_the_place_of_since_its_worker_looked_is_given_nothing_either() {
    let home = Home::new();
    let ours = home.ask(&["storage", "mark"]).good()["id"].as_str().expect("an id").to_owned();
    let mark = |id: &str| home.write("other/.samepath/storage.json", json!({ "id": id }).to_string());
    let (here, there) = (home.path("storage/amick/maze/labels.slp"), home.path("other/amick/maze/labels.slp"));
    fs_err::create_dir_all(there.parent().expect("a folder")).expect("a folder");
    fs_err::copy(&here, &there).expect("a copy");
    let copy = fs_err::File::options().write(true).open(&there).expect("a file");
    let modified = fs_err::metadata(&here).and_then(|it| it.modified()).expect("a time");
    copy.file().set_modified(modified).expect("a time");
    mark(&ours);
    let theirs = home.write("theirs.toml", format!("[storage.vast]\nbase_path = {}\n", json!(home.path("other"))));
    let mut worker = home.worker_with("gpu-4", &["--config", &theirs.display().to_string()]);
    assert_eq!(home.ask(&["workers"]).good()[0]["storages"][0]["sameness"], "same_mark");
    // It looks twice a minute, and has just looked.
    let other = "0199c0de-1111-4222-8333-444455556666";
    mark(other);
    let id = home.submit(&["slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let job = home.job_until(&id, |job| job["state"] == "failed");
    let failure = job["failure"].as_str().unwrap_or_default();
    assert!(failure.contains("gpu-4") && failure.contains("vast is a different storage now"), "{job:#}");
    assert!(failure.contains(&ours) && failure.contains(other), "{job:#}");
    let made = home.files("other");
    assert_eq!(
        made.iter().filter(|file| file.contains("amick/")).collect::<Vec<_>>(),
        ["other/amick/maze", "other/amick/maze/labels.slp"]
    );
    worker.end();
}

#[test]
fn a_worker_that_reads_the_same_dataset_is_confirmed_and_no_other() {
    let home = Home::new();
    let mut worker = home.worker("gpu-1");
    let told = home.run(["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(told.err.contains("gpu-1 confirmed: it reads the same dataset."), "{told:?}");
    let job = home.ask(&["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]).good();
    assert_eq!(job["confirmed"], json!(["gpu-1"]), "{job:#}");
    worker.end();
}

#[test]
fn a_share_that_moved_is_told_and_never_followed_silently() {
    let home = Home::new();
    let share = home.path("").display().to_string();
    let before = FuseMount::of_share(&share, &[("amick/labels.slp", "x")]);
    let old = before.path().to_owned();
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(old)));
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], "ready");
    assert_eq!(home.ask(&["storage", "list"]).good()[0]["moved_to"], json!(null));
    drop(before);
    let now = FuseMount::of_share(&share, &[("amick/labels.slp", "x")]);
    for words in [&["storage", "check"][..], &["storage", "list"]] {
        let told = home.ask(words).good();
        assert_eq!(told[0]["moved_to"], json!(now.path()), "{told:#}");
        assert_eq!(told[0]["base_path"], json!(old), "{told:#}");
        let told = home.run(words);
        let (old, now) = (old.display(), now.path().display());
        assert!(told.out.contains(&format!("vast moved: it was at {old}, now it is at {now}.")), "{told:?}");
        assert!(told.out.contains(&format!("samepath storage set vast --base-path {now}")), "{told:?}");
    }
    home.ask(&["storage", "set", "vast", "--base-path", &now.path().display().to_string()]).good();
    let checked = home.ask(&["storage", "check"]).good();
    assert_eq!((&checked[0]["state"], &checked[0]["moved_to"]), (&json!("ready"), &json!(null)));
}

#[test]
fn an_empty_folder_where_a_share_was_is_not_mounted() {
    let home = Home::new();
    let share = FuseMount::new(&[("amick/labels.slp", "x")]);
    let (base, empty) = (home.path("base"), home.path("empty"));
    fs_err::create_dir(&empty).expect("a folder");
    fs_err::os::unix::fs::symlink(share.path(), &base).expect("a link");
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(base)));
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], "ready");
    fs_err::remove_file(&base).expect("a link");
    fs_err::os::unix::fs::symlink(&empty, &base).expect("a link");
    // Another run of the program still knows what was there.
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], "not_mounted");
    home.ask(&["storage", "mark", "vast"]).fails("backend_unavailable");
    assert_eq!(fs_err::read_dir(&empty).expect("a folder").count(), 0);
}

#[test]
fn an_empty_folder_that_somebody_uses_anyway_is_said_to_be_empty_until_it_is_not() {
    let home = Home::new();
    fs_err::create_dir(home.path("mnt/empty")).expect("a folder");
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(home.path("mnt/empty"))));
    let told = format!("{} is an empty folder. If vast is a share, it is not connected yet.", home.text("mnt/empty"));
    let checked = home.ask(&["storage", "check"]).good();
    assert_eq!((&checked[0]["state"], &checked[0]["warning"]), (&json!("ready"), &json!(told)));
    for question in [["storage", "check"].as_slice(), &["doctor"]] {
        let answer = home.run(question);
        assert!(answer.out.contains(&told), "{answer:?}");
    }
    home.write("mnt/empty/labels.slp", "x");
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["warning"], json!(null));
}

#[test]
fn a_storage_that_carries_another_mark_than_before_is_warned_of_until_somebody_says_it_is_right() {
    let home = Home::new();
    home.ask(&["storage", "mark"]).good();
    let id = "0199c0de-1111-4222-8333-444455556666";
    home.write("mnt/vast/.samepath/storage.json", format!(r#"{{"id": "{id}"}}"#));
    for _ in 0..2 {
        let checked = home.ask(&["storage", "check"]).good();
        let warning = checked[0]["warning"].as_str().unwrap_or_default();
        assert!(warning.contains("another mark"), "{checked:#}");
        assert_eq!(checked[0]["id"], id);
    }
    home.ask(&["storage", "set", "vast", "--base-path", &home.path("mnt/vast").display().to_string()]).good();
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["warning"], json!(null));
}

#[test]
fn a_file_whose_name_is_no_text_is_named_as_far_as_it_can_be() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let name = home.path("storage/amick/maze").join(OsStr::from_bytes(b"caf\xe9.slp"));
    fs_err::write(&name, "x").expect("a file");
    for command in ["locate", "dataset"] {
        let told = home.run([OsStr::new("--json"), OsStr::new(command), name.as_os_str()]).fails("usage");
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(r"caf\xE9.slp")), "{told:#}");
    }
    // By a link whose name is text, too.
    let link = home.path("storage/amick/link.slp");
    fs_err::os::unix::fs::symlink(&name, &link).expect("a link");
    let told = home.ask(&["locate", &link.display().to_string()]).fails("path_refused");
    assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(r"caf\xE9.slp")), "{told:#}");
}

#[test]
fn before_the_share_is_mounted_nobody_offers_the_folder_in_its_place() {
    let home = Home::new();
    let base = home.path("mnt/vast");
    let lead_to = |place: &Path| {
        let draft = home.path("mnt/draft");
        symlink(place, &draft).expect("a link");
        fs_err::rename(&draft, &base).expect("in its place");
    };
    let mount = FuseMount::new(&[("amick/maze/labels.slp", "x")]);
    lead_to(mount.path());
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], json!("ready"));
    // The computer was started again, and its server is away.
    let below = home.path("below");
    fs_err::create_dir_all(&below).expect("a folder");
    lead_to(&below);
    let mut worker = home.start(&["--json", "worker", "--name", "gpu-1"]);
    let mut is = |state: &str| {
        worker.until(|line| {
            let told: Value = serde_json::from_str(line).unwrap_or_default();
            (told["storages"][0]["state"] == state).then_some(())
        });
    };
    is("not_mounted");
    for left in ["", "amick/left-by-somebody"] {
        if !left.is_empty() {
            home.write(&format!("below/{left}"), "");
        }
        let checked = home.ask(&["storage", "check"]).good();
        assert_eq!(checked[0]["state"], json!("not_mounted"), "{checked:#}");
    }
    let filled = home.run(["storage", "check"]);
    assert!(
        filled.out.contains("is a folder of this computer's own, not the share: vast is not mounted"),
        "{filled:?}"
    );
    fs_err::remove_dir_all(below.join("amick")).expect("gone");
    let refused = home.ask(&["submit", "slp-check", "vast:amick/maze/labels.slp"]).fails("backend_unavailable");
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("is an empty folder, not the share: vast is not mounted"), "{refused:#}");
    lead_to(mount.path());
    is("ready");
    // Somebody says that this is right.
    lead_to(&below);
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], json!("not_mounted"));
    home.write("below/amick/mine", "");
    home.ask(&["storage", "set", "vast", "--base-path", &home.text("mnt/vast")]).good();
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], json!("ready"));
}

#[test]
fn workers_are_told_of_by_the_mark_that_a_storage_has_now_as_submissions_are() {
    let home = Home::new();
    home.ask(&["storage", "mark"]).good();
    // Somebody marked it anew, and its worker has seen that.
    home.write("mnt/vast/.samepath/storage.json", r#"{"id": "0199c0de-1111-4222-8333-444455556666"}"#);
    let theirs = home.write("theirs.toml", format!("[storage.vast]\nbase_path = {}\n", json!(home.path("storage"))));
    let _worker = home.worker_with("gpu-1", &["--config", &theirs.display().to_string()]);
    let workers = home.ask(&["workers"]).good();
    assert_eq!(workers[0]["storages"][0]["sameness"], "same_mark", "{workers:#}");
    let job = home.ask(&["submit", "slp-check", "vast:amick/maze/labels.slp"]).good();
    assert_eq!(job["state"], "succeeded", "{job:#}");
}

#[test]
fn a_storage_that_lost_its_mark_is_warned_of_until_somebody_says_it_is_right() {
    let home = Home::new();
    let here = home.text("mnt/vast");
    let lose = || {
        home.ask(&["storage", "mark"]).good();
        assert_eq!(home.ask(&["storage", "check"]).good()[0]["warning"], json!(null));
        fs_err::remove_dir_all(home.path("mnt/vast/.samepath")).expect("its mark");
    };
    lose();
    let mut worker = home.worker("gpu-1");
    for _ in 0..2 {
        let checked = home.ask(&["storage", "check"]).good();
        let warning = checked[0]["warning"].as_str().unwrap_or_default();
        assert!(warning.contains("carries no mark, and did when it was last seen"), "{checked:#}");
        assert!(warning.contains(&format!("samepath storage set vast --base-path {here}")), "{checked:#}");
        assert!(home.run(["doctor"]).out.contains("carries no mark"), "{checked:#}");
    }
    worker.end();
    home.ask(&["storage", "set", "vast", "--base-path", &here]).good();
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["warning"], json!(null));
    // A new mark is no other storage either.
    lose();
    home.ask(&["storage", "mark"]).good();
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["warning"], json!(null));
}

#[test]
fn a_marked_storage_without_a_share_is_found_again_beside_where_it_was() {
    let home = Home::bare();
    let (old, now) = (home.path("nas/talmo"), home.path("nas/talmo-1"));
    fs_err::create_dir_all(old.join("amick")).expect("a folder");
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(old)));
    home.ask(&["storage", "mark"]).good();
    fs_err::rename(&old, &now).expect("a folder");
    let moved = |why: &str| {
        let told = home.ask(&["storage", "check"]).good();
        assert_eq!(told[0]["moved_to"], json!(now), "{why}: {told:#}");
        assert_eq!(told[0]["base_path"], json!(old), "{why}: {told:#}");
    };
    moved("nothing is there");
    // As some systems leave it, with something of their own in it.
    home.write("nas/talmo/.Trash/x", "");
    moved("a folder without the mark is there");
    // Nothing of the kind without a mark.
    fs_err::remove_dir_all(now.join(".samepath")).expect("its mark");
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["moved_to"], json!(null));
}
