use super::{
    frame::{self, Call, Done, ToGuest, ToHolder},
    line::{Frames, Line},
    rights::Rights,
};
use crate::bus::{
    Bus, BusError, Caller, Request, Requests,
    core::{Core, Endpoint, WatchFeed},
};
use futures::{SinkExt, StreamExt};
use samepath_wire::WorkerId;
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tokio_util::bytes::Bytes;

/// Calls of one connection that may wait for their result; a guest with more is dropped.
const CALLS: usize = 2048;
/// Watches that one guest may have at a time, and services, and requests to answer; it is refused more.
const HELD: usize = 2048;
/// Frames that may wait to be written to one guest.
const UNWRITTEN: usize = 64;
/// For how long a guest may keep us from writing to it, or from being greeted.
const PATIENCE: Duration = Duration::from_secs(10);

fn nonsense(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// What one guest has here. Dropping it ends all of it.
struct Guest {
    endpoint: Endpoint,
    rights: Rights,
    watches: Mutex<Numbered<Arc<WatchFeed>>>,
    services: Mutex<Numbered<Arc<tokio::sync::Mutex<Requests>>>>,
    /// Requests that the guest has to answer.
    taken: Mutex<Numbered<Request>>,
    out: mpsc::Sender<Bytes>,
}

struct Numbered<T> {
    items: HashMap<u64, T>,
    next: u64,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { items: HashMap::new(), next: 0 }
    }
}

impl<T> Numbered<T> {
    /// Its number, unless `name` would be of one too many.
    fn insert(&mut self, name: &str, item: T) -> Result<u64, BusError> {
        if self.items.len() >= HELD {
            return Err(BusError::Overloaded { name: name.to_owned() });
        }
        self.next += 1;
        self.items.insert(self.next, item);
        Ok(self.next)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one guest until it or the bus goes. `who` makes of the id that it gives itself what the bus vouches for, and what it may do.
pub(in crate::bus) async fn guest(
    line: Line,
    core: Arc<Core>,
    who: impl FnOnce(Option<WorkerId>) -> (Caller, Rights),
) -> io::Result<()> {
    let Line { mut frames, out: mut writer } = line;
    let first = tokio::time::timeout(PATIENCE, frames.next()).await.map_err(|_| nonsense("no greeting"))?;
    let Some(first) = first else { return Ok(()) };
    let Some((ToHolder::Hello { version, worker }, _)) = frame::decode(first?) else {
        return Err(nonsense("not a greeting"));
    };
    writer.send(frame::encode(&ToGuest::Welcome { version: frame::VERSION }, &[])).await?;
    if version != frame::VERSION {
        return Ok(());
    }
    let (out, mut unwritten) = mpsc::channel::<Bytes>(UNWRITTEN);
    let (caller, rights) = who(worker);
    let guest = Arc::new(Guest {
        endpoint: Endpoint::new(core.clone(), caller),
        rights,
        watches: Mutex::default(),
        services: Mutex::default(),
        taken: Mutex::default(),
        out,
    });
    let write = async {
        while let Some(frame) = unwritten.recv().await {
            tokio::time::timeout(PATIENCE, writer.send(frame)).await.map_err(|_| nonsense("does not read"))??;
        }
        Ok(())
    };
    tokio::select! {
        result = read(frames, &guest) => result,
        result = write => result,
        () = core.closed().cancelled() => Ok(()),
    }
}

async fn read(mut frames: Frames, guest: &Arc<Guest>) -> io::Result<()> {
    let mut running: JoinSet<u64> = JoinSet::new();
    let mut handles: HashMap<u64, AbortHandle> = HashMap::new();
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            Some(ended) = running.join_next() => {
                if let Ok(id) = ended {
                    handles.remove(&id);
                }
                continue;
            }
        };
        let Some(frame) = frame else { return Ok(()) };
        let Some((header, body)) = frame::decode(frame?) else { return Err(nonsense("not a frame")) };
        match header {
            ToHolder::Hello { .. } => return Err(nonsense("greeted twice")),
            ToHolder::Call { id, call } => {
                if handles.len() >= CALLS || handles.contains_key(&id) {
                    return Err(nonsense("too many calls"));
                }
                let guest = guest.clone();
                handles.insert(
                    id,
                    running.spawn(async move {
                        let (result, body) = match guest.call(call, body).await {
                            Ok((done, body)) => (Ok(done), body),
                            Err(error) => (Err(error), Vec::new()),
                        };
                        // Fails when the guest has gone.
                        drop(guest.out.send(frame::encode(&ToGuest::Done { id, result }, &body)).await);
                        id
                    }),
                );
            }
            ToHolder::Cancel { id } => {
                if let Some(handle) = handles.remove(&id) {
                    handle.abort();
                }
            }
            ToHolder::Unwatch { watch } => drop(lock(&guest.watches).items.remove(&watch)),
            ToHolder::Unserve { service } => drop(lock(&guest.services).items.remove(&service)),
            ToHolder::Answer { request } => {
                let request = lock(&guest.taken).items.remove(&request);
                if let Some(request) = request {
                    request.reply(body.into());
                }
            }
            ToHolder::Refuse { request } => drop(lock(&guest.taken).items.remove(&request)),
        }
    }
}

