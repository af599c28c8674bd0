//! Keeps records small enough for the bus, whatever workers send.

use samepath_wire::{AttemptEnd, Failure, JobRecord, Manifest, Progress, StateChange};

/// The most bytes of a job as JSON; what the matchmaker adds needs the rest of a record.
pub(super) const JOB_BYTES: usize = 32 * 1024;
/// The most bytes of a record as JSON, a little below what the bus takes.
const RECORD_BYTES: usize = 60 * 1024;
/// Workers that may find that they cannot serve a job, until it fails.
pub(super) const EXCLUSIONS: usize = 20;
/// Attempts after which a job can no longer be retried, but only be submitted anew.
pub(super) const ATTEMPTS: usize = 32;
/// Losses that a job survives, and one more.
pub(super) const LOSSES: usize = 3;
const HISTORY_FIRST: usize = 2;
const HISTORY_LAST: usize = 38;
const MESSAGE_BYTES: usize = 600;
const SHORT_MESSAGE_BYTES: usize = 120;

/// Cuts text after at most so many bytes, between characters.
pub(super) fn clip(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes.saturating_sub('…'.len_utf8())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
}

pub(super) fn clip_failure(failure: &mut Failure, bytes: usize) {
    clip(&mut failure.message, bytes);
    if let Some(line) = &mut failure.last_line {
        clip(line, bytes);
    }
}

/// What is recorded of an end: messages cut. The manifest is kept apart.
pub(super) fn trim_end(mut end: AttemptEnd) -> (AttemptEnd, Option<Manifest>) {
    let mut manifest = None;
    match &mut end {
        AttemptEnd::Succeeded { outputs } | AttemptEnd::Cancelled { outputs } => {
            let mut brief = Manifest { attempt: outputs.attempt, ..Manifest::default() };
            brief.truncated = !outputs.files.is_empty();
            manifest = Some(std::mem::replace(outputs, brief));
        }
        AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure } => clip_failure(failure, MESSAGE_BYTES),
        AttemptEnd::Lost { reason, .. } => clip(reason, MESSAGE_BYTES),
    }
    (end, manifest)
}

pub(super) fn trim_progress(mut progress: Progress) -> Progress {
    progress.percent = progress.percent.filter(|percent| percent.is_finite()).map(|percent| percent.clamp(0.0, 100.0));
    if let Some(status) = &mut progress.status {
        clip(status, MESSAGE_BYTES);
    }
    progress
}

pub(super) fn push_history(record: &mut JobRecord, change: StateChange) {
    record.history.push(change);
    if record.history.len() > HISTORY_FIRST + HISTORY_LAST {
        record.history.remove(HISTORY_FIRST);
    }
}

/// Makes the record fit: first the list of files gets shorter, then what was said about old attempts.
pub(super) fn fit(record: &mut JobRecord) {
    let size = |record: &JobRecord| serde_json::to_vec(record).map_or(0, |json| json.len());
    while size(record) > RECORD_BYTES {
        let Some(outputs) = record.outputs.as_mut().filter(|outputs| !outputs.files.is_empty()) else { break };
        outputs.files.truncate(outputs.files.len() * 3 / 4);
        outputs.truncated = true;
    }
    if size(record) > RECORD_BYTES {
        if let Some(outputs) = &mut record.outputs {
            outputs.folders.truncate(8);
            outputs.truncated = true;
        }
        for change in &mut record.history {
            clip(&mut change.reason, SHORT_MESSAGE_BYTES);
        }
        for attempt in &mut record.attempts {
            clip(&mut attempt.worker_name, SHORT_MESSAGE_BYTES);
            match &mut attempt.end {
                Some(AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure }) => {
                    clip_failure(failure, SHORT_MESSAGE_BYTES);
                }
                Some(AttemptEnd::Lost { reason, .. }) => clip(reason, SHORT_MESSAGE_BYTES),
                _ => {}
            }
        }
        for excluded in &mut record.excluded {
            clip_failure(&mut excluded.failure, SHORT_MESSAGE_BYTES);
        }
    }
}
