//! Ends an attempt whose worker is not there, while its guard is: on this computer, by a program of the same user.

use super::WorkerError;
use super::held;
use super::holding::{Hold, Wish};
use super::home::Home;
use super::link::GuardLink;
use crate::guard::Phase;
use samepath_fleet::Fleet;
use samepath_wire::{AttemptRef, StopMode};
use std::path::Path;

/// Ends an attempt that a worker of this computer left behind: tells its guard, waits for the end, and reports it in the place
/// of the worker. Does nothing where the attempt is not on this computer, or its worker is there to do it.
///
/// Nobody is that worker meanwhile: its folder's lock, which a worker holds as long as it lives, is what entitles to report for
/// it, and is held only while that is done. A worker that comes back before goes on by itself, and finds its guard told.
///
/// # Errors
/// The worker's folder cannot be used.
pub async fn end_left(fleet: &Fleet, state_dir: &Path, at: &AttemptRef, mode: StopMode) -> Result<(), WorkerError> {
    let Some((name, dir)) = Home::whose(state_dir, at) else { return Ok(()) };
    match Home::open(state_dir, &name) {
        // The guard may take the kind's whole notice: the folder is free again until then.
        Ok(home) => drop(home),
        Err(WorkerError::Running { .. }) => return Ok(()),
        Err(error) => return Err(error),
    }
    // A guard that cannot be reached is dead or has ended: both are told below.
    if let Ok(mut link) = GuardLink::connect(&dir).await
        && link.send(Wish::from(mode).order()).await.is_ok()
    {
        while link.status().await.is_some_and(|status| status.phase != Phase::Ended) {}
    }
    let home = match Home::open_to_tell(state_dir, &name) {
        Ok(home) => home,
        Err(WorkerError::Running { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    // A worker may have come, reported and gone.
    if dir.path().is_dir() {
        let session = fleet.session(&home.id);
        held::look_after(&session, dir, &Hold::new(Wish::from(mode)), |_| {}).await;
    }
    Ok(())
}
