//! The guard as the process that it is: each case starts one, with a shell script as the tool.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Case, Plan, Worker, hidden, patience, start, start_below};
use rustix::process::{Pid, Signal, kill_process};
use samepath_wire::{AttemptEnd, AttemptRef, Cause, StoragePath};
use samepath_worker::guard::{AttemptDir, MARK, Order, Patience, Phase, Tree};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_tool_that_ends_well() {
    let mut case = start("echo hello; echo trouble >&2; env; echo $$", patience());
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
    assert!(case.said("hello") && case.said("trouble"));
    assert!(case.said(&format!("{MARK}={}", case.mark())));
    assert!(!case.log().iter().any(|line| line.text.contains("a-secret")), "the worker's secrets got out");
}

#[test]
fn a_tool_that_ends_badly() {
    let mut case = start("echo reason >&2; exit 3", patience());
    let AttemptEnd::Failed { failure } = case.end() else { panic!() };
    assert_eq!((failure.cause, failure.exit_code), (Cause::ExitCode, Some(3)));
    assert_eq!(failure.last_line.as_deref(), Some("reason"));

    let mut case = start("echo 'openjd_fail: no frames'; exit 1", patience());
    let AttemptEnd::Failed { failure } = case.end() else { panic!() };
    assert_eq!((failure.cause, failure.message.as_str()), (Cause::Reported, "no frames"));

    let mut case = start("kill -9 $$", patience());
    let AttemptEnd::Failed { failure } = case.end() else { panic!() };
    assert!(failure.message.contains("signal 9"), "{failure:?}");
}

#[test]
fn a_tool_that_was_ended_with_all_that_ran_there_is_lost_not_failed() {
    let mut case = start("kill -TERM $PPID $$; exec sleep 1000", patience());
    let AttemptEnd::Lost { reason, proved: true } = case.end() else { panic!("{:?}", case.at.end()) };
    assert!(reason.contains("a shutdown"), "{reason}");

    // The tool first: its guard is stopped until both were asked.
    let mut case = start("echo $$; exec sleep 1000", patience());
    case.connect().until(|status| status.log_end > 0);
    let tool = Pid::from_raw(case.log()[0].text.parse().unwrap()).unwrap();
    let guard = Pid::from_child(&case.guard);
    for (whom, what) in [(guard, Signal::STOP), (tool, Signal::TERM), (guard, Signal::TERM), (guard, Signal::CONT)] {
        kill_process(whom, what).unwrap();
    }
    assert!(matches!(case.end(), AttemptEnd::Lost { proved: true, .. }), "{:?}", case.at.end());

    let mut case = start("kill -TERM $$; exec sleep 1000", patience());
    assert!(matches!(case.end(), AttemptEnd::Failed { .. }), "somebody meant this one");
    let mut case = start("kill -TERM $PPID; exit 0", patience());
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }), "it was done already");
}

#[test]
fn a_tool_that_lacks_something_here_leaves_the_job_to_another_worker() {
    let unfit = r#"echo 'samepath_unfit: {"cause":"path_error","message":"gpu-1 does not see it"}'"#;
    let mut case = start(&format!("{unfit}; exit 1"), patience());
    let AttemptEnd::Unfit { failure } = case.end() else { panic!() };
    assert_eq!((failure.cause, failure.message.as_str()), (Cause::PathError, "gpu-1 does not see it"));

    let mut case = start(&format!("{unfit}; exit 0"), patience());
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }), "it got over it");
    let mut case = start(&format!("{unfit}; kill -9 $$"), patience());
    assert!(matches!(case.end(), AttemptEnd::Failed { .. }), "that is not why it ended");
    let later = r#"echo 'samepath_failure: {"cause":"memory","message":"too little"}'"#;
    let mut case = start(&format!("{unfit}; {later}; exit 1"), patience());
    assert!(matches!(case.end(), AttemptEnd::Failed { .. }), "what it said last counts");
}

