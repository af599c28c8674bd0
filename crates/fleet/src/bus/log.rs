use futures::stream::{BoxStream, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number; they count from 0.
    pub seq: u64,
    /// The bytes that were appended.
    pub value: Vec<u8>,
}

/// Which entries a log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRange {
    /// The oldest that is still there; equal to `end` if there is none.
    pub first: u64,
    /// The number that the next entry will have.
    pub end: u64,
}

/// What a [`LogReader`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogItem {
    /// An entry.
    Entry(LogEntry),
    /// What was there when reading began has been told; comes exactly once.
    End,
}

/// The entries of a log, as they are and as they come. Dropping it ends it.
pub struct LogReader {
    range: LogRange,
    items: BoxStream<'static, LogItem>,
}

impl LogReader {
    /// A reader that tells these items, which keep the order that [`Bus::log`](super::Bus::log) promises.
    pub fn new(range: LogRange, items: impl Stream<Item = LogItem> + Send + 'static) -> Self {
        Self { range, items: items.fuse().boxed() }
    }

    /// What the log had when reading began.
    pub fn range(&self) -> LogRange {
        self.range
    }

    /// The next item; none once the bus is closed. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<LogItem> {
        self.items.next().await
    }
}

impl fmt::Debug for LogReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogReader").field("range", &self.range).finish_non_exhaustive()
    }
}
