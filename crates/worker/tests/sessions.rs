//! What the reference's own sessions do wrong with a tool (docs/reliability.md), done right by a guard.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Plan, patience, start};
use samepath_wire::AttemptEnd;
use samepath_worker::guard::{Order, Patience, Phase};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn a_tool_that_closes_its_output_goes_on() {
    let began = Instant::now();
    let mut case = start("echo first; exec >&- 2>&-; sleep 6; touch \"${0%script.sh}/done\"", patience());
    let _worker = case.connect();
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. }));
    assert!(case.dir.path().join("done").exists(), "it was ended before its time");
    assert!(began.elapsed() >= Duration::from_secs(6));
    assert!(case.said("first"));
}

#[test]
fn a_variable_that_is_no_text_harms_nothing() {
    let before = "set -- env \"$(printf 'LC_\\377=name')\" \"LC_BAD=$(printf 'a\\377b')\" \"$@\";";
    let script = "printf %s \"$LC_BAD\" | od -An -tx1; env | grep -c =name";
    let mut case = Plan { before, ..Plan::new(script) }.start();
    let _worker = case.connect();
    assert!(matches!(case.end(), AttemptEnd::Succeeded { .. } | AttemptEnd::Failed { .. }));
    let log: Vec<String> = case.log().into_iter().map(|line| line.text).collect();
    // The value arrives byte by byte; of a variable whose name is no text nobody can say whether it is a secret.
    assert_eq!(log.iter().map(|line| line.trim()).collect::<Vec<_>>(), ["61 ff 62", "0"], "{log:?}");
}

/// As long as `SAMEPATH_NOTICE_SECONDS` says, else two seconds.
#[test]
fn a_tool_has_all_of_the_notice_that_its_kind_gives_it() {
    let seconds = std::env::var("SAMEPATH_NOTICE_SECONDS").map_or(2, |text| text.parse().unwrap());
    let notice = Duration::from_secs(seconds);
    let mut plan = Plan::new("trap 'echo heard' INT; echo up; while :; do sleep 0.05; done");
    plan.patience = Patience { notice: None, ..patience() };
    plan.template["steps"][0]["script"]["actions"]["onRun"]["cancelation"] =
        json!({ "mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": seconds });
    let mut case = plan.start();
    let mut worker = case.connect();
    worker.until(|status| status.log_end >= 1);
    let asked = Instant::now();
    worker.tell(Order::Stop);
    worker.until(|status| status.phase == Phase::Stopping);
    worker.until(|status| status.phase > Phase::Stopping);
    let given = asked.elapsed();
    println!("a notice of {notice:?}: killed after {given:?}");
    assert!(given >= notice, "it was killed after {given:?}");
    assert!(given < notice + Duration::from_secs(20), "it was killed after {given:?}");
    assert!(matches!(case.end(), AttemptEnd::Cancelled { .. }));
    assert!(case.said("heard") && case.said("Killed."));
}
