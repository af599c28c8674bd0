//! The small bus that a fleet stands on.
//!
//! Records with compare-and-set, expiry and watch; requests that carry who asks; append-only logs; the state of the link.
//! Everything above it is written against the [`Bus`] trait and never learns which form it has:
//!
//! - [`memory`]: inside one process, nothing kept. For tests and for trying things out.
//! - [`local`]: this computer; one process holds the history and serves the same user's other processes.
//! - [`nats`]: a lab; its hub holds the history on a server, and serves the members' and the workers' processes.
//!
//! ```
//! use samepath_fleet::bus::{Bus, BusError, Change, Expect, memory::MemoryBus};
//!
//! # fn main() -> Result<(), BusError> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
//! let bus = MemoryBus::new("amick");
//! bus.put("jobs/1", b"queued".to_vec(), Expect::Absent, None).await?;
//! let mut watch = bus.watch("jobs/").await?;
//! assert!(matches!(watch.next().await, Some(Change::Put { key, .. }) if key == "jobs/1"));
//! assert_eq!(watch.next().await, Some(Change::Current));
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! The hard case is the moment in which the holder goes: the link is down, operations fail with
//! [`BusError::Unreachable`] and may or may not have been done. Everything that a caller repeats must therefore be safe to
//! repeat: writes by [`Expect`], appends by their first number, submissions by an id that the client made.
//!
//! What is deliberately not here: jobs, workers, the matchmaker. The bus moves bytes.

mod core;
mod error;
pub mod local;
mod log;
pub mod memory;
mod name;
pub mod nats;
mod record;
mod request;
mod shared;

pub(crate) use error::OWN_FOLDER;
pub use error::{BusError, NoRoom};
pub use local::{Limits, LocalSettings};
pub use log::{LogEntry, LogItem, LogRange, LogReader};
pub use record::{Change, Entry, Expect, Watch, Write};
pub(crate) use request::TOO_LARGE;
pub use request::{Caller, Request, Requests};
pub use shared::{Role, SharedBus};

use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::watch;

/// The most bytes in the value of a record. What is larger goes to a log.
pub const MAX_RECORD: usize = 64 * 1024;
/// The most bytes in one log entry.
pub const MAX_LOG_ENTRY: usize = 32 * 1024;
/// The most bytes in a request or in its answer.
pub const MAX_MESSAGE: usize = 512 * 1024;
/// The most bytes that one log keeps, by default; beyond it the oldest entries are dropped.
pub const DEFAULT_LOG_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes that all logs together keep on the disk, by default; beyond it the oldest entries of the oldest log go.
pub const DEFAULT_ALL_LOG_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// What [`Bus::truncate`] is told by [`Bus::forget_log`]; no log grows so long.
const FORGET: u64 = u64::MAX;

/// Whether the bus can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Yes.
    Up,
    /// Not since then. It comes back by itself; running work goes on meanwhile.
    Down {
        /// When it was lost, or was looked for first.
        since: Timestamp,
        /// What was said the last time that somebody answered and did not let us in; none while nobody does.
        why: Option<Box<BusError>>,
    },
}

