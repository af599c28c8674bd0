use super::task::End;
use samepath_wire::{JobId, JobRecord};
use std::collections::{BTreeSet, HashMap};
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
            // It ends early only where the program does.
            for (id, record) in batch.await.map_err(|_| End::Closed)? {
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
