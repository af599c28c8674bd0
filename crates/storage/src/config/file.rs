use super::{ConfigError, text};
use crate::Environment;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The configuration file in use: what is read, and what is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// Where it is, or where it will be made. Empty where even the home folder is not known.
    pub path: PathBuf,
    /// Why this one.
    pub origin: Origin,
}

/// Why a configuration file is the one in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `--config`.
    Argument,
    /// `SAMEPATH_CONFIG`.
    Variable,
    /// `./sleap-rtc.toml`. Its `[samepath]` is never read: a file in a shared folder must not switch anything on.
    CurrentDir,
    /// `~/.sleap-rtc/config.toml`.
    Home,
}

impl ConfigFile {
    /// The first of: `explicit`, `SAMEPATH_CONFIG`, `./sleap-rtc.toml` if it is there and `look_in_current_dir`,
    /// `~/.sleap-rtc/config.toml`. A file that was named is used, and made on the first write, even if it is not there yet.
    ///
    /// Looks only whether `./sleap-rtc.toml` exists; a relative path is taken from the environment's current folder.
    pub fn find(explicit: Option<&Path>, look_in_current_dir: bool, environment: &Environment) -> Self {
        let here = environment.current_dir.as_deref();
        let absolute = |path: &Path| here.map_or_else(|| path.to_owned(), |here| here.join(path));
        if let Some(path) = explicit {
            return Self { path: absolute(path), origin: Origin::Argument };
        }
        if let Some(path) = environment.samepath_config.as_deref().filter(|path| !path.as_os_str().is_empty()) {
            return Self { path: absolute(path), origin: Origin::Variable };
        }
        if let Some(path) = here.filter(|_| look_in_current_dir).map(|here| here.join("sleap-rtc.toml")) {
            // Anything but "not there" is for reading to report, rather than for us to pass over in silence.
            let there = !matches!(fs_err::metadata(&path), Err(error) if error.kind() == std::io::ErrorKind::NotFound);
            if there {
                return Self { path, origin: Origin::CurrentDir };
            }
        }
        let path = environment.home.as_deref().filter(|home| !home.as_os_str().is_empty());
        let path = path.map(|home| home.join(".sleap-rtc").join("config.toml")).unwrap_or_default();
        Self { path, origin: Origin::Home }
    }

    /// What is written in it; none where it is not there.
    pub(crate) fn text(&self) -> Result<Option<String>, ConfigError> {
        if self.path.as_os_str().is_empty() { Ok(None) } else { text::read(&self.path) }
    }

    /// Whether the file's `[samepath]` table counts.
    pub fn trusts_samepath_table(&self) -> bool {
        self.origin != Origin::CurrentDir
    }

    /// This computer's name, where the file's `[samepath]` counts.
    pub(super) fn computer<'e>(&self, environment: &'e Environment) -> Option<&'e str> {
        environment.computer.as_deref().filter(|_| self.trusts_samepath_table())
    }
}
