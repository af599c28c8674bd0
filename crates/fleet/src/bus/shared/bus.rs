use super::session::{Door, Session};
use crate::bus::{Bus, BusError, Entry, Expect, Link, LogItem, LogRange, LogReader, Requests, Watch, Write};
use async_trait::async_trait;
use futures::stream;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// For how long opening tries.
const OPENING: Duration = Duration::from_secs(15);
/// For how long a call waits for somebody to hold the bus.
const WAITING: Duration = Duration::from_secs(5);
/// Between two tries at becoming holder or guest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// After a try that failed for another reason than that nobody is there yet, and the longest after many that failed for the same.
const LONG_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// For somebody to listen where nobody does: whoever starts the server again needs about that long.
const STARTING: Duration = Duration::from_millis(2_500);

/// What this process is on a bus that several processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds the history and serves the others.
    Holder,
    /// Uses what another process holds, or waits for somebody to hold it.
    Guest,
}

/// A bus that several processes share, whoever holds it.
pub struct SharedBus {
    shared: Arc<Shared>,
}

/// A bus that can be used, until it changes hands.
#[derive(Clone)]
struct Current {
    number: u64,
    bus: Arc<dyn Bus>,
}

/// A record with a ttl that was put here: put again when the bus has changed hands.
struct Own {
    value: Vec<u8>,
    ttl: Duration,
    until: Instant,
}

impl Own {
    fn of(write: &Write) -> Option<Self> {
        let (value, ttl) = (write.value.as_ref()?, write.ttl?);
        Some(Self { value: value.clone(), ttl, until: Instant::now() + ttl })
    }
}

