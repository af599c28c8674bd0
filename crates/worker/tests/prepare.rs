//! From a job and a worker's storages to a command, on real folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use samepath_storage::{Backend, Platform, Storages};
use samepath_wire::{Cause, Failure, Job};
use samepath_worker::kinds::{Catalogue, Program, Programs, Template, TemplateSource};
use samepath_worker::prepare::{
    Clock, MARKER, MAX_FILES, PATIENCE, Prepared, Request, STALE_AFTER, is_unfit, manifest, prepare,
};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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

#[test]
fn what_is_wrong_with_a_path_is_said_with_the_parameter() {
    let lab = Lab::new();
    fs_err::create_dir(lab.project().join("folder.slp")).unwrap();
    fs_err::write(lab.project().join("file"), "").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc", lab.project().join("out")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", lab.project().join("link.slp")).unwrap();
        std::os::unix::fs::symlink("loop", lab.project().join("loop")).unwrap();
    }
    let elsewhere = json!({ "storage_backend": "gdrive", "path": "x.slp" });
    let mut cases = vec![
        ("LABELS", json!("project/absent.slp"), Cause::PathError, "absent.slp` does not exist on `vast`"),
        ("LABELS", json!("../tom/labels.slp"), Cause::PathError, "`..`"),
        ("LABELS", json!("/etc/passwd"), Cause::PathError, "refused"),
        ("LABELS", json!("C:/x.slp"), Cause::PathError, "`C:`"),
        ("LABELS", json!("project/folder.slp"), Cause::PathError, "is a folder, not a file"),
        ("LABELS", elsewhere.clone(), Cause::BackendNotAvailable, "no storage `gdrive`"),
        ("LABELS", json!(7), Cause::InvalidParameter, "LABELS: takes a storage path"),
        ("OUTPUT_DIR", elsewhere, Cause::BackendNotAvailable, "no storage `gdrive`"),
        ("OUTPUT_DIR", json!("project/file"), Cause::PathError, "is a file, not a folder"),
        ("OUTPUT_DIR", json!("project/../../x"), Cause::PathError, "`..`"),
        ("EXTRA", json!(1), Cause::InvalidParameter, "no such parameter"),
    ];
    if cfg!(unix) {
        cases.extend([
            ("LABELS", json!("project/link.slp"), Cause::PathError, "points to `/etc/passwd`, outside `vast`"),
            ("LABELS", json!("project/loop"), Cause::PathError, "`amick/project/loop`"),
            ("OUTPUT_DIR", json!("project/out/report"), Cause::PathError, "points to `/etc`, outside `vast`"),
        ]);
    }
    for (parameter, value, cause, part) in cases {
        let mut values = usual();
        values[parameter] = value.clone();
        let failure = lab.prepare(&check(), &job(1, values, json!({}))).expect_err(&format!("{parameter} = {value}"));
        assert_eq!(failure.cause, cause, "{value}: {}", failure.message);
        assert!(failure.message.starts_with(parameter), "{}", failure.message);
        assert!(failure.message.contains(part), "{part:?} in {:?}", failure.message);
        assert_eq!(is_unfit(&failure), matches!(cause, Cause::PathError | Cause::BackendNotAvailable));
    }
    assert!(!lab.project().join("new").exists(), "a bad input makes no folder");
}

#[test]
fn a_storage_that_is_not_mounted_excludes_the_worker() {
    let lab = Lab::new();
    fs_err::rename(lab.path("vast"), lab.path("away")).unwrap();
    let failure = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap_err();
    assert_eq!(failure.cause, Cause::BackendNotAvailable, "{}", failure.message);
}

#[test]
fn links_that_stay_on_the_storage_are_followed() {
    #[cfg(unix)]
    {
        let lab = Lab::new();
        std::os::unix::fs::symlink(lab.project(), lab.path("vast/amick/current")).unwrap();
        let values = json!({ "LABELS": "current/labels.slp", "OUTPUT_DIR": "current/report" });
        let prepared = lab.prepare(&check(), &job(1, values, json!({}))).unwrap();
        assert!(lab.project().join("report").join(MARKER).is_file());
        drop(prepared);
    }
}

