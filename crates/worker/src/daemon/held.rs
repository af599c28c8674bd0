//! One attempt that this worker holds: from its guard's start, or from finding it, until its end was recorded.

use super::forward::{closed, forward, keep_log};
use super::holding::{Hold, Wish};
use super::link::GuardLink;
use crate::guard::{AttemptDir, Besides, Kin, Machine, Phase, Status, ToolId, kill_left};
use samepath_fleet::bus::BusError;
use samepath_fleet::{FleetError, WorkerSession};
use samepath_wire::{AttemptEnd, AttemptRef, Failure, Progress, Report, ReportAnswer, ReportEvent};
use std::io;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Between two looks at a guard that can neither be reached nor is dead: it is just starting, or just ending.
const LOOK: Duration = Duration::from_millis(30);
/// Between two reports of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// Between two tries to tell an end of which nobody takes note.
const UNTOLD: Duration = Duration::from_secs(15);
/// After something that should have worked did not.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// Looks after an attempt until its end is recorded; then its folder is gone. `ended` is told how it ended, before anybody else.
pub(super) async fn look_after(session: &WorkerSession, dir: AttemptDir, hold: &Hold, ended: impl FnOnce(&AttemptEnd)) {
    let (tell, status) = watch::channel(None);
    let (end, mut log, ()) = tokio::join!(
        follow(&dir, hold.wish.subscribe(), tell),
        forward(session, &dir, status.clone()),
        report(session, &dir, status.clone(), &hold.wish),
    );
    let end = if dir.is_given_back() { given_back(end) } else { end };
    ended(&end);
    // Unless it is recorded, the folder is the only place that knows of the end: whoever comes next tells it again.
    let Besides { survivors, log_file } = dir.besides();
    let event = ReportEvent::Ended { end, survivors };
    let mut report = Report { attempt: dir.attempt().clone(), event, log_end: log.end, log_file };
    loop {
        match tell_end(session, &report, hold).await {
            Told::Noted => break,
            Told::LogMissing => {
                log = forward(session, &dir, status.clone()).await;
                report.log_end = log.end;
            }
            Told::Closed => return,
        }
    }
    if log.is_unread
        && let Err(error) = keep_log(&dir)
    {
        tracing::error!(%error, "a log that cannot be read stays where it is, and with it all of its attempt");
        return;
    }
    clear_away(&dir).await;
}

/// Nobody wanted the job to end: its worker had to.
fn given_back(end: AttemptEnd) -> AttemptEnd {
    match end {
        AttemptEnd::Cancelled { .. } => {
            AttemptEnd::Lost { reason: "its worker was told to end, and stopped it".to_owned(), proved: true }
        }
        end => end,
    }
}

/// Tells of an attempt that never had a guard: this worker cannot serve it, another may.
pub(super) async fn tell_unstarted(session: &WorkerSession, dir: AttemptDir, hold: &Hold, failure: Failure) {
    let event = ReportEvent::Ended { end: AttemptEnd::Unfit { failure }, survivors: false };
    let report = Report { attempt: dir.attempt().clone(), event, log_end: None, log_file: None };
    if !matches!(tell_end(session, &report, hold).await, Told::Closed) {
        clear_away(&dir).await;
    }
}

async fn clear_away(dir: &AttemptDir) {
    let path = dir.path().to_owned();
    match tokio::task::spawn_blocking(move || fs_err::remove_dir_all(path)).await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the folder of an attempt cannot be removed");
        }
        _ => {}
    }
}

/// What telling an end came to.
enum Told {
    /// It is recorded, or does not count.
    Noted,
    /// The log has to be sent again first.
    LogMissing,
    /// The fleet is closed.
    Closed,
}

