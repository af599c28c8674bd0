//! Jobs of a member whom the lab keeps to some places, tried from the wrong side: whatever the job says, the worker looks where
//! each path really leads, before anything is opened.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod sleap_lab;

use samepath_storage::{Backend, Platform, Storages};
use samepath_wire::{Cause, Failure, Job};
use samepath_worker::kinds::{Catalogue, Programs, Template, TemplateSource};
use samepath_worker::prepare::{PATIENCE, Prepared, Request, SystemClock, is_unfit, prepare};
use serde_json::{Value, json};
use sleap_lab::{CONFIG, Lab, Told, data};
use std::os::unix::fs::symlink;
use std::path::Path;

/// What the invitation of amick allows here.
fn places() -> Value {
    json!({ "user_subdir": "amick", "read": ["vast:shared"] })
}

/// A lab with files of others in the storage, and links to them in amick's folder.
fn lab() -> Lab {
    let lab = Lab::new();
    for folder in ["tom/run", "amick2", "shared", "amick/run", "amick/out"] {
        fs_err::create_dir_all(lab.path("vast").join(folder)).unwrap();
    }
    for file in ["tom/labels.slp", "amick2/labels.slp", "shared/labels.slp"] {
        fs_err::copy(data("maze/labels.slp"), lab.path("vast").join(file)).unwrap();
    }
    for file in ["tom/cam0.mp4", "shared/cam0.mp4"] {
        fs_err::copy(data("maze/cam0.mp4"), lab.path("vast").join(file)).unwrap();
    }
    for file in ["tom/train.yaml", "tom/run/training_config.yaml", "amick/train.yaml"] {
        fs_err::write(lab.path("vast").join(file), CONFIG).unwrap();
    }
    for file in ["tom/run/last.ckpt", "tom/run/best.ckpt", "amick/run/best.ckpt"] {
        fs_err::write(lab.path("vast").join(file), "").unwrap();
    }
    fs_err::create_dir_all(lab.path("raw/tom")).unwrap();
    fs_err::write(lab.path("raw/tom/labels.slp"), "").unwrap();
    symlink("../tom", lab.path("vast/amick/to-tom")).unwrap();
    symlink("../tom/labels.slp", lab.path("vast/amick/toms.slp")).unwrap();
    lab
}

fn job(kind: &str, parameters: Value, places: Value) -> Job {
    serde_json::from_value(json!({
        "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": kind, "storage_backend": "vast",
        "user_subdir": "amick", "parameters": parameters, "submitted_by": "amick", "places": places,
        "submitted_at": "2026-11-22T09:00:00Z",
    }))
    .unwrap()
}

fn prepared(lab: &Lab, template: &Template, job: &Job) -> Result<Prepared, Failure> {
    let backends = ["vast", "raw"].map(|name| Backend {
        name: name.to_owned(),
        base_path: lab.path(name),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    });
    let search = std::env::join_paths([lab.path("bin"), "/bin".into()]).unwrap();
    let programs = Programs::new(Some(&search), None);
    prepare(&Request {
        template,
        job,
        attempt: 1,
        own_output: false,
        worker: "gpu-1",
        storages: &Storages::new(backends.into(), Platform::current()),
        programs: &programs,
        directory: &lab.path("work"),
        patience: PATIENCE,
        clock: &SystemClock,
    })
}

fn kind(name: &str) -> Template {
    Catalogue::load(None).get(name).unwrap().clone()
}

