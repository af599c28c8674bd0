//! Which templates are accepted, which are refused and in what words, and which values a kind takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use samepath_wire::{Access, Job, Kind};
use samepath_worker::kinds::{
    Catalogue, Choice, Program, ProgramMissing, Programs, Template, TemplateError, TemplateSource, check_values,
    storages_needed,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A template with these parameters and this action.
fn template(parameters: Value, action: Value) -> Value {
    json!({
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["EXPR"],
        "name": "Tried",
        "parameterDefinitions": parameters,
        "steps": [{ "name": "only", "script": { "actions": { "onRun": action } } }],
    })
}

fn x() -> Value {
    json!([{ "name": "X", "type": "STRING" }])
}

fn accept(document: Value) -> Result<Template, TemplateError> {
    Template::new(TemplateSource { name: "tried".into(), built_in: false, document })
}

fn action(words: &[&str]) -> Value {
    match words {
        [command] => json!({ "command": command }),
        words => json!({ "command": words[0], "args": words[1..] }),
    }
}

fn command_line(words: &[&str]) -> Result<Template, TemplateError> {
    accept(template(x(), action(words)))
}

fn with_file(words: &[&str], data: &str) -> Result<Template, TemplateError> {
    let mut document = template(x(), action(words));
    document["steps"][0]["script"]["embeddedFiles"] = json!([{ "name": "Run", "type": "TEXT", "data": data }]);
    accept(document)
}

fn lab(files: &[(&str, &str)]) -> (tempfile::TempDir, Catalogue) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs_err::write(dir.path().join(name), text).unwrap();
    }
    let catalogue = Catalogue::load(Some(dir.path()));
    (dir, catalogue)
}

const GOOD: &str = "specificationVersion: jobtemplate-2023-09\nname: Good\nsteps:\n- name: s\n  script:\n    actions:\n      onRun: {command: echo}\n";

#[test]
fn one_kind_is_the_same_without_the_others() {
    let json = r#"{"specificationVersion": "jobtemplate-2023-09", "name": "Json", "steps": [{"name": "s",
        "script": {"actions": {"onRun": {"command": "echo"}}}}]}"#;
    let (dir, catalogue) = lab(&[
        ("good.yml", GOOD),
        ("both.json", json),
        ("both.yaml", GOOD),
        ("late.json", "{"),
        ("late.yaml", GOOD),
        ("bad.yaml", "name: Bad"),
        ("Upper.yaml", GOOD),
        ("slp-check.yaml", GOOD),
        ("other.txt", GOOD),
    ]);
    let names = ["good", "both", "late", "bad", "Upper", "slp-check", "sleap-train", "other", "nothing", "../good", ""];
    for name in names {
        let alone = Catalogue::load_one(Some(dir.path()), name);
        let sources = (alone.as_ref().map(Template::source), catalogue.get(name).map(Template::source));
        assert_eq!(sources.0, sources.1, "{name}");
    }
    assert!(Catalogue::load_one(None, "slp-check").is_some());
    assert!(Catalogue::load_one(None, "good").is_none());
}

#[test]
fn the_built_in_kinds_are_there() {
    let catalogue = Catalogue::load(None);
    assert_eq!(catalogue.refused(), []);
    let kinds = catalogue.kinds();
    assert_eq!(
        kinds.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(),
        ["slp-check", "sleap-train", "sleap-predict"]
    );
    let kind = &kinds[0];
    assert_eq!(kind.title, "Check a SLEAP project");
    assert!(kind.built_in && !kind.description.is_empty() && kind.digest.starts_with("blake3:"));
    let [labels, output] = kind.parameters.as_slice() else { panic!("{:?}", kind.parameters) };
    assert_eq!((labels.name.as_str(), output.name.as_str()), ("LABELS", "OUTPUT_DIR"));
    assert!(labels.is_input() && !labels.is_directory() && output.is_output() && output.is_directory());
    assert_eq!(labels.rest["userInterface"]["control"], "CHOOSE_INPUT_FILE");
    assert_eq!(labels.rest["userInterface"]["fileFilters"][0]["patterns"], json!(["*.slp"]));
    let template = catalogue.get("slp-check").unwrap();
    assert_eq!(template.notice().as_secs(), 5);
    assert_eq!(Programs::default().find(template), Ok(Program::Own));
    // What a worker holds can be handed to another process, and is the same there.
    let source = serde_json::to_string(template.source()).unwrap();
    let again = Template::new(serde_json::from_str(&source).unwrap()).unwrap();
    assert_eq!(again.kind(), kind);
}

