//! Folders tried the way that a job uses them.

#![cfg(unix)]

use samepath_storage::{Backend, Platform, ProofKey, ResolveError, Storages, Tried};
use samepath_testkit::tree;
use samepath_wire::StoragePath;
use std::path::Path;

fn vast(base: &Path) -> Storages {
    let backend = Backend {
        name: "vast".to_owned(),
        base_path: base.to_owned(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    Storages::new(vec![backend], Platform::current())
}

#[test]
fn reading_and_writing_are_tried_and_nothing_stays() {
    let folder = tree(&[("amick/labels.slp", "labels"), ("empty/", "")]);
    let storages = vast(folder.path());
    let trial = storages.try_folder(&StoragePath::new("vast", "amick", ""), false).expect("a trial");
    assert_eq!((trial.entries, trial.read, trial.write), (1, Some(Tried::Done), Tried::Done));
    let ahead = trial.clock_ahead.expect("a file was written");
    assert!(ahead.abs() < jiff::SignedDuration::from_secs(2), "{ahead}");
    let empty = storages.try_folder(&StoragePath::new("vast", "empty", ""), false).expect("a trial");
    assert_eq!((empty.entries, empty.read, empty.write, empty.made), (0, None, Tried::Done, false));
    let left: Vec<_> = std::fs::read_dir(folder.path().join("empty")).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_folder_is_made_only_when_told_to_and_never_outside() {
    let folder = tree(&[("storage/tom/", ""), ("outside/", "")]);
    let storages = vast(&folder.path().join("storage"));
    let amick = StoragePath::new("vast", "amick", "");
    assert!(matches!(storages.try_folder(&amick, false), Err(ResolveError::NotFound { .. })));
    let made = storages.try_folder(&amick, true).expect("a trial");
    assert!(made.made && folder.path().join("storage/amick").is_dir());
    assert!(!storages.try_folder(&amick, true).expect("a trial").made);
    std::os::unix::fs::symlink(folder.path().join("outside"), folder.path().join("storage/link")).expect("a link");
    let outside = StoragePath::new("vast", "link", "x");
    assert!(matches!(storages.try_folder(&outside, true), Err(ResolveError::Escapes { .. })));
    assert!(!folder.path().join("outside/x").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_only_be_read_says_so() {
    let mount = samepath_testkit::FuseMount::read_only(&[("amick/labels.slp", "labels")]);
    let trial = vast(mount.path()).try_folder(&StoragePath::new("vast", "amick", ""), false).expect("a trial");
    assert_eq!(trial.read, Some(Tried::Done));
    assert!(matches!(trial.write, Tried::Refused(_)), "{trial:?}");
    assert_eq!(trial.clock_ahead, None);
}

#[test]
fn a_test_file_is_read_by_who_has_the_storage_and_taken_away_again() {
    let folder = tree(&[("amick/labels.slp", "labels"), ("other/amick/labels.slp", "labels")]);
    let storages = vast(folder.path());
    let at = StoragePath::new("vast", "amick", "");
    let (one, two) = (storages.leave_test_file(&at).expect("a file"), storages.leave_test_file(&at).expect("a file"));
    assert_ne!(one, two);
    let key = ProofKey::fresh();
    let proof = |storages: &Storages, file| storages.prove(file, &key).ok().flatten();
    assert!(proof(&storages, &one).is_some());
    assert_eq!(proof(&storages, &one), proof(&vast(folder.path()), &one));
    assert_ne!(proof(&storages, &one), proof(&storages, &two), "what is in them is known to their readers alone");
    assert_eq!(proof(&vast(&folder.path().join("other")), &one), None);
    storages.remove_test_file(&one).expect("it is taken away");
    storages.remove_test_file(&one).expect("it is gone already");
    storages.remove_test_file(&StoragePath::new("vast", "amick", "labels.slp")).expect_err("that is somebody's work");
    storages.remove_test_file(&two).expect("it is taken away");
    assert_eq!(names(&folder.path().join("amick")), ["labels.slp"]);
}

#[test]
fn what_a_dead_program_left_goes_and_nothing_else() {
    let folder = tree(&[
        ("amick/.samepath-try-7-1", "."),
        ("amick/.samepath-try-8-2", "."),
        ("amick/.samepath-try-9-3", &"x".repeat(2000)),
        ("amick/.samepath-try-notes", "mine"),
        ("amick/labels.slp", "labels"),
    ]);
    let amick = folder.path().join("amick");
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for old in [".samepath-try-7-1", ".samepath-try-9-3", ".samepath-try-notes", "labels.slp"] {
        let file = std::fs::File::options().write(true).open(amick.join(old)).expect("a file");
        file.set_modified(hour_ago).expect("a time");
    }
    let trial = vast(folder.path()).try_folder(&StoragePath::new("vast", "amick", ""), false).expect("a trial");
    assert_eq!(trial.entries, 2, "test files are nobody's files");
    assert_eq!(names(&amick), [".samepath-try-8-2", ".samepath-try-9-3", ".samepath-try-notes", "labels.slp"]);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
