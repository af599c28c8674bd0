//! What a job takes along of its project's videos: where they are, which storages it needs for them, and what a person has to say first.
#![cfg(target_os = "linux")]

mod common;
#[path = "../../dataset/tests/support/mod.rs"]
#[expect(dead_code, reason = "here projects are honest")]
mod projects;

use common::Home;
use serde_json::{Value, json};

const WRITTEN: &str = "/Volumes/talmo/amick/maze/cam0.mp4";
const LABELS: &str = "vast:amick/other/labels.slp";

/// A storage here, and what is said of it.
fn storage(home: &Home, name: &str, folder: &str, more: &str) -> String {
    format!("[storage.{name}]\nbase_path = {}\n{more}", json!(home.path(folder)))
}

/// The project in a folder of its own, and its one video there.
fn project(home: &Home, video: &str) {
    fs_err::create_dir_all(home.path("storage/amick/other")).expect("a folder");
    let maze = home.path("storage/amick/maze");
    fs_err::rename(maze.join("labels.slp"), home.path("storage/amick/other/labels.slp")).expect("moved");
    fs_err::create_dir_all(home.path(video).parent().expect("a folder")).expect("a folder");
    fs_err::rename(maze.join("cam0.mp4"), home.path(video)).expect("moved");
}

/// A job type of the lab's own, which takes a project and needs its videos.
fn looking_kind(home: &Home) {
    let filter = json!([{ "label": "SLEAP project", "patterns": ["*.slp"] }]);
    let hint = json!({ "control": "CHOOSE_INPUT_FILE", "label": "Project", "fileFilters": filter });
    let parameter =
        json!({ "name": "LABELS", "type": "PATH", "objectType": "FILE", "dataFlow": "IN", "userInterface": hint });
    home.kind_taking("look", &json!([parameter]), "echo seen");
}

fn worker(home: &Home, name: &str, config: &str) -> common::Process {
    let config = home.write(&format!("{name}.toml"), config);
    home.worker_with(name, &["--config", config.to_str().expect("text")])
}

#[test]
fn a_video_that_is_known_by_its_name_alone_is_asked_about() {
    let home = Home::new();
    project(&home, "storage/amick/other/cam0.mp4");
    let submit = ["submit", "--detach", "sleap-train", LABELS];
    let refused = home.ask(&submit).fails("invalid_parameter");
    let (message, hint) = (&refused["error"]["message"], &refused["error"]["hint"]);
    let at = "vast:amick/other/cam0.mp4";
    let told = format!("1 of 1 video is known by its name alone. {WRITTEN} may be {at}.");
    assert_eq!((message, hint), (&json!(told), &json!(format!("If it is this one, say so: --video {WRITTEN} {at}"))));
    let told = home.run(submit);
    assert!(told.err.contains(&format!("--video {WRITTEN} {at}")), "{told:?}");
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing was submitted");

    home.ask(&[&submit[..], &["--video", WRITTEN, at]].concat()).good();
    home.ask(&["submit", "--detach", "slp-check", LABELS]).good();
    let maze = "vast:amick/maze/labels.pkg.slp";
    home.ask(&["submit", "--detach", "sleap-train", maze]).good();
}

#[test]
fn a_job_goes_to_a_worker_that_has_the_storages_of_its_videos() {
    let home = Home::bare();
    looking_kind(&home);
    project(&home, "scratch/amick/maze/cam0.mp4");
    let vast = storage(&home, "vast", "mnt/vast", "");
    let both = format!("{vast}{}", storage(&home, "scratch", "scratch", ""));
    home.configure(&format!("{both}[samepath.computers.mac.storage.scratch]\nbase_path = \"/Volumes/talmo\"\n"));
    let _one = worker(&home, "gpu-1", &vast);
    let job = home.ask(&["submit", "--detach", "look", LABELS]).good();
    assert_eq!(job["waits"], true, "{job:#}");
    assert!(job["waiting_for"].to_string().contains("scratch"), "{job:#}");
    let id = job["id"].as_str().expect("an id");
    // A check says what is missing, wherever it runs.
    let check = home.ask(&["submit", "slp-check", LABELS]).good();
    assert_eq!((&check["state"], &check["worker"]), (&json!("succeeded"), &json!("gpu-1")), "{check:#}");
    let _other = worker(&home, "gpu-2", &both);
    let job = home.job_until(id, |job| job["state"] == "succeeded");
    assert_eq!((&job["worker"], &job["attempts"]), (&json!("gpu-2"), &json!(1)), "{job:#}");
}

/// How the worker `gpu-1`, which has the storage and knows nothing else, finds the one video.
fn found(home: &Home) -> Value {
    let _worker = worker(home, "gpu-1", &storage(home, "vast", "mnt/vast", ""));
    let job = home.ask(&["submit", "slp-check", LABELS]).good();
    let folder = home.path("storage/amick").join(job["results"]["path"].as_str().expect("a path"));
    let report = fs_err::read_to_string(folder.join("report.json")).expect("the report");
    serde_json::from_str::<Value>(&report).expect("JSON")["videos"][0].clone()
}

fn seen_here(home: &Home) -> Value {
    home.ask(&["dataset", LABELS]).good()["videos"][0]["how"].clone()
}

#[test]
fn what_only_this_computers_path_mappings_lead_to_is_told_to_the_worker() {
    let home = Home::bare();
    project(&home, "storage/amick/films/cam0.mp4");
    // The worker would take this one.
    home.write("storage/amick/other/cam0.mp4", "another");
    let mapping = json!([home.path("mnt/vast/amick/films"), "/Volumes/talmo/amick/maze"]);
    home.configure(&format!(
        "{}[[path_mappings]]\nlocal = {}\nworker = {}\n",
        storage(&home, "vast", "mnt/vast", ""),
        mapping[0],
        mapping[1]
    ));
    assert_eq!(seen_here(&home), "path_mapping");
    let video = found(&home);
    assert_eq!((&video["how"], &video["path"]), (&json!("chosen"), &json!("films/cam0.mp4")), "{video:#}");
}

/// The project, with its video written so.
fn relabel(home: &Home, written: &std::path::Path) {
    let entry = json!({ "filename": written }).to_string();
    home.write("storage/amick/other/labels.slp", projects::project(&[entry]));
}

#[test]
fn what_was_written_by_a_link_of_this_computer_is_told_to_the_worker() {
    let home = Home::bare();
    project(&home, "storage/amick/films/cam0.mp4");
    std::os::unix::fs::symlink(home.path("storage/amick/films"), home.path("link")).expect("a link");
    relabel(&home, &home.path("link/cam0.mp4"));
    home.configure(&storage(&home, "vast", "mnt/vast", ""));
    assert_eq!(seen_here(&home), "as_written");
    let video = found(&home);
    assert_eq!((&video["how"], &video["path"]), (&json!("chosen"), &json!("films/cam0.mp4")), "{video:#}");
}

#[test]
fn what_lies_on_a_mount_of_a_part_of_the_storage_is_told_to_the_worker() {
    let home = Home::bare();
    project(&home, "storage/amick/films/cam0.mp4");
    relabel(&home, &home.path("storage/amick/films/cam0.mp4"));
    home.configure(&storage(&home, "vast", "storage/amick", "subpath = \"amick\"\n"));
    assert_eq!(seen_here(&home), "as_written");
    let video = found(&home);
    assert_eq!((&video["how"], &video["path"]), (&json!("chosen"), &json!("films/cam0.mp4")), "{video:#}");
}
