use super::shape::Shape;
use super::{Kinds, enough_run, is_called, reasons};
use samepath_wire::{AttemptState, Fit, Job, JobId, JobRecord, JobState, Reason, Worker};
use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::rc::Rc;

/// Which worker can serve which job, now or after how many others: a fleet at one moment.
///
/// Made once for as many questions as are asked of that moment. Whatever is the same for several jobs or several workers is worked
/// out once, when it is first asked for: a thousand jobs that wait for a thousand workers differ in little.
#[derive(Debug)]
pub struct Prospects<'a> {
    pub(super) kinds: &'a Kinds,
    /// By name.
    pub(super) workers: Vec<&'a Worker>,
    /// How many jobs of each user run.
    running: HashMap<&'a str, u32>,
    /// What each worker runs that runs one.
    pub(super) busy: HashMap<&'a str, &'a JobRecord>,
    /// Those queued. Every worker judges the jobs of one shape alike.
    pub(super) queued: HashMap<Shape, Vec<&'a JobRecord>>,
    /// Whose turn comes when, by the shapes that a worker can serve.
    turns: RefCell<HashMap<Vec<bool>, Rc<Turns<'a>>>>,
    /// The same by worker.
    turns_of: RefCell<HashMap<&'a str, Rc<Turns<'a>>>>,
    /// The workers as the jobs of a shape see them.
    sides: RefCell<HashMap<Shape, Rc<Sides<'a>>>>,
}

/// When it is a job's turn: how many of its user's are to run by then, and then its arrival. The least comes first.
type Turn = (u32, Place);

/// When a job arrived.
pub(super) type Place = (u64, JobId);

/// The jobs queued that some workers can serve.
#[derive(Debug)]
pub(super) struct Turns<'a> {
    /// Of all, in order.
    all: Vec<Turn>,
    /// Of each user's, in order.
    places: HashMap<&'a str, Vec<Place>>,
}

/// All workers, by what they are to jobs of one shape.
#[derive(Debug)]
pub(super) struct Sides<'a> {
    /// Those that can serve it: the ones before which the same jobs stand, and whether they run one, together.
    pub(super) can: Vec<(Rc<Turns<'a>>, bool, Vec<&'a Worker>)>,
    /// Those that cannot, those together that cannot for the same reasons.
    cannot: Vec<(Vec<Reason>, Vec<&'a Worker>)>,
}

/// Workers that are the same to a job, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike<'a> {
    /// At least one.
    pub workers: Vec<&'a Worker>,
    /// What each of them is to the job.
    pub fit: Fit,
}

impl<'a> Prospects<'a> {
    /// `jobs` are all records of the fleet, `workers` those online. A kind whose definition is not among `kinds` is taken to need
    /// nothing of its host.
    pub fn of(
        jobs: impl IntoIterator<Item = &'a JobRecord>,
        workers: impl IntoIterator<Item = &'a Worker>,
        kinds: &'a Kinds,
    ) -> Self {
        let mut workers: Vec<&Worker> = workers.into_iter().collect();
        workers.sort_by_key(|worker| (&worker.name, &worker.id));
        let (mut running, mut busy, mut queued) = (HashMap::<&str, u32>::new(), HashMap::new(), HashMap::new());
        for record in jobs {
            if let Some(worker) = running_on(record) {
                *running.entry(&record.job.submitted_by).or_default() += 1;
                busy.insert(worker, record);
            } else if record.state == JobState::Queued {
                queued.entry(Shape::of(record)).or_insert_with(Vec::new).push(record);
            }
        }
        let (turns, turns_of, sides) = Default::default();
        Self { kinds, workers, running, busy, queued, turns, turns_of, sides }
    }

    /// What every worker is to this job, by the worker's name.
    ///
    /// `record` is that of a job that waits, one of those that this was made of; none for a job that is not submitted yet: it then
    /// counts as the last to arrive. *Busy* counts the job that the worker runs, and those queued that it would be given before
    /// this one: each user's turn comes in order of how many of theirs run.
    pub fn fits(&self, job: &Job, record: Option<&JobRecord>) -> Vec<(&'a Worker, Fit)> {
        let fit = |worker: &&'a Worker| (*worker, self.fit(job, record, worker));
        self.workers.iter().map(fit).collect()
    }

    fn fit(&self, job: &Job, record: Option<&JobRecord>, worker: &'a Worker) -> Fit {
        let mut reasons = reasons(job, record, worker, self.kinds);
        // One that is not submitted yet comes behind those that run.
        reasons.extend(record.and_then(|_| self.enough(job)));
        if !reasons.is_empty() {
            return Fit::No { reasons };
        }
        self.turn(job, record, &self.turns(worker), self.is_busy(worker))
    }

