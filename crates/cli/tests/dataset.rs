//! A project that was labelled on another computer, whose videos are found by what is known of it.
#![cfg(target_os = "linux")]

mod common;

use common::Home;
use serde_json::{Value, json};

/// What leads to the video where nothing is known of other computers.
const UNAIDED: &str = "beside_project";

/// The video of a project that lies in another folder; it was written at `/Volumes/talmo/amick/maze/cam0.mp4`.
fn video(home: &Home) -> Value {
    if !home.path("storage/amick/other").exists() {
        fs_err::create_dir(home.path("storage/amick/other")).expect("a folder");
        fs_err::copy(home.path("storage/amick/maze/labels.slp"), home.path("storage/amick/other/labels.slp"))
            .expect("a copy");
    }
    let dataset = home.ask(&["dataset", "vast:amick/other/labels.slp"]).good();
    dataset["videos"][0].clone()
}

fn here(home: &Home) -> String {
    format!("[storage.vast]\nbase_path = {}\n", json!(home.path("mnt/vast")))
}

#[track_caller]
fn is_found(home: &Home) {
    let video = video(home);
    assert_eq!((&video["found"], &video["how"]), (&json!(true), &json!("base_path")), "{video:#}");
    assert_eq!(video["path"], "maze/cam0.mp4");
    let told = home.run(["dataset", "vast:amick/other/labels.slp"]);
    assert!(told.out.contains("1 video: 1 on vast"), "{told:?}");
}

#[test]
fn a_video_is_found_by_where_another_computer_of_the_file_mounts() {
    let home = Home::bare();
    home.configure(&here(&home));
    assert_eq!(video(&home)["how"], UNAIDED);
    home.configure(&format!("{}[samepath.computers.mac.storage.vast]\nbase_path = \"/Volumes/talmo\"\n", here(&home)));
    is_found(&home);
    // A job takes it along: its worker need not share the file.
    let _worker =
        home.worker_with("gpu-1", &["--config", home.write("worker.toml", here(&home)).to_str().expect("text")]);
    let job = home.ask(&["submit", "slp-check", "-p", "LABELS=vast:amick/other/labels.slp"]).good();
    let report = fs_err::read_to_string(
        home.path("storage").join("amick").join(job["results"]["path"].as_str().expect("a path")).join("report.json"),
    )
    .expect("the report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["videos"][0]["how"], "base_path", "{report:#}");
}

#[test]
fn a_video_is_found_by_where_a_worker_mounts_while_it_is_online() {
    let home = Home::bare();
    home.configure(&here(&home));
    assert_eq!(video(&home)["how"], UNAIDED);
    // One that shows only a part of the storage says nothing of the whole.
    let mount = "base_path = \"/Volumes/talmo\"";
    let ready = format!("[storage.ready]\nbase_path = {}\n", json!(home.path("mnt/vast")));
    let part = home.write("part.toml", format!("{ready}[storage.vast]\n{mount}\nsubpath = \"labs\"\n"));
    let mut partial = home.worker_with("gpu-0", &["--config", part.to_str().expect("text")]);
    assert_eq!(video(&home)["how"], UNAIDED);
    let whole = home.write("whole.toml", format!("{ready}[storage.vast]\n{mount}\n"));
    let mut worker = home.worker_with("gpu-1", &["--config", whole.to_str().expect("text")]);
    is_found(&home);
    worker.interrupt();
    partial.interrupt();
    let before = home.files("data");
    assert_eq!(video(&home)["how"], UNAIDED);
    assert_eq!(home.files("data"), before, "whoever only looks makes nothing");
}

#[test]
fn of_a_storage_inside_another_the_one_that_was_named_is_meant() {
    let home = Home::bare();
    let inner = home.path("mnt/vast/amick");
    home.configure(&format!("{}[storage.mine]\nbase_path = {}\n", here(&home), json!(inner)));
    let named = |text: &str| home.ask(&["dataset", text]).good()["storage_backend"].clone();
    assert_eq!(named("vast:amick/maze/labels.slp"), "vast");
    assert_eq!(named("mine:maze/labels.slp"), "mine");
    assert_eq!(named(inner.join("maze/labels.slp").to_str().expect("text")), "mine");
}

#[test]
fn whoever_only_looks_at_a_dataset_makes_no_queue() {
    let home = Home::bare();
    home.configure(&here(&home));
    video(&home);
    assert_eq!(home.files("data"), Vec::<String>::new());
}

#[test]
fn a_holder_that_does_not_answer_is_not_waited_for() {
    let home = Home::bare();
    home.configure(&here(&home));
    let worker = home.worker("gpu-1");
    worker.signal(rustix::process::Signal::STOP);
    let began = std::time::Instant::now();
    assert_eq!(video(&home)["how"], UNAIDED);
    let took = began.elapsed();
    worker.signal(rustix::process::Signal::CONT);
    assert!(took < std::time::Duration::from_secs(5), "waited {took:?}");
}
