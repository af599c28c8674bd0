use crate::matching::Shape;
use samepath_wire::{JobId, JobRecord};
use std::collections::{BTreeSet, HashMap};

/// The jobs that wait, kept so that a choice among thousands looks at few: jobs that every worker must judge alike share a
/// *shape*, and one of them is judged for all.
#[derive(Debug, Default)]
pub(super) struct Queue {
    users: HashMap<String, HashMap<u32, BTreeSet<(u64, JobId)>>>,
    shapes: HashMap<Shape, (u32, usize)>,
    next_shape: u32,
}

impl Queue {
    pub(super) fn insert(&mut self, record: &JobRecord) {
        let next = &mut self.next_shape;
        let (shape, count) = self.shapes.entry(Shape::of(record)).or_insert_with(|| {
            *next += 1;
            (*next, 0)
        });
        *count += 1;
        let user = self.users.entry(record.job.submitted_by.clone()).or_default();
        user.entry(*shape).or_default().insert((record.order, record.job.id));
    }

    pub(super) fn remove(&mut self, record: &JobRecord) {
        let shape = Shape::of(record);
        let Some((id, count)) = self.shapes.get_mut(&shape) else { return };
        let id = *id;
        *count -= 1;
        if *count == 0 {
            self.shapes.remove(&shape);
        }
        let Some(user) = self.users.get_mut(&record.job.submitted_by) else { return };
        if let Some(jobs) = user.get_mut(&id) {
            jobs.remove(&(record.order, record.job.id));
            if jobs.is_empty() {
                user.remove(&id);
            }
        }
        if user.is_empty() {
            self.users.remove(&record.job.submitted_by);
        }
    }

    /// How many jobs of this user wait.
    pub(super) fn waiting(&self, user: &str) -> usize {
        self.users.get(user).map_or(0, |shapes| shapes.values().map(BTreeSet::len).sum())
    }

    /// The jobs of this user that wait, in order.
    pub(super) fn of(&self, user: &str) -> Vec<JobId> {
        let all = self.users.get(user).into_iter().flat_map(HashMap::values).flatten().copied();
        let all: BTreeSet<(u64, JobId)> = all.collect();
        all.into_iter().map(|(_, id)| id).collect()
    }

    /// The first job of each shape of this user's.
    pub(super) fn heads(&self, user: &str) -> impl Iterator<Item = (u64, JobId)> {
        let shapes = self.users.get(user).into_iter().flat_map(HashMap::values);
        shapes.filter_map(|jobs| jobs.first().copied())
    }

    /// The job whose turn it is, of those that fit: of the user with the fewest running, the one that came first. `may` says of a job
    /// whether it may run beside so many of its user's.
    pub(super) fn first(
        &self,
        running: &HashMap<String, u32>,
        may: impl Fn(JobId, u32) -> bool,
        mut fits: impl FnMut(JobId) -> bool,
    ) -> Option<JobId> {
        let mut known: HashMap<u32, bool> = HashMap::new();
        let mut best: Option<(u32, u64, JobId)> = None;
        for (user, shapes) in &self.users {
            let runs = running.get(user).copied().unwrap_or(0);
            for (shape, jobs) in shapes {
                let Some((order, id)) = jobs.first() else { continue };
                let turn = (runs, *order, *id);
                let next = best.is_none_or(|best| turn < best) && may(*id, runs);
                if next && *known.entry(*shape).or_insert_with(|| fits(*id)) {
                    best = Some(turn);
                }
            }
        }
        best.map(|(_, _, id)| id)
    }
}
