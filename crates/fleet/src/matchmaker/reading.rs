use super::task::End;
use samepath_wire::{JobId, JobRecord};
use std::collections::{BTreeSet, HashMap};
use std::panic::resume_unwind;
use tokio::task::{JoinHandle, spawn_blocking};

/// Records that are understood at a time, each time on another thread: a hundred thousand take longer to understand than to read.
const AT_A_TIME: usize = 1000;

type Understood = Vec<(JobId, Option<JobRecord>)>;

/// The records of all jobs, while a new reign reads them.
#[derive(Debug, Default)]
pub(super) struct Reading {
    records: HashMap<JobId, JobRecord>,
    unreadable: BTreeSet<JobId>,
    /// Not begun with yet.
    next: Vec<(JobId, Vec<u8>)>,
    under_way: Vec<JoinHandle<Understood>>,
}

impl Reading {
    /// A record is there, or is now this.
    pub(super) fn put(&mut self, id: JobId, value: Vec<u8>) {
        self.next.push((id, value));
        if self.next.len() >= AT_A_TIME {
            self.begin();
        }
    }

    /// A record is there no longer.
    pub(super) async fn forget(&mut self, id: JobId) -> Result<(), End> {
        self.settle().await?;
        self.records.remove(&id);
        self.unreadable.remove(&id);
        Ok(())
    }

    /// All of them, and those that cannot be read.
    pub(super) async fn finish(mut self) -> Result<(HashMap<JobId, JobRecord>, BTreeSet<JobId>), End> {
        self.settle().await?;
        Ok((self.records, self.unreadable))
    }

    fn begin(&mut self) {
        let batch = std::mem::take(&mut self.next);
        self.under_way
            .push(spawn_blocking(move || batch.into_iter().map(|(id, value)| (id, understand(id, &value))).collect()));
    }

    async fn settle(&mut self) -> Result<(), End> {
        self.begin();
        for batch in std::mem::take(&mut self.under_way) {
            let understood = batch.await.map_err(|error| match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The program ends.
                Err(_) => End::Closed,
            })?;
            for (id, record) in understood {
                self.records.remove(&id);
                self.unreadable.remove(&id);
                match record {
                    Some(record) => drop(self.records.insert(id, record)),
                    None => drop(self.unreadable.insert(id)),
                }
            }
        }
        Ok(())
    }
}

fn understand(id: JobId, value: &[u8]) -> Option<JobRecord> {
    let read = serde_json::from_slice(value);
    read.inspect_err(|error| tracing::error!(%id, %error, "a job's record cannot be read; the job is left alone")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(id: JobId, order: u64) -> Vec<u8> {
        let job = json!({ "version": 1, "id": id, "kind": "train", "submitted_at": "2026-11-22T09:00:00Z" });
        json!({ "job": job, "order": order, "state": "queued", "epoch": 1 }).to_string().into_bytes()
    }

    #[tokio::test]
    async fn what_was_told_last_of_each_counts_however_many_batches_it_takes() {
        let id = |number: u64| JobId::from_u128(u128::from(number));
        let mut reading = Reading::default();
        for order in [1, 2] {
            for number in 0..2 * AT_A_TIME as u64 {
                reading.put(id(number), record(id(number), order));
            }
        }
        reading.put(id(0), b"{}".to_vec());
        reading.put(id(1), b"nonsense".to_vec());
        reading.put(id(1), record(id(1), 3));
        reading.put(id(2), b"nonsense".to_vec());
        assert!(reading.forget(id(2)).await.is_ok());
        assert!(reading.forget(id(3)).await.is_ok());
        reading.put(id(3), record(id(3), 4));
        let Ok((records, unreadable)) = reading.finish().await else { panic!("it ended") };
        let order = |number| records.get(&id(number)).map(|record| record.order);
        assert_eq!([0, 1, 2, 3, 4].map(order), [None, Some(3), None, Some(4), Some(2)]);
        assert_eq!((records.len(), unreadable), (2 * AT_A_TIME - 2, BTreeSet::from([id(0)])));
    }
}
