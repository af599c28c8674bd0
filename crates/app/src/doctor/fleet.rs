//! Who holds the queue of this computer, and the workers that it knows.

use crate::lab::known;
use crate::view::{Finding, FindingState, MembershipView};
use crate::{Error, LocalStorages, Options};
use jiff::{SignedDuration, Timestamp};
use samepath_fleet::matching::Sameness;
use samepath_wire::{HERE, Worker};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const AREA: &str = "workers";

/// A clock that is less wrong disturbs nobody.
const CLOCK: SignedDuration = SignedDuration::from_secs(5);

/// A worker that is well has looked at its storages since.
const SILENCE: SignedDuration = SignedDuration::from_secs(120);

/// How long whoever holds the queue may take for each question. Less than joining waits by itself, which then says that nobody
/// is there.
const PATIENCE: Duration = Duration::from_secs(8);

/// Joins, and never holds: an examination changes nothing.
pub(super) async fn examine(options: &Options, storages: &LocalStorages) -> Vec<Finding> {
    let start = Instant::now();
    let lab = match options.belongs() {
        Ok(lab) => lab.map(|membership| membership.lab),
        Err(error) => return vec![not_in(error)],
    };
    let Ok(joined) = tokio::time::timeout(PATIENCE, options.look()).await else {
        return vec![lab.map_or_else(silent, |lab| silent_lab(&lab))];
    };
    let joined = match joined {
        Ok(joined) => joined,
        Err(error) => return vec![not_in(error)],
    };
    let Some(fleet) = joined else {
        let note = Finding::new(AREA, FindingState::Note, "queue", format!("no Samepath program runs on {HERE}"));
        return vec![note.mend("Open the window, or start a worker: samepath worker")];
    };
    let told = tokio::time::timeout(PATIENCE, async {
        let workers: Vec<_> = known(fleet.workers()).await.into_values().collect();
        (workers, fleet.unreadable_jobs().await)
    });
    let findings = match told.await {
        Err(_) => vec![silent()],
        Ok((workers, unreadable)) => {
            let took = start.elapsed().as_secs_f64() * 1e3;
            let (what, by) = match &lab {
                Some(lab) => ("lab", lab.as_str()),
                None => ("queue", "held by another Samepath program of yours, which"),
            };
            let found = format!("{by} answered in {took:.0} ms");
            let mut findings = vec![Finding::new(AREA, FindingState::Good, what, found)];
            findings.extend(of_limits(options));
            for job in unreadable.unwrap_or_default() {
                let note = Finding::new(AREA, FindingState::Note, "queue", job.to_string());
                findings.push(note.mend(format!("Upgrade Samepath on {HERE}; what wrote it may be newer.")));
            }
            findings.extend(of_workers(&workers, &options.version, Timestamp::now()));
            findings.extend(workers.iter().flat_map(|worker| of_others(worker, storages)));
            let put_out = tokio::time::timeout(PATIENCE, options.worker_put_out()).await;
            findings.extend(put_out.ok().flatten().map(not_in));
            findings
        }
    };
    fleet.close().await;
    findings
}

/// What the lab allows this person's jobs.
fn of_limits(options: &Options) -> Vec<Finding> {
    let memberships = options.memberships().unwrap_or_default();
    let limits = memberships.iter().flat_map(MembershipView::limits);
    limits.map(|limit| Finding::new(AREA, FindingState::Good, "lab", limit)).collect()
}

fn silent_lab(lab: &str) -> Finding {
    let wrong = Finding::new(AREA, FindingState::Wrong, "lab", format!("{lab} does not answer"));
    wrong
        .code("fleet_unreachable")
        .mend("Off campus? Connect the VPN. Else ask whoever looks after the lab. Running jobs go on.")
}

/// Why a lab is not to be used from here.
fn not_in(error: Error) -> Finding {
    let wrong = Finding::new(AREA, FindingState::Wrong, "lab", error.message).code(error.code.as_str());
    error.hint.into_iter().fold(wrong, |wrong, hint| wrong.mend(hint))
}

fn silent() -> Finding {
    let found = "another Samepath program of yours holds it and does not answer";
    let wrong = Finding::new(AREA, FindingState::Wrong, "queue", found).code("fleet_unreachable");
    wrong.mend("End that program, the window or `samepath worker`, and start it again. Running jobs go on.")
}