#[test]
fn many_lines_take_no_memory() {
    let mut case = start("seq 100000; exec sleep 1000", patience());
    let mut worker = case.connect();
    let began = Instant::now();
    worker.until(|status| status.log_end >= 100_000);
    let told = began.elapsed();
    let log = case.log();
    let read = log.last().unwrap().at.duration_since(log[0].at);
    println!("100,000 lines: read within {read:#}, told after {told:?}, {} KiB at most", case.peak());
    assert!(case.peak() < 64 * 1024, "{} KiB", case.peak());
    worker.tell(Order::Kill);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert!(case.said("100000"));
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let mut case = start("head -c 64000000 /dev/zero | tr '\\0' x; echo; exec sleep 1000", patience());
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 64_000_000 / (16 * 1024));
    assert!(case.peak() < 64 * 1024, "{} KiB", case.peak());
    worker.tell(Order::Kill);
    case.end();
    assert!(case.log()[0].cut && case.log()[0].text.len() == 16 * 1024);
}

#[test]
fn progress_that_ends_in_a_return_is_known_at_once() {
    let mut case = start("printf 'openjd_progress: 50\\r'; exec sleep 1000", patience());
    let mut worker = case.connect();
    worker.until(|status| status.progress.percent == Some(50.0));
    worker.tell(Order::Kill);
    case.end();
}

#[test]
fn a_tool_that_is_stopped_saves_its_work() {
    let mut case = start("trap 'echo saved; exit 0' INT; echo up; while :; do sleep 0.05; done", patience());
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    worker.tell(Order::Stop);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert!(case.said("saved"));
}

