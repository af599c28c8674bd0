//! Is a worker's storage this computer's? Where there is no dataset yet to prove it, a test file does.
//!
//! A file that nobody can know is written to the person's folder, workers prove that they read it, and it is removed whatever happens:
//! also when the question is dropped half-way. What a program leaves that is killed meanwhile goes when somebody next tries the folder.

use crate::proofs::Place;
use crate::sameness::{self, Asked, Reader, Unanswered, Verdict};
use crate::setup::nearest_own;
use crate::view::{Finding, FindingState, SameStorageView};
use crate::{Error, ErrorCode, LocalStorages};
use samepath_fleet::Fleet;
use samepath_fleet::matching::Sameness;
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Backend, Platform, Storages};
use samepath_wire::{PathSeen, Reason, StoragePath, Worker};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a worker may take to answer: its own look has a deadline, and the way there and back.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a file server may take to show a new file to everybody.
const LAG: Duration = Duration::from_secs(3);

/// Between two looks of a worker that did not find it yet.
const PAUSE: Duration = Duration::from_millis(400);

const WHAT: &str = "Same storage";

/// What is asked, of whom.
pub(crate) struct Question<'q> {
    pub(crate) backend: &'q Backend,
    pub(crate) workers: &'q [Worker],
}

/// What came of asking.
pub(crate) struct Told<'q> {
    /// What each worker that has a storage of this name says.
    pub(crate) views: Vec<SameStorageView>,
    pub(crate) verdicts: Vec<(&'q Worker, Verdict)>,
    /// Where the storage was.
    pub(crate) ours: Place,
}

/// Asks each worker that has a storage of this name. None where nobody has. Ends early, with nothing left behind, when `ended` is
/// cancelled.
///
/// # Errors
/// What is wrong with the person's folder; `job_cancelled` when it was ended.
pub(crate) async fn ask<'q>(
    fleet: &Fleet,
    storages: &LocalStorages,
    question: &Question<'q>,
    ended: &CancellationToken,
) -> Result<Option<Told<'q>>, Error> {
    let name = &question.backend.name;
    let having: Vec<&Worker> = question.workers.iter().filter(|worker| worker.backends.contains_key(name)).collect();
    if having.is_empty() {
        return Ok(None);
    }
    let backend = question.backend.clone();
    let (helper, probed) = (storages.helper().clone(), backend.clone());
    let probe = tokio::task::spawn_blocking(move || helper.probe(&probed, DEADLINE)).await;
    let probe = probe.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    let ours = Place::seen(&backend.base_path, &probe);
    let mark = probe.id;
    let mut told = Vec::new();
    let mut worth = Vec::new();
    for worker in having {
        match not_asked(name, mark.as_deref(), worker) {
            Some(reason) => {
                let saw = if matches!(reason, Reason::OtherStorage { .. }) { Saw::Other } else { Saw::NotAsked };
                told.push(view(worker, saw, format!("{} was not asked: {reason}", worker.name)));
            }
            None => worth.push(worker),
        }
    }
    if worth.is_empty() {
        return Ok(Some(Told { views: told, verdicts: Vec::new(), ours }));
    }
    let reader = Reader {
        helper: storages.helper().clone(),
        storages: Storages::new(vec![backend.clone()], Platform::current()),
    };
    let file = TestFile::leave(reader, backend).await?;
    let answers = tokio::select! {
        answers = ask_until_found(fleet, &file, &worth) => Ok(answers),
        () = ended.cancelled() => Err(Error::new(ErrorCode::JobCancelled, "Stopped asking the workers.")),
    };
    let removed = tokio::task::spawn_blocking(move || file.remove()).await;
    removed.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))??;
    let answers = answers?;
    // What was just written there is there.
    let verdict = |asked: &Asked<'_>, verdict| match verdict {
        Verdict::Differs => Verdict::Lacks,
        Verdict::Open if is_missing(asked) => Verdict::Lacks,
        verdict => verdict,
    };
    let answered = |asked: &Asked<'q>| Some((asked.worker, verdict(asked, asked.answer.as_ref().ok()?.verdict)));
    let verdicts = answers.iter().filter_map(answered).collect();
    told.extend(answers.iter().map(|asked| saw(name, asked)));
    told.sort_by(|a, b| a.worker.cmp(&b.worker));
    Ok(Some(Told { views: told, verdicts, ours }))
}

/// Why a worker that has a storage of this name is not worth asking; none for one that is.
fn not_asked(name: &str, mark: Option<&str>, worker: &Worker) -> Option<Reason> {
    let theirs = worker.backends.get(name)?;
    if Sameness::of_marks(mark, theirs.id.as_deref()) == Sameness::Other {
        return Some(Reason::OtherStorage { backend: name.to_owned() });
    }
    // One that has not looked yet may be well.
    let unusable = !theirs.state.is_readable() && theirs.checked_at.is_some();
    unusable.then(|| Reason::BackendState { backend: name.to_owned(), state: theirs.state })
}

