//! The checking phase: from a job and this worker's storages to a command that can be started.
//!
//! Nothing is started here. Values are checked again, paths are resolved, inputs are compared with what the submitter saw,
//! output folders are made, tried and taken, scripts of the template are written to the attempt's own folder.
//!
//! Everything here may hang on a dead mount: it runs in a guard, never in the worker itself.

mod changed;
mod clock;
mod command;
mod failure;
mod gone;
mod inputs;
mod links;
mod manifest;
mod marks;
mod outputs;
mod taken;

pub use changed::{Watched, changed};
pub use clock::{Clock, SystemClock};
pub use gone::{Stood, gone};
pub use manifest::{MAX_FILES, manifest};
pub use outputs::OutputFolder;
pub use taken::{HEARTBEAT, MARKER, STALE_AFTER, Taken};

use crate::kinds::{Program, Programs, Resolved, Template, check_values, is_path_list, path_value, type_name};
pub(crate) use failure::failure as fail;
use failure::failure;
use samepath_storage::{Purpose, Storages};
use samepath_wire::{Cause, Failure, Job, Parameter, PathValue, StoragePath};
use serde_json::Value;
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
    /// Input files, to be looked at again when the tool has ended.
    pub inputs: Vec<Watched>,
    /// The storages that it needs, to be looked at again where it fails.
    pub stood: Vec<Stood>,
    /// Keeps other jobs out of the output folders until it is dropped.
    pub taken: Taken,
}

/// The checking phase.
///
/// # Errors
/// Why this worker cannot run the job; [`is_unfit`] says whether another may.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Failure> {
    let Request { template, job, .. } = *request;
    // Whatever the job says of itself: what its member may use is in it by the lab's word.
    let storages = request.storages.clone().confined(job.places.as_ref(), &job.submitted_by);
    let request = &Request { storages: &storages, ..*request };
    check_job(template, job)?;
    let program =
        request.programs.find(template).map_err(|missing| failure(Cause::ProgramMissing, missing.to_string()))?;
    // Three times, each before something that must not be done with another storage than the one meant. Of its files nobody says that
    // they differ from what was submitted, or waits a minute for them.
    marks::compare(request)?;
    let mut remarks = Vec::new();
    let mut plan = plan(request, &mut remarks)?;
    plan.check_apart()?;
    // Nothing is made there; that may have taken a minute.
    marks::compare(request)?;
    let mut taken = Taken::default();
    for folder in &mut plan.outputs {
        outputs::take(request, folder, &mut taken)?;
    }
    let script = command::write(request, &plan.values)?;
    plan.check_again(request)?;
    let file = match &program {
        Program::Own | Program::OwnFor(_) => None,
        Program::File(path) => Some(path.clone()),
        Program::Embedded(name) => script.files.get(name).cloned(),
    };
    Ok(Prepared {
        program,
        file,
        args: script.args,
        // Otherwise a Python tool's output, and its progress, arrive in lumps.
        environment: vec![("PYTHONUNBUFFERED".into(), "1".into())],
        working_dir: script.working_dir,
        notice: template.notice(),
        timeout: template.timeout(),
        inputs: plan.inputs.iter().filter_map(|(name, at, path)| Watched::new(name, at, path)).collect(),
        stood: Stood::of(
            request.storages,
            plan.found.iter().map(|(_, at, ..)| at).chain(plan.outputs.iter().map(|output| &output.at)),
        ),
        outputs: plan.outputs,
        remarks,
        taken,
    })
}

/// Whether a failure of [`prepare`] speaks of this worker, so that another may do better.
pub fn is_unfit(failure: &Failure) -> bool {
    // An input that is not what was submitted may be so on this worker's mount alone. The last is of its own folder, or of one that an
    // earlier attempt may still write to.
    matches!(
        failure.cause,
        Cause::PathError | Cause::BackendNotAvailable | Cause::InputChanged | Cause::ProgramMissing | Cause::Other
    )
}

fn check_job(template: &Template, job: &Job) -> Result<(), Failure> {
    let kind = template.kind();
    if let Some(digest) = job.kind_digest.as_ref().filter(|digest| **digest != kind.digest) {
        let message = format!("the job was made for another version of {} ({digest}); submit it again", kind.name);
        return Err(failure(Cause::InvalidParameter, message));
    }
    check_values(kind, &job.parameters).map_err(|problems| failure(Cause::InvalidParameter, problems.to_string()))
}

/// Every value as this worker has it.
struct Plan {
    values: Vec<(String, String, Resolved)>,
    outputs: Vec<OutputFolder>,
    /// What was found where, to be looked at once more.
    found: Vec<(String, StoragePath, Purpose, PathBuf)>,
    /// What the tool only reads.
    inputs: Vec<(String, StoragePath, PathBuf)>,
    /// Files that it only writes.
    written: Vec<(String, StoragePath, PathBuf)>,
}

