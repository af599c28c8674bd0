use super::Answer;
use super::asking::{encode, refused, reply};
use super::leader::Leader;
use crate::bus::{Expect, Request, Write};
use crate::log;
use samepath_wire::{AttemptRef, JobId, JobRecord};
use std::collections::{BTreeMap, HashMap};

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
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= FULL || self.answers.len() >= FULL
    }

    /// Whether nothing is to be written.
    pub(super) fn changes_nothing(&self) -> bool {
        self.records.is_empty() && self.logs.is_empty() && !self.leads
    }

    pub(super) fn put(&mut self, record: Box<JobRecord>) {
        self.records.insert(record.job.id, Some(record));
    }

    pub(super) fn remove(&mut self, job: JobId, attempts: u32) {
        self.records.insert(job, None);
        self.logs.extend((1..=attempts).map(|attempt| log::name(&AttemptRef { job, attempt })));
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
        lead.into_iter().chain(records).collect()
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
