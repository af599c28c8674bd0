//! The rules are shown histories: one that keeps them all, and ones that break a single rule each, which they must say.

use crate::rules::{Found, Left, Sight, Watch, spans};
use samepath_wire::JobRecord;
use serde_json::{Value, json};
use std::time::Duration;

const JOB: &str = "0199c0de-0000-7000-8000-000000000001";
const LEASE: Duration = Duration::from_secs(7);

/// Seconds into the run.
fn at(second: u32) -> String {
    format!("2026-11-28T10:{:02}:{:02}Z", second / 60, second % 60)
}

fn change(state: &str, second: u32) -> Value {
    json!({ "state": state, "at": at(second) })
}

/// What a run leaves, to be changed by whoever wants to see a rule broken.
struct History {
    /// As they were heard.
    records: Vec<Value>,
    /// What ran while each of them was the newest: guards, then tools.
    sights: Vec<[Vec<u32>; 2]>,
    journal: String,
    result: String,
    log: Vec<&'static str>,
    /// What the queue has in the end, if not the last record.
    kept: Option<Value>,
}

/// A job whose first try was lost, `proved` or after a silence, and whose second one succeeded.
fn history(proved: bool) -> History {
    let job = json!({ "version": 1, "id": JOB, "kind": "work", "submitted_at": at(0) });
    let attempt = |number: u32, second: u32| {
        json!({
            "number": number, "worker": format!("w{number}"), "worker_name": "gpu-1", "state": "running",
            "assigned_at": at(second), "confirmed_at": at(second), "own_output": number > 1 && !proved,
        })
    };
    let record = |state: &str, attempts: Vec<Value>, history: Vec<Value>| {
        json!({
            "job": job, "order": 1, "state": state, "epoch": 1, "attempts": attempts, "history": history,
        })
    };
    let lost_at = if proved { 3 } else { 10 };
    let mut lost = attempt(1, 1);
    lost["ended_at"] = at(lost_at).into();
    lost["end"] = json!({ "end": "lost", "reason": "gone", "proved": proved });
    lost["told"] = proved.into();
    let mut won = attempt(2, 20);
    won["ended_at"] = at(25).into();
    won["end"] = json!({ "end": "succeeded", "outputs": { "folders": [], "files": [], "attempt": 2 } });
    won["told"] = true.into();
    let all = [
        change("queued", 0),
        change("assigned", 1),
        change("running", 2),
        change("queued", lost_at),
        change("assigned", 20),
        change("running", 21),
        change("succeeded", 25),
    ];
    let mut done = record("succeeded", vec![lost.clone(), won], all.to_vec());
    done["outputs"] = json!({ "folders": [], "files": [], "attempt": 2 });
    let own = if proved { "out" } else { "out/attempt-2" };
    let first_ends = if proved { 3 } else { 22 };
    History {
        records: vec![
            record("running", vec![attempt(1, 1)], all[..3].to_vec()),
            record("queued", vec![lost.clone()], all[..4].to_vec()),
            record("running", vec![lost, attempt(2, 20)], all[..6].to_vec()),
            done,
        ],
        sights: vec![
            [vec![1], vec![1]],
            if proved { [vec![], vec![]] } else { [vec![1], vec![1]] },
            if proved { [vec![2], vec![2]] } else { [vec![1, 2], vec![1, 2]] },
            if proved { [vec![], vec![]] } else { [vec![1], vec![1]] },
        ],
        journal: format!(
            "{JOB}.1 begin 2 out\n{JOB}.2 begin 21 {own}\n{JOB}.1 tick {first_ends} out\n{JOB}.2 tick 24 {own}\n{JOB}.2 end 25 {own}\n"
        ),
        result: format!("{JOB}.2\n"),
        log: vec!["1 left", "done"],
        kept: None,
    }
}

impl History {
    fn attempt(&mut self, record: usize, number: usize) -> &mut Value {
        &mut self.records[record]["attempts"][number - 1]
    }

    fn judged(self) -> (Found, Vec<String>) {
        let read = |value: &Value| serde_json::from_value::<JobRecord>(value.clone()).unwrap();
        let tries = |numbers: &[u32]| numbers.iter().map(|number| (JOB.to_owned(), *number)).collect();
        let mut watch = Watch::new(LEASE);
        for (record, [guards, tools]) in self.records.iter().zip(&self.sights) {
            watch.hear(read(record));
            watch.look(&Sight { guards: tries(guards), tools: tries(tools) });
        }
        let (spans, faults) = spans(&self.journal);
        let lines = self
            .log
            .iter()
            .enumerate()
            .map(|(seq, text)| json!({ "seq": seq, "at": at(21), "stream": "out", "text": text }));
        let results = spans.values().map(|span| (span.output.clone(), self.result.clone())).collect();
        let kept = read(self.kept.as_ref().unwrap_or(self.records.last().unwrap()));
        let left = Left {
            submitted: [JOB.to_owned()].into(),
            kept: [(JOB.to_owned(), kept)].into(),
            spans,
            results,
            logs: [(JOB.to_owned(), lines.map(|line| serde_json::from_value(line).unwrap()).collect())].into(),
        };
        let found = watch.end(&left);
        (found, [faults, watch.faults().to_vec()].concat())
    }
}

