//! Workers in people's words.

use crate::proofs::Proofs;
use crate::sameness;
use crate::size::bytes;
use crate::storages::state_name;
use crate::view::{StorageView, WorkerStorageView, WorkerView};
use jiff::{SignedDuration, Timestamp, Zoned};
use samepath_fleet::matching::Sameness;
use samepath_wire::{Attempt, AttemptEnd, BackendAdvert, BackendState, Gpu, Job, JobRecord, Worker, gibibytes};
use std::collections::BTreeMap;

/// Who runs inside this very program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) host: String,
}

impl Own {
    pub(crate) fn is(&self, worker: &Worker) -> bool {
        self.name == worker.name && self.host == worker.host
    }
}

/// How long a worker counts as new.
const NEW: SignedDuration = SignedDuration::from_hours(24);

/// Whether it is new, and nobody has seen it run anything. The one inside this program is nobody else's to try.
fn is_untried(worker: &Worker, jobs: &BTreeMap<String, JobRecord>, now: Timestamp, own: bool) -> bool {
    // Its clock may be ahead of this one.
    let is_new = worker.since.is_some_and(|since| now.duration_since(since) < NEW);
    let tried = |record: &JobRecord| record.attempts.iter().any(|attempt| attempt.worker == worker.id);
    is_new && !own && !jobs.values().any(tried)
}

/// Which of the workers are here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    /// The one inside this very program.
    pub(crate) own: Option<&'a Own>,
    /// This computer's name, where it has one.
    pub(crate) host: Option<&'a str>,
}

/// What this computer knows of its own storages, for telling whether a worker's are the same.
pub(crate) struct Ours<'a> {
    pub(crate) storages: &'a [StorageView],
    pub(crate) proofs: &'a Proofs,
    pub(crate) now: Timestamp,
}

/// A worker as window and command line show it.
pub(crate) fn worker_view(
    worker: &Worker,
    jobs: &BTreeMap<String, JobRecord>,
    here: Here<'_>,
    ours: &Ours<'_>,
) -> WorkerView {
    let own = here.own.is_some_and(|own| own.is(worker));
    let running = worker.holds.iter().find_map(|held| jobs.get(&held.job.to_string()));
    let busy = !worker.holds.is_empty();
    WorkerView {
        id: worker.id.clone(),
        name: worker.name.clone(),
        this_computer: own || here.host.is_some_and(|host| host == worker.host),
        own,
        state: match running {
            Some(record) => job_in_words(&record.job),
            None if busy => "busy".to_owned(),
            None if worker.draining => "takes no new jobs".to_owned(),
            None => "free".to_owned(),
        },
        untried: is_untried(worker, jobs, ours.now, own),
        busy,
        draining: worker.draining,
        job: running.map(|record| record.job.id.to_string()),
        gpus: worker.amounts.get("amount.worker.gpu").map(|count| whole(*count)),
        gpu: gpus_in_words(&worker.gpus),
        gpu_in_use: worker.gpus.iter().find_map(|gpu| gpu.taken.as_ref()).map(ToString::to_string),
        version: worker.version.clone(),
        os: worker.os.clone(),
        host: worker.host.clone(),
        storages: worker
            .backends
            .iter()
            .map(|(name, backend)| storage_view(worker, name, backend, ours, own))
            .collect(),
        kinds: worker.kinds.iter().map(|kind| kind.name.clone()).collect(),
        unavailable: worker.unavailable.iter().map(|kind| format!("{}: {}", kind.name, kind.reason)).collect(),
    }
}

/// "maze day 3 (amick)"; where several share that login, with who it is: "maze day 3 (Anna, amick)".
fn job_in_words(job: &Job) -> String {
    let name = if job.name.is_empty() { &job.kind } else { &job.name };
    let login = Some(&job.submitted_by).filter(|login| !login.is_empty());
    let who: Vec<&str> = job.person.iter().chain(login).map(String::as_str).collect();
    if who.is_empty() { name.clone() } else { format!("{name} ({})", who.join(", ")) }
}

/// "2 × A40 45 GiB · 97 %": alike ones together, and how busy the busiest is.
fn gpus_in_words(gpus: &[Gpu]) -> Option<String> {
    let mut alike: Vec<(String, u32)> = Vec::new();
    for gpu in gpus {
        // Everything here is NVIDIA's.
        let name = gpu.name.trim_start_matches("NVIDIA ").trim_start_matches("GeForce ");
        let words = if gpu.memory == 0 { name.to_owned() } else { format!("{name} {} GiB", gibibytes(gpu.memory)) };
        match alike.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => alike.push((words, 1)),
        }
    }
    let words =
        |(words, count): &(String, u32)| if *count == 1 { words.clone() } else { format!("{count} × {words}") };
    let all: Vec<String> = alike.iter().map(words).collect();
    let busiest = gpus.iter().filter_map(|gpu| gpu.busy).max();
    (!all.is_empty()).then(|| match busiest {
        Some(percent) => format!("{} · {percent} %", all.join(", ")),
        None => all.join(", "),
    })
}

