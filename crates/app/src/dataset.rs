//! A dataset that a person chose.

use crate::base_paths::BasePaths;
use crate::paths::path_view;
use crate::size::bytes;
use crate::storages::LocalStorages;
use crate::view::{ChosenVideo, DatasetView, LocatedView, VideoView};
use crate::{Error, ErrorCode, size};
use samepath_dataset::{Hints, Inspection, Whereabouts, inspect, same_change};
use samepath_storage::{Backend, Looked, Purpose, share_of, size_here};
use samepath_wire::{HERE, StoragePath, VideoChoice};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Reading a project over a slow share may take a while; longer than this and the storage counts as not answering.
const PATIENCE: Duration = Duration::from_secs(15);

impl LocalStorages {
    /// A project, by local path or storage path, with its videos. `fleet` is where other computers mount the storages, `chosen`
    /// where the person said that videos are.
    ///
    /// # Errors
    /// As [`LocalStorages::address`]; `invalid_parameter` for a file that is no SLEAP project.
    pub fn inspect(
        &self,
        text: &str,
        fleet: BasePaths,
        chosen: &[VideoChoice],
    ) -> Result<(std::path::PathBuf, Inspection), Error> {
        match self.parse(text).transpose()? {
            Some(at) => {
                let local = self.resolve(&at, Purpose::Input)?.path;
                Ok((local.clone(), self.inspect_at(Some(&at), &local, fleet, chosen)?))
            }
            None => {
                let local = self.absolute(text)?;
                let inspection = self.inspect_at(None, &local, fleet, chosen).map_err(|error| match error.code {
                    // Locating knows better what is not there, and what it looks like.
                    ErrorCode::PathNotFound => self.locate_typed(text).err().unwrap_or(error),
                    _ => error,
                })?;
                Ok((local, inspection))
            }
        }
    }

    fn inspect_at(
        &self,
        named: Option<&StoragePath>,
        local: &Path,
        fleet: BasePaths,
        chosen: &[VideoChoice],
    ) -> Result<Inspection, Error> {
        let hints = Hints {
            chosen: chosen.to_vec(),
            base_paths: self.base_paths(),
            fleet_base_paths: fleet,
            path_mappings: self.config().path_mappings.clone(),
            called: None,
        };
        let mut inspection = inspect(self.helper(), &self.storages(), local, &hints, PATIENCE)?;
        // Where one storage lies in another, the one that the person named is meant.
        if let (Some(named), Ok(at)) = (named, &mut inspection.at)
            && at.storage_backend != named.storage_backend
        {
            at.clone_from(named);
        }
        Ok(inspection)
    }

    /// The same, as people see it.
    ///
    /// # Errors
    /// As [`LocalStorages::inspect`].
    pub fn dataset(&self, text: &str, fleet: BasePaths, chosen: &[VideoChoice]) -> Result<DatasetView, Error> {
        let (local, inspection) = self.inspect(text, fleet, chosen)?;
        Ok(self.dataset_view(&local, inspection))
    }

    /// The same, of a project that was looked at, and what was found out of each of its videos.
    ///
    /// # Errors
    /// As [`LocalStorages::inspect`].
    pub(crate) fn dataset_at(
        &self,
        at: &StoragePath,
        found: &Looked,
        fleet: BasePaths,
        chosen: &[VideoChoice],
    ) -> Result<(DatasetView, Vec<Whereabouts>), Error> {
        let inspection = self.inspect_at(Some(at), &found.path, fleet, chosen)?;
        let videos = inspection.videos.clone();
        Ok((self.dataset_view(&found.path, inspection), videos))
    }

    /// What a person chose to work on: a project with its videos, or any other file or folder.
    ///
    /// # Errors
    /// As [`LocalStorages::inspect`].
    pub fn open_dataset(&self, text: &str, fleet: BasePaths, chosen: &[ChosenVideo]) -> Result<DatasetView, Error> {
        if is_project(text) { self.dataset(text, fleet, &self.choices(chosen)?) } else { self.plain(text) }
    }

