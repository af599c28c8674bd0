//! The command that comes of a job's values.

use super::*;

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
