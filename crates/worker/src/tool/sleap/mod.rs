//! `sleap-nn` as a job: training and prediction.
//!
//! The tool is small on purpose. It reads what the job says, translates every path to this computer's or refuses it by name,
//! starts `sleap-nn` (several times, where there are several models), and tells the guard in its own words how far that is and
//! why it went wrong. The originals are never written; what `sleap-nn` reads is a copy in the attempt's own folder.
//!
//! What `sleap-nn` is told never passes a shell, and no value of a job becomes an option or a piece of Hydra's grammar: values
//! are written into the copy of the configuration.

mod asked;
mod bar;
mod child;
mod config;
mod controller;
mod epochs;
mod frames;
mod kept;
mod places;
mod predict;
mod projects;
mod reason;
mod rename;
mod settings;
mod start;
mod together;
mod train;

pub(crate) use asked::problems;
pub(super) use predict::run as predict;
pub(super) use train::run as train;

use super::say::{one_line, say};
use crate::prepare::{fail as failure, is_unfit};
use crate::{CONTEXT_VARIABLE, Context};
use samepath_storage::{Purpose, Storages, locate_here};
use samepath_wire::{Cause, Failure, Metrics};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a task ended that did not succeed.
#[derive(Debug)]
pub(super) enum Ended {
    Failed(Failure),
    /// As it was asked to; what there is to say of it.
    Stopped(String),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// One job, as this process has it.
pub(super) struct Session {
    context: Context,
    storages: Storages,
    /// `sleap-nn`.
    program: PathBuf,
    /// A folder of the attempt's own, on the local disk.
    work: PathBuf,
    /// Values of the parameters, by name; paths are this computer's.
    values: BTreeMap<String, String>,
    /// Values of the one parameter that is a list.
    list: Vec<String>,
    /// Set when the job is to stop.
    stop: Arc<AtomicBool>,
    /// Whether a training or a prediction ran: until then another worker may do what this one lacks something for.
    begun: Cell<bool>,
}

/// Runs a task, and says how it ended.
pub(super) fn run(task: fn(&Session) -> Result<(), Ended>, args: &[OsString]) -> ExitCode {
    let session = Session::new(args);
    let ended = session.as_ref().map_err(|failure| failure.clone().into()).and_then(task);
    let begun = session.is_ok_and(|session| session.begun.get());
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Stopped(words)) => {
            tell("openjd_status", &words);
            println!("{}", one_line(&words));
            ExitCode::from(130)
        }
        Err(Ended::Failed(failure)) => {
            println!("{}", one_line(&failure.message));
            let what = if !begun && is_unfit(&failure) { "samepath_unfit" } else { "samepath_failure" };
            tell(what, &serde_json::to_string(&failure).unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

impl Session {
    fn new(args: &[OsString]) -> Result<Self, Failure> {
        let internal = |message: String| failure(Cause::Internal, message);
        let file = std::env::var_os(CONTEXT_VARIABLE)
            .ok_or_else(|| internal(format!("this tool runs inside a job: {CONTEXT_VARIABLE} names no file")))?;
        let unread = |error: io::Error| internal(format!("the description of the job cannot be read: {error}"));
        let context: Context = serde_json::from_slice(&fs_err::read(Path::new(&file)).map_err(unread)?)
            .map_err(|error| unread(error.into()))?;
        let program = context
            .program
            .clone()
            .ok_or_else(|| failure(Cause::ProgramMissing, "sleap-nn was not found on this worker"))?;
        let (values, list) = values(args)?;
        Ok(Self {
            storages: context.storages(),
            program,
            work: std::env::current_dir().map_err(unread)?,
            values,
            list,
            stop: stop_flag().map_err(|error| internal(format!("signals cannot be heard: {error}")))?,
            begun: Cell::new(false),
            context,
        })
    }

    /// The value of a parameter; empty where it has none.
    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The path that a parameter names, where it names one.
    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.value(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A number, where one was chosen: 0 stands for none.
    fn number(&self, name: &str) -> Option<f64> {
        self.value(name).parse().ok().filter(|number| *number > 0.0)
    }

    fn needed(&self, name: &str) -> Result<PathBuf, Failure> {
        self.path(name).ok_or_else(|| failure(Cause::InvalidParameter, format!("{name}: needs a value")))
    }

    /// A file or folder of this computer, as people know it.
    fn shown(&self, local: &Path) -> String {
        locate_here(&self.storages, local).map_or_else(|_| local.display().to_string(), |at| at.at.to_string())
    }

    /// Refuses a file beside one that was named, where it is a link that leads to a place which the job may not use.
    fn may_read(&self, local: &Path) -> Result<(), Failure> {
        if !self.storages.are_confined() || local.symlink_metadata().is_err() {
            return Ok(());
        }
        let unusable = |why: String| failure(Cause::InvalidParameter, format!("{}: {why}", local.display()));
        let at = locate_here(&self.storages, local).map_err(|error| unusable(error.to_string()))?.at;
        let resolved = self.storages.resolve(&at, Purpose::Input);
        resolved.map(drop).map_err(|error| {
            unusable(format!("{error}{}", error.hint().map(|hint| format!("; {hint}")).unwrap_or_default()))
        })
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Leaves, where the job is to stop before anything was begun.
    fn go_on(&self) -> Result<(), Ended> {
        if self.stopping() { Err(self.stopped()) } else { Ok(()) }
    }

    fn stopped(&self) -> Ended {
        Ended::Stopped("Stopped.".to_owned())
    }

    /// What went wrong; where the job is to stop, that is why.
    fn ended(&self, failure: Failure) -> Ended {
        if self.stopping() { self.stopped() } else { failure.into() }
    }
}

/// `NAME=value` for each parameter, then `--` and the values of the list.
fn values(args: &[OsString]) -> Result<(BTreeMap<String, String>, Vec<String>), Failure> {
    let (mut values, mut list, mut in_list) = (BTreeMap::new(), Vec::new(), false);
    for arg in args {
        let wrong = || failure(Cause::Internal, format!("this tool does not understand the argument {arg:?}"));
        let text = arg.to_str().ok_or_else(wrong)?;
        if in_list {
            list.push(text.to_owned());
        } else if text == "--" {
            in_list = true;
        } else {
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            values.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok((values, list))
}

/// A flag that an interrupt sets, from now on.
fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let inside = runtime.enter();
        let mut interrupts = signal(SignalKind::interrupt())?;
        drop(inside);
        let told = Arc::clone(&flag);
        std::thread::spawn(move || {
            while runtime.block_on(interrupts.recv()).is_some() {
                told.store(true, Ordering::SeqCst);
            }
        });
    }
    Ok(flag)
}

/// Says something to the guard. Nobody may be there to hear it; the work goes on.
fn tell(what: &str, text: &str) {
    let _ = say(&mut io::stdout().lock(), what, text);
}

/// A line for whoever reads the log.
fn remark(text: &str) {
    println!("{}", one_line(text));
}

fn tell_metrics(row: &Metrics) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", row.to_line()).and_then(|()| out.flush());
}

/// A file name without its endings: of `maze.v003.pkg.slp`, `maze.v003`; of `cam0.mp4`, `cam0`.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let without = |name: &str, ending: &str| {
        let at = name.len().checked_sub(ending.len())?;
        name.get(at..).filter(|end| end.eq_ignore_ascii_case(ending)).map(|_| name[..at].to_owned())
    };
    if let Some(project) = without(&name, ".slp") {
        // What is left of its name may well contain dots.
        return without(&project, ".pkg").unwrap_or(project);
    }
    let is_ending = |end: &str| end.len() <= 5 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() && is_ending(end) => stem.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;
    use std::path::Path;

    #[test]
    fn a_name_loses_its_endings_and_nothing_else() {
        for (name, wanted) in [
            ("labels.slp", "labels"),
            ("labels.v003.slp", "labels.v003"),
            ("a/labels.v003.pkg.slp", "labels.v003"),
            ("LABELS.SLP", "LABELS"),
            ("cam0.mp4", "cam0"),
            ("cam0.2026.mp4", "cam0.2026"),
            ("labels.v003_centroid.yaml", "labels.v003_centroid"),
            ("a name. And more", "a name. And more"),
            (".mp4", ".mp4"),
            ("ä.slp", "ä"),
        ] {
            assert_eq!(stem(Path::new(name)), wanted, "{name}");
        }
    }
}