#[test]
fn a_lagging_share_gets_time_to_catch_up() {
    let lab = Lab::new();
    let file = lab.project().join("labels.slp");
    let seen = json!({ "LABELS": lab.seen("labels.slp") });
    let time = fs_err::metadata(&file).unwrap().modified().unwrap();
    let put_back = || {
        fs_err::write(&file, "labels").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    };
    for stale in [Some("older"), None] {
        match stale {
            Some(text) => fs_err::write(&file, text).unwrap(),
            None => fs_err::remove_file(&file).unwrap(),
        }
        let clock = Still::default();
        clock.after.replace(Some((Duration::from_secs(59), Box::new(put_back))));
        lab.attempt(&check(), &job(1, usual(), seen.clone()), 1, false, &clock).unwrap();
        assert_eq!(clock.waited.get(), Duration::from_secs(59));
    }
}

#[test]
fn nothing_is_made_on_a_storage_that_took_the_place_of_the_one_meant_while_files_were_waited_for() {
    let lab = Lab::new();
    let file = lab.project().join("labels.slp");
    let mut job = job(1, usual(), json!({ "LABELS": lab.seen("labels.slp") }));
    let [meant, other] = ["1", "2"].map(|digit| digit.repeat(8) + "-0000-4000-8000-000000000000");
    job.storages = serde_json::from_value(json!({ "vast": { "id": meant, "access": "write" } })).unwrap();
    let mark = |id: &str| {
        fs_err::create_dir_all(lab.path("vast/.samepath")).unwrap();
        fs_err::write(lab.path("vast/.samepath/storage.json"), json!({ "id": id }).to_string()).unwrap();
    };
    let time = fs_err::metadata(&file).unwrap().modified().unwrap();
    for (then, is_meant) in [(&meant, true), (&other, false)] {
        mark(&meant);
        fs_err::remove_file(&file).unwrap();
        let mounted = || {
            mark(then);
            fs_err::write(&file, "labels").unwrap();
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        };
        let clock = Still::default();
        clock.after.replace(Some((Duration::from_secs(20), Box::new(mounted))));
        let prepared = lab.attempt(&check(), &job, 1, false, &clock);
        assert_eq!(lab.project().join("new").exists(), is_meant, "{prepared:?}");
        match prepared {
            Ok(_) => assert!(is_meant),
            Err(failure) => assert_eq!((failure.cause, is_meant), (Cause::BackendNotAvailable, false), "{failure:?}"),
        }
        let _ = fs_err::remove_dir_all(lab.project().join("new"));
    }
}

#[test]
fn an_input_that_goes_on_differing_is_refused() {
    let lab = Lab::new();
    let file = lab.project().join("labels.slp");
    let seen = json!({ "LABELS": lab.seen("labels.slp") });
    let clock = Still::default();
    fs_err::write(&file, "longer than before").unwrap();
    let failure = lab.attempt(&check(), &job(1, usual(), seen.clone()), 1, false, &clock).unwrap_err();
    assert_eq!(failure.cause, Cause::InputChanged);
    let part = "differs from what you submitted: it had 6 bytes and has 18";
    assert!(failure.message.contains(part), "{}", failure.message);
    assert_eq!(clock.waited.get(), PATIENCE);
    assert!(!lab.project().join("new").exists(), "nothing is made for it");

    fs_err::write(&file, "LABELS").unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
    let failure = lab.attempt(&check(), &job(1, usual(), seen.clone()), 1, false, &Still::default()).unwrap_err();
    assert!(failure.message.contains("it was changed at"), "{}", failure.message);

    // One that is gone is not "changed".
    fs_err::remove_file(&file).unwrap();
    let clock = Still::default();
    let failure = lab.attempt(&check(), &job(1, usual(), seen), 1, false, &clock).unwrap_err();
    assert_eq!((failure.cause, clock.waited.get()), (Cause::PathError, PATIENCE));
    // And one that nobody claims to have seen is not waited for.
    let clock = Still::default();
    assert!(lab.attempt(&check(), &job(1, usual(), json!({})), 1, false, &clock).is_err());
    assert_eq!(clock.waited.get(), Duration::ZERO);
}

#[test]
fn parts_of_a_second_do_not_count() {
    let lab = Lab::new();
    let file = lab.project().join("labels.slp");
    let at: SystemTime = "2026-11-22T08:59:58.75Z".parse::<Timestamp>().unwrap().into();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
    let seen = json!({ "LABELS": { "size": 6, "modified": "2026-11-22T08:59:58Z" } });
    lab.prepare(&check(), &job(1, usual(), seen)).unwrap();
}

