use super::assign::assignment;
use super::state::{Loss, live_attempt};
use super::{Answer, State, Ticket, bounds};
use samepath_wire::{
    Attempt, AttemptEnd, AttemptRef, AttemptState, Cause, Claim, ClaimAnswer, Confirm, ConfirmAnswer, Exclusion,
    Failure, JobRecord, JobState, Report, ReportAnswer, ReportEvent, StopRequest, StoragePath, WorkerId,
};
use std::collections::BTreeSet;

impl State {
    pub(super) fn claim(&mut self, ticket: Ticket, worker: WorkerId, claim: &Claim) {
        // A worker asks once at a time: an earlier claim is of a process that has gone, or was given up.
        self.answer_claim(&worker, ClaimAnswer::default());
        if self.is_put_out(&worker) {
            // It was on its way when that was said.
            return self.answer(ticket, Answer::Claim(Box::default()));
        }
        let holds: BTreeSet<&AttemptRef> = claim.holds.iter().collect();
        let (mut forget, mut unreadable) = (Vec::new(), Vec::new());
        for held in &holds {
            if self.unreadable(held.job).is_some() {
                unreadable.push((*held).clone());
            } else if self.live.get(&worker).is_some_and(|live| live.contains(held)) {
                self.hear(held);
            } else if !self.revive(&worker, held) {
                forget.push((*held).clone());
            }
        }
        let missing: Vec<AttemptRef> =
            self.live.get(&worker).into_iter().flatten().filter(|live| !holds.contains(live)).cloned().collect();
        let mut again = None;
        for attempt in missing {
            let Some(record) = self.jobs.get(&attempt.job) else { continue };
            if live_attempt(record).is_some_and(|attempt| attempt.confirmed_at.is_some()) {
                let proved = !self.doubtful.contains(&attempt);
                self.lose(attempt.job, |worker| format!("{worker} has it no longer"), Loss::Told { proved });
            } else if claim.wants {
                again = assignment(record, self.epoch);
            }
        }
        if again.is_some() || !forget.is_empty() || !claim.wants {
            let answer = ClaimAnswer { assignment: again, forget, unreadable };
            self.answer(ticket, Answer::Claim(Box::new(answer)));
        } else {
            self.pend_claim(&worker, ticket);
        }
    }

    pub(super) fn confirm(&mut self, ticket: Ticket, worker: &str, confirm: &Confirm) {
        if confirm.epoch > self.epoch {
            return self.step_down();
        }
        let attempt = &confirm.attempt;
        if let Some(refused) = self.unreadable(attempt.job) {
            return self.answer(ticket, Answer::Refused(refused));
        }
        let Some(confirmed) = self.own(worker, attempt).map(|live| live.confirmed_at.is_some()) else {
            return self.answer(ticket, Answer::Confirm(ConfirmAnswer::Withdrawn));
        };
        if !confirmed && let Some(mut record) = self.take(attempt.job) {
            if let Some(last) = record.attempts.last_mut() {
                last.state = AttemptState::Confirmed;
                last.confirmed_at = Some(self.now.wall);
            }
            self.store(record);
        }
        self.hear(attempt);
        self.answer(ticket, Answer::Confirm(ConfirmAnswer::Go));
    }

    pub(super) fn report(&mut self, ticket: Ticket, worker: &WorkerId, report: Report) {
        let Report { attempt, event, log_file, .. } = report;
        let answer = match &event {
            _ if self.unreadable(attempt.job).is_some() => ReportAnswer::Unreadable,
            ReportEvent::Ended { end, .. } if self.is_recorded(worker, &attempt, end) => {
                self.note_told(&attempt);
                ReportAnswer::Accepted
            }
            _ => {
                let runs = self.own(worker, &attempt).is_some_and(|live| live.confirmed_at.is_some());
                if runs || self.revive(worker, &attempt) {
                    self.hear(&attempt);
                    self.apply(attempt, event, log_file);
                    ReportAnswer::Accepted
                } else {
                    ReportAnswer::Superseded
                }
            }
        };
        self.answer(ticket, Answer::Report(answer));
    }

    /// The attempt, if it has not ended and is this worker's.
    fn own(&self, worker: &str, attempt: &AttemptRef) -> Option<&Attempt> {
        let live = self.jobs.get(&attempt.job).and_then(live_attempt)?;
        (live.number == attempt.attempt && live.worker == worker).then_some(live)
    }

    /// Whether this worker has said before that the attempt ended, and how.
    fn is_recorded(&self, worker: &str, attempt: &AttemptRef, end: &AttemptEnd) -> bool {
        let known = self.jobs.get(&attempt.job).and_then(|record| {
            record.attempts.iter().find(|known| known.number == attempt.attempt && known.worker == worker)
        });
        match known.and_then(|known| known.end.as_ref()) {
            None => false,
            Some(AttemptEnd::Lost { .. }) => matches!(end, AttemptEnd::Lost { .. }),
            Some(_) => true,
        }
    }

    /// An attempt that was given up for want of news: now its worker says so itself, and whatever it says later is old. Also where
    /// somebody else was given the job since: who does not take it leaves this attempt the newest again.
    fn note_told(&mut self, attempt: &AttemptRef) {
        let is_it = |known: &Attempt| known.number == attempt.attempt && !known.told;
        let untold = self.jobs.get(&attempt.job).filter(|record| !record.state.is_ended());
        if untold.is_some_and(|record| record.attempts.iter().any(is_it))
            && let Some(mut record) = self.take(attempt.job)
        {
            record.attempts.iter_mut().filter(|known| is_it(known)).for_each(|known| known.told = true);
            self.store(record);
        }
    }

