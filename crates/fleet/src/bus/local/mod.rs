//! The bus of this computer: one process holds the history and serves the same user's other processes.
//!
//! Theory of operation. Whoever has the lock `holder.lock` is the holder; the system takes the lock away when that process
//! ends, however it ends. The holder alone opens `history.redb`, and listens on a socket that only this user can reach;
//! where, it writes to `holder.socket`. Everybody else connects. When the connection breaks, everybody tries for the lock
//! again: one gets it, the others connect to that one. All of this happens below one
//! [`SharedBus`](super::SharedBus).
//!
//! A holder that was killed has lost nothing it had answered, but for log entries of the last fifth of a second: their writer
//! learns it by [`BusError::Gap`](super::BusError::Gap) and sends them again. Records with a ttl are put again by whoever put them.
//!
//! The folder is meant to be on a local disk: a lock on a network share may hold between computers, a socket does not reach.

pub mod first;
mod history;
mod logs;
mod place;
mod quiet;
mod server;
mod session;
mod settings;
mod socket;

pub(crate) use session::join;
pub use session::open;
pub use settings::{Limits, LocalSettings};
pub use socket::private;
