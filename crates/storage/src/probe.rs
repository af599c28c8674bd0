//! Health: how a storage is, on this computer, now.

use crate::Backend;
use samepath_wire::BackendState;
use serde::{Deserialize, Serialize};

/// How a storage was when it was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// In one word.
    pub state: BackendState,
    /// Type of the file system: `nfs4`, `ext4`, …
    #[serde(default)]
    pub file_system: Option<String>,
    /// Server and share, or device: `vast01:/talmo`.
    #[serde(default)]
    pub source: Option<String>,
    /// Bytes that this user may still write.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Bytes altogether.
    #[serde(default)]
    pub total_bytes: Option<u64>,
    /// How long opening and reading it took, in milliseconds.
    #[serde(default)]
    pub latency_ms: Option<f64>,
    /// The storage's mark, `.samepath/storage.json`, if it carries one.
    #[serde(default)]
    pub id: Option<String>,
    /// What the system said, where that helps.
    #[serde(default)]
    pub detail: Option<String>,
}

impl Probe {
    /// Nothing known but the state.
    pub fn of(state: BackendState) -> Self {
        Self {
            state,
            file_system: None,
            source: None,
            free_bytes: None,
            total_bytes: None,
            latency_ms: None,
            id: None,
            detail: None,
        }
    }
}

/// Looks at a storage: opens its base path and reads from it.
///
/// Touches the storage and may hang with it for ever: only ever called inside the helper process.
pub fn probe(backend: &Backend) -> Probe {
    todo!("{backend:?}")
}
