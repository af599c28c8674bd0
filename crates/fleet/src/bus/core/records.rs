use super::history::Op;
use crate::bus::{BusError, Change, Expect, Write};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Bound,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// Of a connection.
pub(crate) type ConnId = u64;

/// A record with a ttl: who put it last, and until when it is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleeting {
    pub(crate) owner: ConnId,
    pub(crate) until: Instant,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) value: Arc<[u8]>,
    pub(crate) revision: u64,
    pub(crate) fleeting: Option<Fleeting>,
}

/// A change of a record that is to be made.
#[derive(Debug)]
pub(crate) struct Wanted {
    key: Arc<str>,
    /// None removes it.
    value: Option<Arc<[u8]>>,
    expect: Expect,
    ttl: Option<Duration>,
}

impl Wanted {
    /// What it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, |value| value.len())
    }
}

impl From<Write> for Wanted {
    fn from(Write { key, value, expect, ttl }: Write) -> Self {
        Self { key: key.into(), value: value.map(Arc::from), expect, ttl }
    }
}

/// How much may wait for one watch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchLimits {
    pub(crate) changes: usize,
    pub(crate) bytes: usize,
}

#[derive(Debug, Clone)]
enum Event {
    Put { key: Arc<str>, value: Arc<[u8]>, revision: u64 },
    Gone { key: Arc<str> },
    Current,
    Reset,
}

impl Event {
    fn bytes(&self) -> usize {
        match self {
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::Gone { key } => key.len(),
            Self::Current | Self::Reset => 0,
        }
    }

    fn to_change(&self) -> Change {
        match self {
            Self::Put { key, value, revision } => {
                Change::Put { key: key.to_string(), value: value.to_vec(), revision: *revision }
            }
            Self::Gone { key } => Change::Gone { key: key.to_string() },
            Self::Current => Change::Current,
            Self::Reset => Change::Reset,
        }
    }
}

/// What one watch has still to tell: a snapshot, then changes. Only the changes are bounded; the snapshot shares its bytes
/// with the records.
struct Watcher {
    prefix: String,
    snapshot: VecDeque<Event>,
    changes: VecDeque<Event>,
    bytes: usize,
    lagged: bool,
    wake: Arc<Notify>,
}

/// Records and whoever watches them. Under one lock, so that a snapshot and the changes after it fit together.
pub(crate) struct Records {
    records: BTreeMap<Arc<str>, Record>,
    /// Keys of the records with a ttl.
    fleeting: HashMap<Arc<str>, Fleeting>,
    revision: u64,
    watchers: HashMap<u64, Watcher>,
    next_watcher: u64,
    limits: WatchLimits,
}

impl Records {
    pub(crate) fn new(records: BTreeMap<Arc<str>, Record>, revision: u64, limits: WatchLimits) -> Self {
        Self { records, fleeting: HashMap::new(), revision, watchers: HashMap::new(), next_watcher: 0, limits }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Record> {
        self.records.get(key)
    }

    /// Those whose keys begin so, in order.
    pub(crate) fn below(&self, prefix: &str) -> impl Iterator<Item = (&Arc<str>, &Record)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        self.records.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// When the next record expires.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.fleeting.values().map(|fleeting| fleeting.until).min()
    }

    fn fleeting_keys(&self, which: impl Fn(&Fleeting) -> bool) -> Vec<Arc<str>> {
        let mut keys: Vec<_> =
            self.fleeting.iter().filter(|(_, fleeting)| which(fleeting)).map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys
    }

    /// Makes staged changes visible, in order.
    pub(crate) fn apply(&mut self, staged: Staged) {
        self.revision = staged.revision;
        for (key, record) in staged.changes {
            let event = match record {
                Some(record) => {
                    match record.fleeting {
                        Some(fleeting) => self.fleeting.insert(key.clone(), fleeting),
                        None => self.fleeting.remove(&key),
                    };
                    let event = Event::Put { key: key.clone(), value: record.value.clone(), revision: record.revision };
                    self.records.insert(key, record);
                    event
                }
                None => {
                    self.fleeting.remove(&key);
                    if self.records.remove(&key).is_none() {
                        continue;
                    }
                    Event::Gone { key }
                }
            };
            self.tell(&event);
        }
    }

    fn tell(&mut self, event: &Event) {
        let (Event::Put { key, .. } | Event::Gone { key }) = event else { return };
        for watcher in self.watchers.values_mut().filter(|watcher| key.starts_with(&watcher.prefix)) {
            if watcher.lagged {
                continue;
            }
            watcher.bytes += event.bytes();
            if watcher.changes.len() >= self.limits.changes || watcher.bytes > self.limits.bytes {
                watcher.lagged = true;
                watcher.bytes = 0;
                watcher.changes = VecDeque::new();
                watcher.snapshot = VecDeque::new();
            } else {
                watcher.changes.push_back(event.clone());
            }
            watcher.wake.notify_one();
        }
    }

