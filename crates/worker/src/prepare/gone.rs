//! Storages that go away while a job runs: what its tool says of that is its own, and helps nobody.

use super::OutputFolder;
use samepath_storage::{Backend, Probe, Sighting, Storages, probe, probe_again};
use samepath_wire::StoragePath;
use std::collections::BTreeSet;

/// A storage of an attempt as it was just before the tool was started.
#[derive(Debug, Clone)]
pub struct Stood {
    backend: Backend,
    seen: Option<Sighting>,
}

impl Stood {
    /// Those that these paths are on, each once. Touches them.
    pub(super) fn of<'a>(storages: &Storages, paths: impl IntoIterator<Item = &'a StoragePath>) -> Vec<Self> {
        let names: BTreeSet<&str> = paths.into_iter().map(|at| at.storage_backend.as_str()).collect();
        let of = |name| {
            let backend = storages.get(name).ok()?.clone();
            Some(Self { seen: Sighting::of(&backend, &probe(&backend)), backend })
        };
        names.into_iter().filter_map(of).collect()
    }

    /// What is to be said of it, if it is not there as it was.
    fn gone(&self, worker: &str) -> Option<String> {
        let Backend { name, base_path, .. } = &self.backend;
        let Probe { state, detail, .. } = probe_again(&self.backend, self.seen.as_ref());
        let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        let words = state.words();
        (self.seen.is_some() && !state.is_readable()).then(|| {
            format!(
                "the storage {name} went away on {worker} while the job ran: it is {words} at {}{detail}",
                base_path.display()
            )
        })
    }
}

/// What went away that an attempt on `worker` was using: a storage, or a folder that it wrote to. Touches the storages, and may hang
/// with them.
pub fn gone(stood: &[Stood], outputs: &[OutputFolder], worker: &str) -> Option<String> {
    let folder = |output: &OutputFolder| {
        (!output.local.is_dir())
            .then(|| format!("the folder of the results, {}, is no longer there on {worker}", output.at))
    };
    stood.iter().find_map(|stood| stood.gone(worker)).or_else(|| outputs.iter().find_map(folder))
}
