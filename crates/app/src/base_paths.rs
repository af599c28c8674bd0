//! Where every computer mounts every storage: what translates a path that was written elsewhere.

use crate::places::Options;
use crate::storages::LocalStorages;
use samepath_fleet::Update;
use samepath_wire::Worker;
use std::collections::BTreeMap;
use std::time::Duration;

/// Base paths by storage.
pub type BasePaths = BTreeMap<String, Vec<String>>;

/// How long a look at the workers may take where the answer is wanted at once.
const MOMENT: Duration = Duration::from_millis(300);

/// Base paths of one storage that are told; they travel with every job.
const MOST: usize = 64;

fn take(known: &mut BasePaths, name: &str, path: &str) {
    let paths = known.entry(name.to_owned()).or_default();
    if paths.len() < MOST && !paths.iter().any(|known| known == path) {
        paths.push(path.to_owned());
    }
}

/// Where these workers mount their storages.
pub(crate) fn of<'a>(workers: impl IntoIterator<Item = &'a Worker>) -> BasePaths {
    let mut known = BasePaths::new();
    let mounts = workers.into_iter().flat_map(Worker::whole_mounts);
    mounts.for_each(|(name, path)| take(&mut known, name, path));
    known
}

impl LocalStorages {
    /// Where the person's computers mount the storages: this one, and those that the configuration names. A mount that shows
    /// only a part of its storage is left out: it says nothing of paths below the whole.
    pub fn base_paths(&self) -> BasePaths {
        let config = self.config();
        let mut known = BasePaths::new();
        for backend in config.backends().iter().filter(|backend| backend.subpath.is_empty()) {
            take(&mut known, &backend.name, &backend.base_path.display().to_string());
        }
        for (name, paths) in &config.elsewhere {
            paths.iter().for_each(|path| take(&mut known, name, path));
        }
        known
    }
}

impl Options {
    /// Where the workers online mount their storages, as far as it can be learned in a moment: from a program that holds the queue
    /// of this computer now. Starts nothing, and holds nothing.
    pub async fn fleet_base_paths(&self) -> BasePaths {
        let mut workers = Vec::new();
        let look = async {
            let Ok(Some(fleet)) = self.look().await else { return };
            let mut live = fleet.workers();
            while let Some(Update::Put(_, worker)) = live.next().await {
                workers.push(worker);
            }
        };
        // What was told until then is taken.
        let _ = tokio::time::timeout(MOMENT, look).await;
        of(&workers)
    }
}
