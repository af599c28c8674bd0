//! Who of the workers was put out of the lab: nobody will hear of what they run.

use super::State;
use super::state::{Loss, live_attempt};
use crate::bus::Change;
use crate::bus::nats::{GPU, Joined, KEYS, Part};
use samepath_wire::{JobState, WorkerId};
use std::collections::{BTreeSet, HashMap};

/// The name under which a worker joined: one of a computer with several GPUs has its number behind it.
fn joined_as(worker: &str) -> &str {
    worker.split(GPU).next().unwrap_or(worker)
}

impl State {
    /// The workers that have attempts which have not ended.
    pub fn at_work(&self) -> impl Iterator<Item = &str> {
        self.live.keys().map(String::as_str)
    }

    pub(super) fn let_in(&mut self, name: &str) {
        self.put_out.remove(name);
    }

    /// It can be asked and told nothing any more: what it runs is lost at once. That is no proof that it ended.
    pub(super) fn put_out(&mut self, name: String) {
        self.workers.retain(|id, _| joined_as(id) != name);
        self.claims.retain(|id, _| joined_as(id) != name);
        let of_it = self.live.iter().filter(|(id, _)| joined_as(id) == name);
        let attempts: Vec<_> = of_it.flat_map(|(_, live)| live).cloned().collect();
        self.doubtful.retain(|attempt| self.jobs.get(&attempt.job).is_some_and(|record| !record.state.is_ended()));
        self.doubtful.extend(attempts.iter().cloned());
        for attempt in attempts {
            let confirmed = self.jobs.get(&attempt.job).and_then(live_attempt).map(|live| live.confirmed_at.is_some());
            match confirmed {
                Some(true) => {
                    let reason =
                        |worker: &str| format!("{worker} was put out of the lab; what it had begun may go on there");
                    self.lose(attempt.job, reason, Loss::Silence);
                }
                Some(false) => {
                    let reason = |worker: &str| format!("{worker} was put out of the lab before it took it");
                    self.withdraw(attempt.job, JobState::Queued, reason);
                }
                None => {}
            }
        }
        self.put_out.insert(name);
    }

    /// Whether nothing that this worker says counts any more.
    pub(super) fn is_put_out(&self, worker: &WorkerId) -> bool {
        self.put_out.contains(joined_as(worker))
    }
}

/// What a change of the lab's keys means.
pub(super) enum Admission {
    LetIn(String),
    PutOut(String),
}

/// The names of the workers that have joined, by their keys. Empty where nobody keeps such records: then nobody is ever put out.
#[derive(Default)]
pub(super) struct Admitted {
    names: HashMap<String, String>,
    /// Whether all that is known was told since it was begun anew.
    whole: bool,
}

impl Admitted {
    /// Takes a change of a record; `at_work` are the workers whose attempts have not ended.
    pub(super) fn take<'a>(&mut self, change: Change, at_work: impl Iterator<Item = &'a str>) -> Vec<Admission> {
        match change {
            Change::Put { key, value, .. } => {
                let read = serde_json::from_slice::<Joined>(&value).ok().filter(|joined| joined.part == Part::Worker);
                let Some((key, joined)) = key.strip_prefix(KEYS).zip(read) else { return Vec::new() };
                self.names.insert(key.to_owned(), joined.name.clone());
                vec![Admission::LetIn(joined.name)]
            }
            Change::Gone { key } => {
                let Some(name) = key.strip_prefix(KEYS).and_then(|key| self.names.remove(key)) else {
                    return Vec::new();
                };
                // Another computer may have taken its place.
                let again = self.names.values().any(|other| *other == name).then(|| Admission::LetIn(name.clone()));
                [Admission::PutOut(name)].into_iter().chain(again).collect()
            }
            Change::Reset => {
                self.names.clear();
                self.whole = false;
                Vec::new()
            }
            Change::Current => {
                if std::mem::replace(&mut self.whole, true) || self.names.is_empty() {
                    return Vec::new();
                }
                let known: BTreeSet<&str> = self.names.values().map(String::as_str).collect();
                let gone = at_work.map(joined_as).filter(|name| !known.contains(name)).map(str::to_owned);
                gone.collect::<BTreeSet<_>>().into_iter().map(Admission::PutOut).collect()
            }
        }
    }
}
