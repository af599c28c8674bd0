//! What is said of workers: together in the sentence, and of each in the list beside it.

use super::videos::Videos;
use super::{Candidate, Outlook, Sight};
use crate::Error;
use crate::alike::{MOST, names};
use crate::jobs::{PUT_OUT, fit_words, nobody, reason_words};
use crate::kinds::label;
use crate::sameness;
use crate::view::CandidateView;
use samepath_fleet::matching::Sameness;
use samepath_wire::{Fit, Parameter, Reason, Worker};

/// The best first: who can start, then who is surest to have the same storages, as the matchmaker chooses.
pub(super) fn rank(candidate: &Candidate<'_>, videos: Videos<'_>) -> (u8, u32, Sameness) {
    let sameness = candidate.sameness.unwrap_or(Sameness::Other);
    match (&candidate.fit, &candidate.sight) {
        (Fit::No { .. }, _) => (5, 0, sameness),
        (_, Sight::Misses { .. } | Sight::Differs { .. }) => (4, 0, sameness),
        (Fit::Now, Sight::Silent | Sight::Failed { .. }) => (1, 0, sameness),
        (Fit::Now, _) if videos.lacking(candidate) > 0 => (2, 0, sameness),
        (Fit::Now, _) => (0, 0, sameness),
        (Fit::Busy { before }, _) => (3, *before, sameness),
    }
}

/// What is wrong with a form, for whoever has it before them: its fields by their labels, and no command.
pub(super) fn blocked(error: &Error, parameters: &[Parameter]) -> String {
    let named = |parameter: &Parameter| {
        let rest = error.message.strip_prefix(&parameter.name)?.strip_prefix(": ")?;
        Some(format!("{}: {rest}", label(parameter)))
    };
    let said = parameters.iter().find_map(named).unwrap_or_else(|| error.message.clone());
    let end = if said.ends_with(['.', '!', '?']) { "" } else { "." };
    match error.hint.as_deref().filter(|hint| !hint.contains("samepath ")) {
        Some(hint) => format!("{said}{end} {hint}"),
        None => format!("{said}{end}"),
    }
}