    /// What the person said of videos, with storage paths.
    ///
    /// # Errors
    /// As [`LocalStorages::address`]: what is on no storage can be seen by no worker.
    pub fn choices(&self, chosen: &[ChosenVideo]) -> Result<Vec<VideoChoice>, Error> {
        let choice = |one: &ChosenVideo| {
            Ok(VideoChoice { written: one.written.clone(), at: self.address(&one.path, Purpose::Input)? })
        };
        chosen.iter().map(choice).collect()
    }

    /// The dataset once one more video was chosen, and which others the same change leads to.
    ///
    /// # Errors
    /// As [`LocalStorages::open_dataset`].
    pub fn locate_video(
        &self,
        text: &str,
        fleet: BasePaths,
        before: &[ChosenVideo],
        chosen: &ChosenVideo,
    ) -> Result<LocatedView, Error> {
        let mut choices = self.choices(before)?;
        choices.retain(|choice| choice.written != chosen.written);
        let new = self.choices(std::slice::from_ref(chosen))?;
        choices.extend(new.iter().cloned());
        let (local, inspection) = self.inspect(text, fleet.clone(), &choices)?;
        let missing = inspection.videos.iter().filter(|video| !video.found).map(|video| video.written.as_str());
        let missing: Vec<&str> = missing.collect();
        let mut more: Vec<VideoChoice> = Vec::new();
        for choice in &new {
            more.extend(same_change(&choice.written, &choice.at, missing.iter().copied()));
        }
        // Only where a file really lies is it offered, and a sequence where all of its images do.
        let is_sequence = |choice: &VideoChoice| {
            inspection.videos.iter().any(|video| video.written == choice.written && video.images > 1)
        };
        if more.iter().any(is_sequence) {
            choices.extend(more.iter().cloned());
            let (_, then) = self.inspect(text, fleet, &choices)?;
            more.retain(|choice| then.videos.iter().any(|video| video.found && video.written == choice.written));
        } else {
            let places: Vec<StoragePath> = more.iter().map(|choice| choice.at.clone()).collect();
            let mut found = self.look_each(&places).into_iter();
            let taken = |at: &StoragePath| inspection.videos.iter().any(|it| it.found && it.at.as_ref() == Some(at));
            more.retain(|choice| {
                let is_file = matches!(found.next(), Some(Ok(found)) if !found.directory);
                is_file && !taken(&choice.at)
            });
        }
        let dataset = self.dataset_view(&local, inspection);
        let told = |choice: &VideoChoice| ChosenVideo { written: choice.written.clone(), path: choice.at.to_string() };
        let chosen = new.first().map_or_else(|| chosen.clone(), told);
        Ok(LocatedView { dataset, chosen, more: more.iter().map(told).collect() })
    }

    /// Of what is on no storage: the share that it is on, which could be made one.
    fn share_of(&self, local: &Path) -> Option<String> {
        let share = share_of(local, self.environment().home.as_deref())?;
        Some(share.display().to_string())
    }

    /// A file or folder of which nothing more is known than where it is.
    ///
    /// # Errors
    /// As [`LocalStorages::address`].
    fn plain(&self, text: &str) -> Result<DatasetView, Error> {
        if let Some(at) = self.parse(text).transpose()? {
            let found = self.look(&at)?;
            return Ok(self.plain_at(&at, &found));
        }
        let local = self.absolute(text)?;
        match self.locate_typed(text) {
            Ok(located) => {
                let found = self.look(&located.at)?;
                Ok(self.plain_view(&local, Some((&located.at, &found))))
            }
            Err(error) if error.code == ErrorCode::NotInAnyBackend => {
                let share = self.share_of(&local);
                let error = on_no_storage(&local, share.as_deref(), error).view();
                let size = size_here(&local).map(bytes);
                Ok(DatasetView { place_error: Some(error), share, size, ..self.plain_view(&local, None) })
            }
            Err(error) => Err(error),
        }
    }

    /// The same, of what was looked at.
    pub(crate) fn plain_at(&self, at: &StoragePath, found: &Looked) -> DatasetView {
        self.plain_view(&found.path, Some((at, found)))
    }

