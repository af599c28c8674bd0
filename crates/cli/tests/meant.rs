//! Commands as other programs call them, in the wrong order, or with half of their words.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use serde_json::{Value, json};

fn told(answer: &Value) -> (&str, &str) {
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default();
    (text("message"), text("hint"))
}

const LABELS: &str = "vast:amick/maze/labels.slp";

#[test]
fn other_words_for_a_command_are_understood() {
    let home = Home::new();
    assert_eq!(home.ask(&["storage", "ls"]).good()[0]["name"], "vast");
    assert_eq!(home.ask(&["storages", "list"]).good()[0]["name"], "vast");
    home.ask(&["storage", "add", "other", "tmp"]).good();
    assert_eq!(home.ask(&["storage", "rm", "other"]).good(), json!({ "removed": "other" }));
    home.ask(&["programs", "ls"]).good();
    assert_eq!(home.ask(&["kind", "slp-check"]).good()["name"], "slp-check");
    let job = home.ask(&["run", "slp-check", LABELS, "--detach"]).good();
    let id = job["id"].as_str().expect("an id");
    for words in [&["job", id][..], &["jobs", id]] {
        assert_eq!(home.ask(words).good()["id"], id);
    }
    for word in ["queue", "ps"] {
        assert_eq!(home.ask(&[word]).good()[0]["id"], id);
    }
    assert_eq!(home.ask(&["cancel", id]).good()["state"], "cancelled");
    assert_eq!(home.ask(&["rerun", id]).good()["state"], "queued");
    assert_eq!(home.run(["log", id]).status, Some(0));
    // They are understood, and not taught.
    let help = home.run(["help"]).out;
    assert!(!help.contains("cancel") && !help.contains("alias"), "{help}");
}

#[test]
fn a_command_that_there_is_not_is_answered_with_the_one_that_is_meant() {
    let home = Home::new();
    for (words, meant) in [
        (&["ls"][..], &["samepath jobs", "samepath storage list", "samepath workers"][..]),
        (&["list"], &["samepath jobs", "samepath storage list"]),
        (&["rm", "x"], &["samepath storage remove NAME", "samepath stop ID"]),
        (&["status"], &["samepath jobs", "samepath storage check", "samepath doctor"]),
        (&["check"], &["samepath storage check"]),
        (&["add", "vast", "/mnt/vast"], &["samepath storage add"]),
        (&["invite", "amick"], &["samepath hub invite"]),
        (&["install"], &["samepath worker install"]),
        (&["--config", "x.toml", "storage", "lsit"], &["samepath storage list"]),
        (&["lgos", "x"], &["samepath logs"]),
        (&["storage", "lsit"], &["samepath storage list"]),
        (&["storage", "ad", "x", "y"], &["samepath storage add"]),
        (&["login"], &["samepath join INVITATION"]),
        (&["sleap-train", "labels.slp"], &["samepath submit sleap-train labels.slp"]),
        (&["train", "labels.slp"], &["samepath submit sleap-train FILE"]),
        (&["labels.slp"], &["samepath dataset labels.slp", "samepath submit sleap-train labels.slp"]),
        (&["/mnt/vast/amick"], &["samepath locate /mnt/vast/amick"]),
        (&["vast:amick/my maze"], &["samepath resolve 'vast:amick/my maze'"]),
        (&["samepath", "jobs"], &["samepath jobs"]),
        (&["$", "samepath", "jobs", "x"], &["samepath jobs x"]),
    ] {
        let answer = home.ask(words).fails("usage");
        let (message, hint) = told(&answer);
        assert!(message.starts_with("There is no command "), "{words:?}: {answer:#}");
        for meant in meant {
            assert!(
                hint.split(" · ").any(|one| one.trim_start_matches("Did you mean: ") == *meant),
                "{words:?}: {hint}"
            );
        }
    }
    let answer = home.ask(&["storage", "frobnicate"]).fails("usage");
    assert_eq!(told(&answer), ("There is no command frobnicate of samepath storage.", "See: samepath storage --help"));
    let shown = home.run(["frobnicate"]);
    assert!(shown.status == Some(2) && shown.err.contains("error: There is no command frobnicate."), "{shown:?}");
}

