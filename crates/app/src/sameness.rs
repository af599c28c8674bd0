//! Is a worker's storage this computer's? What marks say, and what a file proves.

use crate::board::Picture;
use crate::storages::LocalStorages;
use crate::view::StorageView;
use futures::future::join_all;
use samepath_fleet::Fleet;
use samepath_fleet::matching::Sameness;
use samepath_storage::ProofKey;
use samepath_wire::{CheckPaths, Job, PathSeen, ProofAsked, StoragePath, Worker, WorkerId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Workers named in a job as confirmed.
const MOST: usize = 64;

/// For programs.
pub(crate) fn name(sameness: Sameness) -> &'static str {
    match sameness {
        Sameness::Confirmed => "confirmed",
        Sameness::SameMark => "same_mark",
        Sameness::Unknown => "unknown",
        Sameness::Other => "other_storage",
    }
}

/// For people. *Confirmed* is said of a proof and of nothing else.
pub(crate) fn words(sameness: Sameness) -> &'static str {
    match sameness {
        Sameness::Confirmed => "confirmed",
        Sameness::SameMark => "same mark",
        Sameness::Unknown => "not confirmed",
        Sameness::Other => "other storage",
    }
}

/// What a worker said about some paths, the first of which it was to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) seen: Vec<PathSeen>,
    pub(crate) verdict: Verdict,
}

/// What a worker's proof says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It reads the very same file.
    Same,
    /// It reads another one under that name.
    Differs,
    /// Nothing: the file is empty or changing, or the worker knows no proofs.
    Open,
}

/// Asks workers about paths. `None` for one that did not answer in time.
///
/// The key is made here and now, so that a worker which does not read the file as it is now has nothing to answer with. One that
/// seems to read another file is asked again: the file may have been saved between two looks.
pub(crate) async fn ask(
    fleet: &Fleet,
    storages: &Arc<LocalStorages>,
    workers: &[&Worker],
    paths: &[StoragePath],
    patience: Duration,
) -> Vec<Option<Answer>> {
    let mut answers = ask_once(fleet, storages, workers, paths, patience).await;
    let differs = |answer: &Option<Answer>| answer.as_ref().is_some_and(|answer| answer.verdict == Verdict::Differs);
    let doubtful: Vec<usize> = (0..answers.len()).filter(|number| differs(&answers[*number])).collect();
    if !doubtful.is_empty() {
        let again: Vec<&Worker> = doubtful.iter().map(|number| workers[*number]).collect();
        let second = ask_once(fleet, storages, &again, paths, patience).await;
        for (number, answer) in doubtful.into_iter().zip(second) {
            answers[number] = answer;
        }
    }
    answers
}

async fn ask_once(
    fleet: &Fleet,
    storages: &Arc<LocalStorages>,
    workers: &[&Worker],
    paths: &[StoragePath],
    patience: Duration,
) -> Vec<Option<Answer>> {
    let Some(first) = paths.first().cloned().filter(|_| !workers.is_empty()) else {
        return vec![None; workers.len()];
    };
    let key = ProofKey::fresh();
    let question = CheckPaths { paths: paths.to_vec(), proof: Some(ProofAsked { path: 0, key: key.to_string() }) };
    let storages = storages.clone();
    let ours = tokio::task::spawn_blocking(move || storages.prove(&first, &key));
    let asked = workers.iter().map(|worker| fleet.check_paths(&worker.id, &question, patience));
    let (ours, checked) = futures::join!(ours, join_all(asked));
    let ours = ours.ok().flatten();
    let answer = |seen: Vec<PathSeen>| Answer { verdict: verdict(ours.as_deref(), seen.first()), seen };
    checked.into_iter().map(|checked| checked.ok().map(|checked| answer(checked.paths))).collect()
}

fn verdict(ours: Option<&str>, seen: Option<&PathSeen>) -> Verdict {
    match (ours, seen) {
        (Some(ours), Some(PathSeen::Yes(seen))) => match seen.proof.as_deref() {
            Some(theirs) if theirs == ours => Verdict::Same,
            Some(_) => Verdict::Differs,
            None => Verdict::Open,
        },
        _ => Verdict::Open,
    }
}

/// Writes down in a job who proved to read its dataset.
pub(crate) fn confirm(job: &mut Job, storage: &str, workers: impl IntoIterator<Item = WorkerId>) {
    let confirmed: Vec<WorkerId> = workers.into_iter().take(MOST).collect();
    if !confirmed.is_empty() {
        job.confirmed.insert(storage.to_owned(), confirmed);
    }
}

/// What was proved while this program runs: that a file read on a storage of this computer was the one that a worker read on its.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proofs(BTreeMap<(WorkerId, String), Between>);

/// Between which two places: a proof says nothing once one of them is another.
#[derive(Debug, Clone, PartialEq)]
struct Between {
    ours: (Option<String>, Option<String>),
    theirs: (String, Option<String>, jiff::Timestamp),
}

impl Between {
    fn of(ours: &StorageView, worker: &Worker) -> Option<Self> {
        let theirs = worker.backends.get(&ours.name)?;
        Some(Self {
            ours: (ours.base_path.clone(), ours.mark.clone()),
            theirs: (theirs.base_path.clone(), theirs.id.clone(), worker.started_at),
        })
    }
}

impl Proofs {
    /// Takes up what a worker just proved, or failed to.
    pub(crate) fn take(&mut self, ours: &StorageView, worker: &Worker, verdict: Verdict) {
        let key = (worker.id.clone(), ours.name.clone());
        match (verdict, Between::of(ours, worker)) {
            (Verdict::Same, Some(between)) => drop(self.0.insert(key, between)),
            (Verdict::Differs, _) | (_, None) => drop(self.0.remove(&key)),
            (Verdict::Open, _) => {}
        }
    }

    /// How sure it is that a worker's storage is this computer's of that name; none where one of them has none.
    pub(crate) fn sameness(&self, ours: &StorageView, worker: &Worker) -> Option<Sameness> {
        let theirs = worker.backends.get(&ours.name)?;
        let by_mark = Sameness::of_marks(ours.mark.as_deref(), theirs.id.as_deref());
        let proved = self.0.get(&(worker.id.clone(), ours.name.clone()));
        let holds = proved.is_some() && proved == Between::of(ours, worker).as_ref();
        Some(if holds && by_mark != Sameness::Other { Sameness::Confirmed } else { by_mark })
    }
}

/// The least sure of the storages of a job on a worker, and with it what is to be said of the worker; none where it lacks one.
pub(crate) fn of_job(job: &Job, worker: &Worker) -> Option<Sameness> {
    let each = job.storages.keys().map(|storage| samepath_fleet::matching::sameness(job, storage, worker));
    each.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Who could run the job as far as is known: whom it is worth asking before it is submitted.
pub(crate) fn worth_asking<'a>(picture: &'a Picture, job: &Job) -> Vec<&'a Worker> {
    let fits = |worker: &&Worker| samepath_fleet::matching::reasons(job, None, worker, &picture.kinds).is_empty();
    picture.workers.values().filter(fits).collect()
}