#[test]
fn the_kinds_of_sleap_make_a_good_form() {
    let catalogue = Catalogue::load(None);
    for (name, needed, notice) in [
        ("sleap-train", &["LABELS", "OUTPUT_DIR"][..], 60),
        ("sleap-predict", &["DATA", "MODELS", "OUTPUT_DIR"][..], 20),
    ] {
        let template = catalogue.get(name).unwrap();
        let kind = template.kind();
        let without: Vec<&str> =
            kind.parameters.iter().filter(|one| one.default.is_none()).map(|one| one.name.as_str()).collect();
        assert_eq!(without, needed, "{name}: all else may be left out");
        assert!(kind.parameters[0].is_input() && !kind.parameters[0].is_directory(), "{name}: the dataset comes first");
        for parameter in &kind.parameters {
            let hint = &parameter.rest["userInterface"];
            assert!(hint["label"].is_string() && parameter.description.is_some(), "{name}: {}", parameter.name);
            let grouped = hint["groupLabel"].as_str();
            assert_eq!(grouped.is_none(), needed.contains(&parameter.name.as_str()), "{name}: {}", parameter.name);
        }
        assert_eq!(template.notice().as_secs(), notice, "{name}");
    }
    let train = catalogue.get("sleap-train").unwrap().kind();
    let refused = |given: Value| check_values(train, &values(given)).unwrap_err().to_string();
    let with = |name: &str, value: Value| json!({ "LABELS": "a.slp", "OUTPUT_DIR": "b", name: value });
    assert_eq!(check_values(train, &values(with("CONFIG", json!(["a.yaml", "b.yaml"])))), Ok(()));
    assert!(refused(with("CONFIG", json!("a.yaml"))).contains("takes a list of storage paths"));
    assert!(refused(with("RUN_NAME", json!("../up"))).contains("a name begins with"));
    assert!(refused(with("THEN_PREDICT", json!("everything"))).contains("all videos"));
    let predict = catalogue.get("sleap-predict").unwrap().kind();
    let none = json!({ "DATA": "a.mp4", "MODELS": [], "OUTPUT_DIR": "b" });
    assert!(check_values(predict, &values(none)).unwrap_err().to_string().contains("1 at least"));
}

#[cfg(unix)]
#[test]
fn a_kind_of_sleap_needs_sleap() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::load(None);
    let template = catalogue.get("sleap-train").unwrap();
    assert_eq!(template.runs(), Some("sleap-nn"));
    let program = |folder: &str, mode: u32| {
        let folder = home.path().join(folder);
        fs_err::create_dir_all(&folder).unwrap();
        let file = folder.join("sleap-nn");
        fs_err::write(&file, "#!/bin/sh\n").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    };
    // This computer may have one in /usr/local/bin, so nowhere but at home is looked.
    let programs = |chosen: &[(&str, &Path)]| {
        let chosen = chosen.iter().map(|(name, path)| ((*name).to_owned(), Choice::File(path.to_path_buf()))).collect();
        Programs::new(Some("/nowhere".as_ref()), Some(home.path())).choosing(chosen)
    };
    let at = program("miniforge3/envs/pose/bin", 0o644);
    let missing = home.path().join("gone");
    let error = programs(&[("sleap-nn", &missing)]).find(template).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("its program sleap-nn is configured as {}, which is not there, or may not be run", missing.display())
    );
    program("miniforge3/envs/pose/bin", 0o755);
    assert_eq!(programs(&[]).find(template), Ok(Program::OwnFor(at)));
    // An environment of the program's own name comes first.
    let own = program("miniforge3/envs/sleap-nn/bin", 0o755);
    assert_eq!(programs(&[]).find(template), Ok(Program::OwnFor(own)));
    let tool = program(".local/share/uv/tools/sleap-nn/bin", 0o755);
    assert_eq!(programs(&[]).find(template), Ok(Program::OwnFor(tool)));
    let chosen = program("anywhere", 0o755);
    assert_eq!(programs(&[("sleap-nn", &chosen)]).find(template), Ok(Program::OwnFor(chosen)));
    assert!(template.source().built_in);
}

