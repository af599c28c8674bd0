//! Everything that window and command line show of the fleet, kept up to date in one place.

mod facts;
mod records;
mod state;
#[cfg(test)]
mod tests;

use crate::jobs::{Surroundings, job_view, named};
use crate::proofs::Proofs;
use crate::view::{JobView, KeptView, StatusView, StorageView, Update};
use crate::workers::{Here, Own};
use futures::FutureExt;
use samepath_fleet::{Live, Update as Record};
use samepath_wire::{Fit, Job, JobRecord, Kind, Worker, WorkerId};
use state::State;
use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

/// Changes that a reader may lag behind before it starts over.
const LAG: usize = 4096;

/// Between two times that is told why jobs wait. The first change after it is told at once.
const PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked whether jobs that wait start sooner than was told, as time goes by.
const AGE: Duration = Duration::from_secs(20);

/// The pause is at least this many times as long as the telling took: a queue of thousands leaves the computer its processor.
const SHARE: u32 = 9;

/// Workers, jobs and kinds as last told by the fleet, and who wants to know of changes.
///
/// Every change is sent while the state is locked, and a reader's snapshot is taken under the same lock: no reader misses one.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    updates: broadcast::Sender<Update>,
    /// How many of the three streams have told all they know.
    current: watch::Sender<usize>,
}

/// Workers, jobs and kinds at one moment.
pub(crate) struct Sight<'a> {
    pub(crate) around: Surroundings<'a>,
    pub(crate) here: Here<'a>,
}

