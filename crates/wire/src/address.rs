use serde::{Deserialize, Serialize};
use std::fmt;

/// A file or folder on a named storage: the same reference on every computer.
///
/// Three fields wherever programs meet. `Display` writes the form for people, `vast:amick/project/labels.slp`, which cannot be
/// taken apart again without knowing the configured user subdirectory; parsing it is `samepath-storage`'s business.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoragePath {
    /// Name of the storage, compared exactly.
    pub storage_backend: String,
    /// A user's folder directly under the base path; may have several components, may be empty.
    #[serde(default)]
    pub user_subdir: String,
    /// The rest, separated by `/` on every platform; empty for the folder itself.
    #[serde(default)]
    pub path: String,
}

/// Whether a storage may be called so: 2 to 64 letters, digits, `-` and `_`, the first a letter or digit. One letter would be a drive.
pub fn is_storage_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl StoragePath {
    /// A storage path from its three fields, unchecked.
    pub fn new(backend: impl Into<String>, user_subdir: impl Into<String>, path: impl Into<String>) -> Self {
        Self { storage_backend: backend.into(), user_subdir: user_subdir.into(), path: path.into() }
    }

    /// What is called `name` in this folder, unchecked.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let joint = if self.path.is_empty() { "" } else { "/" };
        Self { path: format!("{}{joint}{name}", self.path), ..self.clone() }
    }

    /// The folder it is in, and its name there.
    pub fn split(&self) -> (Self, &str) {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        (Self { path: folder.to_owned(), ..self.clone() }, name)
    }

    /// User subdirectory and relative path in one, as it lies below the storage's root.
    pub fn below_root(&self) -> String {
        match (self.user_subdir.is_empty(), self.path.is_empty()) {
            (true, _) => self.path.clone(),
            (false, true) => self.user_subdir.clone(),
            (false, false) => format!("{}/{}", self.user_subdir, self.path),
        }
    }
}

impl fmt::Display for StoragePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.storage_backend, self.below_root())
    }
}
