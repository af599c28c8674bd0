//! Is a worker's storage this computer's? What marks say, and what a file proves.

use futures::future::join_all;
use samepath_fleet::matching::Sameness;
use samepath_fleet::{Fleet, FleetError};
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{ProofKey, Storages};
use samepath_wire::{CheckPaths, Fit, InputSeen, Job, PathSeen, ProofAsked, StoragePath, Worker, WorkerId};
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

/// A file by which workers prove that they have a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Witness {
    pub(crate) at: StoragePath,
    /// As it was when it was looked at here; none where that is not known.
    pub(crate) seen: Option<InputSeen>,
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
    /// It has none of that name, though one was just written there.
    Lacks,
    /// Nothing: the file is empty or changing, or the worker knows no proofs.
    Open,
}

/// How this computer reads files that a worker is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) helper: Helper,
    pub(crate) storages: Storages,
}

impl Reader {
    /// The proof that this computer reads a file; none where it cannot be read, or proves nothing. Blocks for the deadline at most.
    fn prove(&self, at: &StoragePath, key: &ProofKey) -> Option<String> {
        self.helper.prove(&self.storages, at, key, DEADLINE).ok().flatten()
    }
}

/// A worker that was asked, and what it said.
#[derive(Debug)]
pub(crate) struct Asked<'w> {
    pub(crate) worker: &'w Worker,
    pub(crate) answer: Result<Answer, Unanswered>,
}

/// Why nothing is known of what a worker sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// It did not answer in time.
    Silent,
    /// It answered that it cannot say, or nobody could ask it: why.
    Failed(String),
}

impl From<FleetError> for Unanswered {
    fn from(error: FleetError) -> Self {
        if error.is_passing() { Self::Silent } else { Self::Failed(error.to_string()) }
    }
}

impl<'w> Asked<'w> {
    fn has(&self, verdict: Verdict) -> bool {
        self.answer.as_ref().is_ok_and(|answer| answer.verdict == verdict)
    }

    /// What each that answered proved.
    pub(crate) fn verdicts(asked: &[Self]) -> Vec<(&'w Worker, Verdict)> {
        asked.iter().filter_map(|asked| Some((asked.worker, asked.answer.as_ref().ok()?.verdict))).collect()
    }

    /// Those that read the very same file.
    pub(crate) fn same(asked: &[Self]) -> impl Iterator<Item = WorkerId> {
        asked.iter().filter(|asked| asked.has(Verdict::Same)).map(|asked| asked.worker.id.clone())
    }
}

/// Asks workers about paths; one answer for each, in no order.
///
/// The key is made here and now, so that a worker which does not read the file as it is now has nothing to answer with. One that
/// seems to read another file is asked again: the file may have been saved between two looks.
pub(crate) async fn ask<'w>(
    fleet: &Fleet,
    reader: &Reader,
    workers: &[&'w Worker],
    paths: &[StoragePath],
    patience: Duration,
) -> Vec<Asked<'w>> {
    let asked = ask_once(fleet, reader, workers, paths, patience).await;
    let (doubtful, mut asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|asked| asked.has(Verdict::Differs));
    if !doubtful.is_empty() {
        let doubtful: Vec<&Worker> = doubtful.iter().map(|asked| asked.worker).collect();
        asked.extend(ask_once(fleet, reader, &doubtful, paths, patience).await);
    }
    asked
}

async fn ask_once<'w>(
    fleet: &Fleet,
    reader: &Reader,
    workers: &[&'w Worker],
    paths: &[StoragePath],
    patience: Duration,
) -> Vec<Asked<'w>> {
    let Some(first) = paths.first().cloned() else {
        return workers.iter().map(|worker| Asked { worker, answer: Err(Unanswered::Silent) }).collect();
    };
    if workers.is_empty() {
        return Vec::new();
    }
    let key = ProofKey::fresh();
    let question = CheckPaths { paths: paths.to_vec(), proof: Some(ProofAsked { path: 0, key: key.to_string() }) };
    let reader = reader.clone();
    let ours = tokio::task::spawn_blocking(move || reader.prove(&first, &key));
    let asked = workers.iter().map(async |worker| (*worker, fleet.check_paths(&worker.id, &question, patience).await));
    let (ours, checked) = futures::join!(ours, join_all(asked));
    let ours = ours.ok().flatten();
    let answer = |seen: Vec<PathSeen>| Answer { verdict: verdict(ours.as_deref(), seen.first()), seen };
    checked
        .into_iter()
        .map(|(worker, checked)| Asked {
            worker,
            answer: checked.map(|checked| answer(checked.paths)).map_err(Unanswered::from),
        })
        .collect()
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

/// The least sure of the storages of a job on a worker, and with it what is to be said of the worker; none where it lacks one.
pub(crate) fn of_job(job: &Job, worker: &Worker) -> Option<Sameness> {
    let each = job.storages.keys().map(|storage| samepath_fleet::matching::sameness(job, storage, worker));
    each.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Who could run the job as far as is known: whom it is worth asking before it is submitted.
pub(crate) fn worth_asking(fits: &[(Worker, Fit)]) -> Vec<&Worker> {
    fits.iter().filter(|(_, fit)| !matches!(fit, Fit::No { .. })).map(|(worker, _)| worker).collect()
}
