//! From what a person typed or chose to a storage path, and to the file that it leads to.

use super::LocalStorages;
use crate::base_paths::BasePaths;
use crate::{Error, ErrorCode};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{
    Elsewhere, Foreign, LocateError, Located, Looked, Purpose, ResolveError, Resolved, Storages, named, near,
    near_base_path, path_of_url,
};
use samepath_wire::StoragePath;
use std::path::{Path, PathBuf};

/// Bytes of a file that is read as text.
const LONGEST_TEXT: u64 = 8 * 1024 * 1024;

/// Why a text that was typed is no path of this computer.
struct Miss {
    error: Error,
    /// It may well be one, only nothing is there yet.
    absent: bool,
}

impl Miss {
    fn otherwise(error: Error) -> Self {
        Self { error, absent: false }
    }
}

impl LocalStorages {
    /// Local path → storage path.
    ///
    /// # Errors
    /// `not_in_any_backend`, `path_refused`, `path_not_found`, `backend_unavailable`.
    pub fn locate(&self, path: &Path) -> Result<Located, Error> {
        self.helper.locate(&self.storages(), path, DEADLINE).map_err(|error| self.beside_broken(error.into()))
    }

    /// The same, of a local path as a person typed it. Where nothing is there, what it looks like is told: a path of another
    /// computer, a storage's name in other letters.
    ///
    /// # Errors
    /// As [`LocalStorages::locate`]; `invalid_parameter` as [`LocalStorages::absolute`].
    pub fn locate_typed(&self, text: &str) -> Result<Located, Error> {
        self.locate_or_miss(text).map_err(|miss| miss.error)
    }

    fn locate_or_miss(&self, text: &str) -> Result<Located, Miss> {
        let path = self.absolute(text).map_err(Miss::otherwise)?;
        self.helper.locate(&self.storages(), &path, DEADLINE).map_err(|error| {
            let LocateError::NotFound { missing, .. } = &error else {
                let error = self.beside_broken(error.into());
                return Miss { absent: error.code == ErrorCode::PathNotFound, error };
            };
            if let Some(foreign) = self.foreign(text, Some(missing)) {
                return Miss::otherwise(foreign);
            }
            if let Some(name) =
                text.strip_prefix('~').and_then(|rest| rest.split('/').next()).filter(|it| !it.is_empty())
            {
                let hint = format!("where the home folder of {name} is, only a shell knows: write the whole path");
                return Miss { error: Error::from(error).with_hint(hint), absent: true };
            }
            if let Some(meant) = self.retyped(text) {
                let hint = format!("write `{meant}`, if that is meant");
                let error = Error::from(error).with_hint(hint).meaning(meant);
                return Miss { error, absent: true };
            }
            match self.misnamed(text) {
                Some(miss) => miss,
                None => Miss { error: self.not_mounted(&path, missing).unwrap_or_else(|| error.into()), absent: true },
            }
        })
    }

    /// What a text is that looks like a path of another computer; `missing` is the first part of it that is not on this one, where
    /// that is known.
    pub fn foreign(&self, text: &str, missing: Option<&Path>) -> Option<Error> {
        Foreign::of(text, missing, &self.storages(), &self.elsewhere()).map(Error::from)
    }

    /// The same error with the storage path that the text means: by where the other computers of the fleet have the storages, else by
    /// a file that lies so below the top of one storage, and of no other. Blocks for the deadline at most.
    pub(crate) fn in_fleet(&self, text: &str, fleet: BasePaths, error: Error) -> Error {
        if error.instead.is_some() || ![ErrorCode::PathNotFound, ErrorCode::InvalidParameter].contains(&error.code) {
            return error;
        }
        let base_paths =
            fleet.into_iter().flat_map(|(name, paths)| paths.into_iter().map(move |path| (name.clone(), path)));
        let elsewhere = Elsewhere { base_paths: base_paths.collect(), ..Elsewhere::default() };
        let storages = self.storages();
        let Some(foreign) = Foreign::of(text, None, &storages, &elsewhere) else { return error };
        if foreign.instead().is_some() {
            return foreign.into();
        }
        let possible = foreign.possible(&storages);
        let found = possible.iter().zip(self.look_each(&possible));
        let mut there = found.filter(|(_, found)| found.as_ref().is_ok_and(|found| !found.directory));
        match (there.next(), there.next()) {
            (Some((at, _)), None) => error.meaning(at.to_string()),
            _ => error,
        }
    }

    /// What may have been meant by a text at which nothing is, and that was copied with something that does not belong to it:
    /// spaces around it, quotation marks, a `\` before each space; or that has a `/` where a storage's name ends.
    pub fn retyped(&self, text: &str) -> Option<String> {
        let bare = unquoted(text).replace("\\ ", " ");
        let storages = self.storages();
        let of_storage = bare.split_once('/').filter(|(name, _)| storages.get(name).is_ok());
        let meant = of_storage.map_or_else(|| bare.clone(), |(name, rest)| format!("{name}:{rest}"));
        (meant != text && !meant.is_empty()).then_some(meant)
    }

