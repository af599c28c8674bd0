use crate::bus::{LogItem as BusItem, LogReader};
use samepath_wire::{AttemptRef, LogLine};

/// One step of a [`JobLog`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogItem {
    /// A line.
    Line(LogLine),
    /// The end of what was there when reading began; comes once.
    Current,
}

/// What one attempt prints: from where one asked, then live. It does not end with the attempt: whoever reads knows from the
/// job's record that nothing more will come. Lines that the history has dropped show as a jump in their numbers.
#[derive(Debug)]
pub struct JobLog {
    reader: LogReader,
}

impl JobLog {
    pub(crate) fn new(reader: LogReader) -> Self {
        Self { reader }
    }

    /// The number of the oldest line that is kept, when reading began.
    pub fn first(&self) -> u64 {
        self.reader.range().first
    }

    /// The number that the next line would have had, when reading began.
    pub fn end(&self) -> u64 {
        self.reader.range().end
    }

    /// The next step; none once the fleet is closed. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<LogItem> {
        loop {
            match self.reader.next().await? {
                BusItem::End => return Some(LogItem::Current),
                BusItem::Entry(entry) => match serde_json::from_slice(&entry.value) {
                    Ok(line) => return Some(LogItem::Line(LogLine { seq: entry.seq, ..line })),
                    Err(error) => tracing::warn!(seq = entry.seq, %error, "a line of a log cannot be read"),
                },
            }
        }
    }
}

/// The log of an attempt.
pub(crate) fn name(attempt: &AttemptRef) -> String {
    format!("log/{}/{}", attempt.job, attempt.attempt)
}
