//! The check of a SLEAP project, on the real projects.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use jiff::Timestamp;
use samepath_storage::Backend;
use samepath_wire::Job;
use samepath_worker::Context;
use samepath_worker::tool::{CheckError, Report, slp_check};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

/// A worker that mounts `vast` where nobody else does.
struct Worker {
    folder: tempfile::TempDir,
    context: Context,
}

impl Worker {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for below in ["vast/amick/maze", "vast/amick/results"] {
            std::fs::create_dir_all(folder.path().join(below)).unwrap();
        }
        let job: Job = serde_json::from_value(json!({
            "version": 1, "id": "0199c0de-0000-7000-8000-000000000000", "kind": "slp-check",
            "storage_backend": "vast", "user_subdir": "amick",
            "parameters": { "LABELS": "maze/labels.slp", "OUTPUT_DIR": "results" },
            "base_paths": { "vast": ["/Volumes/talmo"] }, "submitted_at": "2026-11-22T09:00:00Z"
        }))
        .unwrap();
        let backend = Backend {
            name: "vast".to_owned(),
            base_path: folder.path().join("vast"),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        };
        let context = Context {
            job,
            backends: vec![backend],
            base_paths: [("vast".to_owned(), vec!["/mnt/vast".to_owned(), "Z:/".to_owned()])].into(),
            path_mappings: Vec::new(),
            worker: "gpu-1".to_owned(),
            attempt: 1,
            program: None,
        };
        Self { folder, context }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("vast/amick").join(below)
    }

    fn file(&self, below: &str) {
        std::fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        std::fs::write(self.path(below), below).unwrap();
    }

    fn labels(&self, name: &str) -> PathBuf {
        let path = self.path("maze/labels.slp");
        std::fs::copy(data(name), &path).unwrap();
        path
    }

    /// The report, as the folder has it, and what was printed.
    fn check(&self, labels: &Path) -> Result<(Value, String, Vec<String>), CheckError> {
        let mut out = Vec::new();
        let now: Timestamp = "2026-11-22T09:05:00Z".parse().unwrap();
        let report: Report = slp_check(labels, &self.path("results"), &self.context, now, &mut out)?;
        let json: Value = serde_json::from_slice(&std::fs::read(self.path("results/report.json")).unwrap()).unwrap();
        assert_eq!(serde_json::from_value::<Report>(json.clone()).unwrap(), report);
        let html = std::fs::read_to_string(self.path("results/report.html")).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(self.path("results")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["report.html", "report.json"]);
        Ok((json, html, String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()))
    }
}

#[test]
fn the_video_of_another_computer_is_seen_through_this_mount() {
    let worker = Worker::new();
    let labels = worker.labels("maze/labels.slp");
    std::fs::copy(data("maze/cam0.mp4"), worker.path("maze/cam0.mp4")).unwrap();
    let (json, html, lines) = worker.check(&labels).unwrap();
    assert_eq!(json["summary"], json!({ "total": 1, "found": 1, "missing": 0, "ambiguous": 0 }));
    assert_eq!(
        json["storage_path"],
        json!({ "storage_backend": "vast", "user_subdir": "amick", "path": "maze/labels.slp" })
    );
    assert_eq!(
        (&json["worker"], &json["labelled_frames"], &json["package"]),
        (&"gpu-1".into(), &10.into(), &false.into())
    );
    assert_eq!(json["checked_at"], "2026-11-22T09:05:00Z");
    let video = &json["videos"][0];
    assert_eq!(video["written"], "/Volumes/talmo/amick/maze/cam0.mp4");
    assert_eq!(
        [&video["storage_backend"], &video["user_subdir"], &video["path"], &video["how"]],
        ["vast", "amick", "maze/cam0.mp4", "base_path"]
    );
    assert_eq!((&video["found"], &video["size"]), (&true.into(), &4307.into()));
    assert!(Path::new(video["local"].as_str().unwrap()).is_file());
    assert!(html.contains("gpu-1 sees the video."));
    assert!(lines.iter().any(|line| line == "openjd_progress: 100"), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "openjd_status: gpu-1 sees the video.");
    assert!(
        lines.iter().any(|line| line.starts_with("found") && line.contains("vast:amick/maze/cam0.mp4")),
        "{lines:?}"
    );
}