#[test]
fn two_jobs_never_share_an_output_folder() {
    let lab = Lab::new();
    let first = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    let failure = lab.prepare(&check(), &job(2, usual(), json!({}))).unwrap_err();
    assert_eq!(failure.cause, Cause::OutputNotUsable);
    let part = "is in use by job 0199c0de-0000-7000-8000-000000000001 on gpu-1";
    assert!(failure.message.contains(part), "{}", failure.message);
    first.taken.renew();
    drop(first);
    lab.prepare(&check(), &job(2, usual(), json!({}))).unwrap();
}

#[test]
fn a_folder_left_behind_is_free_for_its_own_job_and_later_for_all() {
    let lab = Lab::new();
    let marker = lab.project().join("new/report").join(MARKER);
    let left = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    // As after a power cut: nobody removes the marker.
    std::mem::forget(left.taken);
    // The next attempt of the same job comes once the first is proved dead.
    let second = lab.attempt(&check(), &job(1, usual(), json!({})), 2, false, &Still::default()).unwrap();
    // An attempt that was superseded does not come back.
    assert!(lab.attempt(&check(), &job(1, usual(), json!({})), 1, false, &Still::default()).is_err());
    let text = fs_err::read_to_string(&marker).unwrap();
    assert!(text.contains("\"attempt\":2"), "{text}");
    std::mem::forget(second.taken);
    let set_age = |age: Duration| {
        let time = SystemTime::now() - age;
        std::fs::File::options().write(true).open(&marker).unwrap().set_modified(time).unwrap();
    };
    set_age(STALE_AFTER - Duration::from_secs(30));
    assert!(lab.prepare(&check(), &job(2, usual(), json!({}))).is_err());
    set_age(STALE_AFTER + Duration::from_secs(30));
    let taken = lab.prepare(&check(), &job(2, usual(), json!({}))).unwrap();
    assert!(fs_err::read_to_string(&marker).unwrap().contains("000000000002"));
    // Renewing keeps it.
    set_age(STALE_AFTER + Duration::from_secs(30));
    taken.taken.renew();
    assert!(lab.prepare(&check(), &job(3, usual(), json!({}))).is_err());
    drop(taken);
    assert!(!marker.exists());
}

