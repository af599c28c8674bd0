use super::{ErrorView, PathView};
use serde::{Deserialize, Serialize};
use specta::Type;

/// A dataset that a person chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct DatasetView {
    /// Here.
    pub local: String,
    /// Last component.
    pub file_name: String,
    /// Its storage path; none where it is on no storage.
    pub place: Option<PathView>,
    /// Why it is on no storage.
    pub place_error: Option<ErrorView>,
    /// Of what is on no storage: where the share is mounted that it is on, which could be made one. None on this computer's disks.
    pub share: Option<String>,
    /// Bytes of a file that is on no storage.
    pub size: Option<f64>,
    /// Whether it lies in another person's folder.
    pub someone_elses: bool,
    /// Labelled frames, where the file says.
    pub labelled_frames: Option<f64>,
    /// The most animals that a person labelled in one frame, where the file says.
    pub animals: Option<u32>,
    /// Whether it is a SLEAP project; else it is a file or folder like any other.
    pub is_project: bool,
    /// Whether the frames are embedded, so that the videos are not needed.
    pub is_package: bool,
    /// Videos, in the project's order.
    pub videos: Vec<VideoView>,
    /// "12 videos: 12 on vast".
    pub summary: String,
}

/// One video of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct VideoView {
    /// As the project has it.
    pub written: String,
    /// Where it is on a storage.
    pub place: Option<PathView>,
    /// Where it is here.
    pub local: Option<String>,
    /// Whether it is there.
    pub found: bool,
    /// `as_written`, `base_path`, `beside_project`, `embedded`, `ambiguous`, `not_found`, …
    pub how: String,
    /// Whether it is there by its name alone, beside the project: the person knows whether it is this one.
    pub by_name: bool,
    /// In words.
    pub words: String,
    /// Bytes, where known.
    pub size: Option<f64>,
}

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct CopyView {
    /// Which of the files, from 0.
    pub file: u32,
    /// `comparing` with a file that is there, `copying`, `checking` what was written.
    pub step: String,
    /// Bytes of this file for which that is done.
    pub bytes: f64,
    /// Bytes of this file.
    pub total: f64,
}

/// A file that was copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct CopiedView {
    /// As it was given.
    pub from: String,
    /// Where it is now.
    pub place: PathView,
    /// Whether the same file was there before.
    pub already: bool,
}

/// The person's word on where a video is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ChosenVideo {
    /// Exactly as the project has it.
    pub written: String,
    /// A local path or a storage path.
    pub path: String,
}

/// A dataset, after the person said where one of its videos is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct LocatedView {
    /// As it is seen then.
    pub dataset: DatasetView,
    /// What was said, as it travels: with a storage path.
    pub chosen: ChosenVideo,
    /// Other videos that are not found and that the same change leads to.
    pub more: Vec<ChosenVideo>,
}
