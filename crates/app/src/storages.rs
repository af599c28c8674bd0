//! The storages of this computer: the configuration, and how each one was when it was last looked at.

use crate::concerns::lasting;
use crate::jobs::bytes;
use crate::view::{HealthView, MovedView, StorageFields, StorageView};
use crate::{Error, ErrorCode, Options};
use jiff::Timestamp;
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{
    Backend, BackendFields, Change, Config, ConfigError, ConfigFile, Entry, Environment, LocateError, Located, Looked,
    MarkError, Marked, Platform, Probe, ProofKey, Purpose, ResolveError, Resolved, Sighting, Sightings, Storages,
};
use samepath_wire::{BackendState, StoragePath};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// Bytes of a file that is read as text.
const LONGEST_TEXT: u64 = 8 * 1024 * 1024;

/// How long the places may take to answer at which a storage could be that is not where it was.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// How long a storage may take to write a mark down for good.
const MARKING: Duration = Duration::from_secs(15);

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
    error: Option<Error>,
    health: BTreeMap<String, HealthView>,
    /// How each was when it was last seen well; also by earlier runs of the program.
    sightings: Sightings,
    /// Where those are that are no longer where they were.
    moved: BTreeMap<String, PathBuf>,
}

impl LocalStorages {
    /// Reads the configuration; touches no storage. `program helper` answers questions about storages.
    pub fn open(file: ConfigFile, environment: Environment, program: PathBuf) -> Self {
        let (config, error) = match Config::load(&file, &environment) {
            Ok(config) => (config, None),
            Err(error) => (Config::empty(&file), Some(Error::from(error))),
        };
        let state = State {
            config: Arc::new(config),
            error,
            health: BTreeMap::new(),
            sightings: Sightings::default(),
            moved: BTreeMap::new(),
        };
        Self {
            file,
            environment,
            helper: Helper::new(program),
            state: RwLock::new(state),
            changed: watch::Sender::new(0),
        }
    }

    /// The same, as a program's options say, with its memory.
    pub fn of(options: &Options) -> Self {
        Self::open(options.config.clone(), options.environment.clone(), options.program.clone())
            .with_memory_in(&options.data_dir)
    }

    /// The same, with what earlier runs of the program saw of the storages, which is kept in `data_dir`: so that one that is no
    /// longer where it was can be known again.
    pub fn with_memory_in(mut self, data_dir: &Path) -> Self {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.sightings = Sightings::kept_in(data_dir.join("storages.json"));
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
        self.read().error.clone()
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
        self.storages_of(&self.config())
    }

    fn storages_of(&self, config: &Config) -> Storages {
        Storages::new(config.backends(), Platform::current()).with_home(self.environment.home.clone())
    }

    /// What is wrong with how a storage is configured, where something is.
    fn broken(&self, name: &str) -> Option<Error> {
        let config = self.config();
        let entry = config.entries.iter().find(|entry| entry.name == name)?;
        entry.backend.as_ref().err().cloned().map(Error::from)
    }

    /// A storage that is configured wrongly is not one that is unknown.
    fn told(&self, error: ResolveError) -> Error {
        let broken = match &error {
            ResolveError::BackendNotFound { backend, .. } => self.broken(backend),
            _ => None,
        };
        broken.unwrap_or_else(|| error.into())
    }