struct Shared {
    current: watch::Sender<Option<Current>>,
    link: watch::Sender<Link>,
    role: watch::Sender<Role>,
    /// Somebody does not want to wait for the next try.
    hurry: Notify,
    own: Mutex<HashMap<String, Own>>,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl SharedBus {
    /// Opens the bus at this door: becomes its holder, or joins whoever holds it. [`BusError::Unreachable`] if nobody does in
    /// time; whatever else the door says at once.
    pub(in crate::bus) async fn open(door: impl Door) -> Result<Arc<Self>, BusError> {
        let session = tokio::time::timeout(OPENING, retry(&door)).await.unwrap_or(Err(BusError::Unreachable))?;
        let shared = Arc::new(Shared::new());
        shared.publish(&*session, 1);
        tokio::spawn(keep(shared.clone(), door, Some(session)));
        Ok(Arc::new(Self { shared }))
    }

    /// The same, without waiting: it is opened as soon as that can be, and until then the link is down and says why.
    pub(in crate::bus) fn open_later(door: impl Door) -> Arc<Self> {
        let shared = Arc::new(Shared::new());
        tokio::spawn(keep(shared.clone(), door, None));
        Arc::new(Self { shared })
    }
}

/// Tries until the bus is held or joined, or that cannot be.
async fn retry(door: &impl Door) -> Result<Box<dyn Session>, BusError> {
    let (mut pause, began) = (FIRST_PAUSE, Instant::now());
    loop {
        match door.open().await {
            Err(BusError::NotListening { server }) if began.elapsed() >= STARTING => {
                return Err(BusError::NotListening { server });
            }
            Err(BusError::Unreachable | BusError::NotListening { .. }) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
            result => return result,
        }
    }
}

/// Takes care that there is always somebody who holds the bus, until told to end.
async fn keep(shared: Arc<Shared>, door: impl Door, first: Option<Box<dyn Session>>) {
    let mut number = 1;
    let mut session = match first {
        Some(session) => session,
        None => {
            let session = tokio::select! {
                session = again(&shared, &door) => session,
                () = shared.closing.cancelled() => return shared.closed.cancel(),
            };
            shared.publish(&*session, number);
            session
        }
    };
    loop {
        let over = session.over();
        let closing = tokio::select! {
            () = over.cancelled() => false,
            () = shared.closing.cancelled() => true,
        };
        shared.withdraw();
        session.close().await;
        if closing {
            break;
        }
        number += 1;
        let next = tokio::select! {
            next = again(&shared, &door) => next,
            () = shared.closing.cancelled() => break,
        };
        session = next;
        shared.put_again(&session.bus()).await;
        shared.publish(&*session, number);
    }
    shared.closed.cancel();
}

/// Like [`retry`], and never gives up; says meanwhile why not. Whoever is refused for the same reason again and again tries ever
/// more seldom, and says nothing more of it.
async fn again(shared: &Shared, door: &impl Door) -> Box<dyn Session> {
    let (mut last, mut pause) = (None, LONG_PAUSE);
    loop {
        let tried = tokio::select! {
            tried = retry(door) => tried,
            () = shared.hurry.notified() => continue,
        };
        match tried {
            Ok(session) => return session,
            Err(error) if last.as_ref() == Some(&error) => {
                // One that does not listen yet will, and was waited for by itself.
                if !error.is_passing() {
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                drop(tokio::time::timeout(pause, shared.hurry.notified()).await);
            }
            Err(error) => {
                tracing::debug!(%error, place = %door.place().display(), "the bus cannot be held or joined");
                if !matches!(error, BusError::NotListening { .. }) {
                    shared.not_let_in(error.clone());
                }
                (last, pause) = (Some(error), LONG_PAUSE);
                drop(tokio::time::timeout(pause, shared.hurry.notified()).await);
            }
        }
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            current: watch::Sender::new(None),
            link: watch::Sender::new(Link::Down { since: Timestamp::now(), why: None }),
            role: watch::Sender::new(Role::Guest),
            hurry: Notify::new(),
            own: Mutex::default(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }

    fn not_let_in(&self, error: BusError) {
        self.link.send_if_modified(|link| match link {
            Link::Down { why, .. } if why.as_deref() != Some(&error) => {
                *why = Some(Box::new(error));
                true
            }
            Link::Down { .. } | Link::Up => false,
        });
    }

    fn publish(&self, session: &dyn Session, number: u64) {
        self.role.send_replace(if session.is_held() { Role::Holder } else { Role::Guest });
        self.current.send_replace(Some(Current { number, bus: session.bus() }));
        self.link.send_replace(Link::Up);
    }

    fn withdraw(&self) {
        self.link.send_replace(Link::Down { since: Timestamp::now(), why: None });
        self.current.send_replace(None);
        self.role.send_replace(Role::Guest);
    }

    async fn put_again(&self, bus: &Arc<dyn Bus>) {
        let own: Vec<_> = {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            own.retain(|_, own| own.until > Instant::now());
            own.iter().map(|(key, own)| (key.clone(), own.value.clone(), own.ttl)).collect()
        };
        for (key, value, ttl) in own {
            if let Err(error) = bus.put(&key, value, Expect::Absent, Some(ttl)).await {
                tracing::debug!(%error, key, "was not put again");
            }
        }
    }

    fn remember(&self, written: Vec<(String, Option<Own>)>) {
        let mut all = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, own) in written {
            match own {
                Some(own) => drop(all.insert(key, own)),
                None => drop(all.remove(&key)),
            }
        }
    }

    /// The bus as it is, if it is another than number `after`; waits for one. None once this is closed.
    async fn another(&self, after: u64) -> Option<Current> {
        let mut current = self.current.subscribe();
        tokio::select! {
            found = current.wait_for(|current| current.as_ref().is_some_and(|current| current.number > after)) => {
                found.ok()?.clone()
            }
            () = self.closing.cancelled() => None,
        }
    }

    async fn soon(&self) -> Result<Current, BusError> {
        if self.closing.is_cancelled() {
            return Err(BusError::Closed);
        }
        match tokio::time::timeout(WAITING, self.another(0)).await {
            Ok(current) => current.ok_or(BusError::Closed),
            Err(_) => Err(BusError::Unreachable),
        }
    }

    /// A form of the bus that is over is the link being down, unless it is this handle that was closed.
    fn explain(&self, error: BusError) -> BusError {
        match error {
            BusError::Closed | BusError::Unreachable if self.closing.is_cancelled() => BusError::Closed,
            BusError::Closed => BusError::Unreachable,
            error => error,
        }
    }

    async fn once<T, F>(&self, work: impl FnOnce(Arc<dyn Bus>) -> F) -> Result<T, BusError>
    where
        F: Future<Output = Result<T, BusError>>,
    {
        let current = self.soon().await?;
        work(current.bus).await.map_err(|error| self.explain(error))
    }

    /// For what can be asked again without harm: when the bus changes hands meanwhile, it is.
    async fn until_answered<T, F>(&self, work: impl Fn(Arc<dyn Bus>) -> F) -> Result<T, BusError>
    where
        F: Future<Output = Result<T, BusError>>,
    {
        let began = Instant::now();
        let mut current = self.soon().await?;
        loop {
            match work(current.bus.clone()).await.map_err(|error| self.explain(error)) {
                Err(BusError::Unreachable) if began.elapsed() < WAITING => {}
                result => return result,
            }
            let next = tokio::time::timeout(WAITING, self.another(current.number)).await;
            current = next.map_err(|_| BusError::Unreachable)?.ok_or(BusError::Closed)?;
        }
    }

    /// Begins a stream on the bus as it is now, or as it is next. None once this is closed.
    async fn begin<T, F>(&self, after: u64, work: impl Fn(Arc<dyn Bus>) -> F) -> Option<(u64, T)>
    where
        F: Future<Output = Result<T, BusError>>,
    {
        let mut after = after;
        loop {
            let current = self.another(after).await?;
            match work(current.bus).await {
                Ok(begun) => return Some((current.number, begun)),
                Err(BusError::Unreachable | BusError::Closed) => after = current.number,
                Err(error) => {
                    tracing::debug!(%error, "a stream was not begun again");
                    tokio::time::sleep(LAST_PAUSE).await;
                }
            }
        }
    }
}

impl SharedBus {
    /// Whether this process holds the history now.
    pub fn is_holder(&self) -> bool {
        *self.shared.role.borrow() == Role::Holder
    }

    /// What this process is, now and whenever it changes.
    pub fn role(&self) -> watch::Receiver<Role> {
        self.shared.role.subscribe()
    }
}

impl Drop for SharedBus {
    fn drop(&mut self) {
        self.shared.closing.cancel();
    }
}

#[async_trait]
impl Bus for SharedBus {
    fn link(&self) -> watch::Receiver<Link> {
        self.shared.link.subscribe()
    }

    fn hurry(&self) {
        // Nobody's later try is to begin anew for that.
        self.shared.hurry.notify_waiters();
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError> {
        self.shared.until_answered(|bus| async move { bus.get(key).await }).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError> {
        let own: Vec<_> = writes.iter().map(|write| (write.key.clone(), Own::of(write))).collect();
        let revisions = self.shared.once(|bus| async move { bus.write(writes).await }).await?;
        self.shared.remember(own);
        Ok(revisions)
    }

    async fn watch(&self, prefix: &str) -> Result<Watch, BusError> {
        struct Watching {
            shared: Arc<Shared>,
            prefix: String,
            on: u64,
            watch: Option<Watch>,
        }
        let current = self.shared.soon().await?;
        let watch = match current.bus.watch(prefix).await.map_err(|error| self.shared.explain(error)) {
            Ok(watch) => Some(watch),
            // Begins when there is somebody again.
            Err(BusError::Unreachable) => None,
            Err(error) => return Err(error),
        };
        let watching = Watching { shared: self.shared.clone(), prefix: prefix.to_owned(), on: current.number, watch };
        Ok(Watch::new(stream::unfold(watching, |mut watching| async move {
            if let Some(watch) = &mut watching.watch
                && let Some(change) = watch.next().await
            {
                return Some((change, watching));
            }
            watching.watch = None;
            let prefix = watching.prefix.as_str();
            let (on, watch) = watching.shared.begin(watching.on, |bus| async move { bus.watch(prefix).await }).await?;
            watching.on = on;
            watching.watch = Some(watch);
            Some((crate::bus::Change::Reset, watching))
        })))
    }

    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        self.shared.once(|bus| async move { bus.request(subject, payload, timeout).await }).await
    }

    async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        struct Serving {
            shared: Arc<Shared>,
            subject: String,
            on: u64,
            requests: Requests,
        }
        let begun = self.shared.until_answered(|bus| async move { bus.serve(subject).await });
        // Asked before, so that a change of hands in between is noticed as one.
        let on = self.shared.soon().await?.number;
        let requests = begun.await?;
        let serving = Serving { shared: self.shared.clone(), subject: subject.to_owned(), on, requests };
        Ok(Requests::new(stream::unfold(serving, |mut serving| async move {
            loop {
                if let Some(request) = serving.requests.next().await {
                    return Some((request, serving));
                }
                let subject = serving.subject.as_str();
                let (on, requests) =
                    serving.shared.begin(serving.on, |bus| async move { bus.serve(subject).await }).await?;
                serving.on = on;
                serving.requests = requests;
            }
        })))
    }

    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError> {
        self.shared.once(|bus| async move { bus.append(log, first, entries).await }).await
    }

    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError> {
        struct Reading {
            shared: Arc<Shared>,
            log: String,
            on: u64,
            position: u64,
            told_end: bool,
            reader: LogReader,
        }
        let on = self.shared.soon().await?.number;
        let reader = self.shared.until_answered(|bus| async move { bus.log(log, from).await }).await?;
        let range = reader.range();
        let reading =
            Reading { shared: self.shared.clone(), log: log.to_owned(), on, position: from, told_end: false, reader };
        Ok(LogReader::new(
            range,
            stream::unfold(reading, |mut reading| async move {
                loop {
                    match reading.reader.next().await {
                        Some(LogItem::Entry(entry)) => {
                            reading.position = entry.seq.checked_add(1)?;
                            return Some((LogItem::Entry(entry), reading));
                        }
                        Some(LogItem::End) if !reading.told_end => {
                            reading.told_end = true;
                            return Some((LogItem::End, reading));
                        }
                        Some(LogItem::End) => {}
                        None => {
                            let (log, position) = (reading.log.as_str(), reading.position);
                            let (on, reader) = reading
                                .shared
                                .begin(reading.on, |bus| async move { bus.log(log, position).await })
                                .await?;
                            reading.on = on;
                            reading.reader = reader;
                        }
                    }
                }
            }),
        ))
    }

    async fn log_range(&self, log: &str) -> Result<LogRange, BusError> {
        self.shared.until_answered(|bus| async move { bus.log_range(log).await }).await
    }

    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError> {
        self.shared.once(|bus| async move { bus.truncate(log, first).await }).await
    }

    async fn close(&self) {
        self.shared.closing.cancel();
        self.shared.closed.cancelled().await;
    }
}
