use super::{
    frame::{self, Call, Done, ToGuest, ToHolder},
    line::Line,
};
use crate::bus::{
    Bus, BusError, Entry, Link, LogRange, LogReader, MAX_LOG_ENTRY, MAX_MESSAGE, Request, Requests, Watch, Write,
    core::{LogChunk, check_size, log_stream},
    name,
};
use async_trait::async_trait;
use futures::{SinkExt, StreamExt, future::BoxFuture, stream};
use samepath_wire::WorkerId;
use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::{bytes::Bytes, sync::CancellationToken};

/// For how long the holder may take for what it can do at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of one write or append over the line; longer ones are sent in pieces.
const PIECE_BYTES: usize = 256 * 1024;

type Outcome = (Result<Done, BusError>, Bytes);

/// A guest's end of a line.
pub(in crate::bus) struct Connection {
    shared: Arc<Shared>,
    link: watch::Sender<Link>,
}

struct Shared {
    out: mpsc::UnboundedSender<Bytes>,
    next: AtomicU64,
    calls: Mutex<HashMap<u64, oneshot::Sender<Outcome>>>,
    /// Requests that we have taken, and how to tell that they were given up.
    taken: Mutex<HashMap<u64, CancellationToken>>,
    down: CancellationToken,
}

/// Why a line cannot be used, where that is more than that nobody is there.
fn broken(error: &io::Error) -> BusError {
    error.get_ref().and_then(|inner| inner.downcast_ref::<BusError>()).cloned().unwrap_or(BusError::Unreachable)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is sent at a time of many. At least one piece, and nothing is too large for one by itself.
fn pieces<T>(all: &[T], size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = Some(all);
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let all = rest?;
        let fitting = all.iter().take_while(|one| {
            bytes += size(one) + 32;
            bytes <= PIECE_BYTES
        });
        let (now, later) = all.split_at(fitting.count());
        rest = (!later.is_empty()).then_some(later);
        Some(now)
    })
}

impl Connection {
    /// Joins the holder at the other end of a line. `place` is what an error calls it. [`BusError::Unreachable`] if it says
    /// nothing.
    pub(in crate::bus) async fn open(line: Line, place: &Path, worker: Option<WorkerId>) -> Result<Self, BusError> {
        tokio::time::timeout(PATIENCE, Self::greet(line, place, worker)).await.unwrap_or(Err(BusError::Unreachable))
    }

    async fn greet(line: Line, place: &Path, worker: Option<WorkerId>) -> Result<Self, BusError> {
        let Line { mut frames, out: mut writer } = line;
        let hello = frame::encode(&ToHolder::Hello { version: frame::VERSION, worker }, &[]);
        writer.send(hello).await.map_err(|error| broken(&error))?;
        let frame = match frames.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(broken(&error)),
            None => return Err(BusError::Unreachable),
        };
        match frame::decode(frame) {
            Some((ToGuest::Welcome { version: frame::VERSION }, _)) => {}
            Some((ToGuest::Welcome { version: theirs }, _)) => {
                return Err(BusError::Protocol { path: place.to_owned(), theirs, ours: frame::VERSION });
            }
            _ => return Err(BusError::Unreachable),
        }
        let (out, mut unwritten) = mpsc::unbounded_channel::<Bytes>();
        let shared = Arc::new(Shared {
            out,
            next: AtomicU64::new(0),
            calls: Mutex::default(),
            taken: Mutex::default(),
            down: CancellationToken::new(),
        });
        let reading = shared.clone();
        tokio::spawn(async move {
            let write = async {
                while let Some(frame) = unwritten.recv().await {
                    if writer.send(frame).await.is_err() {
                        break;
                    }
                }
            };
            let read = async {
                while let Some(Ok(frame)) = frames.next().await {
                    if reading.arrived(frame).is_none() {
                        tracing::warn!("the holder of the bus sent what is not a frame");
                        break;
                    }
                }
            };
            tokio::select! {
                () = write => {}
                () = read => {}
                () = reading.down.cancelled() => {}
            }
            reading.ended();
        });
        Ok(Self { shared, link: watch::Sender::new(Link::Up) })
    }

    /// Cancelled once the holder has gone.
    pub(in crate::bus) fn down(&self) -> CancellationToken {
        self.shared.down.clone()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.down.cancel();
    }
}

