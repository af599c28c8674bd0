use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A storage as this computer mounts it: well-formed, but nobody looked whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// The lab's name for it: `[A-Za-z0-9][A-Za-z0-9_-]{1,63}`, compared exactly.
    pub name: String,
    /// Where this computer mounts it; absolute, `~` expanded.
    pub base_path: PathBuf,
    /// The configuration's `type`, a hint: `local`, `nfs`, `smb`, `google_shared_drive`, …
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// In words.
    #[serde(default)]
    pub description: Option<String>,
    /// The person's folder directly under the base path; empty for none. Ignored by workers.
    #[serde(default)]
    pub user_subdir: String,
    /// The part of the storage that this mount shows; empty for the whole.
    #[serde(default)]
    pub subpath: String,
}