#[test]
fn a_history_that_keeps_the_rules_is_not_blamed() {
    let (found, faults) = history(true).judged();
    assert_eq!((faults, found.lost_unproved, found.overlaps, found.together), (vec![], 0, 0, 0));
    // An overlap after a silence, in a folder of its own, is as it should be, and is counted.
    let (found, faults) = history(false).judged();
    assert_eq!((faults, found.lost_unproved, found.overlaps, found.together), (vec![], 1, 1, 1));
}

type Forge = fn(&mut History);

#[test]
fn every_rule_that_is_broken_is_told() {
    let broken: [(&str, bool, Forge); 24] = [
        ("had a guard at the same time", true, |it| it.sights[2][0] = vec![1, 2]),
        ("had a guard at the same time", true, |it| it.sights[0][0] = vec![1, 2]),
        ("a guard of try 2 runs, and its job has ended", true, |it| it.sights[3][0] = vec![2]),
        ("a process of try 2 runs, and its job has ended", true, |it| it.sights[3][1] = vec![2]),
        ("a process of try 1 runs, and its job has ended", true, |it| it.sights[3][1] = vec![1]),
        ("was lost without proof after", false, |it| {
            for record in 1..4 {
                it.attempt(record, 1)["ended_at"] = at(8).into();
            }
        }),
        ("it ended 2 times", true, |it| {
            let history = it.records[3]["history"].as_array_mut().unwrap();
            history.push(change("succeeded", 26));
        }),
        ("it changed after it had ended", true, |it| {
            let mut again = it.records[3].clone();
            again["progress"] = json!({ "percent": 1.0 });
            it.records.push(again);
            it.sights.push([vec![], vec![]]);
        }),
        ("it changed after it had ended", true, |it| {
            let mut kept = it.records[3].clone();
            kept["epoch"] = 2.into();
            it.kept = Some(kept);
        }),
        ("the end of try 1 was recorded twice", true, |it| {
            it.attempt(3, 1)["end"]["reason"] = "again".into();
        }),
        ("try 1 was given to another worker", true, |it| it.attempt(1, 1)["worker"] = "w9".into()),
        ("try 1 is no longer known", true, |it| it.records[1]["attempts"] = json!([])),
        ("try 1 has number 2", true, |it| it.attempt(0, 1)["number"] = 2.into()),
        ("try 1 still ran when the next was made", true, |it| it.attempt(2, 1)["end"] = Value::Null),
        ("it went on after try 1 had ended", true, |it| {
            it.attempt(2, 1)["end"] =
                json!({ "end": "cancelled", "outputs": { "folders": [], "files": [], "attempt": 1 } });
        }),
        ("it did not end", true, |it| drop(it.records.pop())),
        ("tries 1 and 2 of", true, |it| it.journal = it.journal.replace(".1 tick 3", ".1 tick 22")),
        ("a folder was used again while it may be written to", false, |it| {
            it.journal = it.journal.replace("out/attempt-2", "out");
        }),
        ("is said to be done, and is not", true, |it| it.journal = it.journal.replace(" end ", " tick ")),
        ("is not of the try that won", true, |it| it.result = format!("{JOB}.1")),
        ("the outputs of", true, |it| it.records[3]["outputs"]["attempt"] = 1.into()),
        ("ends with", true, |it| it.log = vec!["1 left"]),
        ("try 3 of", true, |it| it.journal += &format!("{JOB}.3 begin 30 out\n")),
        ("a try went on after its end", true, |it| it.journal += &format!("{JOB}.2 tick 30 out\n")),
    ];
    for (number, (fault, proved, forge)) in broken.into_iter().enumerate() {
        let mut forged = history(proved);
        forge(&mut forged);
        let (_, faults) = forged.judged();
        assert!(faults.iter().any(|told| told.contains(fault)), "{number}: {fault} was not told: {faults:#?}");
    }
}

#[test]
fn a_job_that_nobody_submitted_or_that_was_lost_is_told() {
    let mut watch = Watch::new(LEASE);
    let left = Left { submitted: [JOB.to_owned()].into(), ..Left::default() };
    watch.end(&left);
    assert!(watch.faults()[0].contains("1 jobs were submitted, 0 are known"), "{:?}", watch.faults());
}
