//! What the lab uses: the storages of the workers online, and which of them a folder of this computer is.

use crate::same_storage::{self, Question};
use crate::sameness::Verdict;
use crate::view::{LabMatchView, LabStorageView, SameStorageView, StorageFields};
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_fleet::{Fleet, Live, Update};
use samepath_storage::{Backend, Platform, Suggestion, address_of_share, part_of_share, same_share};
use samepath_wire::Worker;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long whoever holds the queue may take to tell who is online.
const PATIENCE: Duration = Duration::from_secs(3);

/// The workers online, seen by a program that holds nothing: for a command that would set this computer up, or look at it.
#[derive(Debug)]
pub struct Lab {
    fleet: Option<Fleet>,
    workers: Vec<Worker>,
    ended: CancellationToken,
    running: TaskTracker,
}

impl Lab {
    /// Joins whoever holds the queue of this computer. Where nobody does, or does not answer, there is no worker.
    pub async fn join(options: &Options) -> Self {
        let joined = async {
            let fleet = options.look().await?;
            let workers = known(fleet.workers()).await;
            Some((fleet, workers))
        };
        let (fleet, workers) = match tokio::time::timeout(PATIENCE, joined).await.ok().flatten() {
            Some((fleet, workers)) => (Some(fleet), workers),
            None => (None, Vec::new()),
        };
        Self { fleet, workers, ended: CancellationToken::new(), running: TaskTracker::new() }
    }

    /// The storages that the workers have, those of the most workers first.
    pub fn storages(&self) -> Vec<LabStorage> {
        LabStorage::all(&self.workers)
    }

    /// The storages of one worker.
    ///
    /// # Errors
    /// `no_worker`, naming those that are online.
    pub fn storages_of(&self, worker: &str) -> Result<Vec<LabStorage>, Error> {
        let found = self.workers.iter().find(|it| it.name == worker || it.id == worker);
        let unknown = || {
            let mut names: Vec<&str> = self.workers.iter().map(|it| it.name.as_str()).collect();
            names.sort_unstable();
            let error = Error::new(ErrorCode::NoWorker, format!("No worker {worker} is online."));
            error.with_hint(match names.as_slice() {
                [] => "No worker is. Start it first, or leave --from away.".to_owned(),
                names => format!("Online: {}.", names.join(", ")),
            })
        };
        found.map(|it| LabStorage::all([it])).ok_or_else(unknown)
    }

    /// How many workers have a storage of this name.
    pub fn with(&self, storage: &str) -> usize {
        self.workers.iter().filter(|worker| worker.backends.contains_key(storage)).count()
    }

    /// Whether workers find a test file that is written to the person's folder of a storage, which need not be configured yet; none
    /// where no worker is online. See [`same_storage::findings`] for the words.
    ///
    /// # Errors
    /// `config_invalid`, what is wrong with the folder, `job_cancelled` once this was left.
    pub async fn same_storage(
        &self,
        storages: &LocalStorages,
        name: &str,
        fields: &StorageFields,
    ) -> Result<Option<Vec<SameStorageView>>, Error> {
        let backend = Backend::proposed(name, &fields.clone().into(), storages.environment())?;
        self.ask(storages, &backend).await
    }

    /// The same of a storage that is configured.
    ///
    /// # Errors
    /// Likewise, and `backend_not_found`.
    pub async fn same_configured(
        &self,
        storages: &LocalStorages,
        name: &str,
    ) -> Result<Option<Vec<SameStorageView>>, Error> {
        self.ask(storages, storages.storages().get(name)?).await
    }

    async fn ask(&self, storages: &LocalStorages, backend: &Backend) -> Result<Option<Vec<SameStorageView>>, Error> {
        let Some(fleet) = self.fleet.as_ref().filter(|_| !self.workers.is_empty()) else { return Ok(None) };
        let question = Question { backend, workers: &self.workers };
        let asked = same_storage::ask(fleet, storages, &question, &self.ended);
        let (told, _): (_, Vec<(_, Verdict)>) = self.running.track_future(asked).await?;
        Ok(Some(told))
    }

    /// Leaves: a question that is under way ends, and the file that it wrote is removed before this returns. Safe to call twice.
    pub async fn leave(&self) {
        self.ended.cancel();
        self.running.close();
        self.running.wait().await;
        if let Some(fleet) = &self.fleet {
            fleet.close().await;
        }
    }
}