#[test]
fn what_a_job_type_needs_is_told_with_what_to_type() {
    let home = Home::new();
    home.kind("plain", "true");
    for (words, needs, line) in [
        (&["sleap-train"][..], "sleap-train needs LABELS", "Type: samepath submit sleap-train FILE."),
        (&["slp-check", "-p", "LABELS="], "slp-check needs LABELS", "Type: samepath submit slp-check FILE."),
        (&["sleap-predict"], "sleap-predict needs DATA", "Type: samepath submit sleap-predict FILE -p MODELS=PATH."),
        (
            &["sleap-predict", "vast:amick/my maze.mp4"],
            "sleap-predict needs MODELS",
            "Type: samepath submit sleap-predict 'vast:amick/my maze.mp4' -p MODELS=PATH.",
        ),
        (&["sleap-predict", "-p", "DATA=x.mp4"], "sleap-predict needs MODELS", "Add: -p MODELS=PATH."),
        (&["sleap-train", "--name", "maze"], "sleap-train needs LABELS", "Add: FILE."),
    ] {
        let answer = home.ask(&[&["submit"], words].concat()).fails("invalid_parameter");
        let (message, hint) = told(&answer);
        assert!(message.starts_with(needs), "{words:?}: {answer:#}");
        assert!(hint.starts_with(line) && hint.contains("samepath kinds "), "{words:?}: {answer:#}");
    }
    let answer = home.ask(&["submit", "sleap-train", "-p", "LABLES=x"]).fails("invalid_parameter");
    assert!(told(&answer).1.starts_with("Did you mean LABELS?"), "{answer:#}");
    let answer = home.ask(&["submit", "slp-check", "-p", "LABELS", LABELS]).fails("invalid_parameter");
    assert!(told(&answer).1.contains(&format!("-p LABELS={LABELS}")), "{answer:#}");
    // The file and the job type the other way round, and the file alone.
    let answer = home.ask(&["submit", LABELS, "slp-check"]).fails("kind_not_found");
    assert!(told(&answer).1.contains(&format!("samepath submit slp-check {LABELS}")), "{answer:#}");
    let answer = home.ask(&["submit", "labels.slp"]).fails("kind_not_found");
    assert!(told(&answer).1.contains("samepath submit sleap-train labels.slp"), "{answer:#}");
    let answer = home.ask(&["submit", "sleap-tran", LABELS]).fails("kind_not_found");
    assert!(told(&answer).1.starts_with("Did you mean sleap-train?"), "{answer:#}");
}

