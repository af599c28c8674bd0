use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A folder that an attempt writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFolder {
    /// The parameter that names it.
    pub parameter: String,
    /// Its storage path, `attempt-N` included.
    pub at: StoragePath,
    /// The same place on this computer.
    pub local: PathBuf,
}
