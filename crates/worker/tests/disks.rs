//! What a guard and its job write, on a disk that takes nothing.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Case, Plan, until};
use samepath_testkit::{Disk, Fault, with_disks};
use samepath_wire::{AttemptEnd, Cause};
use samepath_worker::guard::ToolId;
use std::time::Duration;

/// A guard whose folder is on the disk, with this script.
fn on(disk: &Disk, script: &str) -> Case {
    let mut plan = Plan::new(script);
    plan.patience.write_again = Duration::from_millis(50);
    let below = tempfile::tempdir_in(disk.path()).unwrap();
    fs_err::create_dir(below.path().join("kinds")).unwrap();
    fs_err::copy(plan.dir.path().join("script.sh"), below.path().join("script.sh")).unwrap();
    let script = below.path().join("script.sh");
    plan.template["steps"][0]["script"]["actions"]["onRun"]["args"] = serde_json::json!([script]);
    plan.dir = below;
    plan.start()
}

#[test]
fn a_log_goes_on_when_there_is_room_and_says_what_is_missing() {
    with_disks("a_log_goes_on_when_there_is_room_and_says_what_is_missing", || {
        for fault in Fault::SUDDEN {
            let (disk, go) = (Disk::new(fault), tempfile::tempdir().unwrap());
            let wait = |name: &str| format!("until [ -e {}/{name} ]; do sleep 0.01; done\n", go.path().display());
            let script =
                ["echo begun\n", &wait("1"), "seq 1 40000\n", "echo $? >", go.path().to_str().unwrap(), "/printed\n"]
                    .concat();
            let script = script + &wait("2") + "echo openjd_status: heard\n" + &wait("3") + "echo ended";
            let mut case = on(&disk, &script);
            let mut worker = case.connect();
            until("it has begun", || case.said("begun").then_some(()));
            disk.strike();
            fs_err::write(go.path().join("1"), "").unwrap();
            until("all is printed", || go.path().join("printed").exists().then_some(()));
            disk.mend();
            fs_err::write(go.path().join("2"), "").unwrap();
            worker.until(|status| status.progress.status.is_some());
            fs_err::write(go.path().join("3"), "").unwrap();
            assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }), "{fault:?}");
            // Numbered without a gap, and every line whole.
            let texts: Vec<String> = case.log().into_iter().map(|line| line.text).collect();
            assert_eq!((&*texts[0], &*texts[1]), ("begun", "1"), "{fault:?}");
            for wanted in ["40000", "ended"] {
                assert!(
                    texts.iter().any(|text| text == wanted),
                    "{fault:?}: {wanted} is missing: {:?}",
                    &texts[texts.len() - 5..]
                );
            }
            assert!(texts.iter().any(|text| text.starts_with("The disk of the log was full: ")), "{fault:?}");
        }
    });
}

#[test]
fn an_end_waits_for_room() {
    with_disks("an_end_waits_for_room", || {
        for fault in Fault::SUDDEN {
            let (disk, go) = (Disk::new(fault), tempfile::tempdir().unwrap());
            let (may, did) = (go.path().join("may"), go.path().join("did"));
            let script = format!(
                "until [ -e {} ]; do sleep 0.01; done; echo openjd_status: last words; echo done; : > {}",
                may.display(),
                did.display()
            );
            let mut case = on(&disk, &script);
            let _worker = case.connect();
            until("the tool is there", || case.at.join("tool.pid").exists().then_some(()));
            disk.strike();
            fs_err::write(&may, "").unwrap();
            until("the tool is done", || did.exists().then_some(()));
            until("nothing of it is left", || case.left().is_empty().then_some(()));
            assert_eq!(case.at.end().unwrap(), None, "{fault:?}");
            assert!(case.guard.try_wait().unwrap().is_none(), "{fault:?}: the guard has not given up");
            disk.mend();
            let end = case.end();
            assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{fault:?}: {end:?}");
            assert!(case.said("done"), "{fault:?}");
            assert!(!case.at.join("end.json.new").exists(), "{fault:?}");
            let said = case.at.said().and_then(|said| said.status);
            assert_eq!(said.as_deref(), Some("last words"), "{fault:?}: what it said last is lost");
        }
    });
}

