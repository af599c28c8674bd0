//! What a person types at the end of a day: each is done as it was meant, or refused with what to type.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, run};
use serde_json::{Value, json};

fn hint(told: &Value) -> &str {
    told["error"]["hint"].as_str().unwrap_or_default()
}

#[test]
fn what_is_submitted_is_looked_at_first() {
    let home = Home::new();
    let labels = "LABELS=vast:amick/maze/labels.slp";
    let refused = |words: &[&str], code: &str| {
        home.ask(&[&["submit"], words].concat()).fails(code);
    };
    refused(&["nope"], "kind_not_found");
    refused(&["slp-check"], "invalid_parameter");
    refused(&["slp-check", "-p", "LABELS"], "invalid_parameter");
    refused(&["slp-check", "-p", labels, "-p", labels], "invalid_parameter");
    refused(&["slp-check", "-p", labels, "-p", "NOPE=1"], "invalid_parameter");
    refused(&["slp-check", "-p", labels, "--worker", "nope"], "no_worker");
    refused(&["slp-check", "-p", "LABELS=vast:amick/nope.slp"], "path_not_found");
    refused(&["slp-check", "-p", "LABELS=nope.slp"], "path_not_found");
    refused(&["slp-check", "-p", "LABELS=vast:amick/maze"], "invalid_parameter");
    refused(&["slp-check", "-p", "LABELS=vast:amick/maze/train.yaml"], "invalid_parameter");
    refused(&["slp-check", "-p", "LABELS=vast:amick/maze/cam0.mp4"], "invalid_parameter");
    refused(&["slp-check", "-p", labels, "-p", "OUTPUT_DIR=vast:amick/maze/cam0.mp4"], "invalid_parameter");
    refused(&["slp-check", "-p", "LABELS=/etc/passwd"], "not_in_any_backend");
    refused(&["slp-check", "-p", "LABELS=vast:../x.slp"], "path_refused");
    refused(&["slp-check", "-p", labels, "-p", "OUTPUT_DIR=/nowhere/results"], "not_in_any_backend");
    std::os::unix::fs::symlink("/etc", home.path("storage/amick/out")).expect("a link");
    refused(&["slp-check", "-p", labels, "-p", "OUTPUT_DIR=vast:amick/out"], "path_escapes");
    refused(&["slp-check", "-p", labels, "-p", "OUTPUT_DIR=vast:amick/out/new"], "path_escapes");
    let told = home.ask(&["submit", "slp_chek", "-p", labels]).fails("kind_not_found");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("mean slp-check?")), "{told:#}");
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing of it was submitted");
    // The dataset needs no name.
    for written in ["vast:amick/maze/labels.slp", "storage/amick/maze/labels.slp"] {
        let job = home.ask(&["submit", "slp-check", written, "--detach"]).good();
        assert!(job["name"].as_str().is_some_and(|name| name.starts_with("maze · check")), "{job:#}");
    }
    // Results that are not there yet, by a local path.
    for (written, rest) in
        [("storage/amick/new/results", "new/results"), ("vast:amick/new/", "new"), ("mnt/vast/amick/maze/r/", "maze/r")]
    {
        let output = format!("OUTPUT_DIR={written}");
        let job = home.ask(&["submit", "slp-check", "-p", labels, "-p", &output, "--detach"]).good();
        assert_eq!(job["results"]["text"], json!(format!("vast:amick/{rest}")), "{written}");
    }
}

#[test]
fn an_ended_job_is_not_said_to_be_stopped() {
    let home = Home::new();
    home.kind("quick", "true");
    let _worker = home.worker("gpu-1");
    let job = home.ask(&["submit", "quick"]).good();
    let id = job["id"].as_str().expect("an id");
    for words in ["stop", "kill"] {
        let said = home.run([words, id]);
        assert!(said.out.trim_end().ends_with(": Done already, nothing was changed"), "{said:?}");
    }
    // Lists show the last eight letters of an id: the first four of these are enough.
    let shown = &id[id.len() - 8..];
    assert!(home.run(["jobs"]).out.contains(shown));
    assert_eq!(home.ask(&["jobs", &shown[..4]]).good()["id"], json!(id));
}

#[test]
fn a_folder_is_no_program() {
    let home = Home::new();
    let told = home.ask(&["program", "set", "sleap-nn", "storage"]).fails("invalid_parameter");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("storage/sleap-nn")), "{told:#}");
}

