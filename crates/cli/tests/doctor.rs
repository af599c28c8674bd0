//! `samepath doctor`: what is wrong is found, named with its mend, and told by the exit status.
#![cfg(target_os = "linux")]

mod common;

use common::{Answer, Home, run, until};
use samepath_testkit::{FuseMount, Trouble};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The answer, with its exit status.
fn examine(home: &Home, more: &[&str]) -> (Vec<Value>, Option<i32>) {
    let answer = home.ask(&[&["doctor"], more].concat());
    answer.sane();
    let told: Value = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    (told["findings"].as_array().expect("findings").clone(), answer.status)
}

/// Those that say something like this.
fn saying<'f>(findings: &'f [Value], area: &str, text: &str) -> Vec<&'f Value> {
    let is = |it: &&Value| it["area"] == area && it["found"].as_str().is_some_and(|found| found.contains(text));
    findings.iter().filter(is).collect()
}

#[track_caller]
fn one<'f>(findings: &'f [Value], area: &str, text: &str, state: &str) -> &'f Value {
    let found = saying(findings, area, text);
    assert_eq!(found.len(), 1, "{area}: {text}: {findings:#?}");
    assert_eq!(found[0]["state"], state, "{:#}", found[0]);
    assert!(state == "good" || found[0]["mend"].is_string(), "{:#} has no mend", found[0]);
    found[0]
}

#[test]
fn a_computer_on_which_nothing_is_wrong() {
    let home = Home::new();
    let (findings, status) = examine(&home, &[]);
    one(&findings, "configuration", "config.toml, 1 storage", "good");
    one(&findings, "storage", "ready at", "good");
    one(&findings, "storage", "your folder vast:amick can be read and written", "good");
    one(&findings, "job types", "slp-check", "good");
    one(&findings, "workers", "no Samepath program runs on this computer", "note");
    assert_eq!(saying(&findings, "GPU", "").len(), 1);
    assert_eq!(saying(&findings, "disk", "free").len(), 1);
    assert!(findings.iter().all(|it| it["state"] != "wrong"), "{findings:#?}");
    assert_eq!(status, Some(0));
    let keys: Vec<&String> = findings[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["area", "state", "what", "found", "mend", "code"]);
    assert_eq!(home.files("storage/amick"), Home::new().files("storage/amick"), "nothing stays behind");
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let home = Home::bare();
    let before = (home.files("home"), home.files("data"));
    let (findings, status) = examine(&home, &[]);
    one(&findings, "configuration", "is not there yet", "note");
    one(&findings, "storage", "none is configured", "note");
    assert_eq!(status, Some(0));
    assert_eq!((home.files("home"), home.files("data")), before);
}

#[test]
fn a_program_that_the_configuration_names_is_shown_and_a_bad_one_is_wrong() {
    let home = Home::new();
    let plain = fs_err::read_to_string(home.config()).expect("a configuration");
    let program = home.path("sleap-nn");
    let with = |value: &str| home.configure(&format!("{plain}\n[samepath.programs]\nsleap-nn = {}\n", json!(value)));
    let named = program.to_str().expect("text");

    with(named);
    let (findings, status) = examine(&home, &[]);
    // Once, though two job types run it.
    let gone = "which is not there, or may not be run; needed by sleap-predict, sleap-train";
    let told = one(&findings, "programs", gone, "wrong");
    assert_eq!((told["what"].as_str(), told["code"].as_str()), (Some("sleap-nn"), Some("config_invalid")));
    assert_eq!(status, Some(3));

    fs_err::write(&program, "#!/bin/sh\n").expect("a program");
    fs_err::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a mode");
    let (findings, status) = examine(&home, &[]);
    assert_eq!(saying(&findings, "programs", &format!("{named}, as configured")).len(), 2, "{findings:#?}");
    assert_eq!(status, Some(0));

    with("sleap-nn");
    let (findings, status) = examine(&home, &[]);
    one(&findings, "configuration", "`samepath.programs.sleap-nn` is `sleap-nn`, which is not the whole path", "wrong");
    one(&findings, "programs", "is not configured well: ", "note");
    assert_eq!(status, Some(3));
}

