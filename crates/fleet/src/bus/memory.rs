//! A bus inside one process; nothing is kept.

use super::{Bus, BusError, Entry, Expect, Link, LogRange, LogReader, Requests, Watch};
use async_trait::async_trait;
use samepath_wire::WorkerId;
use std::time::Duration;
use tokio::sync::watch;

/// A handle on a bus in memory: one member, maybe one worker. Others of the same bus come from [`member`](Self::member) and
/// [`worker`](Self::worker). Dropping a handle is its end: what it put with a ttl goes, what it serves is served no more.
pub struct MemoryBus {}

impl MemoryBus {
    /// A new, empty bus, and this member's handle on it. Inside a tokio runtime.
    pub fn new(_member: impl Into<String>) -> Self {
        todo!()
    }

    /// Another handle on the same bus, for another member.
    pub fn member(&self, _member: impl Into<String>) -> Self {
        todo!()
    }

    /// Another handle on the same bus, for a worker of the same member.
    pub fn worker(&self, _worker: impl Into<WorkerId>) -> Self {
        todo!()
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn link(&self) -> watch::Receiver<Link> {
        todo!()
    }
    async fn get(&self, _key: &str) -> Result<Option<Entry>, BusError> {
        todo!()
    }
    async fn put(&self, _: &str, _: Vec<u8>, _: Expect, _: Option<Duration>) -> Result<u64, BusError> {
        todo!()
    }
    async fn delete(&self, _key: &str, _expect: Expect) -> Result<(), BusError> {
        todo!()
    }
    async fn watch(&self, _prefix: &str) -> Result<Watch, BusError> {
        todo!()
    }
    async fn request(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<Vec<u8>, BusError> {
        todo!()
    }
    async fn serve(&self, _subject: &str) -> Result<Requests, BusError> {
        todo!()
    }
    async fn append(&self, _: &str, _: u64, _: Vec<Vec<u8>>) -> Result<u64, BusError> {
        todo!()
    }
    async fn log(&self, _log: &str, _from: u64) -> Result<LogReader, BusError> {
        todo!()
    }
    async fn log_range(&self, _log: &str) -> Result<LogRange, BusError> {
        todo!()
    }
    async fn truncate(&self, _log: &str, _first: u64) -> Result<(), BusError> {
        todo!()
    }
    async fn close(&self) {
        todo!()
    }
}
