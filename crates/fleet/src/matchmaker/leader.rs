use crate::bus::{Bus, BusError, Change, Expect, Link, Write};
use std::time::Duration;
use uuid::Uuid;

/// The key whose holder leads. Its revision, when it was taken, is the epoch.
pub const LEADER: &str = "matchmaker/leader";
/// How long the key outlives a leader that says no more.
const TTL: Duration = Duration::from_secs(10);
/// How often a leader says that it is there.
pub(super) const REFRESH: Duration = Duration::from_secs(3);

/// One matchmaker's hold on the leader's key.
pub(super) struct Leader {
    /// By which it knows the key as its own, whatever became of the answers to its writes.
    value: Vec<u8>,
    revision: u64,
}

impl Leader {
    pub(super) fn new() -> Self {
        Self { value: format!(r#"{{"by":"{}"}}"#, Uuid::new_v4()).into_bytes(), revision: 0 }
    }

    /// Of the key, as it was last written.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Waits until nobody leads, and takes the lead.
    pub(super) async fn take(&mut self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.link().wait_for(|link| *link == Link::Up).await.map_err(|_| BusError::Closed)?;
        loop {
            match bus.put(LEADER, self.value.clone(), Expect::Absent, Some(TTL)).await {
                Ok(revision) => {
                    self.revision = revision;
                    return Ok(());
                }
                Err(BusError::Conflict { .. }) => {
                    let mut watch = bus.watch(LEADER).await?;
                    let mut held = false;
                    loop {
                        match watch.next().await {
                            Some(Change::Put { .. }) => held = true,
                            Some(Change::Current) if held => {}
                            Some(Change::Gone { .. } | Change::Reset | Change::Current) => break,
                            None => return Err(BusError::Closed),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Says that it goes on.
    pub(super) fn renewal(&self) -> Write {
        Write { ttl: Some(TTL), ..Write::put(LEADER, self.value.clone(), Expect::Revision(self.revision)) }
    }

    /// The renewal was written.
    pub(super) fn renewed(&mut self, revision: u64) {
        self.revision = revision;
    }

    /// Lets go of the key if it is this matchmaker's: whoever is next need not wait for it to expire.
    pub(super) async fn give_up(&self, bus: &dyn Bus) {
        if let Ok(Some(entry)) = bus.get(LEADER).await
            && entry.value == self.value
        {
            drop(bus.delete(LEADER, Expect::Revision(entry.revision)).await);
        }
    }
}
