//! Every command as a person or a script writes it: its answer, its failures, its exit status.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, run};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

const JOB: [&str; 32] = [
    "id",
    "name",
    "kind",
    "what",
    "state",
    "words",
    "stopping",
    "notice_seconds",
    "lost",
    "worker",
    "percent",
    "status",
    "starts_in",
    "starts",
    "waiting_for",
    "waits",
    "unserved",
    "submitted_by",
    "by",
    "submitted_at",
    "started_at",
    "ended_at",
    "confirmed",
    "attempts",
    "tries",
    "timeline",
    "failure",
    "trouble",
    "results",
    "outputs",
    "log_file",
    "settings",
];

#[test]
fn storages_are_added_changed_listed_and_removed() {
    let home = Home::bare();
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([]));
    let added = home.ask(&[
        "storage",
        "add",
        "vast",
        "mnt/vast",
        "--type",
        "nfs",
        "--user-subdir",
        "amick",
        "--description",
        "the lab's",
    ]);
    let wanted = json!({
        "name": "vast", "base_path": home.path("mnt/vast"), "type": "nfs", "description": "the lab's",
        "user_subdir": "amick", "subpath": "", "source": "config.toml, line 1", "moved_to": null, "error": null,
        "warnings": [],
    });
    assert_eq!(added.good(), wanted);
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([wanted]));
    home.ask(&["storage", "add", "vast", "mnt"]).fails("already_exists");
    home.ask(&["storage", "set", "nope", "--type", "x"]).fails("backend_not_found");
    home.ask(&["storage", "remove", "nope"]).fails("backend_not_found");
    home.ask(&["storage", "check", "nope"]).fails("backend_not_found");
    home.ask(&["storage", "add", "v", "mnt"]).fails("config_invalid");
    home.ask(&["storage", "add", "other", "mnt", "--user-subdir", "../x"]).fails("config_invalid");
    home.ask(&["storage", "add", "other", ""]).fails("invalid_parameter");
    let set = home.ask(&["storage", "set", "vast", "--type", "", "--subpath", "labs"]).good();
    assert_eq!((&set["type"], &set["subpath"]), (&Value::Null, &json!("labs")));
    assert_eq!(home.ask(&["storage", "remove", "vast"]).good(), json!({ "removed": "vast" }));
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([]));
}

#[test]
fn a_check_says_how_each_storage_is_and_ends_well() {
    let home = Home::new();
    home.ask(&["storage", "add", "gone", "/nowhere/at/all"]).good();
    let checked = home.ask(&["storage", "check"]).good();
    assert_eq!(
        keys(&checked[0]),
        [
            "name",
            "base_path",
            "type",
            "description",
            "user_subdir",
            "subpath",
            "source",
            "moved_to",
            "error",
            "warnings",
            "configured_in",
            "state",
            "free_bytes",
            "total_bytes",
            "latency_ms",
            "file_system",
            "id",
            "warning",
            "detail",
        ]
    );
    assert_eq!((&checked[0]["state"], &checked[1]["state"]), (&json!("ready"), &json!("missing")));
    assert!(checked[0]["free_bytes"].is_u64() && checked[0]["total_bytes"].is_u64(), "{checked:#}");
    assert!(checked[0]["latency_ms"].as_f64().is_some_and(|latency| latency < 3000.0));
    assert_eq!(home.ask(&["storage", "check", "gone"]).good().as_array().map(Vec::len), Some(1));
    let told = home.run(["storage", "check"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(told.out.contains("✓ ready") && told.out.contains("There is no folder /nowhere/at/all"), "{told:?}");
}

#[test]
fn a_broken_entry_hides_no_other() {
    let home = Home::bare();
    home.configure(&format!(
        "[storage.bad]\nbase_path = \"relative\"\n\n[storage.vast]\nbase_path = {}\n",
        json!(home.path("mnt/vast"))
    ));
    let listed = home.ask(&["storage", "list"]).good();
    assert_eq!(listed[0]["error"]["code"], "config_invalid");
    assert_eq!(listed[1]["error"], Value::Null);
    assert_eq!(home.ask(&["storage", "check"]).good()[1]["state"], "ready");
    home.ask(&["resolve", "vast:amick/maze"]).good();
    home.ask(&["resolve", "bad:x"]).fails("config_invalid");
    let told = home.ask(&["locate", "home"]).fails("not_in_any_backend");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("in bad, which cannot")), "{told:#}");
}