#[test]
fn everything_that_is_wrong_with_a_configuration_is_named_at_once() {
    let home = Home::bare();
    home.configure(&format!(
        "[storage.vast]\nbase_path = {vast}\nuser-subdir = 'amick'\n\n[storage.gdrive]\ntype = 'nfs'\n\n\
         [storage.again]\nbase_path = {vast}\n\n[storage.gone]\nbase_path = '/nowhere/gone'\n\n[samepath]\ncomputer = 1\n",
        vast = json!(home.path("mnt/vast"))
    ));
    fs_err::set_permissions(home.config(), PermissionsExt::from_mode(0o666)).expect("a mode");
    let mut command = home.command(["--json", "doctor"]);
    let answer: Answer = run(command.env("SHARED_STORAGE_ROOT", "/mnt/other"));
    let told: Value = serde_json::from_str(&answer.out).expect("JSON");
    let findings = told["findings"].as_array().expect("findings").clone();
    one(&findings, "configuration", "SHARED_STORAGE_ROOT (/mnt/other) is ignored", "note");
    one(&findings, "configuration", "can be written by everybody", "note");
    let broken = one(&findings, "configuration", "`storage.gdrive.base_path` is missing", "wrong");
    assert_eq!((broken["what"].as_str(), broken["code"].as_str()), (Some("gdrive"), Some("config_invalid")));
    let typo = one(&findings, "configuration", "`storage.vast.user-subdir` is not read", "note");
    assert!(typo["mend"].as_str().is_some_and(|mend| mend.contains("`user_subdir`")), "{typo:#}");
    one(&findings, "configuration", "`samepath.computer` is not read", "note");
    let gone = one(&findings, "storage", "There is no folder /nowhere/gone", "wrong");
    assert!(gone["mend"].as_str().is_some_and(|mend| mend.contains("samepath storage set gone")), "{gone:#}");
    assert!(!saying(&findings, "storage", "again").is_empty(), "two storages at one place: {findings:#?}");
    assert_eq!(answer.status, Some(3), "the configuration comes first");
}

#[test]
fn a_file_that_is_no_configuration_hides_nothing_else() {
    let home = Home::bare();
    home.configure("[storage.vast\n");
    let (findings, status) = examine(&home, &[]);
    let wrong = one(&findings, "configuration", "line 1", "wrong");
    assert_eq!(wrong["code"], "config_invalid");
    assert_eq!(saying(&findings, "GPU", "").len(), 1);
    assert_eq!(status, Some(3));
}

#[test]
fn the_table_of_a_file_in_the_current_folder_is_named_as_ignored() {
    let home = Home::bare();
    home.write("sleap-rtc.toml", "[samepath.computers.x.storage.vast]\nbase_path = '/x'\n");
    let (findings, _) = examine(&home, &[]);
    one(&findings, "configuration", "sleap-rtc.toml, line 1: `samepath` is ignored", "note");
}