/// What a stream tells before its first change.
pub(crate) async fn known<T: DeserializeOwned>(mut stream: Live<T>) -> Vec<T> {
    let mut known = BTreeMap::new();
    while let Some(update) = stream.next().await {
        match update {
            Update::Put(key, record) => drop(known.insert(key, record)),
            Update::Gone(key) => drop(known.remove(&key)),
            Update::Reset => known.clear(),
            Update::Current => break,
        }
    }
    known.into_values().collect()
}

/// A storage that workers have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabStorage {
    /// What the lab calls it.
    pub name: String,
    /// The configuration's `type`, where a worker says it.
    pub kind: Option<String>,
    /// Names of the workers that have it.
    pub workers: Vec<String>,
    marks: BTreeSet<String>,
    /// Server and share, of those that mount the whole.
    shares: BTreeSet<String>,
    /// Where those mount it.
    base_paths: BTreeSet<String>,
}

/// What speaks for a folder of this computer being a storage of the lab; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Mark,
    Share,
    /// sleap-rtc's configuration says so.
    PathPair,
    Name,
}

impl Evidence {
    fn name(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Share => "share",
            Self::PathPair => "path_pair",
            Self::Name => "name",
        }
    }

    fn words(self, storage: &LabStorage) -> String {
        let name = &storage.name;
        let who = workers_words(&storage.workers);
        let one = storage.workers.len() == 1;
        let (has, mounts) = if one { ("has", "mounts") } else { ("have", "mount") };
        match self {
            Self::Mark => format!("the lab's {name}, by its mark; {who} {has} it"),
            Self::Share => format!("the lab's {name}: {who} {mounts} this share"),
            Self::PathPair => format!("the lab's {name}: {who} {has} it at the other path"),
            Self::Name => format!("{who} {has} a {name}; looks like it"),
        }
    }
}

/// "4 workers".
pub fn workers_words(workers: &[String]) -> String {
    match workers {
        [_] => "1 worker".to_owned(),
        several => format!("{} workers", several.len()),
    }
}

impl LabStorage {
    pub(crate) fn all<'w>(workers: impl IntoIterator<Item = &'w Worker>) -> Vec<Self> {
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        for worker in workers {
            for (name, advert) in &worker.backends {
                let storage = all.entry(name).or_insert_with(|| Self {
                    name: name.clone(),
                    kind: None,
                    workers: Vec::new(),
                    marks: BTreeSet::new(),
                    shares: BTreeSet::new(),
                    base_paths: BTreeSet::new(),
                });
                storage.workers.push(worker.name.clone());
                storage.kind = storage.kind.take().or_else(|| advert.kind.clone());
                storage.marks.extend(advert.id.clone());
                if advert.subpath.is_empty() {
                    // A disk of the worker's own is no share.
                    storage.shares.extend(advert.source.clone().filter(|source| same_share(source, source)));
                    storage.base_paths.insert(advert.base_path.clone());
                }
            }
        }
        let mut all: Vec<Self> = all.into_values().collect();
        all.sort_by_key(|storage| std::cmp::Reverse(storage.workers.len()));
        all
    }

    /// Why a folder of this computer may be this storage, and which part of it; none where nothing speaks for it.
    fn evidence(&self, here: &Suggestion) -> Option<(Evidence, String)> {
        if let Some(mark) = here.mark.as_ref().filter(|_| !self.marks.is_empty()) {
            // Another mark is another storage, whatever it is called.
            return self.marks.contains(mark).then(|| (Evidence::Mark, String::new()));
        }
        let part = here.share().and_then(|share| self.shares.iter().find_map(|whole| part_of_share(whole, share)));
        let pair = here.elsewhere.as_ref().is_some_and(|other| self.base_paths.contains(other));
        match part {
            Some(part) => Some((Evidence::Share, part)),
            None if pair => Some((Evidence::PathPair, String::new())),
            None => (here.name == self.name).then(|| (Evidence::Name, String::new())),
        }
    }

    /// For people and programs.
    pub fn view(&self) -> LabStorageView {
        LabStorageView {
            name: self.name.clone(),
            kind: self.kind.clone(),
            workers: self.workers.clone(),
            shares: self.shares.iter().cloned().collect(),
            connect: self.address(),
        }
    }

    /// Where this computer's own desktop can connect it.
    pub(crate) fn address(&self) -> Option<String> {
        self.shares.iter().find_map(|share| address_of_share(share, Platform::current()))
    }
}

