//! The sentence above *Submit*: whether a draft can run, where, and what the worker sees.

use crate::board;
use crate::draft::Plan;
use crate::jobs::{fit_words, nobody, worker_name};
use crate::pace::about;
use crate::paths::path_view;
use crate::sameness::{self, Answer, Asked, Verdict};
use crate::storages::LocalStorages;
use crate::view::{CandidateView, DatasetView, Draft, ReadinessView};
use crate::workers::last_seen;
use crate::{Error, ErrorCode};
use jiff::Zoned;
use samepath_fleet::Fleet;
use samepath_fleet::matching::{Sameness, Start};
use samepath_wire::{Fit, Job, PathSeen, Places, StoragePath, Worker, WorkerId};
use std::collections::HashMap;
use std::time::Duration;

/// Workers, and reasons, that the sentence names; the list beside it has all of them.
const MOST: usize = 3;
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
    /// What the job type is called, where this worker has it in an older version.
    older: Option<&'a str>,
    sight: Sight,
    /// Of the storages that the job needs; none where it lacks one.
    sameness: Option<Sameness>,
}

/// Who could run a job that is not submitted yet, as far as is known without asking.
pub(crate) struct Outlook {
    /// Every worker online, and what it is to the job.
    fits: Vec<(Worker, Fit)>,
    /// The name of the worker that the job is for, if it is for one.
    pinned: Option<String>,
    /// The worker that would start it first, of those of which that is known, and when.
    start: Option<Next>,
    /// Where no worker is online, the one that was last: "gpu-1, Fri 18:40".
    last_seen: Option<String>,
    /// Whether the lab's hub has just begun.
    beginning: bool,
    /// What the job type is called, by the workers that have it in an older version.
    older: HashMap<WorkerId, String>,
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
        let older = |(worker, _): &(Worker, Fit)| Some((worker.id.clone(), seen.around.older(job, worker)?.to_owned()));
        Self {
            older: fits.iter().filter_map(older).collect(),
            last_seen: fits.is_empty().then(|| last_seen(seen.around.jobs.values(), now)).flatten(),
            fits,
            beginning: seen.around.beginning,
            pinned: job.worker.as_ref().map(name),
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
    let dataset = plan.dataset.as_ref();
    let mut paths: Vec<StoragePath> = plan.proven_by().into_iter().map(|by| by.at).collect();
    if !paths.is_empty() {
        paths.extend(videos(dataset));
    }
    let worth = if paths.is_empty() { Vec::new() } else { sameness::worth_asking(&outlook.fits) };
    let asked = sameness::ask(fleet, &storages.reader(), &worth, &paths, PATIENCE).await;
    let verdicts = Asked::verdicts(&asked);
    let mut proved: Job = job.clone();
    if let Some(at) = paths.first() {
        sameness::confirm(&mut proved, &at.storage_backend, Asked::same(&asked));
    }
    let mut answers: HashMap<&str, Option<Answer>> =
        asked.into_iter().map(|asked| (asked.worker.id.as_str(), asked.answer)).collect();
    let mut candidates: Vec<Candidate<'_>> = outlook
        .fits
        .iter()
        .map(|(worker, fit)| {
            let sight = match answers.remove(worker.id.as_str()) {
                None => Sight::NotAsked,
                Some(None) => Sight::Silent,
                Some(Some(answer)) => sight(answer, paths.first()),
            };
            let sameness = sameness::of_job(&proved, worker);
            let older = outlook.older.get(&worker.id).map(String::as_str);
            Candidate { worker, fit: fit.clone(), older, sight, sameness }
        })
        .collect();
    candidates.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.worker.name.cmp(&b.worker.name)));
    let total = paths.len().saturating_sub(1);
    let asked_about = places(dataset);
    let (state, sentence, button) = match unseen(job, dataset) {
        Some(sentence) => ("blocked", sentence, "Submit"),
        None => sentence(&candidates, dataset, total, outlook),
    };
    let view = ReadinessView {
        state: state.to_owned(),
        sentence,
        can_submit: state != "blocked",
        ask_admin: ["wait", "none"].contains(&state),
        button: button.to_owned(),
        results: plan.results.as_ref().map(path_view),
        name: job.name.clone(),
        workers: candidates.iter().map(|candidate| candidate_view(candidate, total, &asked_about)).collect(),
    };
    (view, verdicts)
}

/// A draft while its lab is not connected.
pub(crate) fn offline<'a>(draft: &Draft, workers: impl Iterator<Item = &'a Worker>, error: &Error) -> ReadinessView {
    ReadinessView { state: "offline".to_owned(), ..blocked(draft, workers, error) }
}

