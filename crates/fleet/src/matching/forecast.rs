use super::prospects::Place;
use super::{Prospects, enough_run, reasons};
use samepath_wire::{Job, JobId, JobRecord, Worker};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// When a job that waits is to start, and where.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The worker whose turn comes first, of those of which something is known.
    pub worker: &'a Worker,
    /// From now.
    pub after: Duration,
}

/// A job that waits.
struct Waiting<'j> {
    job: &'j Job,
    place: Place,
    /// Of the sorts of jobs, its own: what one can serve, it can serve all of.
    sort: usize,
}

/// How long jobs take, as far as somebody knows.
pub trait Pace {
    /// Until one that runs ends.
    fn left(&self, running: &JobRecord) -> Option<Duration>;
    /// One that waits, from when this worker is given it.
    fn takes(&self, job: &Job, worker: &Worker) -> Option<Duration>;
}

impl<'a> Prospects<'a> {
    /// When jobs that wait would start if everything went on as `pace` knows: the `most` that start first. `extra` is a job that is not
    /// submitted yet, which counts as the last to arrive.
    ///
    /// Whenever a worker is free it takes, of those that it can serve, the one whose turn it is. A worker of which nothing is known is
    /// counted on by nobody, neither now nor after a job of which nothing is known: what is left out here nobody can tell.
    pub fn forecast(&self, extra: Option<&Job>, most: usize, pace: &impl Pace) -> HashMap<JobId, Start<'a>> {
        let (mut line, able) = self.line(extra);
        let free = |worker: &&'a Worker| match self.busy.get(worker.id.as_str()) {
            None => Some((*worker, Duration::ZERO)),
            Some(running) => pace.left(running).map(|left| (*worker, left)),
        };
        // By name, so that of several that are free at once it is always the same one.
        let mut free: Vec<(&'a Worker, Duration)> = self.workers.iter().filter_map(free).collect();
        let mut taken: HashMap<&str, u32> = HashMap::new();
        let mut starts = HashMap::new();
        while starts.len() < most
            && let Some(at) = (0..free.len()).min_by_key(|at| free[*at].1)
        {
            let (worker, after) = free[at];
            let turn = |waiting: &Waiting<'_>| {
                let user = waiting.job.submitted_by.as_str();
                (self.running(user) + taken.get(user).copied().unwrap_or(0), waiting.place)
            };
            // When one of somebody of whom enough run may begin, nobody can tell.
            let may = |waiting: &Waiting<'_>| enough_run(waiting.job, turn(waiting).0).is_none();
            let can = |waiting: &Waiting<'_>| able[waiting.sort].contains(worker.id.as_str()) && may(waiting);
            let next = (0..line.len()).filter(|next| can(&line[*next])).min_by_key(|next| turn(&line[*next]));
            let Some(next) = next else {
                free.remove(at);
                continue;
            };
            let Waiting { job, .. } = line.remove(next);
            starts.insert(job.id, Start { worker, after });
            *taken.entry(&job.submitted_by).or_default() += 1;
            match pace.takes(job, worker) {
                Some(takes) => free[at].1 = after.saturating_add(takes),
                None => drop(free.remove(at)),
            }
        }
        starts
    }

    /// All that waits, and of each sort of it the workers that can serve it.
    fn line<'j>(&self, extra: Option<&'j Job>) -> (Vec<Waiting<'j>>, Vec<HashSet<&'a str>>)
    where
        'a: 'j,
    {
        let (mut line, mut able) = (Vec::new(), Vec::new());
        for alike in self.queued.values() {
            let Some(one) = alike.first() else { continue };
            let place = |record: &JobRecord| (record.order, record.job.id);
            line.extend(alike.iter().map(|one| Waiting { job: &one.job, place: place(one), sort: able.len() }));
            let can = self.sides(one);
            able.push(
                can.can.iter().flat_map(|(.., workers)| workers.iter().map(|worker| worker.id.as_str())).collect(),
            );
        }
        if let Some(job) = extra {
            line.push(Waiting { job, place: (u64::MAX, job.id), sort: able.len() });
            let can = |worker: &&&Worker| reasons(job, None, worker, self.kinds).is_empty();
            able.push(self.workers.iter().filter(can).map(|worker| worker.id.as_str()).collect());
        }
        (line, able)
    }
}