    /// Of a job that waits, who is to serve it first, then who cannot. Every worker is in it once.
    pub fn soonest(&self, record: &JobRecord) -> Vec<Alike<'a>> {
        if let (Some(enough), false) = (self.enough(&record.job), self.workers.is_empty()) {
            return vec![Alike { workers: self.workers.clone(), fit: Fit::No { reasons: vec![enough] } }];
        }
        let sides = self.sides(record);
        let mut can: BTreeMap<u32, Vec<&Worker>> = BTreeMap::new();
        for (turns, busy, workers) in &sides.can {
            let fit = self.turn(&record.job, Some(record), turns, *busy);
            let before = if let Fit::Busy { before } = fit { before } else { 0 };
            match can.entry(before) {
                Entry::Vacant(none) => drop(none.insert(workers.clone())),
                Entry::Occupied(mut known) => {
                    known.get_mut().extend(workers);
                    known.get_mut().sort_by_key(|worker| (&worker.name, &worker.id));
                }
            }
        }
        let can = can.into_iter().map(|(before, workers)| {
            let fit = if before == 0 { Fit::Now } else { Fit::Busy { before } };
            Alike { workers, fit }
        });
        let cannot = sides.cannot.iter().map(|(reasons, workers)| {
            let reasons = reasons.clone();
            Alike { workers: workers.clone(), fit: Fit::No { reasons } }
        });
        can.chain(cannot).collect()
    }

    /// When it is this job's turn at a worker that can serve it.
    fn turn(&self, job: &Job, record: Option<&JobRecord>, turns: &Turns<'_>, busy: bool) -> Fit {
        let user = job.submitted_by.as_str();
        let place = record.map_or((u64::MAX, job.id), |record| (record.order, job.id));
        let mine = turns.places.get(user).map_or(0, |mine| mine.partition_point(|other| *other < place));
        let turn = (self.running(user) + count(mine), place);
        let before = turns.all.partition_point(|other| *other < turn);
        // As many of one's own have to end first as there are too many.
        let most = job.jobs_at_once.map_or(u32::MAX, NonZeroU32::get);
        let own = (self.running(user).saturating_add(count(mine)).saturating_add(1)).saturating_sub(most);
        match own.max(count(before) + u32::from(busy)) {
            0 => Fit::Now,
            before => Fit::Busy { before },
        }
    }

    fn enough(&self, job: &Job) -> Option<Reason> {
        enough_run(job, self.running(&job.submitted_by))
    }

    pub(super) fn running(&self, user: &str) -> u32 {
        self.running.get(user).copied().unwrap_or(0)
    }

    fn is_busy(&self, worker: &Worker) -> bool {
        self.busy.contains_key(worker.id.as_str())
    }

    fn turns(&self, worker: &'a Worker) -> Rc<Turns<'a>> {
        if let Some(known) = self.turns_of.borrow().get(worker.id.as_str()) {
            return known.clone();
        }
        let can = |alike: &Vec<&JobRecord>| {
            alike.first().is_some_and(|one| reasons(&one.job, Some(one), worker, self.kinds).is_empty())
        };
        let served: Vec<bool> = self.queued.values().map(can).collect();
        let turns = self.turns.borrow_mut().entry(served).or_insert_with_key(|served| self.in_turn(served)).clone();
        self.turns_of.borrow_mut().insert(&worker.id, turns.clone());
        turns
    }

    fn in_turn(&self, served: &[bool]) -> Rc<Turns<'a>> {
        let (mut places, mut most) = (HashMap::<&str, Vec<Place>>::new(), HashMap::<&str, u32>::new());
        for record in self.queued.values().zip(served).filter(|(_, served)| **served).flat_map(|(alike, _)| alike) {
            let user = record.job.submitted_by.as_str();
            places.entry(user).or_default().push((record.order, record.job.id));
            if let Some(at_once) = record.job.jobs_at_once {
                most.insert(user, at_once.get());
            }
        }
        let mut all = Vec::new();
        for (user, places) in &mut places {
            places.sort_unstable();
            // Those that may not run yet stand before nobody.
            let most = most.get(user).copied().unwrap_or(u32::MAX);
            all.extend((self.running(user)..most).zip(places.iter().copied()));
        }
        all.sort_unstable();
        Rc::new(Turns { all, places })
    }

    pub(super) fn sides(&self, record: &JobRecord) -> Rc<Sides<'a>> {
        let shape = Shape::of(record);
        if let Some(known) = self.sides.borrow().get(&shape) {
            return known.clone();
        }
        let mut sides = Sides { can: Vec::new(), cannot: Vec::new() };
        let mut together: HashMap<(*const Turns<'_>, bool), usize> = HashMap::new();
        for worker in &self.workers {
            let reasons = reasons(&record.job, Some(record), worker, self.kinds);
            if !reasons.is_empty() {
                match sides.cannot.iter_mut().find(|(alike, _)| *alike == reasons) {
                    Some((_, workers)) => workers.push(worker),
                    None => sides.cannot.push((reasons, vec![worker])),
                }
                continue;
            }
            let (turns, busy) = (self.turns(worker), self.is_busy(worker));
            let at = *together.entry((Rc::as_ptr(&turns), busy)).or_insert_with(|| {
                sides.can.push((turns, busy, Vec::new()));
                sides.can.len() - 1
            });
            sides.can[at].2.push(worker);
        }
        let sides = Rc::new(sides);
        self.sides.borrow_mut().insert(shape, sides.clone());
        sides
    }
}

fn count(jobs: usize) -> u32 {
    u32::try_from(jobs).unwrap_or(u32::MAX)
}

/// The worker that a job is with now: given to it, and not ended.
pub(crate) fn running_on(record: &JobRecord) -> Option<&str> {
    let last = record.attempts.last()?;
    (last.state != AttemptState::Ended && !record.state.is_ended()).then_some(last.worker.as_str())
}

/// If the job is for a worker that is not among those online: that worker, and that it is offline.
pub fn absent<'a>(job: &Job, online: impl IntoIterator<Item = &'a Worker>) -> Option<(String, Fit)> {
    let wanted = job.worker.as_ref()?;
    let here = online.into_iter().any(|worker| is_called(worker, wanted));
    (!here).then(|| (wanted.clone(), Fit::No { reasons: vec![Reason::Offline] }))
}