/// Which storage of the lab each suggestion is, where one can be told; no two suggestions are one storage, and the surest counts.
pub(crate) fn matches(here: &[Suggestion], lab: &[LabStorage]) -> Vec<Option<LabMatchView>> {
    let mut pairs: Vec<(Evidence, usize, &LabStorage, String)> = Vec::new();
    for (number, suggestion) in here.iter().enumerate() {
        for storage in lab {
            if let Some((evidence, part)) = storage.evidence(suggestion) {
                pairs.push((evidence, number, storage, part));
            }
        }
    }
    // The sort is stable: of several equally sure the first suggestion counts.
    pairs.sort_by_key(|(evidence, _, _, part)| (*evidence, part.len()));
    let mut found: Vec<Option<LabMatchView>> = vec![None; here.len()];
    let mut taken = BTreeSet::new();
    for (evidence, number, storage, part) in pairs {
        if let Some(place @ None) = found.get_mut(number)
            && taken.insert(&storage.name)
        {
            *place = Some(LabMatchView {
                name: storage.name.clone(),
                by: evidence.name().to_owned(),
                sure: evidence != Evidence::Name,
                words: evidence.words(storage),
                kind: storage.kind.clone(),
                workers: storage.workers.clone(),
                subpath: part,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_storage::Hint;
    use serde_json::json;

    fn worker(name: &str, storages: &serde_json::Value) -> Worker {
        serde_json::from_value(json!({
            "id": name, "name": name, "version": "0", "os": "linux", "host": name, "started_at": "2026-11-22T09:00:00Z",
            "backends": storages,
        }))
        .unwrap()
    }

    fn lab() -> Vec<LabStorage> {
        let vast = json!({ "state": "ready", "base_path": "/mnt/vast", "source": "vast01:/talmo", "id": "m-1", "type": "nfs" });
        let unmarked = json!({ "state": "ready", "base_path": "/root/vast", "source": "vast01.salk.edu:/talmo" });
        let part = json!({ "state": "ready", "base_path": "/mnt/s", "source": "nas:/s/part", "subpath": "part" });
        LabStorage::all(&[
            worker(
                "gpu-1",
                &json!({ "vast": vast, "scratch": { "state": "ready", "base_path": "/data", "source": "/dev/sda1" } }),
            ),
            worker("gpu-2", &json!({ "vast": unmarked, "photos": part })),
        ])
    }

    fn here(name: &str, share: &str) -> Suggestion {
        Suggestion {
            name: name.to_owned(),
            base_path: format!("/Volumes/{name}"),
            kind: None,
            user_subdir: None,
            elsewhere: None,
            folder: String::new(),
            found: vec![Hint::Mounted { source: share.to_owned() }],
            state: None,
            free_bytes: None,
            mark: None,
        }
    }

    /// `name by subpath` of each.
    fn matched(here: &[Suggestion]) -> Vec<String> {
        let shown =
            |it: Option<LabMatchView>| it.map_or("-".to_owned(), |it| format!("{} {} {}", it.name, it.by, it.subpath));
        matches(here, &lab()).into_iter().map(|it| shown(it).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_mark_says_more_than_a_share_and_a_share_more_than_a_name() {
        let marked = |mark: &str, it: Suggestion| Suggestion { mark: Some(mark.to_owned()), ..it };
        assert_eq!(matched(&[here("talmo", "//amick@vast01/talmo")]), ["vast share"]);
        assert_eq!(matched(&[here("talmo", "//vast01/talmo/labs/amick")]), ["vast share labs/amick"]);
        assert_eq!(matched(&[here("vast", "nas:/other")]), ["vast name"]);
        assert_eq!(matched(&[here("other", "nas:/other")]), ["-"]);
        // Of one storage the surest counts, wherever it stands.
        let all = [here("vast", "nas:/x"), here("a", "vast01:/talmo"), marked("m-1", here("b", "nas:/copy"))];
        assert_eq!(matched(&all), ["-", "-", "vast mark"]);
        // Another mark is another storage, also by the same share's and by the name's word.
        assert_eq!(matched(&[marked("m-2", here("vast", "vast01:/talmo"))]), ["-"]);
        // A disk of a worker's own is no share, and a part of a storage says nothing of the whole.
        assert_eq!(matched(&[here("x", "/dev/sda1"), here("y", "nas:/s/part")]), ["-", "-"]);
    }

    #[test]
    fn a_path_pair_of_the_configuration_names_the_labs_storage() {
        let pair = Suggestion {
            elsewhere: Some("/root/vast".to_owned()),
            found: vec![Hint::PathMapping { line: Some(2) }],
            ..here("talmo", "")
        };
        assert_eq!(matched(&[pair]), ["vast path_pair"]);
        let words = matches(&[here("talmo", "vast01:/talmo")], &lab()).remove(0).map(|it| it.words);
        assert_eq!(words.as_deref(), Some("the lab's vast: 2 workers mount this share"));
    }
}
