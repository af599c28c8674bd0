//! A whole lab with the real programs: a hub, computers that see one storage at paths of their own, a member.
#![cfg(target_os = "linux")]

mod common;

use common::lab::{Computer, Lab};
use common::{Process, until};
use rustix::process::Signal;
use samepath_app::view::{Draft, StatusView, Update, WorkerView};
use samepath_app::{App, ErrorCode, Updates};
use serde_json::{Value, json};

#[test]
fn a_lab_from_the_hub_to_the_results_whoever_is_killed_meanwhile() {
    let lab = Lab::new();
    let desk = lab.computer("desk");
    let before = desk.config();
    let joined = desk.join(&lab.invite("member", "amick"));
    assert_eq!(
        (&joined["lab"], &joined["role"], &joined["name"]),
        (&json!("Talmo Lab"), &json!("member"), &json!("amick"))
    );
    assert!(desk.config().starts_with(&before), "what was there is there: {}", desk.config());
    let key = lab.home.path("desk/data/lab/member.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(&key).expect("a key").permissions());
    assert_eq!(mode & 0o777, 0o600, "the key is its owner's alone");
    let names = ["gpu-1", "gpu-2", "gpu-3"];
    let computers = names.map(|name| lab.computer(name));
    let mut workers: Vec<Process> = computers
        .iter()
        .map(|computer| {
            computer.join(&lab.invite("worker", computer.name));
            computer.worker()
        })
        .collect();
    let online = until(|| {
        let online = desk.ask(&["workers"]).good();
        if online.as_array().is_some_and(|online| online.len() == 3) { Ok(online) } else { Err(format!("{online:#}")) }
    });
    let mut ids: Vec<&str> = online.as_array().expect("workers").iter().filter_map(|it| it["id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, names, "a worker is who it was invited as");
    // A member submits, and leaves: nothing of the job is on the desk.
    let job = desk.ask(&["submit", "--detach", "waits"]).good();
    let id = job["id"].as_str().expect("an id").to_owned();
    desk.job_until(&id, |job| job["state"] == "running");
    until(|| match desk.ask(&["logs", &id]).out {
        lines if lines.contains("one") => Ok(()),
        lines => Err(lines),
    });
    // Every worker is killed, the hub ends and comes again, the workers come again: the same try goes on.
    for worker in &mut workers {
        worker.end();
    }
    lab.stop();
    lab.start();
    let _workers: Vec<Process> = computers.iter().map(Computer::worker).collect();
    lab.home.go();
    let ended = desk.job_until(&id, |job| job["ended_at"] != Value::Null);
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("succeeded"), &json!(1)), "{ended:#}");
    let log = desk.ask(&["logs", &id]).out;
    assert!(log.contains("one") && log.contains("two"), "{log}");
    lab.stop();
}

#[test]
fn a_member_clears_their_own_jobs_and_nobody_else_s() {
    let lab = Lab::new();
    let (desk, other) = (lab.computer("desk"), lab.computer("other"));
    desk.join(&lab.invite("member", "amick"));
    other.join(&lab.invite("member", "tom"));
    let ended = |computer: &Computer<'_>| {
        let job = computer.ask(&["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp"]).good();
        let id = job["id"].as_str().expect("an id").to_owned();
        computer.ask(&["stop", &id]).good();
        id
    };
    let (mine, theirs) = (ended(&desk), ended(&other));
    assert_eq!(desk.ask(&["jobs", "clear", "--older-than", "1d"]).good()["cleared"], 0);
    assert_eq!(desk.ask(&["jobs", "clear", "--older-than", "0s"]).good()["cleared"], 1);
    desk.ask(&["jobs", &mine]).fails("job_not_found");
    assert_eq!(desk.ask(&["jobs", &theirs]).good()["submitted_by"], "tom");
    // It is gone for the next hub, too.
    lab.stop();
    lab.start();
    let left = desk.ask(&["jobs"]).good();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(theirs)));
    lab.stop();
}

