//! Which messages the logs are in, and what each holds.

use super::stream::{Kept, number};
use crate::bus::{LogEntry, LogRange};
use async_nats::{HeaderMap, jetstream::message::PublishMessage};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio_util::bytes::Bytes;

/// The number of the first entry in a message.
const FIRST: &str = "Samepath-First";
/// How many are in it.
const COUNT: &str = "Samepath-Count";
/// The oldest entry that the log had when it was written.
const OLDEST: &str = "Samepath-Oldest";
/// Bytes of entries in one message.
const CHUNK: usize = 192 * 1024;
/// Bytes before each entry.
const LENGTH: u64 = 4;
/// What a message costs beyond its bytes.
const COST: u64 = 256;

/// One message of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunk {
    first: u64,
    count: u64,
    sequence: u64,
    /// Of its entries.
    bytes: u64,
}

impl Chunk {
    fn end(self) -> u64 {
        self.first + self.count
    }

    fn cost(self) -> u64 {
        self.bytes + COST
    }
}

/// One log.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    first: u64,
    end: u64,
    chunks: VecDeque<Chunk>,
    bytes: u64,
    /// Messages that no entry is needed of any more are still there.
    stale: u64,
}

/// Where a read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) messages: usize,
    /// No entry from there on is there to be read.
    pub(super) end: u64,
}

impl Log {
    pub(super) fn range(&self) -> LogRange {
        LogRange { first: self.first, end: self.end }
    }

    fn take(&mut self, chunk: Chunk, oldest: u64) {
        self.end = self.end.max(chunk.end());
        self.first = self.first.max(oldest);
        self.bytes += chunk.bytes;
        self.chunks.push_back(chunk);
    }

    /// Forgets the oldest message; the newest stays.
    fn drop_oldest(&mut self) -> u64 {
        if self.chunks.len() < 2 {
            return 0;
        }
        let Some(oldest) = self.chunks.pop_front() else { return 0 };
        self.bytes -= oldest.bytes;
        self.stale += oldest.cost();
        self.first = self.first.max(oldest.end());
        oldest.cost()
    }

    /// Forgets messages of which no entry is needed.
    fn drop_below(&mut self, first: u64) -> u64 {
        let mut freed = 0;
        while self.chunks.len() > 1 && self.chunks.front().is_some_and(|chunk| chunk.end() <= first) {
            freed += self.drop_oldest();
        }
        self.first = self.first.max(first.min(self.end));
        freed
    }

    /// The messages to be read for the entries from `from` on: at least one, and about `bytes`.
    pub(super) fn place(&self, from: u64, bytes: usize) -> Option<Place> {
        let begin = self.chunks.partition_point(|chunk| chunk.end() <= from);
        let start = self.chunks.get(begin)?;
        let (mut size, mut messages, mut end) = (0, 0, start.first);
        for chunk in self.chunks.range(begin..) {
            size += chunk.bytes + COST;
            if messages > 0 && size > bytes as u64 {
                break;
            }
            messages += 1;
            end = chunk.end();
        }
        Some(Place { sequence: start.sequence, messages, end })
    }
}

/// All logs.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) logs: HashMap<Arc<str>, Log>,
    /// Bytes of all of them, on the server.
    bytes: u64,
}

impl Index {
    /// Takes in a message that is there, of which only the head was read. None if it is not one of ours.
    pub(super) fn found(&mut self, log: &str, sequence: u64, headers: &HeaderMap) -> Option<()> {
        let (first, count) = (number(Some(headers), FIRST)?, number(Some(headers), COUNT)?);
        let oldest = number(Some(headers), OLDEST)?;
        let bytes = number(Some(headers), "Nats-Msg-Size")?.checked_sub(count.checked_mul(LENGTH)?)?;
        self.add(log, Chunk { first, count, sequence, bytes }, oldest);
        Some(())
    }

    /// Once all that is there was taken in: what no entry is needed of goes, and what was lost is no hole.
    pub(super) fn settle(&mut self) {
        for log in self.logs.values_mut() {
            let begin = log.chunks.front().map_or(log.end, |chunk| chunk.first);
            log.first = log.first.max(begin).min(log.end);
            self.bytes -= log.drop_below(log.first);
        }
    }

    fn add(&mut self, log: &str, chunk: Chunk, oldest: u64) {
        self.bytes += chunk.cost();
        match self.logs.get_mut(log) {
            Some(log) => log.take(chunk, oldest),
            None => {
                let mut new = Log { first: chunk.first, end: chunk.first, ..Log::default() };
                new.take(chunk, oldest);
                self.logs.insert(log.into(), new);
            }
        }
    }

