//! Ends an attempt whose worker is not there, while its guard is: on this computer, by a program of the same user.

use super::WorkerError;
use super::held;
use super::holding::{Hold, Wish};
use super::home::Home;
use super::link::GuardLink;
use crate::guard::{AttemptDir, Phase};
use samepath_fleet::Fleet;
use samepath_wire::{AttemptRef, StopMode};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks whether the worker is still there.
const LOOK: Duration = Duration::from_millis(50);
/// The same, once it has passed the order on.
const CALM: Duration = Duration::from_secs(1);
/// After it the guard of a worker that does not pass the order on is told by us.
const HANGS: Duration = Duration::from_secs(5);
/// After it the rest is left to a worker that is there and says nothing.
const LEFT: Duration = Duration::from_secs(30);

/// Has an attempt on this computer end, which its record says already: by its worker, or, as soon as nobody is that worker, in
/// its place. Then the guard is told, its end waited for and reported. Does nothing where the attempt is not on this computer.
///
/// A worker that is there when this is called may die before it has passed the order on to the guard, or before the end is
/// reported: it is watched until the attempt is over. `passed` is called (or dropped, at the end) as soon as the worker has shown
/// that it received the order, and whoever asked may leave.
///
/// In a lab only the worker itself may report: there the guard is told, and its end waited for.
///
/// The lock of the worker's folder, which a worker holds as long as it lives, is what entitles to report for it; it is held
/// only while that is done. A worker that comes back before goes on by itself, and finds its guard told.
///
/// # Errors
/// The worker's folder cannot be used.
pub async fn end_left(
    fleet: &Fleet,
    state_dir: &Path,
    at: &AttemptRef,
    mode: StopMode,
    passed: impl FnOnce(),
) -> Result<(), WorkerError> {
    let Some((name, dir)) = Home::whose(state_dir, at) else { return Ok(()) };
    let (began, mut passed, mut told) = (Instant::now(), Some(passed), false);
    // A worker reports the end, and removes the folder.
    while dir.path().is_dir() {
        match Home::open_to_tell(state_dir, &name) {
            Ok(home) if told => {
                // A member of a lab may not report for a worker: that one tells of the end when it comes back.
                let Some(id) = fleet.worker_id(&home.id) else { return Ok(()) };
                let session = fleet.session(&id);
                held::look_after(&session, dir, &Hold::new(Wish::from(mode)), |_| {}).await;
                return Ok(());
            }
            Ok(home) => {
                // The guard may take the kind's whole notice: the folder is free again until then.
                drop(home);
                told = true;
                if let Some(mut link) = tell(&dir, mode).await {
                    while matches!(link.status().await, Ok(Some(status)) if status.phase != Phase::Ended) {}
                }
                continue;
            }
            Err(WorkerError::Running { .. }) => {}
            Err(error) => return Err(error),
        }
        if passed.is_some() && (obeys(&dir, mode).await && !told || began.elapsed() > LEFT) {
            passed.take().into_iter().for_each(|passed| passed());
        } else if passed.is_some() && !told && began.elapsed() > HANGS {
            told = tell(&dir, mode).await.is_some();
        }
        sleep(if passed.is_some() { LOOK } else { CALM }).await;
    }
    Ok(())
}

/// Tells the guard, unless it was told before. None for one that cannot be reached: it is dead, has ended, or just starts.
async fn tell(dir: &AttemptDir, mode: StopMode) -> Option<GuardLink> {
    let mut link = GuardLink::connect(dir).await.ok()?;
    if !does(link.status().await.ok()??.phase, mode) {
        link.send(Wish::from(mode).order()).await.ok()?;
    }
    Some(link)
}

/// Whether the guard does what is wished.
async fn obeys(dir: &AttemptDir, mode: StopMode) -> bool {
    let Ok(mut link) = GuardLink::connect(dir).await else { return false };
    matches!(link.status().await, Ok(Some(status)) if does(status.phase, mode))
}

/// A guard so far does it. To kill what is being stopped already, it has to be told again.
fn does(phase: Phase, mode: StopMode) -> bool {
    match mode {
        StopMode::Stop => phase >= Phase::Stopping,
        StopMode::Kill => phase >= Phase::Finishing,
    }
}
