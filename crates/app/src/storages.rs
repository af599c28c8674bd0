//! The storages of this computer: the configuration, and how each one was when it was last looked at.

mod changing;
mod concerns;
mod health;
mod paths;
mod view;

pub(crate) use health::{health_sentence, state_name};
pub use paths::unquoted;

use crate::proofs::{Place, Proofs};
use crate::sameness::{Reader, Verdict, Witness};
use crate::view::{HealthView, SettingsLineView, SharedView, StorageView};
use crate::{Error, ErrorCode, Options};
use health::moved_view;
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{
    Backend, Config, ConfigError, ConfigFile, Entry, Environment, Platform, ResolveError, Sightings, Storages, Undo,
    address_of_share,
};
use samepath_wire::{BackendState, HERE, HERE_FIRST, Worker};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use view::storage_view;

/// The storages that this computer's configuration names.
///
/// Every call that touches one goes through the helper process and has a deadline; all of them block for up to that long, so a
/// program with an event loop calls them on another thread. A configuration that cannot be read leaves the last good one in place
/// and is told by [`LocalStorages::config_error`].
#[derive(Debug)]
pub struct LocalStorages {
    file: ConfigFile,
    environment: Environment,
    helper: Helper,
    state: RwLock<State>,
    /// Counts changes of the state; whoever shows it waits for the next.
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    config: Arc<Config>,
    /// Those of `config` that can be used.
    storages: Storages,
    error: Option<Unread>,
    health: BTreeMap<String, HealthView>,
    /// How each was when it was last seen well; also by earlier runs of the program.
    sightings: Sightings,
    /// Where those are that are no longer where they were.
    moved: BTreeMap<String, PathBuf>,
    /// What workers proved of them; also to earlier runs of the program.
    proofs: Arc<Proofs>,
    /// What was removed last, and how that is taken back.
    removed: Option<(String, Undo)>,
}

/// Why the file cannot be read.
#[derive(Debug, Clone, PartialEq)]
struct Unread {
    error: Error,
    /// The line that it is about.
    line: Option<usize>,
}

impl From<ConfigError> for Unread {
    fn from(error: ConfigError) -> Self {
        Self { line: error.line(), error: error.into() }
    }
}

/// Lines of the file that are shown before and after the one that is wrong.
const AROUND: usize = 2;

impl LocalStorages {
    /// Reads the configuration; touches no storage. `program helper` answers questions about storages, and reads the
    /// configuration where that is not on a disk of this computer.
    pub fn open(file: ConfigFile, environment: Environment, program: PathBuf) -> Self {
        let helper = Helper::new(program);
        let (config, error) = match helper.load_config(&file, &environment, DEADLINE) {
            Ok(config) => (config, None),
            Err(error) => (Config::empty(&file), Some(Unread::from(error))),
        };
        let state = State {
            storages: usable(&config, &environment),
            config: Arc::new(config),
            error,
            health: BTreeMap::new(),
            sightings: Sightings::default(),
            moved: BTreeMap::new(),
            proofs: Arc::default(),
            removed: None,
        };
        Self { file, environment, helper, state: RwLock::new(state), changed: watch::Sender::new(0) }
    }

    /// The same, as a program's options say, with its memory. Blocks for some seconds at most.
    ///
    /// # Errors
    /// `io` where the folder of the program's data does not answer: nothing can be done without it.
    pub fn of(options: &Options) -> Result<Self, Error> {
        let storages = Self::open(options.config.clone(), options.environment.clone(), options.program.clone());
        let folder = &options.data_dir;
        storages.answers(folder).map_err(|error| {
            error.with_hint(
                format!("It has this program's jobs and keys, and its disk or server may be away. Another folder, on a disk of {HERE}, is taken with SAMEPATH_DATA=/FOLDER."),
            )
        })?;
        Ok(storages.with_memory_in(folder))
    }

    /// The same, with what earlier runs of the program saw of the storages, which is kept in `data_dir`: so that one that is no
    /// longer where it was can be known again.
    pub fn with_memory_in(mut self, data_dir: &Path) -> Self {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.sightings = Sightings::kept_in(sightings_file(data_dir));
        state.proofs = Arc::new(Proofs::kept_in(data_dir.join("proofs.json")));
        for backend in state.config.backends() {
            if let Some(seen) = state.sightings.of(&backend) {
                self.helper.remember(&backend.name, seen);
            }
        }
        self
    }

    /// The file that was read, and that changes are written to.
    pub fn file(&self) -> &ConfigFile {
        &self.file
    }

    /// Where this program runs, as it was told.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Who asks the storages.
    pub fn helper(&self) -> &Helper {
        &self.helper
    }

