use serde::{Deserialize, Serialize};

/// A storage that sleap-rtc's own tables hint at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// A name to begin with, well-formed.
    pub name: String,
    /// Where this computer mounts it.
    pub base_path: String,
    /// Where the other computer mounts it, where that is known.
    pub elsewhere: Option<String>,
    /// The folder below both that the table was about; may be empty.
    pub folder: String,
}
