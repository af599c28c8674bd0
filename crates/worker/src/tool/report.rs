use jiff::Timestamp;
use samepath_dataset::{How, Whereabouts};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What `report.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The project, who looked, and when.
    #[serde(flatten)]
    pub project: ProjectSeen,
    /// How many of the videos are how.
    pub summary: Summary,
    /// In the project's order.
    pub videos: Vec<Whereabouts>,
}

/// The project that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectSeen {
    /// The project, on the worker.
    #[serde(rename = "project")]
    pub local: PathBuf,
    /// Its storage path.
    #[serde(rename = "storage_path")]
    pub at: Option<StoragePath>,
    /// The worker's name.
    pub worker: String,
    /// When.
    pub checked_at: Timestamp,
    /// How many frames carry labels; none where the file does not say.
    pub labelled_frames: Option<u64>,
    /// Whether frames are inside the project itself.
    pub package: bool,
}

/// How many of the videos are how; `total` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All.
    pub total: usize,
    /// This worker sees them.
    pub found: usize,
    /// It does not.
    pub missing: usize,
    /// More than one answer, or one answer for more than one.
    pub ambiguous: usize,
}

/// How a video is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Found,
    Embedded,
    /// Here, but on no storage: other workers will not see it.
    Elsewhere,
    Ambiguous,
    Missing,
}

impl State {
    pub(super) fn of(video: &Whereabouts) -> Self {
        match (video.found, video.how) {
            (true, How::Embedded) => Self::Embedded,
            (true, _) if video.at.is_none() => Self::Elsewhere,
            (true, _) => Self::Found,
            (false, How::Ambiguous) => Self::Ambiguous,
            (false, _) => Self::Missing,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Embedded => "inside",
            Self::Elsewhere => "local",
            Self::Ambiguous => "ambiguous",
            Self::Missing => "missing",
        }
    }
}

impl Report {
    /// Whether a file is a report.
    pub(super) fn is_one(file: &[u8]) -> bool {
        serde_json::from_slice::<Self>(file).is_ok()
    }

    pub(super) fn new(project: ProjectSeen, videos: Vec<Whereabouts>) -> Self {
        let mut summary = Summary { total: videos.len(), ..Summary::default() };
        for video in &videos {
            match State::of(video) {
                State::Found | State::Embedded | State::Elsewhere => summary.found += 1,
                State::Ambiguous => summary.ambiguous += 1,
                State::Missing => summary.missing += 1,
            }
        }
        Self { project, summary, videos }
    }

    /// The result, for people.
    pub fn sentence(&self) -> String {
        let Summary { total, found, missing, ambiguous } = self.summary;
        let worker = &self.project.worker;
        let is = |count: usize| if count == 1 { "is" } else { "are" };
        let mut sentence = match (found, total) {
            (_, 0) => return "The project names no video.".to_owned(),
            (1, 1) if self.project.package => return format!("{worker} can use the project: its frames are inside."),
            (1, 1) => return format!("{worker} sees the video."),
            (0, 1) => format!("{worker} does not see the video"),
            _ if found == total => return format!("{worker} sees all {total} videos."),
            _ => format!("{worker} sees {found} of {total} videos"),
        };
        if total > 1 {
            let parts = [(missing, "missing"), (ambiguous, "ambiguous")].into_iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {} {word}", is(count))).collect();
            sentence = format!("{sentence}: {}", parts.join(", "));
        } else if ambiguous == 1 {
            sentence.push_str(": there is more than one answer");
        }
        sentence + "."
    }
}
