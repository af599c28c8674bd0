use super::queue::Queue;
use super::{Action, Answer, Event, Now, Ticket, Timing, bounds};
use crate::matching::{Kinds, doubts, reasons};
use jiff::Timestamp;
use samepath_wire::{
    Assignment, Attempt, AttemptEnd, AttemptRef, AttemptState, Cause, ClaimAnswer, Failure, JobId, JobRecord, JobState,
    Progress, Reason, Refused, StateChange, Worker, WorkerId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// Jobs that have ended and are kept: those that ended last. A busy lab's history of weeks; a view of all of them stays a few
/// megabytes.
pub const KEPT_JOBS: usize = 2000;
/// Jobs removed within a second, each of which is a write to the disk.
const REMOVED_AT_ONCE: usize = 16;

/// How it is known that an attempt ended otherwise than by finishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It was not heard of for a lease.
    Silence,
    /// Its worker says so.
    Told { proved: bool },
}

/// Everything that the matchmaker knows. See the [module](super) for how it is used and what always holds.
#[derive(Debug)]
pub struct State {
    pub(super) epoch: u64,
    pub(super) timing: Timing,
    pub(super) now: Now,
    pub(super) jobs: HashMap<JobId, JobRecord>,
    /// Jobs whose records cannot be read.
    unreadable: HashSet<JobId>,
    /// Jobs that have ended, the one that ended first in front.
    ended: BTreeSet<(Timestamp, JobId)>,
    /// Order of the next job to arrive.
    pub(super) next_order: u64,
    /// Those online.
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    pub(super) kinds: Kinds,
    queue: Queue,
    /// Jobs that are with a worker, by user.
    running: HashMap<String, u32>,
    /// Attempts that have not ended, by worker.
    pub(super) live: HashMap<WorkerId, BTreeSet<AttemptRef>>,
    /// When each attempt that has not ended was last heard of, or given out.
    heard: HashMap<JobId, (u32, Duration)>,
    /// Workers that ask for work, and when they began.
    claims: BTreeMap<WorkerId, (Ticket, Duration)>,
    /// Queued jobs that a worker has tried and found unfit: they fail once nobody is left.
    tried: HashSet<JobId>,
    /// What may fit now and must be looked at before the event is over.
    changed_jobs: BTreeSet<(u64, JobId)>,
    changed_workers: BTreeSet<WorkerId>,
    actions: Vec<Action>,
    /// When it began to lead; none once [`Timing::grace`] has passed.
    began: Option<Duration>,
}

impl State {
    /// What follows from the records. Every attempt that runs gets a full lease.
    pub fn rebuild(epoch: u64, timing: Timing, records: impl IntoIterator<Item = JobRecord>, now: Now) -> Self {
        let mut state = Self {
            epoch,
            timing,
            now,
            jobs: HashMap::new(),
            unreadable: HashSet::new(),
            ended: BTreeSet::new(),
            next_order: 1,
            workers: BTreeMap::new(),
            kinds: Kinds::new(),
            queue: Queue::default(),
            running: HashMap::new(),
            live: HashMap::new(),
            heard: HashMap::new(),
            claims: BTreeMap::new(),
            tried: HashSet::new(),
            changed_jobs: BTreeSet::new(),
            changed_workers: BTreeSet::new(),
            actions: Vec::new(),
            began: Some(now.clock),
        };
        for record in records {
            state.next_order = state.next_order.max(record.order.saturating_add(1));
            state.index(&record);
            state.jobs.insert(record.job.id, record);
        }
        state
    }

    /// A job's record is there and cannot be read, because a newer version wrote it or because it is damaged: from now on it is
    /// left alone, and so is whoever runs it.
    pub fn leave_alone(&mut self, id: JobId) {
        drop(self.take(id));
        self.heard.remove(&id);
        self.unreadable.insert(id);
    }

    /// What whoever asks about such a job is told.
    pub(super) fn unreadable(&self, id: JobId) -> Option<Refused> {
        self.unreadable.contains(&id).then(|| Refused {
            code: "internal".to_owned(),
            message: format!("the record of job {id} is there, but cannot be read"),
        })
    }

    /// The bus does not take a job's record: the job fails.
    pub fn too_large(&mut self, id: JobId, now: Now) -> Vec<Action> {
        self.pass_time(now);
        if let Some(mut record) = self.take(id) {
            self.fail_too_large(&mut record);
            self.store(record);
        }
        self.settle();
        std::mem::take(&mut self.actions)
    }