fn of_workers(workers: &[Worker], version: &str, now: Timestamp) -> Vec<Finding> {
    if workers.is_empty() {
        let note = Finding::new(AREA, FindingState::Note, "online", "none");
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
            Finding::new(AREA, FindingState::Good, name, format!("has {storages}; runs {}", kinds.join(", ")))
        } else {
            let note = Finding::new(AREA, FindingState::Note, name, bad.join("; "));
            note.mend(format!("See to it on {}: samepath doctor", worker.host))
        });
        findings.extend(of_clock(worker, now));
        for kind in &worker.unavailable {
            let note =
                Finding::new(AREA, FindingState::Note, name, format!("cannot run {}: {}", kind.name, kind.reason));
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
        let note =
            Finding::new(AREA, FindingState::Note, "versions", format!("{}; this is {version}", others.join(", ")));
        findings.push(note.mend("Upgrade the older ones; running jobs are not affected."));
    }
    findings
}

/// The storages of a worker that are others than this computer's of the same name.
fn of_others(worker: &Worker, storages: &LocalStorages) -> Vec<Finding> {
    let proofs = storages.proofs();
    let views = storages.views();
    let others = views.iter().filter(|ours| matches!(proofs.sameness(ours, worker), Some((Sameness::Other, _))));
    let told = others.map(|ours| {
        let name = &ours.name;
        let found = format!("its {name} is another storage than {name} here, or another folder of it");
        let note = Finding::new(AREA, FindingState::Note, &worker.name, found);
        note.mend(format!(
            "Look at both base paths. Whether workers see the same: samepath storage check {name} --with-workers"
        ))
    });
    told.collect()
}

/// What a worker's clock says: it tells when it last looked at its storages, which it does every half minute.
fn of_clock(worker: &Worker, now: Timestamp) -> Option<Finding> {
    let looked = worker.backends.values().filter_map(|backend| backend.checked_at).max()?;
    let ahead = looked.duration_since(now);
    let found = if ahead > CLOCK {
        format!("the clock of {} is {} ahead of {HERE}'s", worker.host, about(ahead))
    } else if ahead < -SILENCE {
        format!(
            "by {HERE}'s clock it last looked at its storages {} ago: the clock of {} is behind, or it is stuck",
            about(ahead.abs()),
            worker.host
        )
    } else {
        return None;
    };
    let note = Finding::new("clock", FindingState::Note, &worker.name, found);
    Some(note.mend("Let both computers set their clocks from the network."))
}

/// "300 s", "12 min", "3 h".
fn about(time: SignedDuration) -> String {
    match time.as_secs() {
        seconds @ ..=600 => format!("{seconds} s"),
        seconds @ 601..5400 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn worker(checked: &str) -> Worker {
        let vast = json!({ "state": "ready", "base_path": "/mnt/vast", "checked_at": checked });
        serde_json::from_value(json!({
            "id": "w", "name": "gpu-1", "version": "0.2", "os": "linux", "host": "node17",
            "started_at": "2026-11-22T09:00:00Z", "backends": { "vast": vast },
        }))
        .unwrap()
    }

    #[test]
    fn a_workers_clock_is_compared_with_ours_as_far_as_it_tells() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let clock = |checked: &str| {
            let told = of_workers(&[worker(checked)], "0.2", now);
            told.into_iter().filter(|it| it.area == "clock").map(|it| (it.state, it.found)).next()
        };
        for well in ["2026-11-22T09:59:40Z", "2026-11-22T10:00:03Z", "2026-11-22T09:58:30Z"] {
            assert_eq!(clock(well), None, "{well}");
        }
        let (state, found) = clock("2026-11-22T10:05:00Z").unwrap();
        assert_eq!(
            (state, found.as_str()),
            (FindingState::Note, &*format!("the clock of node17 is 300 s ahead of {HERE}'s"))
        );
        assert!(clock("2026-11-22T09:00:00Z").unwrap().1.contains(" 60 min ago"));
        assert!(clock("2026-11-22T12:59:50Z").unwrap().1.contains(" 3 h ahead"));
    }

    #[test]
    fn versions_that_differ_are_named() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let told = of_workers(&[worker("2026-11-22T10:00:00Z")], "0.3", now);
        assert!(told.iter().any(|it| it.found == "gpu-1 runs 0.2; this is 0.3" && it.mend.is_some()), "{told:#?}");
    }
}
