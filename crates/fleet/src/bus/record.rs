use super::{BusError, MAX_RECORD, core::check_size, name};
use futures::stream::{BoxStream, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt, time::Duration};

/// A record as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bytes that were put.
    pub value: Vec<u8>,
    /// Grows with every change of any record.
    pub revision: u64,
}

/// The state that a record must have for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Whatever it is.
    Any,
    /// There is no such record.
    Absent,
    /// Exactly this revision.
    Revision(u64),
}

impl Expect {
    /// Whether a record of this revision, or none, is as expected.
    pub fn holds(self, current: Option<u64>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => current.is_none(),
            Self::Revision(revision) => current == Some(revision),
        }
    }
}

/// A change of one record, to be made by [`Bus::write`](super::Bus::write).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Of which record.
    pub key: String,
    /// What it is to be; none removes it. Removing what is not there is done already, unless a revision was expected.
    pub value: Option<Vec<u8>>,
    /// What it must be before.
    pub expect: Expect,
    /// How long it is to be there, without another write; for ever without.
    pub ttl: Option<Duration>,
}

impl Write {
    /// A record that stays.
    pub fn put(key: impl Into<String>, value: Vec<u8>, expect: Expect) -> Self {
        Self { key: key.into(), value: Some(value), expect, ttl: None }
    }

    /// A record that goes.
    pub fn remove(key: impl Into<String>, expect: Expect) -> Self {
        Self { key: key.into(), value: None, expect, ttl: None }
    }

    /// Refuses what no form of the bus takes, before any of it is done.
    pub(crate) fn check(writes: &[Self]) -> Result<(), BusError> {
        let mut keys = HashSet::new();
        for Self { key, value, .. } in writes {
            name::check(key)?;
            check_size(key, value.as_ref().map_or(0, Vec::len), MAX_RECORD)?;
            if !keys.insert(key) {
                return Err(BusError::Conflict { key: key.clone(), current: None });
            }
        }
        Ok(())
    }
}

/// What a [`Watch`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A record is there, or is now this.
    Put {
        /// Its key.
        key: String,
        /// Its value.
        value: Vec<u8>,
        /// Its revision.
        revision: u64,
    },
    /// A record is there no longer: deleted, expired, or put by somebody who has gone.
    Gone {
        /// Its key.
        key: String,
    },
    /// Everything that was there has been told; what follows is new.
    Current,
    /// Forget everything: what is there is told anew, up to another [`Change::Current`].
    Reset,
}

/// Records under a prefix, and their changes. Dropping it ends it.
pub struct Watch {
    changes: BoxStream<'static, Change>,
}

impl Watch {
    /// A watch that tells these changes, which keep the order that [`Bus::watch`](super::Bus::watch) promises.
    pub fn new(changes: impl Stream<Item = Change> + Send + 'static) -> Self {
        Self { changes: changes.fuse().boxed() }
    }

    /// The next change; none once the bus is closed. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Change> {
        self.changes.next().await
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
