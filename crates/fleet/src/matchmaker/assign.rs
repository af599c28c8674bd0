//! Which of the workers that ask gets which of the jobs that wait, and what becomes of a job that nobody can serve.

use super::{Answer, State, Ticket, bounds};
use crate::matching::{doubts, enough_run, reasons};
use samepath_wire::{
    Assignment, Attempt, AttemptEnd, AttemptState, BackendState, Cause, ClaimAnswer, Exclusion, Failure, JobId,
    JobRecord, JobState, Progress, Reason, Worker, WorkerId,
};

impl State {
    pub(super) fn pend_claim(&mut self, worker: &WorkerId, ticket: Ticket) {
        self.claims.insert(worker.clone(), (ticket, self.now.clock));
        self.changed_workers.insert(worker.clone());
    }

    pub(super) fn answer_claim(&mut self, worker: &str, answer: ClaimAnswer) {
        if let Some((ticket, _)) = self.claims.remove(worker) {
            self.answer(ticket, Answer::Claim(Box::new(answer)));
        }
    }

    /// Joins those that ask for work and jobs that wait, where one of them is new or has changed.
    pub(super) fn settle(&mut self) {
        while let Some((_, id)) = self.changed_jobs.pop_first() {
            let Some(record) = self.jobs.get(&id).filter(|record| record.state == JobState::Queued) else { continue };
            if let Some(worker) = self.best_worker(record) {
                // Whose turn it is at this worker may be another job: one that was queued in the same event.
                self.give_work(&worker);
                if self.jobs.get(&id).is_some_and(|record| record.state == JobState::Queued) {
                    self.changed_jobs.extend(self.jobs.get(&id).map(|record| (record.order, id)));
                }
            } else if !record.excluded.is_empty() && self.is_hopeless(record) {
                self.give_up(id);
            }
        }
        while let Some(worker) = self.changed_workers.pop_first() {
            self.give_work(&worker);
        }
    }

    /// Of the workers that ask for work and can serve it: confirmed before the same mark before unknown, then whoever has waited
    /// longest.
    fn best_worker(&self, record: &JobRecord) -> Option<WorkerId> {
        let running = self.running.get(&record.job.submitted_by).copied().unwrap_or(0);
        if enough_run(&record.job, running).is_some() {
            return None;
        }
        let free = self.claims.iter().filter(|(id, _)| !self.live.contains_key(*id));
        let fitting = free.filter_map(|(id, (ticket, since))| {
            let worker = self.workers.get(id)?;
            reasons(&record.job, Some(record), worker, &self.kinds)
                .is_empty()
                .then(|| ((doubts(&record.job, worker), *since, *ticket), id))
        });
        fitting.min().map(|(_, id)| id.clone())
    }

    /// Gives a worker that asks for it the job whose turn it is, if one fits.
    fn give_work(&mut self, id: &str) {
        if !self.claims.contains_key(id) || self.live.contains_key(id) {
            return;
        }
        let Some(worker) = self.workers.get(id) else { return };
        let fits = |job: JobId| {
            let record = self.jobs.get(&job);
            record.is_some_and(|record| reasons(&record.job, Some(record), worker, &self.kinds).is_empty())
        };
        let may = |job: JobId, runs| self.jobs.get(&job).is_some_and(|record| enough_run(&record.job, runs).is_none());
        let Some(job) = self.queue.first(&self.running, may, fits) else { return };
        let (id, name) = (worker.id.clone(), worker.name.clone());
        self.assign(job, id, name);
    }

    fn assign(&mut self, job: JobId, worker: WorkerId, mut worker_name: String) {
        bounds::clip(&mut worker_name, bounds::NAME_BYTES);
        let Some(mut record) = self.take(job) else { return };
        let reason = format!("given to {worker_name}");
        let own_output = record.attempts.iter().any(may_still_write);
        record.attempts.push(Attempt {
            number: record.attempts.len() as u32 + 1,
            worker: worker.clone(),
            worker_name,
            state: AttemptState::Assigned,
            assigned_at: self.now.wall,
            confirmed_at: None,
            ended_at: None,
            end: None,
            survivors: false,
            log_file: None,
            told: false,
            own_output,
        });
        record.progress = Progress::default();
        self.change(&mut record, JobState::Assigned, reason);
        let assignment = assignment(&record, self.epoch);
        let limited = record.job.jobs_at_once.is_some().then(|| record.job.submitted_by.clone());
        self.store(record);
        if let Some(user) = limited {
            // Whether a further one may run was not asked as long as this one came first.
            self.changed_jobs.extend(self.queue.heads(&user));
        }
        self.answer_claim(&worker, ClaimAnswer { assignment, ..ClaimAnswer::default() });
    }

