//! A job's record in people's words.

use crate::alike;
use crate::kinds::{Differs, newest};
use crate::pace::{Pace, about};
use crate::paths::path_view;
use crate::size::bytes;
use crate::view::{JobView, OutputView, TimelineView, TroubleView, TryView};
use jiff::Timestamp;
use samepath_fleet::gpus_computer;
use samepath_fleet::matching::{self, Alike, Kinds, Prospects, Start};
use samepath_wire::{
    Attempt, AttemptEnd, AttemptState, Failure, Fit, Job, JobId, JobRecord, JobState, Kind, Manifest, PathValue,
    Reason, StopMode, StoragePath, Worker,
};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Jobs that wait of which it is said when they start: those that start first.
const MOST_STARTS: usize = 100;

/// Sentences that say why a job waits, those first that say who is to serve it first. The workers of the others are counted.
const MOST_SENTENCES: usize = 20;

/// What jobs' views are made from besides their records.
pub(crate) struct Surroundings<'a> {
    /// Workers that are online, by id.
    pub(crate) workers: &'a BTreeMap<String, Worker>,
    /// Every job, by id.
    pub(crate) jobs: &'a BTreeMap<String, JobRecord>,
    /// The kinds known, by digest.
    pub(crate) kinds: &'a Kinds,
    /// Whether the lab's hub has just begun, so that workers may not be back yet.
    pub(crate) beginning: bool,
    /// The workers that were put out of the lab, by the names that had joined.
    put_out: &'a BTreeSet<String>,
    /// The moment that all of this is of.
    now: Timestamp,
    prospects: OnceCell<Prospects<'a>>,
    pace: OnceCell<Pace>,
    starts: OnceCell<HashMap<JobId, Start<'a>>>,
    /// The newest worker that has a version of a job type, by the digest of that.
    newest: OnceCell<HashMap<&'a str, &'a Worker>>,
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(
        workers: &'a BTreeMap<String, Worker>,
        jobs: &'a BTreeMap<String, JobRecord>,
        kinds: &'a Kinds,
        now: Timestamp,
        beginning: bool,
        put_out: &'a BTreeSet<String>,
    ) -> Self {
        let (prospects, pace, starts, newest) = Default::default();
        Self { workers, jobs, kinds, beginning, put_out, now, prospects, pace, starts, newest }
    }

    /// Whether the worker of this id was put out of the lab.
    pub(crate) fn is_out(&self, id: &str) -> bool {
        self.put_out.contains(gpus_computer(id).unwrap_or(id))
    }

    /// Whether nobody is to wait for the worker of this id or name, because it was put out.
    pub(crate) fn is_put_out(&self, wanted: &str) -> bool {
        if self.put_out.is_empty() {
            return false;
        }
        let id = worker_id(wanted, self.workers, self.jobs).unwrap_or_else(|| wanted.to_owned());
        self.is_out(&id) && !self.workers.contains_key(&id)
    }

    /// Which worker can serve which job.
    pub(crate) fn prospects(&self) -> &Prospects<'a> {
        self.prospects.get_or_init(|| Prospects::of(self.jobs.values(), self.workers.values(), self.kinds))
    }

    /// When a job that is not submitted yet would start, if that is known.
    pub(crate) fn start_of(&self, job: &Job) -> Option<Start<'a>> {
        self.prospects().forecast(Some(job), MOST_STARTS, self.pace()).remove(&job.id)
    }

    /// How this worker's version of the job's type stands to that of the job, if they are not the same.
    pub(crate) fn differs(&self, job: &Job, worker: &'a Worker) -> Option<Differs<'a>> {
        let newest = self.newest.get_or_init(|| newest(self.workers.values()));
        Differs::of(job, worker, newest, self.kinds)
    }

    /// The jobs of which it is known when they start.
    pub(crate) fn starting(&self) -> impl Iterator<Item = &JobId> {
        self.starts().keys()
    }

    fn start(&self, record: &JobRecord) -> Option<&Start<'a>> {
        self.starts().get(&record.job.id).filter(|start| !start.after.is_zero())
    }

    fn starts(&self) -> &HashMap<JobId, Start<'a>> {
        self.starts.get_or_init(|| self.prospects().forecast(None, MOST_STARTS, self.pace()))
    }

    fn pace(&self) -> &Pace {
        self.pace.get_or_init(|| Pace::of(self.jobs.values(), self.now))
    }
}