/// A count, as amounts have it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to what fits")]
fn whole(count: f64) -> u32 {
    count.clamp(0.0, f64::from(u32::MAX)) as u32
}

fn storage_view(
    worker: &Worker,
    name: &str,
    backend: &BackendAdvert,
    ours: &Ours<'_>,
    is_own: bool,
) -> WorkerStorageView {
    let own = ours.storages.iter().find(|storage| storage.name == name);
    // A folder of this program is the same as itself: there is nothing to confirm.
    let itself = |storage: &StorageView| is_own && storage.base_path.as_deref() == Some(backend.base_path.as_str());
    let same = own.filter(|storage| !itself(storage)).and_then(|storage| ours.proofs.sameness(storage, worker));
    WorkerStorageView {
        name: name.to_owned(),
        state: state_name(backend.state).to_owned(),
        words: match same {
            Some((Sameness::Other, _)) => sameness::words(Sameness::Other).to_owned(),
            Some((same, at)) if backend.state == BackendState::Ready => {
                let age = at.map(|at| aged(at, ours.now)).unwrap_or_default();
                format!("{}{age}", sameness::words(same))
            }
            _ => backend.state.words().to_owned(),
        },
        sameness: same.map(|(same, _)| sameness::name(same).to_owned()),
        base_path: backend.base_path.clone(),
        free_bytes: backend.free_bytes.map(bytes),
        source: backend.source.clone(),
        checked_at: backend.checked_at.map(to_the_minute).map(|at| at.to_string()),
    }
}

/// Every worker looks twice a minute: that it did is no news each time.
fn to_the_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// How old a proof is, where that is worth a word: " 3 days ago".
fn aged(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_hours() / 24 {
        ..=0 => String::new(),
        1 => " yesterday".to_owned(),
        days => format!(" {days} days ago"),
    }
}

