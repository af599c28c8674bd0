//! The matchmaker: it alone writes job records, and decides which worker gets which job.
//!
//! # Theory of operation
//! [`State`] is a pure machine: [`Event`]s go in, with the time; [`Action`]s come out, to be done in their order. A record is
//! always written before anybody is told what it says. [`lead`] joins it to a bus: it takes the key `matchmaker/leader`, whose
//! revision is its *epoch*, serves the subjects, reads all records, and then does one event after the other. Whatever fails on
//! the way, a write above all, ends this reign: the state is thrown away and built again from the records. A request that is
//! unanswered then is dropped, and whoever asked asks again; every request is safe to repeat.
//!
//! # Invariants
//! - A job has at most one attempt that has not ended, and a worker at most one such attempt.
//! - Nothing that fits waits: after each event no worker that asks for work fits a job in the queue.
//! - Attempts are numbered from 1 without gaps. One that was never confirmed leaves no trace but in the history.
//! - A job that has ended changes only by a retry.
//! - Records fit the bus, whatever workers and people send.
//!
//! # Leases
//! An attempt unheard of for [`Timing::lease`] is lost. Only time in which this matchmaker leads counts: a new one grants a full
//! lease, and so does one that finds that it did not run for [`Timing::gap`] (a computer that slept). A worker that holds an
//! attempt which was given up without proof, and which nobody else was given, goes on with it.

mod bounds;
mod event;
mod queue;
mod report;
mod request;
mod state;
mod task;

pub use event::{Action, Answer, Event, Now, Order, Ticket, Timing};
pub use request::check;
pub use state::State;
pub use task::{LEADER, lead};
