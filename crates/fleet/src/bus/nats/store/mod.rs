//! Records and logs in two streams of the server.
//!
//! A record is the last message of its subject. One that was removed is a message that says so, which the server drops after a
//! while. A log is the messages of its subject, each with as many entries as came together.

mod index;
mod open;
mod stream;

pub(super) use open::Claimed;

use super::{Disk, NatsSettings, identity::token};
use crate::bus::{
    BusError, FORGET, Limits, LogEntry, LogRange,
    core::{History, Op, Record},
};
use async_nats::{Client, jetstream::message::PublishMessage};
use index::{Index, Piece};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use stream::{Stream, UnderWay, Unwritten, Wanted, late};
use tokio::runtime::Handle;
use tokio_util::{bytes::Bytes, sync::CancellationToken};

const RECORD: &str = "samepath.record";
const LOG: &str = "samepath.log";
/// Which hub holds the bus.
const REIGN: &str = "samepath.reign";
/// Which hub writes the logs.
const LOG_REIGN: &str = "samepath.logs.reign";
/// Of a record.
const REVISION: &str = "Samepath-Revision";
/// In the place of a record that was removed.
const REMOVED: &str = "Samepath-Removed";
/// For how long that is said. Longer than any read of all records takes.
const SAID: Duration = Duration::from_secs(3600);
/// How often a hub looks whether another one has taken over.
const LOOKING: Duration = Duration::from_secs(3);
/// For the server to say what it has.
const ASKING: Duration = Duration::from_secs(2);
/// The part of a log's limit that may lie on the server for nothing.
const STALE: u64 = 16;

/// The streams, as long as nobody else has taken them over.
pub(super) struct Store {
    records: Stream,
    logs: Stream,
    reign: u64,
    limits: Limits,
    runtime: Handle,
    state: Mutex<State>,
    disk: Option<Disk>,
    /// Cancelled when this store must not be used any more.
    over: CancellationToken,
}

/// What the streams hold.
struct State {
    /// The last message of each.
    last_record: u64,
    last_log: u64,
    index: Index,
    /// Set once the server cannot write any more. What is there is read; it is claimed anew from the next server.
    ailing: Option<Ailing>,
}

/// Why the server cannot write.
struct Ailing {
    why: BusError,
    /// Records and logs that were on their way then, where some of them are kept.
    unsure: HashSet<Arc<str>>,
}

/// What was there when the bus was taken over.
pub(super) struct Opened {
    pub(super) records: BTreeMap<Arc<str>, Record>,
    pub(super) logs: HashMap<Arc<str>, LogRange>,
    /// Revisions begin after this one.
    pub(super) revision: u64,
    pub(super) reign: u64,
}