/// The job as window and command line show it.
pub(crate) fn job_view(record: &JobRecord, around: &Surroundings<'_>) -> JobView {
    let mut view = record_view(record, around);
    if record.state == JobState::Queued {
        let start = around.start(record);
        view.starts_in = start.map(|start| about(start.after));
        view.starts = start.map(|start| format!("Starts in {}, on {}.", about(start.after), start.worker.name));
        Waiting { because: view.waiting_for, waits: view.waits, unserved: view.unserved } = waiting(record, around);
    }
    view
}

/// The same without what all other jobs decide, too: when one that waits is to start, and why not yet. To know that takes a look at
/// the whole queue.
pub(crate) fn record_view(record: &JobRecord, around: &Surroundings<'_>) -> JobView {
    let job = &record.job;
    let kind = kind_of(job, around.kinds);
    let newest = record.attempts.last();
    let at = |time: Timestamp| time.to_string();
    let manifest = manifest_of(record);
    let lost = newest.filter(|_| is_lost(record, around.workers)).map(|attempt| attempt.worker_name.as_str());
    JobView {
        id: job.id.to_string(),
        name: if job.name.is_empty() { job.kind.clone() } else { job.name.clone() },
        kind: job.kind.clone(),
        what: what(job, around.kinds).to_owned(),
        state: state_word(record.state).to_owned(),
        words: words(record, lost.is_some()).to_owned(),
        stopping: record.stop.as_ref().filter(|_| !record.state.is_ended()).map(|stop| {
            match stop.mode {
                StopMode::Stop => "stop",
                StopMode::Kill => "kill",
            }
            .to_owned()
        }),
        notice_seconds: notice_seconds(record, around.workers),
        lost: lost.is_some(),
        worker: newest.filter(|_| record.state != JobState::Queued).map(|attempt| attempt.worker_name.clone()),
        percent: record.progress.percent,
        status: match lost {
            Some(worker) => Some(lost_words(worker, record, newest.is_some_and(|it| around.is_out(&it.worker)))),
            None if record.state == JobState::Failed => None,
            // What an earlier try said is no news.
            None if record.state == JobState::Checking => Some("checking files".to_owned()),
            None => record.progress.status.clone(),
        },
        starts_in: None,
        starts: None,
        waiting_for: Vec::new(),
        waits: false,
        unserved: false,
        submitted_by: job.submitted_by.clone(),
        by: match &job.person {
            Some(person) => format!("{person} ({})", job.submitted_by),
            None => job.submitted_by.clone(),
        },
        // By the clock that says everything else of it: the submitter's may be hours off.
        submitted_at: at(record.history.first().map_or(job.submitted_at, |change| change.at)),
        started_at: last_change(record, JobState::Running).map(at),
        ended_at: record.history.last().filter(|change| change.state.is_ended()).map(|change| at(change.at)),
        confirmed: job
            .confirmed
            .values()
            .flatten()
            .map(|id| around.workers.get(id).map_or_else(|| id.clone(), |worker| worker.name.clone()))
            .collect(),
        attempts: u32::try_from(record.attempts.len()).unwrap_or(u32::MAX),
        tries: record.attempts.iter().map(|attempt| try_view(attempt, around)).collect(),
        timeline: timeline(record),
        failure: record.failure.as_ref().map(|failure| match &failure.last_line {
            Some(line) if !failure.message.contains(line.as_str()) => {
                format!("{}. Its last line: {line}", failure.message.trim_end_matches('.'))
            }
            _ => failure.message.clone(),
        }),
        trouble: record.failure.as_ref().map(trouble),
        results: results_of(record, kind).map(|at| path_view(&at)),
        outputs: manifest.map(outputs).unwrap_or_default(),
        log_file: record.attempts.last().and_then(|last| last.log_file.as_ref()).map(path_view),
        settings: job.parameters.iter().map(|(name, value)| (name.clone(), setting(job, kind, name, value))).collect(),
    }
}

