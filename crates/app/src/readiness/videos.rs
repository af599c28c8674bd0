//! The videos of a draft's dataset: which of them keep its job from running, and what is said of them where they do not.

use super::{Candidate, Sight};
use crate::kinds::needs_videos;
use crate::view::{DatasetView, VideoView};
use samepath_wire::StoragePath;
use std::collections::HashSet;

/// The videos of a dataset; none where it brings its frames along.
#[derive(Debug, Clone, Copy)]
pub(super) struct Videos<'a> {
    all: &'a [VideoView],
    /// Whether the job needs them.
    needed: bool,
}

impl<'a> Videos<'a> {
    /// Those of a dataset, for a job of this type.
    pub(super) fn of(dataset: Option<&'a DatasetView>, kind: &str) -> Self {
        let all = dataset.filter(|dataset| !dataset.is_package).map_or(&[][..], |dataset| &dataset.videos);
        Self { all, needed: needs_videos(kind) }
    }

    pub(super) fn count(self) -> usize {
        self.all.len()
    }

    /// Those that workers are asked about, in the order of the question: where they are.
    pub(super) fn paths(self) -> impl Iterator<Item = StoragePath> + 'a {
        let places = self.all.iter().filter_map(|video| video.place.as_ref());
        places.map(|place| StoragePath::new(&place.storage_backend, &place.user_subdir, &place.path))
    }

    /// The same: their places in the project.
    pub(super) fn asked_about(self) -> Vec<u32> {
        let videos = (0..).zip(self.all);
        videos.filter(|(_, video)| video.place.is_some()).map(|(at, _)| at).collect()
    }

    /// How many the job needs that a worker said it does not see.
    pub(super) fn lacking(self, candidate: &Candidate<'_>) -> usize {
        if self.needed { candidate.missing().len() } else { 0 }
    }

    /// What has to be mended or answered before the job is submitted: the state, and the sentence.
    pub(super) fn objection(self, candidates: &[Candidate<'_>]) -> Option<(&'static str, String)> {
        if !self.needed {
            return None;
        }
        match (self.unseen(candidates), self.doubtful()) {
            (0, 0) => None,
            (0, doubtful) => {
                let this = if doubtful == 1 { "it is this one" } else { "they are these" };
                Some(("asks", format!("{} Say above whether {this}.", self.by_name(doubtful))))
            }
            (unseen, _) => Some(("blocked", format!("{} Mend {} above.", self.nowhere(unseen), them(unseen)))),
        }
    }

    /// What is worth knowing of videos that the job does not need. `best` is the worker of which the sentence speaks.
    pub(super) fn note(self, candidates: &[Candidate<'_>], best: Option<&Candidate<'_>>) -> Option<String> {
        if self.needed {
            return None;
        }
        let (unseen, doubtful) = (self.unseen(candidates), self.doubtful());
        let missing = best.map_or(0, |best| best.missing().len());
        let not_needed = |count: usize| format!("This job type does not need {}.", them(count));
        let sight = match (unseen, best) {
            (0, Some(best)) if missing > 0 => {
                let name = &best.worker.name;
                let of_all = of_all(missing, self.count());
                Some(format!("{name} does not see {of_all}. {}", not_needed(missing)))
            }
            (0, _) => None,
            (unseen, _) => Some(format!("{} {}", self.nowhere(unseen), not_needed(unseen))),
        };
        let doubt = (doubtful > 0).then(|| self.by_name(doubtful));
        let said: Vec<String> = sight.into_iter().chain(doubt).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// How many no worker can see: what is on no storage, and what neither this computer nor any worker that answered finds there.
    fn unseen(self, candidates: &[Candidate<'_>]) -> usize {
        let answers = candidates.iter().filter(|it| matches!(it.sight, Sight::Sees { .. })).map(Candidate::missing);
        let common = |known: Option<HashSet<usize>>, missing: &[usize]| {
            let missing = missing.iter().copied();
            Some(match known {
                None => missing.collect(),
                Some(known) => missing.filter(|at| known.contains(at)).collect(),
            })
        };
        let nobody = answers.fold(None, common).unwrap_or_default();
        let asked = (0..).zip(self.all.iter().filter(|video| video.place.is_some()));
        let gone = asked.filter(|(at, video)| !video.found && nobody.contains(at)).count();
        self.all.iter().filter(|video| video.place.is_none()).count() + gone
    }

    /// How many are known by their name alone, and the person has not said whether it is this one.
    fn doubtful(self) -> usize {
        self.all.iter().filter(|video| video.by_name && video.place.is_some()).count()
    }

    fn nowhere(self, unseen: usize) -> String {
        let (of_all, are) = (of_all(unseen, self.count()), are(unseen));
        format!("{of_all} {are} not where a worker can see {}.", them(unseen))
    }

    fn by_name(self, doubtful: usize) -> String {
        known_by_name(doubtful, self.count())
    }
}

/// "1 of 3 videos is known by its name alone."
pub(crate) fn known_by_name(doubtful: usize, all: usize) -> String {
    let names = if doubtful == 1 { "its name" } else { "their names" };
    format!("{} {} known by {names} alone.", of_all(doubtful, all), are(doubtful))
}

fn of_all(count: usize, all: usize) -> String {
    format!("{count} of {all} {}", if all == 1 { "video" } else { "videos" })
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{now, worker};
    use super::*;
    use serde_json::json;

    /// A project with videos: where each is, whether it is there, and whether that is known by its name alone.
    fn dataset(videos: &[(Option<&str>, bool, bool)]) -> DatasetView {
        let place =
            |path: &str| json!({ "storage_backend": "vast", "user_subdir": "amick", "path": path, "text": path });
        let video = |(at, found, by_name): &(Option<&str>, bool, bool)| {
            json!({
                "written": "/x.mp4", "place": at.map(place), "local": null, "found": found, "how": "base_path", "by_name": by_name,
                "words": "", "size": null,
            })
        };
        let videos: Vec<_> = videos.iter().map(video).collect();
        serde_json::from_value(json!({
            "local": "", "file_name": "labels.slp", "place": place("labels.slp"), "place_error": null, "share": null, "size": null,
            "someone_elses": false, "labelled_frames": null, "animals": null, "is_project": true, "is_package": false, "videos": videos,
            "summary": "",
        }))
        .unwrap()
    }

    /// So many videos that are all there.
    pub(in crate::readiness) fn found(count: usize) -> DatasetView {
        dataset(&vec![HERE; count])
    }

    const HERE: (Option<&str>, bool, bool) = (Some("a.mp4"), true, false);
    const GONE: (Option<&str>, bool, bool) = (Some("b.mp4"), false, false);
    const NOWHERE: (Option<&str>, bool, bool) = (None, false, false);
    const DOUBTFUL: (Option<&str>, bool, bool) = (Some("c.mp4"), true, true);

    fn sees(videos: usize, missing: &[usize]) -> Sight {
        Sight::Sees { videos, missing: missing.to_vec() }
    }

    #[test]
    fn a_job_type_that_needs_the_videos_waits_for_what_is_mended_then_for_what_is_answered() {
        let (one, two) = (worker("gpu-1"), worker("gpu-2"));
        let said = |videos: &[(Option<&str>, bool, bool)], sights: [Sight; 2]| {
            let [first, second] = sights;
            Videos::of(Some(&dataset(videos)), "train").objection(&[now(&one, first), now(&two, second)])
        };
        let blocked = |sentence: &str| Some(("blocked", sentence.to_owned()));
        assert_eq!(
            said(&[HERE, HERE], [sees(2, &[]), sees(0, &[0, 1])]),
            None,
            "a worker's own sight is another matter"
        );
        assert_eq!(
            said(&[HERE, NOWHERE, DOUBTFUL], [sees(2, &[]), Sight::Silent]),
            blocked("1 of 3 videos is not where a worker can see it. Mend it above.")
        );
        // It has a place, and nobody finds it there.
        assert_eq!(
            said(&[GONE, GONE], [sees(0, &[0, 1]), Sight::Silent]),
            blocked("2 of 2 videos are not where a worker can see them. Mend them above.")
        );
        assert_eq!(said(&[GONE], [sees(0, &[0]), sees(1, &[])]), None, "another worker sees it");
        assert_eq!(said(&[GONE], [Sight::Silent, Sight::Silent]), None, "nobody has answered");
        assert_eq!(
            said(&[HERE, DOUBTFUL], [sees(2, &[]), Sight::Silent]),
            Some(("asks", "1 of 2 videos is known by its name alone. Say above whether it is this one.".to_owned()))
        );
        assert_eq!(
            said(&[DOUBTFUL, DOUBTFUL], [sees(2, &[]), Sight::Silent]),
            Some((
                "asks",
                "2 of 2 videos are known by their names alone. Say above whether they are these.".to_owned()
            ))
        );
    }

    #[test]
    fn one_that_does_not_need_them_says_what_is_missing_beside() {
        let one = worker("gpu-1");
        let said = |videos: &[(Option<&str>, bool, bool)], sight: Sight| {
            let dataset = dataset(videos);
            let candidates = [now(&one, sight)];
            let videos = Videos::of(Some(&dataset), "slp-check");
            assert_eq!(videos.objection(&candidates), None);
            assert_eq!(videos.lacking(&candidates[0]), 0, "nothing is counted against it");
            videos.note(&candidates, candidates.first())
        };
        assert_eq!(said(&[HERE], sees(1, &[])), None);
        assert_eq!(
            said(&[GONE, GONE, NOWHERE], sees(0, &[0, 1])).as_deref(),
            Some("3 of 3 videos are not where a worker can see them. This job type does not need them.")
        );
        assert_eq!(
            said(&[HERE, HERE], sees(1, &[1])).as_deref(),
            Some("gpu-1 does not see 1 of 2 videos. This job type does not need it.")
        );
        assert_eq!(said(&[DOUBTFUL], sees(1, &[])).as_deref(), Some("1 of 1 video is known by its name alone."));
    }
}
