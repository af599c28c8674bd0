//! Prediction.

use super::bar::{Bar, read as read_bar};
use super::child::{self, Watch};
use super::frames::{self, Frames};
use super::kept::Inputs;
use super::places::{Placed, fallback, pairs};
use super::rename::rename_videos;
use super::{Ended, Session, failure, remark, stem, tell};
use crate::kinds::version_of;
use samepath_dataset::{Project, Video};
use samepath_wire::{Cause, Failure, PathValue};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What is predicted with what.
pub(super) struct Task<'a> {
    /// A project or a video.
    pub(super) data: &'a Path,
    /// The parameter that names it.
    pub(super) parameter: &'static str,
    /// Folders of models.
    pub(super) models: &'a [PathBuf],
    pub(super) frames: Frames,
    /// Frames at a time, where it was chosen.
    pub(super) batch_size: Option<String>,
    pub(super) peak_threshold: Option<String>,
    /// The folder of the predictions.
    pub(super) output: &'a Path,
    /// From how many percent of the job to how many it is.
    pub(super) share: (f64, f64),
}

/// The job.
pub(in crate::tool) fn run(session: &Session) -> Result<(), Ended> {
    let frames = frames::read(session.value("FRAMES"))
        .map_err(|why| failure(Cause::InvalidParameter, format!("FRAMES: {why}")))?;
    let models: Vec<PathBuf> = session.list.iter().flat_map(|given| trained_in(session, given.into())).collect();
    let some = |name: &str| Some(session.value(name).to_owned()).filter(|value| !value.is_empty());
    let task = Task {
        data: &session.needed("DATA")?,
        parameter: "DATA",
        models: &models,
        frames,
        batch_size: some("BATCH_SIZE"),
        peak_threshold: some("PEAK_THRESHOLD"),
        output: &session.needed("OUTPUT_DIR")?,
        share: (0.0, 100.0),
    };
    let written = predict(session, &task)?;
    tell("openjd_progress", "100");
    tell("openjd_status", &format!("Predicted: {}", written.join(", ")));
    Ok(())
}

/// Predicts; the names of the files that were written.
pub(super) fn predict(session: &Session, task: &Task<'_>) -> Result<Vec<String>, Ended> {
    check_models(session, task.models)?;
    let is_project = task.data.extension().is_some_and(|end| end.eq_ignore_ascii_case("slp"));
    let inputs = Inputs::of([task.data.to_owned()].into_iter().chain(task.models.iter().map(|m| m.join("best.ckpt"))));
    let mut back: BTreeMap<String, String> = BTreeMap::new();
    let mut runs: Vec<Call> = Vec::new();
    let name = stem(task.data);
    if is_project {
        tell("openjd_status", &format!("Reading {}", file_name(task.data)));
        let mut placed = session.place(task.data)?;
        let project = Project::read(task.data).map_err(|error| failure(Cause::Reported, error.to_string()))?;
        let falls_back = |video: &Video| {
            let source = video.source_written.as_ref().and_then(|source| source.first());
            video.embedded && source.is_some_and(|source| fallback(task.data, source).is_some())
        };
        if placed.labels == task.data && project.videos.iter().any(falls_back) {
            // The result would name what lies beside the package here.
            placed.labels = session.link(task.data)?;
        }
        let renamed = if placed.moved.is_empty() { placed.labels.clone() } else { session.work.join("data.slp") };
        runs = project_runs(session, task, (&project, &placed), &renamed, &name)?;
        if !placed.moved.is_empty() {
            tell("openjd_status", "Translating the paths of the videos");
            rename_videos(session, &placed.labels, &renamed, pairs(&placed.moved)).map_err(|it| session.ended(it))?;
            back = placed.moved.iter().map(|(old, new)| (new.display().to_string(), old.clone())).collect();
        }
        if placed.embedded > 0 {
            // Of frames inside the project the result names the project.
            let known = session.submitters_path(task.parameter, task.data);
            let known = known.map_or_else(|| task.data.display().to_string(), |(_, there)| there);
            let here = [task.data, &placed.labels, &renamed].map(|path| path.display().to_string());
            back.extend(here.into_iter().filter(|here| *here != known).map(|here| (here, known.clone())));
        }
    } else {
        let frames = match &task.frames {
            Frames::All => Vec::new(),
            Frames::Numbers(numbers) => vec!["--frames".to_owned(), numbers.clone()],
            Frames::Labelled | Frames::Suggested => {
                let message = format!("FRAMES: {}", frames::NO_PROJECT);
                return Err(failure(Cause::InvalidParameter, message).into());
            }
        };
        back.extend(session.submitters_path(task.parameter, task.data));
        runs.push(Call { data: task.data.to_owned(), frames, name });
    }
    let mut written = Vec::new();
    let count = runs.len();
    for (index, call) in runs.into_iter().enumerate() {
        let output = unused(task.output, &format!("{}.predictions", call.name), ".slp");
        let step = (task.share.1 - task.share.0) / count as f64;
        let from = task.share.0 + step * index as f64;
        let share = (from, from + step);
        session
            .go_on()
            .and_then(|()| one(session, task, &call, &output, &back, &inputs, share))
            .map_err(|ended| and_written(ended, &written))?;
        written.push(file_name(&output));
    }
    Ok(written)
}

