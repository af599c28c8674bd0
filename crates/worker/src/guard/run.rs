mod supervise;

use super::control::{self, Board, FromWorker, Order, Phase};
use super::journal::Journal;
use super::kin;
use super::marks::{self, GivingBack, Marks};
use super::output::Output;
use super::own_disk::{self, unwritable};
use super::prepared::{self, Checked, Stopped};
use super::signals::Signals;
use super::spec::{AttemptDir, Besides, Patience, Spec, mark};
use super::tool::Exit;
use super::tool_id::ToolId;
use super::whole_log;
use super::why::{self, failure, words};
use crate::prepare::{Prepared, changed, gone, is_unfit, manifest};
use jiff::Timestamp;
use samepath_wire::{AttemptEnd, Cause, Failure, Manifest, Progress, StoragePath};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

enum Event {
    Worker(FromWorker),
    Orphaned,
    Checked(Box<Checked>),
    Exited(io::Result<Exit>),
    Read(io::Result<()>),
    Finished(Box<Left>),
    /// Somebody else has an output folder now.
    FolderTaken,
    /// The system asked this process to end, and all others with it.
    Ending,
}

/// What is to be known of an attempt whose tool has ended.
struct Left {
    outputs: Manifest,
    /// What it used and went away meanwhile.
    gone: Option<String>,
    /// Where its log was put, if that is long.
    log: io::Result<Option<StoragePath>>,
}

/// What is looked for when a tool has ended.
#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    /// What it wrote since then.
    Outputs(Timestamp),
    /// Whether it could do better.
    Gone,
}

/// Why the tool is being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Superseded,
    Orphaned,
    TooLong(Duration),
    FolderTaken,
    /// The system asked all that runs here to end, and it did.
    EndedWithAll,
}

/// Everything that a guard is, while it runs.
struct Guard {
    spec: Spec,
    mark: String,
    board: Arc<Board>,
    output: Output,
    /// The file of its log.
    log: PathBuf,
    send: Sender<Event>,
    events: Receiver<Event>,
    workers: usize,
    alone_since: Option<Instant>,
    ending_since: Option<Instant>,
    /// The tool's pipes that are still read.
    pipes: usize,
    /// Of the output folders; none before they were taken.
    giving_back: Option<GivingBack>,
    /// What is to stand beside the end.
    besides: Besides,
}

/// Runs the attempt in `dir` from beginning to end; the caller holds its lock. What it returns is left to be done.
pub(super) fn run(
    dir: &AttemptDir,
    ours: Vec<(OsString, OsString)>,
    signals: Signals,
) -> io::Result<Option<GivingBack>> {
    let spec = dir.spec()?;
    let board = Arc::new(Board::new());
    let output = Output::new(Journal::create(&dir.log(), spec.patience.log_bytes)?, Arc::clone(&board));
    let (send, events) = channel();
    let take = send.clone();
    control::serve(dir.path(), Arc::clone(&board), move |what| drop(take.send(Event::Worker(what))))?;
    // Whoever started us waits for this; if it is gone already, the next one will come by itself.
    let mut stdout = io::stdout();
    let _ = stdout.write_all(b"ready\n").and_then(|()| stdout.flush());
    let take = send.clone();
    signals.on_terminate(move || drop(take.send(Event::Ending)))?;
    let mark = mark(dir.attempt());
    let (alone_since, ending_since) = (Some(Instant::now()), None);
    let (workers, pipes, giving_back, besides) = (0, 0, None, Besides::default());
    let mut guard = Guard {
        spec,
        mark,
        board,
        output,
        log: dir.log(),
        send,
        events,
        workers,
        alone_since,
        ending_since,
        pipes,
        giving_back,
        besides,
    };
    let end = guard.attempt(dir, ours);
    // A worker that is away, or does not read quickly enough, finds it there.
    let said = Some(guard.board.said()).filter(|said| *said != Progress::default());
    write_end(dir, (&end, &guard.besides), said, &guard.spec.patience, &guard.output)?;
    guard.board.update(|status| status.phase = Phase::Ended);
    Ok(guard.giving_back)
}

