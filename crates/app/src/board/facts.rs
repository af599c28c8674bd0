//! What is known of a lab, from which all that is told of it is made.

use super::records::Records;
use crate::jobs::Surroundings;
use jiff::Timestamp;
use samepath_fleet::matching::Kinds;
use samepath_wire::{JobRecord, Worker};

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) workers: Records<Worker>,
    pub(super) jobs: Records<JobRecord>,
    /// Job types, in the form that matching wants.
    pub(super) kinds: Kinds,
    /// Whether the lab's hub has just begun: its workers may not be back yet.
    pub(super) beginning: bool,
    pub(super) clock: fn() -> Timestamp,
}

impl Facts {
    /// All of it, at this moment.
    pub(super) fn around(&self) -> Surroundings<'_> {
        Surroundings::new(&self.workers.known, &self.jobs.known, &self.kinds, (self.clock)(), self.beginning)
    }
}
