use super::environment::{home, variable};
use super::spec::{AttemptDir, Spec};
use super::tool::Launch;
use super::tree::MARK;
use crate::kinds::{Catalogue, Program, Programs};
use crate::prepare::{Clock, PATIENCE, Prepared, Request, prepare};
use crate::{CONTEXT_VARIABLE, Context};
use jiff::Timestamp;
use samepath_storage::{Platform, Storages};
use samepath_wire::{Cause, Failure};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What the checking phase found.
pub(super) type Checked = Result<Prepared, Failure>;

/// Told when the checking is no longer wanted; its clock otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct Stopped {
    flag: Arc<AtomicBool>,
    told: Arc<(Mutex<()>, Condvar)>,
}

impl Stopped {
    /// Ends its waiting.
    pub(super) fn stop(&self) {
        self.flag.store(true, Ordering::SeqCst);
        drop(self.told.0.lock());
        self.told.1.notify_all();
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: Duration) -> bool {
        let lock = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |(): &mut ()| !self.flag.load(Ordering::SeqCst);
        drop(self.told.1.wait_timeout_while(lock, duration, waiting));
        !self.flag.load(Ordering::SeqCst)
    }
}

/// The checking phase.
pub(super) fn check(spec: &Spec, dir: &AttemptDir, ours: &[(OsString, OsString)], clock: &Stopped) -> Checked {
    let job = &spec.assignment.job;
    let template = Catalogue::load_one(spec.kinds_dir.as_deref(), &job.kind).ok_or_else(|| Failure {
        cause: Cause::ProgramMissing,
        message: format!("this worker has no kind {}", job.kind),
        exit_code: None,
        last_line: None,
    })?;
    let (platform, search_path) = (Platform::current(), variable(Platform::current(), ours, "PATH"));
    prepare(&Request {
        template: &template,
        job,
        attempt: spec.assignment.attempt,
        own_output: spec.assignment.own_output,
        worker: &spec.worker,
        storages: &Storages::new(spec.backends.clone(), platform),
        programs: &Programs::on(platform, search_path, home(platform, ours)).choosing(spec.programs.clone()),
        directory: dir.path(),
        patience: PATIENCE,
        clock,
    })
}

/// Writes down what a tool of ours is told of its job; where that is.
pub(super) fn write_context(prepared: &Prepared, spec: &Spec, dir: &AttemptDir) -> io::Result<PathBuf> {
    let context = Context {
        job: spec.assignment.job.clone(),
        backends: spec.backends.clone(),
        base_paths: spec.base_paths.clone(),
        path_mappings: spec.path_mappings.clone(),
        worker: spec.worker.clone(),
        attempt: spec.assignment.attempt,
        program: match &prepared.program {
            Program::OwnFor(program) => Some(program.clone()),
            _ => None,
        },
    };
    let file = dir.join("context.json");
    fs_err::write(&file, serde_json::to_vec(&context)?)?;
    Ok(file)
}

/// The command that was prepared, in the attempt's own environment.
pub(super) fn launch(prepared: &Prepared, mark: &str, context: PathBuf) -> io::Result<Launch> {
    let mut argv: Vec<OsString> = match (&prepared.program, &prepared.file) {
        (Program::Own | Program::OwnFor(_), _) => vec![own_program()?.into()],
        (_, Some(file)) => vec![file.into()],
        (_, None) => return Err(io::ErrorKind::NotFound.into()),
    };
    argv.extend(prepared.args.iter().cloned());
    let mut environment = prepared.environment.clone();
    environment.push((MARK.into(), mark.into()));
    environment.push((CONTEXT_VARIABLE.into(), context.into()));
    Ok(Launch { argv, environment, current_dir: Some(prepared.working_dir.clone()) })
}

/// This program, even after its file was replaced by a newer one.
fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
