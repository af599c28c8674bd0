//! A bus whose writes go through something that a test puts in between.

use futures::future::BoxFuture;
use samepath_fleet::bus::{Bus, BusError, Entry, Link, LogRange, LogReader, Requests, Watch, Write, memory::MemoryBus};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

type Writing = Box<dyn Fn(Arc<MemoryBus>, Vec<Write>) -> BoxFuture<'static, Result<Vec<u64>, BusError>> + Send + Sync>;

pub(crate) struct Through {
    bus: Arc<MemoryBus>,
    write: Writing,
}

impl Through {
    /// What changes a job's record goes through `write`, everything else straight to the bus.
    pub(crate) fn new<F>(
        bus: MemoryBus,
        write: impl Fn(Arc<MemoryBus>, Vec<Write>) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Result<Vec<u64>, BusError>> + Send + 'static,
    {
        let write: Writing = Box::new(move |bus, writes| Box::pin(write(bus, writes)));
        Arc::new(Self { bus: Arc::new(bus), write })
    }
}

#[async_trait::async_trait]
impl Bus for Through {
    fn link(&self) -> watch::Receiver<Link> {
        self.bus.link()
    }
    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError> {
        self.bus.get(key).await
    }
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError> {
        if writes.iter().any(|write| write.key.starts_with("jobs/")) {
            (self.write)(self.bus.clone(), writes).await
        } else {
            self.bus.write(writes).await
        }
    }
    async fn watch(&self, prefix: &str) -> Result<Watch, BusError> {
        self.bus.watch(prefix).await
    }
    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        self.bus.request(subject, payload, timeout).await
    }
    async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        self.bus.serve(subject).await
    }
    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError> {
        self.bus.append(log, first, entries).await
    }
    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError> {
        self.bus.log(log, from).await
    }
    async fn log_range(&self, log: &str) -> Result<LogRange, BusError> {
        self.bus.log_range(log).await
    }
    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError> {
        self.bus.truncate(log, first).await
    }
    async fn close(&self) {
        self.bus.close().await;
    }
}
