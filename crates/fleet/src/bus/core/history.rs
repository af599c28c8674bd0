use crate::bus::{BusError, FORGET, LogEntry, LogRange};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

/// Each holder's revisions begin here, one generation above the last one's: those of records in memory never come again.
pub(crate) const GENERATION_BITS: u32 = 40;

/// A change to be kept.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Put {
        key: Arc<str>,
        revision: u64,
        value: Arc<[u8]>,
    },
    Delete {
        key: Arc<str>,
    },
    /// The entries follow the log's end.
    Append {
        log: Arc<str>,
        entries: Vec<Arc<[u8]>>,
    },
    /// Entries below `first` go; the whole log, if that is [`FORGET`].
    Truncate {
        log: Arc<str>,
        first: u64,
    },
}

impl Op {
    /// The record, or the log, that it changes.
    pub(crate) fn name(&self) -> Arc<str> {
        match self {
            Self::Put { key: name, .. }
            | Self::Delete { key: name }
            | Self::Append { log: name, .. }
            | Self::Truncate { log: name, .. } => name.clone(),
        }
    }
}

/// Where records and logs are kept. Called by one thread at a time, but for `read`.
pub(crate) trait History: Send + Sync + 'static {
    /// All or nothing; answers the ranges of the logs that were touched, each log's last change last.
    /// Not `durable` may be lost in a crash, never reordered.
    fn commit(&self, ops: &[Op], durable: bool) -> Result<Vec<(Arc<str>, LogRange)>, BusError>;
    /// The ranges of all logs, as they are after a failed commit.
    fn ranges(&self) -> Result<HashMap<Arc<str>, LogRange>, BusError>;
    /// Makes everything durable.
    fn flush(&self) -> Result<(), BusError>;
    /// Entries from `from`, at least one if there is one, about `bytes` of them.
    fn read(&self, log: &str, from: u64, bytes: usize) -> Result<Vec<LogEntry>, BusError>;
    /// Nothing is touched any more.
    fn close(&self);
    /// Whether its methods take so long that they must not run on a thread of the runtime.
    fn is_slow(&self) -> bool;
}

#[derive(Default)]
struct Log {
    first: u64,
    bytes: u64,
    entries: VecDeque<Arc<[u8]>>,
}

impl Log {
    fn range(&self) -> LogRange {
        LogRange { first: self.first, end: self.first + self.entries.len() as u64 }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.bytes -= oldest.len() as u64;
            self.first += 1;
        }
    }
}

/// Logs in memory; records are the core's own.
pub(crate) struct Memory {
    log_bytes: u64,
    logs: Mutex<HashMap<Arc<str>, Log>>,
}

impl Memory {
    pub(crate) fn new(log_bytes: u64) -> Self {
        Self { log_bytes, logs: Mutex::default() }
    }
}

impl History for Memory {
    fn commit(&self, ops: &[Op], _durable: bool) -> Result<Vec<(Arc<str>, LogRange)>, BusError> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ranges = Vec::new();
        for op in ops {
            match op {
                Op::Put { .. } | Op::Delete { .. } => {}
                Op::Append { log: name, entries } => {
                    let log = logs.entry(name.clone()).or_default();
                    log.bytes += entries.iter().map(|entry| entry.len() as u64).sum::<u64>();
                    log.entries.extend(entries.iter().cloned());
                    while log.bytes > self.log_bytes && log.entries.len() > 1 {
                        log.drop_oldest();
                    }
                    ranges.push((name.clone(), log.range()));
                }
                Op::Truncate { log: name, first: FORGET } => {
                    logs.remove(name);
                    ranges.push((name.clone(), LogRange::default()));
                }
                Op::Truncate { log: name, first } => {
                    let log = logs.entry(name.clone()).or_default();
                    while log.first < *first && !log.entries.is_empty() {
                        log.drop_oldest();
                    }
                    ranges.push((name.clone(), log.range()));
                }
            }
        }
        Ok(ranges)
    }

    fn ranges(&self) -> Result<HashMap<Arc<str>, LogRange>, BusError> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(logs.iter().map(|(name, log)| (name.clone(), log.range())).collect())
    }

    fn flush(&self) -> Result<(), BusError> {
        Ok(())
    }

    fn read(&self, log: &str, from: u64, bytes: usize) -> Result<Vec<LogEntry>, BusError> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(log) = logs.get(log) else { return Ok(Vec::new()) };
        let skipped = usize::try_from(from.saturating_sub(log.first)).unwrap_or(usize::MAX);
        let start = log.first.max(from);
        let mut taken = 0;
        Ok(log
            .entries
            .iter()
            .skip(skipped)
            .zip(start..)
            .take_while(|(entry, _)| {
                let fits = taken == 0 || taken + entry.len() <= bytes;
                taken += entry.len().max(1);
                fits
            })
            .map(|(entry, seq)| LogEntry { seq, value: entry.to_vec() })
            .collect())
    }

    fn close(&self) {}

    fn is_slow(&self) -> bool {
        false
    }
}
