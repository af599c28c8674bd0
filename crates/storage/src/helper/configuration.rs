use super::{Helper, HelperError};
use crate::config::FileState;
use crate::mounts::{Mounts, Reached};
use crate::{Config, ConfigError, ConfigFile, Environment};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Between two looks at a file that is being written anew, and how many there are.
const REWRITTEN: Duration = Duration::from_millis(50);
const LOOKS: usize = 10;

/// `configuration` → the file's text, where there is one, or [`ConfigError`]
pub(super) const TEXT: &str = "configuration";
/// `configuration_state` → [`FileState`]
pub(super) const STATE: &str = "configuration_state";
/// `answers` → nothing, once the system has said something of a path
pub(super) const ANSWERS: &str = "answers";

impl Helper {
    /// Reads a configuration, as [`Config::load`] does. A home folder may be a server's: a file that is not on this computer's
    /// own file systems is read by a helper.
    ///
    /// # Errors
    /// As of [`Config::load`]; one that does not answer cannot be read.
    pub fn load_config(
        &self,
        file: &ConfigFile,
        environment: &Environment,
        deadline: Duration,
    ) -> Result<Config, ConfigError> {
        if cannot_be_silent(&file.path) {
            return Config::load(file, environment);
        }
        let text = self.config_text(file, deadline)?;
        Config::from_text(file, text.unwrap_or_default(), environment)
    }

    /// What a configuration file says, where there is one, whatever it is; likewise.
    ///
    /// # Errors
    /// What is no text, too large, or cannot be read.
    pub fn config_text(&self, file: &ConfigFile, deadline: Duration) -> Result<Option<String>, ConfigError> {
        if cannot_be_silent(&file.path) {
            return file.text();
        }
        self.ask(TEXT, &about(file), file, deadline).map_err(|error| refused(file, error))
    }

    /// The same, of a file that said something before. Whoever writes a file in place empties it first: it is taken for empty only
    /// if it stays so, which takes half a second.
    ///
    /// # Errors
    /// As of [`Helper::load_config`].
    pub fn load_config_again(
        &self,
        file: &ConfigFile,
        environment: &Environment,
        deadline: Duration,
    ) -> Result<Config, ConfigError> {
        settled(|| self.load_config(file, environment, deadline), || thread::sleep(REWRITTEN))
    }

    /// What the system says of a configuration file, as [`ConfigFile::look`] does, likewise.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn look_at_config(&self, file: &ConfigFile, deadline: Duration) -> Result<FileState, ConfigError> {
        if cannot_be_silent(&file.path) {
            return Ok(file.look());
        }
        self.ask(STATE, &about(file), file, deadline).map_err(|error| refused(file, error))
    }

    /// Whether the system says anything of a path of the program's own, which may lie in a home folder that is a server's. At once
    /// where it is on this computer's own file systems. Blocks for `deadline` at most.
    ///
    /// # Errors
    /// See [`HelperError`]. A path that is not there is none.
    pub fn answers(&self, path: &Path, deadline: Duration) -> Result<(), HelperError> {
        if cannot_be_silent(path) { Ok(()) } else { self.ask(ANSWERS, &[path.display().to_string()], &path, deadline) }
    }
}

/// Whether a path is on this computer's own file systems, which cannot fall silent; never waits for another. Without a mount table
/// nobody knows: then it is looked at as any other file of the program's own.
pub fn cannot_be_silent(path: &Path) -> bool {
    let Some(mounts) = Mounts::read() else { return true };
    // What cannot be reached is for reading to report.
    !matches!(mounts.reach(path), Ok(Reached::Stopped { .. }))
}

fn about(file: &ConfigFile) -> [String; 1] {
    [file.path.display().to_string()]
}

fn refused(file: &ConfigFile, error: HelperError) -> ConfigError {
    match error {
        HelperError::NotAnswering { .. } => ConfigError::silent(&file.path),
        HelperError::Refused(value) => match serde_json::from_value(value.clone()) {
            Ok(error) => error,
            Err(_) => ConfigError::unread(&file.path, HelperError::Refused(value).told()),
        },
        error => ConfigError::unread(&file.path, error.told()),
    }
}

/// What a file says once it is no longer being written.
fn settled(
    mut load: impl FnMut() -> Result<Config, ConfigError>,
    mut wait: impl FnMut(),
) -> Result<Config, ConfigError> {
    for _ in 1..LOOKS {
        match load() {
            Ok(config) if config.is_blank() => wait(),
            settled => return settled,
        }
    }
    load()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;
    use std::cell::Cell;
    use std::fs;

    #[test]
    fn a_file_that_is_being_written_is_not_taken_for_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = ConfigFile { path: folder.path().join("config.toml"), origin: Origin::Argument };
        let config = |text: &str| {
            fs::write(&file.path, text).unwrap();
            Config::load(&file, &Environment::default())
        };
        let waits = Cell::new(0);
        let written = |text: &'static str| {
            waits.set(0);
            settled(|| config(if waits.get() < 2 { "" } else { text }), || waits.set(waits.get() + 1))
        };
        assert!(written("[storage.broken").is_err());
        let vast = written("[storage.vast]\nbase_path = \"/mnt/vast\"\n").unwrap();
        assert_eq!((vast.entries.len(), waits.get()), (1, 2));
        assert!(written("").unwrap().is_blank(), "it stays empty");
        assert_eq!(waits.get(), LOOKS - 1);
    }
}
