//! Workers in people's words.

use crate::jobs::bytes;
use crate::sameness::{self, Proofs};
use crate::storages::state_name;
use crate::view::{StorageView, WorkerStorageView, WorkerView};
use samepath_fleet::matching::Sameness;
use samepath_wire::{BackendAdvert, BackendState, Gpu, JobRecord, Worker, gibibytes};
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

/// What this computer knows of its own storages, for telling whether a worker's are the same.
pub(crate) struct Ours<'a> {
    pub(crate) storages: &'a [StorageView],
    pub(crate) proofs: &'a Proofs,
}

/// A worker as window and command line show it.
pub(crate) fn worker_view(
    worker: &Worker,
    jobs: &BTreeMap<String, JobRecord>,
    own: Option<&Own>,
    ours: &Ours<'_>,
) -> WorkerView {
    let here = own.is_some_and(|own| own.is(worker));
    let running = worker.holds.iter().find_map(|held| jobs.get(&held.job.to_string()));
    let busy = !worker.holds.is_empty();
    WorkerView {
        id: worker.id.clone(),
        name: worker.name.clone(),
        this_computer: here,
        state: match running {
            Some(record) if record.job.name.is_empty() => record.job.kind.clone(),
            Some(record) => record.job.name.clone(),
            None if busy => "busy".to_owned(),
            None if worker.draining => "takes no new jobs".to_owned(),
            None => "free".to_owned(),
        },
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
            .map(|(name, backend)| storage_view(worker, name, backend, ours, here))
            .collect(),
        kinds: worker.kinds.iter().map(|kind| kind.name.clone()).collect(),
        unavailable: worker.unavailable.iter().map(|kind| format!("{}: {}", kind.name, kind.reason)).collect(),
    }
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
    here: bool,
) -> WorkerStorageView {
    let own = ours.storages.iter().find(|storage| storage.name == name);
    // A folder of this computer is the same as itself: there is nothing to confirm.
    let itself = |storage: &StorageView| here && storage.base_path.as_deref() == Some(backend.base_path.as_str());
    let same = own.filter(|storage| !itself(storage)).and_then(|storage| ours.proofs.sameness(storage, worker));
    WorkerStorageView {
        name: name.to_owned(),
        state: state_name(backend.state).to_owned(),
        words: match same {
            Some(Sameness::Other) => sameness::words(Sameness::Other).to_owned(),
            Some(same) if backend.state == BackendState::Ready => sameness::words(same).to_owned(),
            _ => backend.state.words().to_owned(),
        },
        sameness: same.map(|same| sameness::name(same).to_owned()),
        base_path: backend.base_path.clone(),
        free_bytes: backend.free_bytes.map(bytes),
    }
}
