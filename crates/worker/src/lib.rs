//! Runs jobs: kinds, the guard, the daemon.
//!
//! A worker is a process that stays: it tells the fleet what it can run and which storages it mounts, claims work, and hands
//! each attempt to a **guard**, a process of its own that outlives it. Whatever may hang or crash sits in another process: the
//! tool and the checking of its inputs in the guard, everything else that touches a storage in a helper.
//!
//! ```no_run
//! use samepath_worker::{WorkerSettings, run};
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn example(fleet: samepath_fleet::Fleet, settings: WorkerSettings) -> Result<(), samepath_worker::WorkerError> {
//! let shutdown = CancellationToken::new();
//! run(fleet, settings, shutdown).await // until told to stop; running jobs go on under their guards
//! # }
//! ```
//!
//! The hard case is the restart. The worker may be killed at any moment, and so may a guard: what is on the disk, and who
//! holds which lock, says what to do; see [`guard`].
//!
//! What this crate must never know: how the fleet carries its messages, and that there is a window.

mod context;
mod daemon;
pub mod entry;
mod gpus;
pub mod guard;
pub mod kinds;
pub mod prepare;
pub mod tool;

pub use context::{CONTEXT_VARIABLE, Context};
pub use daemon::{Drained, WorkerError, WorkerSettings, check_name, drain, drained, end_left, run};
