//! What a job takes along of its project's videos: where they are, as far as a worker could not tell, and the storages that it needs for
//! them.

use super::Circumstances;
use crate::kinds::needs_videos;
use crate::readiness::known_by_name;
use crate::{Error, ErrorCode};
use samepath_dataset::{How, Whereabouts};
use samepath_storage::{WrittenPath, WrittenRoot, shell_word};
use samepath_wire::{Access, Doing, Job, StorageNeed, StoragePath, VideoChoice};
use std::collections::HashSet;

/// Bytes of a job that is taken; in the queue there is room for a few more.
const MOST_BYTES: usize = 28 * 1024;
/// Videos that a refusal names.
const NAMED: usize = 20;

/// The videos of a draft's project.
#[derive(Debug, Default)]
pub(super) struct Videos(pub(super) Vec<Whereabouts>);

impl Videos {
    /// Those that were found on a storage, and may be read there.
    fn found<'a>(&'a self, around: &'a Circumstances<'_>) -> impl Iterator<Item = (&'a Whereabouts, &'a StoragePath)> {
        let may_be_read = |at: &StoragePath| !around.places.is_some_and(|it| it.surely_exclude(at, Doing::Reading));
        let outside = self.0.iter().filter(|video| video.found && video.how != How::Embedded);
        outside.filter_map(|video| Some((video, video.at.as_ref()?))).filter(move |(_, at)| may_be_read(at))
    }

    /// Says in a job where those are that a worker would look for elsewhere: it knows this computer's base paths, and neither its path
    /// mappings nor its links. As many as there is room for.
    pub(super) fn say(&self, job: &mut Job, around: &Circumstances<'_>) {
        let mut said: HashSet<String> = job.videos.iter().map(|choice| choice.written.clone()).collect();
        let mut room = MOST_BYTES.saturating_sub(bytes_of(job));
        for (video, at) in self.found(around).filter(|(video, _)| is_seen_from_here_alone(video)) {
            let choice = VideoChoice { written: video.written.clone(), at: at.clone() };
            let bytes = bytes_of(&choice) + 1;
            if bytes > room {
                return;
            }
            if said.insert(video.written.clone()) {
                room -= bytes;
                job.videos.push(choice);
            }
        }
    }

    /// Says in a job that needs them on which storages they are.
    pub(super) fn need(&self, job: &mut Job, around: &Circumstances<'_>) {
        for (_, at) in self.found(around).filter(|_| needs_videos(&job.kind)) {
            if !job.storages.contains_key(&at.storage_backend) {
                job.storages.insert(at.storage_backend.clone(), StorageNeed { id: None, access: Access::Read });
            }
        }
    }

    /// Refuses those that a job needs and that are known by their names alone, until the person says that it is them.
    pub(super) fn refuse_doubtful(&self, kind: &str) -> Result<(), Error> {
        let doubtful = self.0.iter().filter(|video| video.found && video.by_name && needs_videos(kind));
        let doubtful: Vec<(&str, &StoragePath)> =
            doubtful.filter_map(|video| Some((video.written.as_str(), video.at.as_ref()?))).collect();
        if doubtful.is_empty() {
            return Ok(());
        }
        let named = &doubtful[..doubtful.len().min(NAMED)];
        let list: Vec<String> = named.iter().map(|(written, at)| format!("{written} may be {at}")).collect();
        let option = |(written, at): &(&str, &StoragePath)| {
            format!("--video {} {}", shell_word(written), shell_word(&at.to_string()))
        };
        let options: Vec<String> = named.iter().map(option).collect();
        let more = match doubtful.len() - named.len() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let said = known_by_name(doubtful.len(), self.0.len());
        let message = format!("{said} {}{more}.", list.join(", "));
        let this = if doubtful.len() == 1 { "it is this one" } else { "they are these" };
        let hint = format!("If {this}, say so: {}", options.join(" "));
        Err(Error::new(ErrorCode::InvalidParameter, message).with_hint(hint))
    }
}

fn is_seen_from_here_alone(video: &Whereabouts) -> bool {
    match video.how {
        How::PathMapping => true,
        // What is relative to the project is so everywhere; what lies below a base path that is sent was found by that.
        How::AsWritten => WrittenPath::new(&video.written).root != WrittenRoot::None,
        _ => false,
    }
}

