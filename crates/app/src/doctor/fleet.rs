//! Who holds the queue of this computer, and the workers that it knows.

use super::finding;
use crate::Options;
use crate::lab::known;
use crate::view::{Finding, FindingState};
use samepath_fleet::Fleet;
use samepath_wire::Worker;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const AREA: &str = "workers";

/// How long whoever holds the queue may take for each question.
const PATIENCE: Duration = Duration::from_secs(12);

/// Joins, and never holds: an examination changes nothing.
pub(super) async fn examine(options: &Options) -> Vec<Finding> {
    let start = Instant::now();
    let Ok(joined) = tokio::time::timeout(PATIENCE, Fleet::join(options.queue())).await else {
        return vec![silent()];
    };
    let Some(fleet) = joined else {
        let note = finding(AREA, FindingState::Note, "queue", "no Samepath program runs on this computer");
        return vec![note.mend("Open the window, or start a worker: samepath worker")];
    };
    let told = tokio::time::timeout(PATIENCE, async { (known(fleet.workers()).await, fleet.unreadable_jobs().await) });
    let findings = match told.await {
        Err(_) => vec![silent()],
        Ok((workers, unreadable)) => {
            let took = start.elapsed().as_secs_f64() * 1e3;
            let found = format!("held by another Samepath program of yours, which answered in {took:.0} ms");
            let mut findings = vec![finding(AREA, FindingState::Good, "queue", found)];
            for job in unreadable.unwrap_or_default() {
                let note = finding(AREA, FindingState::Note, "queue", job.to_string());
                findings.push(note.mend("Upgrade Samepath on this computer; what wrote it may be newer."));
            }
            findings.extend(of_workers(&workers, &options.version));
            findings
        }
    };
    fleet.close().await;
    findings
}

fn silent() -> Finding {
    let found = "another Samepath program of yours holds it and does not answer";
    let wrong = finding(AREA, FindingState::Wrong, "queue", found).code("fleet_unreachable");
    wrong.mend("End that program, the window or `samepath worker`, and start it again. Running jobs go on.")
}

fn of_workers(workers: &[Worker], version: &str) -> Vec<Finding> {
    if workers.is_empty() {
        let note = finding(AREA, FindingState::Note, "online", "none");
        return vec![note.mend("Start one: samepath worker")];
    }
    let mut findings = Vec::new();
    for worker in workers {
        let name = &worker.name;
        let bad: Vec<String> = worker
            .backends
            .iter()
            .filter(|(_, backend)| !backend.state.is_writable())
            .map(|(storage, backend)| format!("its {storage} is {}", backend.state.words()))
            .collect();
        findings.push(if bad.is_empty() {
            let storages: Vec<&str> = worker.backends.keys().map(String::as_str).collect();
            let storages = if storages.is_empty() { "no storage".to_owned() } else { storages.join(", ") };
            let kinds: Vec<&str> = worker.kinds.iter().map(|kind| kind.name.as_str()).collect();
            finding(AREA, FindingState::Good, name, format!("has {storages}; runs {}", kinds.join(", ")))
        } else {
            let note = finding(AREA, FindingState::Note, name, bad.join("; "));
            note.mend(format!("See to it on {}: samepath doctor", worker.host))
        });
        for kind in &worker.unavailable {
            let note = finding(AREA, FindingState::Note, name, format!("cannot run {}: {}", kind.name, kind.reason));
            findings.push(note.mend(format!("If it should, see to it on {}.", worker.host)));
        }
    }
    let versions: BTreeSet<&str> = workers.iter().map(|worker| worker.version.as_str()).chain([version]).collect();
    if versions.len() > 1 {
        let others: Vec<String> = workers
            .iter()
            .filter(|worker| worker.version != version)
            .map(|worker| format!("{} runs {}", worker.name, worker.version))
            .collect();
        let note = finding(AREA, FindingState::Note, "versions", format!("{}; this is {version}", others.join(", ")));
        findings.push(note.mend("Upgrade the older ones; running jobs are not affected."));
    }
    findings
}