    /// Reads the file again. Whether anything is different now.
    pub fn reload(&self) -> bool {
        let loaded = Config::load(&self.file, &self.environment);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let different = match loaded {
            Ok(config) => {
                let different = *state.config != config || state.error.is_some();
                state.error = None;
                state.adopt(config);
                different
            }
            Err(error) => {
                let error = Some(Error::from(error));
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
        let storages = self.storages_of(&state.config);
        let view = |entry: &Entry| {
            let mut view = storage_view(entry, &storages, state.health.get(&entry.name));
            if let Ok(backend) = &entry.backend {
                view.moved = state.moved.get(&entry.name).map(|to| moved_view(backend, to));
                view.mark = state.mark(backend);
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
                names => error.with_hint(format!("This computer knows: {}.", names.join(", "))),
            }
        };
        views.iter().find(|view| view.name == name).cloned().ok_or_else(unknown)
    }

    /// Writes a new storage to the file. Looks first whether there is a folder, for the deadline at most; what is odd, yet
    /// allowed, is among the warnings of the answer.
    ///
    /// # Errors
    /// `already_exists`, `config_invalid`, `config_changed`, `io`.
    pub fn add(&self, name: &str, fields: StorageFields) -> Result<StorageView, Error> {
        self.write(name, fields, |name, fields| Change::Add { name, fields })
    }

    /// Changes keys of a storage; looks first like [`LocalStorages::add`].
    ///
    /// # Errors
    /// `backend_not_found`, `config_invalid`, `config_changed`, `io`.
    pub fn set(&self, name: &str, fields: StorageFields) -> Result<StorageView, Error> {
        self.write(name, fields, |name, fields| Change::Set { name, fields })
    }

    fn write(
        &self,
        name: &str,
        mut fields: StorageFields,
        change: impl FnOnce(String, BackendFields) -> Change,
    ) -> Result<StorageView, Error> {
        let mut warnings = self.look_before(name, &mut fields)?;
        let moved = fields.base_path.is_some();
        self.apply(&change(name.to_owned(), fields.into()))?;
        let view = self.view(name)?;
        if !moved {
            return Ok(view);
        }
        warnings.extend(self.concerns(name));
        Ok(StorageView { warnings, ..view })
    }

    /// Takes a storage out of the file. Nothing on it is touched.
    ///
    /// # Errors
    /// `backend_not_found`, `config_changed`, `io`.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.apply(&Change::Remove { name: name.to_owned() })
    }

    fn apply(&self, change: &Change) -> Result<(), Error> {
        let seen = self.config();
        let written = seen.apply(change, &self.environment)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.error = None;
        state.health.remove(change.name());
        state.moved.remove(change.name());
        let placed = match change {
            Change::Set { fields, .. } | Change::Add { fields, .. } => fields.base_path.is_some(),
            Change::Remove { .. } => true,
        };
        if placed && let Err(error) = state.sightings.forget(change.name()) {
            tracing::warn!(%error, "what is known of the storages cannot be kept");
        }
        state.adopt(written);
        drop(state);
        self.tell();
        Ok(())
    }

    /// Looks at one storage, or at all of them at once, and remembers what it saw. Blocks for the deadline at most.
    ///
    /// # Errors
    /// `backend_not_found` for a name that is not configured.
    pub fn check(&self, name: Option<&str>) -> Result<Vec<StorageView>, Error> {
        if let Some(name) = name {
            self.view(name)?;
        }
        let backends = self.config().backends();
        let chosen: Vec<&Backend> =
            backends.iter().filter(|backend| name.is_none_or(|name| backend.name == name)).collect();
        std::thread::scope(|scope| {
            for backend in chosen {
                scope.spawn(move || {
                    let probe = self.helper.probe(backend, DEADLINE);
                    self.remember(backend, &probe);
                });
            }
        });
        Ok(match name {
            Some(name) => vec![self.view(name)?],
            None => self.views(),
        })
    }

    /// Gives a storage the mark by which other computers know it from others of its name, or says which it has. One that cannot
    /// be used as configured cannot be marked.
    ///
    /// # Errors
    /// `backend_not_found`, `config_invalid`, `backend_unavailable`, `path_refused` where this computer sees a part of it,
    /// `already_exists` where something else is in the way, `io`.
    pub fn give_mark(&self, name: &str) -> Result<Marked, Error> {
        if let Some(error) = self.view(name)?.error {
            return Err(Error { code: ErrorCode::parse(&error.code), message: error.message, hint: error.hint });
        }
        let backends = self.config().backends();
        let gone = || Error::new(ErrorCode::BackendNotFound, format!("There is no storage {name} here."));
        let backend = backends.iter().find(|backend| backend.name == name).ok_or_else(gone)?;
        let marked = self.helper.mark(backend, MARKING)?;
        self.check(Some(name))?;
        Ok(marked)
    }

    fn remember(&self, backend: &Backend, probe: &Probe) {
        let mut view = health_view(backend, probe);
        let seen = self.read().sightings.of(backend).cloned();
        let mut now = Sighting::of(backend, probe);
        if let (Some(now), Some(seen), true) = (&mut now, &seen, probe.damaged_mark.is_some()) {
            // It had one, and nobody can say that it has another.
            now.id.clone_from(&seen.id);
        }
        let stranger = |seen: &Sighting| now.as_ref().is_none_or(|now| !seen.may_be(now));
        let gone = seen.as_ref().filter(|seen| stranger(seen));
        let moved = gone.and_then(|seen| self.helper.find_again(seen, ELSEWHERE));
        let other = moved.is_none() && gone.zip(now.as_ref()).is_some_and(|(seen, now)| seen.contradicts(now));
        if other {
            view.warning = Some(format!(
                "{name} at {at} carries another mark than when it was last seen: it is another storage. If that is right: \
                 samepath storage set {name} --base-path {at}",
                name = backend.name,
                at = backend.base_path.display()
            ));
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !state.config.backends().contains(backend) {
            return;
        }
        if let (None, false, Some(now)) = (&moved, other, now)
            && let Err(error) = state.sightings.put(&backend.name, now)
        {
            tracing::warn!(%error, "what is known of the storages cannot be kept");
        }
        state.health.insert(backend.name.clone(), view);
        match moved {
            Some(to) => state.moved.insert(backend.name.clone(), to),
            None => state.moved.remove(&backend.name),
        };
        drop(state);
        self.tell();
    }

    /// Sees which storages are no longer where they were, by the system's list of mounts alone: none is touched.
    pub fn notice_moves(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for backend in state.config.backends() {
            match state.sightings.of(&backend).and_then(|seen| seen.moved_to(&backend)) {
                Some(to) => state.moved.insert(backend.name.clone(), to),
                None => state.moved.remove(&backend.name),
            };
        }
        drop(state);
        self.tell();
    }

    /// Local path → storage path.
    ///
    /// # Errors
    /// `not_in_any_backend`, `path_refused`, `path_not_found`, `backend_unavailable`.
    pub fn locate(&self, path: &Path) -> Result<Located, Error> {
        Ok(self.helper.locate(&self.storages(), path, DEADLINE)?)
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

    /// The text of a file.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`]; `io` for a file of more than 8 MiB, or one that is no text.
    pub fn read_text(&self, at: &StoragePath) -> Result<String, Error> {
        let looked = self.helper.look(&self.storages(), at, Some(LONGEST_TEXT), DEADLINE);
        Ok(looked.map_err(|error| self.told(error))?.text.unwrap_or_default())
    }

    /// The mark that a storage carried when it was last looked at, maybe by an earlier run of the program.
    pub fn mark(&self, name: &str) -> Option<String> {
        let state = self.read();
        let backends = state.config.backends();
        state.mark(backends.iter().find(|backend| backend.name == name)?)
    }

    /// The same; a storage at which this program has not looked yet is looked at.
    pub(crate) fn mark_now(&self, name: &str) -> Option<String> {
        if !self.read().health.contains_key(name)
            && let Err(error) = self.check(Some(name))
        {
            tracing::debug!(%error, name, "its mark is not known");
        }
        self.mark(name)
    }

    /// The proof that this computer reads a file; none where it cannot be read, or proves nothing.
    pub(crate) fn prove(&self, at: &StoragePath, key: &ProofKey) -> Option<String> {
        self.helper.prove(&self.storages(), at, key, DEADLINE).ok().flatten()
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

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
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

    /// Health stays where the storage stayed what it was.
    fn adopt(&mut self, config: Config) {
        let before = self.config.backends();
        let now = config.backends();
        self.health.retain(|name, _| {
            let of = |backends: &[Backend]| backends.iter().find(|backend| &backend.name == name).cloned();
            let then = of(&before);
            then.is_some() && then.map(|backend| backend.base_path) == of(&now).map(|backend| backend.base_path)
        });
        self.moved.retain(|name, _| self.health.contains_key(name));
        self.config = Arc::new(config);
    }
}

impl From<StorageFields> for BackendFields {
    fn from(fields: StorageFields) -> Self {
        Self {
            base_path: fields.base_path,
            kind: fields.kind,
            description: fields.description,
            user_subdir: fields.user_subdir,
            subpath: fields.subpath,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}

impl From<LocateError> for Error {
    fn from(error: LocateError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}

impl From<MarkError> for Error {
    fn from(error: MarkError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}

impl From<ResolveError> for Error {
    fn from(error: ResolveError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}

fn storage_view(entry: &Entry, storages: &Storages, health: Option<&HealthView>) -> StorageView {
    let source = entry.source.to_string();
    match &entry.backend {
        Ok(backend) => StorageView {
            name: backend.name.clone(),
            base_path: Some(backend.base_path.display().to_string()),
            kind: backend.kind.clone(),
            description: backend.description.clone(),
            user_subdir: backend.user_subdir.clone(),
            subpath: backend.subpath.clone(),
            source,
            error: None,
            warnings: lasting(storages, backend, storages.home()),
            mark: None,
            moved: None,
            health: health.cloned(),
        },
        Err(error) => StorageView {
            name: entry.name.clone(),
            base_path: None,
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
            source,
            error: Some(Error::from(error.clone()).view()),
            warnings: Vec::new(),
            mark: None,
            moved: None,
            health: None,
        },
    }
}

fn moved_view(backend: &Backend, to: &Path) -> MovedView {
    let (name, from, to) = (&backend.name, backend.base_path.display(), to.display());
    MovedView { to: to.to_string(), sentence: format!("{name} moved: it was at {from}, now it is at {to}.") }
}

fn health_view(backend: &Backend, probe: &Probe) -> HealthView {
    HealthView {
        state: state_name(probe.state).to_owned(),
        words: probe.state.words().to_owned(),
        detail: health_sentence(backend, probe),
        file_system: probe.file_system.clone(),
        source: probe.source.clone(),
        free_bytes: probe.free_bytes.map(bytes),
        total_bytes: probe.total_bytes.map(bytes),
        latency_ms: probe.latency_ms,
        id: probe.id.clone(),
        warning: probe.damaged_mark.as_ref().map(|damage| {
            format!(
                "{}: what is at .samepath/storage.json is no mark ({damage}), so nobody can tell whether it is the storage that \
                 others mean.",
                backend.name
            )
        }),
        checked_at: Timestamp::now().to_string(),
    }
}

/// The state as it is on the wire.
pub(crate) fn state_name(state: BackendState) -> &'static str {
    match state {
        BackendState::Ready => "ready",
        BackendState::ReadOnly => "read_only",
        BackendState::Missing => "missing",
        BackendState::NotMounted => "not_mounted",
        BackendState::Denied => "denied",
        BackendState::Full => "full",
        BackendState::NotAnswering => "not_answering",
        BackendState::Unknown => "unknown",
    }
}

pub(crate) fn health_sentence(backend: &Backend, probe: &Probe) -> Option<String> {
    let at = backend.base_path.display();
    let name = &backend.name;
    let sentence = match probe.state {
        BackendState::Ready | BackendState::Unknown => return probe.detail.clone(),
        BackendState::ReadOnly => {
            format!("{name} is mounted read-only at {at}. Files can be chosen; results cannot go there.")
        }
        BackendState::Missing => format!("There is no folder {at}. Connect the storage, or say where it is."),
        BackendState::NotMounted => {
            format!(
                "{at} is an empty folder, not the share: {name} is not mounted. Connect it; this notices when it appears."
            )
        }
        BackendState::Denied => format!("You may not list {at}. Ask whoever looks after {name} for access."),
        BackendState::Full => format!("{name} has no space left. Files can be read; results cannot go there."),
        BackendState::NotAnswering => {
            format!("{name} at {at} does not answer. It may be the network or the VPN; everything else goes on.")
        }
    };
    // What the system calls a folder that is not there says nothing that the sentence does not.
    let says_all = matches!(probe.state, BackendState::Missing | BackendState::NotMounted);
    Some(match &probe.detail {
        Some(detail) if !says_all => format!("{sentence} ({detail})"),
        _ => sentence,
    })
}