    /// Goes on with an attempt that was given up for want of news, if nobody else was given the job since, and nobody asked for
    /// another try.
    fn revive(&mut self, worker: &WorkerId, attempt: &AttemptRef) -> bool {
        if self.is_put_out(worker) {
            return false;
        }
        let may = self.jobs.get(&attempt.job).is_some_and(|record| {
            record.state == JobState::Queued
                && record.attempts.last().is_some_and(|last| {
                    last.number == attempt.attempt
                        && last.number > record.retried_after
                        && last.worker == *worker
                        && !last.told
                        && matches!(last.end, Some(AttemptEnd::Lost { proved: false, .. }))
                })
        });
        if !may || self.live.contains_key(worker) {
            return false;
        }
        let Some(mut record) = self.take(attempt.job) else { return false };
        let mut sentence = String::new();
        if let Some(last) = record.attempts.last_mut() {
            last.state = AttemptState::Running;
            last.ended_at = None;
            last.end = None;
            sentence = format!("{} still runs it", last.worker_name);
        }
        self.change(&mut record, JobState::Running, sentence);
        self.store(record);
        true
    }

    fn apply(&mut self, attempt: AttemptRef, event: ReportEvent, log_file: Option<StoragePath>) {
        let Some(state) = self.jobs.get(&attempt.job).and_then(live_attempt).map(|live| live.state) else { return };
        match event {
            ReportEvent::Checking if matches!(state, AttemptState::Confirmed) => {
                self.advance(&attempt, AttemptState::Checking, JobState::Checking, "looks at its files");
            }
            ReportEvent::Running if matches!(state, AttemptState::Confirmed | AttemptState::Checking) => {
                self.advance(&attempt, AttemptState::Running, JobState::Running, "started it");
            }
            ReportEvent::Checking | ReportEvent::Running => {}
            ReportEvent::Progress { progress } => {
                let mut progress = bounds::trim_progress(progress);
                let before = self.jobs.get(&attempt.job).map(|record| &record.progress);
                progress.at = match before.filter(|before| before.percent == progress.percent) {
                    Some(before) => before.at,
                    None => progress.percent.map(|_| self.now.wall),
                };
                let known = before == Some(&progress);
                if !known && let Some(mut record) = self.take(attempt.job) {
                    record.progress = progress;
                    self.store(record);
                }
            }
            ReportEvent::Ended { end: AttemptEnd::Lost { mut reason, proved }, survivors } => {
                bounds::clip(&mut reason, 600);
                // What would not end is not gone.
                let proved = proved && !survivors;
                self.lose(attempt.job, |worker| format!("{worker}: {reason}"), Loss::Told { proved });
            }
            ReportEvent::Ended { end, survivors } => self.finish(&attempt, end, survivors, log_file),
        }
    }

    fn advance(&mut self, attempt: &AttemptRef, to: AttemptState, state: JobState, words: &str) {
        let Some(mut record) = self.take(attempt.job) else { return };
        let mut sentence = String::new();
        if let Some(last) = record.attempts.last_mut() {
            last.state = to;
            sentence = format!("{} {words}", last.worker_name);
        }
        self.change(&mut record, state, sentence);
        self.store(record);
    }

    fn finish(&mut self, attempt: &AttemptRef, end: AttemptEnd, survivors: bool, log_file: Option<StoragePath>) {
        let wall = self.now.wall;
        let Some(mut record) = self.take(attempt.job) else { return };
        let (end, manifest) = bounds::trim_end(end);
        let mut worker = (String::new(), String::new());
        if let Some(last) = record.attempts.last_mut() {
            last.state = AttemptState::Ended;
            last.ended_at = Some(wall);
            last.end = Some(end.clone());
            last.survivors = survivors;
            last.log_file = log_file;
            last.told = true;
            worker = (last.worker.clone(), last.worker_name.clone());
        }
        let mut more = 0;
        if let Some(mut manifest) = manifest {
            manifest.attempt = attempt.attempt;
            more = bounds::set_outputs(&mut record, manifest);
        }
        self.conclude(&mut record, end, worker, more);
        self.store(record);
    }

    /// `more` are the files that it wrote and that are not listed.
    fn conclude(&self, record: &mut JobRecord, end: AttemptEnd, (worker, name): (WorkerId, String), more: u64) {
        let by = record.stop.as_ref().map(StopRequest::words).unwrap_or_default();
        match end {
            AttemptEnd::Succeeded { .. } => {
                let more = if more > 0 { format!("; {more} more files than are listed") } else { String::new() };
                let remarks = record.outputs.iter().flat_map(|outputs| &outputs.remarks);
                let remarks: String = remarks.map(|remark| format!("; {remark}")).collect();
                self.change(record, JobState::Succeeded, format!("{name} finished it{more}{remarks}"));
            }
            AttemptEnd::Cancelled { .. } => self.change(record, JobState::Cancelled, by),
            AttemptEnd::Failed { failure } => {
                self.change(record, JobState::Failed, failure.message.clone());
                record.failure = Some(failure);
            }
            AttemptEnd::Unfit { failure } => {
                let sentence = format!("{name} cannot serve it: {}", failure.message);
                record.excluded.push(Exclusion { worker, worker_name: name, failure });
                if record.stop.is_some() {
                    self.change(record, JobState::Cancelled, by);
                } else if let Some(failure) = self.lacks_input(record) {
                    self.change(record, JobState::Failed, failure.message.clone());
                    record.failure = Some(failure);
                } else {
                    self.change(record, JobState::Queued, sentence);
                }
            }
            AttemptEnd::Lost { reason, .. } => {
                let failure = Failure { cause: Cause::Lost, message: reason, exit_code: None, last_line: None };
                self.change(record, JobState::Failed, failure.message.clone());
                record.failure = Some(failure);
            }
        }
    }
}
