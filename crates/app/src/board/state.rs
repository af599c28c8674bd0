//! What is known, what was told of it, and what is different between the two.

use super::facts::Facts;
use super::records::{Records, Taken};
use crate::jobs::{job_view, record_view};
use crate::kinds::{kind_view, known};
use crate::proofs::Proofs;
use crate::view::{JobView, KeptView, KindView, StatusView, StorageView, Update, WorkerView};
use crate::workers::{Here, Ours, Own, worker_view};
use jiff::Timestamp;
use samepath_fleet::Update as Record;
use samepath_fleet::matching::Kinds;
use samepath_wire::{AttemptState, BackendAdvert, BackendState, GpuUse, JobRecord, JobState, Kind, Worker};
use samepath_worker::kinds::Catalogue;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::broadcast::Sender;

/// Jobs that wait of which is told at once, besides those of which it is known when they start. Where thousands wait, each job that
/// ends brings all of them a place further: to tell of all of them each time would leave no time for anything else.
const SLICE: usize = 200;

/// A record is told of as soon as it changes. What the whole queue decides, why each job waits, and the list of job types are told
/// by [`State::tell_queue`], for all changes until then together.
#[derive(Debug)]
pub(super) struct State {
    pub(super) facts: Facts,
    kinds: Records<Kind>,
    /// What came with the program: known before any worker tells of it.
    built_in: Kinds,
    pub(super) own: Option<Own>,
    /// This computer's name.
    pub(super) host: Option<String>,
    proofs: Arc<Proofs>,
    /// Those that were there before the records were last told anew, and have not been told of since.
    awaited: BTreeMap<String, Worker>,
    status: Option<StatusView>,
    kept: KeptView,
    storages: Vec<StorageView>,
    /// What was sent last, so that only differences are sent. None until somebody listens.
    told: Option<Told>,
    /// Whether jobs may wait for another reason than was told, or other job types be known.
    stale: bool,
    /// How many of the jobs that wait are still to be told of since. They come in turn, from one telling to the next.
    untold: usize,
    /// The job of which was told last of those in turn.
    turn: String,
}

#[derive(Debug, Default)]
struct Told {
    workers: HashMap<String, WorkerView>,
    jobs: HashMap<String, JobView>,
    kinds: Vec<KindView>,
}

impl State {
    pub(super) fn new() -> Self {
        let built_in: Kinds =
            Catalogue::built_in().kinds().into_iter().map(|kind| (kind.digest.clone(), kind)).collect();
        let facts = Facts {
            workers: Records::default(),
            jobs: Records::default(),
            kinds: built_in.clone(),
            beginning: false,
            put_out: BTreeSet::new(),
            clock: Timestamp::now,
        };
        Self {
            facts,
            kinds: Records::default(),
            built_in,
            own: None,
            host: None,
            proofs: Arc::default(),
            awaited: BTreeMap::new(),
            status: None,
            kept: KeptView::default(),
            storages: Vec::new(),
            told: None,
            stale: false,
            untold: 0,
            turn: String::new(),
        }
    }

    pub(super) fn take_worker(&mut self, update: Record<Worker>, to: &Sender<Update>) {
        if let Record::Put(key, _) | Record::Gone(key) = &update {
            self.awaited.remove(key);
        }
        match self.facts.workers.take(update) {
            Taken::Nothing => {}
            Taken::All(before) => {
                let missing = before.into_iter().filter(|(key, _)| !self.facts.workers.known.contains_key(key));
                self.awaited = missing.collect();
                self.await_workers();
                self.tell_all(to);
            }
            Taken::One { key, before } => {
                let now = self.facts.workers.known.get(&key);
                self.stale |= before.as_ref().map(offer) != now.map(offer);
                self.tell_worker(&key, to);
                // How its jobs do is less certain, or more.
                self.tell_jobs(|record| !record.state.is_ended() && is_with(record, &key), to);
            }
        }
    }

    pub(super) fn take_job(&mut self, update: Record<JobRecord>, to: &Sender<Update>) {
        match self.facts.jobs.take(update) {
            Taken::Nothing => {}
            Taken::All(_) => self.tell_all(to),
            Taken::One { key, before } => {
                let now = self.facts.jobs.known.get(&key);
                self.stale |= before.as_ref().map(standing) != now.map(standing);
                if before.is_none() || now.is_none() {
                    // A worker that holds it shows its name.
                    self.tell_workers(|worker| worker.holds.iter().any(|held| held.job.to_string() == key), to);
                }
                self.tell_job(&key, to);
            }
        }
    }