#[test]
fn of_many_jobs_at_once_one_gets_the_folder() {
    let lab = Lab::new();
    let marker = lab.project().join("new/report").join(MARKER);
    for stale in [false, true] {
        if stale {
            fs_err::write(&marker, "left by a computer that lost its power").unwrap();
            let time = SystemTime::now() - STALE_AFTER - Duration::from_secs(30);
            std::fs::File::options().write(true).open(&marker).unwrap().set_modified(time).unwrap();
        }
        let together = std::sync::Barrier::new(8);
        let results: Vec<Result<Prepared, Failure>> = std::thread::scope(|scope| {
            let attempts = (1..=8).map(|id| {
                let (lab, together) = (&lab, &together);
                scope.spawn(move || {
                    together.wait();
                    lab.prepare(&check(), &job(id, usual(), json!({})))
                })
            });
            let attempts: Vec<_> = attempts.collect();
            attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:#?}");
        assert!(results.iter().flat_map(|result| result.as_ref().err()).all(|f| f.cause == Cause::OutputNotUsable));
    }
}

#[test]
fn a_marker_that_is_not_ours_is_left_alone() {
    let lab = Lab::new();
    let marker = lab.project().join("new/report").join(MARKER);
    let prepared = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    fs_err::write(&marker, "somebody else's").unwrap();
    prepared.taken.renew();
    drop(prepared);
    assert_eq!(fs_err::read_to_string(&marker).unwrap(), "somebody else's");
    let failure = lab.prepare(&check(), &job(2, usual(), json!({}))).unwrap_err();
    assert!(failure.message.contains("in use by another job"), "{}", failure.message);
}

#[test]
fn an_attempt_after_an_unproved_loss_writes_to_a_folder_of_its_own() {
    let lab = Lab::new();
    let lost = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    let next = lab.attempt(&check(), &job(1, usual(), json!({})), 2, true, &Still::default()).unwrap();
    let own = lab.project().join("new/report/attempt-2");
    assert_eq!(next.outputs[0].local, own);
    assert_eq!(next.outputs[0].at.path, "project/new/report/attempt-2");
    assert_eq!(args(&next)[3], own.to_str().unwrap());
    assert!(own.join(MARKER).is_file() && lost.outputs[0].local.join(MARKER).is_file());
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    let folder = lab.project().join("closed");
    fs_err::create_dir(&folder).unwrap();
    fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    if fs_err::write(folder.join("tried"), "").is_ok() {
        println!("not asserted: permission bits do not bind this user");
        return;
    }
    let mut values = usual();
    values["OUTPUT_DIR"] = json!("project/closed");
    let failure = lab.prepare(&check(), &job(1, values, json!({}))).unwrap_err();
    assert_eq!(failure.cause, Cause::OutputNotUsable);
    assert!(failure.message.contains("may not write there"), "{}", failure.message);
}

#[test]
fn a_job_made_for_other_definitions_is_refused() {
    let lab = Lab::new();
    let mut job = job(1, usual(), json!({}));
    job.kind_digest = Some(check().kind().digest.clone());
    drop(lab.prepare(&check(), &job).unwrap());
    job.kind_digest = Some("blake3:00".into());
    assert_eq!(lab.prepare(&check(), &job).unwrap_err().cause, Cause::InvalidParameter);
}

#[test]
fn lists_paths_and_files_become_arguments() {
    let lab = Lab::new();
    fs_err::write(lab.path("scratch/amick/b.slp"), "").unwrap();
    let template = custom(
        json!([
            { "name": "CONFIG", "type": "PATH", "objectType": "FILE", "dataFlow": "IN" },
            { "name": "MODELS", "type": "LIST[PATH]", "dataFlow": "IN" },
            { "name": "RESULT", "type": "PATH", "objectType": "FILE", "dataFlow": "OUT" },
            { "name": "EPOCHS", "type": "INT", "default": 3 },
            { "name": "LEFT_OUT", "type": "PATH", "default": "" },
            { "name": "FLAGS", "type": "LIST[STRING]", "default": [] },
        ]),
        json!({
            "command": "sh",
            "args": [
                "/opt/tool.sh", "{{Param.CONFIG.parent}}", "{{Param.CONFIG.stem}}", "{{Param.MODELS}}", "--out={{Param.RESULT}}",
                "n={{Param.EPOCHS}}", "{{Param.FLAGS}}", "{{Param.LEFT_OUT}}", "{{RawParam.CONFIG}}",
                "{{Session.WorkingDirectory}}",
            ],
            "timeout": 60,
            "cancelation": { "mode": "NOTIFY_THEN_TERMINATE" },
        }),
    );
    let values = json!({
        "CONFIG": "project/labels.slp",
        "MODELS": ["project/labels.slp", { "storage_backend": "scratch", "user_subdir": "amick", "path": "b.slp" }],
        "RESULT": "project/new/pred.slp",
    });
    let prepared = lab.attempt(&template, &job(1, values, json!({})), 4, true, &Still::default()).unwrap();
    let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
    let result = lab.project().join("new/attempt-4");
    assert_eq!(
        args(&prepared),
        [
            "/opt/tool.sh".to_owned(),
            text(lab.project()),
            "labels".to_owned(),
            text(lab.project().join("labels.slp")),
            text(lab.path("scratch/amick/b.slp")),
            format!("--out={}", text(result.join("pred.slp"))),
            "n=3".to_owned(),
            String::new(),
            "project/labels.slp".to_owned(),
            text(prepared.working_dir.clone()),
        ]
    );
    assert!(matches!(&prepared.program, Program::File(path) if path.ends_with("sh")));
    assert_eq!(prepared.outputs[0].local, result);
    assert_eq!((prepared.notice, prepared.timeout), (Duration::from_secs(120), Some(Duration::from_secs(60))));
}

#[test]
fn a_script_of_the_kind_is_written_for_this_attempt_alone() {
    let lab = Lab::new();
    let mut document = check().source().document.clone();
    document["steps"][0]["script"] = json!({
        "embeddedFiles": [{ "name": "Run", "type": "TEXT", "filename": "run.sh", "runnable": true,
                            "data": "#!/bin/sh\nprintf %s {{repr_sh(Param.LABELS)}}\n" }],
        "actions": { "onRun": { "command": "{{Task.File.Run}}", "args": ["{{Param.OUTPUT_DIR}}"] } },
    });
    document["extensions"] = json!(["EXPR"]);
    let template = Template::new(TemplateSource { name: "tried".into(), built_in: false, document }).unwrap();
    let odd = "it's $(touch x) `id` \"q\" \\ ; rm -rf .slp";
    fs_err::write(lab.project().join(odd), "").unwrap();
    let values = json!({ "LABELS": format!("project/{odd}"), "OUTPUT_DIR": "project/new" });
    let prepared = lab.prepare(&template, &job(1, values, json!({}))).unwrap();
    let file = prepared.file.clone().unwrap();
    assert!(file.starts_with(lab.path("attempt")) && file.ends_with("run.sh"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, 0o700);
        let run = std::process::Command::new("/bin/sh").arg(&file).current_dir(&prepared.working_dir).output().unwrap();
        assert!(run.status.success());
        assert_eq!(String::from_utf8(run.stdout).unwrap(), lab.project().join(odd).to_str().unwrap());
        assert_eq!(fs_err::read_dir(&prepared.working_dir).unwrap().count(), 0, "nothing of the name was run");
    }
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let lab = Lab::new();
    let template = custom(
        json!([{ "name": "X", "type": "INT", "default": 1 }]),
        json!({ "command": "no-such-program-of-this-test" }),
    );
    let failure = lab.prepare(&template, &job(1, json!({}), json!({}))).unwrap_err();
    assert_eq!(failure.cause, Cause::ProgramMissing);
    assert!(is_unfit(&failure) && failure.message.contains("no-such-program-of-this-test"), "{}", failure.message);
}

#[test]
fn the_manifest_lists_what_the_attempt_wrote() {
    let lab = Lab::new();
    let output = lab.project().join("new/report");
    fs_err::create_dir_all(output.join("sub")).unwrap();
    let old = output.join("old.txt");
    fs_err::write(&old, "old").unwrap();
    let mut prepared = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    // The file's own time cannot be put back on every platform (its change counts too): let the attempt have begun later.
    let began = prepared.outputs[0].began.unwrap();
    let hour = SignedDuration::from_secs(3600);
    let later = began.checked_add(hour).unwrap();
    prepared.outputs[0].began = Some(began.checked_sub(hour).unwrap());
    assert_eq!(manifest(&prepared.outputs, 1, began).files.len(), 1, "as far as times tell the attempt wrote it");
    prepared.outputs[0].began = Some(later);
    assert_eq!(manifest(&prepared.outputs, 1, began).files, []);
    let touch = |path: &Path, text: &str| {
        fs_err::write(path, text).unwrap();
        std::fs::File::options().write(true).open(path).unwrap().set_modified(later.into()).unwrap();
    };
    touch(&output.join("report.json"), "{}");
    touch(&output.join("sub/metrics.csv"), "a,b");
    touch(&lab.project().join("outside.txt"), "x");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("report.json", output.join("latest")).unwrap();
        std::os::unix::fs::symlink("../../outside.txt", output.join("leaves")).unwrap();
        std::os::unix::fs::symlink("..", output.join("up")).unwrap();
        std::os::unix::fs::symlink("absent", output.join("dangling")).unwrap();
    }
    let listed = manifest(&prepared.outputs, 3, began);
    let paths: Vec<&str> = listed.files.iter().map(|file| file.path.as_str()).collect();
    let expected: &[&str] =
        if cfg!(unix) { &["latest", "report.json", "sub/metrics.csv"] } else { &["report.json", "sub/metrics.csv"] };
    assert_eq!(paths, expected);
    assert_eq!((listed.attempt, listed.truncated, listed.files[paths.len() - 1].size), (3, false, 3));
    assert_eq!(listed.folders[0].to_string(), "vast:amick/project/new/report");
}

#[test]
fn a_manifest_has_an_end() {
    let lab = Lab::new();
    let prepared = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    let folder = &prepared.outputs[0].local;
    for number in 0..MAX_FILES + 5 {
        fs_err::write(folder.join(format!("{number:05}")), "").unwrap();
    }
    let listed = manifest(&prepared.outputs, 1, Timestamp::UNIX_EPOCH);
    assert_eq!((listed.files.len(), listed.truncated), (MAX_FILES, true));
    assert_eq!((listed.files[0].path.as_str(), listed.files[MAX_FILES - 1].path.as_str()), ("00000", "00999"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_hostile_value_is_one_argument_unchanged(
        value in prop_oneof!["[^\\x00]{0,40}", Just("$(id) `id` '\"; rm -rf / #".to_owned()), Just("{{Param.X}}".to_owned()), Just("-c".to_owned()), Just("a\nb\tc".to_owned())],
    ) {
        let lab = Lab::new();
        let template = custom(
            json!([{ "name": "X", "type": "STRING" }]),
            json!({ "command": "sh", "args": ["/opt/tool.sh", "{{Param.X}}", "x={{Param.X}}", "{{RawParam.X}}"] }),
        );
        let prepared = lab.prepare(&template, &job(1, json!({ "X": value }), json!({}))).unwrap();
        prop_assert_eq!(args(&prepared), ["/opt/tool.sh".to_owned(), value.clone(), format!("x={value}"), value]);
    }
}
