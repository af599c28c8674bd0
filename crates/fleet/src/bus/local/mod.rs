//! The bus of this computer: one process holds the history and serves the same user's other processes.

mod settings;

pub use settings::{Limits, LocalSettings};

use super::{Bus, BusError, Entry, Expect, Link, LogRange, LogReader, Requests, Watch};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// What this process is on the bus of this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds the history and serves the others.
    Holder,
    /// Uses what another process holds, or waits for somebody to hold it.
    Guest,
}

/// The bus of this computer, whoever holds it.
pub struct LocalBus {}

/// Opens the bus: becomes its holder, or joins whoever holds it.
pub async fn open(_settings: LocalSettings) -> Result<Arc<LocalBus>, BusError> {
    todo!()
}

impl LocalBus {
    /// Whether this process holds the history now.
    pub fn is_holder(&self) -> bool {
        todo!()
    }

    /// What this process is, now and whenever it changes.
    pub fn role(&self) -> watch::Receiver<Role> {
        todo!()
    }
}

#[async_trait]
impl Bus for LocalBus {
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
