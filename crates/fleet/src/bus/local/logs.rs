use super::history::DiskError;
use crate::bus::LogRange;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use std::{collections::HashMap, sync::Arc};

/// Numbers of the whole history: its format, its generation, the next log's number, bytes of all logs.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Name → number, first, end, bytes.
pub(super) const LOGS: TableDefinition<'_, &str, (u64, u64, u64, u64)> = TableDefinition::new("logs");
/// Log's number, entry's number → entry.
pub(super) const ENTRIES: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("entries");

/// Entries dropped in one go to make room; each is a change of its own.
const DROPPED_AT_ONCE: u64 = 20_000;

/// The logs, while one transaction changes them.
pub(super) struct Logs<'a> {
    meta: Table<'a, &'static str, u64>,
    logs: Table<'a, &'static str, (u64, u64, u64, u64)>,
    entries: Table<'a, (u64, u64), &'static [u8]>,
    /// Bytes of all logs.
    bytes: u64,
}

/// A log as its row has it.
#[derive(Clone, Copy)]
struct Row {
    number: u64,
    first: u64,
    end: u64,
    bytes: u64,
}

impl From<(u64, u64, u64, u64)> for Row {
    fn from((number, first, end, bytes): (u64, u64, u64, u64)) -> Self {
        Self { number, first, end, bytes }
    }
}

impl Row {
    fn range(self) -> LogRange {
        LogRange { first: self.first, end: self.end }
    }
}

impl<'a> Logs<'a> {
    pub(super) fn open(write: &'a WriteTransaction) -> Result<Self, DiskError> {
        let (meta, logs, entries) = (write.open_table(META)?, write.open_table(LOGS)?, write.open_table(ENTRIES)?);
        let bytes = meta.get("log_bytes")?.map_or(0, |value| value.value());
        Ok(Self { meta, logs, entries, bytes })
    }

    /// What each log holds, found to be true of a file that somebody may have altered: nothing below counts to an end that is
    /// not there. The bytes of all logs are counted anew.
    pub(super) fn check(mut self) -> Result<HashMap<Arc<str>, LogRange>, DiskError> {
        let mut ranges = HashMap::new();
        self.bytes = 0;
        for item in self.logs.iter()? {
            let (name, value) = item?;
            let row = Row::from(value.value());
            let mut entries = self.entries.range((row.number, 0)..=(row.number, u64::MAX))?;
            let first = entries.next().transpose()?.map(|(key, _)| key.value().1);
            let last = entries.next_back().transpose()?.map(|(key, _)| key.value().1).or(first);
            let expected = (row.first < row.end).then_some((row.first, row.end.wrapping_sub(1)));
            if first.zip(last) != expected || row.first > row.end {
                return Err(DiskError::Inconsistent);
            }
            self.bytes = self.bytes.saturating_add(row.bytes);
            ranges.insert(Arc::from(name.value()), row.range());
        }
        self.close()?;
        Ok(ranges)
    }

    /// Keeps the count.
    pub(super) fn close(mut self) -> Result<(), DiskError> {
        self.meta.insert("log_bytes", self.bytes)?;
        Ok(())
    }

    /// Adds entries at the end; beyond `limit` bytes the oldest of this log go.
    pub(super) fn append(&mut self, log: &str, new: &[Arc<[u8]>], limit: u64) -> Result<LogRange, DiskError> {
        let mut row = match self.row(log)? {
            Some(row) => row,
            None => {
                let number = self.meta.get("logs")?.map_or(0, |value| value.value());
                self.meta.insert("logs", number + 1)?;
                Row { number, first: 0, end: 0, bytes: 0 }
            }
        };
        for entry in new {
            self.entries.insert((row.number, row.end), &**entry)?;
            row.end += 1;
            row.bytes += entry.len() as u64;
            self.bytes += entry.len() as u64;
        }
        while row.bytes > limit && row.end - row.first > 1 {
            self.drop_oldest(&mut row)?;
        }
        self.set(log, row)
    }

    /// Drops entries below `below`; none if there is no such log.
    pub(super) fn truncate(&mut self, log: &str, below: u64) -> Result<Option<LogRange>, DiskError> {
        let Some(mut row) = self.row(log)? else { return Ok(None) };
        while row.first < row.end.min(below) {
            self.drop_oldest(&mut row)?;
        }
        self.set(log, row).map(Some)
    }

    /// Nothing of it is left.
    pub(super) fn forget(&mut self, log: &str) -> Result<(), DiskError> {
        self.truncate(log, u64::MAX)?;
        self.logs.remove(log)?;
        Ok(())
    }

    /// Where all logs together have more than `limit` bytes, the oldest log loses its oldest entries, and then the next. A
    /// little more goes than must, so that this is rare.
    pub(super) fn make_room(&mut self, limit: u64) -> Result<Vec<(Arc<str>, LogRange)>, DiskError> {
        let mut changed = Vec::new();
        if self.bytes <= limit {
            return Ok(changed);
        }
        let mut rows = Vec::new();
        for item in self.logs.iter()? {
            let (name, value) = item?;
            let row = Row::from(value.value());
            if row.first < row.end {
                rows.push((row.number, Arc::<str>::from(name.value()), row));
            }
        }
        rows.sort_unstable_by_key(|(number, ..)| *number);
        let mut dropped = 0;
        for (_, name, mut row) in rows {
            // The newest line of a log stays, so that whoever reads it sees that there was something.
            while self.bytes > limit - limit / 16 && row.end - row.first > 1 && dropped < DROPPED_AT_ONCE {
                self.drop_oldest(&mut row)?;
                dropped += 1;
            }
            if self.row(&name)?.is_some_and(|before| before.first != row.first) {
                let range = self.set(&name, row)?;
                changed.push((name, range));
            }
            if self.bytes <= limit - limit / 16 || dropped >= DROPPED_AT_ONCE {
                break;
            }
        }
        Ok(changed)
    }

    fn row(&self, log: &str) -> Result<Option<Row>, DiskError> {
        Ok(self.logs.get(log)?.map(|value| value.value().into()))
    }

    fn set(&mut self, log: &str, row: Row) -> Result<LogRange, DiskError> {
        self.logs.insert(log, (row.number, row.first, row.end, row.bytes))?;
        Ok(row.range())
    }

    fn drop_oldest(&mut self, row: &mut Row) -> Result<(), DiskError> {
        let bytes = self.entries.remove((row.number, row.first))?.map_or(0, |value| value.value().len() as u64);
        row.first += 1;
        row.bytes = row.bytes.saturating_sub(bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        Ok(())
    }
}
