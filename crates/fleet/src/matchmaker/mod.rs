//! The matchmaker: it alone writes job records, and decides which worker gets which job.
//!
//! # Theory of operation
//! [`State`] is a pure machine: [`Event`]s go in, with the time; [`Action`]s come out, to be done in their order. A record is
//! always written before anybody is told what it says. [`lead`] joins it to a bus: it takes the key `matchmaker/leader`, whose
//! revision is its *epoch*, serves the subjects, reads all records, and then does one event after the other. Nothing waits for a
//! write but its answers: while records are being written, further events are done, and all that they change is the next write.
//! Whatever fails on the way, a write above all, ends this reign: the state is thrown away and built again from the records. A
//! request that is unanswered then is dropped, and whoever asked asks again; every request is safe to repeat.
//!
//! # Invariants
//! - A job has at most one attempt that has not ended, and a worker at most one such attempt.
//! - Nothing that fits waits: after each event no worker that asks for work fits a job in the queue, but for jobs of a person of whom
//!   as many run as the lab allows.
//! - Attempts are numbered from 1 without gaps. One that was never confirmed leaves no trace but in the history.
//! - A job that has ended changes only by a retry.
//! - Records fit the bus, whatever workers and people send. A job whose record cannot be made to fit fails, and says so.
//! - A job whose record cannot be read is left alone: its attempts are neither ended nor given to anybody, whoever asks is told.
//! - A definition of a job type goes once another of its name has long taken its place with every worker, and no job names it.
//! - Of the jobs that have ended, the [`KEPT_JOBS`] that ended last are kept, with their logs, but for those that their own submitter
//!   wants to be forgotten. Others are never removed.
//!
//! # Leases
//! An attempt unheard of for [`Timing::lease`] is lost. Only time in which this matchmaker leads counts: a new one grants a full
//! lease, and so does one that finds that it did not run for [`Timing::gap`] (a computer that slept). A worker that holds an
//! attempt which was given up for want of news, and which nobody else was given since, goes on with it. One that its worker said
//! had ended never does, nor one from before a retry: what is left of it may still write, and the next one keeps out of its way.
//!
//! Of a worker that was put out of the lab nobody will hear any more: its attempts are lost at once, without a proof. One that is let in
//! again under its name, by another key, is as one that was not heard of for long.

mod admission;
mod asking;
mod assign;
mod batch;
pub(crate) mod bounds;
mod event;
mod leader;
mod prune;
mod queue;
mod reading;
mod report;
mod request;
mod revisions;
mod state;
mod task;
mod unwritable;

pub(crate) use asking::{CANCEL_WAITING, CancelWaiting};
pub use event::{Action, Answer, Event, Now, Order, Rules, Ticket, Timing};
pub use leader::LEADER;
pub use prune::KEPT_JOBS;
pub use request::check;
pub use state::State;
pub use task::lead;
