use crate::FleetError;
use samepath_wire::{
    AttemptRef, CheckPaths, Checked, Claim, ClaimAnswer, Confirm, ConfirmAnswer, Kind, LogLine, Report, ReportAnswer,
    StopMode, Worker,
};
use std::future::Future;

/// A worker's side of a fleet. Cloning is cheap; the worker is offline once the last clone is dropped.
#[derive(Clone)]
pub struct WorkerSession {}

impl WorkerSession {
    /// Says what the worker is and has, and keeps saying it until told otherwise or dropped. Returns at once.
    pub fn advertise(&self, _worker: Worker) {
        todo!()
    }
    /// Takes the advertisement back.
    pub async fn leave(&self) {
        todo!()
    }
    /// Publishes the definition of a kind.
    pub async fn put_kind(&self, _kind: &Kind) -> Result<(), FleetError> {
        todo!()
    }
    /// Asks for work; answered within 20 s, empty if there is none.
    pub async fn claim(&self, _claim: &Claim) -> Result<ClaimAnswer, FleetError> {
        todo!()
    }
    /// Confirms an assignment. The attempt belongs into `holds` from before this is called.
    pub async fn confirm(&self, _confirm: &Confirm) -> Result<ConfirmAnswer, FleetError> {
        todo!()
    }
    /// Reports, waiting for the link and the matchmaker as long as it takes.
    pub async fn report(&self, _report: &Report) -> Result<ReportAnswer, FleetError> {
        todo!()
    }
    /// Appends lines, the first of which is number `first`; returns the number that the log expects next.
    pub async fn append_log(&self, _attempt: &AttemptRef, _first: u64, _lines: &[LogLine]) -> Result<u64, FleetError> {
        todo!()
    }
    /// The number of the line that the log expects next.
    pub async fn log_end(&self, _attempt: &AttemptRef) -> Result<u64, FleetError> {
        todo!()
    }
    /// What people ask of the attempts of this worker.
    pub fn orders(&self) -> Orders {
        todo!()
    }
    /// Answers `check_paths` until dropped or the fleet is closed.
    pub async fn serve_checks<F, A>(&self, _handler: F) -> Result<(), FleetError>
    where
        F: Fn(CheckPaths) -> A + Send,
        A: Future<Output = Checked> + Send,
    {
        todo!()
    }
}

/// Requests to end an attempt of this worker, seen in the job records.
pub struct Orders {}

impl Orders {
    /// The next one: again after a reset, and again when *kill* follows *stop*. None once the fleet is closed. Safe to cancel.
    pub async fn next(&mut self) -> Option<(AttemptRef, StopMode)> {
        todo!()
    }
}
