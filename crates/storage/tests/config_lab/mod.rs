//! A home folder and a configuration file in it.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use samepath_storage::{BackendFields, Change, Config, ConfigError, ConfigFile, Environment, Origin};
use std::path::{Path, PathBuf};

pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) environment: Environment,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(folder.path().to_owned()), ..Environment::default() };
        Self { folder, environment }
    }

    /// A lab whose `config.toml` holds this.
    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let lab = Self::new();
        std::fs::write(lab.file(), text).unwrap();
        lab
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.home().join("config.toml")
    }

    pub(crate) fn config_file(&self) -> ConfigFile {
        ConfigFile { path: self.file(), origin: Origin::Argument }
    }

    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config_file(), &self.environment)
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    pub(crate) fn apply(&self, change: &Change) -> Result<Config, ConfigError> {
        self.load()?.apply(change, &self.environment)
    }
}

pub(crate) fn base_path(path: &str) -> BackendFields {
    BackendFields { base_path: Some(path.to_owned()), ..BackendFields::default() }
}

pub(crate) fn add(name: &str, path: &str) -> Change {
    Change::Add { name: name.to_owned(), fields: base_path(path) }
}

pub(crate) fn set(name: &str, path: &str) -> Change {
    Change::Set { name: name.to_owned(), fields: base_path(path) }
}

pub(crate) fn remove(name: &str) -> Change {
    Change::Remove { name: name.to_owned() }
}

pub(crate) fn rename(name: &str, to: &str) -> Change {
    Change::Rename { name: name.to_owned(), to: to.to_owned(), fields: BackendFields::default() }
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