impl Shared {
    fn send(&self, frame: &ToHolder, body: &[u8]) {
        // Fails when the connection is down, which whoever waits is told.
        drop(self.out.send(frame::encode(frame, body)));
    }

    fn arrived(&self, frame: Bytes) -> Option<()> {
        let (frame, body) = frame::decode(frame)?;
        match frame {
            ToGuest::Welcome { .. } => return None,
            ToGuest::Done { id, result } => {
                let waiting = lock(&self.calls).remove(&id);
                let unwanted = match waiting {
                    Some(waiting) => waiting.send((result, body)).err().map(|(result, _)| result),
                    None => Some(result),
                };
                if let Some(Ok(Done::Request { request, .. })) = unwanted {
                    self.send(&ToHolder::Refuse { request }, &[]);
                }
            }
            ToGuest::Abandoned { request } => {
                if let Some(abandoned) = lock(&self.taken).remove(&request) {
                    abandoned.cancel();
                }
            }
        }
        Some(())
    }

    /// Everybody who waits is told.
    fn ended(&self) {
        self.down.cancel();
        lock(&self.calls).clear();
        for (_, abandoned) in lock(&self.taken).drain() {
            abandoned.cancel();
        }
    }

    /// Asks the holder. Dropping the future withdraws the call.
    async fn call(
        self: &Arc<Self>,
        call: Call,
        body: &[u8],
        patience: Option<Duration>,
    ) -> Result<(Done, Bytes), BusError> {
        struct Waiting<'a> {
            shared: &'a Shared,
            id: u64,
        }
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                let waited = lock(&self.shared.calls).remove(&self.id).is_some();
                if waited {
                    self.shared.send(&ToHolder::Cancel { id: self.id }, &[]);
                }
            }
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, outcome) = oneshot::channel();
        lock(&self.calls).insert(id, sender);
        let _waiting = Waiting { shared: self, id };
        if self.down.is_cancelled() {
            return Err(BusError::Unreachable);
        }
        self.send(&ToHolder::Call { id, call }, body);
        let outcome = match patience {
            Some(patience) => tokio::time::timeout(patience, outcome).await.map_err(|_| BusError::TimedOut {
                name: "the process that holds the bus".to_owned(),
                waited_ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            })?,
            None => outcome.await,
        };
        match outcome {
            Ok((result, body)) => result.map(|done| (done, body)),
            Err(_) => Err(BusError::Unreachable),
        }
    }

    async fn number(self: &Arc<Self>, call: Call, body: &[u8]) -> Result<u64, BusError> {
        match self.call(call, body, Some(PATIENCE)).await? {
            (Done::Number { number }, _) => Ok(number),
            _ => Err(self.nonsense()),
        }
    }

    /// The holder answered something else than what was asked: not to be talked to any more.
    fn nonsense(&self) -> BusError {
        tracing::warn!("the holder of the bus gave an answer of another kind");
        self.down.cancel();
        BusError::Unreachable
    }

    async fn read_log(self: &Arc<Self>, log: String, from: u64, wait: bool) -> Result<LogChunk, BusError> {
        let patience = (!wait).then_some(PATIENCE);
        match self.call(Call::Read { log, from, wait }, &[], patience).await? {
            (Done::Chunk { range, heads }, body) => {
                let entries = frame::unpack_entries(&heads, &body).ok_or_else(|| self.nonsense())?;
                Ok(LogChunk { range, entries })
            }
            _ => Err(self.nonsense()),
        }
    }

    /// A request as one that is answered over the line.
    fn taken(self: &Arc<Self>, number: u64, from: crate::bus::Caller, payload: Vec<u8>) -> Request {
        let (answer, answered) = oneshot::channel::<Vec<u8>>();
        let abandoned = CancellationToken::new();
        lock(&self.taken).insert(number, abandoned.clone());
        let shared = self.clone();
        tokio::spawn(async move {
            let frame = match answered.await {
                Ok(payload) => frame::encode(&ToHolder::Answer { request: number }, &payload),
                Err(_) => frame::encode(&ToHolder::Refuse { request: number }, &[]),
            };
            lock(&shared.taken).remove(&number);
            drop(shared.out.send(frame));
        });
        Request::new(from, payload, answer, abandoned)
    }
}

/// Tells the holder that a stream is over.
struct Ends {
    shared: Arc<Shared>,
    end: ToHolder,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.shared.send(&self.end, &[]);
    }
}

