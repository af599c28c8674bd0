//! A bus that several processes share: one of them holds it and serves the others, its guests.
//!
//! Theory of operation. A [`Door`] is how a process becomes the holder or finds it; what it then has of the bus, until that
//! changes hands, is a [`Session`]. Between holder and guest is a [`Line`], over which frames pass; what the frames say is the
//! same whatever carries them. [`SharedBus`] is what its users see: the link goes down and up, watches start over, logs go on
//! where they were, subjects are served as before; calls that were under way fail with
//! [`BusError::Unreachable`](super::BusError::Unreachable).

mod bus;
mod client;
mod frame;
mod line;
mod rights;
mod server;
mod session;

pub use bus::{Role, SharedBus};
pub(in crate::bus) use client::Connection;
pub(in crate::bus) use line::Line;
pub(in crate::bus) use rights::Rights;
pub(in crate::bus) use server::guest;
pub(in crate::bus) use session::{Door, Session};
