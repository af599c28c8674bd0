//! The sentence above *Submit*: whether a draft can run, where, and what the worker sees.

mod videos;
mod words;

use crate::board;
use crate::draft::Plan;
use crate::jobs::{what, worker_name};
use crate::pace::about;
use crate::paths::path_view;
use crate::sameness::{self, Answer, Asked, Unanswered, Verdict};
use crate::storages::LocalStorages;
use crate::view::{CandidateView, Draft, ReadinessView};
use crate::workers::last_seen;
use crate::{Error, ErrorCode};
use jiff::Zoned;
use samepath_fleet::Fleet;
use samepath_fleet::matching::{Sameness, Start};
use samepath_wire::{Fit, Job, Parameter, PathSeen, Places, StoragePath, Worker, WorkerId};
use std::collections::HashMap;
use std::time::Duration;
use videos::Videos;
pub(crate) use videos::known_by_name;

/// A worker that has not said within this time what it sees is shown as not having answered.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a worker said about the files of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sight {
    /// Nobody asked, or there is nothing to ask about.
    NotAsked,
    /// It sees the dataset, and this many of the videos; those that it does not see, by their place among those asked about.
    Sees { videos: usize, missing: Vec<usize> },
    /// It does not find the dataset.
    Misses { why: String },
    /// It finds another file in its place.
    Differs { storage: String },
    /// No answer in time.
    Silent,
    /// It could not say.
    Failed { why: String },
}

impl Sight {
    /// Whether what the worker said speaks against it.
    fn rules_out(&self) -> bool {
        matches!(self, Self::Misses { .. } | Self::Differs { .. })
    }
}

struct Candidate<'a> {
    worker: &'a Worker,
    fit: Fit,
    /// What is said of another version of the job type, where this worker has one.
    differs: Option<&'a str>,
    sight: Sight,
    /// Of the storages that the job needs; none where it lacks one.
    sameness: Option<Sameness>,
}

impl Candidate<'_> {
    /// The videos that it said it does not see, by their place among those asked about.
    fn missing(&self) -> &[usize] {
        match &self.sight {
            Sight::Sees { missing, .. } => missing,
            _ => &[],
        }
    }
}

/// Who could run a job that is not submitted yet, as far as is known without asking.
pub(crate) struct Outlook {
    /// Every worker online, and what it is to the job.
    fits: Vec<(Worker, Fit)>,
    /// The name of the worker that the job is for, if it is for one.
    pinned: Option<String>,
    /// Whether that one was put out of the lab.
    is_out: bool,
    /// The worker that would start it first, of those of which that is known, and when.
    start: Option<Next>,
    /// Where no worker is online, the one that was last: "gpu-1, Fri 18:40".
    last_seen: Option<String>,
    /// Whether the lab's hub has just begun.
    beginning: bool,
    /// What the job type is called.
    title: String,
    /// What is said of the workers that have another version of it.
    differs: HashMap<WorkerId, String>,
}

/// "in about 40 min", and on which worker.
struct Next {
    worker: WorkerId,
    about: String,
}

impl Outlook {
    /// `now` is the person's time.
    pub(crate) fn of(job: &Job, seen: &board::Sight<'_>, now: &Zoned) -> Self {
        let name = |wanted: &String| worker_name(wanted, seen.around.workers, seen.around.jobs);
        let next = |start: Start<'_>| Next { worker: start.worker.id.clone(), about: about(start.after) };
        let fits = seen.fits(job);
        let tries = seen.around.jobs.values().flat_map(|record| &record.attempts);
        let may_come_back = tries.filter(|attempt| !seen.around.is_out(&attempt.worker));
        let workers = seen.around.workers.values();
        let differs =
            workers.filter_map(|worker| Some((worker.id.clone(), seen.around.differs(job, worker)?.words(&job.kind))));
        Self {
            title: what(job, seen.around.kinds).to_owned(),
            differs: differs.collect(),
            last_seen: fits.is_empty().then(|| last_seen(may_come_back, now)).flatten(),
            fits,
            beginning: seen.around.beginning,
            pinned: job.worker.as_ref().map(name),
            is_out: job.worker.as_ref().is_some_and(|wanted| seen.around.is_put_out(wanted)),
            start: seen.around.start_of(job).map(next),
        }
    }
}

