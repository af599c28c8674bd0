//! What a job reads: where it is, and whether it is what was submitted.

use super::*;

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
        ("LABELS", json!("project/absent.slp"), Cause::PathError, "absent.slp` does not exist on `vast` ("),
        ("LABELS", json!("../tom/labels.slp"), Cause::PathError, "`..`"),
        ("LABELS", json!("/etc/passwd"), Cause::PathError, "refused"),
        ("LABELS", json!("C:/x.slp"), Cause::PathError, "`C:`"),
        ("LABELS", json!("project/folder.slp"), Cause::PathError, "is a folder, not a file"),
        ("LABELS", elsewhere.clone(), Cause::BackendNotAvailable, "gpu-1 has no storage `gdrive`"),
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
        assert!(!failure.message.contains("this computer"), "whoever reads it is elsewhere: {}", failure.message);
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

    // Nor is one that is gone. Whether it is for all, others tell.
    fs_err::remove_file(&file).unwrap();
    let clock = Still::default();
    let failure = lab.attempt(&check(), &job(1, usual(), seen), 1, false, &clock).unwrap_err();
    assert_eq!((failure.cause, clock.waited.get()), (Cause::InputChanged, PATIENCE));
    assert!(is_unfit(&failure) && failure.message.contains("does not exist"), "{failure:?}");
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
