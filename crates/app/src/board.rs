//! Everything that window and command line show of the fleet, kept up to date in one place.

use crate::jobs::{Surroundings, job_view};
use crate::kinds::{kind_view, known};
use crate::sameness::{Proofs, Verdict};
use crate::view::{JobView, KindView, StatusView, StorageView, Update, WorkerView};
use crate::workers::{Ours, Own, worker_view};
use samepath_fleet::Live;
use samepath_fleet::matching::Kinds;
use samepath_wire::{JobRecord, JobState, Kind, Worker};
use samepath_worker::kinds::Catalogue;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};

/// Changes that a reader may lag behind before it starts over.
const LAG: usize = 4096;

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

#[derive(Debug, Default)]
struct State {
    workers: Records<Worker>,
    jobs: Records<JobRecord>,
    kinds: Records<Kind>,
    /// What came with the program: known before any worker tells of it.
    built_in: Kinds,
    /// The kinds known, in the form that matching wants.
    known_kinds: Kinds,
    own: Option<Own>,
    proofs: Proofs,
    status: Option<StatusView>,
    storages: Vec<StorageView>,
    /// What was sent last, so that only differences are sent.
    sent_workers: HashMap<String, WorkerView>,
    sent_jobs: HashMap<String, JobView>,
    sent_kinds: Vec<KindView>,
}

/// Records of one sort. While a stream tells what is there, the old ones stay in use.
#[derive(Debug)]
struct Records<T> {
    known: BTreeMap<String, T>,
    coming: Option<BTreeMap<String, T>>,
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), coming: Some(BTreeMap::new()) }
    }
}

impl<T> Records<T> {
    /// Whether what is known may be different now; `true` also at the end of a snapshot.
    fn take(&mut self, update: samepath_fleet::Update<T>) -> bool {
        use samepath_fleet::Update::{Current, Gone, Put, Reset};
        match (update, &mut self.coming) {
            (Reset, coming) => {
                *coming = Some(BTreeMap::new());
                false
            }
            (Put(key, record), Some(coming)) => {
                coming.insert(key, record);
                false
            }
            (Gone(key), Some(coming)) => {
                coming.remove(&key);
                false
            }
            (Current, coming) => {
                if let Some(coming) = coming.take() {
                    self.known = coming;
                }
                true
            }
            (Put(key, record), None) => {
                self.known.insert(key, record);
                true
            }
            (Gone(key), None) => self.known.remove(&key).is_some(),
        }
    }
}

/// What may look different now.
enum Touched {
    /// One job; and those that wait, whose place in the queue may be another.
    Job(String),
    /// Workers; and the jobs that wait for one, or are in the hands of one.
    Workers,
    /// Everything.
    All,
}

/// Workers, jobs and kinds at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) workers: BTreeMap<String, Worker>,
    pub(crate) jobs: BTreeMap<String, JobRecord>,
    pub(crate) kinds: Kinds,
}

/// The same, looked at in its place.
pub(crate) struct Sight<'a> {
    pub(crate) workers: &'a BTreeMap<String, Worker>,
    pub(crate) jobs: &'a BTreeMap<String, JobRecord>,
    pub(crate) kinds: &'a Kinds,
    pub(crate) own: Option<&'a Own>,
    pub(crate) proofs: &'a Proofs,
}