/// Writes the end down, and before it what is left of the log and what the tool said last; tries again where there is no room for it:
/// without it, work that is done counts as lost.
fn write_end(
    dir: &AttemptDir,
    (end, besides): (&AttemptEnd, &Besides),
    mut said: Option<Progress>,
    patience: &Patience,
    output: &Output,
) -> io::Result<()> {
    let give_up = Instant::now() + patience.orphan;
    let mut before = || {
        output.close();
        match said.as_ref().map(|said| dir.write_said(said)) {
            Some(Err(error)) => tracing::warn!(%error, "what the tool said last cannot be written down"),
            _ => said = None,
        }
    };
    loop {
        before();
        if let Some(fault) = output.fault() {
            tracing::error!(error = %fault, "the log could not be kept");
        }
        // Where there was no room for the last lines a moment ago, there is now that the end has found some.
        match dir.write_end_after(end, besides, &mut before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && Instant::now() < give_up => {
                tracing::error!(%error, "the end of the attempt cannot be written yet");
                thread::sleep(patience.write_again);
            }
            written => return written,
        }
    }
}

impl Guard {
    fn attempt(&mut self, dir: &AttemptDir, ours: Vec<(OsString, OsString)>) -> AttemptEnd {
        let began = Timestamp::now();
        let mut prepared = match self.check(dir, &ours) {
            Ok(prepared) => prepared,
            Err(end) => return end,
        };
        let send = self.send.clone();
        let tell_lost = move || drop(send.send(Event::FolderTaken));
        let (marks, giving_back) = marks::keep(std::mem::take(&mut prepared.taken), &self.spec.patience, tell_lost);
        self.giving_back = Some(giving_back);
        for remark in &prepared.remarks {
            self.output.note(remark);
        }
        let context = match prepared::write_context(&prepared, &self.spec, dir) {
            Ok(file) => file,
            Err(error) => {
                self.finish(prepared, marks, Wanted::Nothing, true);
                return AttemptEnd::Unfit { failure: unwritable(&self.spec.worker, dir.path(), &error) };
            }
        };
        let launch = prepared::launch(&prepared, &self.mark, context);
        let tool = match launch.and_then(|launch| launch.start(ours)) {
            Ok(tool) => tool,
            Err(error) => {
                let program = prepared.file.as_ref().map_or("samepath".into(), |file| file.display().to_string());
                let failure = failure(Cause::ProgramMissing, format!("{program} cannot be started: {error}"));
                self.finish(prepared, marks, Wanted::Nothing, true);
                return AttemptEnd::Unfit { failure };
            }
        };
        let id = ToolId::of(tool.id);
        let unwritten = id.write(dir).err().map(|error| {
            tracing::warn!(%error, "the tool cannot be written down yet");
            id
        });
        self.board.update(|status| status.phase = Phase::Running);
        let group = tool.id;
        let kin = kin::keep(dir, &self.mark, unwritten);
        let (exit, why) = self.supervise(tool, &prepared);
        let survivors = self.sweep(group);
        self.besides.survivors = survivors > 0;
        drop(kin);
        self.board.update(|status| status.phase = Phase::Finishing);
        self.conclude((prepared, marks), exit, why, survivors, began)
    }

    /// The checking phase, in a thread that may hang.
    fn check(&mut self, dir: &AttemptDir, ours: &[(OsString, OsString)]) -> Result<Prepared, AttemptEnd> {
        let stopped = Stopped::default();
        let (send, spec, ours, dir, stop) =
            (self.send.clone(), self.spec.clone(), ours.to_vec(), dir.clone(), stopped.clone());
        let spawned = thread::Builder::new().name("checking".into()).spawn(move || {
            let _ = send.send(Event::Checked(Box::new(prepared::check(&spec, &dir, &ours, &stop))));
        });
        if let Err(error) = spawned {
            return Err(internal(&format!("the checking cannot be started: {error}")));
        }
        let patience = Instant::now() + self.spec.patience.checking;
        let end = loop {
            match self.next(Some(patience)) {
                None if Instant::now() >= patience => break silent(self.spec.patience.checking),
                Some(Event::Checked(checked)) => {
                    return checked.map_err(|failure| {
                        if is_unfit(&failure) { AttemptEnd::Unfit { failure } } else { AttemptEnd::Failed { failure } }
                    });
                }
                Some(Event::Worker(FromWorker::Order(Order::Superseded))) => break superseded(),
                Some(Event::Worker(FromWorker::Order(_))) => {
                    break AttemptEnd::Cancelled { outputs: self.nothing() };
                }
                Some(Event::Orphaned) => break self.orphaned(0),
                _ => {}
            }
        };
        // It may be about to take an output folder: leave it a moment to give it back.
        stopped.stop();
        let deadline = Instant::now() + Duration::from_secs(2);
        while let Some(event) = self.next(Some(deadline)) {
            if let Event::Checked(checked) = event {
                drop(checked);
                break;
            }
        }
        Err(end)
    }

