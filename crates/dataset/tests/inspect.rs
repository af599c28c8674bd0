//! Inspecting through a real helper process: this program is its own helper, so it has a `main` of its own.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use samepath_dataset::{DatasetError, Hints, How, InspectError, answer, inspect};
use samepath_storage::helper::{DEADLINE, Helper, serve};
use samepath_storage::{Backend, LocateError, Platform, Storages};
use samepath_wire::StoragePath;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const TESTS: [(&str, fn()); 5] = [
    ("a_project_and_its_videos", a_project_and_its_videos),
    ("a_project_on_no_storage", a_project_on_no_storage),
    ("what_is_no_project", what_is_no_project),
    ("a_dead_storage_hides_neither_project_nor_other_videos", a_dead_storage_hides_neither_project_nor_other_videos),
    ("many_videos_cross_over", many_videos_cross_over),
];

mod support;

/// The part of the usual test program's command line that cargo and nextest use.
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if args.first().is_some_and(|first| first == "helper") {
        return serve(|topic, question| {
            let looks_there = match topic {
                "probe" => question.to_string().contains("/dead/"),
                _ => question["wanted"]["videos"]["silent"] == json!([]),
            };
            if looks_there && question.to_string().contains("/dead/") {
                // As a dead mount does it: no answer, for as long as the parent cares to wait.
                std::thread::park_timeout(Duration::from_secs(600));
            }
            let storage = samepath_storage::answer(topic, question.clone());
            storage.or_else(|| answer(topic, question)).unwrap_or(Value::Null)
        });
    }
    let ignored = has("--ignored");
    for (name, test) in TESTS.into_iter().filter(|_| !ignored) {
        let wanted = args.iter().filter(|arg| !arg.starts_with('-') && *arg != "terse").collect::<Vec<_>>();
        if has("--list") {
            println!("{name}: test");
        } else if wanted.is_empty() || wanted.iter().any(|filter| name.contains(filter.as_str())) {
            test();
            println!("{name} ... ok");
        }
    }
    ExitCode::SUCCESS
}

fn helper() -> Helper {
    Helper::new(std::env::current_exe().unwrap())
}

fn storages(backends: &[(&str, &Path)]) -> Storages {
    let backend = |(name, base): &(&str, &Path)| Backend {
        name: (*name).to_owned(),
        base_path: (*base).to_owned(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    Storages::new(backends.iter().map(backend).collect(), Platform::current())
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").canonicalize().unwrap()
}

fn a_project_and_its_videos() {
    let storages = storages(&[("vast", &data())]);
    let found = inspect(&helper(), &storages, &data().join("maze/labels.slp"), &Hints::default(), DEADLINE).unwrap();
    assert_eq!(found.at.unwrap(), StoragePath::new("vast", "maze", "labels.slp"));
    assert_eq!((found.labelled_frames, found.is_package, found.size), (Some(10), false, 13_728));
    assert!(found.modified.is_some());
    assert_eq!((found.videos.len(), found.videos[0].how, found.videos[0].found), (1, How::BesideProject, true));

    let package =
        inspect(&helper(), &storages, &data().join("maze/labels.pkg.slp"), &Hints::default(), DEADLINE).unwrap();
    assert_eq!((package.is_package, package.videos[0].how), (true, How::Embedded));
}

fn a_project_on_no_storage() {
    let folder = tempfile::tempdir().unwrap();
    let storages = storages(&[("vast", folder.path())]);
    let found = inspect(&helper(), &storages, &data().join("maze/labels.slp"), &Hints::default(), DEADLINE).unwrap();
    assert!(matches!(found.at, Err(LocateError::NotInAnyBackend { .. })), "{:?}", found.at);
    assert!(found.videos[0].found);
}

fn what_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let storages = storages(&[("vast", folder.path())]);
    std::fs::write(folder.path().join("text.slp"), "hello").unwrap();
    let error =
        |name: &str| inspect(&helper(), &storages, &folder.path().join(name), &Hints::default(), DEADLINE).unwrap_err();
    assert!(matches!(error("text.slp"), InspectError::Dataset(DatasetError::NotHdf5 { .. })));
    assert!(matches!(error("none.slp"), InspectError::Dataset(DatasetError::NotFound { .. })));
    assert_eq!(error("none.slp").code(), "path_not_found");
    assert!(error("text.slp").hint().is_some());
}

fn a_dead_storage_hides_neither_project_nor_other_videos() {
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead/gdrive");
    std::fs::create_dir_all(&dead).unwrap();
    let storages = storages(&[("vast", &data()), ("gdrive", &dead)]);
    let hints =
        Hints { base_paths: [("gdrive".to_owned(), vec!["/Volumes/talmo".to_owned()])].into(), ..Hints::default() };
    let started = Instant::now();
    let found = inspect(&helper(), &storages, &data().join("slp/mac_absolute.slp"), &hints, DEADLINE).unwrap();
    assert!(started.elapsed() < 3 * DEADLINE, "{:?}", started.elapsed());
    assert_eq!((found.videos.len(), found.labelled_frames), (3, Some(12)));
    for video in &found.videos {
        assert_eq!(video.at.as_ref().unwrap().storage_backend, "gdrive");
        assert!(video.detail.as_ref().unwrap().contains("`gdrive` is not answering"), "{video:?}");
    }
    // What lies beside the project needs no other storage.
    let found = inspect(&helper(), &storages, &data().join("maze/labels.slp"), &hints, DEADLINE).unwrap();
    assert_eq!((found.videos[0].found, found.videos[0].how), (true, How::BesideProject));
}

fn many_videos_cross_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    std::fs::write(&path, support::project(&support::entries(5_000))).unwrap();
    let storages = storages(&[("vast", folder.path())]);
    let found = inspect(&helper(), &storages, &path, &Hints::default(), Duration::from_secs(60)).unwrap();
    assert_eq!(found.videos.len(), 5_000);
    assert!(found.videos.iter().all(|video| !video.found));
}