/// Tells how an attempt ended until somebody takes note, or says that it does not count.
async fn tell_end(session: &WorkerSession, report: &Report, hold: &Hold) -> Told {
    let mut wish = hold.wish.subscribe();
    loop {
        if *wish.borrow_and_update() == Wish::Forget {
            return Told::Noted;
        }
        match send(session, report).await {
            Ok(ReportAnswer::Accepted | ReportAnswer::Superseded) => return Told::Noted,
            Ok(ReportAnswer::LogMissing) => return Told::LogMissing,
            Ok(ReportAnswer::Unreadable) => {
                let job = report.attempt.job;
                tracing::warn!(%job, "the job's record cannot be read: the end of the attempt is kept, and told again");
            }
            Err(FleetError::Bus(BusError::Closed)) => return Told::Closed,
            Err(error) => tracing::error!(%error, "the end of an attempt was refused; it is kept, and told again"),
        }
        hold.set_untold();
        tokio::select! {
            () = sleep(UNTOLD) => {}
            _ = wish.changed() => {}
        }
    }
}

/// Follows the guard until the attempt is over.
async fn follow(dir: &AttemptDir, mut wish: watch::Receiver<Wish>, tell: watch::Sender<Option<Status>>) -> AttemptEnd {
    loop {
        match dir.end() {
            Ok(Some(end)) => {
                if let Some(said) = dir.said() {
                    tell.send_modify(|status| {
                        let log_end = status.as_ref().map_or(0, |status| status.log_end);
                        *status = Some(Status { phase: Phase::Ended, progress: said, log_end });
                    });
                }
                return end;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "the end of an attempt cannot be read");
                let reason = format!("its end cannot be read: {error}");
                return AttemptEnd::Lost { reason, proved: false };
            }
        }
        if let Ok(mut link) = GuardLink::connect(dir).await {
            let mut told = Wish::Run;
            loop {
                let wanted = *wish.borrow_and_update();
                if wanted > told {
                    if link.send(wanted.order()).await.is_err() {
                        break;
                    }
                    told = wanted;
                }
                tokio::select! {
                    status = link.status() => match status {
                        Ok(Some(status)) => {
                            let over = status.phase == Phase::Ended;
                            tell.send_replace(Some(status));
                            // The end is on the disk. The guard's process may stay, with a thread that hangs on a dead mount.
                            if over {
                                break;
                            }
                        }
                        Ok(None) => break,
                        Err(error) => {
                            tracing::warn!(%error, "what a guard says cannot be read");
                            sleep(AGAIN).await;
                            break;
                        }
                    },
                    _ = wish.changed() => {}
                }
            }
            continue;
        }
        match dir.lock() {
            // It may have written its end between our look and its letting go.
            Ok(Some(lock)) => match dir.end() {
                Ok(None) => return lost(dir, lock).await,
                _ => continue,
            },
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return AttemptEnd::Lost { reason: "its folder on the worker is gone".to_owned(), proved: false };
            }
            Err(error) => tracing::warn!(%error, "the lock of an attempt cannot be tried"),
        }
        sleep(LOOK).await;
    }
}

/// The guard was killed: ends what it left running, and writes down the end in its place. What runs on another computer cannot be seen
/// from here, nor ended.
async fn lost(dir: &AttemptDir, lock: std::fs::File) -> AttemptEnd {
    let here = Machine::this();
    let elsewhere = match dir.machine() {
        Ok(machine) => machine.filter(|machine| !machine.is(&here)).map(|machine| machine.host),
        Err(error) => {
            tracing::warn!(%error, "nothing tells on which computer an attempt ran");
            Some("a computer that is not known any more".to_owned())
        }
    };
    let end = match elsewhere {
        Some(host) => {
            let reason = format!("it was begun on {host}, and from {} nobody sees whether it still runs", here.host);
            AttemptEnd::Lost { reason, proved: false }
        }
        None => {
            let mark = dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (tool, kin) = (ToolId::read(dir), Kin::read(dir));
            let swept = tokio::task::spawn_blocking(move || kill_left(&mark, tool.as_ref(), &kin).unwrap_or(1)).await;
            AttemptEnd::Lost { reason: "it was killed there from outside".to_owned(), proved: matches!(swept, Ok(0)) }
        }
    };
    if let Err(error) = dir.write_end(&end) {
        tracing::error!(%error, "the end of an attempt cannot be written");
    }
    drop(lock);
    end
}