pub(crate) fn try_view(attempt: &Attempt, around: &Surroundings<'_>) -> TryView {
    let (end, why) = match &attempt.end {
        None => (None, None),
        Some(AttemptEnd::Succeeded { .. }) => (Some("succeeded"), None),
        Some(AttemptEnd::Cancelled { .. }) => (Some("cancelled"), None),
        Some(AttemptEnd::Failed { failure }) => (Some("failed"), Some(&failure.message)),
        Some(AttemptEnd::Unfit { failure }) => (Some("unfit"), Some(&failure.message)),
        Some(AttemptEnd::Lost { reason, .. }) => (Some("lost"), Some(reason)),
    };
    TryView {
        number: attempt.number,
        worker: attempt.worker_name.clone(),
        began_at: attempt.assigned_at.to_string(),
        ended_at: attempt.ended_at.map(|at| at.to_string()),
        end: end.map(str::to_owned),
        why: why.cloned(),
        removed: around.is_out(&attempt.worker),
    }
}

fn trouble(failure: &Failure) -> TroubleView {
    let cause = serde_json::to_value(failure.cause).ok().and_then(|cause| cause.as_str().map(str::to_owned));
    TroubleView {
        cause: cause.unwrap_or_default(),
        message: failure.message.clone(),
        last_line: failure.last_line.clone(),
    }
}

/// The state as it is on the wire.
pub(crate) fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Assigned => "assigned",
        JobState::Checking => "checking",
        JobState::Running => "running",
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}

/// Whether the worker that has the job is not online.
fn is_lost(record: &JobRecord, workers: &BTreeMap<String, Worker>) -> bool {
    let in_hands = matches!(record.state, JobState::Checking | JobState::Running);
    in_hands && record.attempts.last().is_some_and(|attempt| !workers.contains_key(&attempt.worker))
}

/// What the worker that has the job leaves it for saving.
fn notice_seconds(record: &JobRecord, workers: &BTreeMap<String, Worker>) -> Option<u32> {
    let attempt = record.attempts.last().filter(|attempt| attempt.state != AttemptState::Ended)?;
    let adverts = &workers.get(&attempt.worker)?.kinds;
    adverts.iter().find(|advert| advert.name == record.job.kind)?.notice_seconds
}

/// What is said of a worker that is of the lab no more, after its name.
pub(crate) const PUT_OUT: &str = "was removed from the lab by an admin";

fn lost_words(worker: &str, record: &JobRecord, put_out: bool) -> String {
    if put_out {
        return format!("{worker} {PUT_OUT}. What it had begun may go on there.");
    }
    let start = format!("Start it again on its computer: samepath worker --name {worker}");
    let then = match (&record.stop, &record.job.worker) {
        (Some(_), _) => return format!("{worker} is away. The job stops when {worker} is back. {start}"),
        // Nobody else may.
        (None, Some(_)) => format!("It is for {worker} only, and waits for it."),
        (None, None) => "Another worker takes over if it stays away.".to_owned(),
    };
    format!("{worker} is away; its job goes on there. {then} {start}")
}

fn words(record: &JobRecord, lost: bool) -> &'static str {
    match record.state {
        JobState::Succeeded => "Done",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
        _ if record.stop.is_some() => "Stopping",
        JobState::Queued => "Waiting",
        _ if lost => "Lost contact",
        JobState::Assigned | JobState::Checking => "Starting",
        JobState::Running => "Running",
    }
}

fn kind_of<'a>(job: &Job, kinds: &'a Kinds) -> Option<&'a Kind> {
    let own = job.kind_digest.as_ref().and_then(|digest| kinds.get(digest));
    own.or_else(|| kinds.values().find(|kind| kind.name == job.kind))
}

/// What the job's type is called; its name where no more is known of it.
pub(crate) fn what<'a>(job: &'a Job, kinds: &'a Kinds) -> &'a str {
    kind_of(job, kinds).map_or(&job.kind, |kind| &kind.title)
}

fn last_change(record: &JobRecord, state: JobState) -> Option<Timestamp> {
    record.history.iter().rev().find(|change| change.state == state).map(|change| change.at)
}

fn manifest_of(record: &JobRecord) -> Option<&Manifest> {
    record.outputs.as_ref().or_else(|| {
        record.attempts.last().and_then(|attempt| match &attempt.end {
            Some(AttemptEnd::Succeeded { outputs } | AttemptEnd::Cancelled { outputs }) => Some(outputs),
            _ => None,
        })
    })
}