    /// The storage path that was meant by a text that is nearly one: with a storage's name in other letters, or with more around it
    /// than belongs there.
    pub fn nearly_on_storage(&self, text: &str) -> Option<StoragePath> {
        let retyped = self.retyped(text);
        let text = retyped.as_deref().unwrap_or(text);
        let (name, rest) = named(text)?;
        let known = self.known();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let name = if known.contains(&name) { name.to_owned() } else { near(name, &known)? };
        self.parse(&format!("{name}:{rest}"))?.ok()
    }

    /// The names of all storages, also of those that cannot be used as they are configured.
    fn known(&self) -> Vec<String> {
        self.config().entries.iter().map(|entry| entry.name.clone()).collect()
    }

    /// A text like a storage path, of a storage that is not here.
    fn misnamed(&self, text: &str) -> Option<Miss> {
        let (name, rest) = named(text)?;
        let known = self.known();
        if known.iter().any(|known| known == name) {
            return None;
        }
        let unknown = ResolveError::BackendNotFound { backend: name.to_owned(), known };
        let error = Error::new(ErrorCode::PathNotFound, format!("`{text}` does not exist, and {unknown}"));
        Some(match unknown.meant() {
            Some(meant) => {
                let meant = format!("{meant}:{rest}");
                Miss::otherwise(error.with_hint(format!("write `{meant}`, if that is meant")).meaning(meant))
            }
            None => Miss { error: error.with_hint(unknown.hint().unwrap_or_default()), absent: true },
        })
    }

    /// Where the storages are on other computers, as far as the configuration and what was seen here tell.
    fn elsewhere(&self) -> Elsewhere {
        let base_paths = self.base_paths().into_iter();
        let state = self.read();
        let shares = state.config.backends().into_iter().filter_map(|backend| {
            let share = state.sightings.of(&backend)?.share()?;
            Some((backend.name, share))
        });
        Elsewhere {
            base_paths: base_paths
                .flat_map(|(name, paths)| paths.into_iter().map(move |path| (name.clone(), path)))
                .collect(),
            shares: shares.collect(),
            mappings: state.config.path_mappings.clone(),
        }
    }

    /// What lies on a storage whose folder is not there is not spelled wrongly; one that is nearly a storage's folder is.
    fn not_mounted(&self, path: &Path, missing: &Path) -> Option<Error> {
        let storages = self.storages();
        if let Some(meant) = missing.to_str().and_then(|missing| near_base_path(missing, &storages)) {
            let message = format!("`{}` does not exist: there is no `{}`", path.display(), missing.display());
            let below = path.strip_prefix(missing).unwrap_or(Path::new(""));
            let meant = Path::new(&meant).join(below).display().to_string();
            let hint = format!("write `{meant}`, if that is meant");
            return Some(Error::new(ErrorCode::PathNotFound, message).with_hint(hint).meaning(meant));
        }
        let backend =
            storages.iter().find(|it| path.starts_with(&it.base_path) && it.base_path.starts_with(missing))?;
        let (name, at) = (&backend.name, backend.base_path.display());
        let message = format!("`{}` does not exist: {name} is to be at `{at}`, and is not there", path.display());
        let hint = format!("connect or mount it, or say where it is: `samepath storage set {name} --base-path FOLDER`");
        Some(Error::new(ErrorCode::PathNotFound, message).with_hint(hint))
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
        self.helper.resolve(&self.storages(), at, purpose, DEADLINE).map_err(|error| self.told_missing(error))
    }

    /// The folder of a storage on this computer, or the person's folder in it.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`].
    pub fn shown_folder(&self, name: &str, own: bool) -> Result<PathBuf, Error> {
        let storages = self.storages();
        let backend = storages.get(name).map_err(|error| self.told(error))?;
        let folder = if own { backend.user_subdir_below_root() } else { backend.subpath.clone() };
        Ok(self.resolve(&StoragePath::new(name, folder, ""), Purpose::Input)?.path)
    }

    /// Size and time of a file or folder.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`].
    pub fn look(&self, at: &StoragePath) -> Result<Looked, Error> {
        self.helper.look(&self.storages(), at, None, DEADLINE).map_err(|error| self.told_missing(error))
    }

