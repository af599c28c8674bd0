//! What the forms of the bus that live in one process have in common.
//!
//! Theory of operation. Every change of a record or log is a [`Command`]. Commands are carried out one after the other, in
//! batches: a batch is checked against the records and against itself ([`Staged`]), kept ([`History::commit`]), made visible
//! to reads and watches under one lock, and only then answered. Whoever has an answer can therefore rely on it, and no watch
//! sees what a crash could take back. With a slow history a thread of its own does this, so that the commands which come
//! during a commit share the next one; else the caller does.
//!
//! Requests do not pass through here: they go straight into the queue of whoever serves them.

mod endpoint;
mod history;
mod records;
mod services;

pub(crate) use endpoint::{Endpoint, LogChunk, WatchFeed, check_size, log_stream};
pub(crate) use history::{GENERATION_BITS, History, Memory, Op};
pub(crate) use records::{ConnId, Record, WatchLimits};

use super::{BusError, FORGET, LogRange, local::Limits};
use records::{Records, Staged, Wanted};
use services::Services;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Bytes of commands that may wait to be carried out; whoever has more waits.
const WAITING_KIB: u32 = 32 * 1024;
/// Commands in one batch.
const BATCH: usize = 512;
/// For how long log entries may stay undurable.
const FLUSH_AFTER: Duration = Duration::from_millis(200);

pub(crate) enum Task {
    /// All of them or none. Answers their revisions.
    Write {
        writes: Vec<Wanted>,
        owner: ConnId,
    },
    /// Answers the log's end.
    Append {
        log: String,
        first: u64,
        entries: Vec<Arc<[u8]>>,
    },
    Truncate {
        log: String,
        first: u64,
    },
    /// Records whose time has come go.
    Expire,
    /// A connection has gone, and its records with a ttl with it.
    Leave(ConnId),
    /// Everything is made durable, and nothing is carried out any more.
    Close,
}

/// Numbers, where a task has some to tell.
type Answer = Result<Vec<u64>, BusError>;

pub(crate) struct Command {
    task: Task,
    answer: Option<oneshot::Sender<Answer>>,
    _space: Option<OwnedSemaphorePermit>,
}

enum Executor {
    /// The caller carries out, one at a time.
    Inline(Mutex<()>),
    /// A thread does.
    Thread(mpsc::Sender<Command>),
}

struct State {
    records: Records,
    services: Services,
    logs: HashMap<Arc<str>, LogRange>,
    /// Readers that wait for a log to grow.
    readers: HashMap<String, Arc<Notify>>,
}

/// Records, logs and services of one bus.
pub(crate) struct Core {
    state: Mutex<State>,
    history: Arc<dyn History>,
    executor: Executor,
    space: Arc<Semaphore>,
    limits: Limits,
    /// A record with a ttl was put.
    deadlines: Arc<Notify>,
    closed: CancellationToken,
    next_conn: AtomicU64,
    /// The last thing that was to be kept was not.
    failing: AtomicBool,
}

impl Core {
    /// A bus in memory.
    pub(crate) fn in_memory(limits: Limits) -> Arc<Self> {
        let history = Arc::new(Memory::new(limits.log_bytes));
        Self::build(history, Executor::Inline(Mutex::default()), BTreeMap::new(), 0, HashMap::new(), limits)
    }

    /// A bus on a history, with what it held. Revisions begin after `revision`.
    pub(crate) fn on(
        history: Arc<dyn History>,
        records: BTreeMap<Arc<str>, Record>,
        revision: u64,
        logs: HashMap<Arc<str>, LogRange>,
        limits: Limits,
    ) -> std::io::Result<Arc<Self>> {
        let (sender, commands) = mpsc::channel();
        let core = Self::build(history, Executor::Thread(sender), records, revision, logs, limits);
        let weak = Arc::downgrade(&core);
        std::thread::Builder::new().name("samepath-bus".to_owned()).spawn(move || run(&weak, &commands))?;
        Ok(core)
    }