/// Asks every worker that could run it. With the sentence: what each worker that was asked proved of the dataset's storage.
pub(crate) async fn readiness<'a>(
    fleet: &Fleet,
    storages: &LocalStorages,
    outlook: &'a Outlook,
    plan: &Plan,
) -> (ReadinessView, Vec<(&'a Worker, Verdict)>) {
    let job = &plan.job;
    let videos = Videos::of(plan.dataset.as_ref(), &job.kind);
    let mut paths: Vec<StoragePath> = plan.proven_by().into_iter().map(|by| by.at).collect();
    if !paths.is_empty() {
        paths.extend(videos.paths());
    }
    let worth = if paths.is_empty() { Vec::new() } else { sameness::worth_asking(&outlook.fits) };
    let asked = sameness::ask(fleet, &storages.reader(), &worth, &paths, PATIENCE).await;
    let verdicts = Asked::verdicts(&asked);
    let mut proved: Job = job.clone();
    if let Some(at) = paths.first() {
        sameness::confirm(&mut proved, &at.storage_backend, Asked::same(&asked));
    }
    let mut answers: HashMap<&str, Result<Answer, Unanswered>> =
        asked.into_iter().map(|asked| (asked.worker.id.as_str(), asked.answer)).collect();
    let mut candidates: Vec<Candidate<'_>> = outlook
        .fits
        .iter()
        .map(|(worker, fit)| {
            let sight = match answers.remove(worker.id.as_str()) {
                None => Sight::NotAsked,
                Some(Err(Unanswered::Silent)) => Sight::Silent,
                Some(Err(Unanswered::Failed(why))) => Sight::Failed { why },
                Some(Ok(answer)) => sight(answer, paths.first()),
            };
            let sameness = sameness::of_job(&proved, worker);
            let differs = outlook.differs.get(&worker.id).map(String::as_str);
            Candidate { worker, fit: fit.clone(), differs, sight, sameness }
        })
        .collect();
    let rank = |candidate: &Candidate<'_>| words::rank(candidate, videos);
    candidates.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.worker.name.cmp(&b.worker.name)));
    let asked_about = videos.asked_about();
    let file = plan.dataset.as_ref().map_or("the dataset", |dataset| dataset.file_name.as_str());
    let (state, sentence, button) = match videos.objection(&candidates) {
        Some((state, sentence)) => (state, sentence, "Submit"),
        None => words::sentence(&candidates, file, videos, outlook),
    };
    let view = ReadinessView {
        state: state.to_owned(),
        sentence,
        note: videos.note(&candidates, candidates.first()),
        can_submit: !["blocked", "asks"].contains(&state),
        ask_admin: ["wait", "none"].contains(&state),
        button: button.to_owned(),
        results: plan.results.as_ref().map(path_view),
        name: job.name.clone(),
        workers: candidates.iter().map(|candidate| words::view(candidate, videos, &asked_about)).collect(),
    };
    (view, verdicts)
}

/// A draft while its lab is not connected.
pub(crate) fn offline<'a>(draft: &Draft, workers: impl Iterator<Item = &'a Worker>, error: &Error) -> ReadinessView {
    ReadinessView { state: "offline".to_owned(), ..blocked(draft, &[], workers, error) }
}

/// A draft that cannot be submitted as it is; `parameters` are those of its job type.
pub(crate) fn blocked<'a>(
    draft: &Draft,
    parameters: &[Parameter],
    workers: impl Iterator<Item = &'a Worker>,
    error: &Error,
) -> ReadinessView {
    ReadinessView {
        state: "blocked".to_owned(),
        sentence: match (&draft.dataset, error.code) {
            (None, ErrorCode::InvalidParameter) => "Choose a dataset.".to_owned(),
            _ => words::blocked(error, parameters),
        },
        note: None,
        can_submit: false,
        ask_admin: error.hint.as_deref() == Some(Places::mend()),
        button: "Submit".to_owned(),
        results: None,
        name: draft.name.clone(),
        workers: workers
            .map(|worker| CandidateView {
                id: worker.id.clone(),
                name: worker.name.clone(),
                fit: "unknown".to_owned(),
                words: "not asked yet".to_owned(),
                detail: None,
                sameness: None,
                missing: None,
            })
            .collect(),
    }
}

fn sight(answer: Answer, dataset: Option<&StoragePath>) -> Sight {
    match (answer.seen.split_first(), answer.verdict) {
        (Some((PathSeen::No { failure, .. }, _)), _) => Sight::Misses { why: failure.message.clone() },
        (Some((PathSeen::Yes(_), _)), Verdict::Differs) => {
            Sight::Differs { storage: dataset.map(|at| at.storage_backend.clone()).unwrap_or_default() }
        }
        (Some((PathSeen::Yes(_), videos)), _) => {
            let unseen = |(at, seen): (usize, &PathSeen)| (!matches!(seen, PathSeen::Yes(_))).then_some(at);
            let missing: Vec<usize> = videos.iter().enumerate().filter_map(unseen).collect();
            Sight::Sees { videos: videos.len() - missing.len(), missing }
        }
        (None, _) => Sight::NotAsked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn worker(name: &str) -> Worker {
        let text = format!(
            r#"{{"id": "{name}-id", "name": "{name}", "version": "1", "os": "linux", "host": "h", "started_at": "2026-11-22T09:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// A worker that is free.
    pub(super) fn now(worker: &Worker, sight: Sight) -> Candidate<'_> {
        Candidate { worker, fit: Fit::Now, differs: None, sight, sameness: None }
    }

    pub(super) fn outlook(last_seen: Option<&str>) -> Outlook {
        Outlook {
            fits: Vec::new(),
            pinned: None,
            is_out: false,
            start: None,
            last_seen: last_seen.map(str::to_owned),
            beginning: false,
            title: "Training".to_owned(),
            differs: HashMap::new(),
        }
    }
}
