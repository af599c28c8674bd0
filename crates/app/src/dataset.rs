//! A dataset that a person chose.

use crate::base_paths::BasePaths;
use crate::jobs::bytes;
use crate::paths::path_view;
use crate::storages::LocalStorages;
use crate::view::{DatasetView, VideoView};
use crate::{Error, ErrorCode};
use samepath_dataset::{Hints, Inspection, Whereabouts, inspect};
use samepath_storage::{Backend, Purpose};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Reading a project over a slow share may take a while; longer than this and the storage counts as not answering.
const PATIENCE: Duration = Duration::from_secs(15);

impl LocalStorages {
    /// A project, by local path or storage path, with its videos. `fleet` is where other computers mount the storages.
    ///
    /// # Errors
    /// As [`LocalStorages::address`]; `invalid_parameter` for a file that is no SLEAP project.
    pub fn inspect(&self, text: &str, fleet: BasePaths) -> Result<(std::path::PathBuf, Inspection), Error> {
        let named = self.parse(text).transpose()?;
        let local = match &named {
            Some(at) => self.resolve(at, Purpose::Input)?.path,
            None => self.absolute(text)?,
        };
        let hints = Hints {
            chosen: Vec::new(),
            base_paths: self.base_paths(),
            fleet_base_paths: fleet,
            path_mappings: self.config().path_mappings.clone(),
        };
        let mut inspection = inspect(self.helper(), &self.storages(), &local, &hints, PATIENCE)?;
        // Where one storage lies in another, the one that the person named is meant.
        if let (Some(named), Ok(at)) = (named, &mut inspection.at)
            && at.storage_backend != named.storage_backend
        {
            *at = named;
        }
        Ok((local, inspection))
    }

    /// The same, as people see it.
    ///
    /// # Errors
    /// As [`LocalStorages::inspect`].
    pub fn dataset(&self, text: &str, fleet: BasePaths) -> Result<DatasetView, Error> {
        let (local, inspection) = self.inspect(text, fleet)?;
        Ok(self.dataset_view(&local, inspection))
    }

    fn dataset_view(&self, local: &Path, inspection: Inspection) -> DatasetView {
        let file_name = local.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let (place, place_error) = match inspection.at {
            Ok(at) => (Some(at), None),
            Err(error) => (None, Some(on_no_storage(&file_name, Error::from(error)))),
        };
        let storages = self.storages();
        let mine = |backend: &str| storages.get(backend).map(Backend::user_subdir_below_root).unwrap_or_default();
        let someone_elses = place.as_ref().is_some_and(|at| {
            let mine = mine(&at.storage_backend);
            !mine.is_empty() && at.user_subdir != mine
        });
        let videos: Vec<VideoView> = inspection.videos.iter().map(video_view).collect();
        DatasetView {
            local: local.display().to_string(),
            file_name,
            place: place.as_ref().map(path_view),
            place_error: place_error.map(|error| error.view()),
            someone_elses,
            labelled_frames: inspection.labelled_frames.map(bytes),
            is_package: inspection.is_package,
            summary: summary(&videos, inspection.is_package),
            videos,
        }
    }
}

fn on_no_storage(file_name: &str, error: Error) -> Error {
    if error.code == ErrorCode::NotInAnyBackend {
        return Error {
            code: error.code,
            message: format!("{file_name} is on this computer only. No worker elsewhere can see it."),
            hint: error.hint,
        };
    }
    error
}

fn video_view(video: &Whereabouts) -> VideoView {
    VideoView {
        written: video.written.clone(),
        place: video.at.as_ref().map(path_view),
        local: video.local.as_ref().map(|path| path.display().to_string()),
        found: video.found,
        how: serde_json::to_value(video.how).ok().and_then(|how| how.as_str().map(str::to_owned)).unwrap_or_default(),
        words: match &video.detail {
            Some(detail) => format!("{}: {detail}", video.how.words()),
            None => video.how.words().to_owned(),
        },
    }
}

/// "12 videos: 12 on vast", "3 videos: 2 on vast, 1 not found".
fn summary(videos: &[VideoView], is_package: bool) -> String {
    let count = |number: usize| match number {
        1 => "1 video".to_owned(),
        number => format!("{number} videos"),
    };
    if is_package {
        let videos = match videos.len() {
            1 => "The video is".to_owned(),
            number => format!("The {number} videos are"),
        };
        return format!("This package holds its frames. {videos} not needed.");
    }
    if videos.is_empty() {
        return "no videos".to_owned();
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for video in videos {
        let place = match &video.place {
            Some(place) if video.found => format!("on {}", place.storage_backend),
            None if video.found => "on this computer only".to_owned(),
            _ if video.how == "ambiguous" => "ambiguous".to_owned(),
            _ => "not found".to_owned(),
        };
        *places.entry(place).or_default() += 1;
    }
    let mut parts: Vec<(String, usize)> = places.into_iter().collect();
    parts.sort_by_key(|(place, number)| (!place.starts_with("on "), std::cmp::Reverse(*number)));
    let parts: Vec<String> = parts.into_iter().map(|(place, number)| format!("{number} {place}")).collect();
    format!("{}: {}", count(videos.len()), parts.join(", "))
}
