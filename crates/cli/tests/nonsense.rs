//! Nonsense on every input: an error with a code, never a panic, and never a fault of ours where somebody else's is meant.
#![cfg(target_os = "linux")]

mod common;

use common::{Answer, Home, exit_status, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Succeeded, or failed with a documented code that is not ours.
#[track_caller]
fn sane(answer: &Answer, what: &dyn std::fmt::Debug) -> Option<String> {
    answer.sane();
    if answer.status == Some(0) {
        return None;
    }
    let told = answer.json();
    let code = told["error"]["code"].as_str().unwrap_or_else(|| panic!("{what:?}: {answer:?}")).to_owned();
    assert_eq!(answer.status, Some(exit_status(&code)), "{what:?}: {answer:?}");
    assert_ne!(code, "internal", "{what:?}: {answer:?}");
    assert!(answer.out.len() < 20_000, "a message is to be read: {what:?}");
    Some(code)
}

/// Damage: how much is kept, and which bytes are others.
fn damaged(bytes: &[u8], keep: f64, changes: &[(f64, u8)]) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
    let at = |share: f64| ((bytes.len() as f64) * share) as usize;
    let mut bytes = bytes[..at(keep)].to_vec();
    for (share, byte) in changes {
        let at = at(*share);
        if let Some(old) = bytes.get_mut(at) {
            *old = *byte;
        }
    }
    bytes
}

fn damage() -> impl Strategy<Value = (f64, Vec<(f64, u8)>)> {
    let keep = prop_oneof![Just(1.0), 0.0..1.0];
    // Damage at the beginning is the most interesting: that is where the structure is.
    let place = prop_oneof![0.0..0.02, 0.0..1.0];
    (keep, prop::collection::vec((place, any::<u8>()), 0..40))
}

/// Processes are slow to start: few cases, none of them shrunk for long.
fn few(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, max_shrink_iters: 8, failure_persistence: None, ..Config::default() })
}

#[test]
fn configurations_of_nonsense() {
    let home = Home::new();
    let deep = format!("x = {}1{}", "[".repeat(5000), "]".repeat(5000));
    let long = format!("[storage.{}]\nbase_path = \"/x\"\n", "a".repeat(100_000));
    for (text, codes) in [
        (&b"\xff\xfe"[..], &["config_invalid"][..]),
        (b"\0", &["config_invalid"]),
        (b"[storage", &["config_invalid"]),
        (b"storage = 3", &["config_invalid"]),
        (b"[[storage]]", &["config_invalid"]),
        (b"[storage]\nvast = 3", &[]),
        (b"[storage.vast]\nbase_path = 3", &[]),
        (b"[storage.vast]\nbase_path = \"/x\"\nuser_subdir = [1]", &[]),
        (b"[storage.\"../../x\"]\nbase_path = \"/x\"", &[]),
        (b"[storage.\"\"]\nbase_path = \"\\u0000\"", &[]),
        (b"path_mappings = 3\n[samepath]\ncomputers = \"x\"", &["config_invalid"]),
        (b"\xef\xbb\xbf[storage.vast]\nbase_path = \"/x\"", &["config_invalid"]),
        (deep.as_bytes(), &["config_invalid"]),
        (long.as_bytes(), &[]),
    ] {
        home.write("home/.sleap-rtc/config.toml", text);
        let what = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        for words in [
            &["storage", "list"][..],
            &["storage", "check"],
            &["resolve", "vast:x"],
            &["locate", "storage"],
            &["jobs"],
            &["storage", "add", "new", "mnt/vast"],
            &["storage", "set", "vast", "--type", "x"],
        ] {
            let code = sane(&home.ask(words), &(&what, words));
            let list = words == ["storage", "list"];
            assert!(!list || code.as_deref() == codes.first().copied() || code.is_none(), "{what}: {code:?}");
        }
    }
    // Never written over: whatever could not be understood is as it was.
    home.write("home/.sleap-rtc/config.toml", "[storage");
    home.ask(&["storage", "add", "new", "mnt/vast"]).fails("config_invalid");
    // Jobs can be looked after whatever is in a file.
    for command in [&["jobs"][..], &["workers"], &["kinds"]] {
        home.ask(command).good();
    }
    home.ask(&["stop", "00000000-0000-7000-8000-000000000000"]).fails("job_not_found");
    assert_eq!(fs_err::read_to_string(home.config()).expect("the file"), "[storage");
}

