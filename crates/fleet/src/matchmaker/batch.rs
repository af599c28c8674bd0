use super::Answer;
use super::asking::{encode, refused, reply};
use super::leader::Leader;
use crate::bus::{Expect, Request, Write};
use crate::log;
use samepath_wire::{AttemptRef, JobId, JobRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Changes or answers beyond which nothing more is taken in before something is written.
const FULL: usize = 1024;

/// What was decided and is not durable yet: records as they are to be, and answers that rely on them or on what was decided
/// before.
#[derive(Default)]
pub(super) struct Batch {
    /// Each job's last state alone: nobody was told of those before. None where it goes.
    records: BTreeMap<JobId, Option<Box<JobRecord>>>,
    /// Logs that go before the records do: as long as a record is there, somebody knows of them.
    logs: Vec<String>,
    /// Digests of the kinds whose definitions go.
    kinds: BTreeSet<String>,
    answers: Vec<(Request, Answer)>,
    /// That this matchmaker still leads is said again.
    leads: bool,
}

/// What a write of a batch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Leader,
    Put(JobId),
    Removed(JobId),
    Kind,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= FULL || self.answers.len() >= FULL
    }

    /// Whether nothing is to be written.
    pub(super) fn changes_nothing(&self) -> bool {
        self.records.is_empty() && self.logs.is_empty() && self.kinds.is_empty() && !self.leads
    }

    pub(super) fn put(&mut self, record: Box<JobRecord>) {
        self.records.insert(record.job.id, Some(record));
    }

    pub(super) fn remove(&mut self, job: JobId, attempts: u32) {
        self.records.insert(job, None);
        self.logs.extend((1..=attempts).map(|attempt| log::name(&AttemptRef { job, attempt })));
    }

    pub(super) fn remove_kind(&mut self, digest: String) {
        self.kinds.insert(digest);
    }

    pub(super) fn answer(&mut self, request: Request, answer: Answer) {
        self.answers.push((request, answer));
    }

    pub(super) fn lead(&mut self) {
        self.leads = true;
    }

    /// The logs to be forgotten before anything is written.
    pub(super) fn logs(&self) -> Vec<String> {
        self.logs.clone()
    }

    /// What is to be written, given the revisions of the records as they are now.
    pub(super) fn writes(&self, revisions: &HashMap<JobId, u64>, leader: &Leader) -> Vec<(Written, Write)> {
        let lead = self.leads.then(|| (Written::Leader, leader.renewal()));
        let records = self.records.iter().filter_map(|(id, record)| {
            let known = revisions.get(id).map(|revision| Expect::Revision(*revision));
            let key = format!("jobs/{id}");
            match record {
                Some(record) => {
                    Some((Written::Put(*id), Write::put(key, encode(record), known.unwrap_or(Expect::Absent))))
                }
                // Came and went before anybody saw it.
                None => known.map(|known| (Written::Removed(*id), Write::remove(key, known))),
            }
        });
        let kinds =
            self.kinds.iter().map(|digest| (Written::Kind, Write::remove(format!("kinds/{digest}"), Expect::Any)));
        lead.into_iter().chain(records).chain(kinds).collect()
    }

    /// Everything is durable: whoever asked is told.
    pub(super) fn tell(self) {
        self.answers.into_iter().for_each(|(request, answer)| reply(request, &answer));
    }

    /// Takes out the record of a job that the bus did not take.
    pub(super) fn take(&mut self, id: JobId) -> Option<Box<JobRecord>> {
        self.records.remove(&id).flatten()
    }

    /// What was decided afterwards counts.
    pub(super) fn extend(&mut self, later: Self) {
        self.records.extend(later.records);
        self.logs.extend(later.logs);
        self.kinds.extend(later.kinds);
        self.answers.extend(later.answers);
        self.leads |= later.leads;
    }

    /// A job's record could not be written as it was: answers tell how it stands now, if it is there at all.
    pub(super) fn correct(&mut self, id: JobId, now: Option<&JobRecord>) {
        for (_, answer) in &mut self.answers {
            match answer {
                Answer::Record(record) if record.job.id == id => {
                    *answer = match now {
                        Some(now) => Answer::Record(Box::new(now.clone())),
                        None => Answer::Refused(refused("internal", "the job's record is too large for the queue")),
                    };
                }
                Answer::Claim(claimed) if claimed.assignment.as_ref().is_some_and(|given| given.job.id == id) => {
                    claimed.assignment = None;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_each_record_once_and_the_leader_first() {
        let [new, known, gone, unseen] = [1, 2, 3, 4].map(JobId::from_u128);
        let record = |id: JobId, order: u64| {
            let job = serde_json::json!({
                "version": 1, "id": id, "kind": "slp-check", "name": "", "storage_backend": "vast", "user_subdir": "",
                "parameters": {}, "storages": {}, "submitted_by": "amick", "submitted_at": "1970-01-01T00:00:00Z",
            });
            let record = serde_json::json!({
                "job": job, "order": order, "state": "queued", "epoch": 1, "attempts": [], "history": [],
            });
            Box::new(serde_json::from_value::<JobRecord>(record).expect("a record"))
        };
        let mut batch = Batch::default();
        assert!(batch.changes_nothing());
        batch.put(record(new, 1));
        batch.put(record(known, 2));
        batch.put(record(new, 3));
        batch.put(record(unseen, 4));
        batch.remove(gone, 2);
        batch.remove(unseen, 0);
        batch.remove_kind("blake3:1".to_owned());
        batch.lead();
        assert!(!batch.changes_nothing());
        let revisions = HashMap::from([(known, 7), (gone, 8)]);
        let (what, writes): (Vec<_>, Vec<_>) = batch.writes(&revisions, &Leader::new()).into_iter().unzip();
        let expected = [Written::Leader, Written::Put(new), Written::Put(known), Written::Removed(gone), Written::Kind];
        assert_eq!(what, expected);
        let expects: Vec<Expect> = writes.iter().map(|write| write.expect).collect();
        let revision = Expect::Revision;
        assert_eq!(expects, [revision(0), Expect::Absent, revision(7), revision(8), Expect::Any]);
        assert_eq!(writes[1].value, Some(encode(&record(new, 3))), "as it was last");
        assert_eq!((writes[3].value.as_ref(), writes[4].key.as_str()), (None, "kinds/blake3:1"));
        assert_eq!(batch.logs(), [format!("log/{gone}/1"), format!("log/{gone}/2")]);
    }
}
