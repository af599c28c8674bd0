//! Workers and the queue they share: bus, matchmaker, client, worker session

mod ask;
pub mod bus;
mod error;
mod fleet;
mod live;
mod log;
pub mod matching;
pub mod matchmaker;
mod session;

pub use error::FleetError;
pub use fleet::Fleet;
pub use live::{Live, Update};
pub use log::{JobLog, LogItem};
pub use session::{Orders, WorkerSession};
