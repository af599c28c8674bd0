use crate::bus::{DEFAULT_ALL_LOG_BYTES, DEFAULT_LOG_BYTES};
use samepath_wire::WorkerId;
use std::path::PathBuf;

/// How to open the bus of this computer. Nothing is read from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSettings {
    /// Where the history, the lock and the socket are; made if missing, and private to the user. A local disk.
    pub dir: PathBuf,
    /// The person's login name.
    pub member: String,
    /// Set where the process is a worker.
    pub worker: Option<WorkerId>,
    /// A folder that is private to the user and has a short name (`$XDG_RUNTIME_DIR`): the socket lies there if `dir` is too
    /// long for one.
    pub runtime_dir: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
}

impl LocalSettings {
    /// Usual settings for a person's process.
    pub fn new(dir: impl Into<PathBuf>, member: impl Into<String>) -> Self {
        Self { dir: dir.into(), member: member.into(), worker: None, runtime_dir: None, limits: Limits::default() }
    }
}

/// How much the holder keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one log; beyond it the oldest entries are dropped.
    pub log_bytes: u64,
    /// Bytes of all logs that are kept on the disk; beyond it the oldest log loses its oldest entries.
    pub all_log_bytes: u64,
    /// Changes that may wait for one watch; beyond it, it is reset.
    pub watch_changes: usize,
    /// Bytes that may wait for one watch; beyond it, it is reset.
    pub watch_bytes: usize,
    /// Requests that may wait to be taken by one responder.
    pub waiting_requests: usize,
    /// Processes that the holder serves at a time; more have to wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            log_bytes: DEFAULT_LOG_BYTES,
            all_log_bytes: DEFAULT_ALL_LOG_BYTES,
            watch_changes: 4096,
            watch_bytes: 8 * 1024 * 1024,
            waiting_requests: 4096,
            connections: 512,
        }
    }
}
