//! A lab's hub as its administrator meets it: one that is not there, one too many, what it lists, and what it tells members.
#![cfg(target_os = "linux")]

mod common;

use common::lab::Lab;
use common::{Home, until};
use rustix::process::Signal;
use samepath_testkit::nats_server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn message(told: &Value) -> &str {
    told["error"]["message"].as_str().expect("a message")
}

#[test]
fn a_hub_that_does_not_run_is_told_soon_with_its_address() {
    let lab = Lab::new();
    let line = lab.invite("member", "amick");
    lab.stop();
    let began = Instant::now();
    let told = lab.home.ask(&["hub", "members"]).fails("fleet_unreachable");
    // The fifteen seconds of old are not waited for.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(
        message(&told),
        format!("the hub of Talmo Lab does not answer at {}: nothing listens there", lab.listen)
    );
    assert!(told["error"]["hint"].to_string().contains("samepath hub --dir"), "{told:#}");
    let told = lab.computer("desk").ask(&["join", &line]).fails("fleet_unreachable");
    assert_eq!(message(&told), format!("Talmo Lab does not answer ({}): nothing listens there.", lab.listen));
}

#[test]
fn a_port_that_is_taken_is_told_as_that_and_by_whom() {
    let server = nats_server().display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("its address").to_string();
    let home = Home::bare();
    let told = home.ask(&["hub", "--listen", &listen, "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains(&format!("(process {}) listens at {listen}", std::process::id())), "{told:#}");
    let hint = told["error"]["hint"].to_string();
    let again = format!("samepath hub --dir {} --listen", home.text("data/hub"));
    assert!(hint.contains("another hub") && hint.contains(&again), "{told:#}");
    // Another lab's server is a stranger's, too.
    let lab = Lab::new();
    let told = home.ask(&["hub", "--listen", &lab.listen, "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("nats-server (process "), "{told:#}");
    lab.stop();
}

#[test]
fn a_hub_that_waits_changes_nothing_and_takes_over_without_a_word() {
    let lab = Lab::new();
    let server = nats_server().display().to_string();
    let kept = || fs_err::read_to_string(lab.home.path("data/hub/hub.json")).expect("kept");
    let before = kept();
    let told = lab.home.ask(&["hub", "--address", "elsewhere:1", "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("another --address"), "{told:#}");
    let mut second = lab.home.start(&["--json", "hub", "--nats-server", &server]);
    let told: Value = second.until(|line| serde_json::from_str(line).ok());
    assert_eq!(told["leads"], false, "{told:#}");
    assert_eq!(kept(), before);
    lab.stop();
    second.until(|line| line.contains(r#""leads":true"#).then_some(()));
    until(|| match lab.home.ask(&["hub", "members"]) {
        told if told.status == Some(0) => Ok(()),
        told => Err(format!("{told:?}")),
    });
    second.signal(Signal::TERM);
    let ended = second.wait();
    assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""));
    // What is not running may be changed.
    let mut moved = lab.home.start(&["--json", "hub", "--address", "elsewhere:1", "--nats-server", &server]);
    let told: Value = moved.until(|line| serde_json::from_str(line).ok());
    assert_eq!(told["address"], "elsewhere:1");
    moved.signal(Signal::TERM);
    moved.wait();
}

#[test]
fn just_after_a_takeover_workers_are_said_to_be_on_their_way() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let worker = gpu.worker();
    // It cannot come back.
    worker.signal(Signal::STOP);
    lab.stop();
    lab.start();
    let id = desk.ask(&["submit", "--detach", "waits"]).good()["id"].as_str().expect("an id").to_owned();
    let job = desk.ask(&["jobs", &id]).good();
    assert_eq!(
        job["waiting_for"],
        json!(["The lab's server has just begun: its workers may not be back yet."]),
        "{job:#}"
    );
    desk.job_until(&id, |job| job["waiting_for"] == json!(["No worker is online."]));
    worker.signal(Signal::CONT);
    drop(worker);
    lab.stop();
}

#[test]
fn a_storage_is_told_of_by_addresses_of_shares_and_taken_off_the_list() {
    let lab = Lab::new();
    let set = |more: &[&str]| lab.home.ask(&[&["hub", "storage", "set", "vast"], more].concat());
    for (option, bad) in [("--mac", "javascript:alert(1)"), ("--linux", "file:///etc"), ("--windows", "http://x/y")] {
        let told = set(&[option, bad]).fails("invalid_parameter");
        assert!(message(&told).contains(bad) && told["error"]["hint"].to_string().contains("smb://"), "{told:#}");
    }
    let list = || lab.home.ask(&["hub", "storage", "list"]).good();
    assert_eq!(list(), json!({}));
    set(&["--mac", "smb://vast01/talmo", "--linux", "vast01:/talmo"]).good();
    assert_eq!(list(), json!({ "vast": { "mac": "smb://vast01/talmo", "linux": "vast01:/talmo" } }));
    assert_eq!(set(&["--mac", "", "--linux", ""]).good()["storage"], json!({}));
    assert_eq!(list(), json!({}));
    let told = set(&[]).fails("usage");
    assert!(message(&told).ends_with("Nothing changed."), "{told:#}");
    lab.home.ask(&["hub", "storage", "set", "v", "--description", "A drive"]).fails("invalid_parameter");
    set(&["--description", "Tapes", "--help-text", "VPN first"]).good();
    assert!(lab.home.run(["hub", "storage", "list"]).out.contains("VPN first"));
    let told = lab.home.ask(&["hub", "storage", "remove", "vast"]).good();
    assert_eq!(told, json!({ "removed": "vast", "changed": true }));
    assert_eq!(list(), json!({}));
    assert_eq!(lab.home.ask(&["hub", "storage", "remove", "vast"]).good()["changed"], false);
    lab.stop();
}

#[test]
fn who_has_left_is_listed_no_more_and_since_when_others_are_there_is_a_time() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let shown = lab.home.command(["hub", "members"]).output().expect("runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    let row = shown.lines().find(|line| line.starts_with("amick")).expect("a row");
    assert!(row.matches("joined").count() == 1 && !row.contains('Z') && !row.contains("since"), "{shown}");
    for (computer, list) in [(&desk, "members"), (&gpu, "workers")] {
        assert_eq!(lab.home.ask(&["hub", list]).good().as_array().map(Vec::len), Some(1));
        assert_eq!(computer.ask(&["leave"]).good()["untold"], json!([]));
        assert_eq!(lab.home.ask(&["hub", list]).good(), json!([]));
    }
    // Without its hub it is left as well, and that is said.
    desk.join(&lab.invite("member", "amick"));
    lab.stop();
    assert_eq!(desk.ask(&["leave"]).good()["untold"], json!(["Talmo Lab"]));
}

#[test]
fn a_member_who_has_many_jobs_waiting_is_told_so_and_the_bound_is_kept() {
    let lab = Lab::with(&["--waiting", "2"]);
    let (desk, _) = lab.joined();
    let submit = || desk.ask(&["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp"]);
    submit().good();
    lab.stop();
    // What was said once is kept, and of a hub that runs it is not changed.
    lab.options.set(&[]);
    lab.start();
    submit().good();
    let told = submit().fails("invalid_parameter");
    assert_eq!(
        message(&told),
        "2 jobs of amick wait already, and the lab lets 2 of one person wait: submit it when some have run, or stop some of them"
    );
    let server = nats_server().display().to_string();
    let told = lab.home.ask(&["hub", "--waiting", "3", "--nats-server", &server]).fails("already_exists");
    assert!(message(&told).contains("another --waiting"), "{told:#}");
    let told = lab.home.ask(&["hub", "--waiting", "0"]).fails("usage");
    assert!(message(&told).contains("a whole number, 1 to "), "{told:#}");
    lab.stop();
    lab.options.set(&["--waiting", "3"]);
    lab.start();
    submit().good();
    lab.stop();
}

#[test]
fn a_server_of_somebody_else_is_kept_once_it_worked_and_a_hub_returns_to_its_own() {
    let lab = Lab::new();
    let server = nats_server().display().to_string();
    let nowhere = ["hub", "--server", "127.0.0.1:1"];
    let kept = || {
        ["hub.json", "certificate.pem"]
            .map(|name| fs_err::read_to_string(lab.home.path("data/hub").join(name)).expect("kept"))
    };
    let before = kept();
    lab.home.ask(&["hub", "--dir", "other", "configuration"]);
    let other = lab.home.text("other/certificate.pem");
    for words in [&nowhere[..], &[&nowhere[..], &["--certificate", &other]].concat()] {
        let told = lab.home.ask(words).fails("already_exists");
        assert!(message(&told).contains("another --server"), "{told:#}");
    }
    let unread = lab.home.text("storage/amick/maze/train.yaml");
    let told = lab.home.ask(&[&nowhere[..], &["--certificate", &unread]].concat()).fails("io");
    assert!(message(&told).starts_with("cannot read the certificate "), "{told:#}");
    assert_eq!(kept(), before);
    lab.invite("member", "amick");

    // A second hub elsewhere, on the server of the first; and back.
    for name in ["hub.json", "certificate.pem"] {
        fs_err::create_dir_all(lab.home.path("elsewhere")).expect("a folder");
        fs_err::copy(lab.home.path("data/hub").join(name), lab.home.path("elsewhere").join(name)).expect("copied");
    }
    let elsewhere = ["--json", "hub", "--dir", "elsewhere", "--nats-server", &server];
    let mut second = lab.home.start(&[&elsewhere[..], &["--server", &lab.listen]].concat());
    let told: Value = second.until(|line| serde_json::from_str(line).ok());
    assert_eq!((&told["address"], &told["leads"]), (&json!(lab.listen), &json!(false)));
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port").to_string();
    let own = [&elsewhere[..], &["--listen", &free]].concat();
    lab.home.ask(&own[1..]).fails("already_exists");
    second.signal(Signal::TERM);
    second.wait();
    let mut own = lab.home.start(&own);
    let told: Value = own.until(|line| serde_json::from_str(line).ok());
    assert_eq!((&told["address"], &told["left_server"]), (&json!(free), &json!(lab.listen)));
    own.signal(Signal::TERM);
    own.wait();

    lab.stop();
    let told = lab.home.ask(&[&nowhere[..], &["--certificate", &other]].concat()).fails("fleet_unreachable");
    assert!(told["error"]["hint"].to_string().contains("--listen 0.0.0.0:4222"), "{told:#}");
    assert_eq!(kept(), before);
    lab.start();
    lab.invite("member", "amick");
    lab.stop();
}

#[test]
fn what_is_no_hub_s_folder_or_no_address_is_refused_before_anything_changes() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::bare();
    let storage = home.path("storage");
    let mode = || fs_err::metadata(&storage).expect("a folder").permissions().mode();
    let before = mode();
    let told = home.ask(&["hub", "--dir", "storage"]).fails("already_exists");
    assert!(message(&told).contains("is no hub's folder"), "{told:#}");
    assert_eq!(mode(), before);
    let told = home.ask(&["hub", "--dir", "storage/amick/maze/train.yaml"]).fails("io");
    let hint = told["error"]["hint"].to_string();
    assert!(hint.contains("--dir DIR") && !hint.contains("SAMEPATH_DATA"), "{told:#}");
    for wrong in [["--address", "hub lab:4222"], ["--address", "hub.lab.example"], ["--server", ""], ["--name", ""]] {
        let told = home.ask(&["hub", "--dir", "new", wrong[0], wrong[1]]).fails("invalid_parameter");
        assert!(told["error"]["hint"].to_string().contains(wrong[0]), "{told:#}");
    }
    for hours in ["0", "0.0005"] {
        let told = home.ask(&["hub", "invite", "member", "amick", "--hours", hours]).fails("usage");
        assert!(message(&told).contains("a whole number of hours, 1 to "), "{told:#}");
    }
    assert!(!home.path("new").exists() && !home.path("data/hub").exists());
    let told = home.ask(&["hub", "--dir", "new", "--nats-server", "/bin/true"]).fails("fleet_unreachable");
    assert_eq!(message(&told), "/bin/true is not nats-server");
    let lines = home.run(["hub", "configuration", "--dir", "own"]);
    assert!(lines.status == Some(0) && lines.out.contains("auth_callout"), "{lines:?}");
    assert_eq!(home.run(["hub", "configuration", "--dir", "own"]).out, lines.out);
}

#[test]
fn an_invitation_is_listed_with_what_it_is_for() {
    let lab = Lab::new();
    for words in [
        &["member", "nina", "--admin"][..],
        &["member", "eve", "--user-subdir", "eve", "--jobs", "2"],
        &["worker", "gpu", "--uses", "8"],
    ] {
        lab.home.ask(&[&["hub", "invite"], words].concat()).good();
    }
    let shown = lab.home.run(["hub", "members"]).out;
    for words in ["; writes and reads in eve only; 2 jobs at a time", "; looks after the workers"] {
        assert!(shown.contains(words), "{shown}");
    }
    assert!(lab.home.run(["hub", "workers"]).out.contains(", on 8 more computers"));
    let told = lab.home.ask(&["hub", "members"]).good();
    assert_eq!((&told[0]["places"]["user_subdir"], &told[0]["jobs"]), (&json!("eve"), &json!(2)), "{told:#}");
    assert_eq!(told[1]["admin"], true, "{told:#}");
    lab.stop();
}

#[test]
fn what_one_may_not_do_is_told_in_words_and_a_worker_that_goes_with_others_is_not_put_out_by_its_name() {
    let lab = Lab::new();
    let (desk, gpu) = lab.joined();
    let told = gpu.ask(&["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp"]).fails("invalid_parameter");
    assert!(
        message(&told).contains("joined as the worker gpu-1; to submit, join with a member's invitation"),
        "{told:#}"
    );
    let worker = gpu.worker_with(&["--gpus", "0,1"]);
    let told = desk.ask(&["workers", "drain", "gpu-1-gpu0"]).fails("invalid_parameter");
    assert!(message(&told).starts_with("only an administrator of the lab may stop "), "{told:#}");
    let admin = lab.computer("laptop");
    let invited = lab.home.ask(&["hub", "invite", "member", "nina", "--admin"]).good();
    let invitation = invited["invitation"].as_str().expect("a line");
    admin.join(invitation);
    until(|| match admin.ask(&["workers"]).good() {
        told if told.as_array().is_some_and(|workers| workers.len() == 2) => Ok(()),
        told => Err(format!("{told:#}")),
    });
    let told = admin.ask(&["workers", "remove", "gpu-1-gpu1"]).fails("invalid_parameter");
    assert!(message(&told).contains("one of 2 workers of the computer gpu-1"), "{told:#}");
    assert_eq!(lab.home.ask(&["hub", "workers"]).good()[0]["online"], true);
    until(|| match admin.ask(&["workers", "drain", "gpu-1-gpu1"]) {
        told if told.status == Some(0) => Ok(()),
        told => Err(format!("{told:?}")),
    });
    admin.ask(&["workers", "remove", "gpu-1"]).good();
    assert_eq!(lab.home.ask(&["hub", "workers"]).good(), json!([]));
    // Of an invitation that was used a person may have another computer, and a worker's computer needs one of its own.
    let again = lab.computer("tablet").ask(&["join", invitation]);
    assert!(again.out.contains("Settings, Add a computer"), "{again:?}");
    let invitation = lab.invite("worker", "gpu-2");
    lab.computer("gpu-2").join(&invitation);
    let again = lab.computer("gpu-3").ask(&["join", &invitation]);
    assert!(again.out.contains("hub invite worker NAME") && !again.out.contains("Settings"), "{again:?}");
    drop(worker);
    lab.stop();
}