/// Asks until everybody has found it, or a file server had the time to show it to everybody.
async fn ask_until_found<'w>(fleet: &Fleet, file: &TestFile, workers: &[&'w Worker]) -> Vec<Asked<'w>> {
    let end = tokio::time::Instant::now() + LAG;
    let paths = std::slice::from_ref(&file.at);
    let mut settled = Vec::new();
    let mut left = workers.to_vec();
    loop {
        let asked = sameness::ask(fleet, &file.reader, &left, paths, PATIENCE).await;
        let late = tokio::time::Instant::now() + PAUSE > end;
        let (again, done): (Vec<_>, Vec<_>) = asked.into_iter().partition(|asked| !late && is_missing(asked));
        settled.extend(done);
        if again.is_empty() {
            return settled;
        }
        left = again.iter().map(|asked| asked.worker).collect();
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_missing(asked: &Asked<'_>) -> bool {
    let seen = asked.answer.as_ref().ok().and_then(|answer| answer.seen.first());
    matches!(seen, Some(PathSeen::No { code: Some(code), .. }) if code == ErrorCode::PathNotFound.as_str())
}

/// A file in the person's folder, or in the nearest one above it that is there, which goes with this value.
struct TestFile {
    reader: Reader,
    at: StoragePath,
    removed: bool,
}

impl TestFile {
    async fn leave(reader: Reader, backend: Backend) -> Result<Self, Error> {
        let leave = move || -> Result<Self, Error> {
            let folder = nearest_own(&reader.helper, &backend);
            let at = reader.helper.leave_test_file(&reader.storages, &folder, DEADLINE)?;
            Ok(Self { reader, at, removed: false })
        };
        let left = tokio::task::spawn_blocking(leave).await;
        left.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?
    }

    fn remove(mut self) -> Result<(), Error> {
        self.removed = true;
        let removed = self.reader.helper.remove_test_file(&self.reader.storages, &self.at, DEADLINE);
        removed.map_err(|error| Error::from(error).with_hint(format!("Please remove it: {}", self.at)))
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        if !self.removed
            && let Err(error) = self.reader.helper.remove_test_file(&self.reader.storages, &self.at, DEADLINE)
        {
            tracing::warn!(%error, file = %self.at, "a test file cannot be removed");
        }
    }
}

/// What a worker says of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saw {
    Found,
    NotFound,
    Failed,
    Silent,
    NotAsked,
    /// Its storage carries another mark.
    Other,
}

impl Saw {
    fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::Silent => "silent",
            Self::NotAsked => "not_asked",
            Self::Other => "other_storage",
        }
    }
}

fn saw(storage: &str, asked: &Asked<'_>) -> SameStorageView {
    let name = &asked.worker.name;
    let (saw, words) = match asked.answer.as_ref().map(|answer| (answer.verdict, answer.seen.first())) {
        Err(Unanswered::Silent) => (Saw::Silent, format!("{name} has not answered. You can go on.")),
        Err(Unanswered::Failed(why)) => (Saw::Failed, format!("{name} could not look: {why}")),
        Ok((Verdict::Same, _)) => (Saw::Found, format!("{name} found the test file")),
        Ok((Verdict::Open, Some(PathSeen::No { failure, .. }))) if !is_missing(asked) => {
            (Saw::Failed, format!("{name} could not look: {}", failure.message))
        }
        Ok((Verdict::Open, Some(PathSeen::Yes(_)))) => {
            (Saw::Failed, format!("{name} sees the test file, but could not prove it"))
        }
        Ok(_) => {
            let why = format!("its {storage} is another storage, or another folder of it");
            (Saw::NotFound, format!("{name} looked and did not find it: {why}."))
        }
    };
    view(asked.worker, saw, words)
}

fn view(worker: &Worker, saw: Saw, words: String) -> SameStorageView {
    SameStorageView { id: worker.id.clone(), worker: worker.name.clone(), saw: saw.name().to_owned(), words }
}

/// Whether this storage is another one than the lab's: by a mark, or because workers looked for the file and none found it. One that
/// found it proves that those who did not are elsewhere.
pub fn is_refuted(told: &[SameStorageView]) -> bool {
    let saw = |one: Saw| told.iter().any(|it| it.saw == one.name());
    saw(Saw::Other) || (saw(Saw::NotFound) && !saw(Saw::Found))
}

/// What that says, in a sentence.
pub fn refutation(storage: &str, told: &[SameStorageView]) -> String {
    if told.iter().any(|it| it.saw == Saw::Other.name()) {
        format!("This is not the lab's {storage}: it carries another mark.")
    } else {
        format!("This is not the lab's {storage}: the workers that have it do not find what is written here.")
    }
}

/// The same in lines: those that found it in one, everybody else in one each.
pub fn findings(storage: &str, told: &[SameStorageView]) -> Vec<Finding> {
    let line = |state, found: String| Finding::new("storage", state, WHAT, found);
    let found: Vec<&str> = told.iter().filter(|it| it.saw == Saw::Found.name()).map(|it| it.worker.as_str()).collect();
    let mut lines = Vec::new();
    if !found.is_empty() {
        lines.push(line(FindingState::Good, format!("{} found the test file", found.join(", "))));
    }
    for it in told.iter().filter(|it| it.saw != Saw::Found.name()) {
        let wrong = [Saw::NotFound, Saw::Other].iter().any(|saw| saw.name() == it.saw);
        let state = if wrong { FindingState::Wrong } else { FindingState::Note };
        lines.push(line(state, it.words.clone()));
    }
    if lines.is_empty() {
        let note =
            line(FindingState::Note, format!("no worker that is online has {storage}, so nobody could be asked"));
        lines.push(note.mend("Jobs wait until one has it. Names count: ask your lab what it calls this storage."));
    }
    lines
}
