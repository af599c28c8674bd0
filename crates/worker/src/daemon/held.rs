//! One attempt that this worker holds: from its guard's start, or from finding it, until its end was recorded.

use super::holding::{Hold, Wish};
use super::link::GuardLink;
use crate::guard::{AttemptDir, JournalReader, Kin, Machine, Phase, Status, ToolId, kill_left};
use samepath_fleet::bus::BusError;
use samepath_fleet::{FleetError, WorkerSession};
use samepath_wire::{AttemptEnd, AttemptRef, Failure, Progress, Report, ReportAnswer, ReportEvent};
use std::io;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Between two looks at a guard that can neither be reached nor is dead: it is just starting, or just ending.
const LOOK: Duration = Duration::from_millis(30);
/// Lines are sent together that come within it.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes of log read at once.
const BATCH: usize = 256 * 1024;
/// Between two reports of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// Between two tries to tell an end of which nobody takes note.
const UNTOLD: Duration = Duration::from_secs(15);
/// After something that should have worked did not.
const AGAIN: Duration = Duration::from_secs(1);

/// Looks after an attempt until its end is recorded; then its folder is gone. `ended` is told how it ended, before anybody else.
pub(super) async fn look_after(session: &WorkerSession, dir: AttemptDir, hold: &Hold, ended: impl FnOnce(&AttemptEnd)) {
    let (tell, status) = watch::channel(None);
    let (end, log_end, ()) = tokio::join!(
        follow(&dir, hold.wish.subscribe(), tell),
        forward(session, &dir, status.clone()),
        report(session, dir.attempt(), status.clone(), &hold.wish),
    );
    ended(&end);
    // Unless it is recorded, the folder is the only place that knows of the end: whoever comes next tells it again.
    let event = ReportEvent::Ended { end, survivors: dir.survivors() };
    let mut report = Report { attempt: dir.attempt().clone(), event, log_end };
    loop {
        match tell_end(session, &report, hold).await {
            Told::Noted => break,
            Told::LogMissing => report.log_end = forward(session, &dir, status.clone()).await,
            Told::Closed => return,
        }
    }
    clear_away(&dir).await;
}

/// Tells of an attempt that never had a guard: this worker cannot serve it, another may.
pub(super) async fn tell_unstarted(session: &WorkerSession, dir: AttemptDir, hold: &Hold, failure: Failure) {
    let event = ReportEvent::Ended { end: AttemptEnd::Unfit { failure }, survivors: false };
    let report = Report { attempt: dir.attempt().clone(), event, log_end: None };
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
                        Some(status) => {
                            let over = status.phase == Phase::Ended;
                            tell.send_replace(Some(status));
                            // The end is on the disk. The guard's process may stay, with a thread that hangs on a dead mount.
                            if over {
                                break;
                            }
                        }
                        None => break,
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

/// Sends the log on, from where the fleet has it, until the attempt is over and all of it is sent. How many lines there are; none
/// if they cannot be sent.
async fn forward(
    session: &WorkerSession,
    dir: &AttemptDir,
    mut status: watch::Receiver<Option<Status>>,
) -> Option<u64> {
    let at = dir.attempt();
    let mut next = loop {
        match session.log_end(at).await {
            Ok(end) => break end,
            Err(error) if error.is_passing() => sleep(AGAIN).await,
            Err(error) => {
                tracing::warn!(%error, "the log cannot be sent");
                return None;
            }
        }
    };
    let mut reader = None;
    loop {
        let over = status.changed().await.is_err();
        loop {
            let (taken, path) = (reader.take(), dir.log());
            let read = tokio::task::spawn_blocking(move || {
                let mut reader = match taken {
                    Some(reader) => reader,
                    None => JournalReader::open(&path)?,
                };
                let lines = reader.read(next, BATCH)?;
                Ok::<_, io::Error>((reader, lines))
            });
            let lines = match read.await {
                Ok(Ok((same, lines))) => {
                    reader = Some(same);
                    lines
                }
                // No log: the guard did not come so far.
                _ => break,
            };
            let Some(first) = lines.first().map(|line| line.seq) else { break };
            match session.append_log(at, first, &lines).await {
                Ok(end) => {
                    if end < first + lines.len() as u64 {
                        reader = None;
                    }
                    next = end;
                }
                // The lines are kept here until there is room for them there.
                Err(error) if error.may_pass() => {
                    reader = None;
                    sleep(AGAIN).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the log cannot be sent");
                    return None;
                }
            }
        }
        if over {
            return Some(next);
        }
        let mut watching = status.clone();
        tokio::select! {
            () = sleep(GATHER) => {}
            // Nobody waits for the end of a job longer than it takes.
            () = closed(&mut watching) => {}
        }
    }
}

/// Reports how far the attempt is, until it is over.
async fn report(
    session: &WorkerSession,
    at: &AttemptRef,
    mut status: watch::Receiver<Option<Status>>,
    wish: &watch::Sender<Wish>,
) {
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
}

async fn closed(status: &mut watch::Receiver<Option<Status>>) {
    while status.changed().await.is_ok() {}
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
    send(session, &Report { attempt: at.clone(), event, log_end: None }).await
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
