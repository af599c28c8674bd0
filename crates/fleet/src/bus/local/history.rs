use super::logs::{ENTRIES, LOGS, Logs, META};
use super::quiet;
use crate::bus::{
    BusError, FORGET, Limits, LogEntry, LogRange, NoRoom,
    core::{GENERATION_BITS, History, Op, Record},
};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Of the tables below. A history of a later one is set aside.
const FORMAT: u64 = 1;
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Key → revision, value.
const RECORDS: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("records");
/// Records and logs in one file. After a failed write the file is opened anew before the next one.
pub(super) struct Disk {
    path: PathBuf,
    log_bytes: u64,
    all_log_bytes: u64,
    database: RwLock<Option<Closing>>,
    /// Not to be opened again: another process may hold it by now.
    over: AtomicBool,
}

/// Closes without a panic, whatever the file held: redb writes when it is closed, and over a damaged file its locks may be
/// poisoned by then. Not to be dropped while a panic unwinds: a second one would end the process.
struct Closing(Option<Database>);

impl Closing {
    fn open(path: &Path) -> Result<Self, DiskError> {
        let create = || Ok(Self(Some(Database::builder().set_cache_size(CACHE_BYTES).create(path)?)));
        quiet::catch(create).unwrap_or(Err(DiskError::Panicked))
    }

    /// None of what redb panics about leaves here.
    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, DiskError> {
        let Some(database) = &self.0 else { return Err(DiskError::Panicked) };
        quiet::catch(|| work(database)).unwrap_or(Err(DiskError::Panicked))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let database = self.0.take();
        let _ = quiet::catch(|| drop(database));
    }
}

/// What the file held.
pub(super) struct Opened {
    pub(super) disk: Disk,
    pub(super) records: BTreeMap<Arc<str>, Record>,
    pub(super) logs: HashMap<Arc<str>, LogRange>,
    /// Revisions begin after this one.
    pub(super) revision: u64,
}

/// Opens the history, or sets aside one that cannot be read and begins anew.
pub(super) fn open(path: &Path, limits: Limits) -> Result<Opened, BusError> {
    if was_never_begun(path) {
        fs_err::remove_file(path).map_err(|error| io_error(path, &error))?;
    }
    match try_open(path, limits) {
        // A disk without room for a new one is left as it was.
        Err(error) if was_never_begun(path) => {
            let _ = fs_err::remove_file(path);
            Err(error)
        }
        Err(error) if error.is_damage() => {
            let aside = set_aside(path)?;
            tracing::warn!(history = %path.display(), kept = %aside.display(), ?error, "the history cannot be read; it was set aside, and a new one begun");
            try_open(path, limits)
        }
        opened => opened,
    }
    .map_err(|error| error.into_bus(path))
}

/// Whether nothing was ever written into the file: there was no room for it when it was made, or the computer stopped just then. redb
/// makes a file as large as it needs at first, then writes the header, and the name in front of it when that is on the disk.
fn was_never_begun(path: &Path) -> bool {
    const NAME: u64 = 9;
    const HEADER: usize = 512;
    const FIRST: u64 = 16 * 1024 * 1024;
    let read = |bytes: u64| -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        fs_err::File::open(path)?.take(bytes).read_to_end(&mut read)?;
        Ok(read)
    };
    let is_blank = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    read(NAME).is_ok_and(|name| is_blank(&name))
        && read(FIRST + 1).is_ok_and(|all| all.len() as u64 <= FIRST && is_blank(all.get(HEADER..).unwrap_or_default()))
}

fn set_aside(path: &Path) -> Result<PathBuf, BusError> {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".damaged-{stamp}"));
    let aside = PathBuf::from(name);
    fs_err::rename(path, &aside).map_err(|error| io_error(path, &error))?;
    Ok(aside)
}

fn try_open(path: &Path, limits: Limits) -> Result<Opened, DiskError> {
    let database = Closing::open(path)?;
    let (records, logs, generation) = database.with(|database| {
        let mut write = database.begin_write()?;
        write.set_quick_repair(true);
        let generation = {
            let mut meta = write.open_table(META)?;
            let format = meta.get("format")?.map(|value| value.value());
            if format.is_some_and(|format| format > FORMAT) {
                return Err(DiskError::TooNew);
            }
            let generation = meta.get("generation")?.map_or(0, |value| value.value()).saturating_add(1);
            if generation >> (u64::BITS - GENERATION_BITS) > 0 {
                return Err(DiskError::Inconsistent);
            }
            meta.insert("format", FORMAT)?;
            meta.insert("generation", generation)?;
            generation
        };
        let mut records = BTreeMap::new();
        for item in write.open_table(RECORDS)?.iter()? {
            let (key, value) = item?;
            let (revision, value) = value.value();
            records.insert(Arc::from(key.value()), Record { value: value.into(), revision, fleeting: None });
        }
        let logs = Logs::open(&write)?.check()?;
        write.commit()?;
        Ok((records, logs, generation))
    })?;
    let disk = Disk {
        path: path.to_owned(),
        log_bytes: limits.log_bytes,
        all_log_bytes: limits.all_log_bytes,
        database: RwLock::new(Some(database)),
        over: AtomicBool::new(false),
    };
    Ok(Opened { disk, records, logs, revision: generation << GENERATION_BITS })
}

