//! Gathers what a run has left, for the rules.

use crate::lab::Lab;
use crate::rules::{Found, Left, spans};
use samepath_fleet::{Fleet, LogItem, Update};
use samepath_wire::JobRecord;
use std::collections::BTreeMap;
use std::time::Duration;

/// Checks everything, when all jobs have ended.
pub(crate) fn all(mut lab: Lab) -> Found {
    until("folders of attempts that were told are left", || lab.attempts_left().is_empty());
    lab.close();
    until("processes of jobs run on", || lab.tools().is_empty() && lab.guards().is_empty());
    let mut left = tokio::runtime::Runtime::new().unwrap().block_on(read(&lab));
    lab.close_hub();
    let journal = fs_err::read_to_string(lab.dir.path().join("journal")).unwrap_or_default();
    let (spans, mut faults) = spans(&journal);
    left.submitted = lab.jobs.keys().cloned().collect();
    let folders = spans.values().map(|span| span.output.clone());
    left.results = folders.filter_map(|at| Some((at.clone(), fs_err::read_to_string(at + "/result").ok()?))).collect();
    left.spans = spans;
    let found = lab.watch.end(&left);
    faults.extend(lab.watch.faults().iter().cloned());
    assert!(faults.is_empty(), "{} rules were broken:\n{}", faults.len(), faults.join("\n"));
    found
}

/// The records that are kept, and what the last try of each of these jobs printed. Of jobs above those that are kept some go meanwhile,
/// with their logs.
async fn read(lab: &Lab) -> Left {
    let fleet = lab.fleet().await;
    let mut left = Left { kept: records(&fleet).await, ..Left::default() };
    for (id, record) in &left.kept {
        let mut log = fleet.log(record.job.id, record.attempts.len() as u32, 0).await.unwrap();
        let mut lines = Vec::new();
        while let Some(LogItem::Line(line)) = log.next().await {
            lines.push(line);
        }
        left.logs.insert(id.clone(), lines);
    }
    let still = records(&fleet).await;
    left.logs.retain(|id, _| still.contains_key(id));
    fleet.close().await;
    left
}

async fn records(fleet: &Fleet) -> BTreeMap<String, JobRecord> {
    let mut kept = BTreeMap::new();
    let mut jobs = fleet.jobs();
    while let Some(update) = jobs.next().await {
        match update {
            Update::Put(id, record) => drop(kept.insert(id, record)),
            Update::Gone(id) => drop(kept.remove(&id)),
            Update::Current => break,
            Update::Reset => panic!("nobody else is there"),
        }
    }
    kept
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