/// Reports how far the attempt is, until it is over; and that its tool ran, also if that ended before anybody looked.
async fn report(
    session: &WorkerSession,
    dir: &AttemptDir,
    mut status: watch::Receiver<Option<Status>>,
    wish: &watch::Sender<Wish>,
) {
    let at = dir.attempt();
    let (mut said, mut progress, mut not_before) = (None, Progress::default(), Instant::now());
    while status.changed().await.is_ok() {
        let Some(now) = status.borrow_and_update().clone() else { continue };
        let event = match now.phase {
            Phase::Checking if said.is_none() => Some(ReportEvent::Checking),
            Phase::Running | Phase::Stopping | Phase::Finishing if said < Some(Phase::Running) => {
                Some(ReportEvent::Running)
            }
            _ => None,
        };
        if let Some(event) = event {
            said = Some(if event == ReportEvent::Checking { Phase::Checking } else { Phase::Running });
            if is_superseded(tell(session, at, event).await) {
                wish.send_replace(Wish::Forget);
                return;
            }
        }
        // One that was not followed to its end was not told of on its way, either.
        if (said == Some(Phase::Running) || now.phase == Phase::Ended) && now.progress != progress {
            let mut watching = status.clone();
            tokio::select! {
                () = sleep_until(not_before) => {}
                // What it said last is told, however soon the end came after it.
                () = closed(&mut watching) => {}
            }
            let Some(newest) = status.borrow_and_update().clone() else { continue };
            progress = newest.progress;
            not_before = Instant::now() + PROGRESS;
            let event = ReportEvent::Progress { progress: progress.clone() };
            if is_superseded(tell(session, at, event).await) {
                wish.send_replace(Wish::Forget);
                return;
            }
        }
    }
    let untold = said != Some(Phase::Running) && ToolId::read(dir).is_some();
    if untold && is_superseded(tell(session, at, ReportEvent::Running).await) {
        wish.send_replace(Wish::Forget);
    }
}

/// Whether the attempt counts no longer. What cannot be reported on the way is not missed: the end tells all.
fn is_superseded(answer: Result<ReportAnswer, FleetError>) -> bool {
    match answer {
        Ok(answer) => answer == ReportAnswer::Superseded,
        Err(error) => {
            tracing::error!(%error, "a report was refused");
            false
        }
    }
}

/// Reports something on the way.
async fn tell(session: &WorkerSession, at: &AttemptRef, event: ReportEvent) -> Result<ReportAnswer, FleetError> {
    send(session, &Report { attempt: at.clone(), event, log_end: None, log_file: None }).await
}

/// Reports until it is answered, or refused.
async fn send(session: &WorkerSession, report: &Report) -> Result<ReportAnswer, FleetError> {
    loop {
        match session.report(report).await {
            Err(error) if error.is_passing() => sleep(AGAIN).await,
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Socket;
    use interprocess::local_socket::ListenerOptions;
    use interprocess::local_socket::traits::tokio::Listener as _;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_guard_whose_words_cannot_be_read_is_asked_again_after_a_pause() {
        let top = tempfile::tempdir().unwrap();
        let dir = AttemptDir::new(top.path(), AttemptRef { job: uuid::Uuid::nil(), attempt: 1 });
        fs_err::create_dir(dir.path()).unwrap();
        let _lock = dir.lock().unwrap().unwrap();
        let socket = Socket::of(dir.path()).unwrap();
        let guard = ListenerOptions::new().name(socket.name().unwrap()).create_tokio().unwrap();
        let begun = Instant::now();
        let said = async {
            for nonsense in ["{}\n", "\n", "\u{ff}\n"] {
                let mut worker = guard.accept().await.unwrap();
                // Whom it never heard it would leave before they had said who they are.
                worker.read_u8().await.unwrap();
                worker.write_all(nonsense.as_bytes()).await.unwrap();
            }
            dir.write_end(&AttemptEnd::Lost { reason: "as this test wants it".to_owned(), proved: true }).unwrap();
            std::future::pending::<()>().await;
        };
        let (_wish, wish) = watch::channel(Wish::Run);
        let (tell, _status) = watch::channel(None);
        let end = tokio::select! {
            end = follow(&dir, wish, tell) => end,
            () = said => unreachable!("it waits for ever"),
        };
        assert!(matches!(end, AttemptEnd::Lost { proved: true, .. }), "{end:?}");
        assert!(begun.elapsed() >= 2 * AGAIN, "it did not pause: {:?}", begun.elapsed());
    }
}
