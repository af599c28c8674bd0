//! What the lab uses: the storages of the workers online, and which of them a folder of this computer is.

use crate::directory;
use crate::same_storage::{self, Question};
use crate::view::{LabMatchView, LabStorageView, SameStorageView, StorageFields};
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_fleet::lab::StorageWords;
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
    /// What the lab's administrator says of storages.
    told: BTreeMap<String, StorageWords>,
    ended: CancellationToken,
    running: TaskTracker,
}

impl Lab {
    /// Joins whoever holds the queue of this computer. Where nobody does, or does not answer, there is no worker.
    pub async fn join(options: &Options) -> Self {
        let joined = async {
            let fleet = options.look().await.ok()??;
            let workers = known(fleet.workers()).await.into_values().collect();
            let told = known(fleet.storages()).await;
            Some((fleet, workers, told))
        };
        let (fleet, workers, told) = match tokio::time::timeout(PATIENCE, joined).await.ok().flatten() {
            Some((fleet, workers, told)) => (Some(fleet), workers, told),
            None => (None, Vec::new(), BTreeMap::new()),
        };
        Self { fleet, workers, told, ended: CancellationToken::new(), running: TaskTracker::new() }
    }

    /// The storages that the workers have, those of the most workers first, and those that the administrator tells of.
    pub fn storages(&self) -> Vec<LabStorage> {
        LabStorage::all(&self.workers, &self.told)
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
        found.map(|it| LabStorage::all([it], &BTreeMap::new())).ok_or_else(unknown)
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
        let Some(told) = self.running.track_future(asked).await? else { return Ok(Some(Vec::new())) };
        storages.take_proofs(&backend.name, &told.ours, &told.verdicts, None);
        Ok(Some(told.views))
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

/// What a stream tells before its first change, by key.
pub(crate) async fn known<T: DeserializeOwned>(mut stream: Live<T>) -> BTreeMap<String, T> {
    let mut known = BTreeMap::new();
    while let Some(update) = stream.next().await {
        match update {
            Update::Put(key, record) => drop(known.insert(key, record)),
            Update::Gone(key) => drop(known.remove(&key)),
            Update::Reset => known.clear(),
            Update::Current => break,
        }
    }
    known
}

/// A storage that workers have, or that the administrator tells of.
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
    /// What the administrator says of it.
    told: StorageWords,
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
    pub(crate) fn all<'w>(
        workers: impl IntoIterator<Item = &'w Worker>,
        told: &BTreeMap<String, StorageWords>,
    ) -> Vec<Self> {
        let mut all: BTreeMap<&str, Self> = told
            .iter()
            .map(|(name, told)| (name.as_str(), Self { told: told.clone(), ..Self::called(name) }))
            .collect();
        for worker in workers {
            for (name, advert) in &worker.backends {
                let storage = all.entry(name).or_insert_with(|| Self::called(name));
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

    /// Whether a storage of the same name that carries this mark is another one. Without a mark nobody can tell.
    pub fn is_another(&self, mark: Option<&str>) -> bool {
        mark.is_some_and(|mark| !self.marks.is_empty() && !self.marks.contains(mark))
    }

    /// The marks that workers see on it.
    pub(crate) fn marks(&self) -> &BTreeSet<String> {
        &self.marks
    }

    /// Server and share of the whole of it: as workers mount it, and as computers of this sort are told to connect.
    pub(crate) fn wholes(&self) -> impl Iterator<Item = &str> {
        self.shares.iter().map(String::as_str).chain(directory::of_platform(&self.told, Platform::current()))
    }

    #[cfg(test)]
    pub(crate) fn marked(name: &str, mark: &str) -> Self {
        Self { marks: BTreeSet::from([mark.to_owned()]), ..Self::called(name) }
    }

    fn called(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: None,
            workers: Vec::new(),
            marks: BTreeSet::new(),
            shares: BTreeSet::new(),
            base_paths: BTreeSet::new(),
            told: StorageWords::default(),
        }
    }

    /// Why a folder of this computer may be this storage, and which part of it; none where nothing speaks for it.
    fn evidence(&self, here: &Suggestion) -> Option<(Evidence, String)> {
        if let Some(mark) = here.mark.as_ref().filter(|_| !self.marks.is_empty()) {
            // Another mark is another storage, whatever it is called.
            return self.marks.contains(mark).then(|| (Evidence::Mark, String::new()));
        }
        // What a computer of this sort is told to connect to is the whole of it, too.
        let part = here.share().and_then(|share| self.wholes().find_map(|whole| part_of_share(whole, share)));
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
            description: self.told.description.clone(),
            help: self.told.help_text.clone(),
            mount: directory::of_platform(&self.told, Platform::current()).map(str::to_owned),
        }
    }

    /// Where this computer's own desktop can connect it.
    pub(crate) fn address(&self) -> Option<String> {
        let here = Platform::current();
        let share = || self.shares.iter().find_map(|share| address_of_share(share, here));
        directory::address(&self.told, here).or_else(share)
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
                description: storage.told.description.clone(),
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
        LabStorage::all(&workers(), &BTreeMap::new())
    }

    fn workers() -> Vec<Worker> {
        let vast = json!({ "state": "ready", "base_path": "/mnt/vast", "source": "vast01:/talmo", "id": "m-1", "type": "nfs" });
        let unmarked = json!({ "state": "ready", "base_path": "/root/vast", "source": "vast01.salk.edu:/talmo" });
        let part = json!({ "state": "ready", "base_path": "/mnt/s", "source": "nas:/s/part", "subpath": "part" });
        vec![
            worker(
                "gpu-1",
                &json!({ "vast": vast, "scratch": { "state": "ready", "base_path": "/data", "source": "/dev/sda1" } }),
            ),
            worker("gpu-2", &json!({ "vast": unmarked, "photos": part })),
        ]
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
    fn what_the_administrator_says_of_a_storage_is_told_of_it_and_finds_it() {
        let said = |description: &str, address: &str| StorageWords {
            description: Some(description.to_owned()),
            mac: Some(address.to_owned()),
            linux: Some(address.to_owned()),
            windows: Some(address.to_owned()),
            help_text: None,
        };
        let told = BTreeMap::from([
            ("vast".to_owned(), said("Institutional VAST", "smb://vast02/talmo")),
            ("archive".to_owned(), said("Tapes", "ask Tom")),
        ]);
        let all = LabStorage::all(&workers(), &told);
        let names: Vec<_> = all.iter().map(|it| (it.name.as_str(), it.workers.len())).collect();
        assert_eq!(names, [("vast", 2), ("photos", 1), ("scratch", 1), ("archive", 0)]);
        let vast = all[0].view();
        assert_eq!(vast.description.as_deref(), Some("Institutional VAST"));
        assert!(vast.connect.is_some_and(|address| address.ends_with("talmo")));
        let archive = all[3].view();
        assert_eq!((archive.connect, archive.mount.as_deref()), (None, Some("ask Tom")));
        // The share that members are told of need not be the one that workers mount.
        let found = matches(&[here("talmo", "//amick@vast02/talmo")], &all).remove(0).expect("it is vast");
        assert_eq!((found.name.as_str(), found.by.as_str()), ("vast", "share"));
        assert_eq!(found.description.as_deref(), Some("Institutional VAST"));
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