#[test]
fn a_data_folder_that_is_none_is_told_with_what_to_do() {
    let home = Home::new();
    home.write("file", "");
    let mut command = home.command(["--json", "jobs"]);
    let told = common::run(command.env("SAMEPATH_DATA", home.path("file"))).fails("io");
    let error = &told["error"];
    assert!(error["message"].as_str().is_some_and(|message| message.contains("member.json: ")), "{told:#}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("SAMEPATH_DATA=")), "{told:#}");
}

#[test]
fn a_dataset_tells_its_videos_by_either_path() {
    let home = Home::new();
    fs_err::create_dir(home.path("vast:x")).expect("a folder");
    fs_err::copy(home.path("storage/amick/maze/labels.slp"), home.path("vast:x/labels.slp")).expect("a copy");
    for text in ["vast:amick/maze/labels.slp", "storage/amick/maze/labels.slp", "~/../mnt/vast/amick/maze/labels.slp"] {
        let dataset = home.ask(&["dataset", text]).good();
        assert_eq!(
            keys(&dataset),
            ["file", "storage_backend", "user_subdir", "path", "labelled_frames", "animals", "is_package", "videos"]
        );
        assert_eq!((&dataset["labelled_frames"], &dataset["animals"]), (&json!(10), &json!(1)));
        assert_eq!((&dataset["storage_backend"], &dataset["user_subdir"]), (&json!("vast"), &json!("amick")));
        let video = &dataset["videos"][0];
        for key in ["written", "storage_backend", "user_subdir", "path", "local", "found", "how", "detail", "size"] {
            assert!(video.as_object().is_some_and(|video| video.contains_key(key)), "{key}: {video:#}");
        }
        assert_eq!((&video["found"], &video["path"]), (&json!(true), &json!("maze/cam0.mp4")));
        assert_eq!((&video["how"], &video["size"]), (&json!("beside_project"), &json!(4307)));
    }
    let package = home.ask(&["dataset", "vast:amick/maze/labels.pkg.slp"]).good();
    assert_eq!((&package["is_package"], &package["videos"][0]["how"]), (&json!(true), &json!("embedded")));
    let local = home.ask(&["dataset", "./vast:x/labels.slp"]).good();
    assert_eq!((&local["storage_backend"], &local["file"]), (&Value::Null, &json!(home.path("./vast:x/labels.slp"))));
    home.ask(&["dataset", "vast:x/labels.slp"]).fails("path_not_found");
    home.ask(&["dataset", "nope.slp"]).fails("path_not_found");
    home.ask(&["dataset", "storage/amick/maze/cam0.mp4"]).fails("invalid_parameter");
    home.ask(&["dataset", "storage"]).fails("invalid_parameter");
    let told = home.run(["dataset", "vast:amick/maze/labels.slp"]);
    assert!(told.out.contains("10 labelled frames · 1 animal · 1 video: 1 on vast"), "{told:?}");
    let told = home.run(["dataset", "vast:amick/maze/labels.pkg.slp"]);
    let about = "1 animal · This package holds its 10 frames. The video is not needed.";
    assert!(told.out.lines().any(|line| line == about), "{told:?}");
}

#[test]
fn kinds_are_known_without_a_worker() {
    let home = Home::new();
    let kinds = home.ask(&["kinds"]).good();
    assert_eq!(keys(&kinds[0]), ["name", "title", "description", "parameters", "digest", "built_in"]);
    let kind = home.ask(&["kinds", "slp-check"]).good();
    assert!(kinds.as_array().is_some_and(|kinds| kinds.contains(&kind)), "{kinds}");
    let names: Vec<&Value> = kind["parameters"].as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["LABELS", "OUTPUT_DIR"]);
    home.ask(&["kinds", "nope"]).fails("kind_not_found");
    let told = home.run(["kinds"]).out;
    assert!(["slp-check", "sleap-train", "sleap-predict"].iter().all(|name| told.contains(name)), "{told}");
    assert!(home.run(["kinds", "slp-check"]).out.contains("a new folder beside the dataset"));
}

#[test]
fn a_job_that_nobody_can_run_is_listed_and_says_why() {
    let home = Home::new();
    assert_eq!(home.ask(&["jobs"]).good(), json!([]));
    assert_eq!(home.ask(&["workers"]).good(), json!([]));
    let job =
        home.ask(&["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp", "--detach", "--name", "mine"]);
    let job = job.good();
    assert_eq!(keys(&job), JOB);
    assert_eq!((&job["kind"], &job["state"], &job["attempts"]), (&json!("slp-check"), &json!("queued"), &json!(0)));
    assert_eq!((&job["name"], &job["what"]), (&json!("mine"), &json!("Check a SLEAP project")));
    assert_eq!(job["waiting_for"], json!(["No worker is online."]));
    assert_eq!(job["results"]["storage_backend"], "vast");
    let id = job["id"].as_str().expect("an id");
    assert_eq!(home.job(id), job);
    assert_eq!(home.job(&id[id.len() - 8..]), job);
    assert_eq!(home.job(&id[..8]), job);
    assert_eq!(home.job(&id[..13].to_uppercase()), job);
    assert_eq!(home.ask(&["jobs"]).good(), json!([job]));
    assert!(home.run(["jobs"]).out.contains("◷ Waiting"));
    assert_eq!(home.log(id, &[]), Vec::<String>::new());
    home.ask(&["retry", id]).fails("invalid_parameter");
    assert_eq!(home.ask(&["kill", id]).good()["state"], "cancelled");
    assert_eq!(home.ask(&["retry", id]).good()["state"], "queued");
    assert_eq!(home.ask(&["stop", id]).good()["state"], "cancelled");
    let unknown = "00000000-0000-7000-8000-000000000000";
    for command in ["jobs", "logs", "stop", "kill", "retry"] {
        for wrong in [unknown, "zzzz", "abc", "", "%%%"] {
            home.ask(&[command, wrong]).fails("job_not_found");
        }
    }
}

#[test]
fn options_of_all_commands_stand_anywhere() {
    let home = Home::bare();
    let config = home.write("elsewhere.toml", "[storage.other]\nbase_path = \"/nowhere\"\n");
    let config = config.to_str().expect("text");
    for words in [
        ["--json", "--config", config, "storage", "list"],
        ["storage", "list", "--json", "--config", config],
        ["storage", "--config", config, "list", "--json"],
        ["--config", config, "storage", "list", "--json"],
    ] {
        assert_eq!(home.run(words).good()[0]["name"], "other", "{words:?}");
    }
    assert_eq!(home.ask(&["storage", "list"]).good(), json!([]));
    let here = home.write("sleap-rtc.toml", "[storage.here]\nbase_path = \"/nowhere\"\n");
    assert_eq!(home.ask(&["storage", "list"]).good()[0]["name"], "here");
    let named = run(home.command(["--json", "storage", "list"]).env("SAMEPATH_CONFIG", config));
    assert_eq!(named.good()[0]["name"], "other");
    fs_err::remove_file(here).expect("removed");
}

#[test]
fn words_that_are_no_command_are_refused() {
    let home = Home::new();
    for words in [
        &["nonsense"][..],
        &[],
        &["storage"],
        &["storage", "nonsense"],
        &["storage", "add", "x"],
        &["locate"],
        &["locate", "a", "b"],
        &["resolve", "--nonsense", "x"],
        &["submit"],
        &["logs", "x", "--attempt", "many"],
        &["logs", "x", "--attempt", "-1"],
        &["jobs", "--config"],
        &["helper", "x"],
        &["worker", "--name"],
    ] {
        home.ask(words).fails("usage");
        let told = home.run(words);
        assert_eq!(told.status, Some(2), "{told:?}");
        assert_eq!(told.out, "", "{words:?}");
        assert!(!told.err.is_empty(), "{words:?}");
    }
    home.run(["nonsense", "--json"]).fails("usage");
    for words in [&["--help"][..], &["--version"], &["help"], &["storage", "--help"], &["submit", "-h"]] {
        let told = home.run(words);
        assert_eq!((told.status, told.err.as_str()), (Some(0), ""), "{told:?}");
        assert!(told.out.contains("samepath"), "{told:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let home = Home::new();
    let bytes = || OsString::from_vec(vec![b'a', 0xff, 0xfe]);
    for command in ["locate", "resolve", "dataset", "kinds", "jobs", "logs", "submit", "nonsense"] {
        let told = run(home.command(["--json", command]).arg(bytes()));
        told.fails("usage");
    }
    run(home.command(["--json", "storage", "add", "x"]).arg(bytes())).fails("usage");
    // A configuration file may be called anything.
    fs_err::write(home.path("").join(bytes()), "").expect("a file");
    assert_eq!(run(home.command(["--json", "storage", "list", "--config"]).arg(bytes())).good(), json!([]));
    let told = run(home.command(["storage", "list", "--json"]).env("SAMEPATH_CONFIG", bytes()).env("USER", bytes()));
    told.good();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    for words in [&["jobs"][..], &["--json", "storage", "list"], &["kinds"], &["--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let told = home.command(words).stdout(writer).stderr(Stdio::piped()).output().expect("the program");
        let err = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.code().is_some_and(|status| status != 101), "{words:?}: {told:?}");
        assert!(!err.contains("panicked"), "{err}");
    }
    let full = fs_err::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full").into_file();
    let told = home.command(["jobs"]).stdout(full).stderr(Stdio::piped()).output().expect("the program");
    assert_eq!(told.status.code(), Some(9), "{told:?}");
}

#[test]
fn without_a_home_it_says_what_to_set() {
    let home = Home::new();
    let told = run(home.command(["--json", "jobs"]).env_remove("HOME").env_remove("SAMEPATH_DATA"));
    let told = told.fails("config_invalid");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("HOME")), "{told:#}");
    let told = run(home.command(["--json", "storage", "list"]).env_remove("HOME"));
    assert_eq!(told.good(), json!([]));
    run(home.command(["--json", "storage", "add", "xx", "/mnt"]).env_remove("HOME")).fails("config_invalid");
    run(home.command(["--json", "locate", "~/x"]).env_remove("HOME")).fails("path_not_found");
}

#[test]
fn a_current_folder_that_is_gone_is_no_panic() {
    let home = Home::new();
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$PROGRAM\" --json locate x"])
        .env("PROGRAM", env!("CARGO_BIN_EXE_samepath"))
        .env("HOME", home.path("home"))
        .env("SAMEPATH_DATA", home.path("data"))
        .current_dir(home.path("tmp"));
    run(&mut shell).fails("invalid_parameter");
}