#[test]
fn a_folder_of_results_that_takes_nothing_is_told_before_anything_runs() {
    with_disks("a_folder_of_results_that_takes_nothing_is_told_before_anything_runs", || {
        for fault in Fault::ALL {
            let disk = Disk::new(fault);
            fs_err::create_dir(disk.path().join("out")).unwrap();
            let run = || Plan::new("echo ran; echo it > $1/result").on(&disk.path(), "OUT", "DIRECTORY", "out").start();
            disk.strike();
            let mut case = run();
            let _worker = case.connect();
            let (AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure }) = case.end() else {
                panic!("{fault:?}")
            };
            disk.mend();
            assert!(
                matches!(failure.cause, Cause::OutputNotUsable | Cause::BackendNotAvailable),
                "{fault:?}: {failure:?}"
            );
            assert!(fault.words().iter().any(|word| failure.message.contains(word)), "{fault:?}: {failure:?}");
            assert!(failure.message.contains("vast:out"), "{fault:?}: {failure:?}");
            assert!(!case.said("ran"), "{fault:?}");
            assert_eq!(fs_err::read_dir(disk.path().join("out")).unwrap().count(), 0, "{fault:?}");
            let mut again = run();
            let _worker = again.connect();
            assert!(matches!(again.end(), AttemptEnd::Succeeded { .. }), "{fault:?}");
            assert_eq!(fs_err::read_to_string(disk.path().join("out/result")).unwrap(), "it\n", "{fault:?}");
        }
    });
}

#[test]
fn a_tool_that_could_not_be_written_down_is_when_it_can() {
    let go = tempfile::tempdir().unwrap();
    let script = format!("echo begun; until [ -e {} ]; do sleep 0.01; done", go.path().join("go").display());
    // What a disk does not take is seen by chance; a folder in the way is there for certain.
    let plan = Plan { before: "mkdir \"$3/tool.pid\";", ..Plan::new(&script) };
    let mut case = plan.start();
    let _worker = case.connect();
    until("it has begun", || case.said("begun").then_some(()));
    assert_eq!(ToolId::read(&case.at), None);
    fs_err::remove_dir(case.at.join("tool.pid")).unwrap();
    let tool = until("it is written down", || ToolId::read(&case.at));
    assert!(case.left().contains(&tool.id.to_string()), "{tool:?}");
    fs_err::write(go.path().join("go"), "").unwrap();
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
}

#[test]
fn results_that_stop_being_taken_while_the_tool_writes_are_told_in_its_own_words() {
    with_disks("results_that_stop_being_taken_while_the_tool_writes_are_told_in_its_own_words", || {
        for fault in Fault::ALL {
            let (disk, go) = (Disk::new(fault), tempfile::tempdir().unwrap());
            fs_err::create_dir(disk.path().join("out")).unwrap();
            let go = go.path().join("go");
            let script = format!(
                "echo it > $1/first || exit 1; echo begun; until [ -e {} ]; do sleep 0.01; done\n\
                 head -c 20000 /dev/zero > $1/second || exit 3",
                go.display()
            );
            let mut case = Plan::new(&script).on(&disk.path(), "OUT", "DIRECTORY", "out").start();
            let _worker = case.connect();
            until("it has begun", || case.said("begun").then_some(()));
            disk.strike();
            fs_err::write(&go, "").unwrap();
            let AttemptEnd::Failed { failure } = case.end() else { panic!("{fault:?}") };
            disk.mend();
            assert_eq!(failure.exit_code, Some(3), "{fault:?}: {failure:?}");
            let last = failure.last_line.unwrap_or_default();
            let told = fault.words().iter().any(|word| last.to_lowercase().contains(&word.to_lowercase()));
            assert!(told, "{fault:?}: {last}");
            assert_eq!(fs_err::read_to_string(disk.path().join("out/first")).unwrap(), "it\n", "{fault:?}");
        }
    });
}