#[test]
fn a_word_too_many_or_too_few_is_told_with_the_line_that_is_meant() {
    let home = Home::new();
    for listing in [["jobs", "list"], ["workers", "list"]] {
        assert_eq!(home.ask(&listing).good(), json!([]));
    }
    for (words, hint_wanted) in [
        (&["doctor", "list"][..], "Type it without: samepath doctor"),
        (&["worker", "start"], "Did you mean: samepath worker"),
        (
            &["hub", "invite", "amick"],
            "Did you mean: samepath hub invite member amick · samepath hub invite worker amick",
        ),
        (&["doctor", "report"], "Did you mean: samepath doctor --report"),
        (&["storage", "set", "vast", "/mnt/new"], "Type: samepath storage set vast --base-path /mnt/new"),
        (&["storage", "add", "vast"], "Type: samepath storage add vast FOLDER"),
        (&["storage", "add", "/mnt/vast"], "Type: samepath storage add NAME /mnt/vast"),
        (&["storage", "add", "vast=/mnt/x"], "Type: samepath storage add vast /mnt/x"),
        (&["storage", "add"], "For example: samepath storage add vast /mnt/vast"),
        (&["submit", "sleap-train", LABELS, "MAX_EPOCHS=5"], "-p 'MAX_EPOCHS=5'"),
        (&["submit", "sleap-train", LABELS, "--epochs", "5"], "Which there are: samepath kinds sleap-train"),
        (&["submit", "slp-check", LABELS, "b.slp"], "Else each file is a job of its own"),
        (&["submit"], "samepath submit sleap-train FILE"),
        (&["stop"], "See them: samepath jobs"),
        (&["logs"], "See them: samepath jobs"),
        (&["locate"], "samepath locate /mnt/vast"),
        (&["resolve"], "samepath resolve vast:amick"),
        (&["dataset"], "samepath dataset vast:amick"),
    ] {
        let answer = home.ask(words).fails("usage");
        let (message, hint) = told(&answer);
        assert!(hint.contains(hint_wanted), "{words:?}: {answer:#}");
        assert!(
            message.starts_with("samepath ") || message.starts_with("There is no command"),
            "{words:?}: {answer:#}"
        );
    }
    // What is left to say is said as before.
    let told = home.run(["jobs", "--frobnicate"]);
    assert!(told.status == Some(2) && told.err.contains("--frobnicate") && told.err.contains("Usage:"), "{told:?}");
}

#[test]
fn a_value_is_refused_with_its_parameter_and_as_what_was_typed() {
    let home = Home::new();
    for (values, code, wanted) in [
        (&["-p", "MAX_EPOCHS=1", "-p", "MAX_EPOCHS=2"][..], "invalid_parameter", "MAX_EPOCHS is given twice"),
        (&["-p", "LEARNING_RATE=nan"], "invalid_parameter", "LEARNING_RATE: takes a finite number, not \"nan\""),
        (&["-p", "CONFIG=vast:amick/nope.yaml", "-p", "CONFIG=vast:amick/no.yaml"], "path_not_found", "CONFIG: "),
        (&["-p", "CONFIG=/nope.yaml"], "path_not_found", "CONFIG: `/nope.yaml` does not exist"),
    ] {
        let answer = home.ask(&[&["submit", "sleap-train", LABELS], values].concat()).fails(code);
        assert!(told(&answer).0.starts_with(wanted), "{values:?}: {answer:#}");
    }
}

#[test]
fn a_job_gets_a_name_that_it_can_have() {
    let home = Home::new();
    let long = format!("storage/amick/maze/{}.slp", "é".repeat(125));
    fs_err::copy(home.path("storage/amick/maze/labels.slp"), home.path(&long)).expect("a copy");
    let job = home.ask(&["submit", "--detach", "slp-check", &long]).good();
    let name = job["name"].as_str().expect("a name");
    assert!(name.starts_with("éé") && name.contains("é… · check · "), "{name}");
    let job = home.ask(&["submit", "--detach", "slp-check", LABELS, "--name", "   "]).good();
    assert!(job["name"].as_str().is_some_and(|name| name.starts_with("maze · check · ")), "{job:#}");
    // Its results can be made.
    let _worker = home.worker("gpu-1");
    let id = home.submit(&["slp-check", &long]);
    home.job_until(&id, |job| job["state"] == "succeeded");
}

#[test]
fn advice_is_not_what_was_typed() {
    let home = Home::bare();
    let told = home.ask(&["help", "--help"]).fails("usage");
    assert_eq!(told["error"]["message"], "samepath help takes no --help.");
    // Of this computer's own nothing is touched: there is no such unit, or it is not taken back.
    if cfg!(target_os = "linux") && !std::path::Path::new("/etc/systemd/system/samepath-worker.service").exists() {
        let told = home.ask(&["worker", "uninstall", "--system", "--dry-run"]).fails("io");
        assert_eq!(told["error"]["hint"], "Nothing is installed there. Your own: without --system");
    }
}
