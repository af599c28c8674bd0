use super::control::{self, Board, FromWorker, Order, Phase};
use super::journal::Journal;
use super::kin;
use super::output::{Bell, Output};
use super::own_disk::unwritable;
use super::prepared::{self, Checked, Stopped};
use super::spec::{AttemptDir, Patience, Spec, mark};
use super::tool::{Exit, Tool, interrupt};
use super::tool_id::ToolId;
use super::tree::{Tree, reap};
use super::why::{self, failure, words};
use crate::prepare::{HEARTBEAT, Prepared, Taken, changed, gone, is_unfit, manifest};
use jiff::Timestamp;
use samepath_wire::{AttemptEnd, Cause, Failure, Manifest, Progress, Stream};
use std::ffi::OsString;
use std::io::{self, Write};
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
    Finished(Left),
}

/// What is to be known of an attempt whose tool has ended.
#[derive(Default)]
struct Left {
    outputs: Manifest,
    /// What it used and went away meanwhile.
    gone: Option<String>,
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
}

/// Everything that a guard is, while it runs.
struct Guard {
    spec: Spec,
    mark: String,
    board: Arc<Board>,
    output: Output,
    send: Sender<Event>,
    events: Receiver<Event>,
    workers: usize,
    alone_since: Option<Instant>,
    /// The tool's pipes that are still read.
    pipes: usize,
}

/// Runs the attempt in `dir` from beginning to end; the caller holds its lock.
pub(super) fn run(dir: &AttemptDir, ours: Vec<(OsString, OsString)>) -> io::Result<AttemptEnd> {
    let spec = dir.spec()?;
    let board = Arc::new(Board::new());
    let output = Output::new(Journal::create(&dir.log(), spec.patience.log_bytes)?, Arc::clone(&board));
    let (send, events) = channel();
    let take = send.clone();
    control::serve(dir.path(), Arc::clone(&board), move |what| drop(take.send(Event::Worker(what))))?;
    // Whoever started us waits for this; if it is gone already, the next one will come by itself.
    let mut stdout = io::stdout();
    let _ = stdout.write_all(b"ready\n").and_then(|()| stdout.flush());
    let mark = mark(dir.attempt());
    let alone_since = Some(Instant::now());
    let mut guard = Guard { spec, mark, board, output, send, events, workers: 0, alone_since, pipes: 0 };
    let end = guard.attempt(dir, ours);
    // A worker that is away, or does not read quickly enough, finds it there.
    let said = Some(guard.board.said()).filter(|said| *said != Progress::default());
    write_end(dir, &end, said, &guard.spec.patience, &guard.output)?;
    guard.board.update(|status| status.phase = Phase::Ended);
    Ok(end)
}