    pub(super) fn take_kind(&mut self, update: Record<Kind>) {
        if matches!(self.kinds.take(update), Taken::Nothing) {
            return;
        }
        self.facts.kinds.clone_from(&self.built_in);
        self.facts.kinds.extend(self.kinds.known.iter().map(|(digest, kind)| (digest.clone(), kind.clone())));
        self.stale = true;
    }

    pub(super) fn set_own(&mut self, own: Option<Own>, to: &Sender<Update>) {
        self.own = own;
        self.tell_workers(|_| true, to);
    }

    pub(super) fn here(&self) -> Here<'_> {
        Here { own: self.own.as_ref(), host: self.host.as_deref() }
    }

    pub(super) fn set_beginning(&mut self, beginning: bool, to: &Sender<Update>) {
        if std::mem::replace(&mut self.facts.beginning, beginning) == beginning {
            return;
        }
        if beginning {
            self.await_workers();
        } else {
            // They had time enough.
            for key in std::mem::take(&mut self.awaited).into_keys() {
                self.facts.workers.known.remove(&key);
            }
        }
        if let Some(status) = self.status.clone() {
            self.set_status(status, to);
        }
        self.tell_all(to);
    }

    /// Which workers are of the lab no more.
    pub(super) fn set_put_out(&mut self, names: BTreeSet<String>, to: &Sender<Update>) {
        if self.facts.put_out != names {
            self.facts.put_out = names;
            self.tell_jobs(|record| !record.state.is_ended() || !record.attempts.is_empty(), to);
        }
    }

    /// While the lab's hub has just begun, workers that were there before are taken to be on their way back.
    fn await_workers(&mut self) {
        if self.facts.beginning {
            let awaited = self.awaited.iter().map(|(key, worker)| (key.clone(), worker.clone()));
            self.facts.workers.known.extend(awaited);
        }
    }

    /// Whether the lab's hub has just begun is known here alone.
    pub(super) fn set_status(&mut self, status: StatusView, to: &Sender<Update>) {
        let status = StatusView { beginning: self.facts.beginning, ..status };
        if self.status.as_ref() != Some(&status) {
            self.status = Some(status.clone());
            let _ = to.send(Update::Status(status));
        }
    }

    pub(super) fn set_kept(&mut self, kept: KeptView, to: &Sender<Update>) {
        if self.kept != kept {
            self.kept = kept.clone();
            let _ = to.send(Update::Kept(kept));
        }
    }

    pub(super) fn set_storages(&mut self, storages: Vec<StorageView>, proofs: Arc<Proofs>, to: &Sender<Update>) {
        let proved = !Arc::ptr_eq(&self.proofs, &proofs);
        let changed = self.storages != storages;
        self.proofs = proofs;
        if changed {
            self.storages.clone_from(&storages);
            let _ = to.send(Update::Storages(storages));
        }
        if changed || proved {
            // Whether a worker's storage is the same as ours depends on ours.
            self.tell_workers(|_| true, to);
        }
    }

    /// Time has passed: those that wait start sooner than was told.
    pub(super) fn age(&mut self) {
        self.stale |= self.facts.jobs.known.values().any(|record| record.state == JobState::Queued);
    }

    /// Whether [`State::tell_queue`] has something to do.
    pub(super) fn is_stale(&self) -> bool {
        (self.stale || self.untold > 0) && self.told.is_some()
    }

    /// Tells of jobs whose place in the queue, or whose reasons to wait, are different now, and of other job types: of those that
    /// start soon, and of as many others as is told at once. While it is stale thereafter, others are to be told of.
    pub(super) fn tell_queue(&mut self, to: &Sender<Update>) {
        let Some(told) = &mut self.told else { return };
        let around = self.facts.around();
        let jobs = &self.facts.jobs.known;
        let queued = |(_, record): &(&String, &JobRecord)| record.state == JobState::Queued;
        if std::mem::take(&mut self.stale) {
            self.untold = jobs.iter().filter(queued).count();
        }
        let (before, after) = (jobs.range(..=self.turn.clone()), jobs.range(self.turn.clone()..));
        let in_turn = after.filter(|(id, _)| **id != self.turn).chain(before).filter(queued);
        let in_turn: Vec<(&String, &JobRecord)> = in_turn.take(self.untold.min(SLICE)).collect();
        self.untold -= in_turn.len();
        if let Some((last, _)) = in_turn.last() {
            self.turn.clone_from(last);
        }
        let told_to_start = told.jobs.values().filter(|view| view.starts_in.is_some()).map(|view| view.id.clone());
        let to_start: HashSet<String> = told_to_start.chain(around.starting().map(|id| id.to_string())).collect();
        let to_start = to_start.iter().filter_map(|id| jobs.get_key_value(id)).filter(queued);
        for (_, record) in to_start.chain(in_turn) {
            tell(job_view(record, &around), told, to);
        }
        self.tell_kinds(to);
    }

    fn tell_kinds(&mut self, to: &Sender<Update>) {
        let kinds = self.kinds();
        let Some(told) = &mut self.told else { return };
        if told.kinds != kinds {
            told.kinds.clone_from(&kinds);
            let _ = to.send(Update::Kinds(kinds));
        }
    }

    /// Everything known. From now on every change of it is told.
    pub(super) fn snapshot(&mut self, to: &Sender<Update>) -> VecDeque<Update> {
        if self.told.is_none() {
            self.told = Some(Told::default());
            self.tell_all(to);
        }
        let told = self.told.as_ref();
        let mut known: VecDeque<Update> = self.frame(told.map(|told| told.kinds.clone()).unwrap_or_default()).collect();
        known.extend(told.into_iter().flat_map(|told| told.workers.values().cloned().map(Update::Worker)));
        let jobs = told.into_iter().flat_map(|told| told.jobs.values().cloned());
        known.extend(jobs.map(|job| Update::Job(Box::new(job))));
        known.push_back(Update::Current);
        known
    }

    /// What there is besides workers and jobs.
    fn frame(&self, kinds: Vec<KindView>) -> impl Iterator<Item = Update> + use<> {
        let status = self.status.clone().map(Update::Status);
        let rest = [Update::Kept(self.kept.clone()), Update::Storages(self.storages.clone()), Update::Kinds(kinds)];
        status.into_iter().chain(rest)
    }

    fn kinds(&self) -> Vec<KindView> {
        known(&self.facts.kinds, self.facts.workers.known.values()).iter().map(kind_view).collect()
    }

    /// What a window draws first, before it watches. Of workers and jobs it is at most `most` each: what runs, what waits, and what
    /// of the person's has ended since the window was last open. It ends with `current` where that is everything, and where `ready` says
    /// that the fleet has told all it knows.
    pub(super) fn first(&self, most: usize, ready: bool) -> Vec<Update> {
        let around = self.facts.around();
        let ours = Ours { storages: &self.storages, proofs: &self.proofs, now: (self.facts.clock)() };
        let member = self.status.as_ref().map_or("", |status| &status.member);
        let seen = self.kept.seen_until.unwrap_or(f64::INFINITY);
        let is_news = |record: &JobRecord| {
            let ended = record.history.last().map_or(0.0, |change| change.at.as_millisecond() as f64);
            record.job.submitted_by == member && (ended > seen || self.kept.unseen.contains(&record.job.id.to_string()))
        };
        let whole = self.facts.workers.known.len() <= most && self.facts.jobs.known.len() <= most;
        let matters = |record: &&JobRecord| whole || !record.state.is_ended() || is_news(record);
        let mut jobs: Vec<&JobRecord> = self.facts.jobs.known.values().filter(matters).collect();
        jobs.sort_by_key(|record| (record.state.is_ended(), record.state == JobState::Queued));
        let worker = |worker| Update::Worker(worker_view(worker, &self.facts.jobs.known, self.here(), &ours));
        let mut first: Vec<Update> = self.frame(self.kinds()).collect();
        first.extend(self.facts.workers.known.values().take(most).map(worker));
        first.extend(jobs.into_iter().take(most).map(|job| Update::Job(Box::new(job_view(job, &around)))));
        first.extend((whole && ready).then_some(Update::Current));
        first
    }

    fn tell_all(&mut self, to: &Sender<Update>) {
        let Some(told) = &mut self.told else { return };
        for (id, _) in told.workers.extract_if(|id, _| !self.facts.workers.known.contains_key(id)) {
            let _ = to.send(Update::WorkerGone(id));
        }
        for (id, _) in told.jobs.extract_if(|id, _| !self.facts.jobs.known.contains_key(id)) {
            let _ = to.send(Update::JobGone(id));
        }
        self.tell_workers(|_| true, to);
        self.tell_jobs(|_| true, to);
        self.tell_kinds(to);
        (self.stale, self.untold) = (false, 0);
    }

    fn tell_worker(&mut self, id: &str, to: &Sender<Update>) {
        if self.facts.workers.known.contains_key(id) {
            self.tell_workers(|worker| worker.id == id, to);
        } else if self.told.as_mut().is_some_and(|told| told.workers.remove(id).is_some()) {
            let _ = to.send(Update::WorkerGone(id.to_owned()));
        }
    }

    fn tell_workers(&mut self, which: impl Fn(&Worker) -> bool, to: &Sender<Update>) {
        let Some(told) = &mut self.told else { return };
        let here = Here { own: self.own.as_ref(), host: self.host.as_deref() };
        let ours = Ours { storages: &self.storages, proofs: &self.proofs, now: (self.facts.clock)() };
        for (id, worker) in self.facts.workers.known.iter().filter(|(_, worker)| which(worker)) {
            let view = worker_view(worker, &self.facts.jobs.known, here, &ours);
            if told.workers.get(id) != Some(&view) {
                told.workers.insert(id.clone(), view.clone());
                let _ = to.send(Update::Worker(view));
            }
        }
    }

    fn tell_job(&mut self, id: &str, to: &Sender<Update>) {
        let Some(told) = &mut self.told else { return };
        let around = self.facts.around();
        match self.facts.jobs.known.get(id) {
            Some(record) => {
                let mut view = record_view(record, &around);
                // What was said of its place in the queue stands until the whole queue is told of.
                if record.state == JobState::Queued
                    && let Some(before) = told.jobs.get(id)
                {
                    view.starts_in.clone_from(&before.starts_in);
                    view.starts.clone_from(&before.starts);
                    view.waiting_for.clone_from(&before.waiting_for);
                    (view.waits, view.unserved) = (before.waits, before.unserved);
                }
                tell(view, told, to);
            }
            None if told.jobs.remove(id).is_some() => drop(to.send(Update::JobGone(id.to_owned()))),
            None => {}
        }
    }

    fn tell_jobs(&mut self, which: impl Fn(&JobRecord) -> bool, to: &Sender<Update>) {
        let Some(told) = &mut self.told else { return };
        let around = self.facts.around();
        self.facts
            .jobs
            .known
            .values()
            .filter(|record| which(record))
            .for_each(|record| tell(job_view(record, &around), told, to));
    }
}