/// Must be refused for good, and say which path, whose job, what is allowed, and what to do.
#[track_caller]
fn assert_refused(failure: &Failure, path: &str) {
    let Failure { cause, message, .. } = failure;
    assert_eq!(*cause, Cause::InvalidParameter, "{message}");
    assert!(!is_unfit(failure), "another worker would say the same");
    for part in [path, "jobs of amick may not", "`vast:amick`", "whoever looks after the lab"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn every_path_of_a_job_is_looked_at() {
    let lab = lab();
    let elsewhere = |backend: &str, folder: &str, path: &str| json!({ "storage_backend": backend, "user_subdir": folder, "path": path });
    let good = json!({ "LABELS": "maze/labels.slp", "OUTPUT_DIR": "out" });
    let with = |parameter: &str, value: &Value| {
        let mut parameters = good.clone();
        parameters[parameter] = value.clone();
        job("sleap-train", parameters, places())
    };
    let train = kind("sleap-train");
    drop(prepared(&lab, &train, &job("sleap-train", good.clone(), places())).unwrap());
    drop(prepared(&lab, &train, &with("LABELS", &elsewhere("vast", "shared", "labels.slp"))).unwrap());
    for (parameter, value, path) in [
        ("LABELS", elsewhere("vast", "tom", "labels.slp"), "vast:tom/labels.slp"),
        ("LABELS", elsewhere("vast", "", "tom/labels.slp"), "vast:tom/labels.slp"),
        ("LABELS", elsewhere("vast", "amick2", "labels.slp"), "vast:amick2/labels.slp"),
        ("LABELS", "to-tom/labels.slp".into(), "vast:amick/to-tom/labels.slp"),
        ("LABELS", "toms.slp".into(), "vast:amick/toms.slp"),
        ("CONFIG", json!([elsewhere("vast", "tom", "train.yaml")]), "vast:tom/train.yaml"),
        ("CONFIG", json!(["train.yaml", "to-tom/train.yaml"]), "vast:amick/to-tom/train.yaml"),
        ("RESUME_FROM", elsewhere("vast", "tom", "run/last.ckpt"), "vast:tom/run/last.ckpt"),
        ("RESUME_FROM", "to-tom/run/last.ckpt".into(), "vast:amick/to-tom/run/last.ckpt"),
        ("VAL_LABELS", elsewhere("vast", "tom", "labels.slp"), "vast:tom/labels.slp"),
        ("OUTPUT_DIR", elsewhere("vast", "tom", "out"), "vast:tom/out"),
        ("OUTPUT_DIR", elsewhere("vast", "shared", "out"), "vast:shared/out"),
        ("OUTPUT_DIR", elsewhere("vast", "amick2", "out"), "vast:amick2/out"),
        ("OUTPUT_DIR", elsewhere("vast", "", ""), "`vast:`"),
        ("OUTPUT_DIR", "to-tom/out".into(), "vast:amick/to-tom/out"),
    ] {
        let failure = prepared(&lab, &train, &with(parameter, &value)).unwrap_err();
        assert_refused(&failure, path);
        assert!(failure.message.starts_with(parameter), "{}", failure.message);
        // Without limits it goes on as before.
        drop(
            prepared(&lab, &train, &Job { places: None, ..with(parameter, &value) }).map_err(|it| it.message).unwrap(),
        );
    }
    let failure = prepared(&lab, &train, &with("LABELS", &elsewhere("raw", "tom", "labels.slp"))).unwrap_err();
    assert!(failure.message.contains("on raw they may read only in `raw:amick`"), "{}", failure.message);
    for (value, part) in
        [("../tom/labels.slp", "`..`"), ("/etc/passwd", "does not begin with `/`"), ("a/../../tom/labels.slp", "`..`")]
    {
        let failure = prepared(&lab, &train, &with("LABELS", &value.into())).unwrap_err();
        assert!(failure.message.contains(part), "{}", failure.message);
    }
    // Nothing was made where it may not be.
    let fresh = self::lab();
    prepared(&fresh, &train, &with("OUTPUT_DIR", &elsewhere("vast", "tom", "out"))).unwrap_err();
    assert!(!fresh.path("vast/tom/out").exists());
}

#[test]
fn links_in_folders_that_a_tool_goes_through_by_itself_are_looked_at() {
    let lab = lab();
    let train = kind("sleap-train");
    let predict = kind("sleap-predict");
    let labels = json!({ "LABELS": "maze/labels.slp", "OUTPUT_DIR": "out" });
    let link = |target: &str, link: &str| symlink(target, lab.path("vast/amick").join(link)).unwrap();
    // In a results folder: to a folder, to a file that is there, and to one that would be made.
    for (target, name) in [("../../tom", "run-1"), ("../../tom/labels.slp", "x.slp"), ("../../tom/new.slp", "new.slp")]
    {
        link(target, &format!("out/{name}"));
        let failure = prepared(&lab, &train, &job("sleap-train", labels.clone(), places())).unwrap_err();
        assert_refused(&failure, &format!("vast:amick/out/{name}"));
        fs_err::remove_file(lab.path("vast/amick/out").join(name)).unwrap();
    }
    link("../maze", "out/own");
    drop(prepared(&lab, &train, &job("sleap-train", labels, places())).unwrap());
    // In the folder of a model.
    fs_err::create_dir_all(lab.path("vast/amick/model/deeper")).unwrap();
    let models = json!({ "DATA": "maze/labels.slp", "OUTPUT_DIR": "out", "MODELS": ["model"] });
    drop(prepared(&lab, &predict, &job("sleap-predict", models.clone(), places())).unwrap());
    link("../../../tom/run/best.ckpt", "model/deeper/best.ckpt");
    let failure = prepared(&lab, &predict, &job("sleap-predict", models.clone(), places())).unwrap_err();
    assert_refused(&failure, "vast:amick/model/deeper/best.ckpt");
    drop(prepared(&lab, &predict, &job("sleap-predict", models, Value::Null)).unwrap());
    let toms = json!({ "DATA": "maze/labels.slp", "OUTPUT_DIR": "out", "MODELS": ["to-tom/run"] });
    assert_refused(
        &prepared(&lab, &predict, &job("sleap-predict", toms, places())).unwrap_err(),
        "vast:amick/to-tom/run",
    );
}

#[test]
fn a_folder_that_cannot_be_looked_through_for_links_is_refused() {
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let lab = lab();
    let train = kind("sleap-train");
    let job = job("sleap-train", json!({ "LABELS": "maze/labels.slp", "OUTPUT_DIR": "out" }), places());
    let out = lab.path("vast/amick/out");
    // Its name is no text: what is in it has no storage path.
    let odd = out.join(OsStr::from_bytes(b"run-\xff"));
    fs_err::create_dir(&odd).unwrap();
    symlink("../../../tom", odd.join("link")).unwrap();
    let failure = prepared(&lab, &train, &job).unwrap_err();
    assert!(failure.message.contains("has a folder with a name that is no text"), "{failure:?}");
    assert!(!is_unfit(&failure));
    fs_err::remove_dir_all(odd).unwrap();
    drop(prepared(&lab, &train, &job).unwrap());
    // Its path is longer than the system takes; a program that goes into one folder after the other gets there.
    let mut folder = openat(CWD, &out, OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..20 {
        let name = "x".repeat(250);
        mkdirat(&folder, &*name, Mode::RWXU).unwrap();
        folder = openat(&folder, &*name, OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    rustix::fs::symlinkat("/", &folder, "link").unwrap();
    let failure = prepared(&lab, &train, &job).unwrap_err();
    assert!(failure.message.contains("cannot be looked through on gpu-1 for links"), "{failure:?}");
}

#[test]
fn job_types_of_a_lab_are_bound_by_it_too() {
    let lab = lab();
    let template = |flow: &str, object: &str| {
        let document = json!({
            "specificationVersion": "jobtemplate-2023-09", "name": "Tried",
            "parameterDefinitions": [{ "name": "IT", "type": "PATH", "dataFlow": flow, "objectType": object }],
            "steps": [{ "name": "only", "script": { "actions": { "onRun": { "command": "true", "args": ["{{Param.IT}}"] } } } }],
        });
        Template::new(TemplateSource { name: "tried".into(), built_in: false, document }).unwrap()
    };
    for (flow, object, path) in [
        ("IN", "FILE", "to-tom/labels.slp"),
        ("OUT", "FILE", "to-tom/new.txt"),
        ("INOUT", "FILE", "to-tom/labels.slp"),
        ("NONE", "FILE", "to-tom/named"),
        ("IN", "DIRECTORY", "to-tom"),
    ] {
        let template = template(flow, object);
        let failure = prepared(&lab, &template, &job("tried", json!({ "IT": path }), places())).unwrap_err();
        let named = if flow == "OUT" { "to-tom" } else { path };
        assert_refused(&failure, &format!("vast:amick/{named}"));
        drop(prepared(&lab, &template, &job("tried", json!({ "IT": path }), Value::Null)).unwrap());
    }
    // What may only be read is not changed in place.
    let shared = json!({ "IT": { "storage_backend": "vast", "user_subdir": "shared", "path": "labels.slp" } });
    drop(prepared(&lab, &template("IN", "FILE"), &job("tried", shared.clone(), places())).unwrap());
    let failure = prepared(&lab, &template("INOUT", "FILE"), &job("tried", shared, places())).unwrap_err();
    assert!(failure.message.contains("may not write `vast:shared`"), "{}", failure.message);
}

fn confined_train(lab: &Lab, labels: &Path, values: &[(&str, &str)], configs: &[&str], places: &Value) -> Told {
    let (labels, out) = (labels.display().to_string(), lab.out().display().to_string());
    let mut all = vec![("LABELS", labels.as_str()), ("OUTPUT_DIR", &out)];
    all.extend(values);
    let mut command = lab.command("sleap-train", &all, configs);
    let file = lab.path("context.json");
    let mut context: Value = serde_json::from_slice(&fs_err::read(&file).unwrap()).unwrap();
    context["job"]["places"] = places.clone();
    context["job"]["submitted_by"] = "amick".into();
    fs_err::write(&file, context.to_string()).unwrap();
    Told::new(command.output().unwrap())
}

#[test]
fn what_a_training_names_in_its_files_is_looked_at() {
    let lab = lab();
    let config = |old: &str, new: &str| lab.config("train.yaml", &CONFIG.replace(old, new));
    let labels = lab.maze("labels.slp");
    let told = confined_train(&lab, &labels, &[], &[&config("x", "x")], &places());
    assert!(told.good, "{told:?}");
    for (old, new, path) in [
        ("test_file_path: null", "test_file_path: /Volumes/talmo/tom/labels.slp", "vast:tom/labels.slp"),
        ("test_file_path: null", "test_file_path: ../../tom/labels.slp", "vast:tom/labels.slp"),
        ("test_file_path: null", "test_file_path: ../to-tom/labels.slp", "vast:amick/to-tom/labels.slp"),
        ("test_file_path: null", "test_file_path: ../toms.slp", "vast:amick/toms.slp"),
        (
            "pretrained_head_weights: null",
            "pretrained_head_weights: ../to-tom/run/best.ckpt",
            "vast:amick/to-tom/run/best.ckpt",
        ),
        ("max_epochs: 7", "odd: sub/../../to-tom/run/best.ckpt", "vast:amick/to-tom/run/best.ckpt"),
    ] {
        let configuration = config(old, new);
        let failure = confined_train(&lab, &labels, &[], &[&configuration], &places()).failure();
        assert!(failure.message.contains("It is not used: "), "{failure:?}");
        assert!(
            failure.message.contains(path) && failure.message.contains("Jobs of amick may not read"),
            "{failure:?}"
        );
        let free = confined_train(&lab, &labels, &[], &[&configuration], &Value::Null);
        assert!(free.good || new.contains("best.ckpt"), "{free:?}");
    }
    // A file of this computer that is on no storage is nobody's.
    let outside = lab.path("bin/mode").display().to_string();
    let configuration = config("max_epochs: 7", &format!("odd: {outside}"));
    let failure = confined_train(&lab, &labels, &[], &[&configuration], &places()).failure();
    assert!(failure.message.contains(&outside) && failure.cause == Cause::InvalidParameter, "{failure:?}");
}

#[test]
fn the_videos_of_a_project_and_what_lies_beside_a_checkpoint_are_looked_at() {
    let lab = lab();
    // The project's own video is a link to somebody else's, where nothing else is found.
    fs_err::remove_file(lab.maze("cam0.mp4")).unwrap();
    symlink("../../tom/cam0.mp4", lab.maze("cam0.mp4")).unwrap();
    let failure = confined_train(&lab, &lab.maze("labels.slp"), &[], &[], &places()).failure();
    assert!(failure.message.contains("Jobs of amick may not read `vast:amick/maze/cam0.mp4`"), "{failure:?}");
    assert_eq!(lab.calls(), "", "nothing was started");
    fs_err::remove_file(lab.maze("cam0.mp4")).unwrap();
    fs_err::copy(data("maze/cam0.mp4"), lab.maze("cam0.mp4")).unwrap();
    // The checkpoint is amick's own, and what is read beside it is not.
    let run = lab.path("vast/amick/run");
    for (name, target) in [
        ("training_config.yaml", "training_config.yaml"),
        ("initial_config.yaml", "training_config.yaml"),
        ("training_log.csv", "best.ckpt"),
        ("last.ckpt", "last.ckpt"),
    ] {
        symlink(format!("../../tom/run/{target}"), run.join(name)).unwrap();
        let (from, config) = match name {
            "last.ckpt" => (run.clone(), None),
            "training_log.csv" => (run.join("best.ckpt"), Some(lab.config("train.yaml", CONFIG))),
            _ => (run.join("best.ckpt"), None),
        };
        let from = from.display().to_string();
        let configs: Vec<&str> = config.as_deref().into_iter().collect();
        let told = confined_train(&lab, &lab.maze("labels.slp"), &[("RESUME_FROM", &from)], &configs, &places());
        let failure = told.failure();
        assert!(failure.message.contains("jobs of amick may not read"), "{name}: {failure:?}");
        fs_err::remove_file(run.join(name)).unwrap();
    }
}