#[test]
fn a_part_of_an_id_that_fits_several_jobs_names_them() {
    let home = Home::new();
    let labels = "LABELS=vast:amick/maze/labels.slp";
    let ids = ["one", "two"].map(|name| home.submit(&["slp-check", "-p", labels, "--name", name]));
    // Made within a minute: they begin alike.
    let told = home.ask(&["jobs", &ids[0][..4]]).fails("invalid_parameter");
    let hint = told["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains(&format!("{} (one)", ids[0])) && hint.contains(&format!("{} (two)", ids[1])), "{hint}");
    assert_eq!(home.job(&ids[1][ids[1].len() - 8..])["name"], "two");
    let told = home.ask(&["jobs", "ffff"]).fails("job_not_found");
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("first or the last")), "{told:#}");
}

#[test]
fn whoever_submits_with_no_worker_is_told_what_to_start() {
    let home = Home::new();
    let submit = ["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"];
    let detached = home.run([&submit[..], &["--detach"]].concat());
    assert!(detached.err.contains("samepath worker"), "{detached:?}");
    let mut waiting = home.start(&submit);
    common::until(|| match home.ask(&["jobs"]).good() {
        jobs if jobs.as_array().is_some_and(|jobs| jobs.len() == 2) => Ok(()),
        jobs => Err(format!("{jobs:#}")),
    });
    let told = waiting.interrupt();
    assert!(told.err.contains("No worker is online.") && told.err.contains("samepath worker"), "{told:?}");
}

