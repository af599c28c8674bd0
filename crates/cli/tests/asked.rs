//! What a job may not ask for: told to whoever submits it, before anything waits for a worker.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use serde_json::{Value, json};

fn message(told: &Value) -> &str {
    told["error"]["message"].as_str().unwrap_or_default()
}

#[test]
fn values_that_a_tool_would_refuse_are_refused_before_a_job_is_made() {
    let home = Home::new();
    let (train, predict) = (
        ["submit", "--detach", "sleap-train", "vast:amick/maze/labels.slp"],
        ["submit", "--detach", "sleap-predict", "vast:amick/maze/cam0.mp4", "-p", "MODELS=vast:amick/maze"],
    );
    for (words, value, code, told) in [
        (&train[..], "OVERRIDES=seed=7", "invalid_parameter", "OVERRIDES: line 1: \"seed\" is no key"),
        (&train, "OVERRIDES=trainer_config.x=/etc/passwd", "invalid_parameter", "is a path or an address"),
        (&train, "CONFIG=vast:amick/maze/cam0.mp4", "invalid_parameter", "CONFIG: takes a configuration of sleap-nn"),
        (&train, "CONFIG=vast:amick/maze/none.yaml", "path_not_found", "CONFIG: `amick/maze/none.yaml` does not exist"),
        (&train, "CONFIG=home/train.yaml", "not_in_any_backend", "CONFIG: "),
        (&train, "CONFIG=vast:amick/maze", "invalid_parameter", "CONFIG: vast:amick/maze is a folder, not a file."),
        (&train, "VAL_LABELS=vast:amick/maze/cam0.mp4", "invalid_parameter", "VAL_LABELS: takes a SLEAP project"),
        (&predict, "FRAMES=9-7", "invalid_parameter", "FRAMES: takes all, labelled, suggested, or numbers"),
        (&predict, "FRAMES=labelled", "invalid_parameter", "FRAMES: only a project has labelled"),
    ] {
        fs_err::copy(home.path("storage/amick/maze/train.yaml"), home.path("home/train.yaml")).expect("a copy");
        let answer = home.ask(&[words, &["-p", value]].concat()).fails(code);
        assert!(message(&answer).contains(told), "{value}: {answer:#}");
    }
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing was submitted");
    for value in ["CONFIG=vast:amick/maze/train.yaml", "OVERRIDES=trainer_config.seed=7"] {
        home.ask(&[&train[..], &["-p", value]].concat()).good();
    }
    home.ask(&[&predict[..], &["-p", "FRAMES=0-9,20"]].concat()).good();
}

#[test]
fn nothing_is_written_into_a_file_or_beside_a_storage_s_mark() {
    let home = Home::new();
    let file = "`amick/maze/labels.slp` on `vast` is a file, not a folder";
    let below = home.text("mnt/vast/amick/maze/labels.slp/x/y");
    for (place, code, told) in [
        ("vast:amick/maze/labels.slp/x", "path_not_found", file),
        (&below, "path_not_found", file),
        ("vast:.samepath", "path_refused", "kept for the mark"),
        ("vast:.samepath/x", "path_refused", "kept for the mark"),
        ("vast:amick/.SamePath/x", "path_refused", "kept for the mark"),
        ("mnt/vast/.samepath/x", "path_refused", "kept for the mark"),
    ] {
        let value = format!("OUTPUT_DIR={place}");
        let answer =
            home.ask(&["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp", "-p", &value]).fails(code);
        assert!(message(&answer).starts_with("OUTPUT_DIR: ") && message(&answer).contains(told), "{answer:#}");
    }
    home.ask(&["resolve", "--output", "vast:.samepath/x"]).fails("path_refused");
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing was submitted");
}
