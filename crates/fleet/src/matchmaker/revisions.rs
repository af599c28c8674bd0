use crate::bus::Change;
use samepath_wire::JobId;
use std::collections::HashMap;

/// The records of jobs on the bus, as one reign read or wrote them: what tells its own changes from another's.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    known: HashMap<JobId, u64>,
    /// Last revisions of records that this reign removed, until the watch tells that they are gone.
    removed: HashMap<JobId, u64>,
    /// What the watch told while a write was under way, and what may be of that write: records and their revisions, none of those
    /// that are gone.
    unsettled: Vec<(JobId, Option<u64>)>,
}

impl Revisions {
    /// Of the records that are there.
    pub(super) fn known(&self) -> &HashMap<JobId, u64> {
        &self.known
    }

    /// A record was read or written.
    pub(super) fn put(&mut self, id: JobId, revision: u64) {
        self.known.insert(id, revision);
    }

    /// A record was removed by this reign.
    pub(super) fn remove(&mut self, id: JobId) {
        if let Some(revision) = self.known.remove(&id) {
            self.removed.insert(id, revision);
        }
    }

    /// Forgets what was read of one record.
    pub(super) fn forget(&mut self, id: JobId) {
        self.known.remove(&id);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether a change that the watch tells is this reign's own. One that may be of a write that is under way is taken for
    /// that, until it is [settled](Self::settle).
    #[must_use]
    pub(super) fn see(&mut self, change: &Change, writing: bool) -> bool {
        let (key, revision) = match change {
            Change::Put { key, revision, .. } => (key, Some(*revision)),
            Change::Gone { key } => (key, None),
            Change::Current | Change::Reset => {
                self.removed.clear();
                return true;
            }
        };
        let Some(id) = job_of(key) else { return true };
        if self.is_own(id, revision) {
            return true;
        }
        if writing {
            self.unsettled.push((id, revision));
        }
        writing
    }

    /// The write is over, and its revisions are known. Whether all that was told meanwhile is this reign's own.
    #[must_use]
    pub(super) fn settle(&mut self) -> bool {
        let unsettled = std::mem::take(&mut self.unsettled);
        unsettled.into_iter().all(|(id, revision)| self.is_own(id, revision))
    }

    fn is_own(&mut self, id: JobId, revision: Option<u64>) -> bool {
        match revision {
            Some(revision) => {
                let known = self.known.get(&id).or_else(|| self.removed.get(&id));
                known.is_some_and(|known| revision <= *known)
            }
            None => self.removed.remove(&id).is_some() || !self.known.contains_key(&id),
        }
    }
}

/// The job whose record has this key.
pub(super) fn job_of(key: &str) -> Option<JobId> {
    key.strip_prefix("jobs/")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(id: JobId, revision: u64) -> Change {
        Change::Put { key: format!("jobs/{id}"), value: Vec::new(), revision }
    }

    fn gone(id: JobId) -> Change {
        Change::Gone { key: format!("jobs/{id}") }
    }

    #[test]
    fn own_changes_are_told_from_anothers() {
        let id = JobId::from_u128(7);
        let mut revisions = Revisions::default();
        assert!(!revisions.see(&put(id, 5), false), "never heard of");
        revisions.put(id, 5);
        assert!(revisions.see(&put(id, 5), false) && revisions.see(&put(id, 4), false));
        assert!(!revisions.see(&put(id, 6), false));
        assert!(!revisions.see(&gone(id), false));
        // Told before the write is answered.
        assert!(revisions.see(&put(id, 6), true));
        revisions.put(id, 6);
        assert!(revisions.settle() && revisions.settle());
        assert!(revisions.see(&put(id, 7), true));
        assert!(!revisions.settle(), "the write was not of it");
    }

    #[test]
    fn what_it_removed_itself_is_no_surprise() {
        let id = JobId::from_u128(7);
        for told_first in [true, false] {
            let mut revisions = Revisions::default();
            revisions.put(id, 5);
            assert!(!told_first || revisions.see(&gone(id), true));
            revisions.remove(id);
            assert!(revisions.settle());
            if !told_first {
                assert!(revisions.see(&put(id, 5), false), "a watch that is behind");
                assert!(revisions.see(&gone(id), false));
            }
            // It comes again.
            revisions.put(id, 9);
            assert!(revisions.see(&put(id, 9), false));
            assert!(!revisions.see(&gone(id), false), "gone a second time");
        }
    }
}