    fn plain_view(&self, local: &Path, found: Option<(&StoragePath, &Looked)>) -> DatasetView {
        DatasetView {
            local: local.display().to_string(),
            file_name: local.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            someone_elses: found.is_some_and(|(at, _)| self.is_of_others(at)),
            place: found.map(|(at, _)| path_view(at)),
            place_error: None,
            share: None,
            size: None,
            labelled_frames: None,
            animals: None,
            is_project: false,
            is_package: false,
            videos: Vec::new(),
            summary: match found {
                Some((_, found)) if !found.directory => size(bytes(found.size)),
                Some(_) => "a folder".to_owned(),
                None => String::new(),
            },
        }
    }

    /// Whether it lies in another person's folder.
    fn is_of_others(&self, at: &StoragePath) -> bool {
        let storages = self.storages();
        let mine = storages.get(&at.storage_backend).map(Backend::user_subdir_below_root).unwrap_or_default();
        !mine.is_empty() && at.user_subdir != mine
    }

    fn dataset_view(&self, local: &Path, inspection: Inspection) -> DatasetView {
        let file_name = local.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let share = inspection.at.is_err().then(|| self.share_of(local)).flatten();
        let (place, place_error) = match inspection.at {
            Ok(at) => (Some(at), None),
            Err(error) => (None, Some(on_no_storage(local, share.as_deref(), Error::from(error)))),
        };
        let someone_elses = place.as_ref().is_some_and(|at| self.is_of_others(at));
        let videos: Vec<VideoView> = inspection.videos.iter().map(video_view).collect();
        DatasetView {
            local: local.display().to_string(),
            file_name,
            place: place.as_ref().map(path_view),
            place_error: place_error.map(|error| error.view()),
            share,
            size: Some(bytes(inspection.size)),
            someone_elses,
            labelled_frames: inspection.labelled_frames.map(bytes),
            animals: inspection.animals,
            is_project: true,
            is_package: inspection.is_package,
            summary: summary(&videos, inspection.labelled_frames, inspection.is_package),
            videos,
        }
    }
}

/// Whether it is called as SLEAP projects are.
pub(crate) fn is_project(path: &str) -> bool {
    path.len() >= 4 && path.is_char_boundary(path.len() - 4) && path[path.len() - 4..].eq_ignore_ascii_case(".slp")
}

fn on_no_storage(local: &Path, share: Option<&str>, error: Error) -> Error {
    let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let file = name(local);
    let message = match share {
        _ if error.code != ErrorCode::NotInAnyBackend => return error,
        Some(share) => {
            format!("{file} is on the share at {share}, which is none of your storages. No worker can see it.")
        }
        None => {
            let folder = local.parent().map(name).filter(|name| !name.is_empty());
            let folder = folder.map_or_else(String::new, |folder| format!(" ({folder})"));
            format!("{file} is on {HERE} only{folder}. No worker elsewhere can see it.")
        }
    };
    Error { message, ..error }
}

fn video_view(video: &Whereabouts) -> VideoView {
    VideoView {
        written: video.written.clone(),
        place: video.at.as_ref().map(path_view),
        local: video.local.as_ref().map(|path| path.display().to_string()),
        found: video.found,
        by_name: video.found && video.by_name,
        how: serde_json::to_value(video.how).ok().and_then(|how| how.as_str().map(str::to_owned)).unwrap_or_default(),
        words: match &video.detail {
            Some(detail) => format!("{}: {detail}", video.how.words()),
            None => video.how.words(),
        },
        size: video.size.map(bytes),
    }
}

/// "12 videos: 12 on vast", "3 videos: 2 on vast, 1 not found".
fn summary(videos: &[VideoView], frames: Option<u64>, is_package: bool) -> String {
    let count = |number: usize| match number {
        1 => "1 video".to_owned(),
        number => format!("{number} videos"),
    };
    if is_package {
        let videos = match videos.len() {
            1 => "The video is".to_owned(),
            number => format!("The {number} videos are"),
        };
        let frames = match frames {
            None => "its frames".to_owned(),
            Some(1) => "its 1 frame".to_owned(),
            Some(frames) => format!("its {frames} frames"),
        };
        return format!("This package holds {frames}. {videos} not needed.");
    }
    if videos.is_empty() {
        return "no videos".to_owned();
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for video in videos {
        let place = match &video.place {
            Some(place) if video.found => format!("on {}", place.storage_backend),
            None if video.found => format!("on {HERE} only"),
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
