//! The checking phase: from a job and this worker's storages to a command that can be started.
//!
//! Nothing is started here. Values are checked again, paths are resolved, inputs are compared with what the submitter saw,
//! output folders are made, tried and taken, scripts of the template are written to the attempt's own folder.
//!
//! Everything here may hang on a dead mount: it runs in a guard, never in the worker itself.

mod clock;
mod failure;
mod inputs;
mod manifest;
mod outputs;
mod taken;

pub use clock::{Clock, SystemClock};
pub use manifest::{MAX_FILES, manifest};
pub use outputs::OutputFolder;
pub use taken::{HEARTBEAT, MARKER, STALE_AFTER, Taken};

use crate::kinds::{Program, Programs, Template};
use samepath_storage::Storages;
use samepath_wire::{Failure, Job};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long inputs may go on differing from what was submitted: a share may lag behind.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be prepared.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The kind.
    pub template: &'a Template,
    /// The job.
    pub job: &'a Job,
    /// Which attempt it is; counts from 1.
    pub attempt: u32,
    /// Write to `attempt-N` inside each output folder.
    pub own_output: bool,
    /// This worker's name, for the marker of an output folder.
    pub worker: &'a str,
    /// This worker's storages.
    pub storages: &'a Storages,
    /// Where programs are looked for.
    pub programs: &'a Programs,
    /// The attempt's own folder, on the local disk; it must exist. Scripts and the working folder go there.
    pub directory: &'a Path,
    /// How long inputs may go on differing; [`PATIENCE`].
    pub patience: Duration,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// A command that can be started, and what belongs to it.
#[derive(Debug)]
pub struct Prepared {
    /// What to start.
    pub program: Program,
    /// [`program`](Self::program) as a file; none for this program itself.
    pub file: Option<PathBuf>,
    /// Its arguments, each as it is: there is no shell.
    pub args: Vec<OsString>,
    /// To add to its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it is started: a folder of the attempt, on the local disk.
    pub working_dir: PathBuf,
    /// How long it may take to stop when it is asked to; zero: end it at once.
    pub notice: Duration,
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// Where it writes.
    pub outputs: Vec<OutputFolder>,
    /// What is worth a line in the job's log: a name that was found in another spelling, for example.
    pub remarks: Vec<String>,
    /// Keeps other jobs out of the output folders until it is dropped.
    pub taken: Taken,
}

/// The checking phase.
///
/// # Errors
/// Why this worker cannot run the job, with the cause that says whether another may.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Failure> {
    let _ = request;
    todo!()
}