impl Plan {
    /// What is only read stays: no tool is told to write over it.
    fn check_apart(&self) -> Result<(), Failure> {
        for (name, at, path) in &self.written {
            if let Some((input, ..)) = self.inputs.iter().find(|(_, _, input)| input == path) {
                let message = format!("{name} ({at}) is the file that {input} names, which would be written over");
                return Err(failure(Cause::InvalidParameter, message));
            }
        }
        Ok(())
    }

    /// The tool opens paths by itself: they must still lead where they led when they were checked.
    fn check_again(&self, request: &Request<'_>) -> Result<(), Failure> {
        // No tool is started; taking the folders touched the storages again, and may have waited for them.
        marks::compare(request)?;
        for (parameter, at, purpose, path) in &self.found {
            let again = request
                .storages
                .resolve(at, *purpose)
                .map_err(|error| failure::unresolved(request.worker, parameter, at, &error))?;
            if again.path != *path {
                let message = format!("{parameter} ({at}) led to another place when it was looked at again");
                return Err(failure(Cause::PathError, message));
            }
        }
        Ok(())
    }
}

fn plan(request: &Request<'_>, remarks: &mut Vec<String>) -> Result<Plan, Failure> {
    let mut plan =
        Plan { values: Vec::new(), outputs: Vec::new(), found: Vec::new(), inputs: Vec::new(), written: Vec::new() };
    for parameter in &request.template.kind().parameters {
        let given = request.job.parameters.get(&parameter.name);
        let Some(value) = given.or(parameter.default.as_ref()) else { continue };
        let resolved = if parameter.is_path() || is_path_list(parameter) {
            // A default of "" is the standard's way to say that a path may be left out.
            if given.is_none() && value.as_str() == Some("") {
                Resolved::Path { raw: String::new(), local: String::new() }
            } else {
                paths(request, parameter, value, &mut plan, remarks)?
            }
        } else {
            Resolved::Plain(value.clone())
        };
        plan.values.push((parameter.name.clone(), type_name(parameter).to_owned(), resolved));
    }
    Ok(plan)
}

fn paths(
    request: &Request<'_>,
    parameter: &Parameter,
    value: &Value,
    plan: &mut Plan,
    remarks: &mut Vec<String>,
) -> Result<Resolved, Failure> {
    let name = &parameter.name;
    let value = path_value(parameter, value)
        .map_err(|message| failure(Cause::InvalidParameter, format!("{name}: {message}")))?;
    let links =
        |at: &StoragePath, local: &Path, purpose: Purpose| links::refuse_leading_out(request, name, at, local, purpose);
    let mut raw = Vec::new();
    let mut local = Vec::new();
    for at in value.storage_paths(request.job) {
        let path = match parameter.data_flow.as_deref() {
            Some("OUT") => {
                let planned = outputs::plan(request, parameter, &at)?;
                links(&planned.folder.at, &planned.folder.local, Purpose::Output)?;
                plan.outputs.push(planned.folder);
                if parameter.object_type.as_deref() == Some("FILE") {
                    plan.written.push((name.clone(), at.clone(), planned.path.clone()));
                }
                planned.path
            }
            Some("INOUT") => {
                let path = inputs::find(request, parameter, &at, remarks)?;
                let planned = outputs::plan(request, parameter, &at)?;
                links(&planned.folder.at, &planned.folder.local, Purpose::Output)?;
                plan.outputs.push(planned.folder);
                plan.found.push((name.clone(), at.clone(), Purpose::Input, path.clone()));
                path
            }
            // Only named: it need not be there, but must not lead out.
            Some("NONE") => {
                let resolved = request.storages.resolve(&at, Purpose::Output);
                resolved.map_err(|error| failure::unresolved(request.worker, name, &at, &error))?.path
            }
            _ => {
                let path = inputs::find(request, parameter, &at, remarks)?;
                links(&at, &path, Purpose::Input)?;
                plan.inputs.push((name.clone(), at.clone(), path.clone()));
                plan.found.push((name.clone(), at.clone(), Purpose::Input, path.clone()));
                path
            }
        };
        let Ok(path) = path.into_os_string().into_string() else {
            let message = format!("{name} ({at}): its path on this worker is not valid Unicode");
            return Err(failure(Cause::PathError, message));
        };
        raw.push(at.path);
        local.push(path);
    }
    Ok(match (&value, raw.pop(), local.pop()) {
        (PathValue::Relative(_) | PathValue::Full(_), Some(raw), Some(local)) => Resolved::Path { raw, local },
        (_, last_raw, last_local) => {
            raw.extend(last_raw);
            local.extend(last_local);
            Resolved::Paths { raw, local }
        }
    })
}