    fn snapshot(&self, prefix: &str) -> VecDeque<Event> {
        self.below(prefix)
            .map(|(key, record)| Event::Put {
                key: key.clone(),
                value: record.value.clone(),
                revision: record.revision,
            })
            .chain([Event::Current])
            .collect()
    }

    /// Begins a watch.
    pub(crate) fn watch(&mut self, prefix: &str) -> (u64, Arc<Notify>) {
        let id = self.next_watcher;
        self.next_watcher += 1;
        let wake = Arc::new(Notify::new());
        let watcher = Watcher {
            prefix: prefix.to_owned(),
            snapshot: self.snapshot(prefix),
            changes: VecDeque::new(),
            bytes: 0,
            lagged: false,
            wake: wake.clone(),
        };
        self.watchers.insert(id, watcher);
        (id, wake)
    }

    /// Ends a watch.
    pub(crate) fn unwatch(&mut self, id: u64) {
        self.watchers.remove(&id);
    }

    /// Takes what a watch has to tell, about `bytes` of it; empty if there is nothing.
    pub(crate) fn take(&mut self, id: u64, bytes: usize) -> Vec<Change> {
        let Some(prefix) =
            self.watchers.get(&id).filter(|watcher| watcher.lagged).map(|watcher| watcher.prefix.clone())
        else {
            return self.drain(id, bytes);
        };
        let mut snapshot = self.snapshot(&prefix);
        snapshot.push_front(Event::Reset);
        if let Some(watcher) = self.watchers.get_mut(&id) {
            watcher.lagged = false;
            watcher.snapshot = snapshot;
        }
        self.drain(id, bytes)
    }

    fn drain(&mut self, id: u64, bytes: usize) -> Vec<Change> {
        let Some(watcher) = self.watchers.get_mut(&id) else { return Vec::new() };
        let mut taken = Vec::new();
        let mut size = 0;
        while size < bytes {
            let event = match watcher.snapshot.pop_front() {
                Some(event) => event,
                None => match watcher.changes.pop_front() {
                    Some(event) => {
                        watcher.bytes -= event.bytes();
                        event
                    }
                    None => break,
                },
            };
            size += event.bytes() + 64;
            taken.push(event.to_change());
        }
        taken
    }
}

/// Changes that were checked and are not visible yet: what is in them counts for the checks of those that follow.
pub(crate) struct Staged {
    revision: u64,
    changes: Vec<(Arc<str>, Option<Record>)>,
    newest: HashMap<Arc<str>, usize>,
}

impl Staged {
    pub(crate) fn on(records: &Records) -> Self {
        Self { revision: records.revision, changes: Vec::new(), newest: HashMap::new() }
    }

    fn current<'a>(&'a self, records: &'a Records, key: &str) -> Option<&'a Record> {
        match self.newest.get(key) {
            Some(&index) => self.changes[index].1.as_ref(),
            None => records.get(key),
        }
    }

    fn push(&mut self, key: Arc<str>, record: Option<Record>) {
        self.newest.insert(key.clone(), self.changes.len());
        self.changes.push((key, record));
    }

    /// All of these changes, or none.
    pub(crate) fn write(
        &mut self,
        records: &Records,
        writes: &[Wanted],
        owner: ConnId,
        ops: &mut Vec<Op>,
    ) -> Result<Vec<u64>, BusError> {
        for Wanted { key, expect, .. } in writes {
            let current = self.current(records, key).map(|record| record.revision);
            if !expect.holds(current) {
                return Err(BusError::Conflict { key: key.to_string(), current });
            }
        }
        Ok(writes.iter().map(|wanted| self.make(records, wanted, owner, ops)).collect())
    }

    /// Makes a change that was found to be as expected. Answers its revision.
    fn make(&mut self, records: &Records, wanted: &Wanted, owner: ConnId, ops: &mut Vec<Op>) -> u64 {
        let Wanted { key, value, ttl, .. } = wanted;
        let current = self.current(records, key);
        let was_kept = current.is_some_and(|record| record.fleeting.is_none());
        if value.is_none() && current.is_none() {
            return self.revision;
        }
        self.revision += 1;
        let fleeting = ttl.map(|ttl| Fleeting { owner, until: Instant::now() + ttl });
        match value {
            Some(value) if fleeting.is_none() => {
                ops.push(Op::Put { key: key.clone(), revision: self.revision, value: value.clone() });
            }
            _ if was_kept => ops.push(Op::Delete { key: key.clone() }),
            _ => {}
        }
        let record = value.clone().map(|value| Record { value, revision: self.revision, fleeting });
        self.push(key.clone(), record);
        self.revision
    }

    /// Removes the records with a ttl for which this holds, as they are now.
    pub(crate) fn remove_fleeting(&mut self, records: &Records, which: impl Fn(&Fleeting) -> bool) {
        let mut keys = records.fleeting_keys(&which);
        keys.extend(self.newest.keys().cloned());
        for key in keys {
            let goes = self.current(records, &key).and_then(|record| record.fleeting).is_some_and(|f| which(&f));
            if goes {
                self.push(key, None);
            }
        }
    }
}