/// Records, requests and logs, shared by the processes of a fleet.
///
/// Names (keys, prefixes, subjects, logs) are at most 256 bytes of `A–Z a–z 0–9 . _ - = : /`, else [`BusError::BadName`].
/// A prefix may be empty: everything. All methods may be called at the same time from anywhere; two calls of which neither
/// waited for the other have no order. A method that fails with [`BusError::Unreachable`] or [`BusError::TimedOut`] may
/// have been done.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// The state of the link, now and whenever it changes.
    fn link(&self) -> watch::Receiver<Link>;

    /// A link that is down is tried at once: a try that is under way, and may still wait for somebody who is gone, begins anew.
    fn hurry(&self) {}

    /// The record of this key, if there is one. Sees every change that was answered before the call.
    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError>;

    /// Changes records, each of which must be in the state that is expected of it. Answers their new revisions, in the order of
    /// `writes`; that of a record which was removed says nothing. Many records cost little more than one.
    ///
    /// Revisions strictly increase over all records of the bus and over its whole life. Every record without a `ttl` has been
    /// made as durable as the bus can before the answer comes, and changes become visible in the order of `writes`. A record with
    /// a `ttl` is kept in memory only, and is gone when that time passes without another write of it, or as soon as the bus sees
    /// that whoever wrote it last has gone: closed, killed, disconnected.
    ///
    /// An error is about all of them. [`BusError::TooLarge`] (a value beyond [`MAX_RECORD`]), [`BusError::BadName`] and
    /// [`BusError::Conflict`] of a key that is named twice: none was written. Any other error, [`BusError::Conflict`] too: each
    /// record by itself is as it was or as it was to be, and nothing is known of which. A form of the bus may do all or none of
    /// them, but need not: whoever must know looks again.
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError>;

    /// Writes one record. Answers its new revision.
    async fn put(&self, key: &str, value: Vec<u8>, expect: Expect, ttl: Option<Duration>) -> Result<u64, BusError> {
        let revisions = self.write(vec![Write { ttl, ..Write::put(key, value, expect) }]).await?;
        Ok(revisions.first().copied().unwrap_or_default())
    }

    /// Removes one record.
    async fn delete(&self, key: &str, expect: Expect) -> Result<(), BusError> {
        self.write(vec![Write::remove(key, expect)]).await.map(drop)
    }

    /// Every record whose key begins with `prefix`, then [`Change::Current`], then every change in order, none lost and none
    /// twice. A reader that lags too far behind, and one whose link was down, gets [`Change::Reset`] and starts over.
    async fn watch(&self, prefix: &str) -> Result<Watch, BusError>;

    /// Asks whoever serves `subject`, and waits for the answer for `timeout` at most.
    ///
    /// The subject is without the caller (`submit`, `claim`, `check.<worker>`): the bus adds who asks, and vouches for it.
    /// [`BusError::NoResponder`] at once if nobody serves it; [`BusError::ResponderGone`] as soon as whoever took it goes
    /// or drops it; [`BusError::TimedOut`]. Answers may take as long as `timeout` says. Dropping the future withdraws the
    /// request, which does not undo what was done.
    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError>;

    /// Serves a subject until the [`Requests`] are dropped. With several of them, one gets each request: the newest.
    async fn serve(&self, subject: &str) -> Result<Requests, BusError>;

    /// Adds entries to a log, the first of which is to have the number `first`; numbers count from 0. Answers the log's new
    /// end: the number that the next entry will have.
    ///
    /// Idempotent: entries that the log has already are dropped, so that a writer may repeat what it is not sure of. A gap is
    /// [`BusError::Gap`], which says where the log ends: go on from there. The answer does not promise durability: after a
    /// power cut or a kill of the holder the log may end earlier than answered, and a writer learns it by that same error.
    /// Beyond the log's limit of bytes the oldest entries are dropped. One writer per log.
    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError>;

    /// Reads a log from the entry `from` (or from the oldest that is still there), then [`LogItem::End`] once, then what is
    /// appended, as it comes. A log that does not exist yet is an empty one. The reader's memory is bounded however slowly it
    /// reads; entries that are dropped before it came to them show as a jump in the numbers.
    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError>;

    /// What a log has now; `0..0` if it does not exist.
    async fn log_range(&self, log: &str) -> Result<LogRange, BusError>;

    /// Drops the entries of a log below `first`; all of them, if that is its end or beyond. The numbers go on.
    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError>;

    /// Forgets a log: it takes no more room, and is as one that never was.
    async fn forget_log(&self, log: &str) -> Result<(), BusError> {
        self.truncate(log, FORGET).await
    }

    /// Writes out what is pending, and leaves: streams end, operations fail with [`BusError::Closed`], records put with a ttl
    /// through this handle go. Safe to call twice.
    async fn close(&self);
}