fn tell(view: JobView, told: &mut Told, to: &Sender<Update>) {
    if told.jobs.get(&view.id) != Some(&view) {
        told.jobs.insert(view.id.clone(), view.clone());
        let _ = to.send(Update::Job(Box::new(view)));
    }
}

fn is_with(record: &JobRecord, worker: &str) -> bool {
    record.attempts.last().is_some_and(|attempt| attempt.worker == worker)
}

/// Whatever of a job's record decides about jobs that wait.
fn standing(record: &JobRecord) -> impl PartialEq + use<> {
    let newest = record.attempts.last();
    let ended = newest.is_some_and(|attempt| attempt.state == AttemptState::Ended);
    (record.state, record.attempts.len(), ended, record.excluded.len(), record.order)
}

/// Whatever of a worker decides what it can serve, and what is said of that.
fn offer(worker: &Worker) -> impl PartialEq + '_ {
    let storage = |(name, storage): (&'_ String, &'_ BackendAdvert)| (name.clone(), storage.state, storage.id.clone());
    let storages: Vec<(String, BackendState, Option<String>)> = worker.backends.iter().map(storage).collect();
    let taken: Vec<Option<&GpuUse>> = worker.gpus.iter().map(|gpu| gpu.taken.as_ref()).collect();
    (&worker.name, &worker.kinds, &worker.unavailable, &worker.amounts, &worker.attributes, storages, taken)
}
