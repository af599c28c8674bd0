//! Files of this computer copied onto a storage, by the helper process.

#![cfg(target_os = "linux")]

mod support;

use samepath_storage::helper::{Helper, Stop};
use samepath_storage::{
    Cause, Copied, CopyError, CopyFailure, CopyProgress, CopyStep, Platform, ResolveError, Storages,
};
use samepath_testkit::{FuseMount, Trouble, tree};
use samepath_wire::StoragePath;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::helper::{helper, program};

fn vast(base: &Path) -> Storages {
    Storages::new(vec![support::backend("vast", base)], Platform::current())
}

fn amick(path: &str) -> StoragePath {
    StoragePath::new("vast", "amick", path)
}

fn copy(helper: &Helper, storages: &Storages, from: &Path, to: &str) -> Result<Copied, CopyError> {
    helper.copy(storages, from, &amick(to), &Stop::default(), &mut |_| {})
}

/// Every name below a folder's `amick`, hidden ones, too.
fn names(base: &Path) -> Vec<String> {
    let entries = fs::read_dir(base.join("amick")).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_copied_whole_and_tells_how_far_it_is() {
    let folder = tree(&[("desk/", ""), ("vast/amick/", "")]);
    let (from, base) = (folder.path().join("desk/film.mp4"), folder.path().join("vast"));
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    fs::write(&from, &bytes).expect("a temporary folder");
    let mut told: Vec<CopyProgress> = Vec::new();
    let mut watch = |progress| told.push(progress);
    let copied = helper().copy(&vast(&base), &from, &amick("new/deep/film.mp4"), &Stop::default(), &mut watch);
    assert_eq!(copied, Ok(Copied { at: amick("new/deep/film.mp4"), already: false }));
    assert_eq!(fs::read(base.join("amick/new/deep/film.mp4")).expect("it is there"), bytes);
    assert_eq!(fs::read_dir(base.join("amick/new/deep")).expect("a folder").count(), 1, "nothing else is left");
    let modified = |path: &Path| fs::metadata(path).and_then(|seen| seen.modified()).expect("a time");
    assert_eq!(modified(&from), modified(&base.join("amick/new/deep/film.mp4")));
    for step in [CopyStep::Copying, CopyStep::Checking] {
        let of_step: Vec<u64> = told.iter().filter(|one| one.step == step).map(|one| one.bytes).collect();
        assert!(of_step.is_sorted() && of_step.last() == Some(&5_000_000), "{step:?}: {of_step:?}");
    }
}

#[test]
fn nothing_is_ever_replaced_and_the_same_file_is_not_copied_again() {
    let folder = tree(&[
        ("desk/labels.slp", "mine"),
        ("vast/amick/labels.slp", "else"),
        ("vast/amick/labels-2.slp/", ""),
        ("vast/amick/labels-3.slp", "other length"),
    ]);
    let (from, base) = (folder.path().join("desk/labels.slp"), folder.path().join("vast"));
    std::os::unix::fs::symlink("nowhere", base.join("amick/labels-4.slp")).expect("a link");
    let (helper, storages) = (helper(), vast(&base));
    let fifth = copy(&helper, &storages, &from, "labels.slp");
    assert_eq!(fifth, Ok(Copied { at: amick("labels-5.slp"), already: false }));
    let again = copy(&helper, &storages, &from, "labels.slp");
    assert_eq!(again, Ok(Copied { at: amick("labels-5.slp"), already: true }));
    assert_eq!(fs::read_to_string(base.join("amick/labels.slp")).expect("it is there"), "else");
    assert_eq!(names(&base), ["labels-2.slp", "labels-3.slp", "labels-4.slp", "labels-5.slp", "labels.slp"]);
}

#[test]
fn whoever_stops_it_leaves_nothing_behind() {
    let folder = tree(&[("desk/", ""), ("vast/amick/", "")]);
    let (from, base) = (folder.path().join("desk/film.mp4"), folder.path().join("vast"));
    fs::File::create(&from).and_then(|file| file.set_len(300 << 20)).expect("a temporary folder");
    let stop = Stop::default();
    let wish = stop.clone();
    let mut watch = move |progress: CopyProgress| {
        if progress.bytes > 0 {
            wish.wish();
        }
    };
    let stopped = helper().copy(&vast(&base), &from, &amick("film.mp4"), &stop, &mut watch);
    assert_eq!(stopped, Err(CopyError::from(CopyFailure::Stopped)));
    assert_eq!(names(&base), [""; 0]);
}

#[test]
fn it_also_stops_when_whoever_asked_dies() {
    let folder = tree(&[("desk/", ""), ("vast/amick/", "")]);
    let (from, base) = (folder.path().join("desk/film.mp4"), folder.path().join("vast"));
    fs::File::create(&from).and_then(|file| file.set_len(300 << 20)).expect("a temporary folder");
    let mut child = Command::new(program())
        .arg("helper")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the helper starts");
    let storages = vast(&base);
    let backends: Vec<_> = storages.iter().collect();
    let question = json!({ "topic": "copy", "question":
        { "storages": { "backends": backends, "platform": Platform::current(), "seen": {} }, "from": from, "to": amick("film.mp4") } });
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{question}").expect("it reads");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    lines.next().expect("it says how far it is").expect("text");
    assert!(!names(&base).is_empty(), "it has begun");
    drop(input);
    let last = lines.last().expect("an answer").expect("text");
    assert!(last.contains("stopped"), "{last}");
    child.wait().expect("it ends");
    assert_eq!(names(&base), [""; 0]);
}

#[test]
fn a_storage_that_falls_silent_holds_nobody_up_and_is_tidied_when_it_answers() {
    let mount = FuseMount::writable(&[("amick/readme.txt", "")]);
    let folder = tree(&[("labels.slp", "labels")]);
    let from = folder.path().join("labels.slp");
    let (helper, storages) = (helper(), vast(mount.path()));
    mount.stop();
    let stop = Stop::default();
    let stopped = thread::scope(|scope| {
        let copying = scope.spawn(|| helper.copy(&storages, &from, &amick("labels.slp"), &stop, &mut |_| {}));
        stop.wish();
        copying.join().expect("no panic")
    });
    let error = stopped.expect_err("it was stopped");
    assert!(error.is_stopped() && error.left.as_deref() == Some(&amick("")), "{error:?}");
    // Another is not sent after it.
    let hanging = copy(&helper, &storages, &from, "labels.slp").expect_err("it hangs");
    assert!(matches!(hanging.failure, CopyFailure::Hanging { .. }), "{hanging:?}");
    mount.resume();
    let begun = Instant::now();
    let copied = loop {
        match copy(&helper, &storages, &from, "labels.slp") {
            Err(error) if matches!(error.failure, CopyFailure::Hanging { .. }) => {
                assert!(begun.elapsed() < Duration::from_secs(20), "it does not return");
                thread::yield_now();
            }
            copied => break copied,
        }
    };
    assert_eq!(copied, Ok(Copied { at: amick("labels.slp"), already: false }));
    assert_eq!(names(mount.path()), ["labels.slp", "readme.txt"]);
}

#[test]
fn what_goes_wrong_is_said_and_leaves_nothing() {
    let mount = FuseMount::writable(&[("amick/readme.txt", "")]);
    let folder = tree(&[("labels.slp", "labels"), ("films/", "")]);
    let large = folder.path().join("film.mp4");
    fs::File::create(&large).and_then(|file| file.set_len(1 << 20)).expect("a temporary folder");
    let (helper, storages, from) = (helper(), vast(mount.path()), folder.path().join("labels.slp"));
    let failure = |from: &Path, to: &str| copy(&helper, &storages, from, to).expect_err("it fails");

    let no_room = failure(&large, "film.mp4");
    assert!(matches!(no_room.failure, CopyFailure::NoRoom { needed: 1_048_576, .. }), "{no_room:?}");
    mount.trouble(Some(Trouble::Quota));
    let quota = failure(&from, "labels.slp");
    assert!(matches!(quota.failure, CopyFailure::Unwritable { cause: Cause::Quota, .. }), "{quota:?}");
    mount.trouble(Some(Trouble::Denied));
    let denied = failure(&from, "labels.slp");
    assert!(matches!(denied.failure, CopyFailure::Unwritable { cause: Cause::Denied, .. }), "{denied:?}");
    mount.trouble(None);
    let no_file = failure(&folder.path().join("films"), "films");
    assert!(matches!(no_file.failure, CopyFailure::NotAFile { .. }), "{no_file:?}");
    let gone = failure(&folder.path().join("gone.slp"), "gone.slp");
    assert!(matches!(gone.failure, CopyFailure::Unreadable { cause: Cause::Missing, .. }), "{gone:?}");
    let outside = failure(&from, "../labels.slp");
    assert!(
        matches!(&outside.failure, CopyFailure::Storage(error) if matches!(**error, ResolveError::Refused { .. })),
        "{outside:?}"
    );
    for error in [no_room, quota, denied, no_file, gone, outside] {
        assert_eq!(error.left, None, "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
    }
    assert_eq!(names(mount.path()), ["readme.txt"]);
}

#[test]
fn a_link_out_of_the_storage_is_not_followed() {
    let folder = tree(&[("labels.slp", "labels"), ("vast/amick/", ""), ("outside/", "")]);
    let base = folder.path().join("vast");
    std::os::unix::fs::symlink(folder.path().join("outside"), base.join("amick/link")).expect("a link");
    let error = copy(&helper(), &vast(&base), &folder.path().join("labels.slp"), "link/labels.slp").expect_err("no");
    assert!(
        matches!(&error.failure, CopyFailure::Storage(error) if matches!(**error, ResolveError::Escapes { .. })),
        "{error:?}"
    );
    assert_eq!(fs::read_dir(folder.path().join("outside")).expect("a folder").count(), 0);
}
