use super::own::Own;
use super::{lab, programs};
use serde::{Deserialize, Serialize};

/// A change to a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A new storage; `base_path` is required.
    Add {
        /// Its name.
        name: String,
        /// Its keys.
        fields: BackendFields,
    },
    /// Other values for a storage that is there.
    Set {
        /// Its name.
        name: String,
        /// The keys to change.
        fields: BackendFields,
    },
    /// Another name for a storage, on all computers that share the file; and, as [`Change::Set`] has it, other values.
    Rename {
        /// Its name so far.
        name: String,
        /// Its name from now on; nothing may have it yet.
        to: String,
        /// The keys to change.
        fields: BackendFields,
    },
    /// Forget a storage, on all computers that share the file. Its files are not touched.
    Remove {
        /// Its name.
        name: String,
    },
    /// Which program is meant where a job type names one.
    Program {
        /// As job types name it.
        name: String,
        /// Its whole path, `~` allowed; none where it is to be looked for as usual, on this computer.
        path: Option<String>,
    },
    /// The lab that this computer, and no other one of the file, has joined.
    Lab {
        /// `member` or `worker`.
        part: String,
        /// In words; none where it has left.
        value: Option<String>,
    },
}

impl Change {
    /// The storage that it is about, if it is about one.
    pub fn storage(&self) -> Option<&str> {
        match self {
            Self::Add { name, .. } | Self::Set { name, .. } | Self::Rename { name, .. } | Self::Remove { name } => {
                Some(name)
            }
            Self::Program { .. } | Self::Lab { .. } => None,
        }
    }

    /// The string of a table of ours that it is about, if it is about one.
    pub(super) fn own(&self) -> Option<Own<'_>> {
        match self {
            Self::Add { .. } | Self::Set { .. } | Self::Rename { .. } | Self::Remove { .. } => None,
            Self::Program { name, path } => {
                Some(Own { table: programs::TABLE, key: name, value: path.as_deref(), alone: false })
            }
            Self::Lab { part, value } => {
                Some(Own { table: lab::TABLE, key: part, value: value.as_deref(), alone: true })
            }
        }
    }
}

/// Keys of a storage. `None` leaves a key as it is, an empty string removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendFields {
    /// Where this computer mounts it; absolute, `~` allowed.
    pub base_path: Option<String>,
    /// The key `type`.
    pub kind: Option<String>,
    /// In words.
    pub description: Option<String>,
    /// The person's folder directly below the base path.
    pub user_subdir: Option<String>,
    /// The part of the storage that this mount shows.
    pub subpath: Option<String>,
}

impl BackendFields {
    /// The keys given, by the names that the file uses.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("base_path", &self.base_path),
            ("type", &self.kind),
            ("description", &self.description),
            ("user_subdir", &self.user_subdir),
            ("subpath", &self.subpath),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.as_deref().map(|value| (key, value)))
    }
}
