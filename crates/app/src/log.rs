//! The lines of one job, for people who follow it.

use crate::Error;
use crate::board::Board;
use crate::view::LogView;
use futures::FutureExt;
use samepath_fleet::{Fleet, JobLog, LogItem};
use samepath_wire::{AttemptState, JobId, JobRecord, LogLine, Stream};
use samepath_worker::guard::is_for_us;
use std::sync::Arc;
use std::time::Duration;

/// Lines that are handed on together at most.
const BATCH: usize = 2000;

/// Between two tries to open a log while the queue is out of reach.
const AGAIN: Duration = Duration::from_millis(500);

/// The lines of one try, from the start, then live; ends when the try has ended and everything was read. Lines by which a job
/// tells its progress are left out: that is shown elsewhere.
pub struct LogStream {
    fleet: Fleet,
    board: Arc<Board>,
    job: JobId,
    attempt: u32,
    log: Option<JobLog>,
    /// The next line that was not handed on yet.
    next: u64,
    /// Whether what the log holds when it is opened is all that is wanted: the try had ended before, or nobody follows.
    last: bool,
    /// Whether to go on with lines that come later.
    follow: bool,
    /// Whether to hand on the lines by which the job tells its progress, too.
    whole: bool,
    /// Why it ended before everything was read.
    broken: Option<Error>,
}

impl LogStream {
    pub(crate) fn new(fleet: Fleet, board: Arc<Board>, job: JobId, attempt: u32, follow: bool) -> Self {
        Self { fleet, board, job, attempt, log: None, next: 0, last: false, follow, whole: false, broken: None }
    }

    /// The same, with every line: for programs.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Which try it is of.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Once there is no next line: whether that is because everything was read.
    ///
    /// # Errors
    /// Why the rest cannot be read.
    pub fn was_read(self) -> Result<(), Error> {
        self.broken.map_or(Ok(()), Err)
    }

    /// The next lines, at least one; none when the try has ended and all was read. Safe to cancel.
    pub async fn next(&mut self) -> Option<Vec<LogView>> {
        loop {
            if self.log.is_none() {
                self.last = !self.follow || self.ended();
                match self.fleet.log(self.job, self.attempt, self.next).await {
                    Ok(log) => self.log = Some(log),
                    Err(error) if error.is_passing() => {
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                    Err(error) => {
                        self.broken = Some(error.into());
                        return None;
                    }
                }
            }
            let mut lines = Vec::new();
            let log = self.log.as_mut()?;
            let wait = async {
                if self.last {
                    return log.next().await;
                }
                // The end of the try is looked for beside the lines: a quiet job ends, too.
                loop {
                    match tokio::time::timeout(Duration::from_millis(200), log.next()).await {
                        Ok(item) => return item,
                        Err(_) if ended(&self.board, self.job, self.attempt) => return Some(LogItem::Current),
                        Err(_) => {}
                    }
                }
            };
            let first = wait.await;
            if first.is_none() {
                self.broken = Some(Error::queue_gone_from_job());
                return None;
            }
            let mut item = first;
            let mut reached_end = false;
            while let Some(step) = item {
                match step {
                    LogItem::Line(line) => {
                        self.next = line.seq + 1;
                        if self.whole || line.stream != Stream::Out || !is_for_us(&line.text) {
                            lines.push(log_view(line));
                        }
                    }
                    LogItem::Current => {
                        reached_end = true;
                        break;
                    }
                }
                if lines.len() >= BATCH {
                    break;
                }
                item = log.next().now_or_never().flatten();
            }
            if reached_end && !self.last && self.ended() {
                self.log = None;
            }
            if reached_end && self.last && lines.is_empty() {
                return None;
            }
            if !lines.is_empty() {
                if reached_end && self.last {
                    // All is read: the next call opens the log at its end and finds nothing more.
                    self.log = None;
                }
                return Some(lines);
            }
        }
    }

    fn ended(&self) -> bool {
        ended(&self.board, self.job, self.attempt)
    }
}

fn ended(board: &Board, job: JobId, attempt: u32) -> bool {
    board.with_job(&job.to_string(), |record| record.is_some_and(|record| is_over(record, attempt)))
}

fn is_over(record: &JobRecord, attempt: u32) -> bool {
    match record.attempts.iter().find(|known| known.number == attempt) {
        Some(known) => known.state == AttemptState::Ended,
        None => record.state.is_ended(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "line numbers stay far below 2^53")]
fn log_view(line: LogLine) -> LogView {
    LogView {
        seq: line.seq as f64,
        at: line.at.to_string(),
        stream: match line.stream {
            Stream::Out => "out",
            Stream::Err => "err",
            Stream::Samepath => "samepath",
        }
        .to_owned(),
        text: line.text,
    }
}