/// Writes the end down, and before it what is left of the log and what the tool said last; tries again where there is no room for it:
/// without it, work that is done counts as lost.
fn write_end(
    dir: &AttemptDir,
    end: &AttemptEnd,
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
        match dir.write_end_after(end, &mut before) {
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
        let prepared = match self.check(dir, &ours) {
            Ok(prepared) => prepared,
            Err(end) => return end,
        };
        for remark in &prepared.remarks {
            self.output.note(remark);
        }
        let context = match prepared::write_context(&prepared, &self.spec, dir) {
            Ok(file) => file,
            Err(error) => {
                self.finish((prepared, None), Wanted::Nothing, true);
                return AttemptEnd::Unfit { failure: unwritable(&self.spec.worker, dir.path(), &error) };
            }
        };
        let launch = prepared::launch(&prepared, &self.mark, context);
        let tool = match launch.and_then(|launch| launch.start(ours)) {
            Ok(tool) => tool,
            Err(error) => {
                let program = prepared.file.as_ref().map_or("samepath".into(), |file| file.display().to_string());
                let failure = failure(Cause::ProgramMissing, format!("{program} cannot be started: {error}"));
                self.finish((prepared, None), Wanted::Nothing, true);
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
        let mut prepared = prepared;
        let marks = keep(std::mem::take(&mut prepared.taken));
        let kin = kin::keep(dir, &self.mark, unwritten);
        let (exit, why) = self.supervise(tool, &prepared);
        let survivors = self.sweep(group);
        drop(kin);
        self.board.update(|status| status.phase = Phase::Finishing);
        self.conclude((prepared, Some(marks)), exit, why, survivors, began)
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

    /// From the start of the tool to the end of its main process and of its output.
    fn supervise(&mut self, tool: Tool, prepared: &Prepared) -> (Option<Exit>, Option<Why>) {
        let group = tool.id;
        let bell = self.follow(tool);
        let notice = self.spec.patience.notice.unwrap_or(prepared.notice);
        let mut too_long = prepared.timeout.map(|limit| (Instant::now() + limit, limit));
        let (mut why, mut kill_at, mut give_up_at) = (None, None, None);
        let exit = loop {
            let until = [too_long.map(|(at, _)| at), kill_at, give_up_at].into_iter().flatten().min();
            match self.next(until) {
                Some(Event::Exited(Ok(exit))) => break Some(exit),
                Some(Event::Exited(Err(error))) => {
                    tracing::error!(%error, "cannot wait for the tool");
                    break None;
                }
                Some(Event::Worker(FromWorker::Order(Order::Stop))) if why.is_none() => {
                    why = Some(Why::Asked);
                    kill_at = Some(self.interrupt(group, notice, "Asked to stop"));
                }
                Some(Event::Worker(FromWorker::Order(Order::Kill))) => {
                    why = Some(Why::Asked);
                    kill_at = Some(Instant::now());
                }
                Some(Event::Worker(FromWorker::Order(Order::Superseded))) => {
                    why = Some(Why::Superseded);
                    kill_at = Some(Instant::now());
                }
                Some(Event::Orphaned) => {
                    why = why.or(Some(Why::Orphaned));
                    kill_at = Some(Instant::now());
                }
                Some(_) => {}
                None => {
                    let now = Instant::now();
                    if give_up_at.is_some_and(|at| now >= at) {
                        break None;
                    }
                    if kill_at.is_some_and(|at| now >= at) {
                        kill_at = None;
                        give_up_at = Some(now + self.spec.patience.give_up);
                        self.kill(group);
                    }
                    if let Some((at, limit)) = too_long
                        && now >= at
                    {
                        too_long = None;
                        if why.is_none() {
                            why = Some(Why::TooLong(limit));
                            let words = format!("It ran for {}, longer than its kind allows", words(limit));
                            kill_at = Some(self.interrupt(group, notice, &words));
                        }
                    }
                }
            }
        };
        self.end_of_output(bell);
        (exit, why)
    }

    /// Starts the threads that read the tool's output and wait for its end.
    fn follow(&mut self, tool: Tool) -> Option<Bell> {
        let Tool { child, out, err, .. } = tool;
        let bell = Bell::new().ok();
        if let Some((_, listener)) = &bell {
            self.pipes = 2;
            let (output, send, hear) = (self.output.clone(), self.send.clone(), listener.clone());
            thread::spawn(move || send.send(Event::Read(output.read(Stream::Out, out, &hear))));
            let (output, send, hear) = (self.output.clone(), self.send.clone(), listener.clone());
            thread::spawn(move || send.send(Event::Read(output.read(Stream::Err, err, &hear))));
        }
        let send = self.send.clone();
        thread::spawn(move || send.send(Event::Exited(child.wait())));
        bell.map(|(bell, _)| bell)
    }

    fn interrupt(&self, group: u32, notice: Duration, reason: &str) -> Instant {
        if !notice.is_zero() {
            self.output.note(&format!("{reason}: it has {} to end by itself.", words(notice)));
            interrupt(group);
        }
        self.board.update(|status| status.phase = Phase::Stopping);
        Instant::now() + notice
    }

    fn kill(&self, group: u32) {
        self.output.note("Killed.");
        if let Err(error) = self.tree(group).kill(self.spec.patience.give_up) {
            tracing::error!(%error, "cannot find the processes of the attempt");
        }
    }

    /// What is in the pipes is read; what a process left behind prints later is not.
    fn end_of_output(&mut self, bell: Option<Bell>) {
        let Some(bell) = bell else { return };
        bell.ring();
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.pipes > 0 && self.next(Some(deadline)).is_some() {}
    }

    /// Ends whatever the tool left behind; how many processes would not die.
    fn sweep(&self, group: u32) -> usize {
        let tree = self.tree(group);
        let survivors = (|| {
            #[cfg(unix)]
            {
                let left = tree.signal(rustix::process::Signal::TERM)?;
                if left > 0 {
                    let what = if left == 1 { "a process".to_owned() } else { format!("{left} processes") };
                    self.output.note(&format!("It left {what} running; ended now."));
                }
            }
            if tree.wait(self.spec.patience.leftovers)? { Ok(0) } else { tree.kill(self.spec.patience.give_up) }
        })();
        reap();
        survivors.unwrap_or_else(|error: io::Error| {
            tracing::error!(%error, "cannot find the processes of the attempt");
            1
        })
    }

    fn conclude(
        &mut self,
        prepared: (Prepared, Option<Marks>),
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
        let Left { outputs, gone } = self.finish(prepared, wanted, limited);
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
            (Some(Why::TooLong(limit)), _) => {
                let message = format!("it ran for {}, longer than its kind allows", words(limit));
                AttemptEnd::Failed { failure: Failure { last_line, ..failure(Cause::Other, message) } }
            }
            (None, Some(Exit::Code(0))) => AttemptEnd::Succeeded { outputs },
            (None, Some(exit)) => AttemptEnd::Failed { failure: why::ended(exit, self.output.fail(), last_line, gone) },
            (None, None) => AttemptEnd::Lost {
                reason: "the guard could not tell how the program ended".to_owned(),
                proved: survivors == 0,
            },
        }
    }

    /// Looks for what is wanted and gives the output folders back, in a thread that may hang; `limited` says not to wait for it long.
    fn finish(&mut self, prepared: (Prepared, Option<Marks>), wanted: Wanted, limited: bool) -> Left {
        let (send, attempt) = (self.send.clone(), self.spec.assignment.attempt);
        let (job, worker) = (self.spec.assignment.job.id, self.spec.worker.clone());
        let (prepared, marks) = prepared;
        let spawned = thread::Builder::new().name("finishing".into()).spawn(move || {
            let mut left = Left { outputs: Manifest { attempt, ..Manifest::default() }, gone: None };
            match wanted {
                Wanted::Outputs(began) => {
                    let remarks = changed(&prepared.inputs);
                    left.outputs = Manifest { remarks, ..manifest(&prepared.outputs, job, attempt, began) };
                }
                Wanted::Gone => left.gone = gone(&prepared.stood, &prepared.outputs, &worker),
                Wanted::Nothing => {}
            }
            drop(prepared);
            if let Some((stop, thread)) = marks {
                drop(stop);
                let _ = thread.map(thread::JoinHandle::join);
            }
            let _ = send.send(Event::Finished(left));
        });
        let is_slow = limited || !matches!(wanted, Wanted::Outputs(_));
        let deadline = is_slow.then(|| Instant::now() + self.spec.patience.give_up);
        let mut gone = None;
        while spawned.is_ok() {
            match self.next(deadline) {
                Some(Event::Finished(left)) => return left,
                None if matches!(wanted, Wanted::Gone) => {
                    gone = Some(format!("a storage of the job does not answer on {}", self.spec.worker));
                    break;
                }
                Some(Event::Orphaned) | None => break,
                Some(Event::Worker(FromWorker::Order(Order::Stop | Order::Kill | Order::Superseded))) => break,
                Some(_) => {}
            }
        }
        Left { outputs: self.nothing(), gone }
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

    fn tree(&self, group: u32) -> Tree<'_> {
        Tree { mark: &self.mark, group: Some(group), guard: true, kin: &[] }
    }

    fn nothing(&self) -> Manifest {
        Manifest { attempt: self.spec.assignment.attempt, ..Manifest::default() }
    }

    fn orphaned(&self, survivors: usize) -> AttemptEnd {
        let reason = format!("no worker came for {}", words(self.spec.patience.orphan));
        AttemptEnd::Lost { reason, proved: survivors == 0 }
    }
}

type Marks = (Sender<()>, Option<thread::JoinHandle<()>>);

/// Renews the marks in the output folders, in a thread that may hang; ends, and gives them back, when `stop` is dropped.
fn keep(taken: Taken) -> Marks {
    let (stop, stopped) = channel::<()>();
    let thread = thread::Builder::new().name("marks".into()).spawn(move || {
        while stopped.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            taken.renew();
        }
        taken.release();
    });
    (stop, thread.ok())
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