    /// Takes in what was written.
    pub(super) fn written(&mut self, log: &str, piece: &Piece, sequence: u64, limit: u64) -> LogRange {
        let bytes = piece.payload.len() as u64 - piece.count * LENGTH;
        let chunk = Chunk { first: piece.first, count: piece.count, sequence, bytes };
        self.add(log, chunk, piece.oldest);
        let Some(log) = self.logs.get_mut(log) else { return LogRange::default() };
        self.bytes -= log.drop_below(piece.oldest);
        while log.bytes > limit && log.chunks.len() > 1 {
            self.bytes -= log.drop_oldest();
        }
        log.range()
    }

    pub(super) fn range(&self, log: &str) -> LogRange {
        self.logs.get(log).map(Log::range).unwrap_or_default()
    }

    pub(super) fn ranges(&self) -> HashMap<Arc<str>, LogRange> {
        self.logs.iter().map(|(name, log)| (name.clone(), log.range())).collect()
    }

    pub(super) fn forget(&mut self, log: &str) {
        if let Some(log) = self.logs.remove(log) {
            self.bytes -= log.chunks.iter().map(|chunk| chunk.cost()).sum::<u64>();
        }
    }

    /// Where all logs together have more than `limit` bytes, the oldest messages go, whosever they are. A little more goes than
    /// must, so that this is rare.
    pub(super) fn make_room(&mut self, limit: u64) -> Vec<(Arc<str>, LogRange)> {
        let mut changed = HashMap::new();
        if self.bytes <= limit {
            return Vec::new();
        }
        while self.bytes > limit - limit / 16 {
            let oldest = self.logs.iter_mut().filter(|(_, log)| log.chunks.len() > 1);
            let oldest = oldest.min_by_key(|(_, log)| log.chunks.front().map_or(u64::MAX, |chunk| chunk.sequence));
            let Some((name, log)) = oldest else { break };
            self.bytes -= log.drop_oldest();
            changed.insert(name.clone(), log.range());
        }
        changed.into_iter().collect()
    }

    /// Logs of which more than `bytes` are on the server for nothing, and the number of the first message that each needs.
    pub(super) fn stale(&mut self, bytes: u64) -> Vec<(Arc<str>, u64)> {
        let stale = self.logs.iter_mut().filter(|(_, log)| log.stale > bytes);
        stale
            .filter_map(|(name, log)| {
                log.stale = 0;
                Some((name.clone(), log.chunks.front()?.sequence))
            })
            .collect()
    }
}

/// What becomes one message: entries that follow one another; none, where it only says which is the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    first: u64,
    count: u64,
    oldest: u64,
    payload: Vec<u8>,
}

impl Piece {
    /// Entries as messages. `range` is what the log has before.
    pub(super) fn of(entries: &[Arc<[u8]>], range: LogRange) -> Vec<Self> {
        let mut pieces: Vec<Self> = Vec::new();
        for (entry, number) in entries.iter().zip(range.end..) {
            match pieces.last_mut() {
                Some(piece) if piece.payload.len() + entry.len() <= CHUNK => piece.push(entry),
                _ => {
                    let mut piece = Self { first: number, count: 0, oldest: range.first, payload: Vec::new() };
                    piece.push(entry);
                    pieces.push(piece);
                }
            }
        }
        pieces
    }

    /// Says that the oldest entry of a log is `oldest`.
    pub(super) fn truncation(end: u64, oldest: u64) -> Self {
        Self { first: end, count: 0, oldest, payload: Vec::new() }
    }

    fn push(&mut self, entry: &[u8]) {
        // No entry is larger than `MAX_LOG_ENTRY`.
        self.payload.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.payload.extend_from_slice(entry);
        self.count += 1;
    }

    pub(super) fn message(&self) -> PublishMessage {
        PublishMessage::build()
            .header(FIRST, self.first.to_string())
            .header(COUNT, self.count.to_string())
            .header(OLDEST, self.oldest.to_string())
            .payload(Bytes::from(self.payload.clone()))
    }
}

/// The entries in a message; none if it is not one of ours.
pub(super) fn entries(message: &Kept) -> Option<Vec<LogEntry>> {
    let first = number(Some(&message.headers), FIRST)?;
    let mut rest = message.payload.as_slice();
    let mut entries = Vec::new();
    for seq in first.. {
        let Some((size, after)) = rest.split_first_chunk::<4>() else { break };
        let (value, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*size)).ok()?)?;
        entries.push(LogEntry { seq, value: value.to_vec() });
        rest = after;
    }
    rest.is_empty().then_some(entries)
}
