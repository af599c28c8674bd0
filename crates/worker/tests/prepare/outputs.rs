//! Where a job writes, and what it has written.

use super::*;

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
fn what_is_read_is_never_what_is_written_over() {
    let lab = Lab::new();
    let parameters = json!([
        { "name": "VIDEO", "type": "PATH", "objectType": "FILE", "dataFlow": "IN" },
        { "name": "RESULT", "type": "PATH", "objectType": "FILE", "dataFlow": "OUT" },
    ]);
    let shrink = custom(parameters, json!({ "command": "cp", "args": ["{{Param.VIDEO}}", "{{Param.RESULT}}"] }));
    let with = |result: &str| {
        lab.prepare(&shrink, &job(1, json!({ "VIDEO": "project/labels.slp", "RESULT": result }), json!({})))
    };
    std::os::unix::fs::symlink("labels.slp", lab.project().join("other.slp")).unwrap();
    for result in ["project/labels.slp", "project/other.slp"] {
        let failure = with(result).unwrap_err();
        assert_eq!(failure.cause, Cause::InvalidParameter, "{failure:?}");
        assert!(failure.message.contains("is the file that VIDEO names, which would be written over"), "{failure:?}");
    }
    with("project/small.slp").unwrap();
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

#[test]
fn a_folder_that_is_read_as_well_is_taken_once_nobody_may_still_write_there() {
    let parameters = json!([{ "name": "PROJECT", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "INOUT" }]);
    let template = custom(parameters, json!({ "command": "sh", "args": ["/opt/tool.sh", "{{Param.PROJECT}}"] }));
    let job = job(1, json!({ "PROJECT": "project" }), json!({}));
    let after = |action: Box<dyn FnOnce()>| Still {
        after: RefCell::new(Some((Duration::from_secs(20), action))),
        ..Still::default()
    };
    let lab = Lab::new();
    let marker = lab.project().join(MARKER);
    let lost = lab.prepare(&template, &job).unwrap();
    let lost = std::rc::Rc::new(RefCell::new(Some(lost)));
    // It lives, and says so.
    let living = std::rc::Rc::clone(&lost);
    let clock = after(Box::new(move || assert!(living.borrow().as_ref().unwrap().taken.renew())));
    let failure = lab.attempt(&template, &job, 2, true, &clock).unwrap_err();
    assert!(is_unfit(&failure), "another worker may be luckier: {failure:?}");
    assert!(failure.message.contains("PROJECT (vast:amick/project) may still be written to by try 1"), "{failure:?}");
    assert!(failure.message.contains("on gpu-1") && clock.waited.get() < STALE_AFTER, "{failure:?}");
    // It says nothing, for all that is waited.
    let failure = lab.attempt(&template, &job, 2, true, &Still::default()).unwrap_err();
    assert!(is_unfit(&failure) && fs_err::read_to_string(&marker).unwrap().contains("\"attempt\":1"), "{failure:?}");
    // The times say that it has said nothing for long.
    let old = marker;
    let clock = after(Box::new(move || {
        let time = SystemTime::now() - STALE_AFTER - Duration::from_secs(30);
        std::fs::File::options().write(true).open(&old).unwrap().set_modified(time).unwrap();
    }));
    let taken = lab.attempt(&template, &job, 2, true, &clock).unwrap();
    assert_eq!(taken.outputs[0].local, lab.project());
    drop((taken, lost.take()));
    // It has given the folder back, or is known to be over.
    let left = lab.attempt(&template, &job, 3, true, &Still::default()).unwrap();
    std::mem::forget(left.taken);
    let clock = Still::default();
    drop(lab.attempt(&template, &job, 4, false, &clock).unwrap());
    assert_eq!(clock.waited.get(), Duration::ZERO);
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

/// Of the job that is prepared.
fn id() -> JobId {
    job(1, usual(), json!({})).id
}

#[test]
fn nothing_is_written_into_a_file_or_beside_a_storage_s_mark() {
    let lab = Lab::new();
    fs_err::create_dir(lab.path("vast/.samepath")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../.samepath", lab.project().join("leads-there")).unwrap();
    let of = |path: &str, user: &str| {
        let mut values = usual();
        values["OUTPUT_DIR"] = json!({ "storage_backend": "vast", "user_subdir": user, "path": path });
        lab.prepare(&check(), &job(1, values, json!({}))).unwrap_err()
    };
    let below = of("project/labels.slp/x", "amick");
    assert_eq!((below.cause, below.message.contains("is a file, not a folder")), (Cause::PathError, true), "{below:?}");
    for (path, user) in [(".samepath/x", ""), (".SAMEPATH", "amick"), ("project/leads-there/x", "amick")] {
        if !cfg!(unix) && path.contains("leads") {
            continue;
        }
        let kept = of(path, user);
        // It is the same on every worker.
        assert_eq!(kept.cause, Cause::InvalidParameter, "{path}: {kept:?}");
        assert!(kept.message.contains("kept for the mark") && !is_unfit(&kept), "{path}: {kept:?}");
    }
    assert_eq!(fs_err::read_dir(lab.path("vast/.samepath")).unwrap().count(), 0);
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
    assert_eq!(manifest(&prepared.outputs, id(), 1, began).files.len(), 1, "as far as times tell the attempt wrote it");
    prepared.outputs[0].began = Some(later);
    assert_eq!(manifest(&prepared.outputs, id(), 1, began).files, []);
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
    let listed = manifest(&prepared.outputs, id(), 3, began);
    let paths: Vec<&str> = listed.files.iter().map(|file| file.path.as_str()).collect();
    let expected: &[&str] =
        if cfg!(unix) { &["latest", "report.json", "sub/metrics.csv"] } else { &["report.json", "sub/metrics.csv"] };
    assert_eq!(paths, expected);
    assert_eq!((listed.attempt, listed.truncated, listed.files[paths.len() - 1].size), (3, false, 3));
    assert_eq!(listed.folders[0].to_string(), "vast:amick/project/new/report");
}

/// A job with this number, whose report goes there.
fn reporting(number: u32, folder: &str) -> Job {
    let mut values = usual();
    values["OUTPUT_DIR"] = json!(folder);
    job(number, values, json!({}))
}

#[test]
fn what_another_job_wrote_in_a_folder_inside_is_not_ours_while_it_runs_or_after() {
    let lab = Lab::new();
    let outer = job(1, usual(), json!({}));
    let taken = lab.prepare(&check(), &outer).unwrap();
    let folder = lab.project().join("new/report");
    let listed = || {
        let listed = manifest(&taken.outputs, outer.id, 1, Timestamp::UNIX_EPOCH);
        listed.files.into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    fs_err::create_dir(folder.join("mine")).unwrap();
    fs_err::write(folder.join("mine/result"), "").unwrap();
    let inner = lab.prepare(&check(), &reporting(2, "project/new/report/a/inner")).unwrap();
    let innermost = lab.prepare(&check(), &reporting(3, "project/new/report/a/inner/b")).unwrap();
    let theirs = folder.join("a/inner");
    for file in ["result", "b/result"] {
        fs_err::write(theirs.join(file), "").unwrap();
    }
    assert_eq!(listed(), ["mine/result"]);
    drop(innermost);
    let of_inner = manifest(&inner.outputs, reporting(2, "").id, 1, Timestamp::UNIX_EPOCH).files;
    assert_eq!(of_inner.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["result"]);
    drop(inner);
    assert_eq!(listed(), ["mine/result"], "it has ended");
    let left = |folder: &Path| -> Vec<String> {
        let entries = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.starts_with(MARKER)).collect()
    };
    assert_eq!([left(&theirs), left(&theirs.join("b"))], [Vec::<String>::new(), Vec::new()]);
    drop(taken);
    // A folder in nobody else's is left without a trace.
    drop(lab.prepare(&check(), &reporting(4, "project/new/report/a/inner")).unwrap());
    assert_eq!(left(&theirs), Vec::<String>::new());
}

#[test]
fn a_folder_that_another_job_had_inside_before_is_listed() {
    let lab = Lab::new();
    let before = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    drop(lab.prepare(&check(), &reporting(2, "project/new/report/inner")).unwrap());
    // It failed, and has listed nothing.
    drop(before);
    let inner = lab.project().join("new/report/inner");
    let left: Vec<PathBuf> = fs_err::read_dir(&inner).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options().write(true).open(&left[0]).unwrap().set_modified(hour_ago).unwrap();
    let ours = job(3, usual(), json!({}));
    let taken = lab.prepare(&check(), &ours).unwrap();
    fs_err::write(inner.join("result"), "").unwrap();
    let listed = manifest(&taken.outputs, ours.id, 1, Timestamp::UNIX_EPOCH).files;
    assert_eq!(listed.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["inner/result"]);
    assert!(!left[0].exists());
}

#[test]
fn a_manifest_has_an_end() {
    let lab = Lab::new();
    let prepared = lab.prepare(&check(), &job(1, usual(), json!({}))).unwrap();
    let folder = &prepared.outputs[0].local;
    for number in 0..MAX_FILES + 5 {
        fs_err::write(folder.join(format!("{number:05}")), "").unwrap();
    }
    let listed = manifest(&prepared.outputs, id(), 1, Timestamp::UNIX_EPOCH);
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