#[test]
fn job_types_are_found_from_the_current_folder() {
    let home = Home::new();
    home.kind("quick", "true");
    let findings = home.ask(&["doctor", "--kinds", "kinds"]).good();
    let found = |what: &str| {
        let findings = findings["findings"].as_array().expect("findings");
        findings.iter().any(|finding| finding["what"] == json!(what))
    };
    assert!(found("quick"), "{findings:#}");
    let programs = home.ask(&["program", "list", "--kinds", "./kinds"]).good();
    let names: Vec<&Value> = programs.as_array().expect("programs").iter().map(|program| &program["name"]).collect();
    assert!(names.contains(&&json!("sh")), "{programs:#}");
}

#[test]
fn a_hostile_name_moves_no_cursor() {
    let home = Home::new();
    let name = "storage/amick/e\u{1b}[31m\nX.slp";
    home.write(name, "no project");
    for words in [&["dataset", name][..], &["locate", name], &["submit", "slp-check", name]] {
        let said = home.run(words);
        for text in [&said.out, &said.err] {
            assert!(!text.contains('\u{1b}') && !text.contains("\nX.slp"), "{words:?}: {said:?}");
        }
    }
}

#[test]
fn without_a_home_folder_it_is_said_what_to_set() {
    let home = Home::new();
    let homeless = |words: &[&str], more: &[(&str, &str)]| {
        let mut command = home.command([&["--json"], words].concat());
        command.env_remove("HOME").env_remove("SAMEPATH_DATA").envs(more.iter().copied());
        run(&mut command)
    };
    for words in [&["jobs"][..], &["storage", "list"], &["doctor"], &["worker"], &["demo"]] {
        let told = homeless(words, &[]).fails("config_invalid");
        assert!(hint(&told).contains("HOME") && hint(&told).contains("SAMEPATH_DATA"), "{words:?}: {told:#}");
        let told = homeless(words, &[("HOME", "amick")]).fails("config_invalid");
        let message = told["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("HOME is `amick`, which is not a whole path"), "{words:?}: {told:#}");
    }
    let data = home.text("data");
    let data = [("SAMEPATH_DATA", data.as_str())];
    for words in [&["jobs"][..], &["kinds"], &["workers"], &["storage", "list"]] {
        homeless(words, &data).good();
    }
    for words in [&["storage", "add", "new", "/mnt/new"][..], &["program", "set", "x", "/bin/true"]] {
        let told = homeless(words, &data).fails("config_invalid");
        assert!(hint(&told).contains("set HOME, or name the file with --config"), "{words:?}: {told:#}");
    }
    let told = homeless(&["doctor"], &data);
    assert!(told.out.contains("there is no place for the configuration"), "{told:?}");
}

#[test]
fn what_a_parameter_takes_is_listed() {
    let home = Home::new();
    let told = home.run(["kinds", "sleap-train"]).out;
    let row = |name: &str| told.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{told}"));
    assert!(row("MAX_EPOCHS").ends_with("Takes 0 to 100000."), "{told}");
    assert!(row("THEN_PREDICT").ends_with("Takes nothing, suggested frames, all videos."), "{told}");
    assert!(row("RUN_NAME").ends_with("By default one that is new."), "{told}");
    let told = home.ask(&["kinds", "sleap-train"]).good();
    let row = |name: &str| told["parameters"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    let epochs = row("MAX_EPOCHS");
    assert_eq!((&epochs["minimum"], &epochs["maximum"], &epochs["default"]), (&json!(0), &json!(100_000), &json!(0)));
    assert_eq!(row("THEN_PREDICT")["allowed"], json!(["nothing", "suggested frames", "all videos"]));
}

#[test]
fn a_program_that_a_template_names_whole_is_told_as_the_template_s() {
    let home = Home::new();
    let run = json!({ "onRun": { "command": "/opt/dlc/bin/export" } });
    let steps = json!([{ "name": "s", "script": { "actions": run } }]);
    let template = json!({ "specificationVersion": "jobtemplate-2023-09", "name": "DLC", "steps": steps });
    home.write("data/kinds/dlc-export.json", template.to_string());
    let told = home.ask(&["program", "set", "/opt/dlc/bin/export", "/bin/true"]).fails("invalid_parameter");
    let message = told["error"]["message"].as_str().unwrap_or_default();
    let place =
        format!("/opt/dlc/bin/export is named whole by the template of dlc-export in {}", home.text("data/kinds"));
    assert!(message.starts_with(&place), "{told:#}");
    assert!(hint(&told).contains("samepath program set NAME FILE"), "{told:#}");
    home.ask(&["program", "set", "a/b", "c/d"]).fails("invalid_parameter");
}