#[test]
fn configurations_at_random() {
    let home = Home::new();
    let good = format!(
        "[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n[[path_mappings]]\nlocal = \"/a\"\nworker = \"/b\"\n",
        json!(home.path("mnt/vast"))
    );
    few(60)
        .run(&(damage(), any::<bool>()), |((keep, changes), write)| {
            let bytes = damaged(good.as_bytes(), keep, &changes);
            home.write("home/.sleap-rtc/config.toml", &bytes);
            let words: &[&str] =
                if write { &["storage", "add", "new", "mnt"] } else { &["resolve", "vast:amick/maze"] };
            sane(&home.ask(words), &String::from_utf8_lossy(&bytes));
            Ok(())
        })
        .expect("every configuration is read or refused");
}

#[test]
fn what_is_no_configuration_file() {
    let home = Home::new();
    let huge = home.path("huge.toml");
    let file = fs_err::File::create(&huge).expect("a file");
    file.set_len(20_000_000_000).expect("a sparse file");
    let huge = huge.display().to_string();
    let folder = home.text("storage");
    for (config, code) in
        [(huge.as_str(), "config_invalid"), ("/dev/zero", "config_invalid"), (&folder, "io"), ("/proc/self/mem", "io")]
    {
        let told = home.ask(&["--config", config, "storage", "list"]);
        let found = sane(&told, &config);
        assert!(found.as_deref() == Some(code) || found.as_deref() == Some("config_invalid"), "{config}: {told:?}");
        sane(&home.ask(&["--config", config, "storage", "add", "new", "mnt"]), &config).expect("refused");
    }
    for config in ["/dev/null/x.toml", "/proc/nope/x.toml", "storage/amick/maze/cam0.mp4/x.toml"] {
        sane(&home.ask(&["--config", config, "storage", "list"]), &config);
        let code = sane(&home.ask(&["--config", config, "storage", "add", "new", "mnt"]), &config);
        assert_eq!(code.as_deref(), Some("io"), "{config}");
    }
    let own = home.text("loop.toml");
    std::os::unix::fs::symlink(&own, &own).expect("a link");
    assert_eq!(sane(&home.ask(&["--config", &own, "storage", "list"]), &own).as_deref(), Some("io"));
}

#[test]
fn projects_at_random() {
    let home = Home::new();
    for name in ["labels.slp", "labels.pkg.slp"] {
        let good = fs_err::read(home.path("storage/amick/maze").join(name)).expect("a project");
        few(40)
            .run(&damage(), |(keep, changes)| {
                home.write("storage/amick/maze/damaged.slp", damaged(&good, keep, &changes));
                let code = sane(&home.ask(&["dataset", "vast:amick/maze/damaged.slp"]), &(keep, &changes));
                prop_assert!(matches!(code.as_deref(), None | Some("invalid_parameter" | "io")), "{code:?}");
                Ok(())
            })
            .expect("every project is read or refused");
    }
    home.write("storage/amick/maze/empty.slp", "");
    home.ask(&["dataset", "vast:amick/maze/empty.slp"]).fails("io");
    let huge = fs_err::File::create(home.path("storage/amick/maze/huge.slp")).expect("a file");
    huge.set_len(1 << 40).expect("a sparse file");
    home.ask(&["dataset", "vast:amick/maze/huge.slp"]).fails("invalid_parameter");
    home.ask(&["dataset", "/dev/zero"]).fails("invalid_parameter");
}