    /// Why the file cannot be read now; the last good state stays in use.
    pub fn config_error(&self) -> Option<Error> {
        self.read().error.as_ref().map(|unread| unread.error.clone())
    }

    /// The line of the file that the error is about; the first is 1.
    pub fn config_error_line(&self) -> Option<usize> {
        self.read().error.as_ref().and_then(|unread| unread.line)
    }

    /// A line of the file, as it is now, with those around it. Blocks for the deadline at most.
    ///
    /// # Errors
    /// What cannot be read; `path_not_found` where there is no such line.
    pub fn settings_around(&self, line: usize) -> Result<Vec<SettingsLineView>, Error> {
        let text = self.helper.config_text(&self.file, DEADLINE)?.unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        if line == 0 || line > lines.len() {
            let message = format!("{} has no line {line} any more.", self.file.path.display());
            return Err(Error::new(ErrorCode::PathNotFound, message));
        }
        let first = line.saturating_sub(AROUND).max(1);
        let shown = lines.iter().enumerate().skip(first - 1).take(line + AROUND + 1 - first);
        Ok(shown.map(|(at, text)| SettingsLineView { number: number(at + 1), text: (*text).to_owned() }).collect())
    }

    /// Whether there is no file to be read; the first change makes one. Blocks for some seconds at most.
    pub fn is_file_missing(&self) -> bool {
        self.config_error().is_none()
            && self.config().is_blank()
            && self.helper.look_at_config(&self.file, DEADLINE).is_ok_and(|seen| !seen.exists)
    }

    /// The configuration in use.
    pub fn config(&self) -> Arc<Config> {
        self.read().config.clone()
    }

    /// A receiver that sees every change of what [`LocalStorages::views`] answers.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The storages that can be used, for resolving and locating.
    pub fn storages(&self) -> Storages {
        self.read().storages.clone()
    }

    /// How this program reads what workers are asked about.
    pub(crate) fn reader(&self) -> Reader {
        Reader { helper: self.helper.clone(), storages: self.storages() }
    }

    /// What is to be told where something is not on a storage, and the storage itself is not there.
    pub(crate) fn unmounted(&self, name: &str) -> Option<Error> {
        let health = self.check(Some(name)).ok()?.into_iter().find(|view| view.name == name)?.health?;
        let sentence = health.detail.filter(|_| health.state == "not_mounted")?;
        Some(Error::new(ErrorCode::BackendUnavailable, sentence))
    }

    /// What is wrong with how a storage is configured, where something is.
    fn broken(&self, name: &str) -> Option<Error> {
        let config = self.config();
        let entry = config.entries.iter().find(|entry| entry.name == name)?;
        entry.backend.as_ref().err().cloned().map(Error::from)
    }

    /// A storage that is configured wrongly is not one that is unknown.
    pub(crate) fn told(&self, error: ResolveError) -> Error {
        let broken = match &error {
            ResolveError::BackendNotFound { backend, .. } => self.broken(backend),
            _ => None,
        };
        broken.unwrap_or_else(|| error.into())
    }

    /// The same, of something that somebody means to be there: in a storage that is not mounted nothing is spelled wrongly. Looks at the
    /// storage, so it is not for what may well be missing.
    pub(crate) fn told_missing(&self, error: ResolveError) -> Error {
        match &error {
            ResolveError::NotFound { backend, component, .. } if !component.contains('/') => self.unmounted(backend),
            ResolveError::BackendUnavailable { backend, state: BackendState::NotMounted, .. } => {
                self.unmounted(backend)
            }
            _ => None,
        }
        .unwrap_or_else(|| self.told(error))
    }

    /// Reads the file again. Whether anything is different now.
    pub fn reload(&self) -> bool {
        let loaded = if self.config().is_blank() {
            self.helper.load_config(&self.file, &self.environment, DEADLINE)
        } else {
            self.helper.load_config_again(&self.file, &self.environment, DEADLINE)
        };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let different = match loaded {
            Ok(config) => {
                let different = *state.config != config || state.error.is_some();
                state.error = None;
                state.adopt(config, &self.environment);
                different
            }
            Err(error) => {
                let error = Some(Unread::from(error));
                let different = state.error != error;
                state.error = error;
                different
            }
        };
        drop(state);
        if different {
            self.tell();
        }
        different
    }