fn outputs(manifest: &Manifest) -> Vec<OutputView> {
    let several = manifest.folders.len() > 1;
    manifest
        .files
        .iter()
        .map(|file| OutputView {
            path: match manifest.folders.get(file.folder) {
                Some(folder) if several => format!("{folder}/{}", file.path),
                _ => file.path.clone(),
            },
            size: bytes(file.size),
            modified: file.modified.to_string(),
        })
        .collect()
}

/// Where the results are, or will be: what the manifest says, else the first output parameter.
pub(crate) fn results_of(record: &JobRecord, kind: Option<&Kind>) -> Option<StoragePath> {
    if let Some(folder) = manifest_of(record).and_then(|manifest| manifest.folders.first()) {
        return Some(folder.clone());
    }
    let parameter = kind?.parameters.iter().find(|parameter| parameter.is_output())?;
    let value = record.job.parameters.get(&parameter.name)?;
    let value: PathValue = serde_json::from_value(value.clone()).ok()?;
    value.storage_paths(&record.job).into_iter().next()
}

/// That no worker is known, and whether that says much.
pub(crate) fn nobody(beginning: bool) -> &'static str {
    match beginning {
        true => "The lab's server has just begun: its workers may not be back yet.",
        false => "No worker is online.",
    }
}

/// Of a job that waits.
struct Waiting {
    /// Workers of whom the same is to be said together.
    because: Vec<String>,
    /// Whether no worker can begin it as things are.
    waits: bool,
    /// Whether no worker can run it at all, busy or not.
    unserved: bool,
}

/// Whether it only waits for another of its person's jobs to end: whoever serves that one can serve this.
fn is_own_limit(fit: &Fit) -> bool {
    matches!(fit, Fit::No { reasons } if matches!(reasons[..], [Reason::EnoughRun { .. }]))
}

fn waiting(record: &JobRecord, around: &Surroundings<'_>) -> Waiting {
    // Whom it waits for comes first: nobody else can help.
    let absent = matching::absent(&record.job, around.workers.values());
    let absent = absent.map(|(wanted, fit)| {
        let name = worker_name(&wanted, around.workers, around.jobs);
        match around.is_put_out(&wanted) {
            true => format!("{name} {PUT_OUT}. Run the job again, on another worker."),
            false => format!("{name}: {}", fit_words(&fit, None)),
        }
    });
    if around.workers.is_empty() {
        let because = absent.into_iter().chain([nobody(around.beginning).to_owned()]).collect();
        return Waiting { because, waits: true, unserved: !around.beginning };
    }
    let soonest = around.prospects().soonest(record);
    let waits = soonest.iter().all(|alike| alike.fit != Fit::Now);
    let cannot = |fit: &Fit| matches!(fit, Fit::No { .. }) && !is_own_limit(fit);
    let unserved = !around.beginning && soonest.iter().all(|alike| cannot(&alike.fit));
    // One that can take it now is about to: that is no reason to wait.
    let reasons = soonest.into_iter().filter(|alike| alike.fit != Fit::Now);
    let mut told = reasons.flat_map(|Alike { workers, fit }| {
        let fit = named(fit, around.workers, around.jobs);
        // Of the same reasons, another version is worded by what is known of both.
        let by_version = match &fit {
            Fit::No { reasons } if reasons.iter().any(|reason| matches!(reason, Reason::KindDiffers { .. })) => {
                alike::by(workers, |worker| around.differs(&record.job, worker))
            }
            _ => vec![(None, workers)],
        };
        by_version.into_iter().map(move |(differs, alike)| {
            let names = alike::names(alike.iter().map(|worker| worker.name.as_str()));
            let differs = differs.map(|differs| differs.words(&record.job.kind));
            let words = fit_words(&fit, differs.as_deref());
            // That is so whatever worker there is.
            let of_all = is_own_limit(&fit);
            (alike.len(), if of_all { words } else { format!("{names}: {words}") })
        })
    });
    let sentences: Vec<String> = told.by_ref().take(MOST_SENTENCES).map(|(_, sentence)| sentence).collect();
    let more: usize = told.map(|(workers, _)| workers).sum();
    let more = (more > 0).then(|| format!("and {more} more workers"));
    Waiting { because: absent.into_iter().chain(sentences).chain(more).collect(), waits, unserved }
}