    /// Fails a queued job that everybody who could have served it has tried.
    fn give_up(&mut self, id: JobId) {
        let Some(mut record) = self.take(id) else { return };
        let tried: Vec<String> = record
            .excluded
            .iter()
            .map(|excluded| format!("{}: {}", excluded.worker_name, excluded.failure.message))
            .collect();
        let mut message = format!("no worker can serve it; {}", tried.join("; "));
        bounds::clip(&mut message, 4000);
        let all_say = record.excluded.iter().all(says_input);
        let failure = match record.excluded.first().filter(|_| all_say) {
            Some(first) => first.failure.clone(),
            None => Failure { cause: Cause::NoWorker, message, exit_code: None, last_line: None },
        };
        let brief = match all_say {
            true => failure.message.clone(),
            false => "every worker that could have served it has tried".to_owned(),
        };
        record.failure = Some(failure);
        self.change(&mut record, JobState::Failed, brief);
        self.store(record);
    }

    /// Whether nobody is left who could serve a job that somebody has tried. A worker whose storages are still being looked at,
    /// or do not answer just now, or whose GPU somebody uses, is left; and just after the matchmaker began, or woke, so are those
    /// that have yet to say that they are there.
    fn is_hopeless(&self, record: &JobRecord) -> bool {
        if record.excluded.len() >= bounds::EXCLUSIONS {
            return true;
        }
        self.began.is_none() && !self.workers.is_empty() && self.left_for(record).next().is_none()
    }

    /// The workers that can serve a job, or can once something has passed.
    fn left_for(&self, record: &JobRecord) -> impl Iterator<Item = &Worker> {
        let passing = |reason: &Reason| {
            matches!(
                reason,
                Reason::Draining
                    | Reason::GpuTaken { .. }
                    | Reason::BackendState { state: BackendState::Unknown | BackendState::NotAnswering, .. }
            )
        };
        let workers = self.workers.values();
        workers.filter(move |worker| reasons(&record.job, Some(record), worker, &self.kinds).iter().all(passing))
    }

    /// Why no worker is to try a job any more, because its input is changed or gone, and not only where somebody looked: a worker says
    /// so that is known to have the very storages, or a second one does, while nobody who is known to have them is left.
    pub(super) fn lacks_input(&self, record: &JobRecord) -> Option<Failure> {
        let is_sure = |worker: &Worker| {
            let readable = |name| worker.backends.get(name).is_some_and(|backend| backend.state.is_readable());
            doubts(&record.job, worker).0 == 0 && record.job.storages.keys().all(readable)
        };
        let told: Vec<&Exclusion> = record.excluded.iter().filter(|excluded| says_input(excluded)).collect();
        let sure = told.iter().find(|it| self.workers.get(&it.worker).is_some_and(is_sure));
        let second = || told.get(1).filter(|_| !self.left_for(record).any(is_sure));
        sure.or_else(second).map(|it| it.failure.clone())
    }
}

/// Whether a worker was excluded because of the job's input.
fn says_input(excluded: &Exclusion) -> bool {
    excluded.failure.cause == Cause::InputChanged
}

/// Whether an attempt that has ended is not known to write no more.
fn may_still_write(attempt: &Attempt) -> bool {
    attempt.survivors || matches!(attempt.end, Some(AttemptEnd::Lost { proved: false, .. }))
}

/// The newest attempt as work for its worker.
pub(super) fn assignment(record: &JobRecord, epoch: u64) -> Option<Assignment> {
    let attempt = record.attempts.last()?;
    Some(Assignment { job: record.job.clone(), attempt: attempt.number, epoch, own_output: attempt.own_output })
}
