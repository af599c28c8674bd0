//! Where what is written in projects and configurations is on this computer.

use super::config::Configuration;
use super::{Session, failure, remark};
use samepath_dataset::{DatasetError, Hints, How, Located, Project, Video, Whereabouts, find_images, find_videos};
use samepath_storage::{Purpose, ResolveError};
use samepath_wire::{Cause, Failure};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the videos of a program's call may take of its command line; the system's limit is twice as much.
const MOST_ARGUMENTS: usize = 1024 * 1024;
/// Videos that a failure names.
const NAMED: usize = 5;

/// Videos and images that are elsewhere than written: as written, and where each is here.
pub(super) type Moved = BTreeMap<String, PathBuf>;

/// A project, and the videos that have to be looked for elsewhere than it says.
pub(super) struct Placed {
    /// What the program is given: the project, or a link to it in an empty folder.
    pub(super) labels: PathBuf,
    pub(super) moved: Moved,
    /// How many videos it has.
    pub(super) videos: usize,
    /// Of how many of them it has the frames inside.
    pub(super) embedded: usize,
}

impl Placed {
    /// Whether it brings along all that is seen of its videos.
    pub(super) fn is_package(&self) -> bool {
        self.videos > 0 && self.embedded == self.videos
    }
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
        let located = find_images(&project, labels, &self.storages, &self.hints());
        let outside: Vec<(&Video, Located)> =
            project.videos.iter().zip(located).filter(|(video, _)| !video.embedded).collect();
        self.refuse_missing(labels, &outside.iter().map(|(_, located)| &located.whereabouts).collect::<Vec<_>>())?;
        let (videos, embedded) = (project.videos.len(), project.videos.len() - outside.len());
        let mut placed = Placed { labels: labels.to_owned(), moved: Moved::new(), videos, embedded };
        let mut led_astray = false;
        for (video, Located { whereabouts, images }) in outside {
            if let (How::BesideProject, Some(local)) = (whereabouts.how, &whereabouts.local) {
                remark(&format!("{} is taken to be {}", whereabouts.written, self.shown(local)));
            }
            for (written, local) in video.written.iter().zip(images) {
                led_astray |= falls_back_on_another(labels, written, &local);
                if Path::new(written) != local {
                    add(&mut placed.moved, slashes(written), local, "two videos of this project")?;
                }
            }
        }
        check(&placed.moved, &self.shown(labels))?;
        if led_astray {
            placed.labels = self.link(labels)?;
        }
        Ok(placed)
    }

    /// Where files are that were written by somebody else; relative ones, beside `base`.
    fn find(&self, base: &Path, written: &[&str]) -> Vec<Whereabouts> {
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
            let failure = refuse(key, path, "An address on the internet is not read; copy the file to a storage.");
            return Err(Failure { cause: Cause::InvalidParameter, ..failure });
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

    fn refuse_missing(&self, labels: &Path, found: &[&Whereabouts]) -> Result<(), Failure> {
        let missing: Vec<&&Whereabouts> = found.iter().filter(|video| !video.found).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = missing
            .iter()
            .take(NAMED)
            .map(|video| match video.detail.as_ref().map(|why| why.trim_end_matches('.')) {
                Some(why) if video.written.is_empty() => why.to_owned(),
                Some(why) => format!("{} ({why})", video.written),
                None => video.written.clone(),
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
        // What a member's jobs may not read they may read on no worker.
        let nowhere = missing.iter().any(|video| self.is_out_of_place(video));
        Err(failure(if nowhere { Cause::InvalidParameter } else { Cause::PathError }, message))
    }

    fn is_out_of_place(&self, video: &Whereabouts) -> bool {
        let resolved = video.at.as_ref().map(|at| self.storages.resolve(at, Purpose::Input));
        matches!(resolved, Some(Err(ResolveError::OutOfPlace { .. })))
    }

    /// A link to the project in a folder where nothing lies beside it.
    pub(super) fn link(&self, labels: &Path) -> Result<PathBuf, Failure> {
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
    fallback(labels, written).is_some_and(|beside| beside.canonicalize().ok() != local.canonicalize().ok())
}

/// What `sleap-io` takes for a video that is not where it is written.
pub(super) fn fallback(labels: &Path, written: &str) -> Option<PathBuf> {
    let written = slashes(written);
    if Path::new(&written).exists() {
        return None;
    }
    let name = written.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(labels.with_file_name(name)).filter(|beside| beside.exists())
}

/// Adds a file that is elsewhere than written; `whose` is what could mean another one by the same words.
pub(super) fn add(moved: &mut Moved, written: String, local: PathBuf, whose: &str) -> Result<(), Failure> {
    if moved.get(&written).is_some_and(|other| *other != local) {
        return Err(failure(Cause::PathError, format!("{whose} name {written}, and mean different files")));
    }
    moved.insert(written, local);
    Ok(())
}

/// Refuses what a call of `sleap-nn` cannot be told, or would mistake.
pub(super) fn check(moved: &Moved, of: &str) -> Result<(), Failure> {
    if let Some((one, other)) = chained(moved) {
        let message = format!(
            "{one} is here where {other} was written to be, and {other} is elsewhere: sleap-nn would take one for the other"
        );
        return Err(failure(Cause::PathError, message));
    }
    let length: usize = moved.iter().map(|(old, new)| old.len() + new.as_os_str().len() + 20).sum();
    if length > MOST_ARGUMENTS {
        let message = format!(
            "{of}: {} videos or images are at other places than here, more than sleap-nn can be told; save a package (.pkg.slp)",
            moved.len()
        );
        return Err(failure(Cause::PathError, message));
    }
    Ok(())
}

/// As a program is told.
pub(super) fn pairs(moved: &Moved) -> impl Iterator<Item = (&str, OsString)> {
    moved.iter().map(|(old, new)| (old.as_str(), new.clone().into_os_string()))
}

/// Two videos of which one is where the other was written to be: pairs are applied one after the other.
fn chained(moved: &Moved) -> Option<(&str, &str)> {
    moved.iter().find_map(|(one, local)| {
        let (other, _) = moved.get_key_value(local.to_str()?)?;
        Some((one.as_str(), other.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(pairs: &[(&str, &str)]) -> Moved {
        pairs.iter().map(|(written, local)| ((*written).to_owned(), PathBuf::from(local))).collect()
    }

    #[test]
    fn what_could_be_mistaken_or_is_too_much_is_refused() {
        check(&moved(&[("/a/x.mp4", "/mnt/x.mp4"), ("/a/y.mp4", "/mnt/y.mp4")]), "labels.slp").unwrap();
        let failure = check(&moved(&[("/a/x.mp4", "/b/x.mp4"), ("/b/x.mp4", "/c/x.mp4")]), "").unwrap_err();
        assert!(failure.message.contains("/a/x.mp4 is here where /b/x.mp4 was written"), "{}", failure.message);
        let long = "x".repeat(MOST_ARGUMENTS / 4);
        let some =
            |count: usize| (0..count).map(|index| (format!("/a/{index}"), long.clone().into())).collect::<Moved>();
        check(&some(3), "labels.slp").unwrap();
        let failure = check(&some(4), "labels.slp").unwrap_err();
        assert!(failure.message.starts_with("labels.slp: 4 videos or images"), "{}", failure.message);
    }

    #[test]
    fn one_path_does_not_mean_two_files() {
        let mut pairs = moved(&[("/a/x.mp4", "/mnt/x.mp4")]);
        add(&mut pairs, "/a/x.mp4".to_owned(), "/mnt/x.mp4".into(), "two projects").unwrap();
        let failure = add(&mut pairs, "/a/x.mp4".to_owned(), "/mnt/y.mp4".into(), "two projects").unwrap_err();
        assert_eq!(failure.message, "two projects name /a/x.mp4, and mean different files");
    }
}