/// A worker's name, for one that a job asks for by id or by name.
pub(crate) fn worker_name(
    wanted: &str,
    workers: &BTreeMap<String, Worker>,
    jobs: &BTreeMap<String, JobRecord>,
) -> String {
    if let Some(worker) = workers.get(wanted) {
        return worker.name.clone();
    }
    let mut attempts = jobs.values().flat_map(|record| &record.attempts);
    attempts.find(|attempt| attempt.worker == wanted).map_or(wanted, |attempt| &attempt.worker_name).to_owned()
}

/// The id of the worker that is meant by its id or by the name that it runs under: of one that is there, else of one that tried a job,
/// the newest.
pub(crate) fn worker_id(
    wanted: &str,
    workers: &BTreeMap<String, Worker>,
    jobs: &BTreeMap<String, JobRecord>,
) -> Option<String> {
    let attempts = || jobs.values().flat_map(|record| &record.attempts);
    if workers.contains_key(wanted) || attempts().any(|attempt| attempt.worker == wanted) {
        return Some(wanted.to_owned());
    }
    let online = workers.values().find(|worker| worker.name == wanted).map(|worker| &worker.id);
    let tried = || {
        let called = attempts().filter(|attempt| attempt.worker_name == wanted);
        called.max_by_key(|attempt| attempt.assigned_at).map(|attempt| &attempt.worker)
    };
    online.or_else(tried).cloned()
}

/// The same, with the name of the worker that the job asks for: people know no id.
pub(crate) fn named(fit: Fit, workers: &BTreeMap<String, Worker>, jobs: &BTreeMap<String, JobRecord>) -> Fit {
    let Fit::No { mut reasons } = fit else { return fit };
    for reason in &mut reasons {
        if let Reason::Pinned { worker } = reason {
            *worker = worker_name(worker, workers, jobs);
        }
    }
    Fit::No { reasons }
}

/// What stands behind a worker's name. `differs` is what is said of one that has another version of the job type.
pub(crate) fn fit_words(fit: &Fit, differs: Option<&str>) -> String {
    match fit {
        Fit::Now => "free".to_owned(),
        Fit::Busy { before: 0 | 1 } => "busy, 1 job before yours".to_owned(),
        Fit::Busy { before } => format!("busy, {before} jobs before yours"),
        Fit::No { reasons } => {
            reasons.iter().map(|reason| reason_words(reason, differs)).collect::<Vec<_>>().join("; ")
        }
    }
}

/// One reason, likewise.
pub(crate) fn reason_words(reason: &Reason, differs: Option<&str>) -> String {
    match (reason, differs) {
        (Reason::KindDiffers { .. }, Some(differs)) => differs.to_owned(),
        _ => reason.to_string(),
    }
}

fn timeline(record: &JobRecord) -> Vec<TimelineView> {
    record
        .history
        .iter()
        .map(|change| TimelineView {
            at: change.at.to_string(),
            words: if change.reason.is_empty() {
                match change.state {
                    JobState::Queued => "waiting".to_owned(),
                    JobState::Assigned => "given to a worker".to_owned(),
                    JobState::Checking => "checking files".to_owned(),
                    JobState::Running => "running".to_owned(),
                    JobState::Succeeded => "done".to_owned(),
                    JobState::Failed => "failed".to_owned(),
                    JobState::Cancelled => "cancelled".to_owned(),
                }
            } else {
                change.reason.clone()
            },
        })
        .collect()
}

/// A parameter's value; of one that names files, their whole storage paths.
fn setting(job: &Job, kind: Option<&Kind>, name: &str, value: &Value) -> String {
    let parameter = kind.and_then(|kind| kind.parameters.iter().find(|parameter| parameter.name == name));
    let paths = parameter.filter(|parameter| parameter.names_paths());
    match paths.and_then(|_| serde_json::from_value::<PathValue>(value.clone()).ok()) {
        Some(paths) => paths.storage_paths(job).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => value_words(value),
    }
}

fn value_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => match serde_json::from_value::<StoragePath>(value.clone()) {
            Ok(at) => at.to_string(),
            Err(_) => value.to_string(),
        },
        Value::Array(items) => items.iter().map(value_words).collect::<Vec<_>>().join(", "),
        _ => value.to_string(),
    }
}
