//! What the window asks of the program without a face, where no command asks the same.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, run};
use samepath_app::view::{ChosenVideo, Draft, StorageFields};
use samepath_app::{App, Options};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::{Command, Stdio};

async fn open(home: &Home) -> App {
    let (folder, data) = (home.path("home"), home.path("data"));
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from(&folder)),
        "SAMEPATH_DATA" => Some(OsString::from(&data)),
        "USER" => Some(OsString::from("amick")),
        _ => None,
    };
    let mut options = Options::gather(variable, None, None, "0").expect("options");
    options.program = env!("CARGO_BIN_EXE_samepath").into();
    App::start(options).await.expect("the program without a face")
}

fn at(base_path: String) -> StorageFields {
    StorageFields { base_path: Some(base_path), ..StorageFields::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_odd_about_a_storage_is_told_when_it_is_written() {
    let home = Home::new();
    let app = open(&home).await;
    let absent =
        app.add_storage("later".to_owned(), at(home.text("mnt/later"))).await.expect("it may be mounted later");
    assert!(absent.warnings.iter().any(|it| it.contains("There is no folder")), "{:#?}", absent.warnings);
    assert_eq!(absent.health.map(|health| health.state).as_deref(), Some("missing"), "it was looked at, too");
    let again = app.add_storage("again".to_owned(), at(home.text("mnt/vast"))).await.expect("it is allowed");
    assert!(!again.warnings.is_empty(), "vast is there already");
    let twice = again.warnings.iter().filter(|it| **it == again.warnings[0]).count();
    assert_eq!(twice, 1, "{:#?}", again.warnings);
    let moved = app.set_storage("again".to_owned(), at(home.text("mnt/gone"))).await.expect("it is allowed");
    assert!(moved.warnings.iter().any(|it| it.contains("There is no folder")), "{:#?}", moved.warnings);
    app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_one_dataset_have_a_results_folder_each_however_soon_they_are_submitted() {
    let home = Home::new();
    let (one, other) = (open(&home).await, open(&home).await);
    let dataset = Some(home.text("mnt/vast/amick/maze/labels.SLP"));
    std::fs::rename(home.path("mnt/vast/amick/maze/labels.slp"), home.path("mnt/vast/amick/maze/labels.SLP")).unwrap();
    let mut folders = BTreeSet::new();
    for _ in 0..4 {
        let draft = Draft { kind: "slp-check".to_owned(), dataset: dataset.clone(), ..Draft::default() };
        let (one, other) = tokio::join!(one.submit(draft.clone()), other.submit(draft));
        for job in [one, other] {
            folders.insert(job.expect("it is accepted").results.expect("it has results").text);
        }
    }
    assert_eq!(folders.len(), 8, "{folders:?}");
    assert!(folders.iter().all(|folder| folder.contains("/checks/labels_2")), "{folders:?}");
    one.shut_down().await;
    other.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_is_copied_of_a_job_makes_the_same_job_in_a_shell() {
    let home = Home::new();
    std::fs::create_dir(home.path("storage/amick/films")).unwrap();
    std::fs::rename(home.path("storage/amick/maze/cam0.mp4"), home.path("storage/amick/films/it's 1.mp4")).unwrap();
    let app = open(&home).await;
    let dataset = "vast:amick/maze/labels.slp".to_owned();
    let written = app.open_dataset(dataset.clone(), Vec::new()).await.expect("a project").videos[0].written.clone();
    let draft = Draft {
        kind: "slp-check".to_owned(),
        dataset: Some(dataset),
        name: "it's $day 3".to_owned(),
        person: Some("Anna".to_owned()),
        videos: vec![ChosenVideo { written, path: "vast:amick/films/it's 1.mp4".to_owned() }],
        ..Draft::default()
    };
    let first = app.submit(draft).await.expect("it is accepted");
    let again = app.follow_up(&first.id).await.expect("it can be made again");
    // In its own name, and without waiting for it.
    let line = again.command.replacen("samepath submit", "\"$0\" submit --detach", 1);
    let pasted = tokio::task::block_in_place(|| {
        let own = home.command(["x"]);
        let environment = own.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).arg(own.get_program()).env_clear().envs(environment).current_dir(home.path("home"));
        run(shell.stdin(Stdio::null()))
    });
    assert_eq!(pasted.status, Some(0), "{line}: {pasted:?}");
    let other = app.job(pasted.out.trim()).await.expect("it was made");
    let follows = app.follow_up(&other.id).await.expect("likewise");
    assert_ne!(other.id, first.id);
    assert_eq!((&other.name, &other.by), (&first.name, &first.by));
    assert_eq!((follows.again, follows.command), (again.again.clone(), again.command));
    assert_eq!(again.again.videos.len(), 1);
    app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_finds_the_test_file_is_confirmed_and_no_other() {
    let home = Home::new();
    let app = open(&home).await;
    let config = |name: &str, base: &str| {
        home.write(&format!("{name}.toml"), format!("[storage.vast]\nbase_path = {base:?}\n")).display().to_string()
    };
    let (same, other) = (config("gpu-1", &home.text("Volumes/talmo")), config("gpu-5", &home.text("storage/amick")));
    let (mut same, mut other) = tokio::task::block_in_place(|| {
        (home.worker_with("gpu-1", &["--config", &same]), home.worker_with("gpu-5", &["--config", &other]))
    });
    let sameness = |name: &str| {
        let workers = app.workers();
        let worker = workers.iter().find(|worker| worker.name == name).expect("it is online").clone();
        worker.storages[0].sameness.clone()
    };
    assert_eq!(sameness("gpu-1").as_deref(), Some("unknown"));
    let told = app.same_storage("vast", None).await.expect("the workers were asked");
    assert!(!told.refuted, "gpu-1 found it");
    let saw: Vec<(&str, &str)> = told.workers.iter().map(|it| (it.worker.as_str(), it.saw.as_str())).collect();
    assert_eq!(saw, [("gpu-1", "found"), ("gpu-5", "not_found")]);
    assert_eq!(sameness("gpu-1").as_deref(), Some("confirmed"));
    assert_eq!(sameness("gpu-5").as_deref(), Some("other_storage"));
    assert_eq!(app.storages()[0].refuted, None, "gpu-1 has it: what gpu-5 has is elsewhere");
    // The wizard's storage is not written yet.
    let fields = StorageFields { user_subdir: Some("amick/maze".to_owned()), ..at(home.text("mnt/vast")) };
    let told = app.same_storage("vast", Some(fields)).await.expect("the workers were asked");
    assert_eq!(told.workers[0].saw, "found");
    let left: Vec<String> = home.files("storage").into_iter().filter(|name| name.contains("samepath-try")).collect();
    assert_eq!(left, Vec::<String>::new());
    tokio::task::block_in_place(|| {
        same.end();
        other.end();
    });
    app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_just_proved_to_read_a_dataset_is_not_asked_again_before_it_changes() {
    let home = Home::new();
    let app = open(&home).await;
    let mut worker = tokio::task::block_in_place(|| home.worker("gpu-1"));
    let dataset = home.path("mnt/vast/amick/maze/labels.slp");
    let text = dataset.display().to_string();
    let draft = Draft { kind: "slp-check".to_owned(), dataset: Some(text), ..Draft::default() };
    assert_eq!(app.readiness(draft.clone()).await.expect("a sentence").state, "ready");
    // From now on it answers nothing.
    worker.signal(rustix::process::Signal::STOP);
    assert_eq!(app.submit(draft.clone()).await.expect("it is accepted").confirmed, ["gpu-1"]);
    let file = std::fs::File::options().append(true).open(&dataset).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5)).unwrap();
    assert_eq!(app.submit(draft).await.expect("it is accepted").confirmed, [""; 0]);
    worker.signal(rustix::process::Signal::CONT);
    tokio::task::block_in_place(|| worker.end());
    app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_results_folder_that_was_shown_is_the_one_that_is_used() {
    let home = Home::new();
    let app = open(&home).await;
    let mut worker = tokio::task::block_in_place(|| home.worker("gpu-1"));
    let dataset = Some("vast:amick/maze/labels.slp".to_owned());
    let draft = Draft { kind: "slp-check".to_owned(), dataset, ..Draft::default() };
    let shown =
        async |draft: &Draft| app.readiness(draft.clone()).await.expect("a sentence").results.expect("a folder");
    let first = shown(&draft).await;
    // As the form is filled in.
    let named = Draft { name: "maze day 3".to_owned(), ..draft.clone() };
    assert_eq!(shown(&named).await, first);
    let (one, other) = tokio::join!(app.submit(named.clone()), app.submit(named.clone()));
    let used = [one, other].map(|job| job.expect("accepted").results.expect("a folder"));
    assert!(used.contains(&first) && used[0] != used[1], "{first:?}: {used:?}");
    assert!(!used.contains(&shown(&named).await), "the next one is another job");
    tokio::task::block_in_place(|| worker.end());
    app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_go_neither_into_a_file_nor_below_one() {
    let home = Home::new();
    let app = open(&home).await;
    let dataset = "vast:amick/maze/labels.slp".to_owned();
    let below = format!("{dataset}/x");
    for place in [dataset.clone(), below.clone(), home.text("mnt/vast/amick/maze/labels.slp/x")] {
        let draft = Draft {
            kind: "slp-check".to_owned(),
            dataset: Some(dataset.clone()),
            results_in: Some(place.clone()),
            ..Draft::default()
        };
        let error = app.submit(draft).await.expect_err(&place);
        assert!(error.message.contains("is a file, not a folder"), "{place}: {error:?}");
    }
    // As soon as it is chosen.
    let error = app.results_there(below, "slp-check").await.expect_err("it is below a file");
    assert!(error.message.contains("is a file, not a folder"), "{error:?}");
    assert!(app.jobs().is_empty(), "nothing was submitted");
    app.shut_down().await;
}