/// A draft that cannot be submitted as it is.
pub(crate) fn blocked<'a>(draft: &Draft, workers: impl Iterator<Item = &'a Worker>, error: &Error) -> ReadinessView {
    let hint = error.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
    ReadinessView {
        state: "blocked".to_owned(),
        sentence: match (&draft.dataset, error.code) {
            (None, ErrorCode::InvalidParameter) => "Choose a dataset.".to_owned(),
            _ => format!("{}{hint}", error.message),
        },
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
                sameness: None,
                missing: None,
            })
            .collect(),
    }
}

/// The job type that says which videos a worker sees: it may be asked about those that none can see.
const CHECK: &str = "slp-check";

/// What to say of videos that no worker can see, where the job needs them.
fn unseen(job: &Job, dataset: Option<&DatasetView>) -> Option<String> {
    let dataset = dataset.filter(|dataset| !dataset.is_package && job.kind != CHECK)?;
    let unseen = dataset.videos.iter().filter(|video| video.place.is_none()).count();
    let are = if unseen == 1 { "is" } else { "are" };
    let all = dataset.videos.len();
    let videos = if all == 1 { "video" } else { "videos" };
    (unseen > 0).then(|| {
        format!(
            "{unseen} of {all} {videos} {are} not where a worker can see {}. Mend {} above.",
            them(unseen),
            them(unseen)
        )
    })
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// Of the videos that workers are asked about, in the order of the question: their places in the project.
fn places(dataset: Option<&DatasetView>) -> Vec<u32> {
    let videos = dataset.into_iter().filter(|dataset| !dataset.is_package).flat_map(|dataset| &dataset.videos);
    (0..).zip(videos).filter(|(_, video)| video.place.is_some()).map(|(at, _)| at).collect()
}

fn videos(dataset: Option<&DatasetView>) -> impl Iterator<Item = StoragePath> + '_ {
    dataset
        .into_iter()
        .filter(|dataset| !dataset.is_package)
        .flat_map(|dataset| &dataset.videos)
        .filter_map(|video| video.place.as_ref())
        .map(|place| StoragePath::new(&place.storage_backend, &place.user_subdir, &place.path))
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

/// The best first: who can start, then who is surest to have the same storages, as the matchmaker chooses.
fn rank(candidate: &Candidate<'_>) -> (u8, u32, Sameness) {
    let sameness = candidate.sameness.unwrap_or(Sameness::Other);
    match (&candidate.fit, &candidate.sight) {
        (Fit::No { .. }, _) => (4, 0, sameness),
        (_, Sight::Misses { .. } | Sight::Differs { .. }) => (3, 0, sameness),
        (Fit::Now, Sight::Silent) => (1, 0, sameness),
        (Fit::Now, _) => (0, 0, sameness),
        (Fit::Busy { before }, _) => (2, *before, sameness),
    }
}

fn sentence(
    candidates: &[Candidate<'_>],
    dataset: Option<&DatasetView>,
    total: usize,
    outlook: &Outlook,
) -> (&'static str, String, &'static str) {
    const WAIT: &str = "Submit and wait";
    let pinned = outlook.pinned.as_deref();
    let Some(best) = candidates.first() else {
        let seen = outlook.last_seen.as_ref().map(|seen| format!(" Last seen: {seen}.")).unwrap_or_default();
        return ("none", format!("{}{seen} Submit and it waits.", nobody(outlook.beginning)), WAIT);
    };
    let name = &best.worker.name;
    let file = dataset.map_or("the dataset", |dataset| dataset.file_name.as_str());
    match (&best.fit, &best.sight) {
        (Fit::Now, Sight::Sees { videos, .. }) => {
            let videos = videos_words(file, *videos, total, dataset);
            ("ready", format!("Ready. {name} can start now; it sees {videos}."), "Submit")
        }
        (Fit::Now, Sight::NotAsked) => ("ready", format!("Ready. {name} can start now."), "Submit"),
        (Fit::Now, Sight::Silent) => (
            "ready",
            format!("{name} is free, but has not said yet whether it sees {file}. Submit and it looks."),
            "Submit",
        ),
        (Fit::Busy { before }, Sight::Sees { .. } | Sight::NotAsked | Sight::Silent) => {
            let jobs = |before: u32| if before <= 1 { "1 job".to_owned() } else { format!("{before} jobs") };
            let known = outlook.start.as_ref().and_then(|next| {
                let is_it = |candidate: &&Candidate<'_>| candidate.worker.id == next.worker;
                let candidate = candidates.iter().find(is_it)?;
                let Fit::Busy { before } = candidate.fit else { return None };
                (!candidate.sight.rules_out()).then(|| (before, &candidate.worker.name, format!(", in {}", next.about)))
            });
            let (before, name, soon) = known.unwrap_or((*before, name, String::new()));
            ("queued", format!("Ready. {} before yours; {name} is next{soon}.", jobs(before)), "Submit")
        }
        _ => {
            // Of a job that is for one worker, that one alone is spoken of; the list beside it has the others.
            let is_for = |worker: &Worker| pinned.is_none_or(|pinned| worker.name == pinned || worker.id == pinned);
            let asked: Vec<&Candidate<'_>> = candidates.iter().filter(|candidate| is_for(candidate.worker)).collect();
            if let (true, Some(pinned)) = (asked.is_empty(), pinned) {
                return ("wait", format!("{pinned} is not online. Submit and it waits for {pinned}."), WAIT);
            }
            // Of several, each says the first thing that is in the way: where all cannot, that is one sentence.
            let brief = asked.len() > 1;
            let why = told(asked.iter().map(|it| (it.worker.name.as_str(), in_the_way(it, total, brief))));
            (
                "wait",
                format!("No worker can run this now: {why}. Submit and it waits; you are told when it starts."),
                WAIT,
            )
        }
    }
}

/// What is to be said of each worker; those of whom it is the same are named together: "gpu-1, gpu-2: has no vast; gpu-3: …".
fn told<'w>(workers: impl Iterator<Item = (&'w str, String)>) -> String {
    let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, said) in workers {
        match alike.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) => names.push(name),
            None => alike.push((said, vec![name])),
        }
    }
    let named = |names: &[&str]| {
        let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(MOST) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    let why: Vec<String> = alike.iter().take(MOST).map(|(said, names)| format!("{}: {said}", named(names))).collect();
    match alike.iter().skip(MOST).map(|(_, names)| names.len()).sum() {
        0 => why.join("; "),
        more @ 1_usize.. => format!("{}; and {more} more", why.join("; ")),
    }
}