#[test]
fn who_was_put_out_is_told_so_and_may_leave() {
    let lab = Lab::new();
    let desk = lab.computer("desk");
    let before = desk.config();
    let line = lab.invite("member", "amick");
    desk.join(&line);
    assert_eq!(desk.ask(&["workers"]).good(), json!([]));
    desk.ask(&["join", &line]).fails("already_exists");
    let other = lab.computer("other");
    let told = other.ask(&["join", &line]).fails("fleet_unreachable");
    assert!(told["error"]["message"].as_str().is_some_and(|it| it.contains("used already")), "{told:#}");
    other.ask(&["join", "samepath:half"]).fails("invalid_parameter");
    // A member's computer is no worker.
    let told = desk.ask(&["worker"]).fails("fleet_unreachable");
    assert!(told["error"]["message"].as_str().is_some_and(|it| it.contains("not as a worker")), "{told:#}");
    let members = lab.home.ask(&["hub", "members"]).good();
    assert_eq!((&members[0]["name"], &members[0]["state"]), (&json!("amick"), &json!("joined")));
    lab.home.ask(&["hub", "revoke", "nobody"]).fails("invalid_parameter");
    let gone = lab.home.ask(&["hub", "revoke", "amick"]).good();
    assert_eq!((&gone["computers"], &gone["invitations"]), (&json!(1), &json!(0)));
    for words in [&["workers"][..], &["jobs"], &["submit", "--detach", "waits"]] {
        let told = desk.ask(words).fails("fleet_unreachable");
        assert_eq!(told["error"]["message"], "Your access to Talmo Lab as amick has ended. Your files are untouched.");
    }
    assert_eq!(desk.ask(&["leave"]).good()["left"], json!([format!("amick at {}", lab.listen)]));
    assert!(!lab.home.path("desk/data/lab/member.json").exists());
    assert!(desk.config().starts_with(&before) && !desk.config().contains("amick at"), "{}", desk.config());
    assert_eq!(desk.ask(&["workers"]).good(), json!([]), "its own queue again");
    desk.join(&lab.invite("member", "amick"));
    lab.stop();
}

