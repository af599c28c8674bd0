//! From a job and a worker's storages to a command, on real folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use samepath_storage::{Backend, Platform, Storages};
use samepath_wire::{Cause, Failure, Job, JobId};
use samepath_worker::kinds::{Catalogue, Program, Programs, Template, TemplateSource};
use samepath_worker::prepare::{
    Clock, MARKER, MAX_FILES, PATIENCE, Prepared, Request, STALE_AFTER, is_unfit, manifest, prepare,
};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

mod command;
mod inputs;
mod outputs;

/// A worker with two storages, and the folder of one attempt.
struct Lab {
    root: tempfile::TempDir,
    storages: Storages,
}

impl Lab {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let root_path = root.path().canonicalize().unwrap();
        let backends = ["vast", "scratch"].map(|name| {
            fs_err::create_dir_all(root_path.join(name).join("amick/project")).unwrap();
            Backend {
                name: name.into(),
                base_path: root_path.join(name),
                kind: None,
                description: None,
                user_subdir: String::new(),
                subpath: String::new(),
            }
        });
        fs_err::create_dir_all(root_path.join("attempt")).unwrap();
        let lab = Self { root, storages: Storages::new(backends.into(), Platform::current()) };
        fs_err::write(lab.project().join("labels.slp"), "labels").unwrap();
        lab
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    fn project(&self) -> PathBuf {
        self.path("vast/amick/project")
    }

    fn seen(&self, file: &str) -> Value {
        let metadata = fs_err::metadata(self.project().join(file)).unwrap();
        let modified = Timestamp::try_from(metadata.modified().unwrap()).unwrap();
        json!({ "size": metadata.len(), "modified": modified.to_string() })
    }

    fn prepare(&self, template: &Template, job: &Job) -> Result<Prepared, Failure> {
        self.attempt(template, job, 1, false, &Still::default())
    }

    fn attempt(
        &self,
        template: &Template,
        job: &Job,
        attempt: u32,
        own_output: bool,
        clock: &dyn Clock,
    ) -> Result<Prepared, Failure> {
        let programs = Programs::new(Some("/bin:/usr/bin".as_ref()), None);
        prepare(&Request {
            template,
            job,
            attempt,
            own_output,
            worker: "gpu-1",
            storages: &self.storages,
            programs: &programs,
            directory: &self.path("attempt"),
            patience: PATIENCE,
            clock,
        })
    }
}

type Later<'a> = (Duration, Box<dyn FnOnce() + 'a>);

/// A clock that waits for nothing, and does something instead.
#[derive(Default)]
struct Still<'a> {
    waited: Cell<Duration>,
    after: RefCell<Option<Later<'a>>>,
}

impl Clock for Still<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: Duration) -> bool {
        self.waited.set(self.waited.get() + duration);
        let due = self.after.borrow().as_ref().is_some_and(|(after, _)| *after <= self.waited.get());
        if let Some((_, action)) = due.then(|| self.after.take()).flatten() {
            action();
        }
        true
    }
}

fn check() -> Template {
    Catalogue::load(None).get("slp-check").unwrap().clone()
}

fn custom(parameters: Value, action: Value) -> Template {
    let document = json!({
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["EXPR"],
        "name": "Tried",
        "parameterDefinitions": parameters,
        "steps": [{ "name": "only", "script": { "actions": { "onRun": action } } }],
    });
    Template::new(TemplateSource { name: "tried".into(), built_in: false, document }).unwrap()
}

fn job(id: u32, parameters: Value, inputs: Value) -> Job {
    serde_json::from_value(json!({
        "version": 1, "id": format!("0199c0de-0000-7000-8000-{id:012}"), "kind": "slp-check", "storage_backend": "vast",
        "user_subdir": "amick", "parameters": parameters, "inputs": inputs, "submitted_at": "2026-11-22T09:00:00Z",
    }))
    .unwrap()
}

fn usual() -> Value {
    json!({ "LABELS": "project/labels.slp", "OUTPUT_DIR": "project/new/report" })
}

fn args(prepared: &Prepared) -> Vec<String> {
    prepared.args.iter().map(|arg| arg.to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_check_is_ready_to_start() {
    let lab = Lab::new();
    let prepared = lab.prepare(&check(), &job(1, usual(), json!({ "LABELS": lab.seen("labels.slp") }))).unwrap();
    let output = lab.project().join("new/report");
    assert_eq!((&prepared.program, &prepared.file), (&Program::Own, &None));
    let labels = lab.project().join("labels.slp");
    assert_eq!(args(&prepared), ["tool", "slp-check", labels.to_str().unwrap(), output.to_str().unwrap()]);
    assert_eq!((prepared.notice, prepared.timeout), (Duration::from_secs(5), None));
    assert!(prepared.working_dir.starts_with(lab.path("attempt")) && prepared.working_dir.is_dir());
    assert_eq!(prepared.outputs.len(), 1);
    assert_eq!(prepared.outputs[0].at.to_string(), "vast:amick/project/new/report");
    assert_eq!(prepared.remarks, Vec::<String>::new());
    let names = |path: &Path| {
        fs_err::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&output), [MARKER]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let metadata = fs_err::metadata(&output).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o775);
        assert_eq!(metadata.gid(), fs_err::metadata(lab.project()).unwrap().gid());
    }
    drop(prepared);
    assert_eq!(names(&output), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_new_folder_has_the_group_of_the_one_above() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let lab = Lab::new();
    let mode = |path: PathBuf| fs_err::metadata(path).unwrap().permissions().mode() & 0o7777;
    if chown(lab.project(), None, Some(12345)).is_err() {
        println!("not asserted: only root may give a folder to a group that it is not in");
        return;
    }
    let prepared = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    for folder in ["new", "new/report"] {
        assert_eq!(fs_err::metadata(lab.project().join(folder)).unwrap().gid(), 12345);
        assert_eq!(mode(lab.project().join(folder)), 0o2775);
    }
    drop(prepared);
}