fn videos_words(file: &str, seen: usize, total: usize, dataset: Option<&DatasetView>) -> String {
    let listed = dataset.filter(|dataset| !dataset.is_package).map_or(0, |dataset| dataset.videos.len());
    match (seen, listed.max(total)) {
        (_, 0) => file.to_owned(),
        (1, 1) => format!("{file} and its video"),
        (0, 1) => format!("{file}, but not its video"),
        (seen, all) if seen == all => format!("{file} and all {all} videos"),
        (seen, all) => format!("{file} and {seen} of {all} videos"),
    }
}

fn in_the_way(candidate: &Candidate<'_>, total: usize, brief: bool) -> String {
    match &candidate.fit {
        Fit::No { reasons } if brief => {
            let first = Fit::No { reasons: reasons.iter().take(1).cloned().collect() };
            fit_words(&first, candidate.older)
        }
        _ => words(candidate, total),
    }
}

fn words(candidate: &Candidate<'_>, total: usize) -> String {
    let fit = fit_words(&candidate.fit, candidate.older);
    let sure = candidate.sameness.map(|sameness| format!(" · {}", sameness::words(sameness))).unwrap_or_default();
    match &candidate.sight {
        Sight::NotAsked => fit,
        Sight::Sees { .. } if total == 0 => format!("{fit} · sees the dataset{sure}"),
        Sight::Sees { videos, .. } => format!("{fit} · {videos}/{total} videos{sure}"),
        Sight::Differs { storage } => {
            format!("has another file in the dataset's place: its {storage} may be a different storage")
        }
        Sight::Misses { why } => format!("does not see the dataset: {why}"),
        Sight::Silent => format!("{fit} · has not answered yet"),
    }
}

