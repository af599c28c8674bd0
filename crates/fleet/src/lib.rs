//! Workers and the queue they share: bus, matchmaker, the handle for clients, the session for workers.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use samepath_fleet::{Fleet, FleetError, bus::memory::MemoryBus};
//! use samepath_wire::{CheckPaths, StoragePath};
//! use std::time::Duration;
//!
//! let fleet = Fleet::memory(MemoryBus::new("amick"));
//! let paths = vec![StoragePath::new("vast", "amick", "labels.slp")];
//! let question = CheckPaths { paths, proof: None };
//! let answer = fleet.check_paths("gpu-1", &question, Duration::from_secs(1)).await;
//! assert!(matches!(answer, Err(FleetError::WorkerAbsent { .. })));
//! fleet.close().await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The hard case is an answer that never comes. It may have been done: so every request is safe to repeat (a job's id is made by
//! the client, an end is recorded once, an append names its first line), the record is written before anybody is told, and a
//! worker starts nothing before its confirm was answered. See [`matchmaker`] for the rules, and `docs/protocol.md` for
//! messages and subjects.
//!
//! What it must never know: what a path means, what a job's command is, how a tool is run. It reads no environment and no
//! configuration, and touches no storage; only the local bus touches the disk, in the folder that it was given, and only the bus of a
//! lab the network.

mod ask;
pub mod bus;
mod checks;
mod error;
mod fleet;
pub mod lab;
mod live;
mod log;
pub mod matching;
pub mod matchmaker;
mod session;

pub use error::FleetError;
pub use fleet::{Fleet, gpus_computer};
pub use live::{Live, Update};
pub use log::{JobLog, LogItem};
pub use session::{Orders, WorkerSession};
