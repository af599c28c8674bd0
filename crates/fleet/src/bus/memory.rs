//! A bus inside one process; nothing is kept.

use super::{
    Bus, BusError, Caller, Entry, Link, LogRange, LogReader, Requests, Watch, Write,
    core::{Core, Endpoint},
    local::Limits,
};
use async_trait::async_trait;
use samepath_wire::WorkerId;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// A handle on a bus in memory: one member, maybe one worker. Others of the same bus come from [`member`](Self::member) and
/// [`worker`](Self::worker). Dropping a handle, or closing it, is its end: what it put with a ttl goes, what it serves is
/// served no more. The others stay.
pub struct MemoryBus {
    endpoint: Endpoint,
}

impl MemoryBus {
    /// A new, empty bus, and this member's handle on it. Call it inside a tokio runtime.
    pub fn new(member: impl Into<String>) -> Self {
        Self::with_limits(member, Limits::default())
    }

    /// Likewise, with other bounds than the usual ones.
    pub fn with_limits(member: impl Into<String>, limits: Limits) -> Self {
        Self::handle(Core::in_memory(limits), member.into(), None)
    }

    fn handle(core: Arc<Core>, member: String, worker: Option<WorkerId>) -> Self {
        Self { endpoint: Endpoint::new(core, Caller::new(member, worker)) }
    }

    /// Another handle on the same bus, for this member.
    pub fn member(&self, member: impl Into<String>) -> Self {
        Self::handle(self.endpoint.core().clone(), member.into(), None)
    }

    /// Another handle on the same bus, for a worker of the same member.
    pub fn worker(&self, worker: impl Into<WorkerId>) -> Self {
        Self::handle(self.endpoint.core().clone(), self.endpoint.caller().member.clone(), Some(worker.into()))
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn link(&self) -> watch::Receiver<Link> {
        self.endpoint.link()
    }
    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError> {
        self.endpoint.get(key).await
    }
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError> {
        self.endpoint.write(writes).await
    }
    async fn watch(&self, prefix: &str) -> Result<Watch, BusError> {
        self.endpoint.watch(prefix).await
    }
    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        self.endpoint.request(subject, payload, timeout).await
    }
    async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        self.endpoint.serve(subject).await
    }
    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError> {
        self.endpoint.append(log, first, entries).await
    }
    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError> {
        self.endpoint.log(log, from).await
    }
    async fn log_range(&self, log: &str) -> Result<LogRange, BusError> {
        self.endpoint.log_range(log).await
    }
    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError> {
        self.endpoint.truncate(log, first).await
    }
    async fn close(&self) {
        self.endpoint.close().await;
    }
}