impl Sight<'_> {
    pub(crate) fn job(&self, record: &JobRecord) -> JobView {
        job_view(record, &self.around)
    }

    /// A job of which a record was just answered. It may have gone on since: beside workers as they are now, that one would be said
    /// to wait for itself.
    pub(crate) fn answered(&self, record: &JobRecord) -> JobView {
        let known = self.around.jobs.get(&record.job.id.to_string());
        self.job(known.filter(|known| known.history.len() > record.history.len()).unwrap_or(record))
    }

    /// Every worker, and what it is to a job that is not submitted yet.
    pub(crate) fn fits(&self, job: &Job) -> Vec<(Worker, Fit)> {
        let Surroundings { workers, jobs, .. } = &self.around;
        let fits = self.around.prospects().fits(job, None).into_iter();
        fits.map(|(worker, fit)| (worker.clone(), named(fit, workers, jobs))).collect()
    }
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let (updates, _) = broadcast::channel(LAG);
        Arc::new(Self { state: Mutex::new(State::new()), updates, current: watch::Sender::new(0) })
    }

    /// Ends when the fleet does. Of a program that is the worker `own` of a lab and nothing else, what is not that worker's is let go:
    /// it would work out for each change why all the lab's jobs wait, and nobody asks it.
    pub(crate) async fn follow(
        self: Arc<Self>,
        own: Option<WorkerId>,
        mut workers: Live<Worker>,
        mut jobs: Live<JobRecord>,
        mut kinds: Live<Kind>,
    ) {
        let mut aged = interval_at(Instant::now() + AGE, AGE);
        aged.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // When the queue is told of next, and from when on it may be.
        let (mut due, mut free) = (None, Instant::now());
        loop {
            let pause = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            let went_on = tokio::select! {
                update = workers.next() => {
                    let update = update.map(|update| only(update, |worker| is_own(own.as_ref(), Some(&worker.id))));
                    self.take(update, |state, update| state.take_worker(update, &self.updates))
                }
                update = jobs.next() => {
                    let with = |record: &JobRecord| is_own(own.as_ref(), record.attempts.last().map(|last| &last.worker));
                    let update = update.map(|update| only(update, with));
                    self.take(update, |state, update| state.take_job(update, &self.updates))
                }
                update = kinds.next() => self.take(update, State::take_kind),
                _ = aged.tick() => {
                    self.lock().age();
                    true
                }
                () = pause => {
                    let begun = Instant::now();
                    self.lock().tell_queue(&self.updates);
                    due = None;
                    free = Instant::now() + (begun.elapsed() * SHARE).max(PAUSE);
                    true
                }
            };
            if !went_on {
                return;
            }
            if due.is_none() && self.lock().is_stale() {
                due = Some(free.max(Instant::now()));
            }
        }
    }

    /// False once there is nothing more to take.
    fn take<T>(&self, update: Option<Record<T>>, take: impl FnOnce(&mut State, Record<T>)) -> bool {
        let Some(update) = update else { return false };
        let told_all = matches!(update, Record::Current);
        take(&mut self.lock(), update);
        if told_all {
            self.current.send_modify(|count| *count += 1);
        }
        true
    }

    /// Waits until the fleet has told what it knows.
    pub(crate) async fn ready(&self) {
        let mut current = self.current.subscribe();
        // The sender lives as long as this board: there is nothing to be lost by an error.
        let _ = current.wait_for(|count| *count >= 3).await;
    }

    /// Whether it has.
    pub(crate) fn was_ready(&self) -> bool {
        *self.current.borrow() >= 3
    }

    /// What this computer is called.
    pub(crate) fn set_host(&self, host: Option<String>) {
        self.lock().host = host;
    }

    pub(crate) fn set_own(&self, own: Option<Own>) {
        self.lock().set_own(own, &self.updates);
    }

    /// Whether the lab's hub has just begun.
    pub(crate) fn set_beginning(&self, beginning: bool) {
        self.lock().set_beginning(beginning, &self.updates);
    }

    /// The workers that were put out of the lab, by the names that had joined.
    pub(crate) fn set_put_out(&self, names: BTreeSet<String>) {
        self.lock().set_put_out(names, &self.updates);
    }

    pub(crate) fn set_status(&self, status: StatusView) {
        self.lock().set_status(status, &self.updates);
    }

    pub(crate) fn set_kept(&self, kept: KeptView) {
        self.lock().set_kept(kept, &self.updates);
    }

    /// The storages of this computer, and what workers proved of them.
    pub(crate) fn set_storages(&self, storages: Vec<StorageView>, proofs: Arc<Proofs>) {
        self.lock().set_storages(storages, proofs, &self.updates);
    }

    /// Looks at everything. Nothing changes meanwhile: the look has to be a short one.
    pub(crate) fn look<A>(&self, look: impl FnOnce(&Sight<'_>) -> A) -> A {
        let state = self.lock();
        let around = state.facts.around();
        look(&Sight { around, here: state.here() })
    }

    /// Looks at one job's record.
    pub(crate) fn with_job<A>(&self, id: &str, look: impl FnOnce(Option<&JobRecord>) -> A) -> A {
        look(self.lock().facts.jobs.known.get(id))
    }

    /// Everything known, then every change.
    pub(crate) fn watch(self: &Arc<Self>) -> Updates {
        let mut state = self.lock();
        let known = state.snapshot(&self.updates);
        let changes = self.updates.subscribe();
        drop(state);
        Updates { board: self.clone(), known, changes }
    }

    /// What a window draws first: see [`State::first`].
    pub(crate) fn first(&self, most: usize) -> Vec<Update> {
        self.lock().first(most, self.was_ready())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_own(own: Option<&WorkerId>, of: Option<&WorkerId>) -> bool {
    own.is_none_or(|own| of == Some(own))
}

/// What is to be kept of it; another record is as one that is not there.
fn only<T>(update: Record<T>, keep: impl FnOnce(&T) -> bool) -> Record<T> {
    match update {
        Record::Put(key, record) if !keep(&record) => Record::Gone(key),
        update => update,
    }
}

/// Everything known first, then every change. A reader that lags gets [`Update::Reset`] and everything anew.
#[derive(Debug)]
pub struct Updates {
    board: Arc<Board>,
    known: VecDeque<Update>,
    changes: broadcast::Receiver<Update>,
}

impl Updates {
    /// As [`Updates::next`], with those that follow at once, in order: `most` at most, and at least one.
    pub async fn next_together(&mut self, most: usize) -> Option<Vec<Update>> {
        let mut together = vec![self.next().await?];
        while together.len() < most
            && let Some(Some(update)) = self.next().now_or_never()
        {
            together.push(update);
        }
        Some(together)
    }

    /// The next change; none when the program ends. Safe to cancel.
    pub async fn next(&mut self) -> Option<Update> {
        if let Some(update) = self.known.pop_front() {
            return Some(update);
        }
        match self.changes.recv().await {
            Ok(update) => Some(update),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let Self { known, changes, .. } = self.board.watch();
                self.known = known;
                self.changes = changes;
                Some(Update::Reset)
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