#[test]
fn a_dead_storage_is_named_and_waited_for_no_longer_than_its_deadline() {
    let home = Home::bare();
    let mount = FuseMount::new(&[("amick/x", "")]);
    home.configure(&format!(
        "[storage.dead]\nbase_path = {}\nuser_subdir = 'amick'\n\n[storage.vast]\nbase_path = {}\n",
        json!(mount.path()),
        json!(home.path("mnt/vast"))
    ));
    mount.stop();
    let start = Instant::now();
    let (findings, status) = examine(&home, &[]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let dead = one(&findings, "storage", "does not answer", "wrong");
    assert_eq!((dead["what"].as_str(), dead["code"].as_str()), (Some("dead"), Some("backend_unavailable")));
    one(&findings, "storage", "ready at", "good");
    assert_eq!(status, Some(6));
}

#[test]
fn a_refused_job_type_is_named_with_its_place_and_a_missing_program_is_no_fault() {
    let home = Home::new();
    home.write("kinds/broken.yaml", "specificationVersion: jobtemplate-2023-09\nname: broken\nsteps: 7\n");
    let template = json!({
        "specificationVersion": "jobtemplate-2023-09",
        "name": "elsewhere",
        "steps": [{ "name": "s", "script": { "actions": { "onRun": { "command": "no-such-program-here" } } } }],
    });
    home.write("kinds/elsewhere.json", template.to_string());
    let (findings, status) = examine(&home, &["--kinds", &home.text("kinds")]);
    let refused: Vec<&Value> = findings.iter().filter(|it| it["what"] == "broken.yaml").collect();
    assert_eq!(refused.len(), 1, "{findings:#?}");
    assert_eq!((refused[0]["state"].as_str(), refused[0]["code"].as_str()), (Some("wrong"), Some("config_invalid")));
    let missing = one(&findings, "programs", "needed by elsewhere", "note");
    assert_eq!(missing["what"], "no-such-program-here");
    assert_eq!(status, Some(3));
    // The folder that every worker looks into is looked into here.
    home.write("data/kinds/own.yaml", "steps: 7\n");
    let (findings, _) = examine(&home, &[]);
    assert!(findings.iter().any(|it| it["what"] == "own.yaml" && it["state"] == "wrong"), "{findings:#?}");
}

#[test]
fn the_workers_of_this_computer_are_named_with_what_they_lack() {
    let home = Home::new();
    let _worker = home.worker("gpu-1");
    let (findings, status) = examine(&home, &[]);
    one(&findings, "workers", "held by another Samepath program of yours", "good");
    let worker = one(&findings, "workers", "has vast; runs", "good");
    assert_eq!(worker["what"], "gpu-1");
    assert_eq!(status, Some(0));
}

#[test]
fn a_folder_of_ones_own_that_is_not_there_is_a_note() {
    let home = Home::bare();
    home.configure(&format!("[storage.vast]\nbase_path = {}\nuser_subdir = 'nobody'\n", json!(home.path("mnt/vast"))));
    let (findings, status) = examine(&home, &[]);
    one(&findings, "storage", "your folder vast:nobody is not there", "note");
    assert_eq!(status, Some(0));
}

#[test]
fn the_report_is_text_without_home_folder_or_environment() {
    let home = Home::new();
    home.configure(&format!(
        "[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n\n[storage.gone]\nbase_path = \"/home/tom/gone\"\n",
        json!(home.path("mnt/vast"))
    ));
    let computer = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut command = home.command(["doctor", "--report"]);
    let answer = run(command.env("SECRET_OF_MINE", "hush-hush"));
    assert_eq!(answer.status, Some(6), "{answer:?}");
    assert!(answer.out.contains("/home/USER/gone"), "{}", answer.out);
    for name in ["amick", "tom", &computer] {
        let word = answer.out.split(|it: char| !it.is_alphanumeric() && !"-_.".contains(it)).find(|word| *word == name);
        assert_eq!(word, None, "{}", answer.out);
    }
    assert!(answer.out.starts_with("Samepath ") && answer.out.contains("~/.sleap-rtc/config.toml"), "{}", answer.out);
    for secret in [home.text("home"), "hush-hush".to_owned(), "SECRET_OF_MINE".to_owned(), "\u{1b}".to_owned()] {
        assert!(!answer.out.contains(&secret), "{secret}: {}", answer.out);
    }
    let shown = home.run(["doctor"]);
    assert!(shown.out.contains("✓ vast: ready at") && shown.out.contains("1 wrong"), "{}", shown.out);
}

#[test]
fn a_driver_that_hangs_or_fails_is_told_and_waited_for_no_longer_than_its_deadline() {
    for (script, state, said) in [
        ("echo 'NVIDIA A40, 46068 MiB, 550.54'", None, "NVIDIA A40"),
        ("echo 'Driver/library version mismatch'; exit 18", Some("note"), "version mismatch"),
        ("exec sleep 600", Some("note"), "did not answer within 8 s"),
    ] {
        let home = Home::new();
        let driver = home.write("bin/nvidia-smi", format!("#!/bin/sh\n{script}\n"));
        fs_err::set_permissions(&driver, PermissionsExt::from_mode(0o755)).expect("a mode");
        let mut command = home.command(["--json", "doctor"]);
        let start = Instant::now();
        let answer = run(command.env("PATH", format!("{}:/usr/bin:/bin", home.text("bin"))));
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        let findings = answer.json()["findings"].as_array().expect("findings").clone();
        let gpu = saying(&findings, "GPU", said);
        assert_eq!(gpu.len(), 1, "{script}: {findings:#?}");
        assert!(state.is_none_or(|state| gpu[0]["state"] == state && gpu[0]["mend"].is_string()), "{:#}", gpu[0]);
        assert_eq!(answer.status, Some(0), "a GPU is not needed for everything");
    }
}

/// As [`one`], whose mend says this as well.
#[track_caller]
fn mended(findings: &[Value], area: &str, text: &str, state: &str, mend: &str) {
    let found = one(findings, area, text, state);
    assert!(found["mend"].as_str().is_some_and(|said| said.contains(mend)), "{found:#}");
}

#[test]
fn a_configuration_that_is_somebody_elses_or_being_written_is_told() {
    let home = Home::new();
    let lock = fs_err::File::create(home.config().with_file_name(".config.toml.lock")).expect("a lock");
    lock.file().lock().expect("locked");
    let (findings, status) = examine(&home, &[]);
    mended(&findings, "configuration", "is being written by another program", "note", "end the other Samepath program");
    assert_eq!(status, Some(0));
    drop(lock);
    if std::os::unix::fs::chown(home.config(), Some(12345), None).is_err() {
        println!("not asserted: only root may give a file to somebody else");
        return;
    }
    let (findings, _) = examine(&home, &[]);
    mended(&findings, "configuration", "belongs to somebody else", "note", "--config");
    assert!(saying(&findings, "configuration", "is being written").is_empty(), "{findings:#?}");
}

#[test]
fn a_storage_without_a_folder_of_ones_own_says_what_was_not_tried() {
    let home = Home::bare();
    home.configure(&format!("[storage.vast]\nbase_path = {}\n", json!(home.path("mnt/vast"))));
    let (findings, status) = examine(&home, &[]);
    mended(&findings, "storage", "the storage's clock, were not tried", "note", "storage set vast --user-subdir");
    assert_eq!(status, Some(0));
}

#[test]
fn storages_and_folders_that_cannot_be_written_are_notes() {
    let shown = FuseMount::read_only(&[("amick/x", "x")]);
    let squashed = FuseMount::writable(&[("amick/x", "x")]);
    squashed.trouble(Some(Trouble::Denied));
    let home = Home::bare();
    let storage = |name: &str, at: &FuseMount| {
        format!("[storage.{name}]\nbase_path = {}\nuser_subdir = 'amick'\n\n", json!(at.path()))
    };
    home.configure(&[storage("shown", &shown), storage("squashed", &squashed)].concat());
    let (findings, status) = examine(&home, &[]);
    let of = |name: &str, text: &str, mend: &str| {
        let told: Vec<&Value> =
            saying(&findings, "storage", text).into_iter().filter(|it| it["what"] == name).collect();
        assert_eq!(told.len(), 1, "{name}: {text}: {findings:#?}");
        assert_eq!(told[0]["state"], "note", "{:#}", told[0]);
        assert!(told[0]["mend"].as_str().is_some_and(|said| said.contains(mend)), "{:#}", told[0]);
    };
    of("shown", "read-only", "Jobs whose results go elsewhere still run");
    of("squashed", "squashed:amick cannot be written by you", "ask for access");
    assert_eq!(status, Some(0));
}

#[test]
fn job_types_on_a_dead_storage_are_told_and_waited_for_no_longer_than_their_deadline() {
    let home = Home::new();
    let mount = FuseMount::new(&[("kinds/own.yaml", "steps: 7\n")]);
    mount.stop();
    let start = Instant::now();
    let kinds = mount.path().join("kinds").display().to_string();
    let (findings, status) = examine(&home, &["--kinds", &kinds]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    mended(&findings, "job types", "does not answer", "wrong", "--kinds");
    one(&findings, "storage", "ready at", "good");
    assert_eq!(status, Some(9));
}

#[test]
fn a_configuration_on_a_dead_disk_is_told_and_waited_for_no_longer_than_its_deadline() {
    let home = Home::new();
    let mount = FuseMount::new(&[(".sleap-rtc/config.toml", "")]);
    let file = mount.path().join(".sleap-rtc/config.toml").display().to_string();
    // As long as it answers it is read, and is a file like any other.
    let (findings, status) = examine(&home, &["--config", &file]);
    one(&findings, "configuration", "config.toml, 0 storages", "good");
    assert_eq!(status, Some(0), "{findings:#?}");
    mount.stop();
    // Named, or in a home folder that is a server's.
    for in_home in [false, true] {
        let start = Instant::now();
        let mut command = home.command(["--json", "doctor"]);
        if in_home {
            command.env("HOME", mount.path());
        } else {
            command.args(["--config", &file]);
        }
        let answer = run(&mut command);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        let findings = answer.json()["findings"].as_array().expect("findings").clone();
        mended(&findings, "configuration", "its disk does not answer", "wrong", "--config");
        assert_eq!(saying(&findings, "GPU", "").len(), 1, "{findings:#?}");
        assert_eq!(answer.status, Some(9));
    }
    let told = home.ask(&["--config", &file, "storage", "list"]).fails("io");
    assert!(told["error"]["message"].as_str().is_some_and(|told| told.contains("does not answer")), "{told:#}");
}

#[test]
fn a_search_path_that_leads_to_a_dead_disk_is_told_and_waited_for_no_longer_than_its_deadline() {
    let home = Home::new();
    let mount = FuseMount::new(&[("bin/samepath", "")]);
    mount.stop();
    let start = Instant::now();
    let mut command = home.command(["--json", "doctor"]);
    let answer = run(command.env("PATH", format!("{}:/usr/bin:/bin", mount.path().join("bin").display())));
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    let findings = answer.json()["findings"].as_array().expect("findings").clone();
    mended(&findings, "programs", "cannot be looked along", "note", "take that folder out of PATH");
    assert_eq!(saying(&findings, "GPU", "").len(), 1, "{findings:#?}");
}

#[test]
fn a_job_type_that_brings_its_script_and_a_program_that_is_there_twice_are_named() {
    let home = Home::new();
    let template = json!({
        "specificationVersion": "jobtemplate-2023-09",
        "name": "brings",
        "steps": [{ "name": "s", "script": {
            "embeddedFiles": [{ "name": "Run", "type": "TEXT", "runnable": true, "data": "#!/bin/sh\necho one\n" }],
            "actions": { "onRun": { "command": "{{Task.File.Run}}" } },
        } }],
    });
    home.write("kinds/brings.json", template.to_string());
    for folder in ["one", "two"] {
        home.write(&format!("{folder}/samepath"), "#!/bin/sh\n");
    }
    // The same by a link is no other.
    std::os::unix::fs::symlink(home.path("one"), home.path("three")).expect("a link");
    let folders = ["one", "three", "two"].map(|name| home.text(name)).join(":");
    let mut command = home.command(["--json", "doctor", "--kinds", &home.text("kinds")]);
    let answer = run(command.env("PATH", format!("{folders}:/usr/bin:/bin")));
    let findings = answer.json()["findings"].as_array().expect("findings").clone();
    one(&findings, "programs", "brings its own script Run", "good");
    let several = format!("is there several times: {}, {}", home.text("one/samepath"), home.text("two/samepath"));
    mended(&findings, "programs", &several, "note", "The first is the one that runs");
}

#[test]
fn a_queue_without_workers_and_a_record_that_cannot_be_read_are_told() {
    let home = Home::new();
    let _holder = home.start(&["--json", "workers", "--watch"]);
    let socket = home.path("data/fleet/socket");
    let mut guest = until(|| UnixStream::connect(&socket).map_err(|error| error.to_string()));
    let mut say = |header: &str, body: &str| {
        let size = |length: usize| u32::try_from(length).expect("short").to_le_bytes();
        let head = [size(4 + header.len() + body.len()), size(header.len())].concat();
        guest.write_all(&[&head, header.as_bytes(), body.as_bytes()].concat()).expect("written");
        let mut length = [0; 4];
        guest.read_exact(&mut length).expect("answered");
        let mut answer = vec![0; u32::from_le_bytes(length) as usize];
        guest.read_exact(&mut answer).expect("answered");
        String::from_utf8_lossy(&answer).into_owned()
    };
    say(r#"{"frame":"hello","version":2,"worker":null}"#, "");
    let (id, record) = ("0199c0de-0000-7000-8000-000000000001", r#"{"of":"a newer version"}"#);
    let write = format!(r#"{{"key":"jobs/{id}","size":{},"expect":"any","ttl_ms":null}}"#, record.len());
    let answer = say(&format!(r#"{{"frame":"call","id":1,"call":{{"call":"write","writes":[{write}]}}}}"#), record);
    assert!(answer.contains("revisions"), "{answer}");
    let (findings, status) = examine(&home, &[]);
    mended(&findings, "workers", id, "note", "Upgrade Samepath on this computer");
    mended(&findings, "workers", "none", "note", "samepath worker");
    assert_eq!(status, Some(0));
}

#[test]
fn a_queue_whose_holder_hangs_is_not_called_free() {
    let home = Home::new();
    let holder = home.start(&["--json", "workers", "--watch"]);
    until(|| if home.path("data/fleet/holder.socket").exists() { Ok(()) } else { Err("nobody holds".to_owned()) });
    holder.signal(rustix::process::Signal::STOP);
    let (findings, status) = examine(&home, &[]);
    mended(&findings, "workers", "holds it and does not answer", "wrong", "End that program");
    assert_eq!(status, Some(7));
}

#[test]
fn what_a_worker_lacks_is_told_with_where_to_see_to_it() {
    let home = Home::bare();
    home.configure(&format!(
        "[storage.vast]\nbase_path = {}\nuser_subdir = 'amick'\n\n[storage.gone]\nbase_path = '/nowhere/gone'\n",
        json!(home.path("mnt/vast"))
    ));
    let _worker = home.worker("gpu-1");
    let (findings, _) = examine(&home, &[]);
    mended(&findings, "workers", "its gone is ", "note", "samepath doctor");
    for kind in ["sleap-train", "sleap-predict"] {
        mended(&findings, "workers", &format!("cannot run {kind}: "), "note", "If it should, see to it on ");
    }
}