    fn build(
        history: Arc<dyn History>,
        executor: Executor,
        records: BTreeMap<Arc<str>, Record>,
        revision: u64,
        logs: HashMap<Arc<str>, LogRange>,
        limits: Limits,
    ) -> Arc<Self> {
        let watch_limits = WatchLimits { changes: limits.watch_changes, bytes: limits.watch_bytes };
        let core = Arc::new(Self {
            state: Mutex::new(State {
                records: Records::new(records, revision, watch_limits),
                services: Services::default(),
                logs,
                readers: HashMap::new(),
            }),
            history,
            executor,
            space: Arc::new(Semaphore::new(WAITING_KIB as usize)),
            limits,
            deadlines: Arc::new(Notify::new()),
            closed: CancellationToken::new(),
            next_conn: AtomicU64::new(1),
            failing: AtomicBool::new(false),
        });
        tokio::spawn(expire(Arc::downgrade(&core), core.deadlines.clone(), core.closed.clone()));
        core
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new_conn(&self) -> ConnId {
        self.next_conn.fetch_add(1, Ordering::Relaxed)
    }

    /// Cancelled once this bus is over.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Carries out, and waits for the answer.
    pub(crate) async fn call(&self, task: Task) -> Answer {
        let bytes = match &task {
            Task::Write { writes, .. } => writes.iter().map(Wanted::bytes).sum(),
            Task::Append { entries, .. } => entries.iter().map(|entry| entry.len() + 32).sum(),
            _ => 0,
        };
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(WAITING_KIB).min(WAITING_KIB);
        let space = self.space.clone().acquire_many_owned(kib).await.ok();
        let (answer, answered) = oneshot::channel();
        self.hand_over(Command { task, answer: Some(answer), _space: space });
        answered.await.unwrap_or(Err(BusError::Closed))
    }

    /// Carries out some time soon.
    pub(crate) fn tell(&self, task: Task) {
        self.hand_over(Command { task, answer: None, _space: None });
    }

    fn hand_over(&self, command: Command) {
        match &self.executor {
            Executor::Inline(turn) => {
                let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                self.carry_out(vec![command]);
            }
            // Nobody there any more: the answer is dropped, which is an answer.
            Executor::Thread(commands) => drop(commands.send(command)),
        }
    }

    /// Flushes and ends: streams end, calls fail.
    pub(crate) async fn close(&self) {
        drop(self.call(Task::Close).await);
        self.end();
    }

    fn end(&self) {
        self.closed.cancel();
        self.state().services.clear();
    }

    fn carry_out(&self, commands: Vec<Command>) {
        if self.closed.is_cancelled() {
            for answer in commands.into_iter().filter_map(|command| command.answer) {
                drop(answer.send(Err(BusError::Closed)));
            }
            return;
        }
        let mut ops = Vec::new();
        let mut answers = Vec::new();
        let mut ends: HashMap<Arc<str>, u64> = HashMap::new();
        let staged = {
            let state = self.state();
            let mut staged = Staged::on(&state.records);
            for command in &commands {
                answers.push(stage(&state, &mut staged, &mut ends, &mut ops, &command.task));
            }
            staged
        };
        let durable = ops.iter().any(|op| matches!(op, Op::Put { .. } | Op::Delete { .. }));
        let committed = if ops.is_empty() { Ok(Vec::new()) } else { self.commit(&ops, durable) };
        match committed {
            Ok(ranges) => {
                self.apply(staged, ranges);
                for (command, result) in commands.into_iter().zip(answers) {
                    if let Some(answer) = command.answer {
                        drop(answer.send(result));
                    }
                }
            }
            Err(error) => {
                self.reload_ranges();
                if commands.len() > 1 {
                    // Those that need no history shall not suffer from those that do.
                    for command in commands {
                        self.carry_out(vec![command]);
                    }
                } else if let Some(answer) = commands.into_iter().find_map(|command| command.answer) {
                    drop(answer.send(Err(error)));
                }
            }
        }
    }

    /// Says once that nothing is kept: a disk may stay full for long, and whoever asked asks again.
    fn commit(&self, ops: &[Op], durable: bool) -> Result<Vec<(Arc<str>, LogRange)>, BusError> {
        let committed = self.history.commit(ops, durable);
        let failed_before = self.failing.swap(committed.is_err(), Ordering::Relaxed);
        if let Err(error) = &committed {
            match failed_before {
                true => tracing::debug!(%error, "the history was not written"),
                false => tracing::warn!(%error, "the history was not written"),
            }
        }
        committed
    }

    fn apply(&self, staged: Staged, ranges: Vec<(Arc<str>, LogRange)>) {
        let mut state = self.state();
        state.records.apply(staged);
        for (log, range) in ranges {
            if let Some(reader) = state.readers.get(&*log) {
                reader.notify_waiters();
            }
            if range.end == 0 {
                state.logs.remove(&log);
            } else {
                state.logs.insert(log, range);
            }
        }
        drop(state);
        self.deadlines.notify_one();
    }

    fn reload_ranges(&self) {
        match self.history.ranges() {
            Ok(ranges) => self.state().logs = ranges,
            Err(error) => tracing::warn!(%error, "the history cannot be read"),
        }
    }
}

fn stage(
    state: &State,
    staged: &mut Staged,
    ends: &mut HashMap<Arc<str>, u64>,
    ops: &mut Vec<Op>,
    task: &Task,
) -> Answer {
    match task {
        Task::Write { writes, owner } => staged.write(&state.records, writes, *owner, ops),
        Task::Append { log, first, entries } => {
            let log: Arc<str> = log.as_str().into();
            let end = ends.get(&log).copied().unwrap_or_else(|| state.logs.get(&log).map_or(0, |range| range.end));
            let Some(known) = end.checked_sub(*first) else {
                return Err(BusError::Gap { log: log.to_string(), first: *first, end });
            };
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            let new: Vec<_> = entries.iter().skip(known).cloned().collect();
            let end = end + new.len() as u64;
            if !new.is_empty() {
                ends.insert(log.clone(), end);
                ops.push(Op::Append { log, entries: new });
            }
            Ok(vec![end])
        }
        Task::Truncate { log, first } => {
            if state.logs.contains_key(log.as_str()) || ends.contains_key(log.as_str()) {
                if *first == FORGET {
                    ends.insert(log.as_str().into(), 0);
                }
                ops.push(Op::Truncate { log: log.as_str().into(), first: *first });
            }
            Ok(Vec::new())
        }
        Task::Expire => {
            let now = Instant::now();
            staged.remove_fleeting(&state.records, |fleeting| fleeting.until <= now);
            Ok(Vec::new())
        }
        Task::Leave(conn) => {
            staged.remove_fleeting(&state.records, |fleeting| fleeting.owner == *conn);
            Ok(Vec::new())
        }
        Task::Close => Ok(Vec::new()),
    }
}

/// The thread of a slow history.
fn run(core: &Weak<Core>, commands: &mpsc::Receiver<Command>) {
    let mut dirty = false;
    loop {
        let first = if dirty {
            commands.recv_timeout(FLUSH_AFTER)
        } else {
            commands.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        };
        let Some(core) = core.upgrade() else { return };
        match first {
            Ok(command) => {
                let mut batch = vec![command];
                batch.extend(commands.try_iter().take(BATCH - 1));
                let closing = batch.iter().position(|command| matches!(command.task, Task::Close));
                let after = closing.map(|index| batch.split_off(index));
                dirty |=
                    batch.iter().any(|command| matches!(command.task, Task::Append { .. } | Task::Truncate { .. }));
                core.carry_out(batch);
                if let Some(after) = after {
                    if let Err(error) = core.history.flush() {
                        tracing::warn!(%error, "the history was not written at the end");
                    }
                    core.end();
                    core.history.close();
                    core.carry_out(after);
                    return;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Err(error) = core.history.flush() {
                    tracing::warn!(%error, "the log was not written");
                    core.reload_ranges();
                }
                dirty = false;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Takes away what has expired, when it has. Does not keep the core alive while it waits.
async fn expire(core: Weak<Core>, deadlines: Arc<Notify>, closed: CancellationToken) {
    loop {
        let next = {
            let Some(core) = core.upgrade() else { return };
            let next = core.state().records.next_expiry();
            if next.is_some_and(|at| at <= Instant::now()) {
                // Waits for its turn, so that this does not spin while a commit takes long.
                drop(core.call(Task::Expire).await);
                continue;
            }
            next
        };
        let expired = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => {}
            () = deadlines.notified() => {}
            () = closed.cancelled() => return,
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}
