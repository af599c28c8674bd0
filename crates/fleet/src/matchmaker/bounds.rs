//! Keeps records small enough for the bus, whatever workers send.

use crate::bus::MAX_MESSAGE;
use samepath_wire::{
    AttemptEnd, Failure, Job, JobRecord, KindUnavailable, Manifest, Progress, Report, ReportEvent, StateChange, Worker,
};

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
/// What is said of an end takes no more.
const ROOM_FOR_THE_END: usize = 4 * 1024;
/// Remarks on what an attempt wrote.
const REMARKS: usize = 8;
/// Changes that are kept where there is no room for more.
const SHORT_HISTORY: usize = 8;
/// A worker's id is shorter.
const LONGEST_ID: usize = 40;
/// The most bytes of a worker's and of a person's name.
pub(super) const NAME_BYTES: usize = 200;
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

/// Leaves so many files in a list, and says how many more there were.
fn shorten(outputs: &mut Manifest, files: usize) {
    outputs.more += outputs.files.len().saturating_sub(files) as u64;
    outputs.files.truncate(files);
    outputs.truncated = true;
}

fn bytes_of(message: &impl serde::Serialize) -> usize {
    serde_json::to_vec(message).map_or(usize::MAX, |json| json.len())
}

/// Makes a report fit a message: the list of files gets shorter, words are cut.
pub(crate) fn fit_report(report: &mut Report) {
    while bytes_of(report) > MAX_MESSAGE {
        let ReportEvent::Ended { end, .. } = &mut report.event else { return };
        match end {
            AttemptEnd::Succeeded { outputs } | AttemptEnd::Cancelled { outputs } if !outputs.files.is_empty() => {
                shorten(outputs, outputs.files.len() * 3 / 4);
            }
            AttemptEnd::Succeeded { outputs } | AttemptEnd::Cancelled { outputs } => {
                outputs.folders.clear();
                outputs.remarks.clear();
                return;
            }
            AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure } => {
                clip_failure(failure, MESSAGE_BYTES);
                return;
            }
            AttemptEnd::Lost { reason, .. } => {
                clip(reason, MESSAGE_BYTES);
                return;
            }
        }
    }
}

/// Makes what a worker says of itself fit a record: why it cannot run something is cut, then job types are left out, and that is
/// said in their place.
pub(crate) fn fit_worker(worker: &mut Worker) {
    if bytes_of(worker) <= RECORD_BYTES {
        return;
    }
    worker.unavailable.iter_mut().for_each(|kind| clip(&mut kind.reason, SHORT_MESSAGE_BYTES));
    let all = worker.unavailable.len() + worker.kinds.len();
    while bytes_of(worker) + ROOM_FOR_THE_END > RECORD_BYTES
        && !(worker.unavailable.is_empty() && worker.kinds.is_empty())
    {
        worker.unavailable.truncate(worker.unavailable.len() * 3 / 4);
        if worker.unavailable.is_empty() {
            worker.kinds.truncate(worker.kinds.len() * 3 / 4);
        }
    }
    let left = all - worker.unavailable.len() - worker.kinds.len();
    if left > 0 {
        let reason = format!(
            "{left} more job types have no room in what this worker says of itself: take some out of its folder"
        );
        worker.unavailable.push(KindUnavailable { name: "…".to_owned(), reason });
    }
}

fn shorten_outputs(record: &mut JobRecord, bytes: usize) {
    while bytes_of(record) > bytes {
        let Some(outputs) = record.outputs.as_mut().filter(|outputs| !outputs.files.is_empty()) else { return };
        shorten(outputs, outputs.files.len() * 3 / 4);
    }
}

/// Puts the list of files into the record, as much of it as there is room for; how many more there were.
pub(super) fn set_outputs(record: &mut JobRecord, mut outputs: Manifest) -> u64 {
    outputs.remarks.truncate(REMARKS);
    outputs.remarks.iter_mut().for_each(|remark| clip(remark, SHORT_MESSAGE_BYTES));
    record.outputs = Some(outputs);
    shorten_outputs(record, RECORD_BYTES - ROOM_FOR_THE_END);
    record.outputs.as_ref().map_or(0, |outputs| outputs.more)
}

