//! What a guard and its job write, on a disk that takes nothing.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Case, Plan, until};
use samepath_storage::Backend;
use samepath_testkit::{Disk, Fault, with_disks};
use samepath_wire::{AttemptEnd, Cause};
use samepath_worker::guard::{Kin, ToolId};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// A guard whose folder is on the disk, with this script.
fn on(disk: &Disk, script: &str) -> Case {
    moved(Plan::new(script), disk).start()
}

/// The same with its folder on the disk.
fn moved(mut plan: Plan, disk: &Disk) -> Plan {
    plan.patience.write_again = Duration::from_millis(50);
    let below = tempfile::tempdir_in(disk.path()).unwrap();
    fs_err::create_dir(below.path().join("kinds")).unwrap();
    fs_err::copy(plan.dir.path().join("script.sh"), below.path().join("script.sh")).unwrap();
    let script = below.path().join("script.sh");
    plan.template["steps"][0]["script"]["actions"]["onRun"]["args"][0] = json!(script);
    plan.dir = below;
    plan
}

/// A job that begins once an input is there, so that something can happen before: when it was written down, and has no tool yet.
struct Begins {
    plan: Plan,
    input: tempfile::TempDir,
}

const WRITTEN: &str = "2026-11-22T09:00:00Z";

impl Begins {
    /// Writes `result` to the folder `out` of that storage.
    fn with_results_on(storage: &Path) -> Self {
        let input = tempfile::tempdir().unwrap();
        let mut plan = Plan::new("echo it > $2/result").on(input.path(), "IN", "FILE", "input");
        let results = json!({ "name": "OUT", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT" });
        plan.template["parameterDefinitions"].as_array_mut().unwrap().push(results);
        plan.template["steps"][0]["script"]["actions"]["onRun"]["args"]
            .as_array_mut()
            .unwrap()
            .push("{{Param.OUT}}".into());
        plan.job["parameters"]["OUT"] = json!({ "storage_backend": "lab", "user_subdir": "", "path": "out" });
        plan.job["inputs"] = json!({ "AT": { "size": 2, "modified": WRITTEN } });
        let base_path = storage.canonicalize().unwrap();
        plan.backends.push(Backend { name: "lab".into(), base_path, ..plan.backends[0].clone() });
        Self { plan, input }
    }

    /// Starts it, has that happen, and lets it begin.
    fn after(self, happens: impl FnOnce()) -> Case {
        let case = self.plan.start();
        until("it is looked whether it can begin", || checks(&case).then_some(()));
        happens();
        let input = fs_err::File::create(self.input.path().join("input")).unwrap();
        std::io::Write::write_all(&mut &input, b"in").unwrap();
        input.file().set_modified(WRITTEN.parse::<jiff::Timestamp>().unwrap().into()).unwrap();
        until("that was looked at", || (!checks(&case)).then_some(()));
        case
    }
}

/// Whether the guard is in its checking phase.
fn checks(case: &Case) -> bool {
    let threads = fs_err::read_dir(format!("/proc/{}/task", case.guard.id())).into_iter().flatten().flatten();
    let name = |thread: fs_err::DirEntry| std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
    threads.map(name).any(|name| name.trim() == "checking")
}

#[test]
fn a_worker_that_cannot_write_down_what_a_tool_needs_once_its_guard_is_there_is_unfit() {
    with_disks("a_worker_that_cannot_write_down_what_a_tool_needs_once_its_guard_is_there_is_unfit", || {
        for fault in Fault::SUDDEN {
            let (disk, results) = (Disk::new(fault), tempfile::tempdir().unwrap());
            let begins = Begins::with_results_on(results.path());
            let mut case = Begins { plan: moved(begins.plan, &disk), ..begins }.after(|| disk.strike());
            let left = || fs_err::read_dir(results.path().join("out")).unwrap().count();
            until("the folder of the results is given back", || (left() == 0).then_some(()));
            assert_eq!(case.at.end().unwrap(), None, "{fault:?}");
            disk.mend();
            let AttemptEnd::Unfit { failure } = case.end() else { panic!("{fault:?}") };
            let folder = format!("gpu-1 cannot write to its own folder {}: ", case.at.path().display());
            assert_eq!((failure.cause, failure.message.starts_with(&folder)), (Cause::Other, true), "{failure:?}");
            assert!(fault.words().iter().any(|word| failure.message.contains(word)), "{fault:?}: {failure:?}");
            assert_eq!((left(), ToolId::read(&case.at)), (0, None), "{fault:?}: nothing has run");
        }
    });
}

#[test]
fn a_folder_of_results_that_takes_nothing_more_once_the_guard_is_there_is_told_before_anything_runs() {
    with_disks(
        "a_folder_of_results_that_takes_nothing_more_once_the_guard_is_there_is_told_before_anything_runs",
        || {
            for fault in Fault::ALL {
                let disk = Disk::new(fault);
                fs_err::create_dir(disk.path().join("out")).unwrap();
                let mut case = Begins::with_results_on(&disk.path()).after(|| disk.strike());
                let (AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure }) = case.end() else {
                    panic!("{fault:?}")
                };
                disk.mend();
                let cause = match fault {
                    Fault::ReadOnly | Fault::Turned => Cause::BackendNotAvailable,
                    _ => Cause::OutputNotUsable,
                };
                assert_eq!(failure.cause, cause, "{fault:?}: {failure:?}");
                assert!(fault.words().iter().any(|word| failure.message.contains(word)), "{fault:?}: {failure:?}");
                assert!(failure.message.contains("lab:out"), "{fault:?}: {failure:?}");
                assert_eq!(fs_err::read_dir(disk.path().join("out")).unwrap().count(), 0, "{fault:?}");
                assert_eq!(ToolId::read(&case.at), None, "{fault:?}: nothing has run");
            }
        },
    );
}

#[test]
fn processes_without_a_mark_are_as_they_were_written_down_or_all_of_them() {
    with_disks("processes_without_a_mark_are_as_they_were_written_down_or_all_of_them", || {
        let (disk, go) = (Disk::new(Fault::Full), tempfile::tempdir().unwrap());
        let go = go.path();
        let stray = |name: &str| format!("env -i setsid sleep 1000 & echo $! > {}/{name}\n", go.display());
        let wait = |name: &str| format!("until [ -e {}/{name} ]; do sleep 0.05; done\n", go.display());
        let mut case = on(&disk, &[stray("one"), wait("go"), stray("two"), wait("end")].concat());
        let _worker = case.connect();
        let started = |name| until(name, || fs_err::read_to_string(go.join(name)).ok()?.trim().parse::<i32>().ok());
        let noted = |id: i32| Kin::read(&case.at).iter().any(|kin| serde_json::to_value(kin).unwrap()["id"] == id);
        let one = started("one");
        until("the first is written down", || noted(one).then_some(()));
        disk.strike();
        fs_err::write(go.join("go"), "").unwrap();
        let two = started("two");
        // The name is there; what it should hold is not.
        until("it is tried", || case.at.join("kin.json.new").exists().then_some(()));
        assert_eq!((noted(one), noted(two)), (true, false));
        disk.mend();
        until("the second is written down", || noted(two).then_some(()));
        assert!(noted(one));
        fs_err::write(go.join("end"), "").unwrap();
        assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
    });
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