#[test]
fn what_is_missing_is_the_result_and_no_failure() {
    let worker = Worker::new();
    worker.file("maze/day1/cam0.mp4");
    worker.file("maze/day2/cam0.mp4");
    let labels = worker.labels("slp/mac_absolute.slp");
    let (json, html, lines) = worker.check(&labels).unwrap();
    assert_eq!(json["summary"], json!({ "total": 3, "found": 2, "missing": 1, "ambiguous": 0 }));
    assert_eq!(json["videos"][1]["found"], false);
    assert!(html.contains("Not found") && html.contains("Found"));
    assert_eq!(lines.last().unwrap(), "openjd_status: gpu-1 sees 2 of 3 videos: 1 is missing.");
    let missing: Vec<_> = lines.iter().filter(|line| line.starts_with("missing")).collect();
    assert!(matches!(missing[..], [line] if line.contains("cam1.mp4")), "{lines:?}");
}

#[test]
fn every_real_project_gets_a_report() {
    let worker = Worker::new();
    for (name, total) in [
        ("maze/labels.pkg.slp", 1),
        ("slp/windows_absolute.slp", 2),
        ("slp/unicode.slp", 1),
        ("slp/image_sequence.slp", 1),
        ("slp/many.slp", 200),
    ] {
        let (json, html, lines) = worker.check(&worker.labels(name)).unwrap();
        assert_eq!(json["summary"]["total"], total, "{name}");
        assert!(!html.contains("<script") && html.ends_with("</html>\n"));
        assert!(lines.iter().filter(|line| line.starts_with("openjd_progress")).count() <= 101);
        let package = name.ends_with(".pkg.slp");
        assert_eq!((json["package"].as_bool(), json["videos"][0]["how"] == "embedded"), (Some(package), package));
    }
}

#[test]
fn windows_paths_are_seen_here() {
    let worker = Worker::new();
    worker.file("maze/day1/cam0.mp4");
    let (json, ..) = worker.check(&worker.labels("slp/windows_absolute.slp")).unwrap();
    assert_eq!(json["videos"][0]["how"], "base_path");
    assert_eq!(json["videos"][0]["path"], "maze/day1/cam0.mp4");
}

#[test]
fn a_damaged_project_is_a_failure_with_a_sentence() {
    let worker = Worker::new();
    let labels = worker.labels("maze/labels.slp");
    let bytes = std::fs::read(&labels).unwrap();
    std::fs::write(&labels, &bytes[..bytes.len() / 2]).unwrap();
    let error = worker.check(&labels).unwrap_err();
    assert!(matches!(error, CheckError::Project { .. }));
    assert!(error.to_string().contains("labels.slp"), "{error}");
    assert!(!worker.path("results/report.json").exists());
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let worker = Worker::new();
    let labels = worker.labels("maze/labels.slp");
    // A file where the folder should be.
    std::fs::remove_dir(worker.path("results")).unwrap();
    worker.file("results");
    assert!(matches!(worker.check(&labels).unwrap_err(), CheckError::Write { .. }));
    assert_eq!(std::fs::read_to_string(worker.path("results")).unwrap(), "results");
}

#[test]
fn files_of_others_in_the_results_folder_stay_as_they_are() {
    let worker = Worker::new();
    let labels = worker.labels("maze/labels.slp");
    let draft = format!("results/.report.json.{}", std::process::id());
    let theirs = ["results/report.html", "results/report-2.json", "results/report-3.html/x", &draft];
    theirs.iter().for_each(|file| worker.file(file));
    let written = || {
        let mut out = Vec::new();
        let now = "2026-11-22T09:05:00Z".parse().unwrap();
        slp_check(&labels, &worker.path("results"), &worker.context, now, &mut out).unwrap();
        let names = std::fs::read_dir(worker.path("results")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| !theirs.iter().any(|file| file.starts_with(&format!("results/{name}"))));
        names.sort();
        names
    };
    // Twice: the earlier report is replaced.
    for _ in 0..2 {
        assert_eq!(written(), ["report-4.html", "report-4.json"]);
    }
    for file in theirs {
        assert_eq!(std::fs::read_to_string(worker.path(file)).unwrap(), file);
    }
    let html = std::fs::read_to_string(worker.path("results/report-4.html")).unwrap();
    assert!(html.contains("The same for programs: report-4.json."), "{html}");
}
