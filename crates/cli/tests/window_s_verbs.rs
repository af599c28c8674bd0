//! What people do in the window with a button: files copied onto a storage, a video that is named, one's own computers, and the lab's
//! workers for who looks after them.
#![cfg(target_os = "linux")]

mod common;

use common::lab::Lab;
use common::{Home, until};
use samepath_app::view::{Draft, JobView};
use samepath_app::{App, ErrorCode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

#[test]
fn files_of_this_computer_are_copied_into_the_persons_folder_and_replace_nothing() {
    let home = Home::new();
    let movie = home.write("home/Desktop/day 1.mp4", b"first").display().to_string();
    let copied = home.ask(&["storage", "copy", &movie]).good();
    assert_eq!(copied[0]["place"]["text"], "vast:amick/day 1.mp4");
    assert_eq!((&copied[0]["from"], &copied[0]["already"]), (&json!(movie), &json!(false)));
    let again = home.run(["storage", "cp", &movie]);
    assert_eq!(again.out, "vast:amick/day 1.mp4", "{again:?}");
    assert!(again.err.contains("was there already"), "{again:?}");
    home.write("home/Desktop/day 1.mp4", b"other");
    let labels = home.text("storage/amick/maze/labels.slp");
    let beside = home.ask(&["storage", "copy", &movie, &labels, "--to", "vast:amick/movies"]).good();
    assert_eq!(beside[0]["place"]["text"], "vast:amick/movies/day 1.mp4");
    let free = home.ask(&["storage", "copy", &movie]).good();
    assert_ne!(free[0]["place"]["text"], "vast:amick/day 1.mp4");
    let at = |name: &str| fs_err::read(home.path("storage/amick").join(name)).expect("a copy");
    assert_eq!((at("day 1.mp4"), at("movies/day 1.mp4")), (b"first".to_vec(), b"other".to_vec()));
    assert_eq!(at("movies/labels.slp"), at("maze/labels.slp"));

    home.ask(&["storage", "copy", &home.text("home/Desktop/none.mp4")]).fails("path_not_found");
    home.ask(&["storage", "copy", &home.text("home/Desktop")]).fails("invalid_parameter");
    home.ask(&["storage", "copy", &movie, "--to", &home.text("home")]).fails("not_in_any_backend");
    home.ask(&["storage", "add", "scratch", &home.text("Volumes")]).good();
    let which = home.ask(&["storage", "copy", &movie]).fails("usage");
    assert_eq!(which["error"]["hint"], "Say where to: --to NAME:FOLDER, with NAME of vast, scratch.");
}

#[test]
fn a_video_that_is_named_goes_with_the_job_and_one_that_the_project_has_not_is_refused() {
    let home = Home::new();
    fs_err::create_dir_all(home.path("storage/amick/films")).expect("a folder");
    fs_err::rename(home.path("storage/amick/maze/cam0.mp4"), home.path("storage/amick/films/front.mp4"))
        .expect("moved");
    let file = "vast:amick/maze/labels.slp";
    let written = home.ask(&["dataset", file]).good()["videos"][0]["written"].as_str().expect("a path").to_owned();
    let found = home.ask(&["dataset", file, "--video", &written, "vast:amick/films/front.mp4"]).good();
    assert_eq!((&found["videos"][0]["found"], &found["videos"][0]["how"]), (&json!(true), &json!("chosen")));
    let typed = written.replace("cam0", "cam9");
    let words = ["submit", "slp-check", file, "--video", &typed, "vast:amick/films/front.mp4"];
    let refused = home.ask(&words).fails("invalid_parameter");
    let hint = refused["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains(&written) && hint.ends_with(&format!("samepath dataset {file}")), "{refused:#}");
    assert_eq!(home.ask(&["jobs"]).good(), json!([]), "nothing was submitted");
    let _worker = home.worker("gpu-1");
    let front = home.text("mnt/vast/amick/films/front.mp4");
    let job = home.ask(&["submit", "slp-check", file, "--video", &written, &front]).good();
    let folder = home.path("storage/amick").join(job["results"]["path"].as_str().expect("a path"));
    let report: Value =
        serde_json::from_slice(&fs_err::read(folder.join("report.json")).expect("a report")).expect("JSON");
    assert_eq!((&report["videos"][0]["how"], &report["videos"][0]["found"]), (&json!("chosen"), &json!(true)));
}

#[test]
fn a_change_that_leads_to_more_videos_is_told_with_what_to_type() {
    let home = Home::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/slp/many.slp");
    let into = home.path("storage/amick/many");
    fs_err::create_dir_all(into.join("moved")).expect("a folder");
    fs_err::copy(project, into.join("labels.slp")).expect("a project");
    let file = "vast:amick/many/labels.slp";
    let dataset = home.ask(&["dataset", file]).good();
    let videos = dataset["videos"].as_array().expect("videos");
    let missing: Vec<&str> =
        videos.iter().filter(|it| it["found"] == false).filter_map(|it| it["written"].as_str()).collect();
    assert!(missing.len() > 1, "{dataset:#}");
    let name = |written: &str| written.rsplit(['/', '\\']).next().expect("a name").to_owned();
    for written in &missing {
        fs_err::write(into.join("moved").join(name(written)), b"a video").expect("a file");
    }
    let first = format!("vast:amick/many/moved/{}", name(missing[0]));
    let told = home.run(["dataset", file, "--video", missing[0], &first]);
    assert!(told.out.contains("The same change leads to more of them:\n  --video "), "{told:?}");
}

#[test]
fn a_persons_computers_and_the_labs_workers_are_looked_after_in_a_terminal() {
    let lab = Lab::new();
    let (desk, gpu, laptop) = (lab.computer("desk"), lab.computer("gpu-1"), lab.computer("laptop"));
    let admin = lab.home.ask(&["hub", "invite", "member", "amick", "--admin"]).good();
    desk.join(admin["invitation"].as_str().expect("a line"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let _worker = gpu.worker_with(&["--name", "big-one"]);

    let line = desk.ask(&["computers", "add"]).good();
    laptop.join(line["line"].as_str().expect("a line"));
    let all = desk.ask(&["computers"]).good();
    let own: Vec<&Value> = all.as_array().expect("computers").iter().map(|it| &it["own"]).collect();
    assert_eq!(own, [true, false], "{all:#}");
    let key = all[1]["key"].as_str().expect("a key");
    desk.ask(&["computers", "remove", "no-such"]).fails("invalid_parameter");
    let itself = desk.ask(&["computers", "remove", all[0]["key"].as_str().expect("a key")]).fails("usage");
    assert_eq!(itself["error"]["hint"], "To take it out of the lab: samepath leave");
    assert_eq!(desk.ask(&["computers", "remove", key]).good()["key"], key);
    assert_eq!(desk.ask(&["computers", "list"]).good().as_array().map(Vec::len), Some(1));
    laptop.ask(&["jobs"]).fails("fleet_unreachable");
    gpu.ask(&["computers"]).fails("invalid_parameter");

    let state = || desk.ask(&["workers"]).good()[0]["draining"].clone();
    let drained = desk.ask(&["workers", "drain", "gpu-1"]).good();
    assert_eq!(drained, json!({ "worker": "gpu-1", "draining": true, "left": 0 }));
    until(|| if state() == true { Ok(()) } else { Err("not yet".to_owned()) });
    desk.ask(&["workers", "drain", "gpu-1", "--undo"]).good();
    until(|| if state() == false { Ok(()) } else { Err("not yet".to_owned()) });
    // The name that is shown is as good as the one that joined.
    assert_eq!(desk.ask(&["workers", "drain", "big-one"]).good()["left"], 0);
    for verb in ["drain", "remove"] {
        let told = desk.ask(&["workers", verb, "big-two"]).fails("no_worker");
        let (message, hint) = (&told["error"]["message"], &told["error"]["hint"]);
        assert_eq!((message, hint), (&json!("There is no worker big-two."), &json!("Online: big-one.")));
    }
    desk.ask(&["workers", "remove", "big-one"]).good();
    until(|| match desk.ask(&["workers"]).good() {
        workers if workers == json!([]) => Ok(()),
        workers => Err(format!("{workers:#}")),
    });
    lab.stop();
}

#[test]
fn who_does_not_look_after_the_lab_drains_and_puts_out_nobody() {
    let lab = Lab::new();
    let (desk, gpu) = (lab.computer("desk"), lab.computer("gpu-1"));
    desk.join(&lab.invite("member", "tom"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let _worker = gpu.worker();
    desk.ask(&["workers", "drain", "gpu-1"]).fails("invalid_parameter");
    desk.ask(&["workers", "remove", "gpu-1"]).fails("invalid_parameter");
    assert_eq!(desk.ask(&["workers"]).good()[0]["draining"], false);
    lab.stop();
}

/// What the window shows of a job, as soon as it is so.
async fn job_until(app: &App, id: &str, what: impl Fn(&JobView) -> bool) -> JobView {
    let mut updates = app.watch();
    let seen = async {
        loop {
            if let Some(job) = app.jobs().into_iter().find(|job| job.id == id && what(job)) {
                return job;
            }
            updates.next().await.expect("told");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_turned_off_begins_nothing_more_and_who_is_in_a_hurry_kills() {
    let lab = Lab::at(Home::bare());
    lab.home.kind_that_saves("stays", "trap '' INT; echo one; while :; do sleep 0.05; done", 600);
    let (desk, kinds) = (lab.computer("desk"), lab.home.path("kinds"));
    let app = App::for_window(desk.options()).await.expect("opens");
    let draft = || Draft { kind: "stays".to_owned(), ..Draft::default() };
    app.run_worker(None, Some(kinds.clone()));
    let mut updates = app.watch();
    let first = loop {
        match app.submit(draft()).await {
            Err(error) if error.code == ErrorCode::KindNotFound => drop(updates.next().await),
            first => break first.expect("submitted"),
        }
    };
    let second = app.submit(draft()).await.expect("submitted");
    job_until(&app, &first.id, |job| job.state == "running").await;
    let saving = tokio::spawn({
        let app = app.clone();
        async move { app.stop_worker(false).await }
    });
    job_until(&app, &first.id, |job| job.stopping.is_some()).await;
    let killing = tokio::time::timeout(Duration::from_secs(60), app.stop_worker(true)).await.expect("in time");
    killing.and(saving.await.expect("ended")).expect("turned off");
    assert_eq!(job_until(&app, &first.id, |_| true).await.state, "cancelled");
    let waits = job_until(&app, &second.id, |_| true).await;
    assert_eq!((waits.state.as_str(), waits.attempts), ("queued", 0), "{waits:?}");
    app.run_worker(None, Some(kinds));
    job_until(&app, &second.id, |job| job.state == "running").await;
    app.end_jobs_here(true).await.expect("ended");
    assert_eq!(job_until(&app, &second.id, |_| true).await.state, "cancelled");
    app.shut_down().await;
}
