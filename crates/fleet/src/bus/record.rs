use futures::stream::{BoxStream, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::fmt;

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
