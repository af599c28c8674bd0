use crate::args::{Work, Worker};
use crate::output::{Cell, Output, Tone};
use crate::{A_WORD, Context, block_on};
use samepath_app::view::{ErrorView, StatusView, Update, WorkerView};
use samepath_app::{App, Error, ErrorCode, Options};
use samepath_fleet::matchmaker::Timing;
use samepath_storage::Cause;
use samepath_wire::{HERE, HERE_FIRST};
use samepath_worker::Drained;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Between two looks at what a worker still has to do.
const PAUSE: Duration = Duration::from_millis(500);

/// What becomes of the jobs of a worker that was put out.
pub(crate) const OUT_OF_THE_LAB: &str = "A job that it runs is given to another worker, as another try, and may go on there until it is \
                                         ended on its computer.";

/// The workers online.
pub(crate) fn list(context: &Context<'_>, watch: bool) -> Result<ExitCode, Error> {
    let output = context.output;
    if watch {
        return context.with_app(|app| async move {
            app.workers_now().await;
            let mut updates = app.watch();
            // What is printed of one is not printed again.
            let mut told: BTreeMap<String, String> = BTreeMap::new();
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
                    Some(Update::Worker(worker)) => {
                        let said = sentence(&worker);
                        if told.insert(worker.id, said.clone()).as_ref() != Some(&said) {
                            output.line(&said)?;
                        }
                    }
                    Some(Update::WorkerGone(id)) => {
                        told.remove(&id);
                        output.line(&format!("{id}: {}", app.gone_words(&id)))?;
                    }
                    Some(_) => {}
                    None => return Ok(ExitCode::SUCCESS),
                }
            }
        });
    }
    let (workers, lab, beginning) = context.with_app(|app| async move {
        Ok((app.workers_now().await, app.lab().map(str::to_owned), app.is_beginning()))
    })?;
    if output.is_json() {
        output.document(&workers)?;
    } else if workers.is_empty() {
        output.line(&match lab {
            Some(lab) if beginning => {
                format!("{lab} has just begun: its workers may not be back yet. Look again in some seconds.")
            }
            Some(lab) => format!("No worker of {lab} is online. On a computer that joined as one: samepath worker"),
            None => format!("No worker is online, and {HERE} is in no lab. Start one here: samepath worker"),
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
    let gpus = if worker.gpus == Some(0) { " · no NVIDIA GPU" } else { "" };
    format!("{}: {} · {}{gpus}{in_use}", worker.name, state(worker), storages(worker))
}

/// What it does, and that it takes nothing after that where that is so.
fn state(worker: &WorkerView) -> String {
    match worker.busy && worker.draining {
        true => format!("{}; takes no new jobs", worker.state),
        false if worker.untried => format!("{}; new, nothing run yet", worker.state),
        false => worker.state.clone(),
    }
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
    let tone = if worker.busy || worker.draining { Tone::Warn } else { Tone::Good };
    let state = Cell::new(state(worker), tone);
    let gpu = worker.gpu.as_deref().unwrap_or(if worker.gpus == Some(0) { "none" } else { "" });
    let gpu = match &worker.gpu_in_use {
        Some(by) => Cell::new(format!("{gpu}, in use by {by}"), Tone::Warn),
        None => gpu.into(),
    };
    vec![name.into(), state, gpu, storages(worker).into(), worker.kinds.join(", ").into()]
}

/// Is a worker until told to stop.
pub(crate) fn run(context: &Context<'_>, worker: Worker) -> Result<ExitCode, Error> {
    let output = context.output;
    let Worker { work, gpu, end_with_stdin, .. } = worker;
    let Work { name, kinds, gpus, lab, stop_jobs } = work;
    if lab {
        context.options.must_be_in_a_lab()?;
    }
    let kinds = kinds.map(|folder| kinds_folder(context, &folder)).transpose()?;
    block_on(async {
        if !gpus.is_empty() {
            return crate::gpus::run(context, &gpus, name.as_deref(), kinds.as_deref(), stop_jobs).await;
        }
        let options = Options { gpu, ..context.options.clone() };
        let told_to_end = async {
            tokio::select! {
                () = interrupted() => {}
                () = stdin_closed(), if end_with_stdin => {}
            }
        };
        tokio::pin!(told_to_end);
        loop {
            let app = App::for_worker(options.clone(), context.storages.clone()).await?;
            let stop = CancellationToken::new();
            let working = async {
                match stop_jobs {
                    true => app.worker_until(name.clone(), kinds.clone(), stop.clone()).await,
                    false => app.worker(name.clone(), kinds.clone()).await,
                }
            };
            tokio::pin!(working);
            let ended = tokio::select! {
                ended = &mut working => Some(ended),
                told = tell(output, &app) => Some(told),
                () = &mut told_to_end => {
                    let ended = if stop_jobs {
                        stop.cancel();
                        stopping(output, app.tries_here())?;
                        tokio::select! {
                            ended = &mut working => ended,
                            // Who asks twice does not want to wait.
                            () = interrupted() => Ok(()),
                        }
                    } else {
                        Ok(())
                    };
                    Some(ended.and_then(|()| farewell(output, app.tries_here(), stop_jobs, app.lab())))
                }
                () = app.joined_anew() => None,
            };
            app.shut_down().await;
            match ended {
                Some(ended) => return ended.map(|()| ExitCode::SUCCESS),
                None if output.is_json() => {}
                None => output.line(&format!("{HERE_FIRST} has joined anew."))?,
            }
        }
    })
}

/// Says how the worker is, and how its lab is, until the program ends.
async fn tell(output: &Output, app: &App) -> Result<(), Error> {
    let mut updates = app.watch();
    let (mut offline, mut said) = (None, String::new());
    // How the link is, where that is not told yet: one that is back at once was hardly gone, and why it is down is known a little later.
    let (mut changed, mut due) = (None::<StatusView>, None);
    if !output.is_json() {
        output.line(&whose(app))?;
    }
    loop {
        let update = tokio::select! {
            update = updates.next() => update,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                due = None;
                if let Some(status) = changed.take() {
                    offline = status.offline.map(|it| it.error);
                    link(output, &status.lab, offline.as_ref(), false)?;
                }
                continue;
            }
        };
        let Some(update) = update else { return Ok(()) };
        match update {
            Update::Worker(worker) if worker.own => {
                if output.is_json() {
                    output.line_of_json(&worker)?;
                } else if said != sentence(&worker) {
                    said = sentence(&worker);
                    output.line(&said)?;
                }
            }
            Update::Status(status) if status.offline.as_ref().map(|it| &it.error) == offline.as_ref() => {
                (changed, due) = (None, None);
            }
            Update::Status(status) if status.offline.as_ref().is_some_and(|it| !it.ended) => {
                due = due.or_else(|| Some(Instant::now() + A_WORD));
                changed = Some(status);
            }
            Update::Status(status) => {
                (changed, due) = (None, None);
                let ended = status.offline.is_some();
                offline = status.offline.map(|it| it.error);
                link(output, &status.lab, offline.as_ref(), ended)?;
            }
            _ => {}
        }
    }
}

/// Says that the end of a worker waits for its jobs.
fn stopping(output: &Output, running: usize) -> Result<(), Error> {
    match running {
        _ if output.is_json() => Ok(()),
        0 => Ok(()),
        1 => output.line("Stopping its running job, which may save first. Ctrl-C once more does not wait for that."),
        running => output.line(&format!(
            "Stopping its {running} running jobs, which may save first. Ctrl-C once more does not wait for that."
        )),
    }
}

/// What becomes of the tries of a worker that was told to end.
fn farewell(output: &Output, left: usize, stopping: bool, lab: Option<&str>) -> Result<(), Error> {
    if output.is_json() {
        return output.line_of_json(&json!({ "stopped": true, "left": left }));
    }
    output.line(&match left {
        0 => "The worker has stopped.".to_owned(),
        _ if stopping => "The worker has stopped. What it ran is still being stopped; how that ended is told when the worker is started again."
            .to_owned(),
        left => format!(
            "The worker has stopped. {} by {}; start the worker again within {}. To end it now: samepath stop ID, or samepath kill ID",
            if left == 1 { "Its running job goes on".to_owned() } else { format!("Its {left} running jobs go on") },
            if left == 1 { "itself" } else { "themselves" },
            match lab {
                // Of an hour on its own nothing remains where another worker takes the job.
                Some(_) => {
                    let minutes = Timing::default().lease.as_secs() / 60;
                    format!("{minutes} minutes, or another worker may begin it anew")
                }
                None => "an hour, or what is left then is ended".to_owned(),
            },
        ),
    })
}

/// For whom a worker works.
fn whose(app: &App) -> String {
    match app.lab() {
        Some(lab) => format!("A worker of {lab}."),
        None => {
            format!("A worker for {HERE}'s own jobs: it is in no lab. To join one: samepath join INVITATION")
        }
    }
}

/// Has the workers of this computer take no new job, or take them again.
pub(crate) fn drain(context: &Context<'_>, name: Option<&str>, undo: bool, wait: bool) -> Result<ExitCode, Error> {
    let output = context.output;
    let folder = context.options.clone().workers_here()?;
    let failed = |error: std::io::Error| {
        Error::new(ErrorCode::Io, format!("The workers' folders cannot be used: {error}."))
            .with_hint(Cause::of_writing(&error).mend(&folder.display().to_string()))
    };
    let mut drained = samepath_worker::drain(&folder, name, !undo).map_err(failed)?;
    // Whoever worked here once, and does no more, is of no interest beside those who do.
    let at_work = |worker: &Drained| worker.running || worker.left > 0;
    if name.is_none() && drained.iter().any(at_work) {
        drained.retain(at_work);
    }
    if drained.is_empty() {
        let message = name.map_or_else(
            || format!("{HERE_FIRST} has no worker."),
            |name| format!("{HERE_FIRST} has no worker {name}."),
        );
        let others: Vec<String> = match name {
            Some(_) => samepath_worker::drained(&folder, None).map_err(failed)?.into_iter().map(|it| it.name).collect(),
            None => Vec::new(),
        };
        return Err(Error::new(ErrorCode::NoWorker, message).with_hint(match others.as_slice() {
            [] if context.options.may_work() => "Start one: samepath worker".to_owned(),
            [] => "It has joined its lab as a member's, and is no worker. The lab's: samepath workers".to_owned(),
            others => format!("Its workers: {}.", others.join(", ")),
        }));
    }
    while wait && drained.iter().any(|worker| worker.left > 0) {
        std::thread::sleep(PAUSE);
        let now = samepath_worker::drained(&folder, name).map_err(failed)?;
        drained = now.into_iter().filter(|now| drained.iter().any(|worker| worker.name == now.name)).collect();
    }
    if output.is_json() {
        let told = |worker: &Drained| json!({ "worker": worker.name, "draining": !undo, "left": worker.left, "running": worker.running });
        output.document(&drained.iter().map(told).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    for Drained { name, left, running } in &drained {
        let takes = takes(undo, *left);
        output.line(&match running {
            true => format!("{name} {takes}."),
            false => format!("{name} does not run; once it is started it {takes}."),
        })?;
    }
    if !undo {
        output.line("Until the computer is started again, or: samepath worker drain --undo")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a worker of the lab take no new job, or take them again.
pub(crate) fn drain_one(context: &Context<'_>, name: &str, undo: bool) -> Result<ExitCode, Error> {
    let left = context.with_app(|app| async move { app.drain(name, !undo).await })?;
    if context.output.is_json() {
        context.output.document(&json!({ "worker": name, "draining": !undo, "left": left }))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.line(&format!("{name} {}.", takes(undo, left as usize)))?;
    if !undo {
        context
            .output
            .line(&format!("Until its computer is started again, or: samepath workers drain {name} --undo"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn takes(undo: bool, left: usize) -> String {
    match (undo, left) {
        (true, _) => "takes jobs again".to_owned(),
        (false, 0) => "takes no new job; none is left".to_owned(),
        (false, left) => format!("takes no new job; {left} left"),
    }
}

/// Puts a worker out of the lab.
pub(crate) fn remove(context: &Context<'_>, name: &str) -> Result<ExitCode, Error> {
    context.with_app(|app| async move {
        if let Some((computer, workers)) = app.put_out_with(name) {
            let message = format!(
                "{name} is one of {} workers of the computer {computer}, which has joined as a whole: {}. Nothing changed.",
                workers.len(),
                workers.join(", ")
            );
            return Err(Error::new(ErrorCode::InvalidParameter, message).with_hint(format!(
                "To put the computer out, with all of them: samepath workers remove {computer}. To have this one take no new job: samepath \
                 workers drain {name}"
            )));
        }
        app.remove_worker(name).await
    })?;
    if context.output.is_json() {
        context.output.document(&json!({ "removed": name }))?;
    } else {
        context.output.line(&format!("{name} is out of the lab. {OUT_OF_THE_LAB}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that a worker lost its lab, why, and that it is back.
fn link(output: &Output, lab: &str, offline: Option<&ErrorView>, ended: bool) -> Result<(), Error> {
    if output.is_json() {
        return output.line_of_json(&json!({ "lab": lab, "offline": offline }));
    }
    match offline {
        None => output.line(&format!("Connected to {lab} again.")),
        Some(ErrorView { message, hint, .. }) => {
            let rest = match ended {
                true => {
                    "What runs here goes on, but the lab gives it to another worker. This one waits until the computer has joined anew."
                }
                false => "Running jobs go on.",
            };
            output.line(&format!(
                "{message} {}{} {rest}",
                hint.as_deref().unwrap_or_default(),
                if ended { "." } else { "" }
            ))
        }
    }
}

/// The folder of the lab's job types, which has to be there: a worker without them would only seem to be one.
pub(crate) fn kinds_folder(context: &Context<'_>, folder: &Path) -> Result<PathBuf, Error> {
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
    Error::new(ErrorCode::Interrupted, "Stopped waiting. The job goes on.")
        .with_hint(format!("Follow it: samepath logs {id} --follow. End it: samepath stop {id}"))
}
