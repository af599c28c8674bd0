//! What is known of a lab, from which all that is told of it is made.

use super::records::Records;
use crate::jobs::Surroundings;
use jiff::Timestamp;
use samepath_fleet::matching::Kinds;
use samepath_wire::{JobRecord, Worker};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) workers: Records<Worker>,
    pub(super) jobs: Records<JobRecord>,
    /// Job types, in the form that matching wants.
    pub(super) kinds: Kinds,
    /// Whether the lab's hub has just begun: its workers may not be back yet.
    pub(super) beginning: bool,
    /// The workers that were put out of the lab, by the names that had joined.
    pub(super) put_out: BTreeSet<String>,
    pub(super) clock: fn() -> Timestamp,
}

impl Facts {
    /// All of it, at this moment.
    pub(super) fn around(&self) -> Surroundings<'_> {
        let Self { workers, jobs, kinds, beginning, put_out, clock } = self;
        Surroundings::new(&workers.known, &jobs.known, kinds, clock(), *beginning, put_out)
    }
}
