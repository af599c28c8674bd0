//! Where what is written in projects and configurations is on this computer.

use super::config::Configuration;
use super::{Session, failure, remark};
use samepath_dataset::{DatasetError, Hints, How, Project, Video, Whereabouts, find_videos};
use samepath_wire::{Cause, Failure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the videos of a program's call may take of its command line; the system's limit is twice as much.
const MOST_ARGUMENTS: usize = 1024 * 1024;
/// Videos that a failure names.
const NAMED: usize = 5;

/// A project, and the videos that have to be looked for elsewhere than it says.
pub(super) struct Placed {
    /// What the program is given: the project, or a link to it in an empty folder.
    pub(super) labels: PathBuf,
    /// As written, and where it is here.
    pub(super) moved: BTreeMap<String, PathBuf>,
    /// How many videos it has.
    pub(super) videos: usize,
}

impl Session {
    fn hints(&self) -> Hints {
        Hints {
            chosen: self.context.job.videos.clone(),
            base_paths: self.context.job.base_paths.clone(),
            fleet_base_paths: self.context.base_paths.clone(),
            path_mappings: self.context.path_mappings.clone(),
            called: Some(self.context.worker.clone()),
        }
    }

    /// Reads a project and finds all of its videos.
    ///
    /// # Errors
    /// It cannot be read, or a video is not here: the failure names it.
    pub(super) fn place(&self, labels: &Path) -> Result<Placed, Failure> {
        let project = Project::read(labels).map_err(|error| self.unread(labels, &error))?;
        let written: Vec<&str> = project
            .videos
            .iter()
            .filter(|video| !video.embedded)
            .flat_map(|video| video.written.iter().map(String::as_str))
            .collect();
        let found = self.find(labels, &written);
        self.refuse_missing(labels, &found)?;
        let mut placed = Placed { labels: labels.to_owned(), moved: BTreeMap::new(), videos: project.videos.len() };
        let mut led_astray = false;
        for video in found {
            let Some(local) = video.local else { continue };
            if video.how == How::BesideProject {
                remark(&format!("{} is taken to be {}", video.written, self.shown(&local)));
            }
            led_astray |= falls_back_on_another(labels, &video.written, &local);
            if Path::new(&video.written) != local {
                placed.moved.insert(slashes(&video.written), local);
            }
        }
        if let Some((one, other)) = chained(&placed.moved) {
            let message = format!(
                "{one} is here where {other} was written to be, and {other} is elsewhere: sleap-nn would take one for the other"
            );
            return Err(failure(Cause::PathError, message));
        }
        let length: usize = placed.moved.iter().map(|(old, new)| old.len() + new.as_os_str().len() + 20).sum();
        if length > MOST_ARGUMENTS {
            let message = format!(
                "{} names {} videos or images at other places than here, more than sleap-nn can be told; save it as a package (.pkg.slp)",
                self.shown(labels),
                placed.moved.len()
            );
            return Err(failure(Cause::PathError, message));
        }
        if led_astray {
            placed.labels = self.link(labels)?;
        }
        Ok(placed)
    }

    /// Where files are that were written by somebody else; relative ones, beside `base`.
    pub(super) fn find(&self, base: &Path, written: &[&str]) -> Vec<Whereabouts> {
        let videos = written.iter().map(|path| Video { written: vec![(*path).to_owned()], ..Video::default() });
        let project = Project {
            videos: videos.collect(),
            labelled_frames: None,
            animals: None,
            is_package: false,
            size: 0,
            modified: None,
        };
        find_videos(&project, base, &self.storages, &self.hints())
    }

    /// Translates every path of a configuration, which lies at `base`, or refuses it by its key.
    pub(super) fn translate(&self, configuration: &mut Configuration, base: &Path) -> Result<(), Failure> {
        let paths = configuration.paths();
        let name = configuration.name.clone();
        let refuse =
            |key: &str, path: &str, why: &str| failure(Cause::PathError, format!("{name}: {key} is {path}. {why}"));
        if let Some((key, path)) = paths.iter().find(|(_, path)| is_url(path)) {
            return Err(refuse(key, path, "An address on the internet is not read; copy the file to a storage."));
        }
        let written: Vec<&str> = paths.iter().map(|(_, path)| path.as_str()).collect();
        for ((key, path), found) in paths.iter().zip(self.find(base, &written)) {
            let local = found.local.filter(|_| found.found);
            let Some(local) = local.as_ref().and_then(|local| local.to_str()) else {
                let why = found.detail.unwrap_or_default();
                if self.storages.are_confined() {
                    let why = format!("It is not used: {why}");
                    return Err(Failure { cause: Cause::InvalidParameter, ..refuse(key, path, &why) });
                }
                return Err(refuse(key, path, &format!("{} does not see it. {why}", self.context.worker)));
            };
            if local != path {
                remark(&format!("{name}: {key} was {path} and is {}", self.shown(Path::new(local))));
            }
            configuration.replace(key, local);
        }
        Ok(())
    }

    fn unread(&self, labels: &Path, error: &DatasetError) -> Failure {
        let hint = error.hint().map(|hint| format!(" {hint}")).unwrap_or_default();
        failure(Cause::Reported, format!("{} cannot be used: {error}.{hint}", self.shown(labels)))
    }

    fn refuse_missing(&self, labels: &Path, found: &[Whereabouts]) -> Result<(), Failure> {
        let missing: Vec<&Whereabouts> = found.iter().filter(|video| !video.found).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = missing
            .iter()
            .take(NAMED)
            .map(|video| {
                let why = video.detail.as_ref().map(|why| format!(" ({})", why.trim_end_matches('.')));
                format!("{}{}", video.written, why.unwrap_or_default())
            })
            .collect();
        let more = missing.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let message = format!(
            "{} does not see {} of the {} videos of {}: {}{more}",
            self.context.worker,
            missing.len(),
            found.len(),
            self.shown(labels),
            named.join(", "),
        );
        Err(failure(Cause::PathError, message))
    }

    /// A link to the project in a folder where nothing lies beside it.
    fn link(&self, labels: &Path) -> Result<PathBuf, Failure> {
        let name = labels.file_name().unwrap_or_default();
        let made = (0..100).find_map(|number| {
            let folder = self.work.join(format!("project-{number}"));
            fs_err::create_dir(&folder).ok().map(|()| folder.join(name))
        });
        let linked = made.map(|link| symlink(labels, &link).map(|()| link));
        match linked {
            Some(Ok(link)) => Ok(link),
            Some(Err(error)) => Err(failure(Cause::Internal, format!("the project cannot be linked to: {error}"))),
            None => Err(failure(Cause::Internal, "no folder can be made for the project")),
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    fs_err::copy(target, link).map(drop)
}

/// What has a scheme: `https://`, `s3://`.
pub(super) fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// As `sleap-io` has a path once it has read it.
fn slashes(written: &str) -> String {
    written.replace('\\', "/")
}

/// Whether `sleap-io` would silently take a file of that name beside the project for the video, and be wrong.
fn falls_back_on_another(labels: &Path, written: &str, local: &Path) -> bool {
    let written = slashes(written);
    if Path::new(&written).exists() {
        return false;
    }
    let Some(name) = written.rsplit('/').next().filter(|name| !name.is_empty()) else { return false };
    let beside = labels.with_file_name(name);
    beside.exists() && beside.canonicalize().ok() != local.canonicalize().ok()
}

/// Two videos of which one is where the other was written to be: pairs are applied one after the other.
fn chained(moved: &BTreeMap<String, PathBuf>) -> Option<(&str, &str)> {
    moved.iter().find_map(|(one, local)| {
        let (other, _) = moved.get_key_value(local.to_str()?)?;
        Some((one.as_str(), other.as_str()))
    })
}
