//! What a training starts from: its configurations, and the checkpoint of a run that it takes up.

use super::child::{self, Watch};
use super::config::Configuration;
use super::epochs::Epochs;
use super::kept::Inputs;
use super::predict::{not_started, unused};
use super::{Ended, Session, failure, remark, stem, tell};
use samepath_wire::{Cause, Failure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A checkpoint, also where the folder of its run is named.
pub(super) fn checkpoint(session: &Session, path: &Path) -> Result<PathBuf, Failure> {
    session.may_read(&path.with_file_name("training_log.csv"))?;
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    session.may_read(&path.join("training_log.csv"))?;
    let candidates = ["last.ckpt", "best.ckpt"].map(|name| path.join(name));
    let found = candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let message = format!("RESUME_FROM: {} has neither last.ckpt nor best.ckpt", session.shown(path));
        failure(Cause::InvalidParameter, message)
    })?;
    session.may_read(&found)?;
    Ok(found)
}

/// Epochs that a run's last checkpoint was trained for, as its log says; none where nothing says so. Its best one may be of any.
pub(super) fn trained(checkpoint: &Path) -> Option<u64> {
    checkpoint
        .ends_with("last.ckpt")
        .then(|| Epochs::new(checkpoint.with_file_name("training_log.csv"), "").newest())?
}

/// The configurations: those of the job, that of the run which is taken up, or one made for the project. With each, where it
/// lies: what is written in it is relative to that.
pub(super) fn configurations(
    session: &Session,
    readable: &Path,
    labels: &Path,
    output: &Path,
    resume: Option<&Path>,
) -> Result<Vec<(PathBuf, Configuration)>, Ended> {
    let mut paths: Vec<PathBuf> = session.list.iter().map(PathBuf::from).collect();
    if let (true, Some(resume)) = (paths.is_empty(), resume) {
        let beside = ["initial_config.yaml", "training_config.yaml"].map(|name| resume.with_file_name(name));
        paths.extend(beside.into_iter().find(|path| path.is_file()));
        if paths.is_empty() {
            let message = format!(
                "RESUME_FROM: no configuration lies beside {}; give the one that it was trained with",
                session.shown(resume)
            );
            return Err(failure(Cause::InvalidParameter, message).into());
        }
    }
    let made = paths.is_empty();
    if made {
        paths = make_configurations(session, readable, labels, output)?;
    }
    let mut read = Vec::new();
    for path in paths {
        if !made {
            session.may_read(&path)?;
        }
        let configuration = Configuration::read(&path)?;
        read.push((path, configuration));
    }
    if made && read.len() > 1 {
        // Found in the order of their names; people expect the animal before its parts.
        read.sort_by_key(|(_, configuration)| configuration.head() != Some("centroid"));
    }
    Ok(read)
}

/// Has `sleap-nn` make configurations for the project, in the results folder.
fn make_configurations(
    session: &Session,
    readable: &Path,
    labels: &Path,
    output: &Path,
) -> Result<Vec<PathBuf>, Ended> {
    tell("openjd_status", "Making a configuration for this project");
    let folder = session.work.join("configurations");
    let internal = |error: std::io::Error| failure(Cause::Internal, format!("no folder can be made: {error}"));
    fs_err::create_dir_all(&folder).map_err(internal)?;
    let mut args: Vec<OsString> = vec!["config".into(), readable.into(), "--auto".into()];
    let pipeline = session.value("PIPELINE");
    if !matches!(pipeline, "" | "automatic") {
        args.extend(["--pipeline".into(), pipeline.into()]);
    }
    let name = stem(labels);
    args.extend(["-o".into(), folder.join(format!("{name}.yaml")).into()]);
    let outcome = child::run(session, &session.program, &args, &mut Shown)
        .map_err(|error| not_started(&session.program, &error))?;
    session.go_on()?;
    if !outcome.status.success() {
        let inputs = Inputs::of([labels.to_owned()]);
        return Err(session.why(&outcome, &inputs, output, " while it made a configuration", None).into());
    }
    let mut made: Vec<PathBuf> = fs_err::read_dir(&folder)
        .map_err(internal)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    made.sort();
    if made.is_empty() {
        let message = "sleap-nn made no configuration for this project; give one";
        return Err(failure(Cause::Reported, message).into());
    }
    for path in &made {
        let copy = unused(output, &stem(path), ".yaml");
        if let Err(error) = fs_err::copy(path, &copy) {
            // Half of one would pass for the whole.
            drop(fs_err::remove_file(&copy));
            remark(&format!("The configuration was made, but is not kept in the results folder: {error}"));
        }
    }
    Ok(made)
}

/// Lets people see what is printed.
struct Shown;

impl Watch for Shown {
    fn line(&mut self, _: &str) -> bool {
        true
    }
}