    fn conclude(
        &mut self,
        (prepared, marks): (Prepared, Marks),
        exit: Option<Exit>,
        why: Option<Why>,
        survivors: usize,
        began: Timestamp,
    ) -> AttemptEnd {
        let wanted = match (why, exit) {
            (Some(Why::Asked), _) | (None, Some(Exit::Code(0))) => Wanted::Outputs(began),
            (None, Some(_)) => Wanted::Gone,
            _ => Wanted::Nothing,
        };
        // Whoever asked for the end does not wait for ever, and a process that cannot be ended says that a storage is silent.
        let limited = why.is_some() || survivors > 0;
        // Also the end of a log that grew too long.
        self.output.close();
        let Left { outputs, gone, log } = self.finish(prepared, marks, wanted, limited);
        match log {
            Ok(at) => {
                at.iter().for_each(|at| self.output.note(&format!("The whole log: {at}")));
                self.besides.log_file = at;
            }
            Err(error) => {
                let why = own_disk::why(&error);
                self.output.note(&format!("The whole log could not be put beside the results: {why}."));
            }
        }
        for remark in &outputs.remarks {
            self.output.note(remark);
        }
        if survivors > 0 {
            self.output.note("Some processes do not end: they hang on a storage that does not answer.");
        }
        let last_line = self.output.last_error();
        match (why, exit) {
            (Some(Why::Asked), _) => AttemptEnd::Cancelled { outputs },
            (Some(Why::Superseded), _) => superseded(),
            (Some(Why::Orphaned), _) => self.orphaned(survivors),
            (Some(Why::EndedWithAll), _) => AttemptEnd::Lost {
                reason: "it was ended with all that ran there: a shutdown, or the end of a session or a reservation"
                    .to_owned(),
                proved: survivors == 0,
            },
            (Some(Why::TooLong(limit)), _) => {
                let message = format!("it ran for {}, longer than its kind allows", words(limit));
                AttemptEnd::Failed { failure: Failure { last_line, ..failure(Cause::Other, message) } }
            }
            (Some(Why::FolderTaken), _) => {
                let message = "another job has its results folder now: its storage was away for so long that the folder was nobody's. \
                               What is in it may be of both";
                let failure = failure(Cause::OutputNotUsable, message.to_owned());
                AttemptEnd::Failed { failure: Failure { last_line, ..failure } }
            }
            (None, Some(Exit::Code(0))) => AttemptEnd::Succeeded { outputs },
            (None, Some(exit)) => {
                let failure = why::ended(exit, self.output.fail(), last_line, gone);
                let unfit = self.output.is_unfit() && matches!(exit, Exit::Code(_));
                if unfit { AttemptEnd::Unfit { failure } } else { AttemptEnd::Failed { failure } }
            }
            (None, None) => AttemptEnd::Lost {
                reason: "the guard could not tell how the program ended".to_owned(),
                proved: survivors == 0,
            },
        }
    }

