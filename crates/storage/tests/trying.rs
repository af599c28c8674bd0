//! Folders tried the way that a job uses them.

#![cfg(unix)]

use samepath_storage::{Backend, Platform, ResolveError, Storages, Tried};
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

#[test]
fn a_folder_that_may_only_be_read_says_so() {
    let mount = samepath_testkit::FuseMount::read_only(&[("amick/labels.slp", "labels")]);
    let trial = vast(mount.path()).try_folder(&StoragePath::new("vast", "amick", ""), false).expect("a trial");
    assert_eq!(trial.read, Some(Tried::Done));
    assert!(matches!(trial.write, Tried::Refused(_)), "{trial:?}");
    assert_eq!(trial.clock_ahead, None);
}
