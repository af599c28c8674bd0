//! The `samepath` command line: everything that the window does, for people on ssh and for scripts.
//!
//! The only place of the command line that reads the process's environment. What commands *do* is in `samepath-app`; here is how
//! they are written, and how their answers look. See `docs/cli.md`.

mod args;
mod computers;
mod copying;
mod dataset;
mod demo;
mod doctor;
mod gpus;
mod hub;
mod jobs;
mod kinds;
mod meant;
mod output;
mod paths;
mod programs;
mod progress;
mod service;
mod setup;
mod storages;
mod submit;
mod workers;

use args::{Arguments, Command, JobsCommand, WorkerCommand, WorkersCommand};
use clap::Parser;
use output::Output;
use samepath_app::{App, Error, ErrorCode, LOG_FILTER, LocalStorages, Options};
use samepath_storage::{Origin, shell_word};
use std::env;
use std::ffi::OsString;
use std::future::Future;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let written: Vec<OsString> = env::args_os().skip(1).collect();
    // The same executable is also the helper that asks storages, a job's guard and the built-in tools.
    if let Some(code) = samepath_worker::entry::run_hidden(&written) {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refused) => return refuse(&refused, &written),
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_FILTER)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none())
        .init();
    let output = Output::new(arguments.json, env::var_os("NO_COLOR").is_some());
    match run(arguments, &output) {
        Ok(code) => code,
        Err(error) => output.error(&error),
    }
}

/// Says what is wrong with the command line. A word that is no text is a file's name from another time, mostly: it is named as
/// far as it can be.
fn refuse(refused: &clap::Error, written: &[OsString]) -> ExitCode {
    let json = written.iter().any(|word| word == "--json");
    match written.iter().find(|word| word.to_str().is_none()) {
        Some(word) if refused.kind() == clap::error::ErrorKind::InvalidUtf8 => {
            let message = format!("{word:?} is not valid Unicode, so it has no name on other computers.");
            Output::new(json, true)
                .error(&Error::new(ErrorCode::Usage, message).with_hint("If it is a file, rename it."))
        }
        _ => match meant::meant(refused, written) {
            Some(error) => Output::new(json, true).error(&error),
            None => output::refuse_usage(refused, json),
        },
    }
}

/// Before somebody who waits is told what for.
const A_WORD: Duration = Duration::from_secs(2);

/// What every command has at hand.
struct Context<'a> {
    options: Options,
    storages: Arc<LocalStorages>,
    output: &'a Output,
}

impl Context<'_> {
    /// The configuration file that was named on the command line.
    fn named_config(&self) -> Option<&Path> {
        let config = &self.options.config;
        (config.origin == Origin::Argument).then_some(config.path.as_path())
    }

    /// Runs a command that needs the queue: opens it, and hands it over at the end, whatever the command says.
    fn with_app<A, F: Future<Output = Result<A, Error>>>(&self, command: impl FnOnce(App) -> F) -> Result<A, Error> {
        block_on(async {
            let opening = App::with_storages(self.options.clone(), self.storages.clone());
            tokio::pin!(opening);
            let app = tokio::select! {
                app = &mut opening => app?,
                () = tokio::time::sleep(A_WORD) => {
                    self.output.aside("The lab does not answer yet. Waiting for it a little…");
                    opening.await?
                }
            };
            let answer = tokio::select! {
                answer = command(app.clone()) => answer,
                // What is waited for would never come.
                error = app.put_out() => Err(error),
            };
            app.shut_down().await;
            answer
        })
    }
}

pub(crate) fn block_on<A>(work: impl Future<Output = Result<A, Error>>) -> Result<A, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The program cannot start its threads: {error}.")))?;
    let answer = runtime.block_on(work);
    // A question to a dead storage may still be waited for on a thread of its own: not for us.
    runtime.shutdown_background();
    answer
}

fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Error> {
    let options = Options::gather(
        |name| env::var_os(name),
        arguments.config.as_deref(),
        env::current_dir().ok(),
        env!("CARGO_PKG_VERSION"),
    )?;
    let storages = LocalStorages::of(&options)?;
    if let (true, Some(error)) = (arguments.command.needs_storages(), storages.config_error()) {
        return Err(error);
    }
    let context = Context { options, storages: Arc::new(storages), output };
    if let Some(path) = context.named_config().filter(|_| !arguments.command.begins_a_file())
        && context.storages.is_file_missing()
    {
        let path = path.display().to_string();
        let hint = format!(
            "Check how it is spelled. To begin such a file: samepath --config {} storage add NAME FOLDER",
            shell_word(&path)
        );
        return Err(Error::new(ErrorCode::ConfigInvalid, format!("There is no file {path}.")).with_hint(hint));
    }
    let service = || service::Around {
        config_home: env::var_os("XDG_CONFIG_HOME").map(Into::into),
        search_path: env::var_os("PATH"),
        data: env::var_os("SAMEPATH_DATA"),
        config: env::var_os("SAMEPATH_CONFIG"),
    };
    match arguments.command {
        Command::Storage { command } => storages::run(&context, command),
        Command::Locate { path } => paths::locate(&context, &path),
        Command::Resolve(question) => paths::resolve(&context, &question),
        Command::Dataset { file, video } => dataset::run(&context, &file, &dataset::chosen(&video)),
        Command::Kinds { kind } => kinds::run(&context, kind.as_deref()),
        Command::Workers(workers) => match workers.command {
            None | Some(WorkersCommand::List) => workers::list(&context, workers.watch),
            Some(WorkersCommand::Drain { name, undo }) => workers::drain_one(&context, &name, undo),
            Some(WorkersCommand::Remove { name }) => workers::remove(&context, &name),
        },
        Command::Computers { command } => computers::run(&context, command),
        Command::Submit(submission) => submit::run(&context, submission),
        Command::Jobs(jobs) => match jobs.command {
            // No id has these letters.
            None => jobs::list(&context, jobs.id.as_deref().filter(|id| !meant::LISTING.contains(id))),
            Some(JobsCommand::Clear { older_than }) => jobs::clear(&context, &older_than),
        },
        Command::Logs { id, follow, attempt } => jobs::logs(&context, &id, attempt, follow),
        Command::Stop { id } => jobs::change(&context, &id, jobs::Change::Stop),
        Command::Kill { id } => jobs::change(&context, &id, jobs::Change::Kill),
        Command::Retry { id } => jobs::change(&context, &id, jobs::Change::Retry),
        Command::Worker(worker) => match worker.command {
            None => workers::run(&context, *worker),
            Some(WorkerCommand::Install(install)) => service::install(&context, &install, &service()),
            Some(WorkerCommand::Uninstall(uninstall)) => service::uninstall(&context, &uninstall, &service()),
            Some(WorkerCommand::Drain { name, undo, wait }) => workers::drain(&context, name.as_deref(), undo, wait),
        },
        Command::Join { invitation } => hub::join(&context, &invitation),
        Command::Leave => hub::leave(&context),
        Command::Hub(command) => hub::run(&context, *command),
        Command::Setup { yes, from } => setup::run(&context, yes, &from),
        Command::Program { command } => programs::run(&context, command),
        Command::Doctor { kinds, report } => doctor::run(&context, kinds, report),
        Command::Demo { keep } => demo::run(&context.options, keep, output),
    }
}