#[async_trait]
impl Bus for Connection {
    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, BusError> {
        match self.shared.call(Call::Get { key: key.to_owned() }, &[], Some(PATIENCE)).await? {
            (Done::Record { revision }, value) => Ok(Some(Entry { value: value.into(), revision })),
            (Done::NoRecord, _) => Ok(None),
            _ => Err(self.shared.nonsense()),
        }
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, BusError> {
        Write::check(&writes)?;
        let size = |write: &Write| write.key.len() + write.value.as_ref().map_or(0, Vec::len);
        let mut revisions = Vec::new();
        for piece in pieces(&writes, size) {
            let (writes, body) = frame::pack_writes(piece);
            match self.shared.call(Call::Write { writes }, &body, Some(PATIENCE)).await? {
                (Done::Revisions { revisions: new }, _) if new.len() == piece.len() => revisions.extend(new),
                _ => return Err(self.shared.nonsense()),
            }
        }
        Ok(revisions)
    }

    async fn watch(&self, prefix: &str) -> Result<Watch, BusError> {
        let watch = self.shared.number(Call::Watch { prefix: prefix.to_owned() }, &[]).await?;
        let ends = Ends { shared: self.shared.clone(), end: ToHolder::Unwatch { watch } };
        Ok(Watch::new(stream::unfold((ends, VecDeque::new()), move |(ends, mut changes)| async move {
            if changes.is_empty() {
                let (done, body) = ends.shared.call(Call::Changes { watch }, &[], None).await.ok()?;
                let Done::Changes { changes: heads } = done else { return None };
                changes = frame::unpack_changes(heads, &body)?.into();
            }
            changes.pop_front().map(|change| (change, (ends, changes)))
        })))
    }

    async fn request(&self, subject: &str, payload: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        check_size(subject, payload.len(), MAX_MESSAGE)?;
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let call = Call::Request { subject: subject.to_owned(), timeout_ms };
        // The holder keeps the time; this is for one that does not live.
        let patience = timeout.saturating_add(PATIENCE);
        match self.shared.call(call, &payload, Some(patience)).await? {
            (Done::Answer, body) => Ok(body.into()),
            _ => Err(self.shared.nonsense()),
        }
    }

    async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        let service = self.shared.number(Call::Serve { subject: subject.to_owned() }, &[]).await?;
        let ends = Ends { shared: self.shared.clone(), end: ToHolder::Unserve { service } };
        Ok(Requests::new(stream::unfold(ends, move |ends| async move {
            match ends.shared.call(Call::Take { service }, &[], None).await.ok()? {
                (Done::Request { request, from }, body) => Some((ends.shared.taken(request, from, body.into()), ends)),
                _ => None,
            }
        })))
    }

    async fn append(&self, log: &str, first: u64, entries: Vec<Vec<u8>>) -> Result<u64, BusError> {
        for entry in &entries {
            check_size(log, entry.len(), MAX_LOG_ENTRY)?;
        }
        name::check(log)?;
        let mut first = first;
        let mut end = first;
        for piece in pieces(&entries, Vec::len) {
            let sizes = piece.iter().map(Vec::len).collect();
            end = self.shared.number(Call::Append { log: log.to_owned(), first, sizes }, &piece.concat()).await?;
            first += piece.len() as u64;
        }
        Ok(end)
    }

    async fn log(&self, log: &str, from: u64) -> Result<LogReader, BusError> {
        let range = self.log_range(log).await?;
        let (shared, log) = (self.shared.clone(), log.to_owned());
        Ok(log_stream(range, from, move |from, wait| -> BoxFuture<'static, _> {
            let (shared, log) = (shared.clone(), log.clone());
            Box::pin(async move { shared.read_log(log, from, wait).await })
        }))
    }

    async fn log_range(&self, log: &str) -> Result<LogRange, BusError> {
        match self.shared.call(Call::Range { log: log.to_owned() }, &[], Some(PATIENCE)).await? {
            (Done::Range { range }, _) => Ok(range),
            _ => Err(self.shared.nonsense()),
        }
    }

    async fn truncate(&self, log: &str, first: u64) -> Result<(), BusError> {
        self.shared.number(Call::Truncate { log: log.to_owned(), first }, &[]).await.map(drop)
    }

    async fn close(&self) {
        self.shared.down.cancel();
    }
}
