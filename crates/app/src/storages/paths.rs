//! From what a person typed or chose to a storage path, and to the file that it leads to.

use super::LocalStorages;
use crate::{Error, ErrorCode};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Located, Looked, Purpose, Resolved};
use samepath_wire::StoragePath;
use std::path::{Path, PathBuf};

/// Bytes of a file that is read as text.
const LONGEST_TEXT: u64 = 8 * 1024 * 1024;

impl LocalStorages {
    /// Local path → storage path.
    ///
    /// # Errors
    /// `not_in_any_backend`, `path_refused`, `path_not_found`, `backend_unavailable`.
    pub fn locate(&self, path: &Path) -> Result<Located, Error> {
        self.helper.locate(&self.storages(), path, DEADLINE).map_err(|error| self.beside_broken(error.into()))
    }

    /// What is in no storage may be in one that cannot be used as it is configured.
    fn beside_broken(&self, error: Error) -> Error {
        let config = self.config();
        let broken: Vec<&str> =
            config.entries.iter().filter(|entry| entry.backend.is_err()).map(|entry| entry.name.as_str()).collect();
        if error.code != ErrorCode::NotInAnyBackend || broken.is_empty() {
            return error;
        }
        let hint = format!("It may be in {}, which cannot be used as configured: samepath doctor", broken.join(" or "));
        error.with_hint(hint)
    }

    /// Storage path → local path.
    ///
    /// # Errors
    /// `backend_not_found`, `path_refused`, `path_escapes`, `path_ambiguous`, `path_not_found`, `backend_unavailable`.
    pub fn resolve(&self, at: &StoragePath, purpose: Purpose) -> Result<Resolved, Error> {
        self.helper.resolve(&self.storages(), at, purpose, DEADLINE).map_err(|error| self.told(error))
    }

    /// Size and time of a file or folder.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`].
    pub fn look(&self, at: &StoragePath) -> Result<Looked, Error> {
        self.helper.look(&self.storages(), at, None, DEADLINE).map_err(|error| self.told(error))
    }

    /// The same of several, in their order, with one question for each storage.
    pub(crate) fn look_each(&self, paths: &[StoragePath]) -> Vec<Result<Looked, Error>> {
        let found = self.helper.look_each(&self.storages(), paths, DEADLINE);
        found.into_iter().map(|found| found.map_err(|error| self.told(error))).collect()
    }

    /// The text of a file.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`]; `io` for a file of more than 8 MiB, or one that is no text.
    pub fn read_text(&self, at: &StoragePath) -> Result<String, Error> {
        let looked = self.helper.look(&self.storages(), at, Some(LONGEST_TEXT), DEADLINE);
        Ok(looked.map_err(|error| self.told(error))?.text.unwrap_or_default())
    }

    /// The storage path that a person typed, or `None` where the text does not begin with a configured `NAME:`. Slashes at the
    /// end, which a shell's completion leaves, say nothing. A storage that is configured wrongly is told with what is wrong.
    pub fn parse(&self, text: &str) -> Option<Result<StoragePath, Error>> {
        if let Some(broken) = text.split_once(':').and_then(|(name, _)| self.broken(name)) {
            return Some(Err(broken));
        }
        let bare = text.trim_end_matches('/');
        let text = if bare.ends_with(':') { text } else { bare };
        self.storages().parse(text).map(|parsed| Ok(parsed?))
    }

    /// What a person typed or chose: text that begins with a configured `NAME:` is a storage path, anything else a local one,
    /// relative to the current folder where there is one. What is to be written need not be there yet.
    ///
    /// # Errors
    /// As [`LocalStorages::locate`]; `invalid_parameter` for a relative path where there is no current folder.
    pub fn address(&self, text: &str, purpose: Purpose) -> Result<StoragePath, Error> {
        if let Some(parsed) = self.parse(text) {
            return parsed;
        }
        let path = self.absolute(text)?;
        match self.locate(&path) {
            Err(error) if purpose == Purpose::Output && error.code == ErrorCode::PathNotFound => self
                .locate_absent(&path)
                .map_err(|nearer| if nearer.code == ErrorCode::PathNotFound { error } else { nearer }),
            located => Ok(located?.at),
        }
    }

    /// The storage path of what is not there yet, by the nearest folder that is.
    fn locate_absent(&self, path: &Path) -> Result<StoragePath, Error> {
        let absent = || Error::new(ErrorCode::PathNotFound, format!("{} does not exist.", path.display()));
        // A link that leads nowhere is no place for results, and `..` means nothing in a folder that is not there.
        let mut names = Vec::new();
        let mut above = path;
        loop {
            let name = above.file_name().and_then(|name| name.to_str()).ok_or_else(absent)?;
            names.push(name);
            above = above.parent().ok_or_else(absent)?;
            match self.locate(above) {
                Ok(located) => {
                    let base = located.at.to_string();
                    names.reverse();
                    let joint = if base.ends_with(':') { "" } else { "/" };
                    return self.parse(&format!("{base}{joint}{}", names.join("/"))).unwrap_or_else(|| Err(absent()));
                }
                Err(error) if error.code == ErrorCode::PathNotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A local path as typed, made absolute.
    ///
    /// # Errors
    /// `invalid_parameter` for a relative path where there is no current folder, and for no path at all.
    pub fn absolute(&self, text: &str) -> Result<PathBuf, Error> {
        if text.is_empty() {
            return Err(Error::new(ErrorCode::InvalidParameter, "The path is empty.")
                .with_hint("Give a local path, or a storage path such as vast:amick/labels.slp."));
        }
        let path = match (text.strip_prefix('~'), &self.environment.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
            _ => PathBuf::from(text),
        };
        match &self.environment.current_dir {
            _ if path.is_absolute() => Ok(path),
            Some(current) => Ok(current.join(path)),
            None => Err(Error::new(
                ErrorCode::InvalidParameter,
                format!("{text} is neither a whole path nor on a storage."),
            )
            .with_hint("Give a path that begins at the root, or a storage path such as vast:amick/labels.slp.")),
        }
    }
}
