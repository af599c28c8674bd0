//! Storages that this computer has and that nobody named yet: what the configuration's older tables hint at, and what is mounted.
//!
//! What is found is text and tables, judged by pure functions that take the platform as a value; only [`suggest_here`] asks, and
//! it touches no storage but through the helper process.

mod combine;
mod here;
mod share;
mod system;

pub(crate) use here::answer;
pub use here::{is_own_folder, mount_root, own_part, share_at, share_of, shares_in, size_here, suggest_here};
pub(crate) use share::share_text;
pub use share::{address_of_share, part_of_share, same_share};
pub use system::is_network_file_system;

use samepath_wire::BackendState;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A storage that could be configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// A name to begin with, well-formed. The lab's own name, where there is one, is better.
    pub name: String,
    /// Where this computer mounts it.
    pub base_path: String,
    /// The configuration's `type`, where it can be told.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The person's folder in it, where one is called like the person.
    pub user_subdir: Option<String>,
    /// Where another computer mounts it, where that is known.
    pub elsewhere: Option<String>,
    /// The folder below both that a table of the configuration was about; may be empty.
    pub folder: String,
    /// Why it is suggested; never empty.
    pub found: Vec<Hint>,
    /// How it was when it was looked at; none where nobody looked.
    pub state: Option<BackendState>,
    /// Bytes free, where known.
    pub free_bytes: Option<u64>,
    /// Its mark, where it carries one.
    pub mark: Option<String>,
}

/// Why a storage is suggested. `Display` writes `mounted from vast01:/talmo` or `from [[path_mappings]], line 12`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// sleap-rtc's `[[path_mappings]]`.
    PathMapping {
        /// Where it is written; the first line is 1.
        line: Option<usize>,
    },
    /// sleap-rtc's `[[worker.io.mounts]]`.
    WorkerMount {
        /// Where it is written.
        line: Option<usize>,
    },
    /// It is mounted, or will be when it is used.
    Mounted {
        /// Server and share, without anybody's name or password; empty where the system does not say.
        source: String,
    },
    /// A folder of the computer that this container runs on.
    Bound {
        /// Its name there.
        source: String,
    },
}

impl Hint {
    /// Server and share, where it is mounted.
    pub fn share(&self) -> Option<&str> {
        match self {
            Self::Mounted { source } if !source.is_empty() => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, line) = match self {
            Self::PathMapping { line } => ("[[path_mappings]]", line),
            Self::WorkerMount { line } => ("[[worker.io.mounts]]", line),
            Self::Mounted { source } if source.is_empty() => return f.write_str("mounted"),
            Self::Mounted { source } => return write!(f, "mounted from {source}"),
            Self::Bound { source } => return write!(f, "given to this container, {source} outside"),
        };
        write!(f, "from {table}")?;
        line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

impl Suggestion {
    /// Nothing known but this.
    pub(crate) fn new(name: String, base_path: String, hint: Hint) -> Self {
        Self {
            name,
            base_path,
            kind: None,
            user_subdir: None,
            elsewhere: None,
            folder: String::new(),
            found: vec![hint],
            state: None,
            free_bytes: None,
            mark: None,
        }
    }

    /// Server and share, where it is mounted from one.
    pub fn share(&self) -> Option<&str> {
        self.found.iter().find_map(Hint::share)
    }

    /// Why it is suggested, in words.
    pub fn words(&self) -> String {
        self.found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

/// The first of the words that makes a name.
pub(crate) fn name_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<String> {
    words.into_iter().find_map(|word| {
        let plain: String = word
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .collect::<String>()
            .trim_matches(['-', '_'])
            .chars()
            .take(64)
            .collect();
        crate::config::check::name(&plain).is_ok().then_some(plain)
    })
}
