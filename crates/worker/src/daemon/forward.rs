//! The log of one attempt, on its way from the guard's file to the fleet.

use super::held::AGAIN;
use crate::guard::{AttemptDir, JournalReader, Status, why};
use jiff::Timestamp;
use samepath_fleet::WorkerSession;
use samepath_wire::{LogLine, Stream};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Lines are sent together that come within it.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes of log read at once.
const BATCH: usize = 256 * 1024;
/// In the folder of a worker: logs that could not be read.
const UNREAD: &str = "unread-logs";

/// What became of a log.
pub(super) struct Sent {
    /// How many lines the fleet was sent; none if they cannot be sent.
    pub(super) end: Option<u64>,
    /// Whether lines are missing in it because the file cannot be read: it is to be [kept](keep_log).
    pub(super) is_unread: bool,
}

/// Sends the log on, from where the fleet has it, until the attempt is over and all of it is sent that can be read.
pub(super) async fn forward(
    session: &WorkerSession,
    dir: &AttemptDir,
    mut status: watch::Receiver<Option<Status>>,
) -> Sent {
    let at = dir.attempt();
    let refused = Sent { end: None, is_unread: false };
    let mut next = loop {
        match session.log_end(at).await {
            Ok(end) => break end,
            Err(error) if error.is_passing() => sleep(AGAIN).await,
            Err(error) => {
                tracing::warn!(%error, "the log cannot be sent");
                return refused;
            }
        }
    };
    let mut reader = None;
    loop {
        let over = status.changed().await.is_err();
        let mut unread = None;
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
            let lines = match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok((same, lines)) => {
                    reader = Some(same);
                    lines
                }
                // The guard did not come so far.
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => {
                    unread = Some(error);
                    break;
                }
            };
            let Some(first) = lines.first().map(|line| line.seq) else { break };
            match append(session, dir, first, &lines).await {
                Some(end) => {
                    if end < first + lines.len() as u64 {
                        reader = None;
                    }
                    next = end;
                }
                None => return refused,
            }
        }
        if let Some(error) = unread.filter(|_| over) {
            tracing::error!(%error, log = %dir.log().display(), "a log cannot be read");
            let line = missing(next, dir, &error);
            let sent = append(session, dir, next, std::slice::from_ref(&line)).await;
            return Sent { end: sent.map(|end| end.max(next + 1)), is_unread: true };
        }
        if over {
            return Sent { end: Some(next), is_unread: false };
        }
        let mut watching = status.clone();
        tokio::select! {
            () = sleep(GATHER) => {}
            // Nobody waits for the end of a job longer than it takes.
            () = closed(&mut watching) => {}
        }
    }
}

/// Sends lines, as soon as there is room for them there: until then they are kept here. The number that is expected next; none where
/// they are refused.
async fn append(session: &WorkerSession, dir: &AttemptDir, first: u64, lines: &[LogLine]) -> Option<u64> {
    loop {
        match session.append_log(dir.attempt(), first, lines).await {
            Ok(end) => return Some(end),
            Err(error) if error.may_pass() => sleep(AGAIN).await,
            Err(error) => {
                tracing::warn!(%error, "the log cannot be sent");
                return None;
            }
        }
    }
}

/// Our own words in the place of those that nobody can read.
fn missing(seq: u64, dir: &AttemptDir, error: &io::Error) -> LogLine {
    let why = match error.kind() {
        io::ErrorKind::InvalidData => "it is damaged".to_owned(),
        _ => why(error),
    };
    let file = kept(dir);
    let text = format!(
        "Lines are missing from here on: the worker cannot read its file of this log ({why}). It keeps that as {}.",
        file.display()
    );
    LogLine { seq, at: Timestamp::now(), stream: Stream::Samepath, text, cut: false }
}

/// Where a log that cannot be read is kept.
fn kept(dir: &AttemptDir) -> PathBuf {
    let name = dir.path().file_name().unwrap_or_default().to_string_lossy();
    let home = dir.path().ancestors().nth(2).unwrap_or(dir.path());
    home.join(UNREAD).join(format!("{name}.jsonl"))
}

/// Takes the log out of the attempt's folder, which is going to be removed.
pub(super) fn keep_log(dir: &AttemptDir) -> io::Result<()> {
    let to = kept(dir);
    if let Some(folder) = to.parent() {
        crate::guard::make_private(folder)?;
    }
    fs_err::rename(dir.log(), to)
}

/// Waits until an attempt is over.
pub(super) async fn closed(status: &mut watch::Receiver<Option<Status>>) {
    while status.changed().await.is_ok() {}
}