#[test]
fn the_example_of_the_documentation_is_a_kind() {
    let page = include_str!("../../../docs/kinds.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (_dir, catalogue) = lab(&[("shrink-video.yaml", example)]);
    assert_eq!(catalogue.refused(), []);
    let template = catalogue.get("shrink-video").unwrap();
    assert_eq!((template.command(), template.notice().as_secs()), ("ffmpeg", 10));
    let good = values(json!({ "VIDEO": "a.mp4", "RESULT": "b.mp4", "HEIGHT": 240 }));
    assert_eq!(check_values(template.kind(), &good), Ok(()));
    let bad = values(json!({ "VIDEO": "a.mp4", "RESULT": "b.mp4", "HEIGHT": "1; rm" }));
    assert!(check_values(template.kind(), &bad).is_err());
}

#[test]
fn a_lab_folder_adds_kinds_and_what_is_refused_hides_nothing() {
    let json = serde_json::to_string(&template(x(), json!({ "command": "echo" }))).unwrap();
    let huge = format!("{GOOD}# {}", "x".repeat(1024 * 1024));
    let (_dir, catalogue) = lab(&[
        ("good.yaml", GOOD),
        ("other.yml", GOOD),
        ("json.json", &json),
        ("notes.txt", "not looked at"),
        ("._good.yaml", "not looked at either"),
        ("slp-check.yaml", GOOD),
        ("Bad_Name.yaml", GOOD),
        ("good.yml", GOOD),
        ("broken.yaml", "specificationVersion: jobtemplate-2023-09\nname: [oops\nsteps: {\n"),
        ("broken2.json", "{\n\"name\": }"),
        ("list.yaml", "- 1\n"),
        ("empty.yaml", ""),
        ("huge.yaml", &huge),
        ("version.yaml", &GOOD.replace("2023-09", "2031-01")),
        ("environment.yaml", &GOOD.replace("jobtemplate", "environment")),
        ("nothing.yaml", "name: x\n"),
        ("unknown.yaml", &format!("{GOOD}surprise: 1\n")),
    ]);
    let names: Vec<String> = catalogue.kinds().into_iter().map(|kind| kind.name).collect();
    assert_eq!(names, ["slp-check", "sleap-train", "sleap-predict", "good", "json", "other"]);
    let refused = catalogue.refused();
    let reason = |name: &str| {
        refused.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name}: {refused:#?}")).reason.clone()
    };
    for (name, part) in [
        ("slp-check.yaml", "built-in kind, which cannot be replaced"),
        ("Bad_Name.yaml", "not the name of a kind"),
        ("good.yml", "another file of the folder has the same name"),
        ("broken.yaml", "line "),
        ("broken2.json", "line 2"),
        ("list.yaml", "key-value pairs"),
        ("huge.yaml", "a template has at most 1048576"),
        ("version.yaml", "specificationVersion is \"jobtemplate-2031-01\"; it must be jobtemplate-2023-09"),
        ("environment.yaml", "specificationVersion is \"environment-2023-09\""),
        ("nothing.yaml", "specificationVersion is missing"),
        ("unknown.yaml", "surprise"),
    ] {
        let reason = reason(name);
        assert!(reason.contains(part), "{name}: {reason}");
        assert!(!reason.contains('\n'), "{name}: {reason}");
    }
    assert_eq!(refused.len(), 12, "{refused:#?}");
}

#[test]
fn a_folder_that_is_not_there_is_refused_by_name() {
    let catalogue = Catalogue::load(Some(Path::new("/nowhere/kinds")));
    assert_eq!(catalogue.kinds().len(), 3);
    assert_eq!(catalogue.refused()[0].name, "/nowhere/kinds");
}

#[test]
fn what_this_version_does_not_run_is_refused_by_name() {
    let action = json!({ "actions": { "onRun": { "command": "echo" } } });
    let environment = json!([{ "name": "e", "variables": { "A": "b" } }]);
    let change = |path: &str, value: Value| {
        let mut document = template(x(), json!({ "command": "echo" }));
        let (parent, key) = path.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = value;
        document
    };
    let two = json!([{ "name": "a", "script": action }, { "name": "b", "script": action }]);
    let space = json!({ "taskParameterDefinitions": [{ "name": "T", "type": "INT", "range": [1, 2] }] });
    for (document, part) in [
        (change("/steps", two), "more than one step (steps)"),
        (change("/jobEnvironments", environment.clone()), "environments (jobEnvironments)"),
        (change("/steps/0/stepEnvironments", environment), "environments (steps[0].stepEnvironments)"),
        (change("/steps/0/parameterSpace", space), "a parameter space (steps[0].parameterSpace)"),
        (change("/name", json!("{{Param.X}}")), "a computed name (name)"),
        (change("/steps/0/script/let", json!(["y = Param.X"])), "let bindings"),
        (change("/extensions", json!(["TASK_CHUNKING"])), "TASK_CHUNKING"),
    ] {
        let error = accept(document).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_value_never_becomes_a_command_a_script_or_code() {
    for words in [
        &["{{Param.X}}"][..],
        &["/opt/{{Param.X}}"],
        &["{{RawParam.X}}", "a"],
        &["{{ 'a' + Param.X.upper() }}"],
        &["sh", "-c", "{{Param.X}}"],
        &["/bin/sh", "-c", "echo {{Param.X}}"],
        &["sh", "-c", "echo {{repr_sh(Param.X)}}"],
        &["bash", "-lc", "{{Param.X}}"],
        &["bash", "-e", "-o", "pipefail", "-c", "{{Param.X}}"],
        &["bash", "-o", "pipefail", "{{Param.X}}"],
        &["bash", "-c", "-e", "-o", "pipefail", "{{Param.X}}"],
        &["bash", "{{Param.X}}"],
        &["bash", "-{{Param.X}}", "id"],
        &["bash", "--rcfile", "{{Param.X}}", "-i"],
        &["zsh", "-c", "{{Param.X}}"],
        &["fish", "--command={{Param.X}}"],
        &["python", "-c", "{{Param.X}}"],
        &["python3.11", "-c", "print('{{Param.X}}')"],
        &["/usr/bin/python3", "-uc", "{{Param.X}}"],
        &["python", "-c{{Param.X}}"],
        &["python", "-W", "ignore", "-c", "{{Param.X}}"],
        &["python", "-m", "{{Param.X}}"],
        &["python", "{{Param.X}}"],
        &["python", "-{{Param.X}}", "y"],
        &["C:\\Python\\python.exe", "-c", "{{Param.X}}"],
        &["perl", "-e", "{{Param.X}}"],
        &["perl", "-ne", "{{Param.X}}"],
        &["node", "-e", "{{Param.X}}"],
        &["node", "--eval={{Param.X}}"],
        &["node", "--require", "{{Param.X}}", "a.js"],
        &["ruby", "-e", "{{Param.X}}"],
        &["cmd", "/c", "{{Param.X}}"],
        &["cmd.exe", "/C", "dir", "{{Param.X}}"],
        &["powershell", "-Command", "{{Param.X}}"],
        &["pwsh", "-NoProfile", "-c", "{{Param.X}}"],
        &["pwsh", "-Command", "Get-Item", "{{Param.X}}"],
        &["powershell.exe", "-enc", "{{Param.X}}"],
        &["powershell", "{{Param.X}}"],
        &["env", "{{Param.X}}"],
        &["env", "A=b", "python", "-c", "{{Param.X}}"],
        &["env", "{{Param.X}}", "sleap-nn"],
        &["env", "LD_PRELOAD={{Param.X}}", "sleap-nn"],
        &["env", "-S", "python -c {{Param.X}}"],
        &["/usr/bin/env", "python3", "-c", "{{Param.X}}"],
        &["nice", "-n", "5", "{{Param.X}}"],
        &["nice", "-n", "5", "bash", "-c", "{{Param.X}}"],
        &["timeout", "10", "{{Param.X}}"],
        &["sudo", "-u", "bob", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "python", "-c", "{{Param.X}}"],
        &["uv", "run", "--with", "numpy", "python", "-c", "{{Param.X}}"],
        &["uv", "{{Param.X}}"],
        &["ssh", "gpu-1", "sleap-nn train {{Param.X}}"],
        &["xargs", "-n", "1", "{{Param.X}}"],
        &["srun", "bash", "-c", "{{Param.X}}"],
        &["nice", "sudo", "-u", "bob", "env", "A=b", "bash", "-c", "{{Param.X}}"],
        &["conda", "run", "-n", "python", "python", "-c", "{{Param.X}}"],
        &["docker", "run", "--rm", "image", "bash", "{{Param.X}}"],
        &["tool-of-a-lab", "--in", "container", "python", "-c", "{{Param.X}}"],
    ] {
        let error = command_line(words).expect_err(&format!("accepted: {words:?}"));
        let named = matches!(&error, TemplateError::InCommand { parameter, .. } | TemplateError::InCode { parameter, .. } if parameter == "X");
        assert!(named, "{words:?}: {error}");
        assert!(error.to_string().contains("onRun"), "{words:?}: {error}");
    }
}

#[test]
fn values_may_be_arguments() {
    for words in [
        &["sleap-nn", "train", "{{Param.X}}"][..],
        &["sleap-nn", "train", "data={{Param.X}}", "--name={{Param.X}}"],
        &["sleap-nn", "train", "--config", "{{Param.X}}", "-c", "{{Param.X}}"],
        &["sh", "-c", "exec tool \"$1\"", "sh", "{{Param.X}}"],
        &["python", "-c", "import sys; print(sys.argv[1])", "{{Param.X}}"],
        &["python", "-m", "tool", "{{Param.X}}"],
        &["python3", "-u", "/opt/tool.py", "-c", "{{Param.X}}"],
        &["bash", "-e", "/opt/tool.sh", "{{Param.X}}"],
        &["node", "/opt/tool.js", "{{Param.X}}"],
        &["powershell", "-ExecutionPolicy", "Bypass", "-File", "tool.ps1", "{{Param.X}}"],
        &["env", "A=b", "sleap-nn", "{{Param.X}}"],
        &["nice", "-n", "5", "sleap-nn", "{{Param.X}}"],
        &["timeout", "-k", "5", "10", "sleap-nn", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "sleap-nn", "{{Param.X}}"],
        &["uv", "run", "sleap-nn", "{{Param.X}}"],
        &["tool", "{{Param.X.upper()}}"],
        &["tool", "--backend", "python", "{{Param.X}}"],
        &["docker", "run", "--rm", "image", "sleap-nn", "{{Param.X}}"],
        &["tool"],
    ] {
        command_line(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
}

#[test]
fn a_value_in_a_script_is_refused_unless_a_shell_gets_it_quoted() {
    let shell = &["bash", "{{Task.File.Run}}"];
    for (words, data) in [
        (&shell[..], "echo {{Param.X}}\n"),
        (shell, "echo '{{Param.X}}'\n"),
        (shell, "echo \"{{repr_sh(Param.X)}}\"\n"),
        (shell, "echo '{{repr_sh(Param.X)}}'\n"),
        (shell, "echo \\{{repr_sh(Param.X)}}\n"),
        (shell, "echo ${{repr_sh(Param.X)}}\n"),
        (shell, "cat <<E\n{{repr_sh(Param.X)}}\nE\n"),
        (shell, "echo `echo {{repr_sh(Param.X)}}`\n"),
        (shell, "echo $'it\\'s' {{repr_sh(Param.X)}}\n"),
        (shell, "eval {{repr_sh(Param.X)}}\n"),
        (shell, "# {{repr_sh(Param.X)}}\n"),
        (shell, "echo {{repr_sh(Param.X) + Param.X}}\n"),
        (shell, "echo {{repr_sh(Param.X)[1:]}}\n"),
        (shell, "echo {{Param.X if repr_sh(Param.X) == '' else Param.X}}\n"),
        (shell, "echo {{ repr_sh('') + ')' + Param.X + ('x') }}\n"),
        (shell, "{{repr_sh(Param.X)}} now\n"),
        (shell, "A=b {{repr_sh(Param.X)}}\n"),
        (shell, ">log {{repr_sh(Param.X)}}\n"),
        (shell, "> log {{repr_sh(Param.X)}}\n"),
        (shell, "true; {{repr_sh(Param.X)}}\n"),
        (shell, "true && exec {{repr_sh(Param.X)}}\n"),
        (shell, "if {{repr_sh(Param.X)}}; then true; fi\n"),
        (shell, "echo $({{repr_sh(Param.X)}})\n"),
        (shell, "bash -c {{repr_sh(Param.X)}}\n"),
        (shell, "nice -n 5 python -c {{repr_sh(Param.X)}}\n"),
        (shell, "python \\\n  -c {{repr_sh(Param.X)}}\n"),
        (shell, "'ba'sh -c {{repr_sh(Param.X)}}\n"),
        (shell, "source {{repr_sh(Param.X)}}\n"),
        (shell, ". {{repr_sh(Param.X)}}\n"),
        (shell, "$TOOL -c {{repr_sh(Param.X)}}\n"),
        (shell, "echo {{repr_sh(Param.X)}} 'open\n"),
        (&["python", "{{Task.File.Run}}"], "print({{repr_sh(Param.X)}})\n"),
        (&["python", "{{Task.File.Run}}"], "print({{repr_py(Param.X)}})\n"),
        (&["{{Task.File.Run}}"], "#!/usr/bin/env python\nprint({{repr_sh(Param.X)}})\n"),
        (&["tool", "{{Task.File.Run}}"], "x = {{Param.X}}\n"),
    ] {
        let error = with_file(words, data).expect_err(&format!("accepted: {words:?} {data:?}"));
        let named = matches!(&error, TemplateError::InScript { parameter, file } if parameter == "X" && file == "Run");
        assert!(named, "{words:?} {data:?}: {error}");
    }
    for (words, data) in [
        (&shell[..], "tool {{repr_sh(Param.X)}} 'it is' \"$HOME\" # it's\n"),
        (shell, "A='x y'\nif true; then tool --x={{ repr_sh(Param.X) }}; fi\n"),
        (shell, "echo nothing\n"),
        (
            shell,
            "set -e\nCONFIG={{repr_sh(Param.X)}}\npython /opt/tool.py \\\n  --config {{repr_sh(Param.X)}} > log 2>&1\n",
        ),
        (&["{{Task.File.Run}}", "{{Param.X}}"], "#!/bin/sh\ntool {{repr_sh(Param.X)}}\n"),
        (&["{{Task.File.Run}}", "{{Param.X}}"], "#!/usr/bin/env bash\ntool \"$1\"\n"),
        (&["python", "{{Task.File.Run}}", "{{Param.X}}"], "import sys\n"),
    ] {
        with_file(words, data).unwrap_or_else(|error| panic!("{words:?} {data:?}: {error}"));
    }
}

#[test]
fn embedded_files_stay_in_the_attempts_folder() {
    for name in ["../up", "a/b", "..", ".", "C:x", "a\\b"] {
        let mut document = template(x(), json!({ "command": "bash", "args": ["{{Task.File.Run}}"] }));
        document["steps"][0]["script"]["embeddedFiles"] =
            json!([{ "name": "Run", "type": "TEXT", "filename": name, "data": "echo" }]);
        assert!(accept(document).is_err(), "{name}");
    }
}

#[test]
fn the_digest_is_of_the_name_and_the_definitions_alone() {
    let digest = |document: Value| accept(document).unwrap().kind().digest.clone();
    let one =
        digest(template(json!([{ "name": "X", "type": "STRING", "default": "a" }]), json!({ "command": "echo" })));
    let same =
        digest(template(json!([{ "default": "a", "type": "STRING", "name": "X" }]), json!({ "command": "true" })));
    let other =
        digest(template(json!([{ "name": "X", "type": "STRING", "default": "b" }]), json!({ "command": "echo" })));
    assert_eq!(one, same);
    assert_ne!(one, other);
    // The form as written does not matter either.
    let yaml = GOOD.to_owned() + "parameterDefinitions:\n- {name: X, type: STRING, default: a}\n";
    let (_dir, catalogue) = lab(&[("tried.yaml", &yaml), ("a.yaml", &yaml)]);
    let named = |name: &str| catalogue.get(name).unwrap().kind().digest.clone();
    assert_eq!(named("tried"), one);
    // Everybody knows a kind by its digest: two that ask for the same are two.
    assert_ne!(named("tried"), named("a"));
    // Part of the protocol: a job carries it from one version of the program to another.
    assert_eq!(Catalogue::load(None).kinds()[0].digest.len(), "blake3:".len() + 64,);
}

#[test]
fn host_requirements_are_passed_on_as_they_are() {
    let mut document = template(x(), json!({ "command": "echo" }));
    let needs = json!({ "amounts": [{ "name": "amount.worker.gpu", "min": 1 }] });
    document["steps"][0]["hostRequirements"] = needs.clone();
    assert_eq!(accept(document.clone()).unwrap().kind().needs, needs);
    document["steps"][0]["hostRequirements"] =
        json!({ "amounts": [{ "name": "amount.worker.gpu", "min": "{{Param.X}}" }] });
    assert!(accept(document).is_err());
}

#[test]
fn a_program_is_looked_for_where_people_have_it() {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("miniconda3/bin");
    fs_err::create_dir_all(&bin).unwrap();
    let template = command_line(&["sleap-nn-of-this-test", "{{Param.X}}"]).unwrap();
    let programs = Programs::new(Some("relative:/nowhere/bin".as_ref()), Some(home.path()));
    assert!(programs.folders().iter().all(|folder| folder.is_absolute()));
    let missing = programs.find(&template).unwrap_err();
    assert!(
        missing.to_string().contains("sleap-nn-of-this-test was not found in PATH or the usual places"),
        "{missing}"
    );
    assert!(
        matches!(&missing, ProgramMissing::NotFound { looked_in, .. } if looked_in.starts_with("/nowhere/bin, ")),
        "{missing:?}"
    );
    let file = bin.join("sleap-nn-of-this-test");
    fs_err::write(&file, "#!/bin/sh\n").unwrap();
    #[cfg(unix)]
    {
        assert!(programs.find(&template).is_err(), "it may not be run yet");
        use std::os::unix::fs::PermissionsExt;
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(programs.find(&template), Ok(Program::File(file)));
    }
    // Only a kind that comes with the program may mean this program by its name.
    let template = command_line(&["samepath", "tool"]).unwrap();
    assert_ne!(Programs::default().find(&template), Ok(Program::Own));
}

fn kind(parameters: Value) -> Kind {
    accept(template(parameters, json!({ "command": "echo" }))).unwrap().kind().clone()
}

fn values(values: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(values).unwrap()
}

#[test]
fn every_problem_is_reported_at_once() {
    let kind = kind(json!([
        { "name": "NEEDED", "type": "STRING" },
        { "name": "EPOCHS", "type": "INT", "minValue": 1, "maxValue": 100, "default": 5 },
        { "name": "RATE", "type": "FLOAT", "default": 0.5, "maxValue": 1 },
        { "name": "MODE", "type": "STRING", "allowedValues": ["fast", "slow"], "default": "fast" },
        { "name": "RUN_NAME", "type": "STRING", "default": "run" },
        { "name": "FILE", "type": "PATH", "default": "" },
        { "name": "LIST", "type": "LIST[INT]", "default": [], "item": { "maxValue": 3 } },
        { "name": "YES", "type": "BOOL", "default": true },
    ]));
    let problems = check_values(
        &kind,
        &values(json!({
            "EPOCHS": 0, "RATE": "fast", "MODE": "medium", "RUN_NAME": "../up", "FILE": 7, "LIST": [1, 9], "YES": 2, "NO": 1,
        })),
    )
    .unwrap_err();
    assert_eq!(problems.code(), "invalid_parameter");
    let named: Vec<&str> = problems.0.iter().map(|problem| problem.parameter.as_str()).collect();
    assert_eq!(named, ["NEEDED", "EPOCHS", "RATE", "MODE", "RUN_NAME", "FILE", "LIST", "YES", "NO"]);
    let text = problems.to_string();
    for part in [
        "NEEDED: needs a value",
        "EPOCHS: is 0; 1 at least",
        "RATE: takes a number, not \"fast\"",
        "MODE: is \"medium\"; it may be \"fast\", \"slow\"",
        "RUN_NAME: is \"../up\"; a name begins with",
        "FILE: takes a storage path",
        "LIST: entry 2: is 9; 3 at most",
        "YES: takes true or false, not 2",
        "NO: tried has no such parameter",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn values_are_taken_in_every_form_that_the_standard_takes() {
    let types = |of: &str| kind(json!([{ "name": "V", "type": of }]));
    for (of, good, bad) in [
        ("STRING", vec![json!("a"), json!("")], vec![json!(1), json!(null), json!("a\0b"), json!(["a"])]),
        ("INT", vec![json!(3), json!("3"), json!(-3.0)], vec![json!(3.5), json!("3.5"), json!(1e300), json!("x")]),
        ("FLOAT", vec![json!(3), json!("3.5"), json!(-1e9)], vec![json!("nan"), json!("inf"), json!(true)]),
        ("BOOL", vec![json!(true), json!("yes"), json!(0)], vec![json!("maybe"), json!(2)]),
        ("RANGE_EXPR", vec![json!("1-10"), json!("1,3,5-9:2")], vec![json!("a-b"), json!(3)]),
        (
            "PATH",
            vec![json!("a/b"), json!({ "storage_backend": "x", "path": "a" })],
            vec![json!(1), json!(["a"]), json!({})],
        ),
        ("LIST[PATH]", vec![json!(["a", { "storage_backend": "x" }])], vec![json!("a"), json!([["a"]]), json!([1])]),
        ("LIST[STRING]", vec![json!(["a"]), json!([])], vec![json!("a"), json!([1])]),
        ("LIST[LIST[INT]]", vec![json!([[1], []])], vec![json!([1]), json!([["a"]])]),
    ] {
        let kind = types(of);
        for value in good {
            let checked = check_values(&kind, &values(json!({ "V": value })));
            assert_eq!(checked, Ok(()), "{of} takes {value}");
        }
        for value in bad {
            assert!(check_values(&kind, &values(json!({ "V": value }))).is_err(), "{of} does not take {value}");
        }
    }
}

#[test]
fn names_are_names() {
    let kind = kind(json!([{ "name": "RUN_NAME", "type": "STRING" }]));
    let long = "a".repeat(64);
    for (name, good) in [
        ("a", true),
        ("Maze-day_3.v2", true),
        (&long, true),
        (&format!("{long}a"), false),
        ("", false),
        ("-x", false),
        (".hidden", false),
        ("a b", false),
        ("a/b", false),
        ("ä", false),
        ("a\n", false),
    ] {
        assert_eq!(check_values(&kind, &values(json!({ "RUN_NAME": name }))).is_ok(), good, "{name:?}");
    }
}

fn job(parameters: Value) -> Job {
    serde_json::from_value(json!({
        "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": "tried", "storage_backend": "vast",
        "user_subdir": "amick", "parameters": parameters, "submitted_at": "2026-11-22T09:00:00Z",
        "storages": { "vast": { "id": "5f0c", "access": "write" } },
    }))
    .unwrap()
}

#[test]
fn storages_come_from_the_paths() {
    let kind = kind(json!([
        { "name": "IN", "type": "PATH" },
        { "name": "MORE", "type": "LIST[PATH]", "default": [] },
        { "name": "OUT", "type": "PATH", "dataFlow": "OUT", "objectType": "DIRECTORY", "default": "out" },
        { "name": "LEFT", "type": "PATH", "default": "" },
        { "name": "TEXT", "type": "STRING", "default": "scratch:x" },
    ]));
    let needed = |parameters| storages_needed(&kind, &job(parameters)).unwrap();
    let needs = needed(json!({ "IN": "a.slp", "MORE": ["b", { "storage_backend": "scratch", "path": "c" }] }));
    assert_eq!(needs.keys().collect::<Vec<_>>(), ["scratch", "vast"]);
    assert_eq!((needs["vast"].access, needs["vast"].id.as_deref()), (Access::Write, Some("5f0c")));
    assert_eq!((needs["scratch"].access, needs["scratch"].id.as_deref()), (Access::Read, None));
    let needs = needed(json!({ "IN": "a.slp", "OUT": { "storage_backend": "scratch", "path": "o" } }));
    assert_eq!((needs["vast"].access, needs["scratch"].access), (Access::Read, Access::Write));
    assert!(storages_needed(&kind, &job(json!({ "IN": 1 }))).is_err());
}

fn nonsense() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("{{Param.X}}".to_owned()),
        Just("{{".to_owned()),
        Just("}}{{".to_owned()),
        Just("{{repr_sh(Param.X)".to_owned()),
        Just("jobtemplate-2023-09".to_owned()),
        Just("STRING".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("name".to_owned()),
        Just("type".to_owned()),
        Just("script".to_owned()),
        Just("actions".to_owned()),
        Just("onRun".to_owned()),
        Just("command".to_owned()),
        Just("args".to_owned()),
        Just("embeddedFiles".to_owned()),
        Just("default".to_owned()),
        "[a-z]{1,6}",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nonsense_never_panics(part in nonsense(), place in 0..9_usize) {
        let places = [
            "", "/parameterDefinitions", "/parameterDefinitions/0", "/parameterDefinitions/0/type", "/steps", "/steps/0",
            "/steps/0/script", "/steps/0/script/actions/onRun", "/steps/0/script/actions/onRun/args",
        ];
        let mut document = template(x(), json!({ "command": "echo", "args": ["{{Param.X}}"] }));
        *document.pointer_mut(places[place]).unwrap() = part.clone();
        drop(accept(document));
        let kind = kind(x());
        drop(check_values(&kind, &BTreeMap::from([("X".to_owned(), part.clone())])));
        drop(storages_needed(&kind, &job(json!({ "X": part }))));
    }

    /// The guard reads the template anew, and refuses one whose digest is another.
    #[test]
    fn a_number_of_any_digits_is_read_again_as_it_was(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        let document = template(json!([{ "name": "X", "type": "FLOAT", "default": number }]), json!({ "command": "echo" }));
        let again = serde_json::from_str(&document.to_string()).unwrap();
        prop_assert_eq!(accept(document).unwrap().kind().digest.clone(), accept(again).unwrap().kind().digest.clone());
    }

    #[test]
    fn nonsense_files_never_panic(text in "[ -~\n\t{}:\\[\\]&*!|>'\"%@-]{0,200}") {
        let (_dir, catalogue) = lab(&[("a.yaml", &text), ("b.json", &text)]);
        prop_assert_eq!(catalogue.kinds().len() + catalogue.refused().len(), 5);
    }

    #[test]
    fn no_way_of_writing_it_lets_a_value_into_code(
        (program, options, code) in prop_oneof![
            (prop_oneof![Just("sh"), Just("/bin/bash"), Just("dash")], options(&["-e", "-x", "-u", "--login", "+x"]), option("-c")),
            (prop_oneof![Just("python"), Just("/opt/x/python3.12")], options(&["-u", "-B", "-I", "-Wignore"]), option("-c")),
            (prop_oneof![Just("perl"), Just("perl5.36")], options(&["-w", "-T"]), option("-e")),
            (prop_oneof![Just("pwsh"), Just("powershell.exe")], options(&["-NoProfile", "-NoLogo"]), option("-Command")),
        ],
        wrapped in any::<bool>(),
        expression in prop_oneof![Just("{{Param.X}}"), Just("{{ Param.X }}"), Just("{{RawParam.X + 'a'}}"), Just("{{Param.X}}y")],
    ) {
        let mut words = if wrapped { vec!["nice", "-n", "5", program] } else { vec![program] };
        words.extend(options);
        words.extend(code);
        words.push(expression);
        prop_assert!(command_line(&words).is_err(), "accepted: {:?}", words);
    }
}

fn options(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..4)
}

fn option(code: &'static str) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some(code))]
}
