use crate::Video;
use samepath_storage::PathMapping;
use samepath_wire::{HERE, StoragePath, VideoChoice};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is known elsewhere and helps to find videos here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hints {
    /// What the person said. An image sequence is chosen by its first image.
    #[serde(default)]
    pub chosen: Vec<VideoChoice>,
    /// Where the submitter mounts each storage.
    #[serde(default)]
    pub base_paths: BTreeMap<String, Vec<String>>,
    /// Where any computer of the fleet does.
    #[serde(default)]
    pub fleet_base_paths: BTreeMap<String, Vec<String>>,
    /// The `[[path_mappings]]` of this computer's configuration.
    #[serde(default)]
    pub path_mappings: Vec<PathMapping>,
    /// What this computer is called where what was found is read; none: where it is.
    #[serde(default)]
    pub called: Option<String>,
}

impl Hints {
    pub(crate) fn here(&self) -> &str {
        self.called.as_deref().unwrap_or(HERE)
    }
}

/// Where one video is, on this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Exactly as the project has it; of an image sequence, the first image.
    pub written: String,
    /// How many images; 1 for a video file.
    #[serde(default = "one")]
    pub images: usize,
    /// Of frames inside the project: the video that they were taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its storage path. Of a video that is not here: where it would be, if that is known.
    #[serde(flatten, with = "place")]
    pub at: Option<StoragePath>,
    /// Its path on this computer; of an image sequence, the first image's.
    pub local: Option<PathBuf>,
    /// Whether it is here, readable as far as one can see without reading it.
    pub found: bool,
    /// What led there.
    pub how: How,
    /// Whether nothing but its name led there: nobody knows that it is this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_name: bool,
    /// In words: why not, or what else there is to know.
    pub detail: Option<String>,
    /// Bytes; of an image sequence, all that were looked at.
    pub size: Option<u64>,
}

/// Where one video is, and what a program opens of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// Of a video that was found: for each of its written paths the one on this computer. None of frames inside the project.
    pub images: Vec<PathBuf>,
}

impl Whereabouts {
    /// Nothing known yet.
    pub(crate) fn unknown(video: &Video) -> Self {
        Self {
            written: video.first_written().to_owned(),
            images: video.written.len(),
            source: video.source_written.as_ref().and_then(|source| source.first().cloned()),
            at: None,
            local: None,
            found: false,
            how: How::NotFound,
            by_name: false,
            detail: None,
            size: None,
        }
    }
}

fn one() -> usize {
    1
}

/// The three fields of a storage path, all of them always there: `null` where it has none.
mod place {
    use super::StoragePath;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Place {
        #[serde(default)]
        storage_backend: Option<String>,
        #[serde(default)]
        user_subdir: Option<String>,
        #[serde(default)]
        path: Option<String>,
    }

    pub(super) fn serialize<S: Serializer>(at: &Option<StoragePath>, serializer: S) -> Result<S::Ok, S::Error> {
        let (storage_backend, user_subdir, path) = match at.clone() {
            Some(at) => (Some(at.storage_backend), Some(at.user_subdir), Some(at.path)),
            None => (None, None, None),
        };
        Place { storage_backend, user_subdir, path }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StoragePath>, D::Error> {
        let place = Place::deserialize(deserializer)?;
        Ok(place.storage_backend.map(|backend| {
            StoragePath::new(backend, place.user_subdir.unwrap_or_default(), place.path.unwrap_or_default())
        }))
    }
}

/// What led to a video, or away from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The person said so.
    Chosen,
    /// Through a base path of some computer.
    BasePath,
    /// Through `[[path_mappings]]`.
    PathMapping,
    /// The written path exists here, on a storage.
    AsWritten,
    /// It lies beside the project, or as far from it as it was written to lie.
    BesideProject,
    /// The frames are inside the project.
    Embedded,
    /// More than one answer, or one answer for more than one video.
    Ambiguous,
    /// No answer.
    NotFound,
    /// It exists here, but on no storage: no other computer can see it.
    Elsewhere,
}

impl How {
    /// A few words for people.
    pub fn words(self) -> String {
        match self {
            Self::Chosen => "chosen by you",
            Self::BasePath => "through the storage",
            Self::PathMapping => "through a path mapping",
            Self::AsWritten => "as written",
            Self::BesideProject => "beside the project",
            Self::Embedded => "inside the project",
            Self::Ambiguous => "ambiguous",
            Self::NotFound => "not found",
            Self::Elsewhere => return format!("on {HERE} only"),
        }
        .to_owned()
    }
}