#[test]
fn a_tool_that_will_not_stop_is_killed() {
    let notice = Duration::from_millis(300);
    let script = "trap '' INT; echo up; while :; do sleep 0.05; done";
    let mut case = start(script, Patience { notice: Some(notice), ..patience() });
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    let asked = Instant::now();
    worker.tell(Order::Stop);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert!(asked.elapsed() >= notice, "it was not left its notice");
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn whoever_left_the_group_is_killed_too() {
    let script = "setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &); (sleep 1000 &); sleep 0.1; echo up; sleep 1000";
    let mut case = start(script, patience());
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    assert!(case.left().len() >= 5, "{:?}", case.left());
    worker.tell(Order::Kill);
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn a_daemon_that_keeps_the_pipe_does_not_keep_the_job() {
    let began = Instant::now();
    let mut case = start("setsid sleep 1000 & env -i sleep 1000 & echo done", patience());
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
    assert!(began.elapsed() < Duration::from_secs(50));
    assert!(case.said("done"));
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn a_guard_that_is_killed_leaves_nothing_that_cannot_be_found() {
    let mut case = start("setsid sleep 1000 & echo up; sleep 1000", patience());
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    assert!(case.at.lock().unwrap().is_none(), "a living guard holds its lock");
    case.guard.kill().unwrap();
    case.guard.wait().unwrap();
    assert!(case.at.lock().unwrap().is_some());
    assert_eq!(case.at.end().unwrap(), None);
    assert_eq!(
        Tree { mark: &case.mark(), group: None, guard: false, kin: &[] }.kill(Duration::from_secs(10)).unwrap(),
        0
    );
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn a_guard_without_a_worker_gives_up_in_the_end() {
    let mut case = start("sleep 1000", Patience { orphan: Duration::from_millis(300), ..patience() });
    assert!(matches!(case.end(), AttemptEnd::Lost { proved: true, .. }));
    assert_eq!(case.left(), [] as [String; 0]);
}

#[test]
fn a_folder_with_a_long_name_is_reached() {
    let mut case = start_below(&"long".repeat(40), "echo up; sleep 1000", patience());
    let mut worker = case.connect();
    worker.until(|status| status.phase == Phase::Running);
    worker.tell(Order::Superseded);
    assert!(matches!(case.end(), AttemptEnd::Lost { proved: true, .. }));
}

#[test]
fn an_unknown_kind_is_unfit() {
    let mut case = start("true", patience());
    case.end();
    let mut spec = case.at.spec().unwrap();
    spec.assignment.attempt = 2;
    spec.assignment.job.kind = "another".into();
    let again =
        AttemptDir::new(case.at.path().parent().unwrap(), AttemptRef { job: spec.assignment.job.id, attempt: 2 });
    again.create(&spec).unwrap();
    assert!(Command::new(hidden()).arg("guard").arg(again.path()).status().unwrap().success());
    assert!(matches!(again.end().unwrap(), Some(AttemptEnd::Unfit { .. })));
}

#[test]
fn an_input_that_changes_while_the_job_runs_is_a_remark_and_no_failure() {
    type Change = fn(&std::path::Path);
    let cases: [(Change, &[&str]); 3] = [
        (|_| {}, &[]),
        (|input| fs_err::write(input, "longer").unwrap(), &["AT (vast:in.txt) was changed while it ran"]),
        (|input| fs_err::remove_file(input).unwrap(), &["AT (vast:in.txt) was removed while it ran"]),
    ];
    for (change, wanted) in cases {
        let storage = tempfile::tempdir().unwrap();
        let input = storage.path().join("in.txt");
        fs_err::write(&input, "x").unwrap();
        let script = "echo up; while [ ! -e \"$(dirname \"$0\")/go\" ]; do sleep 0.05; done";
        let mut case = Plan::new(script).on(storage.path(), "IN", "FILE", "in.txt").start();
        let mut worker = case.connect();
        worker.until(|status| status.log_end >= 1);
        change(&input);
        fs_err::write(case.dir.path().join("go"), "").unwrap();
        let AttemptEnd::Succeeded { outputs } = case.end() else { panic!("{wanted:?}") };
        assert_eq!(outputs.remarks, wanted);
        assert!(wanted.iter().all(|remark| case.said(remark)), "{:?}", case.log());
    }
}

/// A job with a results folder that prints this, and its worker; from how many bytes on its log is long.
fn printing(storage: &Path, script: &str, long_log: u64) -> (Case, Worker) {
    let mut plan = Plan::new(script).on(storage, "OUT", "DIRECTORY", "results");
    plan.patience = Patience { long_log, log_bytes: 1024 * 1024, ..plan.patience };
    let case = plan.start();
    let worker = case.connect();
    (case, worker)
}

#[test]
fn a_long_log_is_put_beside_the_results_whole() {
    let storage = tempfile::tempdir().unwrap();
    // More than is kept of any log, and a file of the tool's own of that name.
    let script = "echo first; echo openjd_progress: 3; echo mine > \"$1/log.txt\"; seq 100000; echo end; exit 3";
    let (mut case, _worker) = printing(storage.path(), script, 100_000);
    assert!(matches!(case.end(), AttemptEnd::Failed { .. }));
    let at = StoragePath::new("vast", "", "results/log-2.txt");
    assert_eq!(case.at.besides().log_file.as_ref(), Some(&at));
    let mut lines: Vec<String> = case.log().into_iter().map(|line| line.text).collect();
    assert_eq!(lines.pop().unwrap(), format!("The whole log: {at}"));
    assert_eq!(lines[0], "first");
    assert!(lines.iter().any(|line| line.contains("lines are left out here")), "{} lines", lines.len());
    assert!(lines.iter().any(|line| line == "100000") && lines.last().unwrap() == "end");
    let results = storage.path().join("results");
    let kept = fs_err::read_to_string(results.join("log-2.txt")).unwrap();
    lines.retain(|line| line != "openjd_progress: 3");
    assert!(kept.lines().eq(lines.iter().map(String::as_str)), "{} lines", kept.lines().count());
    assert_eq!(fs_err::read_to_string(results.join("log.txt")).unwrap(), "mine\n");
    assert_eq!(fs_err::read_dir(results).unwrap().count(), 2, "nothing else is left there");
}

#[test]
fn a_log_that_is_not_long_stays_out_of_the_results() {
    let storage = tempfile::tempdir().unwrap();
    let (mut case, _worker) = printing(storage.path(), "seq 100", 100_000);
    let AttemptEnd::Succeeded { outputs } = case.end() else { panic!("{:?}", case.at.end()) };
    assert!(outputs.files.is_empty() && case.at.besides().log_file.is_none());
    assert_eq!(fs_err::read_dir(storage.path().join("results")).unwrap().count(), 0);
}

#[test]
fn a_long_log_for_which_there_is_no_place_is_told_of() {
    let storage = tempfile::tempdir().unwrap();
    let script = "cd \"$1\"; mkdir log.txt; for n in $(seq 2 100); do mkdir log-$n.txt; done; seq 10000";
    let (mut case, _worker) = printing(storage.path(), script, 1000);
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }), "{:?}", case.at.end());
    let last = case.log().pop().unwrap().text;
    assert!(last.starts_with("The whole log could not be put beside the results: "), "{last}");
    assert_eq!(fs_err::read_dir(storage.path().join("results")).unwrap().count(), 100, "half a log is left there");
}