/// Who was heard of last, as far as these tries tell, and when.
pub(crate) fn last_seen<'a>(tries: impl Iterator<Item = &'a Attempt>, now: &Zoned) -> Option<String> {
    // That it was lost was noticed later than it was last heard of.
    let heard = |attempt: &Attempt| match attempt.end {
        Some(AttemptEnd::Lost { .. }) => attempt.assigned_at,
        _ => attempt.ended_at.unwrap_or(attempt.assigned_at),
    };
    let newest = tries.max_by_key(|attempt| heard(attempt))?;
    let at = heard(newest).to_zoned(now.time_zone().clone());
    let days = at.date().until(now.date()).map_or(i32::MAX, |span| span.get_days());
    let form = match days {
        ..=0 => "%H:%M",
        1..7 => "%a %H:%M",
        _ => "%-d %b %Y",
    };
    Some(format!("{}, {}", newest.worker_name, at.strftime(form)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_busy_worker_says_whose_job_it_runs_and_when_it_looked_at_its_storages() {
        let id = "0199c0de-0000-7000-8000-000000000001";
        let held = json!({ "job": id, "attempt": 1 });
        let vast = json!({ "state": "ready", "base_path": "/mnt/vast", "checked_at": "2026-11-22T09:14:59.9Z" });
        let worker: Worker = serde_json::from_value(json!({
            "id": "w", "name": "gpu-2", "version": "1", "os": "linux", "host": "gpu-2", "started_at": "2026-11-22T09:00:00Z",
            "holds": [held], "backends": { "vast": vast, "scratch": { "state": "unknown", "base_path": "/scratch" } },
        }))
        .unwrap();
        let view = |name: &str, person: Option<&str>, by: &str| {
            let job = json!({
                "version": 1, "id": id, "kind": "train", "name": name, "person": person, "submitted_by": by,
                "submitted_at": "2026-11-22T09:00:00Z",
            });
            let record = json!({ "job": job, "order": 1, "state": "running", "epoch": 1 });
            let jobs = BTreeMap::from([(id.to_owned(), serde_json::from_value::<JobRecord>(record).unwrap())]);
            let ours = Ours { storages: &[], proofs: &Proofs::default(), now: Timestamp::UNIX_EPOCH };
            worker_view(&worker, &jobs, Here { own: None, host: None }, &ours)
        };
        assert_eq!(view("maze day 3", None, "amick").state, "maze day 3 (amick)");
        assert_eq!(view("maze day 3", Some("Anna"), "amick").state, "maze day 3 (Anna, amick)");
        assert_eq!(view("", None, "").state, "train");
        let looked: Vec<Option<String>> =
            view("maze", None, "amick").storages.into_iter().map(|storage| storage.checked_at).collect();
        assert_eq!(looked, [None, Some("2026-11-22T09:14:00Z".to_owned())]);
    }

    #[test]
    fn a_worker_is_new_for_a_day_and_until_it_was_given_a_job() {
        let worker: Worker = serde_json::from_value(json!({
            "id": "w", "name": "gpu-2", "version": "1", "os": "linux", "host": "gpu-2",
            "started_at": "2026-11-22T09:00:00Z", "since": "2026-11-22T09:00:00Z",
        }))
        .unwrap();
        let given_to = |id: &str| {
            let job = json!({ "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": "slp-check", "submitted_at": "2026-11-22T09:00:00Z" });
            let attempt = json!({
                "number": 1, "worker": id, "worker_name": id, "state": "ended", "assigned_at": "2026-11-22T09:00:00Z",
            });
            let record = json!({ "job": job, "order": 1, "state": "failed", "epoch": 1, "attempts": [attempt] });
            BTreeMap::from([("job".to_owned(), serde_json::from_value::<JobRecord>(record).unwrap())])
        };
        let untried = |worker: &Worker, jobs: &BTreeMap<String, JobRecord>, now: &str| {
            is_untried(worker, jobs, now.parse().unwrap(), false)
        };
        let (nothing, today) = (BTreeMap::new(), "2026-11-22T20:00:00Z");
        assert!(untried(&worker, &nothing, today));
        assert!(untried(&worker, &nothing, "2026-11-22T08:59:00Z"), "its clock is ahead");
        assert!(untried(&worker, &given_to("another"), today));
        assert!(!untried(&worker, &given_to("w"), today));
        assert!(!untried(&worker, &nothing, "2026-11-23T09:00:00Z"));
        assert!(!untried(&Worker { since: None, ..worker.clone() }, &nothing, today), "an older one");
        assert!(!is_untried(&worker, &nothing, today.parse().unwrap(), true), "the window's own");
    }

    #[test]
    fn a_proof_says_how_old_it_is_once_it_is_not_of_today() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-22T12:00:00Z");
        let words = |then| aged(at(then), now);
        assert_eq!(words("2026-11-22T08:00:00Z"), "");
        assert_eq!(words("2026-11-21T08:00:00Z"), " yesterday");
        assert_eq!(words("2026-11-12T08:00:00Z"), " 10 days ago");
        assert_eq!(words("2026-11-23T08:00:00Z"), "", "another clock");
    }

    #[test]
    fn the_worker_that_was_heard_of_last_is_named_with_the_time() {
        let now: Zoned = "2026-11-22T12:00:00[UTC]".parse().unwrap();
        let record = |worker: &str, began: &str, ended: &str| {
            let job = json!({ "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": "slp-check", "submitted_at": began });
            let attempt = json!({
                "number": 1, "worker": worker, "worker_name": worker, "state": "ended", "assigned_at": began, "ended_at": ended,
            });
            let record = json!({ "job": job, "order": 1, "state": "failed", "epoch": 1, "attempts": [attempt] });
            serde_json::from_value::<JobRecord>(record).unwrap()
        };
        let said = |records: &[JobRecord]| last_seen(records.iter().flat_map(|record| &record.attempts), &now);
        let old = record("gpu-3", "2026-11-02T09:00:00Z", "2026-11-02T09:00:00Z");
        // It was heard of on Friday for the last time, whenever that was noticed.
        let mut away = record("gpu-2", "2026-11-20T18:40:00Z", "2026-11-22T11:00:00Z");
        away.attempts[0].end = Some(AttemptEnd::Lost { reason: "was not heard of".to_owned(), proved: false });
        let today = record("gpu-1", "2026-11-22T08:00:00Z", "2026-11-22T09:30:00Z");
        assert_eq!(said(&[]), None);
        assert_eq!(said(std::slice::from_ref(&old)).as_deref(), Some("gpu-3, 2 Nov 2026"));
        assert_eq!(said(&[old.clone(), away.clone()]).as_deref(), Some("gpu-2, Fri 18:40"));
        assert_eq!(said(&[away, today, old]).as_deref(), Some("gpu-1, 09:30"));
    }
}
