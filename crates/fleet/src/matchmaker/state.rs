use super::prune::Ended;
use super::queue::Queue;
use super::{Action, Answer, Event, Now, Rules, Ticket, bounds};
use crate::matching::Kinds;
use jiff::Timestamp;
use samepath_wire::{
    Attempt, AttemptEnd, AttemptRef, AttemptState, Cause, ClaimAnswer, Failure, JobId, JobRecord, JobState, Refused,
    StateChange, Worker, WorkerId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

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
    pub(super) rules: Rules,
    pub(super) now: Now,
    pub(super) jobs: HashMap<JobId, JobRecord>,
    /// Jobs whose records cannot be read.
    unreadable: HashSet<JobId>,
    pub(super) ended: Ended,
    /// Order of the next job to arrive.
    pub(super) next_order: u64,
    /// Those online.
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    pub(super) kinds: Kinds,
    /// Definitions that others have taken the place of, and since when.
    pub(super) superseded: HashMap<String, Duration>,
    pub(super) queue: Queue,
    /// Jobs that are with a worker, by user.
    pub(super) running: HashMap<String, u32>,
    /// Attempts that have not ended, by worker.
    pub(super) live: HashMap<WorkerId, BTreeSet<AttemptRef>>,
    /// When each attempt that has not ended was last heard of, or given out.
    heard: HashMap<JobId, (u32, Duration)>,
    /// Names of workers that the lab lets in no more.
    pub(super) put_out: HashSet<String>,
    /// Attempts of workers that were put out: who comes in such a name may be another computer, which knows nothing of them.
    pub(super) doubtful: HashSet<AttemptRef>,
    /// Workers that ask for work, and when they began.
    pub(super) claims: BTreeMap<WorkerId, (Ticket, Duration)>,
    /// Queued jobs that a worker has tried and found unfit: they fail once nobody is left.
    tried: HashSet<JobId>,
    /// What may fit now and must be looked at before the event is over.
    pub(super) changed_jobs: BTreeSet<(u64, JobId)>,
    pub(super) changed_workers: BTreeSet<WorkerId>,
    pub(super) actions: Vec<Action>,
    /// When it began to lead, or woke; none once [`grace`](super::Timing::grace) has passed.
    pub(super) began: Option<Duration>,
}

impl State {
    /// What follows from the records, in the order in which they were written last. Every attempt that runs gets a full lease.
    pub fn rebuild(
        epoch: u64,
        rules: impl Into<Rules>,
        records: impl IntoIterator<Item = JobRecord>,
        now: Now,
    ) -> Self {
        let mut state = Self {
            epoch,
            rules: rules.into(),
            now,
            jobs: HashMap::new(),
            unreadable: HashSet::new(),
            ended: Ended::default(),
            next_order: 1,
            workers: BTreeMap::new(),
            kinds: Kinds::new(),
            superseded: HashMap::new(),
            queue: Queue::default(),
            running: HashMap::new(),
            live: HashMap::new(),
            heard: HashMap::new(),
            put_out: HashSet::new(),
            doubtful: HashSet::new(),
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
            Event::Submit { ticket, member, places, jobs_at_once, mut job } => {
                job.places = places;
                job.jobs_at_once = jobs_at_once;
                self.submit(ticket, member, *job);
            }
            Event::Order { ticket, member, places, jobs_at_once, job, order } => {
                self.order(ticket, member, (places, jobs_at_once), job, order);
            }
            Event::CancelWaiting { ticket, member } => self.cancel_waiting(ticket, &member),
            Event::Clear { ticket, member, clear } => self.clear(ticket, &member, &clear),
            Event::Claim { ticket, worker, claim } => self.claim(ticket, worker, &claim),
            Event::Confirm { ticket, worker, confirm } => self.confirm(ticket, &worker, &confirm),
            Event::Report { ticket, worker, report } => self.report(ticket, &worker, *report),
            Event::Abandoned { ticket } => self.claims.retain(|_, (claim, _)| *claim != ticket),
            Event::WorkerSeen(worker) => self.worker_seen(*worker),
            Event::WorkerGone(worker) => {
                self.workers.remove(&worker);
            }
            Event::WorkerPutOut(name) => self.put_out(name),
            Event::WorkerLetIn(name) => self.let_in(&name),
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
        if clock - self.now.clock > self.rules.timing.gap {
            for (_, heard) in self.heard.values_mut() {
                *heard = clock;
            }
            self.superseded.clear();
            self.began = Some(clock);
        }
        self.now = Now { clock, wall: now.wall };
    }

    fn worker_seen(&mut self, worker: Worker) {
        if self.is_put_out(&worker.id) {
            return;
        }
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
        if self.began.is_some_and(|began| clock - began >= self.rules.timing.grace) {
            self.began = None;
            self.look_at_tried();
        }
        let mut late: Vec<(JobId, bool)> = Vec::new();
        for (id, (_, heard)) in &self.heard {
            let Some(attempt) = self.jobs.get(id).and_then(|record| record.attempts.last()) else { continue };
            let confirmed = attempt.confirmed_at.is_some();
            if clock - *heard >= if confirmed { self.rules.timing.lease } else { self.rules.timing.confirm } {
                late.push((*id, confirmed));
            }
        }
        late.sort_unstable();
        for (id, confirmed) in late {
            if confirmed {
                let minutes = self.rules.timing.lease.as_secs() / 60;
                let reason = |worker: &str| format!("{worker} was not heard of for {minutes} minutes");
                self.lose(id, reason, Loss::Silence);
            } else {
                self.withdraw(id, JobState::Queued, |worker| format!("{worker} did not take it"));
            }
        }
        let old = |(_, since): &(Ticket, Duration)| clock - *since >= self.rules.timing.claim;
        let answered: Vec<_> = self.claims.iter().filter(|(_, claim)| old(claim)).map(|(id, _)| id.clone()).collect();
        for worker in answered {
            self.answer_claim(&worker, ClaimAnswer::default());
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
        self.ended.remove(id);
        if let Some(attempt) = live_attempt(&record) {
            if let Some(count) = self.running.get_mut(&record.job.submitted_by) {
                *count -= 1;
                if *count == 0 {
                    self.running.remove(&record.job.submitted_by);
                }
            }
            if record.job.jobs_at_once.is_some() {
                // One more of this person's may run.
                self.changed_jobs.extend(self.queue.heads(&record.job.submitted_by));
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
            self.ended.push(id);
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
}

/// When a job that has ended did, by the clock of then.
pub(super) fn ended_at(record: &JobRecord) -> Timestamp {
    record.history.last().map_or(Timestamp::UNIX_EPOCH, |change| change.at)
}

/// The attempt of a job that has not ended, if there is one.
pub(super) fn live_attempt(record: &JobRecord) -> Option<&Attempt> {
    let last = record.attempts.last()?;
    (last.state != AttemptState::Ended && !record.state.is_ended()).then_some(last)
}