impl Disk {
    /// Does it on the open database, which is closed if that fails: redb refuses everything after a failed write.
    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, BusError> {
        let result = {
            let mut guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if guard.is_none() {
                drop(guard);
                let mut guard_to_fill = self.database.write().unwrap_or_else(PoisonError::into_inner);
                if self.over.load(Ordering::Acquire) {
                    return Err(BusError::Closed);
                }
                if guard_to_fill.is_none() {
                    let reopened = Closing::open(&self.path).map_err(|error| error.into_bus(&self.path))?;
                    *guard_to_fill = Some(reopened);
                }
                drop(guard_to_fill);
                guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
            }
            match guard.as_ref() {
                Some(database) => database.with(work),
                None => return Err(BusError::Closed),
            }
        };
        result.map_err(|error| {
            self.shut();
            error.into_bus(&self.path)
        })
    }

    fn shut(&self) {
        self.database.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn write(&self, write: &WriteTransaction, ops: &[Op]) -> Result<Vec<(Arc<str>, LogRange)>, DiskError> {
        let mut records = write.open_table(RECORDS)?;
        let mut logs = Logs::open(write)?;
        let mut ranges = Vec::new();
        for op in ops {
            match op {
                Op::Put { key, revision, value } => drop(records.insert(&**key, (*revision, &**value))?),
                Op::Delete { key } => drop(records.remove(&**key)?),
                Op::Append { log, entries } => ranges.push((log.clone(), logs.append(log, entries, self.log_bytes)?)),
                Op::Truncate { log, first: FORGET } => {
                    logs.forget(log)?;
                    ranges.push((log.clone(), LogRange::default()));
                }
                Op::Truncate { log, first } => {
                    if let Some(range) = logs.truncate(log, *first)? {
                        ranges.push((log.clone(), range));
                    }
                }
            }
        }
        ranges.extend(logs.make_room(self.all_log_bytes)?);
        logs.close()?;
        Ok(ranges)
    }
}

impl History for Disk {
    fn commit(&self, ops: &[Op], durable: bool) -> Result<Vec<(Arc<str>, LogRange)>, BusError> {
        self.with(|database| {
            let mut write = database.begin_write()?;
            if durable {
                write.set_quick_repair(true);
            } else {
                write.set_durability(Durability::None)?;
            }
            let ranges = self.write(&write, ops)?;
            write.commit()?;
            Ok(ranges)
        })
    }

    fn ranges(&self) -> Result<HashMap<Arc<str>, LogRange>, BusError> {
        self.with(|database| {
            let write = database.begin_write()?;
            let ranges = Logs::open(&write)?.check()?;
            write.abort()?;
            Ok(ranges)
        })
    }

    fn flush(&self) -> Result<(), BusError> {
        self.commit(&[], true).map(drop)
    }

    fn read(&self, log: &str, from: u64, bytes: usize) -> Result<Vec<LogEntry>, BusError> {
        self.with(|database| {
            let read = database.begin_read()?;
            let Some((number, first, end, _)) = read.open_table(LOGS)?.get(log)?.map(|value| value.value()) else {
                return Ok(Vec::new());
            };
            let from = from.max(first);
            if from >= end {
                return Ok(Vec::new());
            }
            let mut entries = Vec::new();
            let mut taken = 0;
            for item in read.open_table(ENTRIES)?.range((number, from)..(number, end))? {
                let (key, value) = item?;
                let value = value.value();
                taken += value.len() + 32;
                if taken > bytes && !entries.is_empty() {
                    break;
                }
                entries.push(LogEntry { seq: key.value().1, value: value.to_vec() });
            }
            Ok(entries)
        })
    }

    fn close(&self) {
        self.over.store(true, Ordering::Release);
        self.shut();
    }

    fn is_slow(&self) -> bool {
        true
    }
}

#[derive(Debug)]
pub(super) enum DiskError {
    Redb(redb::Error),
    /// Written by a later version.
    TooNew,
    /// redb found what it never writes.
    Panicked,
    /// The tables contradict one another.
    Inconsistent,
}

impl<E: Into<redb::Error>> From<E> for DiskError {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

impl DiskError {
    /// Whether it is the file's content that is wrong, rather than the disk or its permissions.
    fn is_damage(&self) -> bool {
        match self {
            Self::TooNew | Self::Panicked | Self::Inconsistent => true,
            Self::Redb(error) => match error {
                redb::Error::Io(error) => {
                    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
                }
                redb::Error::Corrupted(_)
                | redb::Error::UpgradeRequired(_)
                | redb::Error::RepairAborted
                | redb::Error::TableTypeMismatch { .. }
                | redb::Error::TypeDefinitionChanged { .. }
                | redb::Error::TableIsMultimap(_) => true,
                _ => false,
            },
        }
    }

    fn into_bus(self, path: &Path) -> BusError {
        match self {
            Self::Redb(redb::Error::Io(error)) => io_error(path, &error),
            // Whoever held it is not quite gone.
            Self::Redb(redb::Error::DatabaseAlreadyOpen) => BusError::Unreachable,
            Self::Redb(error) => BusError::Io { path: path.to_owned(), detail: error.to_string() },
            Self::TooNew => BusError::Io { path: path.to_owned(), detail: "written by a later version".to_owned() },
            Self::Panicked | Self::Inconsistent => {
                BusError::Io { path: path.to_owned(), detail: "it is damaged".to_owned() }
            }
        }
    }
}

pub(super) fn io_error(path: &Path, error: &io::Error) -> BusError {
    match NoRoom::of(error) {
        Some(why) => BusError::DiskFull { path: path.to_owned(), why },
        None => BusError::Io { path: path.to_owned(), detail: error.to_string() },
    }
}