    /// The same of several, in their order, with one question for each storage.
    pub(crate) fn look_each(&self, paths: &[StoragePath]) -> Vec<Result<Looked, ResolveError>> {
        self.helper.look_each(&self.storages(), paths, DEADLINE)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`]; `io` for a file of more than 8 MiB, or one that is no text.
    pub fn read_text(&self, at: &StoragePath) -> Result<String, Error> {
        let looked = self.helper.look(&self.storages(), at, Some(LONGEST_TEXT), DEADLINE);
        Ok(looked.map_err(|error| self.told_missing(error))?.text.unwrap_or_default())
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
        let at = self.address_of(text, purpose)?;
        if purpose == Purpose::Output {
            Storages::check_output(&at)?;
        }
        Ok(at)
    }

    fn address_of(&self, text: &str, purpose: Purpose) -> Result<StoragePath, Error> {
        if let Some(parsed) = self.parse(text) {
            return parsed;
        }
        let error = match self.locate_or_miss(text) {
            Ok(located) => return Ok(located.at),
            Err(Miss { error, absent }) if absent && purpose == Purpose::Output => error,
            Err(Miss { error, .. }) => return Err(error),
        };
        self.locate_absent(&self.absolute(text)?)
            .map_err(|nearer| if nearer.code == ErrorCode::PathNotFound { error } else { nearer })
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
    /// `invalid_parameter` for a relative path where there is no current folder, and for no path at all; there `path_not_found` for
    /// what looks like a path of another computer.
    pub fn absolute(&self, text: &str) -> Result<PathBuf, Error> {
        if text.is_empty() {
            return Err(Error::new(ErrorCode::InvalidParameter, "The path is empty.")
                .with_hint("Give a local path, or a storage path such as vast:amick/labels.slp."));
        }
        let url = path_of_url(text, self.environment.computer.as_deref());
        let path = match (text.strip_prefix('~'), &self.environment.home) {
            _ if url.is_some() => PathBuf::from(url.unwrap_or_default()),
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
            _ => PathBuf::from(text),
        };
        match &self.environment.current_dir {
            _ if path.is_absolute() => Ok(path),
            Some(current) => Ok(current.join(path)),
            None => Err(self.not_local(text)),
        }
    }

    /// The same where nothing but a path of this computer will do.
    ///
    /// # Errors
    /// As [`LocalStorages::absolute`].
    pub fn absolute_only(&self, text: &str) -> Result<PathBuf, Error> {
        let local = |error: Error| if text.is_empty() { error.with_hint("Give a local path.") } else { error };
        self.absolute(text).map_err(local)
    }

    /// What a relative path is told where there is no current folder, as in the window.
    fn not_local(&self, text: &str) -> Error {
        if let Some(foreign) = self.foreign(text, None) {
            return foreign;
        }
        let message = format!("{text} is neither a whole path nor on a storage.");
        let error = Error::new(ErrorCode::InvalidParameter, message);
        match (self.retyped(text), self.misnamed(text)) {
            (Some(meant), _) => error.with_hint(format!("Write `{meant}`, if that is meant.")).meaning(meant),
            (None, Some(miss)) => miss.error,
            (None, None) => {
                error.with_hint("Give a path that begins at the root, or a storage path such as vast:amick/labels.slp.")
            }
        }
    }
}

/// A text without the spaces and the quotation marks with which it was copied.
pub fn unquoted(text: &str) -> &str {
    let trimmed = text.trim();
    let quotes = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('<', '>')];
    let bare = quotes.iter().find_map(|(open, close)| trimmed.strip_prefix(*open)?.strip_suffix(*close));
    bare.unwrap_or(trimmed).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_storage::{ConfigFile, Environment, Origin};

    #[test]
    fn a_path_of_another_computer_of_the_fleet_is_told_with_the_storage_path_that_it_means() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let base = folder.path().join("vast");
        std::fs::create_dir(&base).unwrap();
        std::fs::write(&path, format!("[storage.vast]\nbase_path = '{}'\nuser_subdir = \"amick\"\n", base.display()))
            .unwrap();
        let file = ConfigFile { path, origin: Origin::Home };
        let storages = LocalStorages::open(file, Environment::default(), PathBuf::from("/bin/false"));
        let fleet = || BasePaths::from([("vast".to_owned(), vec![r"Z:\".to_owned(), "/home/jovyan/vast".to_owned()])]);
        let meant = |text: &str, code: ErrorCode| {
            storages.in_fleet(text, fleet(), Error::new(code, "nothing is there")).instead
        };
        let labels = Some("vast:amick/project/labels.slp");
        assert_eq!(meant("/home/jovyan/vast/amick/project/labels.slp", ErrorCode::PathNotFound).as_deref(), labels);
        assert_eq!(meant(r"Z:\amick\project\labels.slp", ErrorCode::InvalidParameter).as_deref(), labels);
        assert_eq!(meant("/home/tom/labels.slp", ErrorCode::PathNotFound), None);
        assert_eq!(meant("/home/jovyan/vast/x.slp", ErrorCode::BackendUnavailable), None, "that is another matter");
    }
}
