//! The guard where a storage falls silent, where the disk refuses, where a tool does not behave.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Case, DEADLINE, Plan, patience, start, until};
use samepath_testkit::{FuseMount, Trouble};
use samepath_wire::{AttemptEnd, Cause};
use samepath_worker::guard::{Order, Patience, Phase, Standing, ToolId};
use samepath_worker::prepare::MARKER;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// Of a guard that does not wait for a storage that does not answer.
fn short() -> Patience {
    let moment = Duration::from_millis(300);
    Patience { give_up: moment, leftovers: moment, checking: moment, ..patience() }
}

/// Waits until a process of the attempt waits for a file server.
fn until_something_hangs(case: &Case) {
    until("something hangs", || {
        let wait = |id: &String| std::fs::read_to_string(format!("/proc/{id}/wchan")).unwrap_or_default();
        case.left().into_iter().find(|id| ["request_wait", "fuse"].iter().any(|at| wait(id).contains(at)))
    });
}

#[test]
fn what_a_killed_job_wrote_is_not_waited_for() {
    let mount = FuseMount::new(&[("file.txt", "x")]);
    let storage = tempfile::tempdir().unwrap();
    let script = format!("ln -s {}/file.txt \"$1/link\"; echo up; exec sleep 1000", mount.path().display());
    let plan = Plan { patience: short(), ..Plan::new(&script).on(storage.path(), "OUT", "DIRECTORY", "out") };
    let case = plan.start();
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    // Where the link leads nobody answers: whoever looks at it hangs.
    mount.stop();
    let asked = Instant::now();
    worker.tell(Order::Kill);
    let AttemptEnd::Cancelled { outputs } = case.end_on_disk() else { panic!() };
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(outputs.files, []);
    assert!(!case.at.besides().survivors);
}

#[test]
fn what_no_signal_reaches_is_not_waited_for() {
    let mount = FuseMount::new(&[("file.txt", "x")]);
    let file = mount.path().join("file.txt");
    let script = "echo up; while [ ! -e \"$(dirname \"$0\")/go\" ]; do sleep 0.05; done; cat ";
    let case = Plan { patience: short(), ..Plan::new(&format!("{script}{}", file.display())) }.start();
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    mount.stop();
    fs_err::write(case.dir.path().join("go"), "").unwrap();
    until_something_hangs(&case);
    let asked = Instant::now();
    worker.tell(Order::Kill);
    assert!(matches!(case.end_on_disk(), AttemptEnd::Cancelled { .. }));
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert!(case.at.besides().survivors, "nobody knows that it may still write");
    assert!(case.log().iter().any(|line| line.text.contains("do not end")), "{:?}", case.log());
}

#[test]
fn an_orphan_that_no_signal_reaches_is_no_proved_loss() {
    let mount = FuseMount::new(&[("file.txt", "x")]);
    let script = format!("cat {}/file.txt", mount.path().display());
    mount.stop();
    let orphan = Duration::from_millis(300);
    let case = Plan { patience: Patience { orphan, ..short() }, ..Plan::new(&script) }.start();
    assert!(matches!(case.end_on_disk(), AttemptEnd::Lost { proved: false, .. }));
}

#[test]
fn a_storage_that_does_not_answer_while_files_are_checked_ends_the_attempt() {
    let mount = FuseMount::new(&[("file.txt", "x")]);
    let plan = Plan { patience: short(), ..Plan::new("true").on(mount.path(), "IN", "FILE", "file.txt") };
    mount.stop();
    let AttemptEnd::Unfit { failure } = plan.start().end_on_disk() else { panic!() };
    assert_eq!(failure.cause, Cause::BackendNotAvailable);
    assert!(failure.message.contains("did not answer for 300 ms"), "{failure:?}");
}

#[test]
fn an_end_that_the_disk_refuses_is_written_again() {
    let again = Duration::from_secs(1);
    let mut case = start("exec sleep 1000", Patience { write_again: again, ..patience() });
    // Where the end would be written first is a pipe: whoever writes there waits for a reader, and then fails.
    let (half, other) = (case.at.join("end.json.new"), case.dir.path().join("other"));
    assert!(Command::new("mkfifo").arg(&half).status().unwrap().success());
    fs_err::hard_link(&half, &other).unwrap();
    case.connect().tell(Order::Kill);
    drop(File::open(&half).unwrap());
    fs_err::remove_file(&half).unwrap();
    // It has tried; should it have been quick enough to try again, this lets it go.
    let _reader = File::options().read(true).write(true).open(&other).unwrap();
    assert_eq!(case.at.end().unwrap(), None);
    assert!(case.at.lock().unwrap().is_none(), "it gave up");
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
}

#[test]
fn an_end_that_nobody_collected_stays() {
    let mut case = start("echo done", patience());
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
    // The guard is gone, its lock is free, and whoever comes finds all that there is to tell.
    let _lock = case.at.lock().unwrap().expect("nobody has it");
    assert!(matches!(case.at.end().unwrap(), Some(AttemptEnd::Succeeded { .. })));
    assert!(case.said("done"));
    // A second guard runs nothing again.
    drop(_lock);
    assert!(Command::new(common::hidden()).arg("guard").arg(case.at.path()).status().unwrap().success());
    assert_eq!(case.log().len(), 1);
}

