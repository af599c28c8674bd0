use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions, Stream};
use samepath_wire::Progress;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What a worker tells a guard: one JSON line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// "I am your worker." First on every connection; as long as one is open, the guard is not alone.
    Hello,
    /// Interrupt the tool, leave it the kind's notice, then kill.
    Stop,
    /// Kill the tree now.
    Kill,
    /// A newer attempt counts. Kill the tree now; nobody will ask for the end.
    Superseded,
}

/// What a guard tells its worker: at once after the connection, and then whenever it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// How far it is.
    pub phase: Phase,
    /// What the tool said of itself.
    #[serde(default)]
    pub progress: Progress,
    /// Lines in the log that can be read.
    #[serde(default)]
    pub log_end: u64,
}

/// How far a guard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looks at inputs and outputs.
    Checking,
    /// The tool runs.
    Running,
    /// The tool was asked to end.
    Stopping,
    /// The tool has ended, what it wrote is being looked at.
    Finishing,
    /// The end is written down.
    Ended,
}

/// The newest [`Status`], and everybody who waits for a newer one.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<(Status, u64)>,
    changed: Condvar,
}

impl Board {
    /// At the start.
    pub(crate) fn new() -> Self {
        let status = Status { phase: Phase::Checking, progress: Progress::default(), log_end: 0 };
        Self { state: Mutex::new((status, 1)), changed: Condvar::new() }
    }

    /// Changes it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        let mut state = self.lock();
        change(&mut state.0);
        state.1 += 1;
        self.changed.notify_all();
    }

    /// What the tool said last of itself.
    pub(crate) fn said(&self) -> Progress {
        self.lock().0.progress.clone()
    }

    /// The newest, as soon as there is one newer than `seen`; what came in between is skipped.
    pub(crate) fn newer_than(&self, seen: u64) -> (Status, u64) {
        let state = self.changed.wait_while(self.lock(), |state| state.1 <= seen);
        state.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, (Status, u64)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes in from workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromWorker {
    /// It said hello.
    Came,
    /// One that had said hello is gone.
    Left,
    /// It wants something.
    Order(Order),
}

/// Listens on the attempt's socket. Each connection gets every new [`Status`] of `board`; `take` gets what comes in.
pub(crate) fn serve(
    dir: &Path,
    board: Arc<Board>,
    take: impl Fn(FromWorker) + Clone + Send + 'static,
) -> io::Result<()> {
    let socket = Socket::of(dir)?;
    let options = ListenerOptions::new().name(socket.name()?).reclaim_name(false);
    let listener = samepath_fleet::bus::local::private(options)?.create_sync()?;
    thread::Builder::new().name("control".into()).spawn(move || accept(&listener, &board, &take))?;
    Ok(())
}

fn accept(listener: &Listener, board: &Arc<Board>, take: &(impl Fn(FromWorker) + Clone + Send + 'static)) {
    for stream in listener.incoming() {
        let Ok(stream) = stream.map(Arc::new) else {
            // Out of descriptors, most likely; those who wait are not lost.
            thread::sleep(std::time::Duration::from_millis(100));
            continue;
        };
        let (reader, board, take) = (Arc::clone(&stream), Arc::clone(board), take.clone());
        let _ = thread::Builder::new().name("worker-reader".into()).spawn(move || read_orders(&reader, &take));
        let _ = thread::Builder::new().name("worker-writer".into()).spawn(move || write_status(&stream, &board));
    }
}

fn read_orders(stream: &Stream, take: &impl Fn(FromWorker)) {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    let mut greeted = false;
    loop {
        line.clear();
        match (&mut lines).take(4096).read_line(&mut line) {
            Ok(read) if read > 0 => {}
            _ => break,
        }
        match serde_json::from_str(&line) {
            Ok(Order::Hello) if !greeted => {
                greeted = true;
                take(FromWorker::Came);
            }
            Ok(Order::Hello) => {}
            Ok(order) => take(FromWorker::Order(order)),
            Err(_) => break,
        }
    }
    if greeted {
        take(FromWorker::Left);
    }
}

fn write_status(mut stream: &Stream, board: &Board) {
    let mut seen = 0;
    loop {
        let (status, version) = board.newer_than(seen);
        seen = version;
        let Ok(mut line) = serde_json::to_vec(&status) else { return };
        line.push(b'\n');
        if stream.write_all(&line).is_err() {
            return;
        }
    }
}

/// The address of a guard. A Unix socket's is at most about 100 bytes long, which a state folder may well exceed: then it is
/// reached through a shorter name, kept as long as this value.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    #[cfg(unix)]
    _short: Option<Short>,
}

#[cfg(unix)]
#[derive(Debug)]
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "held open, not read"))]
enum Short {
    #[cfg(target_os = "linux")]
    Open(std::fs::File),
    #[cfg(not(target_os = "linux"))]
    Link(PathBuf),
}

impl Socket {
    /// That of the attempt in `dir`.
    #[cfg(target_os = "linux")]
    pub fn of(dir: &Path) -> io::Result<Self> {
        use std::os::fd::AsRawFd;
        if dir.as_os_str().len() < 90 {
            return Ok(Self { path: dir.join("socket"), _short: None });
        }
        let open = std::fs::File::open(dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/socket", open.as_raw_fd()));
        Ok(Self { path, _short: Some(Short::Open(open)) })
    }

    /// That of the attempt in `dir`.
    #[cfg(all(unix, not(target_os = "linux")))]
    pub fn of(dir: &Path) -> io::Result<Self> {
        if dir.as_os_str().len() < 90 {
            return Ok(Self { path: dir.join("socket"), _short: None });
        }
        let link = PathBuf::from(format!("/tmp/samepath-{}", uuid::Uuid::new_v4().simple()));
        std::os::unix::fs::symlink(dir, &link)?;
        Ok(Self { path: link.join("socket"), _short: Some(Short::Link(link)) })
    }

    /// That of the attempt in `dir`.
    #[cfg(windows)]
    pub fn of(dir: &Path) -> io::Result<Self> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { path: PathBuf::from(format!(r"\\.\pipe\samepath-guard-{name}")) })
    }

    /// For connecting and listening.
    pub fn name(&self) -> io::Result<interprocess::local_socket::Name<'_>> {
        self.path.as_path().to_fs_name::<GenericFilePath>()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(Short::Link(link)) = &self._short {
            let _ = std::fs::remove_file(link);
        }
    }
}
