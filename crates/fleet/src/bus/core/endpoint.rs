use super::{ConnId, Core, Task, records::Wanted};
use crate::bus::{
    Bus, BusError, Caller, Change, Entry, Link, LogEntry, LogItem, LogRange, LogReader, MAX_LOG_ENTRY, MAX_MESSAGE,
    Request, Requests, Watch, Write, name,
};
use async_trait::async_trait;
use futures::{future::BoxFuture, stream};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Bytes taken at a time by a watch or a log reader.
pub(crate) const CHUNK: usize = 256 * 1024;

/// One connection's end at the core. Dropping it is the connection's end.
pub(crate) struct Endpoint {
    core: Arc<Core>,
    caller: Caller,
    conn: ConnId,
    gone: CancellationToken,
    link: watch::Sender<Link>,
}

impl Endpoint {
    pub(crate) fn new(core: Arc<Core>, caller: Caller) -> Self {
        let conn = core.new_conn();
        Self { core, caller, conn, gone: CancellationToken::new(), link: watch::Sender::new(Link::Up) }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// This connection goes; the bus stays.
    pub(crate) async fn leave(&self) {
        self.gone.cancel();
        self.core.state().services.leave(self.conn);
        drop(self.core.call(Task::Leave(self.conn)).await);
    }

    fn ready(&self) -> Result<(), BusError> {
        if self.gone.is_cancelled() || self.core.closed.is_cancelled() { Err(BusError::Closed) } else { Ok(()) }
    }

    /// Cancelled when connection or bus are over.
    async fn over(core: &CancellationToken, gone: &CancellationToken) {
        tokio::select! {
            () = core.cancelled() => {}
            () = gone.cancelled() => {}
        }
    }

    /// Every record below a prefix, as it is now.
    pub(crate) fn all(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BusError> {
        self.ready()?;
        Ok(self
            .core
            .state()
            .records
            .below(prefix)
            .map(|(key, record)| (key.to_string(), record.value.to_vec()))
            .collect())
    }

    pub(crate) fn watch_feed(&self, prefix: &str) -> Result<WatchFeed, BusError> {
        name::check_prefix(prefix)?;
        self.ready()?;
        let (id, wake) = self.core.state().records.watch(prefix);
        Ok(WatchFeed { core: self.core.clone(), gone: self.gone.clone(), id, wake })
    }

    /// What a log has from `from`; with `wait`, not before there is something.
    pub(crate) async fn read_log(&self, log: &str, from: u64, wait: bool) -> Result<LogChunk, BusError> {
        name::check(log)?;
        self.ready()?;
        read_log(&self.core, &self.gone, log, from, wait).await
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if !self.gone.is_cancelled() {
            self.gone.cancel();
            self.core.state().services.leave(self.conn);
            self.core.tell(Task::Leave(self.conn));
        }
    }
}

/// A watch at the core.
pub(crate) struct WatchFeed {
    core: Arc<Core>,
    gone: CancellationToken,
    id: u64,
    wake: Arc<Notify>,
}

impl WatchFeed {
    /// What there is to tell, at least one change; none when connection or bus are over.
    pub(crate) async fn next(&self) -> Option<Vec<Change>> {
        loop {
            if self.gone.is_cancelled() || self.core.closed.is_cancelled() {
                return None;
            }
            let changes = self.core.state().records.take(self.id, CHUNK);
            if !changes.is_empty() {
                return Some(changes);
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = Endpoint::over(&self.core.closed, &self.gone) => {}
            }
        }
    }
}

impl Drop for WatchFeed {
    fn drop(&mut self) {
        self.core.state().records.unwatch(self.id);
    }
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogChunk {
    pub(crate) range: LogRange,
    pub(crate) entries: Vec<LogEntry>,
}

/// Waits for a log to grow, and is forgotten when dropped.
struct Reader<'a> {
    core: &'a Core,
    log: &'a str,
    grown: Arc<Notify>,
}

impl<'a> Reader<'a> {
    fn new(core: &'a Core, log: &'a str) -> Self {
        let grown = core.state().readers.entry(log.to_owned()).or_default().clone();
        Self { core, log, grown }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut state = self.core.state();
        // The map's and ours.
        if Arc::strong_count(&self.grown) <= 2 {
            state.readers.remove(self.log);
        }
    }
}

async fn read_log(
    core: &Core,
    gone: &CancellationToken,
    log: &str,
    from: u64,
    wait: bool,
) -> Result<LogChunk, BusError> {
    let reader = Reader::new(core, log);
    loop {
        let grown = reader.grown.notified();
        tokio::pin!(grown);
        grown.as_mut().enable();
        let range = core.state().logs.get(log).copied().unwrap_or_default();
        let from = from.max(range.first);
        if range.end > from {
            let entries = if core.history.is_slow() {
                let (history, log) = (core.history.clone(), log.to_owned());
                tokio::task::spawn_blocking(move || history.read(&log, from, CHUNK))
                    .await
                    .unwrap_or(Err(BusError::Unreachable))?
            } else {
                core.history.read(log, from, CHUNK)?
            };
            if !entries.is_empty() || !wait {
                return Ok(LogChunk { range, entries });
            }
        } else if !wait {
            return Ok(LogChunk { range, entries: Vec::new() });
        }
        tokio::select! {
            () = grown => {}
            () = Endpoint::over(&core.closed, gone) => return Err(BusError::Closed),
        }
    }
}

/// Reads on from `from` by `fetch`, which waits for more if told so, and fails only when there is nothing to be had any more.
pub(crate) fn log_stream(
    range: LogRange,
    from: u64,
    fetch: impl Fn(u64, bool) -> BoxFuture<'static, Result<LogChunk, BusError>> + Send + 'static,
) -> LogReader {
    struct Reading<F> {
        fetch: F,
        position: u64,
        target: u64,
        told_end: bool,
        buffer: VecDeque<LogEntry>,
    }
    let reading =
        Reading { fetch, position: from.max(range.first), target: range.end, told_end: false, buffer: VecDeque::new() };
    LogReader::new(
        range,
        stream::unfold(reading, |mut reading| async move {
            loop {
                if !reading.told_end && reading.position >= reading.target {
                    reading.told_end = true;
                    return Some((LogItem::End, reading));
                }
                if let Some(entry) = reading.buffer.pop_front() {
                    reading.position = entry.seq.checked_add(1)?;
                    return Some((LogItem::Entry(entry), reading));
                }
                let chunk = (reading.fetch)(reading.position, reading.told_end).await.ok()?;
                if chunk.entries.is_empty() && !reading.told_end {
                    // What was there has been dropped meanwhile.
                    reading.target = reading.position;
                }
                reading.buffer = chunk.entries.into();
            }
        }),
    )
}

/// Refuses what is too large.
pub(crate) fn check_size(name: &str, size: usize, limit: usize) -> Result<(), BusError> {
    if size <= limit {
        return Ok(());
    }
    Err(BusError::TooLarge { name: name.to_owned(), size: size as u64, limit: limit as u64 })
}

#[async_trait]
impl Bus for Endpoint {
    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError> {
        name::check(key)?;
        self.ready()?;
        let state = self.core.state();
        Ok(state.records.get(key).map(|record| Entry { value: record.value.to_vec(), revision: record.revision }))
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError> {
        Write::check(&writes)?;
        self.ready()?;
        let writes = writes.into_iter().map(Wanted::from).collect();
        self.core.call(Task::Write { writes, owner: self.conn }).await
    }

    async fn watch(&self, prefix: &str) -> Result<Watch, BusError> {
        let feed = self.watch_feed(prefix)?;
        Ok(Watch::new(stream::unfold((feed, VecDeque::new()), |(feed, mut changes)| async move {
            if changes.is_empty() {
                changes = feed.next().await?.into();
            }
            changes.pop_front().map(|change| (change, (feed, changes)))
        })))
    }

    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        name::check(subject)?;
        check_size(subject, payload.len(), MAX_MESSAGE)?;
        self.ready()?;
        let (answer, answered) = oneshot::channel();
        let abandoned = CancellationToken::new();
        let _abandon = abandoned.clone().drop_guard();
        let request = Request::new(self.caller.clone(), payload, answer, abandoned);
        self.core.state().services.give(subject, request)?;
        tokio::select! {
            answer = answered => answer.map_err(|_| BusError::ResponderGone { subject: subject.to_owned() }),
            () = tokio::time::sleep(timeout) => Err(BusError::TimedOut {
                name: subject.to_owned(),
                waited_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            }),
            () = Self::over(&self.core.closed, &self.gone) => Err(BusError::Closed),
        }
    }

    async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        struct Serving {
            core: Arc<Core>,
            subject: String,
            id: u64,
        }
        impl Drop for Serving {
            fn drop(&mut self) {
                self.core.state().services.end(&self.subject, self.id);
            }
        }
        name::check(subject)?;
        self.ready()?;
        let (id, requests) = self.core.state().services.serve(subject, self.conn, self.core.limits.waiting_requests);
        let serving = Serving { core: self.core.clone(), subject: subject.to_owned(), id };
        // Ends when the sender goes: with the connection, or with the bus.
        Ok(Requests::new(stream::unfold((requests, serving), |(mut requests, serving)| async move {
            requests.recv().await.map(|request| (request, (requests, serving)))
        })))
    }

    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError> {
        name::check(log)?;
        for entry in &entries {
            check_size(log, entry.len(), MAX_LOG_ENTRY)?;
        }
        self.ready()?;
        let entries = entries.into_iter().map(Arc::from).collect();
        let ends = self.core.call(Task::Append { log: log.to_owned(), first, entries }).await?;
        Ok(ends.first().copied().unwrap_or_default())
    }

    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError> {
        let range = self.log_range(log).await?;
        let (core, gone, log) = (self.core.clone(), self.gone.clone(), log.to_owned());
        Ok(log_stream(range, from, move |from, wait| {
            let (core, gone, log) = (core.clone(), gone.clone(), log.clone());
            Box::pin(async move { read_log(&core, &gone, &log, from, wait).await })
        }))
    }

    async fn log_range(&self, log: &str) -> Result<LogRange, BusError> {
        name::check(log)?;
        self.ready()?;
        Ok(self.core.state().logs.get(log).copied().unwrap_or_default())
    }

    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError> {
        name::check(log)?;
        self.ready()?;
        self.core.call(Task::Truncate { log: log.to_owned(), first }).await.map(drop)
    }

    async fn close(&self) {
        self.leave().await;
    }
}