/// The state, the sentence, and what the button says. `file` is the dataset.
pub(super) fn sentence(
    candidates: &[Candidate<'_>],
    file: &str,
    videos: Videos<'_>,
    outlook: &Outlook,
) -> (&'static str, String, &'static str) {
    const WAIT: &str = "Submit and wait";
    let Some(best) = candidates.first() else {
        let seen = outlook.last_seen.as_ref().map(|seen| format!(" Last seen: {seen}.")).unwrap_or_default();
        return ("none", format!("{}{seen} Submit and it waits.", nobody(outlook.beginning)), WAIT);
    };
    let name = &best.worker.name;
    match (&best.fit, &best.sight) {
        (Fit::Now, Sight::Sees { videos: seen, .. }) if videos.lacking(best) > 0 => {
            let but = only(*seen, videos.count());
            ("partly", format!("{name} can start now; it sees {file}, but {but}."), "Submit")
        }
        (Fit::Now, Sight::Sees { videos: seen, .. }) => {
            let seen = seen_words(file, *seen, videos.count());
            ("ready", format!("Ready. {name} can start now; it sees {seen}."), "Submit")
        }
        (Fit::Now, Sight::NotAsked) => ("ready", format!("Ready. {name} can start now."), "Submit"),
        (Fit::Now, Sight::Silent) => (
            "ready",
            format!("{name} is free, but has not said yet whether it sees {file}. Submit and it looks."),
            "Submit",
        ),
        (Fit::Now, Sight::Failed { why }) => (
            "ready",
            format!("{name} is free, but could not say whether it sees {file}: {why}. Submit and it looks."),
            "Submit",
        ),
        (Fit::Busy { before }, Sight::Sees { .. } | Sight::NotAsked | Sight::Silent | Sight::Failed { .. }) => {
            ("queued", queued(candidates, name, *before, outlook), "Submit")
        }
        _ => ("wait", why_not(candidates, outlook), WAIT),
    }
}

fn queued(candidates: &[Candidate<'_>], name: &str, before: u32, outlook: &Outlook) -> String {
    let jobs = |before: u32| if before <= 1 { "1 job".to_owned() } else { format!("{before} jobs") };
    let known = outlook.start.as_ref().and_then(|next| {
        let is_it = |candidate: &&Candidate<'_>| candidate.worker.id == next.worker;
        let candidate = candidates.iter().find(is_it)?;
        let Fit::Busy { before } = candidate.fit else { return None };
        (!candidate.sight.rules_out()).then(|| (before, candidate.worker.name.as_str(), format!(", in {}", next.about)))
    });
    let (before, name, soon) = known.unwrap_or((before, name, String::new()));
    format!("Ready. {} before yours; {name} is next{soon}.", jobs(before))
}

const REST: &str = "Submit and it waits; you are told when it starts.";

/// Of a job that is for one worker, that one alone is spoken of; the list beside it has the others.
fn why_not(candidates: &[Candidate<'_>], outlook: &Outlook) -> String {
    let pinned = outlook.pinned.as_deref();
    let is_for = |worker: &Worker| pinned.is_none_or(|pinned| worker.name == pinned || worker.id == pinned);
    let asked: Vec<&Candidate<'_>> = candidates.iter().filter(|candidate| is_for(candidate.worker)).collect();
    if let (true, Some(pinned)) = (asked.is_empty(), pinned) {
        return match outlook.is_out {
            true => format!("{pinned} {PUT_OUT}. Choose another worker."),
            false => format!("{pinned} is not online. Submit and it waits for {pinned}."),
        };
    }
    // Why nobody has the job type stands beside that.
    if candidates.iter().all(lacks_kind) {
        return format!("No worker can run {} now. {REST}", outlook.title);
    }
    // Of several, each says the first thing that is in the way, in short: where all cannot, that is one sentence.
    let said = |candidate: &Candidate<'_>| match &candidate.fit {
        Fit::No { reasons } if asked.len() > 1 => {
            reasons.first().map(|reason| brief(reason, candidate.differs)).unwrap_or_default()
        }
        _ if asked.len() > 1 => short(candidate),
        _ => whole(candidate),
    };
    let why = told(asked.iter().map(|it| (it.worker.name.as_str(), said(it))));
    format!("No worker can run this now: {why}. {REST}")
}

fn lacks_kind(candidate: &Candidate<'_>) -> bool {
    let lacks = |reason: &Reason| matches!(reason, Reason::NoKind { .. } | Reason::KindUnavailable { .. });
    matches!(&candidate.fit, Fit::No { reasons } if reasons.iter().any(lacks))
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
    let why: Vec<String> =
        alike.iter().take(MOST).map(|(said, workers)| format!("{}: {said}", names(workers.iter().copied()))).collect();
    match alike.iter().skip(MOST).map(|(_, workers)| workers.len()).sum() {
        0 => why.join("; "),
        more @ 1_usize.. => format!("{}; and {more} more", why.join("; ")),
    }
}

/// "labels.slp and all 12 videos"; of what it does not see, nothing is claimed.
fn seen_words(file: &str, seen: usize, all: usize) -> String {
    match all {
        1 if seen == 1 => format!("{file} and its video"),
        2.. if seen == all => format!("{file} and all {all} videos"),
        _ => file.to_owned(),
    }
}

fn only(seen: usize, all: usize) -> String {
    match (seen, all) {
        (0, 1) => "not its video".to_owned(),
        (0, all) => format!("none of its {all} videos"),
        (seen, all) => format!("only {seen} of {all} videos"),
    }
}

/// A reason in a few words. Why a worker cannot run a job type, and what it found when it tried, takes a line of its own.
fn brief(reason: &Reason, differs: Option<&str>) -> String {
    match reason {
        Reason::KindUnavailable { kind, .. } => format!("cannot run {kind}"),
        Reason::Excluded { .. } => "tried it, and could not".to_owned(),
        _ => reason_words(reason, differs),
    }
}

/// What speaks against a worker, in a few words.
fn short(candidate: &Candidate<'_>) -> String {
    match (&candidate.fit, &candidate.sight) {
        (_, Sight::Differs { .. }) => "has another file in the dataset's place".to_owned(),
        (_, Sight::Misses { .. }) => "cannot see the dataset".to_owned(),
        (Fit::No { reasons }, _) => {
            reasons.iter().map(|reason| brief(reason, candidate.differs)).collect::<Vec<_>>().join("; ")
        }
        (fit, _) => fit_words(fit, candidate.differs),
    }
}

/// The same with all that is known of it.
fn whole(candidate: &Candidate<'_>) -> String {
    match &candidate.sight {
        Sight::Differs { storage } => {
            format!("has another file in the dataset's place: its {storage} may be a different storage")
        }
        Sight::Misses { why } => format!("does not see the dataset: {why}"),
        Sight::Failed { why } => format!("could not say what it sees: {why}"),
        _ => fit_words(&candidate.fit, candidate.differs),
    }
}

fn words(candidate: &Candidate<'_>, videos: Videos<'_>) -> String {
    let said = short(candidate);
    let sure = candidate.sameness.map(|sameness| format!(" · {}", sameness::words(sameness))).unwrap_or_default();
    match &candidate.sight {
        Sight::NotAsked | Sight::Misses { .. } | Sight::Differs { .. } => said,
        Sight::Silent => format!("{said} · has not answered yet"),
        Sight::Failed { .. } => format!("{said} · could not say what it sees"),
        Sight::Sees { videos: seen, .. } => match videos.count() {
            all if all > 0 && (*seen == all || videos.lacking(candidate) > 0) => {
                format!("{said} · {seen}/{all} videos{sure}")
            }
            _ => format!("{said} · sees the dataset{sure}"),
        },
    }
}

/// A worker's row in the list. `asked_about` are the videos that it was asked about, by their places in the project.
pub(super) fn view(candidate: &Candidate<'_>, videos: Videos<'_>, asked_about: &[u32]) -> CandidateView {
    let fit = match (&candidate.fit, &candidate.sight) {
        (Fit::No { .. }, _) | (_, Sight::Misses { .. } | Sight::Differs { .. }) => "no",
        (Fit::Now, _) if videos.lacking(candidate) > 0 => "partly",
        (Fit::Now, _) => "now",
        (Fit::Busy { .. }, _) => "busy",
    };
    let detail = whole(candidate);
    CandidateView {
        id: candidate.worker.id.clone(),
        name: candidate.worker.name.clone(),
        fit: fit.to_owned(),
        words: words(candidate, videos),
        detail: (detail != short(candidate)).then_some(detail),
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
    use super::super::Next;
    use super::super::tests::{now, outlook, worker};
    use super::*;
    use crate::ErrorCode;

    fn none() -> Videos<'static> {
        Videos::of(None, "train")
    }

    fn said(candidates: &[Candidate<'_>], outlook: &Outlook) -> String {
        sentence(candidates, "the dataset", none(), outlook).1
    }

    fn no(worker: &Worker, reasons: Vec<Reason>) -> Candidate<'_> {
        Candidate { fit: Fit::No { reasons }, ..now(worker, Sight::NotAsked) }
    }

    #[test]
    fn where_it_is_known_when_a_worker_is_next_the_sentence_says_so() {
        let workers = [worker("gpu-1"), worker("gpu-2"), worker("gpu-3")];
        let sights = [Sight::NotAsked, Sight::Silent, Sight::Misses { why: "it is not there".to_owned() }];
        let candidates: Vec<Candidate<'_>> = (1..)
            .zip(workers.iter().zip(sights))
            .map(|(before, (worker, sight))| Candidate { fit: Fit::Busy { before }, ..now(worker, sight) })
            .collect();
        let said = |next: Option<&str>| {
            let start = next.map(|name| Next { worker: format!("{name}-id"), about: "about 40 min".to_owned() });
            said(&candidates, &Outlook { start, ..outlook(None) })
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
        let candidates: Vec<Candidate<'_>> = workers.iter().zip(fits).map(|(worker, why)| no(worker, why)).collect();
        let said = |pinned: Option<&str>| {
            let pinned = pinned.map(str::to_owned);
            said(&candidates, &Outlook { pinned, ..outlook(None) })
        };
        let rest = "Submit and it waits; you are told when it starts.";
        let all = format!("No worker can run this now: gpu-1, gpu-2: cannot run train; gpu-3: has no vast. {rest}");
        assert_eq!(said(None), all);
        let one = format!("No worker can run this now: gpu-2: cannot run train; has no vast. {rest}");
        assert_eq!(said(Some("gpu-2")), one);
    }

    #[test]
    fn what_is_long_is_said_once_and_workers_of_whom_it_is_the_same_in_short_are_named_together() {
        let missing = |why: &str| Reason::KindUnavailable { kind: "train".to_owned(), why: why.to_owned() };
        let tried = || Reason::Excluded { why: "LABELS (vast:x.slp): there is no such file".to_owned() };
        let misses =
            |on: &str| Sight::Misses { why: format!("`x.slp` does not exist on `vast` (`/mnt/vast/x.slp` on {on})") };
        let workers = ["gpu-1", "gpu-2", "gpu-3", "gpu-4", "gpu-5"].map(worker);
        let [a, b, c, d, e] = &workers;
        let candidates = [
            now(a, misses("gpu-1")),
            now(b, misses("gpu-2")),
            no(c, vec![missing("no program /opt/sleap-nn")]),
            no(d, vec![missing("no program sleap-nn")]),
            no(e, vec![tried()]),
        ];
        assert_eq!(
            said(&candidates, &outlook(None)),
            "No worker can run this now: gpu-1, gpu-2: cannot see the dataset; gpu-3, gpu-4: cannot run train; gpu-5: tried \
             it, and could not. Submit and it waits; you are told when it starts."
        );
        let row = |candidate: &Candidate<'_>| {
            let view = view(candidate, none(), &[]);
            (view.words, view.detail.unwrap_or_default())
        };
        assert_eq!(
            candidates.each_ref().map(row)[..4],
            [
                (
                    "cannot see the dataset".to_owned(),
                    "does not see the dataset: `x.slp` does not exist on `vast` (`/mnt/vast/x.slp` on gpu-1)"
                        .to_owned()
                ),
                (
                    "cannot see the dataset".to_owned(),
                    "does not see the dataset: `x.slp` does not exist on `vast` (`/mnt/vast/x.slp` on gpu-2)"
                        .to_owned()
                ),
                ("cannot run train".to_owned(), "cannot run train: no program /opt/sleap-nn".to_owned()),
                ("cannot run train".to_owned(), "cannot run train: no program sleap-nn".to_owned()),
            ]
        );
        // Of the only worker it is told whole.
        let alone = said(&[now(a, misses("gpu-1"))], &outlook(None));
        assert!(alone.contains("`/mnt/vast/x.slp` on gpu-1"), "{alone}");
    }

    #[test]
    fn where_nobody_has_the_job_type_it_is_called_as_people_know_it_and_why_stands_beside_it() {
        let kind = "train".to_owned();
        let workers = ["gpu-1", "gpu-2"].map(worker);
        let [a, b] = &workers;
        let missing = Reason::KindUnavailable { kind: kind.clone(), why: "no program sleap-nn".to_owned() };
        let vast = Reason::NoBackend { backend: "vast".to_owned() };
        let candidates = [no(a, vec![missing.clone()]), no(b, vec![vast, Reason::NoKind { kind }])];
        assert_eq!(said(&candidates, &outlook(None)), format!("No worker can run Training now. {REST}"));
        assert_eq!(said(&candidates[..1], &outlook(None)), format!("No worker can run Training now. {REST}"));
        // Where somebody has it, the one that is asked for says why it cannot.
        let candidates = [now(b, Sight::NotAsked), no(a, vec![missing])];
        let pinned = Outlook { pinned: Some("gpu-1".to_owned()), ..outlook(None) };
        assert_eq!(
            why_not(&candidates, &pinned),
            format!("No worker can run this now: gpu-1: cannot run train: no program sleap-nn. {REST}")
        );
    }

    #[test]
    fn a_worker_that_cannot_say_what_it_sees_says_why() {
        let (one, why) = (worker("gpu-1"), "the answer has 600000 bytes, and 524288 are the most");
        let failed = now(&one, Sight::Failed { why: why.to_owned() });
        let row = view(&failed, none(), &[]);
        assert_eq!(row.words, "free · could not say what it sees");
        assert_eq!(row.detail.as_deref(), Some(&*format!("could not say what it sees: {why}")));
        assert_eq!(
            said(&[failed], &outlook(None)),
            format!("gpu-1 is free, but could not say whether it sees the dataset: {why}. Submit and it looks.")
        );
    }

    #[test]
    fn what_is_wrong_with_a_form_is_said_of_its_fields_and_in_whole_sentences() {
        let models: Parameter = serde_json::from_str(r#"{ "name": "MODELS", "type": "PATH" }"#).unwrap();
        let error = |message: &str| Error::new(ErrorCode::InvalidParameter, message.to_owned());
        for (error, sentence) in [
            (error("MODELS: needs a value").with_hint("All that it takes: samepath kinds x"), "Models: needs a value."),
            (
                error("vast:notes.txt is not a SLEAP project").with_hint("Choose a project."),
                "vast:notes.txt is not a SLEAP project. Choose a project.",
            ),
            (error("Is it there?"), "Is it there?"),
        ] {
            assert_eq!(blocked(&error, std::slice::from_ref(&models)), sentence);
        }
    }

    #[test]
    fn a_worker_that_was_put_out_is_not_waited_for() {
        let one = worker("gpu-2");
        let candidates = [no(&one, vec![Reason::Pinned { worker: "gpu-1".to_owned() }])];
        let pinned = |is_out| Outlook { pinned: Some("gpu-1".to_owned()), is_out, ..outlook(None) };
        assert_eq!(why_not(&candidates, &pinned(false)), "gpu-1 is not online. Submit and it waits for gpu-1.");
        assert_eq!(
            why_not(&candidates, &pinned(true)),
            "gpu-1 was removed from the lab by an admin. Choose another worker."
        );
    }

    #[test]
    fn who_was_online_last_is_said_where_nobody_is() {
        let told = |last_seen| said(&[], &outlook(last_seen));
        assert_eq!(told(None), "No worker is online. Submit and it waits.");
        assert_eq!(
            told(Some("gpu-2, Fri 18:40")),
            "No worker is online. Last seen: gpu-2, Fri 18:40. Submit and it waits."
        );
        let beginning = Outlook { beginning: true, ..outlook(None) };
        assert_eq!(
            said(&[], &beginning),
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

    #[test]
    fn a_worker_that_sees_some_of_the_videos_is_not_called_ready_and_stands_behind_one_that_sees_all() {
        let (one, two) = (worker("gpu-1"), worker("gpu-2"));
        let partly = now(&one, Sight::Sees { videos: 0, missing: vec![0, 1, 2] });
        let all = now(&two, Sight::Sees { videos: 3, missing: Vec::new() });
        for (kind, better, state, told) in [
            ("train", true, "partly", "gpu-1 can start now; it sees labels.slp, but none of its 3 videos."),
            // It does not need them: nothing is claimed of them, and nothing held against the worker.
            ("slp-check", false, "ready", "Ready. gpu-1 can start now; it sees labels.slp."),
        ] {
            let dataset = super::super::videos::tests::found(3);
            let videos = Videos::of(Some(&dataset), kind);
            assert_eq!(rank(&all, videos) < rank(&partly, videos), better, "{kind}");
            let alone = sentence(std::slice::from_ref(&partly), "labels.slp", videos, &outlook(None));
            assert_eq!((alone.0, alone.1.as_str()), (state, told));
            let row = view(&partly, videos, &[0, 1, 2]);
            let expected = if better { ("partly", "free · 0/3 videos") } else { ("now", "free · sees the dataset") };
            assert_eq!((row.fit.as_str(), row.words.as_str()), expected);
            let both = sentence(std::slice::from_ref(&all), "labels.slp", videos, &outlook(None));
            assert_eq!(both.1, "Ready. gpu-2 can start now; it sees labels.slp and all 3 videos.");
        }
        assert_eq!([only(0, 1), only(9, 12)], ["not its video", "only 9 of 12 videos"]);
    }
}