    fn fail_too_large(&self, record: &mut JobRecord) {
        bounds::reduce(record);
        let message = "its record grew larger than the queue takes; submit it anew, with fewer or shorter values";
        let failure = Failure { cause: Cause::Internal, message: message.to_owned(), exit_code: None, last_line: None };
        record.failure = Some(failure);
        self.change(record, JobState::Failed, message.to_owned());
    }

    /// The epoch that this matchmaker leads in.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A job as it is now.
    pub fn job(&self, id: JobId) -> Option<&JobRecord> {
        self.jobs.get(&id)
    }

    /// All jobs, in no order.
    pub fn jobs(&self) -> impl Iterator<Item = &JobRecord> {
        self.jobs.values()
    }

    /// The workers online.
    pub fn online(&self) -> impl Iterator<Item = &str> {
        self.workers.keys().map(String::as_str)
    }

    /// Whether a worker asks for work.
    pub fn is_asking(&self, worker: &str) -> bool {
        self.claims.contains_key(worker)
    }

    /// Does one event.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        self.pass_time(now);
        match event {
            Event::Submit { ticket, member, job } => self.submit(ticket, member, *job),
            Event::Order { ticket, member, job, order } => self.order(ticket, member, job, order),
            Event::Claim { ticket, worker, claim } => self.claim(ticket, worker, &claim),
            Event::Confirm { ticket, worker, confirm } => self.confirm(ticket, &worker, &confirm),
            Event::Report { ticket, worker, report } => self.report(ticket, &worker, *report),
            Event::Abandoned { ticket } => self.claims.retain(|_, (claim, _)| *claim != ticket),
            Event::WorkerSeen(worker) => self.worker_seen(*worker),
            Event::WorkerGone(worker) => {
                self.workers.remove(&worker);
            }
            Event::KindSeen(kind) => {
                self.kinds.insert(kind.digest.clone(), *kind);
                self.changed_workers.extend(self.claims.keys().cloned());
            }
            Event::Tick => {
                self.expire();
                self.prune();
            }
        }
        self.settle();
        std::mem::take(&mut self.actions)
    }

    fn pass_time(&mut self, now: Now) {
        let clock = now.clock.max(self.now.clock);
        if clock - self.now.clock > self.timing.gap {
            for (_, heard) in self.heard.values_mut() {
                *heard = clock;
            }
        }
        self.now = Now { clock, wall: now.wall };
    }

    fn worker_seen(&mut self, worker: Worker) {
        for held in &worker.holds {
            if self.live.get(&worker.id).is_some_and(|live| live.contains(held)) {
                self.hear(held);
            }
        }
        self.changed_workers.insert(worker.id.clone());
        if self.workers.get(&worker.id) != Some(&worker) {
            self.workers.insert(worker.id.clone(), worker);
            self.look_at_tried();
        }
    }

    fn look_at_tried(&mut self) {
        let tried = self.tried.iter().filter_map(|id| self.jobs.get(id));
        self.changed_jobs.extend(tried.map(|record| (record.order, record.job.id)));
    }

    fn expire(&mut self) {
        let clock = self.now.clock;
        if self.began.is_some_and(|began| clock - began >= self.timing.grace) {
            self.began = None;
            self.look_at_tried();
        }
        let mut late: Vec<(JobId, bool)> = Vec::new();
        for (id, (_, heard)) in &self.heard {
            let Some(attempt) = self.jobs.get(id).and_then(|record| record.attempts.last()) else { continue };
            let confirmed = attempt.confirmed_at.is_some();
            if clock - *heard >= if confirmed { self.timing.lease } else { self.timing.confirm } {
                late.push((*id, confirmed));
            }
        }
        late.sort_unstable();
        for (id, confirmed) in late {
            if confirmed {
                let minutes = self.timing.lease.as_secs() / 60;
                let reason = |worker: &str| format!("{worker} was not heard of for {minutes} minutes");
                self.lose(id, reason, Loss::Silence);
            } else {
                self.withdraw(id, JobState::Queued, |worker| format!("{worker} did not take it"));
            }
        }
        let old = |(_, since): &(Ticket, Duration)| clock - *since >= self.timing.claim;
        let answered: Vec<_> = self.claims.iter().filter(|(_, claim)| old(claim)).map(|(id, _)| id.clone()).collect();
        for worker in answered {
            self.answer_claim(&worker, ClaimAnswer::default());
        }
    }

    /// Removes what ended before all that is kept.
    fn prune(&mut self) {
        for _ in 0..REMOVED_AT_ONCE.min(self.ended.len().saturating_sub(KEPT_JOBS)) {
            let Some((_, id)) = self.ended.pop_first() else { return };
            let Some(record) = self.jobs.remove(&id) else { continue };
            self.actions.push(Action::Remove { job: id, attempts: record.attempts.len() as u32 });
        }
    }

    // Records.

    /// Takes a record out to change it. It must be [stored](Self::store) again before the event is over.
    pub(super) fn take(&mut self, id: JobId) -> Option<JobRecord> {
        let record = self.jobs.remove(&id)?;
        if record.state == JobState::Queued {
            self.queue.remove(&record);
            self.tried.remove(&id);
        }
        self.ended.remove(&(ended_at(&record), id));
        if let Some(attempt) = live_attempt(&record) {
            if let Some(count) = self.running.get_mut(&record.job.submitted_by) {
                *count -= 1;
                if *count == 0 {
                    self.running.remove(&record.job.submitted_by);
                }
            }
            if let Some(live) = self.live.get_mut(&attempt.worker) {
                live.remove(&AttemptRef { job: id, attempt: attempt.number });
                if live.is_empty() {
                    self.live.remove(&attempt.worker);
                }
            }
            self.changed_workers.insert(attempt.worker.clone());
        }
        Some(record)
    }

    /// Puts a record back, and has it written.
    pub(super) fn store(&mut self, mut record: JobRecord) {
        record.epoch = self.epoch;
        if !bounds::fit(&mut record) {
            self.fail_too_large(&mut record);
        }
        self.index(&record);
        self.actions.push(Action::Write(Box::new(record.clone())));
        self.jobs.insert(record.job.id, record);
    }

    fn index(&mut self, record: &JobRecord) {
        let id = record.job.id;
        if record.state == JobState::Queued {
            self.queue.insert(record);
            self.changed_jobs.insert((record.order, id));
            if !record.excluded.is_empty() {
                self.tried.insert(id);
            }
        }
        if record.state.is_ended() {
            self.ended.insert((ended_at(record), id));
        }
        match live_attempt(record) {
            Some(attempt) => {
                *self.running.entry(record.job.submitted_by.clone()).or_default() += 1;
                let live = self.live.entry(attempt.worker.clone()).or_default();
                live.insert(AttemptRef { job: id, attempt: attempt.number });
                let fresh = (attempt.number, self.now.clock);
                let heard = self.heard.entry(id).or_insert(fresh);
                if heard.0 != attempt.number {
                    *heard = fresh;
                }
            }
            None => {
                self.heard.remove(&id);
            }
        }
    }

    pub(super) fn change(&self, record: &mut JobRecord, state: JobState, reason: String) {
        record.state = state;
        bounds::push_history(record, StateChange { state, at: self.now.wall, reason });
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.actions.push(Action::Answer(ticket, answer));
    }

    pub(super) fn step_down(&mut self) {
        self.actions.push(Action::StepDown);
    }

    pub(super) fn hear(&mut self, attempt: &AttemptRef) {
        self.heard.insert(attempt.job, (attempt.attempt, self.now.clock));
    }

    // Ends.

    /// The newest attempt ended otherwise than by finishing.
    pub(super) fn lose(&mut self, id: JobId, reason: impl FnOnce(&str) -> String, loss: Loss) {
        let (told, proved) = match loss {
            Loss::Silence => (false, false),
            Loss::Told { proved } => (true, proved),
        };
        let wall = self.now.wall;
        let Some(mut record) = self.take(id) else { return };
        let mut sentence = String::new();
        if let Some(attempt) = record.attempts.last_mut() {
            sentence = reason(&attempt.worker_name);
            attempt.state = AttemptState::Ended;
            attempt.ended_at = Some(wall);
            attempt.end = Some(AttemptEnd::Lost { reason: sentence.clone(), proved });
            attempt.told = told;
        }
        let losses: Vec<String> = record
            .attempts
            .iter()
            .filter(|attempt| attempt.number > record.retried_after)
            .filter_map(|attempt| match &attempt.end {
                Some(AttemptEnd::Lost { reason, .. }) => Some(format!("try {}: {reason}", attempt.number)),
                _ => None,
            })
            .collect();
        if record.stop.is_some() {
            self.change(&mut record, JobState::Cancelled, sentence);
        } else if losses.len() >= bounds::LOSSES {
            let mut message = format!("lost {} times; {}", losses.len(), losses.join("; "));
            bounds::clip(&mut message, 1500);
            record.failure =
                Some(Failure { cause: Cause::Lost, message: message.clone(), exit_code: None, last_line: None });
            self.change(&mut record, JobState::Failed, message);
        } else {
            self.change(&mut record, JobState::Queued, sentence);
        }
        self.store(record);
    }

    /// Takes back an attempt that was not confirmed: nothing of it was ever begun.
    pub(super) fn withdraw(&mut self, id: JobId, state: JobState, reason: impl FnOnce(&str) -> String) {
        let Some(mut record) = self.take(id) else { return };
        let sentence = record.attempts.pop().map(|attempt| reason(&attempt.worker_name)).unwrap_or_default();
        self.change(&mut record, state, sentence);
        self.store(record);
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
        let brief = "every worker that could have served it has tried".to_owned();
        record.failure = Some(Failure { cause: Cause::NoWorker, message, exit_code: None, last_line: None });
        self.change(&mut record, JobState::Failed, brief);
        self.store(record);
    }

    /// Whether nobody is left who could serve a job that somebody has tried. A worker whose storages are still being looked at,
    /// or do not answer just now, is left; and just after the matchmaker began, so are those that have yet to say that they are
    /// there.
    fn is_hopeless(&self, record: &JobRecord) -> bool {
        let passing = |reason: &Reason| {
            matches!(
                reason,
                Reason::BackendState {
                    state: samepath_wire::BackendState::Unknown | samepath_wire::BackendState::NotAnswering,
                    ..
                }
            )
        };
        if record.excluded.len() >= bounds::EXCLUSIONS {
            return true;
        }
        let mut left = self
            .workers
            .values()
            .filter(|worker| reasons(&record.job, Some(record), worker, &self.kinds).iter().all(passing));
        self.began.is_none() && !self.workers.is_empty() && left.next().is_none()
    }

    // Matching.

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
    fn settle(&mut self) {
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
        let Some(job) = self.queue.first(&self.running, fits) else { return };
        let (id, name) = (worker.id.clone(), worker.name.clone());
        self.assign(job, id, name);
    }

    fn assign(&mut self, job: JobId, worker: WorkerId, mut worker_name: String) {
        bounds::clip(&mut worker_name, bounds::NAME_BYTES);
        let Some(mut record) = self.take(job) else { return };
        let reason = format!("given to {worker_name}");
        let own_output =
            record.attempts.iter().any(|attempt| matches!(attempt.end, Some(AttemptEnd::Lost { proved: false, .. })));
        record.attempts.push(Attempt {
            number: record.attempts.len() as u32 + 1,
            worker: worker.clone(),
            worker_name,
            state: AttemptState::Assigned,
            assigned_at: self.now.wall,
            confirmed_at: None,
            ended_at: None,
            end: None,
            told: false,
            own_output,
        });
        record.progress = Progress::default();
        self.change(&mut record, JobState::Assigned, reason);
        let assignment = assignment(&record, self.epoch);
        self.store(record);
        self.answer_claim(&worker, ClaimAnswer { assignment, ..ClaimAnswer::default() });
    }
}

fn ended_at(record: &JobRecord) -> Timestamp {
    record.history.last().map_or(Timestamp::UNIX_EPOCH, |change| change.at)
}

/// The attempt of a job that has not ended, if there is one.
pub(super) fn live_attempt(record: &JobRecord) -> Option<&Attempt> {
    let last = record.attempts.last()?;
    (last.state != AttemptState::Ended && !record.state.is_ended()).then_some(last)
}

/// The newest attempt as work for its worker.
pub(super) fn assignment(record: &JobRecord, epoch: u64) -> Option<Assignment> {
    let attempt = record.attempts.last()?;
    Some(Assignment { job: record.job.clone(), attempt: attempt.number, epoch, own_output: attempt.own_output })
}