/// Makes the record fit, if what must stay leaves room for it: first the list of files gets shorter, then what was said, then
/// the middle of the history goes. Whether it fits now; it always does where the job itself is not larger than [`JOB_BYTES`].
pub(super) fn fit(record: &mut JobRecord) -> bool {
    let fits = |record: &JobRecord| bytes_of(record) <= RECORD_BYTES;
    if fits(record) {
        return true;
    }
    shorten_outputs(record, RECORD_BYTES);
    for bytes in [MESSAGE_BYTES, SHORT_MESSAGE_BYTES, 3 * '…'.len_utf8(), 0] {
        if fits(record) {
            return true;
        }
        clip_words(record, bytes);
    }
    if !fits(record) {
        if record.history.len() > SHORT_HISTORY {
            record.history.drain(HISTORY_FIRST..record.history.len() - (SHORT_HISTORY - HISTORY_FIRST));
        }
        if let Some(outputs) = &mut record.outputs {
            outputs.folders.clear();
            outputs.remarks.clear();
            outputs.truncated = true;
        }
        // Of those before, only their number and how they ended still counts.
        let newest = record.attempts.len().saturating_sub(1);
        for attempt in &mut record.attempts[..newest] {
            clip(&mut attempt.worker, LONGEST_ID);
        }
    }
    fits(record)
}

fn clip_words(record: &mut JobRecord, bytes: usize) {
    for change in &mut record.history {
        clip(&mut change.reason, bytes);
    }
    for attempt in &mut record.attempts {
        clip(&mut attempt.worker_name, bytes);
        // Half a path leads elsewhere.
        attempt.log_file.take_if(|at| at.to_string().len() > bytes);
        match &mut attempt.end {
            Some(AttemptEnd::Failed { failure } | AttemptEnd::Unfit { failure }) => clip_failure(failure, bytes),
            Some(AttemptEnd::Lost { reason, .. }) => clip(reason, bytes),
            // Files are listed for the job alone.
            Some(AttemptEnd::Succeeded { outputs } | AttemptEnd::Cancelled { outputs }) => {
                outputs.files.clear();
                outputs.folders.clear();
                outputs.remarks.clear();
            }
            None => {}
        }
    }
    for excluded in &mut record.excluded {
        clip(&mut excluded.worker_name, bytes);
        clip_failure(&mut excluded.failure, bytes);
    }
    if let Some(stop) = &mut record.stop {
        clip(&mut stop.by, bytes);
    }
    if let Some(failure) = &mut record.failure {
        clip_failure(failure, bytes);
    }
    if let Some(status) = &mut record.progress.status {
        clip(status, bytes);
    }
}

/// What is left of a record that fits by no means: whose it was and what it was called, so that its end can be told. A job of
/// version 0 cannot be run.
pub(super) fn reduce(record: &mut JobRecord) {
    let Job { kind, name, storage_backend, user_subdir, submitted_by, .. } = &mut record.job;
    for text in [kind, name, storage_backend, user_subdir, submitted_by] {
        clip(text, SHORT_MESSAGE_BYTES);
    }
    record.job.version = 0;
    record.job.parameters.clear();
    record.job.storages.clear();
    record.job.base_paths.clear();
    record.job.videos.clear();
    record.job.inputs.clear();
    record.job.kind_digest = None;
    record.job.worker = None;
    record.job.person = None;
    record.attempts.clear();
    record.retried_after = 0;
    record.excluded.clear();
    record.history.truncate(HISTORY_FIRST);
    record.stop = None;
    record.progress = Progress::default();
    record.outputs = None;
    clip_words(record, SHORT_MESSAGE_BYTES);
}
