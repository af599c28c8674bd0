//! What is removed: jobs that ended before all that is kept, jobs that their submitter wants to be forgotten, and definitions of job
//! types that others have taken the place of.

use super::state::ended_at;
use super::{Action, Answer, State, Ticket};
use jiff::{SignedDuration, Timestamp};
use samepath_wire::{Clear, Cleared, JobId, JobRecord};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// Jobs that have ended and are kept: those that ended last. A busy lab's history of weeks; a view of all of them stays a few
/// megabytes.
pub const KEPT_JOBS: usize = 2000;
/// Jobs removed within a second: a quarter of what is too much, so that however fast jobs end, not many more are kept.
const FEWEST_AT_ONCE: usize = 16;
const MOST_AT_ONCE: usize = 4096;
/// For how long nobody online advertises a definition, while another of its name is advertised, before it goes.
const SUPERSEDED: Duration = Duration::from_secs(60 * 60);

/// Jobs that have ended, in the order in which that was written down. No clock has a say in it: where one was set back, what ends then
/// seems to have ended before all that is kept.
#[derive(Debug, Default)]
pub(super) struct Ended {
    next: u64,
    order: BTreeMap<u64, JobId>,
    places: HashMap<JobId, u64>,
}

impl Ended {
    pub(super) fn push(&mut self, id: JobId) {
        self.remove(id);
        self.order.insert(self.next, id);
        self.places.insert(id, self.next);
        self.next += 1;
    }

    pub(super) fn remove(&mut self, id: JobId) {
        if let Some(place) = self.places.remove(&id) {
            self.order.remove(&place);
        }
    }

    fn first(&self) -> Option<JobId> {
        self.order.first_key_value().map(|(_, id)| *id)
    }
}

impl State {
    pub(super) fn prune(&mut self) {
        self.prune_jobs();
        self.prune_kinds();
    }

    fn prune_jobs(&mut self) {
        let excess = self.ended.order.len().saturating_sub(KEPT_JOBS);
        for _ in 0..excess.min((excess / 4).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE)) {
            let Some(id) = self.ended.first() else { return };
            self.remove(id);
        }
    }

    /// Of the jobs that have ended so long ago, removes those of this member.
    pub(super) fn clear(&mut self, ticket: Ticket, member: &str, clear: &Clear) {
        let age = SignedDuration::from_secs(i64::try_from(clear.older_than).unwrap_or(i64::MAX));
        let until = self.now.wall.checked_sub(age).unwrap_or(Timestamp::MIN);
        let is_it = |record: &JobRecord| record.job.submitted_by == member && ended_at(record) <= until;
        let ended = self.ended.order.values().copied();
        let theirs: Vec<JobId> = ended.filter(|id| self.jobs.get(id).is_some_and(is_it)).collect();
        for id in &theirs {
            self.remove(*id);
        }
        self.answer(ticket, Answer::Cleared(Cleared { jobs: theirs.len() as u64 }));
    }

    fn remove(&mut self, id: JobId) {
        self.ended.remove(id);
        if let Some(record) = self.jobs.remove(&id) {
            self.actions.push(Action::Remove { job: id, attempts: record.attempts.len() as u32 });
        }
    }

    /// The last definition of a name stays, and so does what a job names.
    fn prune_kinds(&mut self) {
        let clock = self.now.clock;
        let adverts = || self.workers.values().flat_map(|worker| &worker.kinds);
        let names: HashSet<&str> = adverts().map(|advert| advert.name.as_str()).collect();
        let digests: HashSet<&str> = adverts().map(|advert| advert.digest.as_str()).collect();
        let is_superseded = |digest: &String, name: &str| names.contains(name) && !digests.contains(digest.as_str());
        self.superseded
            .retain(|digest, _| self.kinds.get(digest).is_some_and(|kind| is_superseded(digest, &kind.name)));
        for (digest, kind) in &self.kinds {
            if is_superseded(digest, &kind.name) {
                self.superseded.entry(digest.clone()).or_insert(clock);
            }
        }
        let old = |(_, since): &(&String, &mut Duration)| clock - **since >= SUPERSEDED;
        let mut gone = Vec::new();
        for (digest, since) in self.superseded.iter_mut().filter(old) {
            if self.jobs.values().any(|record| record.job.kind_digest.as_ref() == Some(digest)) {
                *since = clock;
            } else {
                gone.push(digest.clone());
            }
        }
        gone.sort_unstable();
        for digest in gone {
            self.superseded.remove(&digest);
            self.kinds.remove(&digest);
            self.actions.push(Action::RemoveKind { digest });
        }
    }
}