/// `SAMEPATH_FLOOD_BYTES` says how many, for whoever measures.
#[test]
fn a_flood_takes_neither_memory_nor_disk() {
    let bytes = std::env::var("SAMEPATH_FLOOD_BYTES").map_or(50_000_000, |text| text.parse::<u32>().unwrap());
    let line = "epoch 12: loss 0.0123, validation loss 0.0456, 12.3 frames a second";
    let flood = format!("yes '{line}' | head -c {bytes}; echo; echo last; echo 'openjd_status: over'; exec sleep 1000");
    let mut case = start(&flood, Patience { log_bytes: 1024 * 1024, ..patience() });
    let mut worker = case.connect();
    let began = Instant::now();
    worker.until(|status| status.progress.status.as_deref() == Some("over"));
    println!("{bytes} bytes in {:?}, {} KiB of memory at most", began.elapsed(), case.peak());
    assert!(case.peak() < 64 * 1024, "{} KiB", case.peak());
    worker.tell(Order::Kill);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert!(fs_err::metadata(case.at.log()).unwrap().len() < 2 * 1024 * 1024);
    assert!(case.said("last"));
    assert!(case.log().iter().any(|line| line.text.contains("lines are left out here")));
}

#[test]
fn a_log_that_cannot_grow_does_not_end_the_job() {
    // 64 KiB a file at most, for the guard and all that it starts.
    let plan = Plan { before: "ulimit -f 128;", ..Plan::new("seq 100000; echo ok > result; cat result >&2") };
    let mut case = plan.start();
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }), "{:?}", case.at.end());
    let log = case.log();
    assert!(log[0].text == "1" && log.len() < 100_000, "{} lines", log.len());
}

#[test]
fn a_tool_that_fills_its_disk_ends_with_its_own_words() {
    let script = "trap '' XFSZ; ulimit -f 128; head -c 1000000 /dev/zero > big";
    let AttemptEnd::Failed { failure } = start(script, patience()).end() else { panic!() };
    assert_eq!(failure.cause, Cause::ExitCode);
    assert!(failure.last_line.as_deref().is_some_and(|line| line.contains("File too large")), "{failure:?}");
}

#[test]
fn a_tool_that_ignores_every_signal_and_forks_away_is_ended() {
    let script = "trap '' INT TERM HUP QUIT USR1; \
        (setsid sh -c 'trap \"\" INT TERM HUP; (sleep 1000 &) & exec sleep 1000' &); \
        echo up; while :; do sleep 0.1; done";
    let mut case = start(script, Patience { notice: Some(Duration::from_millis(200)), ..patience() });
    let mut worker = case.connect();
    worker.until(|status| status.phase == Phase::Running && status.log_end >= 1);
    worker.tell(Order::Stop);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn a_number_that_was_given_again_is_not_the_tools() {
    let mut tool = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
    let known = ToolId::of(tool.id());
    assert_eq!(known.standing(), Standing::Runs);
    // Somebody else's by now, or from a record that tells no start: it must not be touched.
    for started in [Some("1".to_owned()), None] {
        assert_eq!(ToolId { started, ..known.clone() }.standing(), Standing::Unsure);
    }
    tool.kill().unwrap();
    tool.wait().unwrap();
    assert_eq!(known.standing(), Standing::Gone);
    // What a guard writes down is read again, and what an older one wrote is nothing to go by.
    let mut case = start("exec sleep 1000", patience());
    let written = until("the tool is written down", || ToolId::read(&case.at));
    assert_eq!(written.standing(), Standing::Runs);
    case.connect().tell(Order::Kill);
    case.end();
    assert_eq!(written.standing(), Standing::Gone);
    fs_err::write(case.at.join("tool.pid"), "12345").unwrap();
    assert_eq!(ToolId::read(&case.at), None);
}

#[test]
fn a_folder_whose_storage_was_away_when_the_job_ended_is_given_back_when_it_is_there_again() {
    for how in ["silent", "stale"] {
        let silent = how == "silent";
        let mount = FuseMount::writable(&[("out/", "")]);
        let patience = Patience { give_back: DEADLINE, write_again: Duration::from_millis(50), ..short() };
        let plan =
            Plan { patience, ..Plan::new("echo up; exec sleep 1000").on(mount.path(), "OUT", "DIRECTORY", "out") };
        let mut case = plan.start();
        let mut worker = case.connect();
        worker.until(|status| status.log_end >= 1);
        let marker = mount.path().join("out").join(MARKER);
        assert!(marker.is_file(), "{how}");
        if silent {
            mount.stop()
        } else {
            mount.trouble(Some(Trouble::Stale))
        }
        worker.tell(Order::Kill);
        assert!(matches!(case.end_on_disk(), AttemptEnd::Cancelled { .. }), "{how}");
        // Whoever looks whether the attempt lives, finds that it does not.
        until("its lock is free", || case.at.lock().unwrap());
        assert!(case.guard.try_wait().unwrap().is_none(), "{how}: it has something left to do");
        if silent {
            mount.resume()
        } else {
            mount.trouble(None)
        }
        until("the folder is given back", || (!marker.exists()).then_some(()));
        assert!(case.guard.wait().unwrap().success(), "{how}");
    }
}