/// What is there all the same of a prediction that did not come to its end.
fn and_written(ended: Ended, written: &[String]) -> Ended {
    let there = format!("Predictions written: {}.", written.join(", "));
    match ended {
        Ended::Failed(failed) if !written.is_empty() => {
            let message = format!("{}. {there}", failed.message.trim_end_matches('.'));
            Ended::Failed(Failure { message, ..failed })
        }
        Ended::Failed(failed) => Ended::Failed(failed),
        Ended::Stopped(words) if written.is_empty() => Ended::Stopped(format!("{words} No predictions were written.")),
        Ended::Stopped(words) => Ended::Stopped(format!("{words} {there}")),
    }
}

/// One call of `sleap-nn`.
struct Call {
    data: PathBuf,
    /// The arguments that say which frames.
    frames: Vec<String>,
    /// Of what is written, without its endings.
    name: String,
}

/// What `sleap-nn` is called for, of a project; `renamed` is the copy that names its videos by this computer's paths.
fn project_runs(
    session: &Session,
    task: &Task<'_>,
    (project, placed): (&Project, &Placed),
    renamed: &Path,
    name: &str,
) -> Result<Vec<Call>, Failure> {
    let videos = placed.videos;
    if matches!(task.frames, Frames::All | Frames::Numbers(_)) && !placed.is_package() {
        tell_of_version(session);
    }
    // The copy has lost the frames that were inside.
    if placed.embedded > 0 && !placed.moved.is_empty() && task.frames != Frames::All {
        let message = format!(
            "FRAMES: {} has the frames of some videos inside, and other videos are elsewhere than it says: of such a project only all \
             frames are predicted. Save all videos in a package (.pkg.slp), or none",
            session.shown(task.data)
        );
        return Err(failure(Cause::InvalidParameter, message));
    }
    let one = |args: &[&str]| {
        let frames = args.iter().map(|arg| (*arg).to_owned()).collect();
        vec![Call { data: renamed.to_owned(), frames, name: name.to_owned() }]
    };
    Ok(match &task.frames {
        Frames::Labelled => one(&["--only_labeled_frames"]),
        Frames::Suggested => one(&["--only_suggested_frames"]),
        Frames::Numbers(numbers) if videos == 1 => one(&["--video_index", "0", "--frames", numbers]),
        Frames::Numbers(_) => {
            let message = format!(
                "FRAMES: {} has {videos} videos, and numbers say nothing of which; predict on one video",
                session.shown(task.data)
            );
            return Err(failure(Cause::InvalidParameter, message));
        }
        Frames::All if placed.is_package() || videos == 0 => one(&[]),
        Frames::All => {
            let call = |(index, video): (usize, &Video)| {
                let mut frames = vec!["--video_index".to_owned(), index.to_string()];
                if video.embedded {
                    // There are no others.
                    frames.push("--only_labeled_frames".to_owned());
                }
                let source = video.source_written.as_ref().and_then(|source| source.first()).map(String::as_str);
                let written = source.unwrap_or_else(|| video.first_written()).replace('\\', "/");
                let of = stem(Path::new(written.rsplit('/').next().unwrap_or_default()));
                let name = if of.is_empty() || videos == 1 { name.to_owned() } else { format!("{name}.{of}") };
                Call { data: if video.embedded { &placed.labels } else { renamed }.to_owned(), frames, name }
            };
            project.videos.iter().enumerate().map(call).collect()
        }
    })
}

/// Of these versions, which were never told of a frame that a project has no labels for, says that.
fn tell_of_version(session: &Session) {
    if let Some(version) = version_of(&session.program).filter(|version| leaves_frames_out(version)) {
        remark(&format!(
            "sleap-nn {version} predicts, of a project, only frames that have labels. Update it on {}, or predict on the videos \
             themselves.",
            session.context.worker
        ));
    }
}

fn leaves_frames_out(version: &str) -> bool {
    let digits = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok());
    let parts: Vec<Option<u32>> = version.splitn(3, '.').map(digits).collect();
    matches!(parts[..], [Some(0), Some(3), Some(0..=3)])
}

fn one(
    session: &Session,
    task: &Task<'_>,
    call: &Call,
    output: &Path,
    back: &BTreeMap<String, String>,
    inputs: &Inputs,
    share: (f64, f64),
) -> Result<(), Ended> {
    // With paths of this computer in it; the result gets those that its reader knows.
    let raw = if back.is_empty() { output.to_owned() } else { session.work.join("predictions.slp") };
    let mut args: Vec<OsString> = vec!["predict".into(), "-i".into(), (&call.data).into()];
    for model in task.models {
        args.extend(["-m".into(), model.into()]);
    }
    args.extend(["-o".into(), raw.clone().into(), "--gui".into()]);
    for (option, value) in [("--batch_size", &task.batch_size), ("--peak_threshold", &task.peak_threshold)] {
        if let Some(value) = value {
            args.extend([option.into(), value.into()]);
        }
    }
    args.extend(call.frames.iter().map(OsString::from));
    tell("openjd_status", "Starting SLEAP, about 6 s");
    let mut watch = Predicting { share, percent: None, done: 0, total: 0 };
    let outcome = child::run(session, &session.program, &args, &mut watch)
        .map_err(|error| not_started(&session.program, &error))?;
    session.begun.set(true);
    if outcome.stopped && !outcome.status.success() {
        return Err(Ended::Stopped(format!("Stopped{}.", watch.when())));
    }
    if !outcome.status.success() {
        return Err(session.why(&outcome, inputs, task.output, &watch.when(), None).into());
    }
    if !back.is_empty() {
        give_back(session, &raw, output, back)?;
    }
    Ok(())
}