impl Guest {
    async fn call(self: &Arc<Self>, call: Call, body: Bytes) -> Result<(Done, Vec<u8>), BusError> {
        let endpoint = &self.endpoint;
        self.rights.check(endpoint, &call).await?;
        let number = |number| (Done::Number { number }, Vec::new());
        Ok(match call {
            Call::Get { key } => match endpoint.get(&key).await? {
                Some(entry) => (Done::Record { revision: entry.revision }, entry.value),
                None => (Done::NoRecord, Vec::new()),
            },
            Call::Write { writes } => {
                let Some(writes) = frame::unpack_writes(writes, &body) else {
                    return Err(BusError::BadName { name: "a write".to_owned() });
                };
                (Done::Revisions { revisions: endpoint.write(writes).await? }, Vec::new())
            }
            Call::Watch { prefix } => {
                let feed = Arc::new(endpoint.watch_feed(&prefix)?);
                number(lock(&self.watches).insert(&prefix, feed)?)
            }
            Call::Changes { watch } => {
                let feed = lock(&self.watches).items.get(&watch).cloned();
                let changes = match feed {
                    Some(feed) => feed.next().await,
                    None => None,
                };
                match changes {
                    Some(changes) => {
                        let (changes, body) = frame::pack_changes(changes);
                        (Done::Changes { changes }, body)
                    }
                    None => (Done::Over, Vec::new()),
                }
            }
            Call::Request { subject, timeout_ms } => {
                let timeout = Duration::from_millis(timeout_ms);
                (Done::Answer, endpoint.request(&subject, body.into(), timeout).await?)
            }
            Call::Serve { subject } => {
                let requests = Arc::new(tokio::sync::Mutex::new(endpoint.serve(&subject).await?));
                number(lock(&self.services).insert(&subject, requests)?)
            }
            Call::Take { service } => {
                let service = lock(&self.services).items.get(&service).cloned();
                let request = match service {
                    Some(service) => service.lock().await.next().await,
                    None => None,
                };
                match request {
                    Some(request) => self.hand_out(request)?,
                    None => (Done::Over, Vec::new()),
                }
            }
            Call::Append { log, first, sizes } => {
                let Some(entries) = frame::cut(&body, sizes) else {
                    return Err(BusError::BadName { name: log });
                };
                number(endpoint.append(&log, first, entries).await?)
            }
            Call::Read { log, from, wait } => {
                let chunk = endpoint.read_log(&log, from, wait).await?;
                let heads = chunk.entries.iter().map(|entry| (entry.seq, entry.value.len())).collect();
                let body = chunk.entries.iter().map(|entry| entry.value.as_slice()).collect::<Vec<_>>().concat();
                (Done::Chunk { range: chunk.range, heads }, body)
            }
            Call::Range { log } => (Done::Range { range: endpoint.log_range(&log).await? }, Vec::new()),
            Call::Truncate { log, first } => {
                endpoint.truncate(&log, first).await?;
                number(0)
            }
        })
    }

    /// Notes a request as taken by the guest, and tells the guest if it is given up.
    fn hand_out(self: &Arc<Self>, mut request: Request) -> Result<(Done, Vec<u8>), BusError> {
        let payload = std::mem::take(&mut request.payload);
        let (from, abandoned) = (request.from.clone(), request.abandoned());
        let number = lock(&self.taken).insert("answers", request)?;
        let guest: Weak<Self> = Arc::downgrade(self);
        tokio::spawn(async move {
            abandoned.cancelled().await;
            let Some(guest) = guest.upgrade() else { return };
            // Answered, most likely.
            if lock(&guest.taken).items.remove(&number).is_some() {
                drop(guest.out.send(frame::encode(&ToGuest::Abandoned { request: number }, &[])).await);
            }
        });
        Ok((Done::Request { request: number, from }, payload))
    }
}