    /// Looks for what is wanted and gives the output folders back, but where something may still write to them, in a thread that may
    /// hang; `limited` says not to wait for it long.
    fn finish(&mut self, prepared: Prepared, marks: Marks, wanted: Wanted, limited: bool) -> Left {
        let (send, attempt) = (self.send.clone(), self.spec.assignment.attempt);
        let (job, worker) = (self.spec.assignment.job.id, self.spec.worker.clone());
        let survivors = self.besides.survivors;
        let is_long = self.log.metadata().is_ok_and(|log| log.len() >= self.spec.patience.long_log);
        let log = (is_long && !survivors).then(|| self.log.clone());
        let spawned = thread::Builder::new().name("finishing".into()).spawn(move || {
            let mut left = Left { outputs: Manifest { attempt, ..Manifest::default() }, gone: None, log: Ok(None) };
            match wanted {
                Wanted::Outputs(began) => {
                    let remarks = changed(&prepared.inputs);
                    left.outputs = Manifest { remarks, ..manifest(&prepared.outputs, job, attempt, began) };
                }
                Wanted::Gone => left.gone = gone(&prepared.stood, &prepared.outputs, &worker),
                Wanted::Nothing => {}
            }
            if let Some(log) = log.filter(|_| left.gone.is_none() && !matches!(wanted, Wanted::Nothing)) {
                left.log = whole_log::put(&log, &prepared.outputs, job);
            }
            drop(prepared);
            if survivors {
                marks.leave();
            } else {
                marks.give_back();
            }
            let _ = send.send(Event::Finished(Box::new(left)));
        });
        let is_slow = limited || !matches!(wanted, Wanted::Outputs(_));
        let deadline = is_slow.then(|| Instant::now() + self.spec.patience.give_up);
        let mut gone = None;
        while spawned.is_ok() {
            match self.next(deadline) {
                Some(Event::Finished(left)) => return *left,
                None if matches!(wanted, Wanted::Gone) => {
                    gone = Some(format!("a storage of the job does not answer on {}", self.spec.worker));
                    break;
                }
                Some(Event::Orphaned) | None => break,
                Some(Event::Worker(FromWorker::Order(Order::Stop | Order::Kill | Order::Superseded))) => break,
                Some(_) => {}
            }
        }
        Left { outputs: self.nothing(), gone, log: Ok(None) }
    }

    /// The next event, none at `until`. Counts the workers that are here.
    fn next(&mut self, until: Option<Instant>) -> Option<Event> {
        loop {
            let orphaned = self.alone_since.map(|since| since + self.spec.patience.orphan);
            let deadline = [until, orphaned].into_iter().flatten().min();
            let event = match deadline {
                Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Worker(FromWorker::Came)) => {
                    self.workers += 1;
                    self.alone_since = None;
                }
                Ok(Event::Worker(FromWorker::Left)) => {
                    self.workers = self.workers.saturating_sub(1);
                    if self.workers == 0 {
                        self.alone_since = Some(Instant::now());
                    }
                }
                Ok(Event::Ending) => {
                    self.ending_since = Some(Instant::now());
                    return Some(Event::Ending);
                }
                Ok(Event::Read(result)) => {
                    self.pipes -= 1;
                    if let Err(error) = result {
                        self.output.note(&format!("Some of the output could not be read: {error}"));
                    }
                    return Some(Event::Read(Ok(())));
                }
                Ok(event) => return Some(event),
                // Once is enough.
                Err(_) if orphaned.is_some_and(|at| Instant::now() >= at) => {
                    self.alone_since = None;
                    return Some(Event::Orphaned);
                }
                Err(_) => return None,
            }
        }
    }

    fn nothing(&self) -> Manifest {
        Manifest { attempt: self.spec.assignment.attempt, ..Manifest::default() }
    }

    fn orphaned(&self, survivors: usize) -> AttemptEnd {
        let reason = format!("no worker came for {}", words(self.spec.patience.orphan));
        AttemptEnd::Lost { reason, proved: survivors == 0 }
    }
}

/// The checking hangs: another worker may see the storage.
fn silent(waited: Duration) -> AttemptEnd {
    let message = format!("a storage did not answer for {} while the files were checked", words(waited));
    AttemptEnd::Unfit { failure: failure(Cause::BackendNotAvailable, message) }
}

fn superseded() -> AttemptEnd {
    AttemptEnd::Lost { reason: "a newer attempt took over".to_owned(), proved: true }
}

/// The guard itself failed, before or after its tool ran.
pub(super) fn failed(error: &io::Error) -> AttemptEnd {
    if error.kind() == io::ErrorKind::Unsupported {
        let message = format!("{error}; start the worker again, so that its programs are of one version");
        return AttemptEnd::Unfit { failure: failure(Cause::Other, message) };
    }
    internal(&format!("the guard failed: {error}"))
}

/// A fault of ours.
fn internal(message: &str) -> AttemptEnd {
    AttemptEnd::Failed { failure: failure(Cause::Internal, message.to_owned()) }
}