#[test]
fn a_worker_whose_job_types_are_not_there_does_not_start() {
    let home = Home::new();
    for folder in [home.text("nowhere"), home.text("mnt/vast/amick/maze/labels.slp")] {
        let told = home.ask(&["worker", "--kinds", &folder]).fails("kind_not_found");
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(&folder)), "{told:#}");
    }
}

#[test]
fn who_submits_is_known_without_variables() {
    let home = Home::new();
    let mut command =
        home.command(["--json", "submit", "--detach", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let job = run(command.env_remove("USER")).good();
    let who = std::process::Command::new("id").arg("-un").output().expect("id");
    let who = match String::from_utf8_lossy(&who.stdout).trim() {
        "" => format!("uid-{}", rustix::process::geteuid().as_raw()),
        name => name.to_owned(),
    };
    assert_eq!((&job["submitted_by"], &job["by"]), (&json!(who), &json!(who)));

    // Where several people share the login, it is said which of them it was, by themselves.
    let submit = ["submit", "--detach", "slp-check", "vast:amick/maze/labels.slp", "--person"];
    let shared = home.ask(&[&submit[..], &[" Anna "]].concat()).good();
    assert_eq!(shared["by"], json!(format!("Anna ({})", shared["submitted_by"].as_str().expect("a name"))));
    for name in ["", "An\nna", &"a".repeat(65)] {
        home.ask(&[&submit[..], &[name]].concat()).fails("invalid_parameter");
    }
}

#[test]
fn a_program_is_named_listed_and_forgotten() {
    let home = Home::new();
    let list = |name: &str| {
        let all = home.ask(&["program", "list"]).good();
        all.as_array().expect("programs").iter().find(|it| it["name"] == name).cloned()
    };
    assert_eq!(list("sleap-nn").expect("a built-in job type runs it")["configured"], Value::Null);
    assert_eq!(list("our-tool"), None);

    let place = home.text("storage/tool");
    std::fs::write(&place, "#!/bin/sh\n").expect("room");
    let set = home.ask(&["program", "set", "our-tool", &place]).good();
    assert_eq!(keys(&set), ["name", "configured", "found", "version", "problem"]);
    assert_eq!((&set["configured"], &set["found"]), (&json!(place), &Value::Null));
    assert!(set["problem"].as_str().expect("why").contains("may not be run"), "{set}");
    std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let as_found = |version: Value| json!({ "name": "our-tool", "configured": place, "found": place, "version": version, "problem": null });
    assert_eq!(list("our-tool"), Some(as_found(Value::Null)));
    // What an installer of Python packages writes beside it.
    std::fs::create_dir_all(home.path("lib/python3.12/site-packages/tool-1.2.dist-info")).expect("room");
    assert_eq!(list("our-tool"), Some(as_found(json!("1.2"))));

    for words in [&["program", "set", "our-tool", ""], &["storage", "add", "new", ""]] {
        assert_eq!(home.ask(words).fails("invalid_parameter")["error"]["hint"], "Give a local path.", "{words:?}");
    }
    // A file is told from a name in either order; neither is ever the other.
    assert_eq!(home.ask(&["program", "set", &place, "our-tool"]).good()["name"], "our-tool");
    for name in ["our tool", "bin/our-tool"] {
        home.ask(&["program", "set", name, &place]).fails("invalid_parameter");
        assert_eq!(list(name), None);
    }
    assert_eq!(home.ask(&["program", "remove", "our-tool"]).good(), json!({ "removed": "our-tool", "changed": true }));
    assert_eq!(home.ask(&["program", "remove", "our-tool"]).good(), json!({ "removed": "our-tool", "changed": false }));
    assert_eq!(list("our-tool"), None);
}