#[test]
fn a_lab_that_does_not_answer_is_named_and_its_worker_waits_for_it() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    lab.stop();
    let told = desk.ask(&["jobs"]).fails("fleet_unreachable");
    assert!(
        told["error"]["message"].as_str().is_some_and(|it| it.starts_with("Talmo Lab does not answer")),
        "{told:#}"
    );
    let kinds = lab.home.text("kinds");
    let mut worker = Process::start(&mut gpu.command(&["worker", "--kinds", &kinds]));
    lab.start();
    worker.until(|line| line.contains("\"ready\"").then_some(()));
    let told = lab.home.ask(&["hub", "workers"]).good();
    assert_eq!((&told[0]["name"], &told[0]["online"]), (&json!("gpu-1"), &json!(true)), "{told:#}");
    lab.home.ask(&["hub", "storage", "set", "vast", "--mac", "smb://vast01/talmo", "--help-text", "VPN first"]).good();
    let words = lab.home.ask(&["hub", "storage", "set", "vast", "--help-text", ""]).good();
    assert_eq!(words["storage"], json!({ "mac": "smb://vast01/talmo" }));
    // Who is put out says so, and goes on looking after what runs.
    lab.home.ask(&["hub", "revoke", "gpu-1"]).good();
    let told = worker.until(|line| line.contains("put out").then(|| line.to_owned()));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        told["offline"]["message"],
        "Talmo Lab has put out this computer's worker gpu-1: it is given no job any more."
    );
    drop(worker);
    lab.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_opens_without_its_lab_says_why_and_is_connected_later() {
    let lab = tokio::task::block_in_place(Lab::new);
    let desk = lab.computer("desk");
    desk.join(&lab.invite("member", "amick"));
    tokio::task::block_in_place(|| lab.stop());
    let app = App::for_window(desk.options()).await.expect("opens");
    let mut updates = app.watch();
    let offline = |status: &StatusView| status.offline.clone();
    let status = next_status(&mut updates, |status| status.offline.is_some()).await;
    assert_eq!(
        (status.lab.as_str(), status.member.as_str(), status.link.as_str()),
        ("Talmo Lab", "amick", "reconnecting…")
    );
    let told = offline(&status).expect("offline");
    assert!(!told.known && told.error.message == format!("Talmo Lab does not answer ({}).", lab.listen), "{told:?}");
    let kind = || Draft { kind: "slp-check".to_owned(), ..Draft::default() };
    let ready = app.readiness(kind()).await.expect("answered");
    assert_eq!(ready.state, "offline");
    assert!(!ready.can_submit && ready.sentence.starts_with("Talmo Lab does not answer"), "{ready:?}");
    tokio::task::block_in_place(|| lab.start());
    let status = next_status(&mut updates, |status| status.offline.is_none()).await;
    assert_eq!(status.link, "connected");
    tokio::task::block_in_place(|| lab.home.ask(&["hub", "revoke", "amick"]).good());
    let ended = |status: &StatusView| offline(status).is_some_and(|told| told.error.message.contains("has ended"));
    let status = next_status(&mut updates, ended).await;
    assert!(offline(&status).is_some_and(|told| told.known));
    app.shut_down().await;
    // It opens for whoever was put out, too.
    let app = App::for_window(desk.options()).await.expect("opens");
    next_status(&mut app.watch(), ended).await;
    app.shut_down().await;
    tokio::task::block_in_place(|| lab.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_submitted_again_because_nobody_answered_is_one_job() {
    let lab = tokio::task::block_in_place(Lab::new);
    let desk = lab.computer("desk");
    desk.join(&lab.invite("member", "amick"));
    let app = App::for_window(desk.options()).await.expect("opens");
    next_status(&mut app.watch(), |status| status.lab == "Talmo Lab" && status.offline.is_none()).await;
    let draft = |name: &str| Draft {
        kind: "slp-check".to_owned(),
        dataset: Some("vast:amick/maze/labels.slp".to_owned()),
        name: name.to_owned(),
        ..Draft::default()
    };
    let hub = |signal| lab.hub.borrow().as_ref().expect("runs").signal(signal);
    hub(Signal::STOP);
    let unanswered = app.submit(draft("maze")).await.expect_err("nobody answers");
    assert_eq!(unanswered.code, ErrorCode::FleetUnreachable, "{unanswered:?}");
    hub(Signal::CONT);
    let first = app.submit(draft("maze")).await.expect("answered");
    // It is another one from then on, and so is another draft.
    let second = app.submit(draft("maze")).await.expect("answered");
    let other = app.submit(draft("other")).await.expect("answered");
    app.shut_down().await;
    let jobs = tokio::task::block_in_place(|| desk.ask(&["jobs"]).good());
    let mut there: Vec<&str> = jobs.as_array().expect("jobs").iter().filter_map(|job| job["id"].as_str()).collect();
    there.sort_unstable();
    assert_eq!(there, [first.id, second.id, other.id]);
    tokio::task::block_in_place(|| lab.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_joins_adds_a_computer_and_leaves() {
    let lab = tokio::task::block_in_place(Lab::new);
    let (desk, laptop) = (lab.computer("desk"), lab.computer("laptop"));
    let worker = tokio::task::block_in_place(|| lab.invite("worker", "gpu-1"));
    let places = ["hub", "invite", "member", "amick", "--user-subdir", "amick"];
    let told = tokio::task::block_in_place(|| lab.home.ask(&places).good());
    let line = told["invitation"].as_str().expect("a line").to_owned();
    let app = App::for_window(desk.options()).await.expect("opens");
    for (text, part) in [("samepath:half", "not a whole invitation"), (worker.as_str(), "a worker of Talmo Lab")] {
        let refused = app.join_lab(text).await.expect_err("refused");
        assert!(refused.message.contains(part), "{refused:?}");
    }
    assert_eq!(app.add_computer().await.expect_err("on no lab").code.as_str(), "invalid_parameter");
    let read = app.read_invitation(&line).expect("read");
    assert_eq!((read.lab.as_str(), read.name.as_str(), read.server.as_str()), ("Talmo Lab", "amick", &*lab.listen));
    assert_eq!(read.places.as_deref(), Some("writes and reads in amick only"));
    let joined = app.join_lab(&line).await.expect("joins");
    assert_eq!((joined.lab.as_str(), joined.role.as_str()), ("Talmo Lab", "member"));
    assert_eq!(app.memberships().expect("read"), std::slice::from_ref(&joined));
    // The same computer runs jobs, too, once it is started as the worker that it was invited as.
    let refused = app.join_as_worker(&line).await.expect_err("a member's");
    assert!(refused.message.contains("for a person of Talmo Lab"), "{refused:?}");
    let runs = app.join_as_worker(&worker).await.expect("joins");
    assert_eq!((runs.name.as_str(), runs.role.as_str()), ("gpu-1", "worker"));
    assert_eq!(app.memberships().expect("read"), [joined, runs]);
    app.shut_down().await;
    // Started again it is in the lab, and invites the person's other computer, to the same places.
    let app = App::for_window(desk.options()).await.expect("opens");
    next_status(&mut app.watch(), |status| status.lab == "Talmo Lab" && status.offline.is_none()).await;
    let added = app.add_computer().await.expect("invited");
    assert_eq!((added.name.as_str(), added.places.as_deref()), ("amick", Some("writes and reads in amick only")));
    let told = tokio::task::block_in_place(|| laptop.join(&added.line));
    assert_eq!(told["name"], "amick");
    let members = tokio::task::block_in_place(|| lab.home.ask(&["hub", "members"]).good());
    let joined: Vec<&Value> =
        members.as_array().expect("members").iter().filter(|it| it["state"] == "joined").collect();
    assert_eq!(joined.len(), 2, "{members:#}");
    assert!(joined.iter().all(|it| it["places"]["user_subdir"] == "amick"), "{members:#}");
    tokio::task::block_in_place(|| laptop.ask(&["join", &added.line]).fails("already_exists"));
    // There is an end to it.
    let mut more = 2;
    let refused = loop {
        match app.add_computer().await {
            Ok(_) => more += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(more, 16);
    assert!(refused.message.contains("16 at most"), "{refused:?}");
    app.leave_lab().await.expect("left");
    app.shut_down().await;
    let app = App::for_window(desk.options()).await.expect("opens");
    next_status(&mut app.watch(), |status| status.lab == "This computer").await;
    assert_eq!(app.memberships().expect("read"), []);
    app.shut_down().await;
    // Who left is on no list any more; who revokes the name puts out all others.
    let gone = tokio::task::block_in_place(|| lab.home.ask(&["hub", "revoke", "amick"]).good());
    assert_eq!((&gone["computers"], &gone["invitations"]), (&json!(1), &json!(14)));
    tokio::task::block_in_place(|| laptop.ask(&["jobs"]).fails("fleet_unreachable"));
    tokio::task::block_in_place(|| lab.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_who_looks_after_the_lab_drains_a_worker_puts_it_out_and_sees_its_computers() {
    let lab = tokio::task::block_in_place(Lab::new);
    let (desk, gpu) = (lab.computer("desk"), lab.computer("gpu-1"));
    let worker = tokio::task::block_in_place(|| {
        let told = lab.home.ask(&["hub", "invite", "member", "nina", "--admin"]).good();
        desk.join(told["invitation"].as_str().expect("a line"));
        gpu.join(&lab.invite("worker", "gpu-1"));
        let members = lab.home.ask(&["hub", "members"]).good();
        assert_eq!((&members[0]["name"], &members[0]["admin"]), (&json!("nina"), &json!(true)), "{members:#}");
        lab.home.ask(&["hub", "storage", "set", "tapes", "--description", "Tapes", "--linux", "tapes01:/all"]).good();
        gpu.worker()
    });
    let app = App::for_window(desk.options()).await.expect("opens");
    let mut updates = app.watch();
    let status = next_status(&mut updates, |status| status.offline.is_none()).await;
    assert!(status.admin && status.lab == "Talmo Lab", "{status:?}");
    let mut next = async |is: fn(&WorkerView) -> bool| next_worker(&mut updates, is).await;
    let online = next(|worker| !worker.draining).await;
    assert_eq!(app.drain(&online.id, true).await.expect("drained"), 0);
    let drained = next(|worker| worker.draining).await;
    assert_eq!(drained.state, "takes no new jobs");
    app.drain(&online.id, false).await.expect("taken back");
    next(|worker| !worker.draining).await;
    // What the administrator says of a storage that no worker has.
    let around = app.look_around().await.expect("looked");
    let tapes = around.missing.iter().find(|it| it.name == "tapes").expect("told of");
    assert_eq!((tapes.description.as_deref(), tapes.mount.as_deref()), (Some("Tapes"), Some("tapes01:/all")));
    let computers = app.computers().await.expect("told");
    let name = desk.options().environment.computer;
    let told: Vec<_> = computers.iter().map(|it| (it.name.clone(), it.own)).collect();
    assert_eq!(told, [(name, true)]);
    app.remove_worker("gpu-1").await.expect("put out");
    assert_eq!(app.remove_worker("gpu-1").await.expect_err("it is out").code.as_str(), "no_worker");
    let gone = async { while !matches!(updates.next().await, Some(Update::WorkerGone(_)) | None) {} };
    tokio::time::timeout(common::DEADLINE, gone).await.expect("in time");
    app.shut_down().await;
    drop(worker);
    tokio::task::block_in_place(|| lab.stop());
}

async fn next_worker(updates: &mut Updates, is: fn(&WorkerView) -> bool) -> WorkerView {
    tokio::time::timeout(common::DEADLINE, async {
        loop {
            if let Some(Update::Worker(worker)) = updates.next().await
                && is(&worker)
            {
                return worker;
            }
        }
    })
    .await
    .expect("in time")
}

async fn next_status(updates: &mut Updates, is: impl Fn(&StatusView) -> bool) -> StatusView {
    tokio::time::timeout(common::DEADLINE, async {
        loop {
            if let Some(Update::Status(status)) = updates.next().await
                && is(&status)
            {
                return status;
            }
        }
    })
    .await
    .expect("in time")
}

#[test]
fn workers_of_one_home_join_at_once_as_under_slurm() {
    let lab = Lab::new();
    let node = lab.computer("node");
    let told = lab.home.ask(&["hub", "invite", "worker", "slurm", "--uses", "4"]).good();
    let invitation = told["invitation"].as_str().expect("a line");
    let task = |number: usize| {
        let mut join = node.command(&["join", invitation]);
        Process::start(join.env("SAMEPATH_DATA", lab.home.path(&format!("node/data/{number}"))))
    };
    let mut names: Vec<String> = (0..4)
        .map(task)
        .collect::<Vec<_>>()
        .iter_mut()
        .map(|join| join.wait().good()["name"].as_str().expect("a name").to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
    lab.stop();
}
