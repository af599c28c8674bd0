use super::replace::{Replaced, Target};
use super::{Change, Config, ConfigError, ConfigFile, apply, text};
use crate::Environment;

/// What takes a change back, to the last byte, as long as nobody has written to the file since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    pub(super) key: String,
    pub(super) before: String,
    pub(super) after: String,
}

impl Config {
    /// [`Config::apply`], with what takes it back.
    ///
    /// # Errors
    /// As there.
    pub fn apply_undoably(&self, change: &Change, environment: &Environment) -> Result<(Self, Undo), ConfigError> {
        self.change(change, environment, apply::WAIT)
    }
}

impl Undo {
    /// Takes the change back, and returns the configuration as it then is.
    ///
    /// # Errors
    /// `config_changed` where the file is not as the change left it; `config_invalid`, `io`. In each of them the file is as it was.
    pub fn take_back(&self, file: &ConfigFile, environment: &Environment) -> Result<Config, ConfigError> {
        let target = Target::of(&file.path)?;
        let _lock = target.lock(apply::WAIT)?;
        let is_as_left = text::read(&file.path)?.as_deref() == Some(self.after.as_str());
        let before = Config::from_text(file, self.before.clone(), environment)?;
        if is_as_left && matches!(target.replace(Some(&self.after), &self.before)?, Replaced::Done) {
            return Ok(before);
        }
        Err(ConfigError::Changed { file: file.path.clone(), key: self.key.clone(), theirs: None, yours: None })
    }
}
