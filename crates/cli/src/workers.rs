use crate::args::Worker;
use crate::output::{Cell, Output, Tone};
use crate::{Context, block_on};
use samepath_app::view::{ErrorView, Update, WorkerView};
use samepath_app::{App, Error, ErrorCode, Options};
use samepath_worker::Drained;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Between two looks at what a worker still has to do.
const PAUSE: Duration = Duration::from_millis(500);

/// The workers online.
pub(crate) fn list(context: &Context<'_>, watch: bool) -> Result<ExitCode, Error> {
    let output = context.output;
    if watch {
        return context.with_app(|app| async move {
            let mut updates = app.watch();
            // One for all: who listens anew each time does not hear what comes in between.
            let interrupted = interrupted();
            tokio::pin!(interrupted);
            loop {
                let update = tokio::select! {
                    update = updates.next() => update,
                    () = &mut interrupted => return Ok(ExitCode::SUCCESS),
                };
                match update {
                    Some(Update::Worker(worker)) if output.is_json() => output.line_of_json(&worker)?,
                    Some(Update::WorkerGone(id)) if output.is_json() => {
                        output.line_of_json(&json!({ "id": id, "gone": true }))?
                    }
                    Some(Update::Worker(worker)) => output.line(&sentence(&worker))?,
                    Some(Update::WorkerGone(id)) => output.line(&format!("{id}: offline"))?,
                    Some(_) => {}
                    None => return Ok(ExitCode::SUCCESS),
                }
            }
        });
    }
    let (workers, lab) = context.with_app(|app| async move { Ok((app.workers(), app.lab().map(str::to_owned))) })?;
    if output.is_json() {
        output.document(&workers)?;
    } else if workers.is_empty() {
        output.line(&match lab {
            Some(lab) => format!("No worker of {lab} is online. On a computer that joined as one: samepath worker"),
            None => "No worker is online, and this computer is in no lab. Start one here: samepath worker".to_owned(),
        })?;
    } else {
        let own = &context.options.version;
        let rows: Vec<Vec<Cell>> = workers.iter().map(|worker| row(worker, own)).collect();
        output.table(&["WORKER", "STATE", "GPU", "STORAGES", "RUNS"], &rows)?;
        for (worker, kind) in
            workers.iter().flat_map(|worker| worker.unavailable.iter().map(move |kind| (worker, kind)))
        {
            output.line(&format!("{} cannot run {kind}", worker.name))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn sentence(worker: &WorkerView) -> String {
    let in_use = worker.gpu_in_use.as_ref().map(|by| format!(" · its GPU is in use by {by}")).unwrap_or_default();
    format!("{}: {} · {}{in_use}", worker.name, worker.state, storages(worker))
}

fn storages(worker: &WorkerView) -> String {
    let storages: Vec<String> = worker
        .storages
        .iter()
        .map(|storage| match storage.state.as_str() {
            "ready" if storage.sameness.is_none() => storage.name.clone(),
            _ => format!("{} ({})", storage.name, storage.words),
        })
        .collect();
    if storages.is_empty() { "no storage".to_owned() } else { storages.join(", ") }
}

/// `own` is this program's version: another one is worth knowing of.
fn row(worker: &WorkerView, own: &str) -> Vec<Cell> {
    let name =
        if worker.version == own { worker.name.clone() } else { format!("{} ({})", worker.name, worker.version) };
    let state = if worker.busy { Cell::new(&worker.state, Tone::Warn) } else { Cell::new(&worker.state, Tone::Good) };
    let gpu = worker.gpu.as_deref().unwrap_or_default();
    let gpu = match &worker.gpu_in_use {
        Some(by) => Cell::new(format!("{gpu}, in use by {by}"), Tone::Warn),
        None => gpu.into(),
    };
    vec![name.into(), state, gpu, storages(worker).into(), worker.kinds.join(", ").into()]
}

/// Is a worker until told to stop.
pub(crate) fn run(context: &Context<'_>, worker: Worker) -> Result<ExitCode, Error> {
    let output = context.output;
    let Worker { name, kinds, gpus, gpu, end_with_stdin, .. } = worker;
    let kinds = kinds.map(|folder| kinds_folder(context, &folder)).transpose()?;
    block_on(async {
        if !gpus.is_empty() {
            return crate::gpus::run(context, &gpus, name.as_deref(), kinds.as_deref()).await;
        }
        let options = Options { gpu, ..context.options.clone() };
        let app = App::for_worker(options, context.storages.clone()).await?;
        let working = app.worker(name, kinds);
        let told = async {
            let mut updates = app.watch();
            let (mut offline, mut said) = (None, String::new());
            if !output.is_json() {
                output.line(&whose(&app))?;
            }
            while let Some(update) = updates.next().await {
                match update {
                    Update::Worker(worker) if worker.this_computer => {
                        if output.is_json() {
                            output.line_of_json(&worker)?;
                        } else if said != sentence(&worker) {
                            said = sentence(&worker);
                            output.line(&said)?;
                        }
                    }
                    Update::Status(status) if status.offline.as_ref().map(|it| &it.error) != offline.as_ref() => {
                        offline = status.offline.map(|it| it.error);
                        link(output, &status.lab, offline.as_ref())?;
                    }
                    _ => {}
                }
            }
            Ok::<(), Error>(())
        };
        let ended = tokio::select! {
            ended = working => ended,
            told = told => told,
            () = interrupted() => Ok(()),
            () = stdin_closed(), if end_with_stdin => Ok(()),
        };
        app.shut_down().await;
        ended.map(|()| ExitCode::SUCCESS)
    })
}

/// For whom a worker works.
fn whose(app: &App) -> String {
    match app.lab() {
        Some(lab) => format!("A worker of {lab}."),
        None => {
            "A worker for this computer's own jobs: it is in no lab. To join one: samepath join INVITATION".to_owned()
        }
    }
}

/// Has the workers of this computer take no new job, or take them again.
pub(crate) fn drain(context: &Context<'_>, name: Option<&str>, undo: bool, wait: bool) -> Result<ExitCode, Error> {
    let output = context.output;
    let folder = context.options.clone().workers_here()?;
    let failed =
        |error: std::io::Error| Error::new(ErrorCode::Io, format!("The workers' folders cannot be used: {error}."));
    let mut drained = samepath_worker::drain(&folder, name, !undo).map_err(failed)?;
    if drained.is_empty() {
        let message = name
            .map_or("This computer has no worker.".to_owned(), |name| format!("This computer has no worker {name}."));
        return Err(Error::new(ErrorCode::NoWorker, message).with_hint("Start one: samepath worker"));
    }
    while wait && drained.iter().any(|worker| worker.left > 0) {
        std::thread::sleep(PAUSE);
        drained = samepath_worker::drained(&folder, name).map_err(failed)?;
    }
    if output.is_json() {
        let told = |worker: &Drained| json!({ "worker": worker.name, "draining": !undo, "left": worker.left });
        output.document(&drained.iter().map(told).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    for Drained { name, left } in &drained {
        output.line(&match (undo, left) {
            (true, _) => format!("{name} takes jobs again."),
            (false, 0) => format!("{name} takes no new job; none is left."),
            (false, left) => format!("{name} takes no new job; {left} left."),
        })?;
    }
    if !undo {
        output.line("Until the computer is started again, or: samepath worker drain --undo")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that a worker lost its lab, why, and that it is back.
fn link(output: &Output, lab: &str, offline: Option<&ErrorView>) -> Result<(), Error> {
    if output.is_json() {
        return output.line_of_json(&json!({ "lab": lab, "offline": offline }));
    }
    match offline {
        None => output.line(&format!("Connected to {lab} again.")),
        Some(ErrorView { message, hint, .. }) => {
            output.line(&format!("{message} {} Running jobs go on.", hint.as_deref().unwrap_or_default()))
        }
    }
}

/// The folder of the lab's job types, which has to be there: a worker without them would only seem to be one.
fn kinds_folder(context: &Context<'_>, folder: &Path) -> Result<PathBuf, Error> {
    context.storages.answers(folder)?;
    let found = fs_err::canonicalize(folder).and_then(|found| fs_err::read_dir(&found).map(|_| found));
    found.map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "it is not there",
            std::io::ErrorKind::NotADirectory => "it is not a folder",
            std::io::ErrorKind::PermissionDenied => "you may not list it",
            _ => return Error::new(ErrorCode::Io, format!("The job types cannot be read: {error}.")),
        };
        Error::new(ErrorCode::KindNotFound, format!("No job types can be read from {}: {reason}.", folder.display()))
            .with_hint("Give the folder that holds their templates, or leave --kinds away: the built-in ones are always known.")
    })
}

/// Ends when the person, or the system, asks this program to end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut nothing = [0_u8; 64];
    while stdin.read(&mut nothing).await.is_ok_and(|length| length > 0) {}
}

/// What a waiting command says when it is interrupted.
pub(crate) fn left_alone(id: &str) -> Error {
    Error::new(ErrorCode::JobCancelled, "Stopped waiting. The job goes on.")
        .with_hint(format!("Follow it: samepath logs {id} --follow. End it: samepath stop {id}"))
}
