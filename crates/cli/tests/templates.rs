//! A lab's own job types that are written wrongly: the file, the place and what is wrong there, in words.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, until};
use serde_json::json;

const HEAD: &str = "specificationVersion: jobtemplate-2023-09\nname: A\n";
const STEPS: &str = "steps:\n- name: s\n  script:\n    actions:\n      onRun:\n        command: sh\n";

#[test]
fn a_template_that_is_refused_says_where_and_why() {
    let home = Home::new();
    let cases = [
        (
            "type",
            format!("{HEAD}parameterDefinitions:\n- name: X\n  type: STRNG\n{STEPS}"),
            "parameterDefinitions[0] (X): there is no type STRNG; STRING may be meant",
        ),
        (
            "no-type",
            format!("{HEAD}parameterDefinitions:\n- name: X\n{STEPS}"),
            "parameterDefinitions[0] (X): it needs the key type",
        ),
        (
            "indent",
            format!("{HEAD}parameterDefinitions:\n- name: X\n   type: STRING\n"),
            "line 5, column 8: a `:` where none can be",
        ),
        ("tab", format!("{HEAD}{STEPS}\targs: x\n"), "a tab; write spaces instead"),
        (
            "key",
            format!("{HEAD}{}", STEPS.replace("onRun", "onRn")),
            "steps[0].script.actions (s): it has no key onRn; onRun may be meant",
        ),
        (
            "args",
            format!("{HEAD}{STEPS}        args: \"-c\"\n"),
            "steps[0].script.actions.onRun.args (s): the text \"-c\" is written, where a list is to be",
        ),
        (
            "list",
            "- just\n- a list\n".to_owned(),
            "it has no keys; a template begins with `specificationVersion: jobtemplate-2023-09`",
        ),
        ("empty", String::new(), "it is empty"),
        ("nameless", format!("specificationVersion: jobtemplate-2023-09\n{STEPS}"), "it needs the key name"),
        (
            "braces",
            format!("{HEAD}{STEPS}        args: [\"{{{{Param.X\"]\n"),
            "steps[0].script.actions.onRun.args[0] (s): ",
        ),
        (
            "unknown",
            format!("{HEAD}{STEPS}        args: [\"{{{{Param.X}}}}\"]\n"),
            "steps[0].script.actions.onRun.args[0] (s): ",
        ),
        (
            "default",
            format!("{HEAD}parameterDefinitions:\n- name: X\n  type: INT\n  default: many\n{STEPS}"),
            "parameterDefinitions[0] (X): ",
        ),
    ];
    for (name, text, _) in &cases {
        home.write(&format!("kinds/{name}.yaml"), text);
    }
    home.write("kinds/comma.json", "{ \"specificationVersion\": \"jobtemplate-2023-09\", \"name\": \"A\", }");
    let told = home.ask(&["doctor", "--kinds", &home.text("kinds")]).json();
    let findings = told["findings"].as_array().expect("findings");
    let found = |file: &str| {
        let one = findings.iter().find(|finding| finding["what"] == file);
        one.unwrap_or_else(|| panic!("{file}: {told:#}"))["found"].as_str().unwrap_or_default().to_owned()
    };
    for (name, _, wanted) in &cases {
        let found = found(&format!("{name}.yaml"));
        assert!(found.contains(wanted), "{name}: {found}");
        assert!(!found.contains('\n') && !found.contains("Validation") && !found.contains("-->"), "{name}: {found}");
    }
    assert_eq!(found("comma.json"), "line 1, column 63: trailing comma");
}

#[test]
fn a_job_type_that_a_worker_has_and_cannot_run_is_told_with_the_reason() {
    let home = Home::new();
    home.write("kinds/shrink-video.yaml", format!("{HEAD}{}", STEPS.replace("command: sh", "command: no-such-tool")));
    home.write("kinds/torn.yaml", "- just\n- a list\n");
    let _worker = home.worker("vm");
    for (words, wanted) in [
        (
            &["kinds", "shrink-video"][..],
            "vm has shrink-video, but cannot run it: its program no-such-tool was not found in PATH or the usual places.",
        ),
        (&["submit", "shrink-video"], "vm has shrink-video, but cannot run it: "),
        (&["submit", "torn"], "vm has torn.yaml, but its template is refused: it has no keys; "),
    ] {
        until(|| {
            let told = home.ask(words).fails("kind_not_found");
            let message = told["error"]["message"].as_str().unwrap_or_default();
            if message.starts_with(wanted) { Ok(()) } else { Err(format!("{told:#}")) }
        });
    }
}

#[test]
fn a_folder_of_job_types_that_is_made_while_a_worker_runs_is_seen() {
    let home = Home::new();
    let mut worker = home.start(&["--json", "worker", "--name", "vm"]);
    worker.until(|line| line.contains("\"ready\"").then_some(()));
    home.ask(&["kinds", "later"]).fails("kind_not_found");
    home.write("data/kinds/later.yaml", format!("{HEAD}{STEPS}"));
    until(|| match home.ask(&["kinds", "later"]) {
        told if told.status == Some(0) => Ok(()),
        told => Err(format!("{told:?}")),
    });
}

#[test]
fn what_a_job_type_wants_is_told_with_what_to_type() {
    let home = Home::new();
    let out = json!([{ "name": "OUT", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT" }]);
    home.kind_taking("count", &out, "echo one");
    let number = json!([{ "name": "NUMBER", "type": "INT", "default": 1 }]);
    home.kind_taking("number", &number, "echo one");
    let _worker = home.worker("vm");
    let told = home.ask(&["submit", "count"]).fails("invalid_parameter");
    let text = |key: &str| told["error"][key].as_str().unwrap_or_default().to_owned();
    assert!(text("message").starts_with("count needs OUT"), "{told:#}");
    assert!(text("hint").contains("samepath submit count -p OUT=PATH"), "{told:#}");
    let told = home.ask(&["submit", "number", "-p", "NUMBER=many"]).fails("invalid_parameter");
    assert_eq!(told["error"]["hint"], "All that it takes: samepath kinds number");
    let set = home.run(["program", "set", "ssh", "/bin/true"]);
    assert!(set.err.contains("No job type here runs ssh."), "{set:?}");
}