fn bytes_of(message: &impl serde::Serialize) -> usize {
    serde_json::to_vec(message).map_or(usize::MAX, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_paths::BasePaths;
    use samepath_wire::JobId;
    use serde_json::json;

    fn job(kind: &str) -> Job {
        let job = json!({
            "version": 1, "id": "0199c0de-0000-7000-8000-000000000000", "kind": kind, "storage_backend": "vast",
            "submitted_at": "2026-11-22T09:14:00Z",
            "videos": [{ "written": "/said.mp4", "storage_backend": "vast", "user_subdir": "", "path": "x.mp4" }],
        });
        serde_json::from_value(job).unwrap()
    }

    fn around(now: &jiff::Zoned) -> Circumstances<'_> {
        let (id, fleet_base_paths) = (JobId::nil(), BasePaths::new());
        Circumstances { id, member: "amick", places: None, jobs_at_once: None, now, fleet_base_paths }
    }

    fn video(written: &str, how: &str, backend: &str) -> Whereabouts {
        let video = json!({
            "written": written, "storage_backend": backend, "user_subdir": "amick", "path": "there.mp4", "local": "/here.mp4",
            "found": how != "not_found", "how": how, "by_name": how == "beside_project", "detail": null, "size": null,
        });
        serde_json::from_value(video).unwrap()
    }

    #[test]
    fn what_a_worker_would_not_find_by_itself_is_said() {
        let videos = Videos(vec![
            video("/mapped.mp4", "path_mapping", "vast"),
            video("/mapped.mp4", "path_mapping", "vast"),
            video("/linked.mp4", "as_written", "vast"),
            video("beside.mp4", "as_written", "vast"),
            video("/mounted.mp4", "base_path", "vast"),
            video("/said.mp4", "path_mapping", "vast"),
            video("/inside.slp", "embedded", "vast"),
            video("/gone.mp4", "not_found", "vast"),
        ]);
        let mut job = job("sleap-train");
        videos.say(&mut job, &around(&jiff::Zoned::now()));
        let said: Vec<&str> = job.videos.iter().map(|choice| choice.written.as_str()).collect();
        assert_eq!(said, ["/said.mp4", "/mapped.mp4", "/linked.mp4"]);
        assert_eq!(job.videos[1].at.to_string(), "vast:amick/there.mp4");
    }

    #[test]
    fn a_job_with_a_great_many_videos_is_one_that_the_queue_takes() {
        let each = |index: usize| video(&format!("/a/folder/of/films/{index}.mp4"), "path_mapping", "vast");
        let mut job = job("sleap-train");
        Videos((0..3000).map(each).collect()).say(&mut job, &around(&jiff::Zoned::now()));
        samepath_fleet::matchmaker::check(&job).unwrap();
        assert!(job.videos.len() > 100, "{}", job.videos.len());
    }

    #[test]
    fn the_storages_of_videos_are_needed_by_whoever_needs_the_videos() {
        let videos = Videos(vec![
            video("/a.mp4", "base_path", "scratch"),
            video("/inside.slp", "embedded", "packages"),
            video("/gone.mp4", "not_found", "away"),
        ]);
        for (kind, needed) in [("sleap-train", &["scratch"][..]), ("of-our-own", &["scratch"]), ("slp-check", &[])] {
            let mut job = job(kind);
            videos.need(&mut job, &around(&jiff::Zoned::now()));
            assert_eq!(job.storages.keys().collect::<Vec<_>>(), needed, "{kind}");
        }
    }

    #[test]
    fn each_that_is_known_by_its_name_alone_is_named_with_what_accepts_it() {
        let videos = Videos(vec![video("/a/it's.mp4", "beside_project", "vast"), video("/b.mp4", "base_path", "vast")]);
        videos.refuse_doubtful("slp-check").unwrap();
        let error = videos.refuse_doubtful("sleap-train").unwrap_err();
        assert_eq!(error.message, "1 of 2 videos is known by its name alone. /a/it's.mp4 may be vast:amick/there.mp4.");
        let hint = r"If it is this one, say so: --video '/a/it'\''s.mp4' vast:amick/there.mp4";
        assert_eq!(error.hint.as_deref(), Some(hint));
        let many = (0..30).map(|index| video(&format!("/{index}.mp4"), "beside_project", "vast")).collect();
        let error = Videos(many).refuse_doubtful("sleap-train").unwrap_err();
        assert!(error.message.ends_with("/19.mp4 may be vast:amick/there.mp4, and 10 more."), "{error:?}");
    }
}