    /// Every storage, in the file's order, with its health where known.
    pub fn views(&self) -> Vec<StorageView> {
        let state = self.read();
        let view = |entry: &Entry| {
            let mut view = storage_view(entry, &state.storages, state.health.get(&entry.name));
            if let Ok(backend) = &entry.backend {
                view.moved = state.moved.get(&entry.name).map(|to| moved_view(backend, to));
                view.mark = state.mark(backend);
                view.connect = state.address(backend);
                view.refuted = state.proofs.refuted(&view);
                let spoken_for = state.config.spoken_for.get(&entry.name);
                view.shared = spoken_for.map(|by| SharedView { own: by.own, others: by.others.clone() });
            }
            view
        };
        state.config.entries.iter().map(view).collect()
    }

    /// One storage.
    ///
    /// # Errors
    /// `backend_not_found`.
    pub fn view(&self, name: &str) -> Result<StorageView, Error> {
        let views = self.views();
        let known: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
        let unknown = || {
            let message = format!("There is no storage {name} here.");
            let error = Error::new(ErrorCode::BackendNotFound, message);
            match known.as_slice() {
                [] => error.with_hint(format!("Add it: samepath storage add {name} FOLDER")),
                names => error.with_hint(format!("{HERE_FIRST} knows: {}.", names.join(", "))),
            }
        };
        views.iter().find(|view| view.name == name).cloned().ok_or_else(unknown)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What workers proved of the storages.
    pub(crate) fn proofs(&self) -> Arc<Proofs> {
        self.read().proofs.clone()
    }

    /// Takes up what workers just proved of a storage that is at this place here, or failed to; by a file that may be looked at again.
    pub(crate) fn take_proofs(
        &self,
        storage: &str,
        ours: &Place,
        verdicts: &[(&Worker, Verdict)],
        by: Option<&Witness>,
    ) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let proofs = Arc::make_mut(&mut state.proofs);
        let news = verdicts.iter().filter(|(worker, verdict)| proofs.take(storage, ours, worker, *verdict, by)).count();
        drop(state);
        if news > 0 {
            self.tell();
        }
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl State {
    fn mark(&self, backend: &Backend) -> Option<String> {
        match self.health.get(&backend.name) {
            Some(health) => health.id.clone(),
            None => self.sightings.of(backend)?.id.clone(),
        }
    }

    /// Where this computer's own desktop can connect it, as it was seen last.
    fn address(&self, backend: &Backend) -> Option<String> {
        let source = self.sightings.of(backend)?.source.as_deref()?;
        address_of_share(source, Platform::current())
    }

    /// Health stays where the storage stayed what it was.
    fn adopt(&mut self, config: Config, environment: &Environment) {
        let before = std::mem::replace(&mut self.storages, usable(&config, environment));
        let now = &self.storages;
        self.health.retain(|name, _| {
            let same = |then: &Backend| now.get(name).is_ok_and(|now| now.base_path == then.base_path);
            before.get(name).is_ok_and(same)
        });
        self.moved.retain(|name, _| self.health.contains_key(name));
        self.config = Arc::new(config);
    }
}

/// Where the programs of this computer keep how storages were seen.
pub(crate) fn sightings_file(data_dir: &Path) -> PathBuf {
    data_dir.join("storages.json")
}

fn usable(config: &Config, environment: &Environment) -> Storages {
    Storages::new(config.backends(), Platform::current()).with_home(environment.home.clone())
}

/// Of a line, as the page has it.
pub(crate) fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_storage::Origin;

    #[test]
    fn a_line_of_the_file_is_shown_with_those_around_it_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let broken = "# one\n# two\n[storage.vast]\nbase_path = \"here\"\n\n[storage.gdrive]\n";
        std::fs::write(&path, broken).unwrap();
        let file = ConfigFile { path: path.clone(), origin: Origin::Home };
        let storages = LocalStorages::open(file, Environment::default(), PathBuf::from("/bin/false"));
        let lines: Vec<_> = storages.views().into_iter().map(|view| view.error_line).collect();
        assert_eq!((lines, storages.config_error_line()), (vec![Some(4), Some(6)], None));
        let around = |line| {
            let lines = storages.settings_around(line).unwrap();
            lines.into_iter().map(|line| (line.number, line.text)).collect::<Vec<_>>()
        };
        let numbers = |line| around(line).into_iter().map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!((numbers(4), numbers(1), numbers(6)), (vec![2, 3, 4, 5, 6], vec![1, 2, 3], vec![4, 5, 6]));
        assert_eq!(around(4)[2].1, "base_path = \"here\"");
        std::fs::write(&path, "[storage.vast\n").unwrap();
        assert!(storages.reload());
        assert_eq!(storages.config_error_line(), Some(1));
        assert_eq!(storages.settings_around(4).unwrap_err().code, ErrorCode::PathNotFound);
        assert_eq!(storages.settings_around(0).unwrap_err().code, ErrorCode::PathNotFound);
    }
}