impl Sight<'_> {
    pub(crate) fn job(&self, record: &JobRecord) -> JobView {
        job_view(record, &Surroundings { workers: self.workers, jobs: self.jobs, kinds: self.kinds })
    }
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let (updates, _) = broadcast::channel(LAG);
        let built_in: Kinds =
            Catalogue::load(None).kinds().into_iter().map(|kind| (kind.digest.clone(), kind)).collect();
        let state = State { known_kinds: built_in.clone(), built_in, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), updates, current: watch::Sender::new(0) })
    }

    /// Ends when the fleet does.
    pub(crate) async fn follow(
        self: Arc<Self>,
        mut workers: Live<Worker>,
        mut jobs: Live<JobRecord>,
        mut kinds: Live<Kind>,
    ) {
        loop {
            let went_on = tokio::select! {
                update = workers.next() => self.take(update, |state| &mut state.workers, |_| Touched::Workers),
                update = jobs.next() => self.take(update, |state| &mut state.jobs, Touched::Job),
                update = kinds.next() => self.take(update, |state| &mut state.kinds, |_| Touched::All),
            };
            if !went_on {
                return;
            }
        }
    }

    fn take<T: DeserializeOwned>(
        &self,
        update: Option<samepath_fleet::Update<T>>,
        of: impl Fn(&mut State) -> &mut Records<T>,
        touched: impl Fn(String) -> Touched,
    ) -> bool {
        use samepath_fleet::Update::{Current, Gone, Put, Reset};
        let Some(update) = update else { return false };
        let (touched, told_all) = match &update {
            Put(key, _) | Gone(key) => (touched(key.clone()), false),
            Reset => (Touched::All, false),
            Current => (Touched::All, true),
        };
        let mut state = self.lock();
        if of(&mut state).take(update) {
            if let Touched::All = touched {
                state.known_kinds = state.built_in.clone();
                let State { kinds, known_kinds, .. } = &mut *state;
                known_kinds.extend(kinds.known.iter().map(|(digest, kind)| (digest.clone(), kind.clone())));
            }
            self.send_differences(&mut state, &touched);
        }
        drop(state);
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

    pub(crate) fn set_own(&self, own: Option<Own>) {
        let mut state = self.lock();
        state.own = own;
        self.send_differences(&mut state, &Touched::Workers);
    }

    pub(crate) fn set_status(&self, status: StatusView) {
        let mut state = self.lock();
        if state.status.as_ref() != Some(&status) {
            state.status = Some(status.clone());
            let _ = self.updates.send(Update::Status(status));
        }
    }

    pub(crate) fn set_storages(&self, storages: Vec<StorageView>) {
        let mut state = self.lock();
        if state.storages != storages {
            state.storages.clone_from(&storages);
            let _ = self.updates.send(Update::Storages(storages));
            // Whether a worker's storage is the same as ours depends on ours.
            self.send_differences(&mut state, &Touched::Workers);
        }
    }

    /// What workers proved of a storage of this computer.
    pub(crate) fn take_proofs(&self, ours: &StorageView, verdicts: &[(&Worker, Verdict)]) {
        let mut state = self.lock();
        for (worker, verdict) in verdicts {
            state.proofs.take(ours, worker, *verdict);
        }
        self.send_differences(&mut state, &Touched::Workers);
    }

    pub(crate) fn picture(&self) -> Picture {
        picture(&self.lock())
    }

    /// Looks at everything. Nothing changes meanwhile: the look has to be a short one.
    pub(crate) fn look<A>(&self, look: impl FnOnce(&Sight<'_>) -> A) -> A {
        let state = self.lock();
        let State { workers, jobs, known_kinds, own, proofs, .. } = &*state;
        let (workers, jobs) = (&workers.known, &jobs.known);
        look(&Sight { workers, jobs, kinds: known_kinds, own: own.as_ref(), proofs })
    }

    /// Looks at one job's record.
    pub(crate) fn with_job<A>(&self, id: &str, look: impl FnOnce(Option<&JobRecord>) -> A) -> A {
        look(self.lock().jobs.known.get(id))
    }

    /// Everything known, then every change.
    pub(crate) fn watch(self: &Arc<Self>) -> Updates {
        let state = self.lock();
        let changes = self.updates.subscribe();
        let known = snapshot(&state);
        drop(state);
        Updates { board: self.clone(), known, changes }
    }

    fn send_differences(&self, state: &mut State, touched: &Touched) {
        let State { workers, jobs, known_kinds, own, proofs, storages, sent_workers, sent_jobs, sent_kinds, .. } =
            state;
        let ours = Ours { storages, proofs };
        let (workers, jobs) = (&workers.known, &jobs.known);
        let gone: Vec<String> = sent_workers.keys().filter(|id| !workers.contains_key(*id)).cloned().collect();
        for id in gone {
            sent_workers.remove(&id);
            let _ = self.updates.send(Update::WorkerGone(id));
        }
        for (id, worker) in workers {
            let view = worker_view(worker, jobs, own.as_ref(), &ours);
            if sent_workers.get(id) != Some(&view) {
                sent_workers.insert(id.clone(), view.clone());
                let _ = self.updates.send(Update::Worker(view));
            }
        }
        let around = Surroundings { workers, jobs, kinds: known_kinds };
        for (id, record) in jobs {
            let maybe_different = match touched {
                Touched::All => true,
                Touched::Workers => !record.state.is_ended(),
                Touched::Job(changed) => id == changed || record.state == JobState::Queued,
            };
            if !maybe_different {
                continue;
            }
            let view = job_view(record, &around);
            if sent_jobs.get(id) != Some(&view) {
                sent_jobs.insert(id.clone(), view.clone());
                let _ = self.updates.send(Update::Job(Box::new(view)));
            }
        }
        if matches!(touched, Touched::Job(_)) {
            return;
        }
        let kinds: Vec<KindView> = known(known_kinds, workers.values()).iter().map(kind_view).collect();
        if *sent_kinds != kinds {
            sent_kinds.clone_from(&kinds);
            let _ = self.updates.send(Update::Kinds(kinds));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn picture(state: &State) -> Picture {
    Picture { workers: state.workers.known.clone(), jobs: state.jobs.known.clone(), kinds: state.known_kinds.clone() }
}

fn snapshot(state: &State) -> VecDeque<Update> {
    let mut known = VecDeque::new();
    known.extend(state.status.clone().map(Update::Status));
    known.push_back(Update::Storages(state.storages.clone()));
    known.push_back(Update::Kinds(state.sent_kinds.clone()));
    known.extend(state.sent_workers.values().cloned().map(Update::Worker));
    known.extend(state.sent_jobs.values().cloned().map(|job| Update::Job(Box::new(job))));
    known.push_back(Update::Current);
    known
}

/// Everything known first, then every change. A reader that lags gets [`Update::Reset`] and everything anew.
#[derive(Debug)]
pub struct Updates {
    board: Arc<Board>,
    known: VecDeque<Update>,
    changes: broadcast::Receiver<Update>,
}

impl Updates {
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