/// Writes the result, naming the videos as its reader does.
fn give_back(session: &Session, raw: &Path, output: &Path, back: &BTreeMap<String, String>) -> Result<(), Failure> {
    let pairs = back.iter().map(|(here, there)| (here.as_str(), OsString::from(there)));
    if let Err(failed) = rename_videos(session, raw, output, pairs) {
        remark(&format!("The predictions name the videos by this worker's paths: {}", failed.message));
        fs_err::copy(raw, output).map_err(|error| {
            let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
            let cause = if full { Cause::StorageFull } else { Cause::StorageGone };
            failure(cause, format!("the predictions cannot be written: {error}"))
        })?;
    }
    let _ = fs_err::remove_file(raw);
    Ok(())
}

impl Session {
    /// How the submitter names a file of this computer; none where that is not known.
    fn submitters_path(&self, parameter: &str, local: &Path) -> Option<(String, String)> {
        let job = &self.context.job;
        let value: PathValue = serde_json::from_value(job.parameters.get(parameter)?.clone()).ok()?;
        let at = value.storage_paths(job).into_iter().next()?;
        let base = job.base_paths.get(&at.storage_backend)?.first()?;
        let path = format!("{}/{}", base.trim_end_matches(['/', '\\']), at.below_root());
        let here = local.to_str()?.to_owned();
        (path != here).then_some((here, path))
    }
}

fn is_configured(model: &Path) -> bool {
    has_one_of(model, &["training_config.yaml", "training_config.json"])
}

fn has_one_of(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| folder.join(name).is_file())
}

/// The model in this folder; of the results folder of a training those in it, which are one, or a top-down pair that was trained as one
/// run: `td.centroid` and `td.centered_instance`.
fn trained_in(session: &Session, folder: PathBuf) -> Vec<PathBuf> {
    if is_configured(&folder) {
        return vec![folder];
    }
    let within = fs_err::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut models: Vec<PathBuf> = within.filter(|path| is_configured(path)).collect();
    models.sort();
    let runs: BTreeSet<Option<&OsStr>> = models.iter().map(|model| model.file_stem()).collect();
    if models.is_empty() || models.len() > 2 || runs.len() > 1 {
        return vec![folder];
    }
    let named: Vec<String> = models.iter().map(|model| session.shown(model)).collect();
    remark(&format!("Predicting with what was trained in {}: {}", session.shown(&folder), named.join(", ")));
    models
}

fn check_models(session: &Session, models: &[PathBuf]) -> Result<(), Failure> {
    for model in models {
        let configured = is_configured(model);
        if !configured || !has_one_of(model, &["best.ckpt", "best_model.h5"]) {
            let what = if configured { "best.ckpt" } else { "training_config.yaml" };
            let message = format!("{} is no folder of a trained model: it has no {what}", session.shown(model));
            return Err(failure(Cause::InvalidParameter, message));
        }
    }
    Ok(())
}

pub(super) fn not_started(program: &Path, error: &std::io::Error) -> Failure {
    failure(Cause::ProgramMissing, format!("{} cannot be started: {error}", program.display()))
}

/// A file or folder of that name that is not there yet.
pub(super) fn unused(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let free = |path: &PathBuf| path.symlink_metadata().is_err();
    let first = folder.join(format!("{name}{ending}"));
    let mut others = (2..).map(|number| folder.join(format!("{name}-{number}{ending}")));
    if free(&first) { first } else { others.find(free).unwrap_or(first) }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

struct Predicting {
    share: (f64, f64),
    percent: Option<u64>,
    done: u64,
    total: u64,
}

impl Predicting {
    fn when(&self) -> String {
        if self.total == 0 {
            " before the first frame".to_owned()
        } else {
            format!(" at frame {} of {}", self.done, self.total)
        }
    }
}

impl Watch for Predicting {
    fn line(&mut self, line: &str) -> bool {
        let (bar, _) = read_bar(line);
        if let Some(Bar::Frames { done, total }) = bar {
            (self.done, self.total) = (done, total);
            let part = if total == 0 { 0.0 } else { (done as f64 / total as f64).min(1.0) };
            let percent = (self.share.0 + part * (self.share.1 - self.share.0)).floor() as u64;
            if self.percent.replace(percent) != Some(percent) {
                tell("openjd_progress", &percent.to_string());
                tell("openjd_status", &format!("Predicting, frame {done} of {total}"));
            }
        }
        bar.is_none()
    }
}
