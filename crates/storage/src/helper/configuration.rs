use super::{Helper, HelperError};
use crate::config::FileState;
use crate::mounts::{Mounts, Reached};
use crate::{Config, ConfigError, ConfigFile, Environment};
use std::time::Duration;

/// `configuration` → the file's text, where there is one, or [`ConfigError`]
pub(super) const TEXT: &str = "configuration";
/// `configuration_state` → [`FileState`]
pub(super) const STATE: &str = "configuration_state";

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
        if cannot_be_silent(file) {
            return Config::load(file, environment);
        }
        let text: Option<String> =
            self.ask(TEXT, &about(file), file, deadline).map_err(|error| refused(file, error))?;
        Config::from_text(file, text.unwrap_or_default(), environment)
    }

    /// What the system says of a configuration file, as [`ConfigFile::look`] does, likewise.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn look_at_config(&self, file: &ConfigFile, deadline: Duration) -> Result<FileState, ConfigError> {
        if cannot_be_silent(file) {
            return Ok(file.look());
        }
        self.ask(STATE, &about(file), file, deadline).map_err(|error| refused(file, error))
    }
}

/// Without a mount table nobody knows: then it is looked at as any other file of the program's own.
fn cannot_be_silent(file: &ConfigFile) -> bool {
    let Some(mounts) = Mounts::read() else { return true };
    // What cannot be reached is for reading to report.
    !matches!(mounts.reach(&file.path), Ok(Reached::Stopped { .. }))
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