impl Store {
    /// Takes the bus over, whoever had it. [`BusError::Unreachable`] if somebody else just did.
    pub(super) async fn claim(
        client: &Client,
        settings: &NatsSettings,
        over: CancellationToken,
    ) -> Result<Claimed, BusError> {
        open::claim(client, settings, over).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when this store is over, and ends it when another hub has taken over.
    pub(super) async fn watch_over(&self) {
        loop {
            tokio::select! {
                () = self.over.cancelled() => return,
                () = tokio::time::sleep(LOOKING) => {}
            }
            match self.records.get(&Wanted::last(REIGN)).await {
                Ok(Some(kept)) if open::reign_of(&kept) == Some(self.reign) => {}
                Ok(_) => {
                    tracing::info!("another hub holds the lab's bus now");
                    self.over.cancel();
                }
                // A connection that is broken is noticed elsewhere.
                Err(error) => tracing::debug!(%error, "cannot see who holds the lab's bus"),
            }
        }
    }

    fn failed(&self, unwritten: Unwritten) -> BusError {
        // Nobody knows what of it was written: it is read anew.
        self.over.cancel();
        match unwritten {
            Unwritten::Overtaken => {
                tracing::info!("another hub writes the lab's bus now");
                BusError::Unreachable
            }
            Unwritten::Bus(error) => error,
        }
    }

    /// Keeps, unless the disk takes nothing: that is seen before the server is waited for in vain.
    async fn keep_or_say(&self, ops: &[Op]) -> Result<Vec<(Arc<str>, LogRange)>, BusError> {
        let Some(disk) = &self.disk else { return self.keep(ops).await.map_err(|unwritten| self.failed(unwritten)) };
        let why = tokio::select! {
            kept = self.keep(ops) => match kept {
                Ok(ranges) => return Ok(ranges),
                Err(unwritten @ Unwritten::Overtaken) => return Err(self.failed(unwritten)),
                Err(Unwritten::Bus(error)) => match disk.fault().await {
                    Some(why) => why,
                    None => return Err(self.failed(Unwritten::Bus(error))),
                },
            },
            why = disk.at_fault() => why,
        };
        let unsure = if self.is_as_it_was().await { HashSet::new() } else { ops.iter().map(Op::name).collect() };
        self.state().ailing = Some(Ailing { why, unsure });
        disk.has_failed();
        Err(self.refusal(ops).unwrap_or_else(late))
    }

    /// Whether nothing was written since the last that was answered. No, where the server does not say.
    async fn is_as_it_was(&self) -> bool {
        let (last_record, last_log) = {
            let state = self.state();
            (state.last_record, state.last_log)
        };
        let ends = tokio::time::timeout(ASKING, futures::future::try_join(self.records.end(), self.logs.end()));
        matches!(ends.await, Ok(Ok(ends)) if ends == (last_record, last_log))
    }

    /// Why none of it is tried, where the server cannot write.
    fn refusal(&self, ops: &[Op]) -> Option<BusError> {
        let state = self.state();
        let ailing = state.ailing.as_ref()?;
        let is_sure = ops.iter().all(|op| !ailing.unsure.contains(&op.name()));
        Some(if is_sure { ailing.why.clone() } else { late() })
    }

    async fn keep(&self, ops: &[Op]) -> Result<Vec<(Arc<str>, LogRange)>, Unwritten> {
        let (last_record, last_log) = {
            let state = self.state();
            (state.last_record, state.last_log)
        };
        let mut records = UnderWay::after(&self.records, last_record);
        let mut logs = UnderWay::after(&self.logs, last_log);
        let mut written = Written { ranges: HashMap::new(), pieces: Vec::new() };
        let mut ranges = Vec::new();
        for op in ops {
            match op {
                Op::Put { key, revision, value } => {
                    let message = PublishMessage::build().header(REVISION, revision.to_string());
                    let message = message.payload(Bytes::copy_from_slice(value));
                    records.send(format!("{RECORD}.{}", token(key)), message).await?;
                }
                Op::Delete { key } => {
                    let message = PublishMessage::build().header(REMOVED, "1").ttl(SAID);
                    records.send(format!("{RECORD}.{}", token(key)), message).await?;
                }
                Op::Append { log, entries } => {
                    let range = written.range(self, log);
                    for piece in Piece::of(entries, range) {
                        written.send(&mut logs, log, piece).await?;
                    }
                    let end = range.end + entries.len() as u64;
                    written.ranges.insert(log.clone(), LogRange { end, ..range });
                }
                Op::Truncate { log, first: FORGET } => {
                    let last = logs.finish().await?;
                    ranges.extend(self.take_in(last, &mut written));
                    self.purge(log, None).await?;
                    self.state().index.forget(log);
                    ranges.push((log.clone(), LogRange::default()));
                    logs = UnderWay::after(&self.logs, last);
                }
                Op::Truncate { log, first } => {
                    let range = written.range(self, log);
                    let first = (*first).clamp(range.first, range.end);
                    written.send(&mut logs, log, Piece::truncation(range.end, first)).await?;
                    written.ranges.insert(log.clone(), LogRange { first, ..range });
                }
            }
        }
        let last_record = records.finish().await?;
        let last_log = logs.finish().await?;
        self.state().last_record = last_record;
        ranges.extend(self.take_in(last_log, &mut written));
        let stale = {
            let mut state = self.state();
            ranges.extend(state.index.make_room(self.limits.all_log_bytes));
            state.index.stale(self.limits.log_bytes / STALE)
        };
        for (log, from) in stale {
            self.purge(&log, Some(from)).await?;
        }
        Ok(ranges)
    }

    /// What was written is there.
    fn take_in(&self, last: u64, written: &mut Written) -> Vec<(Arc<str>, LogRange)> {
        let mut state = self.state();
        state.last_log = last;
        written.ranges.clear();
        let pieces = std::mem::take(&mut written.pieces);
        pieces
            .into_iter()
            .map(|(log, piece, sequence)| {
                let range = state.index.written(&log, &piece, sequence, self.limits.log_bytes);
                (log, range)
            })
            .collect()
    }

    /// Frees the room of a log's messages below a number; of all of them without one.
    async fn purge(&self, log: &str, below: Option<u64>) -> Result<(), Unwritten> {
        // Not fenced by the server: who has lost the bus must not remove anything.
        match self.records.get(&Wanted::last(REIGN)).await.map_err(Unwritten::Bus)? {
            Some(kept) if open::reign_of(&kept) == Some(self.reign) => {}
            _ => return Err(Unwritten::Overtaken),
        }
        self.logs.purge(&format!("{LOG}.{}", token(log)), below).await.map_err(Unwritten::Bus)
    }

    async fn read_log(&self, log: &str, from: u64, bytes: usize) -> Result<Vec<LogEntry>, BusError> {
        let place = {
            let state = self.state();
            let found = state.index.logs.get(log);
            found.and_then(|found| Some((found.place(from, bytes)?, found.range())))
        };
        let Some((place, range)) = place else { return Ok(Vec::new()) };
        let subject = format!("{LOG}.{}", token(log));
        let messages = self.logs.get_from(place.sequence, &subject, place.messages).await?;
        let mut found = Vec::new();
        for message in &messages {
            let Some(entries) = index::entries(message) else {
                return Err(self.logs.refused("a message of a log cannot be read"));
            };
            found.extend(entries);
        }
        let wanted = from.max(range.first)..place.end;
        found.retain(|entry| wanted.contains(&entry.seq));
        Ok(found)
    }
}

/// Entries that are on their way.
struct Written {
    /// What the logs will have.
    ranges: HashMap<Arc<str>, LogRange>,
    pieces: Vec<(Arc<str>, Piece, u64)>,
}

impl Written {
    fn range(&self, store: &Store, log: &str) -> LogRange {
        self.ranges.get(log).copied().unwrap_or_else(|| store.state().index.range(log))
    }

    async fn send(&mut self, logs: &mut UnderWay<'_>, log: &Arc<str>, piece: Piece) -> Result<(), Unwritten> {
        let sequence = logs.send(format!("{LOG}.{}", token(log)), piece.message()).await?;
        self.pieces.push((log.clone(), piece, sequence));
        Ok(())
    }
}

impl History for Store {
    fn commit(&self, ops: &[Op], _durable: bool) -> Result<Vec<(Arc<str>, LogRange)>, BusError> {
        if self.over.is_cancelled() {
            return Err(BusError::Unreachable);
        }
        match self.refusal(ops) {
            Some(why) => Err(why),
            None => self.runtime.block_on(self.keep_or_say(ops)),
        }
    }

    fn ranges(&self) -> Result<HashMap<Arc<str>, LogRange>, BusError> {
        Ok(self.state().index.ranges())
    }

    fn flush(&self) -> Result<(), BusError> {
        Ok(())
    }

    fn read(&self, log: &str, from: u64, bytes: usize) -> Result<Vec<LogEntry>, BusError> {
        self.runtime.block_on(self.read_log(log, from, bytes))
    }

    fn close(&self) {}

    fn is_slow(&self) -> bool {
        true
    }
}
