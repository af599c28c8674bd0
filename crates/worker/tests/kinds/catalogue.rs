//! What is a kind, which of them there are, and which program each runs.

use super::*;

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

#[cfg(unix)]
#[test]
fn a_program_of_windows_is_looked_for_where_people_have_it_there() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let find = |platform| Programs::on(platform, None, Some(home.path())).named("tool-of-this-test");
    // Each before those above it.
    for place in
        ["miniforge3/envs/x/Scripts", "AppData/Roaming/uv/data/tools/x/Scripts", "miniforge3/Scripts", ".local/bin"]
    {
        let file = home.path().join(place).join("tool-of-this-test.exe");
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, "").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find(Platform::Windows).unwrap(), file);
        assert!(find(Platform::Linux).is_err() && find(Platform::MacOs).is_err());
    }
    let ProgramMissing::NotFound { looked_in, .. } = find(Platform::Linux).unwrap_err() else { panic!() };
    assert!(looked_in.contains("/opt/conda/bin") && !looked_in.contains("ProgramData"), "{looked_in}");
}

#[test]
fn the_example_of_the_documentation_is_a_kind() {
    let page = include_str!("../../../../docs/kinds.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (_dir, catalogue) = lab(&[("shrink-video.yaml", example)]);
    assert_eq!(catalogue.refused(), []);
    let template = catalogue.get("shrink-video").unwrap();
    assert_eq!((template.command(), template.notice().as_secs()), ("ffmpeg", 10));
    let good = values(json!({ "VIDEO": "a.mp4", "OUTPUT_DIR": "small", "HEIGHT": 240 }));
    assert_eq!(check_values(template.kind(), &good), Ok(()));
    let bad = values(json!({ "VIDEO": "a.mp4", "OUTPUT_DIR": "small", "HEIGHT": "1; rm" }));
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
        ("list.yaml", "it has no keys"),
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