fn candidate_view(candidate: &Candidate<'_>, total: usize, asked_about: &[u32]) -> CandidateView {
    let fit = match (&candidate.fit, &candidate.sight) {
        (Fit::No { .. }, _) | (_, Sight::Misses { .. } | Sight::Differs { .. }) => "no",
        (Fit::Now, _) => "now",
        (Fit::Busy { .. }, _) => "busy",
    };
    CandidateView {
        id: candidate.worker.id.clone(),
        name: candidate.worker.name.clone(),
        fit: fit.to_owned(),
        words: words(candidate, total),
        sameness: candidate.sameness.map(|sameness| sameness::name(sameness).to_owned()),
        missing: match &candidate.sight {
            Sight::Sees { missing, .. } => {
                Some(missing.iter().filter_map(|at| asked_about.get(*at).copied()).collect())
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_wire::Reason;

    fn worker(name: &str) -> Worker {
        let text = format!(
            r#"{{"id": "{name}-id", "name": "{name}", "version": "1", "os": "linux", "host": "h", "started_at": "2026-11-22T09:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn outlook(last_seen: Option<&str>) -> Outlook {
        Outlook {
            fits: Vec::new(),
            pinned: None,
            start: None,
            last_seen: last_seen.map(str::to_owned),
            beginning: false,
            older: HashMap::new(),
        }
    }

    #[test]
    fn where_it_is_known_when_a_worker_is_next_the_sentence_says_so() {
        let workers = [worker("gpu-1"), worker("gpu-2"), worker("gpu-3")];
        let sights = [Sight::NotAsked, Sight::Silent, Sight::Misses { why: "it is not there".to_owned() }];
        let candidates: Vec<Candidate<'_>> = (1..)
            .zip(workers.iter().zip(sights))
            .map(|(before, (worker, sight))| Candidate {
                worker,
                fit: Fit::Busy { before },
                older: None,
                sight,
                sameness: None,
            })
            .collect();
        let said = |next: Option<&str>| {
            let start = next.map(|name| Next { worker: format!("{name}-id"), about: "about 40 min".to_owned() });
            sentence(&candidates, None, 0, &Outlook { start, ..outlook(None) }).1
        };
        assert_eq!(said(None), "Ready. 1 job before yours; gpu-1 is next.");
        assert_eq!(said(Some("gpu-1")), "Ready. 1 job before yours; gpu-1 is next, in about 40 min.");
        assert_eq!(said(Some("gpu-2")), "Ready. 2 jobs before yours; gpu-2 is next, in about 40 min.");
        assert_eq!(said(Some("gpu-3")), said(None), "it does not see the dataset");
    }

    #[test]
    fn of_several_workers_each_says_the_first_thing_that_is_in_the_way_and_of_one_all_is_said() {
        let kind = || Reason::NoKind { kind: "train".to_owned() };
        let vast = || Reason::NoBackend { backend: "vast".to_owned() };
        let workers = ["gpu-1", "gpu-2", "gpu-3"].map(worker);
        let fits = [vec![kind()], vec![kind(), vast()], vec![vast()]];
        let no = |(worker, reasons)| Candidate {
            worker,
            fit: Fit::No { reasons },
            older: None,
            sight: Sight::NotAsked,
            sameness: None,
        };
        let candidates: Vec<Candidate<'_>> = workers.iter().zip(fits).map(no).collect();
        let said = |pinned: Option<&str>| {
            let pinned = pinned.map(str::to_owned);
            sentence(&candidates, None, 0, &Outlook { pinned, ..outlook(None) }).1
        };
        let rest = "Submit and it waits; you are told when it starts.";
        let all = format!("No worker can run this now: gpu-1, gpu-2: cannot run train; gpu-3: has no vast. {rest}");
        assert_eq!(said(None), all);
        let one = format!("No worker can run this now: gpu-2: cannot run train; has no vast. {rest}");
        assert_eq!(said(Some("gpu-2")), one);
    }

    #[test]
    fn who_was_online_last_is_said_where_nobody_is() {
        let told = |last_seen| sentence(&[], None, 0, &outlook(last_seen)).1;
        assert_eq!(told(None), "No worker is online. Submit and it waits.");
        assert_eq!(
            told(Some("gpu-2, Fri 18:40")),
            "No worker is online. Last seen: gpu-2, Fri 18:40. Submit and it waits."
        );
        let beginning = Outlook { beginning: true, ..outlook(None) };
        assert_eq!(
            sentence(&[], None, 0, &beginning).1,
            "The lab's server has just begun: its workers may not be back yet. Submit and it waits."
        );
    }

    #[test]
    fn workers_of_whom_the_same_is_to_be_said_are_named_together() {
        let all = |said: &[&str]| {
            let names: Vec<String> = (1..=said.len()).map(|number| format!("gpu-{number}")).collect();
            told(names.iter().zip(said).map(|(name, said)| (name.as_str(), (*said).to_owned())))
        };
        assert_eq!(all(&["has no vast"]), "gpu-1: has no vast");
        assert_eq!(all(&["has no vast", "busy", "has no vast"]), "gpu-1, gpu-3: has no vast; gpu-2: busy");
        assert_eq!(all(&["a", "a", "a", "a", "a"]), "gpu-1, gpu-2, gpu-3 and 2 more: a");
        assert_eq!(all(&["a", "b", "c", "d", "d"]), "gpu-1: a; gpu-2: b; gpu-3: c; and 2 more");
    }
}