#[test]
fn a_damaged_history_is_never_a_panic_nor_lost() {
    let home = Home::new();
    home.submit(&["slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let history = home.path("data/fleet/history.redb");
    let good = fs_err::read(&history).expect("the history");
    let shorter = good.len() / 2;
    let mut wild = good.clone();
    wild[64..4096].fill(0xa5);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("text", b"this is no history".to_vec()),
        ("half", good[..shorter].to_vec()),
        ("zeros", vec![0; good.len()]),
        ("wild", wild),
    ] {
        fs_err::write(&history, &bytes).expect("written");
        let answer = home.ask(&["jobs"]);
        let code = sane(&answer, &what);
        assert!(matches!(code.as_deref(), None | Some("io" | "fleet_unreachable")), "{what}: {answer:?}");
        let refused = home.ask(&["submit", "slp-check", "-p", "LABELS=vast:amick/maze/labels.slp", "--detach"]);
        sane(&refused, &what);
    }
    fs_err::write(&history, &good).expect("written");
    assert_eq!(home.ask(&["jobs"]).good().as_array().map(Vec::len), Some(1), "the history that was put back");
}

#[test]
fn histories_damaged_at_random() {
    let home = Home::new();
    home.submit(&["slp-check", "-p", "LABELS=vast:amick/maze/labels.slp"]);
    let history = home.path("data/fleet/history.redb");
    let good = fs_err::read(&history).expect("the history");
    few(40)
        .run(&damage(), |(keep, changes)| {
            fs_err::write(&history, damaged(&good, keep, &changes)).expect("written");
            sane(&home.ask(&["jobs"]), &(keep, &changes));
            Ok(())
        })
        .expect("every history is opened or refused");
}

#[test]
fn a_data_folder_full_of_nonsense() {
    let home = Home::new();
    home.write("data/fleet/holder.socket", "no socket");
    home.write("data/fleet/holder.lock", vec![0xff; 100_000]);
    home.write("data/fleet/nonsense/x", "");
    home.write("data/workers/gpu-1/id", [0xff, 0]);
    home.write("data/workers/gpu-1/attempts/nonsense/spec.json", "{");
    home.write("data/workers/gpu-1/attempts/00000000-0000-7000-8000-000000000000.1/spec.json", "nonsense");
    home.write("data/workers/gpu-1/attempts/00000000-0000-7000-8000-000000000001.1/end.json", "nonsense");
    home.write("data/workers/gpu-1/attempts/00000000-0000-7000-8000-000000000002.1/log.jsonl", [0xff; 5000]);
    home.write("data/workers/gpu-1/attempts/file", "");
    home.kind("quick", "echo done");
    let mut worker = home.worker("gpu-1");
    let job = home.ask(&["submit", "quick"]).good();
    assert_eq!(job["state"], "succeeded");
    let ended = worker.interrupt();
    ended.sane();
    assert_eq!(ended.status, Some(0), "{ended:?}");

    // A file where a folder should be; a folder where a file should be.
    let odd = Home::new();
    fs_err::remove_dir(odd.path("data")).expect("removed");
    odd.write("data", "");
    assert_eq!(sane(&odd.ask(&["jobs"]), &"a file").as_deref(), Some("io"));
    let odd = Home::new();
    odd.write("data/fleet/history.redb/x", "");
    assert_eq!(sane(&odd.ask(&["jobs"]), &"a folder").as_deref(), Some("io"));
    for data in ["relative/data", "/proc/nope", "/dev/null"] {
        let told = run(home.command(["--json", "jobs"]).env("SAMEPATH_DATA", data));
        sane(&told, &data).unwrap_or_else(|| panic!("{data} is refused: {told:?}"));
    }
}

#[test]
fn kinds_of_nonsense_hide_no_good_one() {
    let home = Home::new();
    home.kind("quick", "true");
    home.write("kinds/binary.yaml", [0xff, 0, 1]);
    home.write("kinds/empty.yaml", "");
    home.write("kinds/number.json", "3");
    home.write("kinds/deep.json", "[".repeat(100_000));
    home.write("kinds/deep.yaml", "[".repeat(100_000));
    home.write("kinds/bomb.yaml", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n");
    home.write("kinds/half.yaml", "specificationVersion: jobtemplate-2023-09\nname: x\n");
    home.write("kinds/notes.txt", "a note");
    home.write("kinds/folder.yaml/x", "");
    home.write("kinds/huge.yaml", vec![b'#'; 30_000_000]);
    std::os::unix::fs::symlink("/dev/zero", home.path("kinds/zero.yaml")).expect("a link");
    std::os::unix::fs::symlink("gone", home.path("kinds/gone.yaml")).expect("a link");
    fs_err::write(home.path("kinds").join(OsString::from_vec(b"\xff.yaml".to_vec())), "x").expect("a file");
    let mut worker = home.worker("gpu-1");
    let workers = home.ask(&["workers"]).good();
    let kinds = workers[0]["kinds"].as_array().expect("kinds");
    assert!(kinds.contains(&json!("quick")) && kinds.contains(&json!("slp-check")), "{workers:#}");
    let refused = workers[0]["unavailable"].to_string();
    for name in ["binary", "empty", "number", "deep", "half", "huge", "zero"] {
        assert!(refused.contains(name), "{name} is not told: {refused}");
    }
    assert_eq!(home.ask(&["submit", "quick"]).good()["state"], "succeeded");
    let ended = worker.interrupt();
    ended.sane();
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_kinds_folder_that_is_none() {
    let home = Home::new();
    let file = home.text("storage/amick/maze/cam0.mp4");
    for folder in ["/nowhere/kinds", &file] {
        let mut worker = home.start(&["--json", "worker", "--name", "gpu-1", "--kinds", folder]);
        // It says so, and either stays with what it has or ends with a code.
        let code = worker.until_or_end(|line| line.contains("\"slp-check\"").then_some(()));
        match code {
            Some(()) => {
                let unavailable = home.ask(&["workers"]).good()[0]["unavailable"].to_string();
                assert!(unavailable.contains(folder), "{unavailable}");
                worker.interrupt().sane();
            }
            None => assert!(sane(&worker.wait(), &folder).is_some(), "{folder}"),
        }
    }
}

#[test]
fn arguments_at_random() {
    let home = Home::new();
    let word = prop_oneof![
        "\\PC{0,40}",
        "(vast|nope|)?:?[./~a-zA-Z:\\\\]{0,30}",
        Just("a/".repeat(5000)),
        Just("x".repeat(100_000)),
        Just("../".repeat(2000)),
        "[\u{1}-\u{1f}\u{7f}-\u{9f}\u{202e}\u{feff}]{1,5}",
    ];
    let command =
        prop::sample::select(vec!["locate", "resolve", "dataset", "kinds", "jobs", "logs", "stop", "check", "submit"]);
    few(150)
        .run(&(command, word), |(command, word)| {
            let parameter = format!("LABELS={word}");
            let words = match command {
                "check" => vec!["--json", "storage", "check", "--", &word],
                "submit" => vec!["--json", "submit", "slp-check", "--detach", "-p", &parameter],
                command => vec!["--json", command, "--", &word],
            };
            sane(&home.run(&words), &words);
            Ok(())
        })
        .expect("every word is taken or refused");
}

#[test]
fn values_at_random() {
    let home = Home::new();
    few(40)
        .run(&("\\PC{0,30}", "\\PC{0,30}", "\\PC{0,30}"), |(name, folder, text)| {
            prop_assume!(![&name, &folder, &text].iter().any(|text| text.starts_with('-')));
            let words =
                ["--json", "storage", "add", &name, "mnt/vast", "--user-subdir", &folder, "--description", &text];
            let answer = home.run(words);
            if sane(&answer, &words).is_none() {
                let added = answer.json();
                prop_assert_eq!(&added["description"], &json!((!text.is_empty()).then_some(&text)));
                home.ask(&["storage", "remove", &name]).good();
            }
            let job = [
                "--json",
                "submit",
                "slp-check",
                "--detach",
                "--name",
                &text,
                "-p",
                "LABELS=vast:amick/maze/labels.slp",
            ];
            sane(&home.run(job), &job);
            Ok(())
        })
        .expect("every value is taken or refused");
    home.run(["jobs"]).sane();
}

#[test]
fn a_name_that_turns_the_line_round_is_shown_harmless() {
    let home = Home::new();
    let name = "amick/\u{202e}pls.slebal";
    home.write(&format!("storage/{name}"), "x");
    for words in [&["locate", &home.text(&format!("mnt/vast/{name}"))][..], &["resolve", &format!("vast:{name}")]] {
        let told = home.run(words);
        assert_eq!(told.status, Some(0), "{told:?}");
        assert!(!told.out.contains('\u{202e}') && told.out.contains("\u{fffd}pls.slebal"), "{told:?}");
        let exact = home.ask(words).good();
        assert!(exact["path"].as_str().is_some_and(|path| path.ends_with("\u{202e}pls.slebal")), "{exact:#}");
    }
}
