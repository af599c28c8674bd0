//! The configuration file: found, read, and changed without touching anything that is not ours.

mod apply;
mod braces;
mod change;
pub(crate) mod check;
mod edit;
mod elsewhere;
mod error;
mod file;
mod lab;
mod look;
mod own;
mod programs;
mod proposed;
mod read;
mod remark;
mod rename;
mod replace;
mod suggest;
mod text;
mod undo;

pub use change::{BackendFields, Change};
pub use error::{Action, ConfigError, Place, Problem};
pub use file::{ConfigFile, Origin};
pub use look::{FileState, Written};
pub use remark::{Remark, near};
pub use undo::Undo;

use crate::{Backend, Environment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What a configuration file says, with a broken storage beside the good ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that was read, and will be written.
    pub file: ConfigFile,
    /// Every storage, in the file's order.
    pub entries: Vec<Entry>,
    /// sleap-rtc's `[[path_mappings]]`.
    pub path_mappings: Vec<PathMapping>,
    /// sleap-rtc's `[[worker.io.mounts]]`.
    pub mounts: Vec<WorkerMount>,
    /// Where other computers that share the file mount each storage, `[samepath.computers.NAME.storage.X]`, as written there.
    pub elsewhere: BTreeMap<String, Vec<String>>,
    /// The computers of which the file says by name where a storage is, by storage.
    pub spoken_for: BTreeMap<String, SpokenFor>,
    /// `[samepath.programs]`: the file that is meant on this computer where a job type names a program, or what is wrong with it.
    pub programs: BTreeMap<String, Result<PathBuf, ConfigError>>,
    /// `[samepath.lab]`: what this computer has joined a lab as, `member` or `worker`, in words.
    pub lab: BTreeMap<String, String>,
    /// The value of `SHARED_STORAGE_ROOT` where it is set and yet ignored, because the file has storages.
    pub ignored_variable: Option<String>,
    /// The text that was read: what later changes are compared with.
    seen: String,
    /// Where `path_mappings` and `mounts` are written.
    lines: Lines,
}

/// The computers for which `[samepath.computers.NAME.storage.X]` has the `base_path` of a storage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpokenFor {
    /// Whether this one is among them.
    pub own: bool,
    /// The others, in the file's order.
    pub others: Vec<String>,
}

/// The lines on which sleap-rtc's tables begin, in the order of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Lines {
    path_mappings: Vec<usize>,
    mounts: Vec<usize>,
}

/// One storage of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// As written.
    pub name: String,
    /// Where.
    pub source: Source,
    /// The storage, or what is wrong with it.
    pub backend: Result<Backend, ConfigError>,
    /// Where nothing is wrong but the person's own folder: the storage without one.
    #[serde(default)]
    pub without_folder: Option<Backend>,
}

/// Where a storage is configured. `Display` writes "config.toml, line 3" or "SHARED_STORAGE_ROOT".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file.
    pub file: Option<PathBuf>,
    /// First line is 1.
    pub line: Option<usize>,
    /// From `SHARED_STORAGE_ROOT` rather than from a file.
    pub variable: bool,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.variable {
            return f.write_str("SHARED_STORAGE_ROOT");
        }
        let file = self.file.as_deref().unwrap_or_else(|| std::path::Path::new(""));
        write!(f, "{}", file.file_name().unwrap_or(file.as_os_str()).display())?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

/// The same folder on this computer and on a worker, as sleap-rtc remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathMapping {
    /// Here.
    pub local: String,
    /// There.
    pub worker: String,
}

/// A folder that a sleap-rtc worker offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerMount {
    /// What sleap-rtc calls it; may be empty.
    pub label: String,
    /// On the worker.
    pub path: String,
    /// The same folder on other computers.
    pub elsewhere: Vec<String>,
}

impl Config {
    /// Whether nothing is written in the file, or it is not there.
    pub fn is_blank(&self) -> bool {
        self.seen.trim().is_empty()
    }

    /// Reads the file. A missing file is an empty configuration; one bad storage hides no other. Looks at nothing but the file:
    /// no base path is touched.
    ///
    /// # Errors
    /// If the file cannot be read, is larger than 4 MiB, or is broken as a whole: no TOML, or `storage` is no table.
    pub fn load(file: &ConfigFile, environment: &Environment) -> Result<Self, ConfigError> {
        Self::from_text(file, file.text()?.unwrap_or_default(), environment)
    }

    /// A configuration of no storages, for a file that cannot be read now; changes to it are still refused or done as the file
    /// itself allows.
    pub fn empty(file: &ConfigFile) -> Self {
        Self {
            file: file.clone(),
            entries: Vec::new(),
            path_mappings: Vec::new(),
            mounts: Vec::new(),
            elsewhere: BTreeMap::new(),
            spoken_for: BTreeMap::new(),
            programs: BTreeMap::new(),
            lab: BTreeMap::new(),
            ignored_variable: None,
            seen: String::new(),
            lines: Lines::default(),
        }
    }

    /// What a file of this text says.
    pub(crate) fn from_text(file: &ConfigFile, seen: String, environment: &Environment) -> Result<Self, ConfigError> {
        let computer = file.computer(environment);
        let text = text::Text::parse(&file.path, &seen)?;
        let tables = read::Tables::of(&text, computer)?;
        let mut entries = tables.entries(environment);
        let mut variable = environment.shared_storage_root.clone().filter(|root| !root.is_empty());
        if entries.is_empty()
            && let Some(root) = variable.take()
        {
            entries.push(read::from_variable(&root, environment));
        }
        let programs = if file.trusts_samepath_table() { programs::of(&text, environment)? } else { BTreeMap::new() };
        let lab = if file.trusts_samepath_table() { lab::of(&text, computer)? } else { BTreeMap::new() };
        let (path_mappings, of_mappings) = read::path_mappings(&text).into_iter().unzip();
        let (mounts, of_mounts) = read::mounts(&text).into_iter().unzip();
        let trusted = file.trusts_samepath_table();
        let elsewhere = if trusted { elsewhere::base_paths(&text, computer) } else { BTreeMap::new() };
        let spoken_for = if trusted { elsewhere::spoken_for(&text, computer) } else { BTreeMap::new() };
        drop(text);
        Ok(Self {
            file: file.clone(),
            entries,
            path_mappings,
            mounts,
            elsewhere,
            spoken_for,
            programs,
            lab,
            ignored_variable: variable,
            seen,
            lines: Lines { path_mappings: of_mappings, mounts: of_mounts },
        })
    }

    /// The storages that a worker serves: it ignores whose own folder is where, also where that is written wrongly.
    pub fn served(&self) -> Vec<Backend> {
        let served = |entry: &Entry| entry.backend.as_ref().ok().or(entry.without_folder.as_ref()).cloned();
        self.entries.iter().filter_map(served).collect()
    }

    /// The storages that can be used.
    pub fn backends(&self) -> Vec<Backend> {
        self.entries.iter().filter_map(|entry| entry.backend.as_ref().ok().cloned()).collect()
    }
}
