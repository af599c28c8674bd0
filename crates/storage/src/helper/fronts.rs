use super::child::{Canonical, CanonicalQuestion, LookQuestion, ProbeQuestion, ResolveQuestion, TryQuestion};
use super::{Helper, HelperError};
use crate::locate::{Real, text_of};
use crate::mounts::{Mounts, Reached};
use crate::{
    Backend, CanonicalBases, LocateError, Located, Looked, Platform, Probe, Purpose, ResolveError, Resolved, Storages,
    Trial,
};
use samepath_wire::{BackendState, StoragePath};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

/// How long a storage may take to say where its base path really is, where something elsewhere is looked for.
const ELSEWHERE: Duration = Duration::from_millis(400);

impl Helper {
    /// How a storage is. One that did not answer, or could not be asked, is *not answering*.
    pub fn probe(&self, backend: &Backend, deadline: Duration) -> Probe {
        let question = ProbeQuestion { backend: backend.clone(), mounted_before: self.mounted_before(backend) };
        let about = [backend.name.clone()];
        match self.ask::<Probe>("probe", &about, &question, deadline) {
            Ok(probe) => {
                if let (true, Some(point)) = (probe.state.is_readable(), &probe.mount_point) {
                    let key = (backend.name.clone(), backend.base_path.clone());
                    self.mounted.lock().unwrap_or_else(PoisonError::into_inner).insert(key, point.clone());
                }
                probe
            }
            Err(HelperError::NotAnswering { .. }) => Probe::of(BackendState::NotAnswering),
            Err(error) => Probe::with_detail(BackendState::Unknown, error.told()),
        }
    }

    /// The local path of a storage path; see [`Storages::resolve`].
    ///
    /// What is wrong with the text alone is said at once, whatever the storage does.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn resolve(
        &self,
        storages: &Storages,
        at: &StoragePath,
        purpose: Purpose,
        deadline: Duration,
    ) -> Result<Resolved, ResolveError> {
        let question = ResolveQuestion {
            backends: storages.iter().cloned().collect(),
            platform: storages.platform(),
            at: at.clone(),
            purpose,
        };
        self.ask_of_path("resolve", storages, at, &question, deadline)
    }

    /// What is at a storage path, and its text where `read` asks for it; see [`Storages::look`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn look(
        &self,
        storages: &Storages,
        at: &StoragePath,
        read: Option<u64>,
        deadline: Duration,
    ) -> Result<Looked, ResolveError> {
        let question = LookQuestion {
            backends: storages.iter().cloned().collect(),
            platform: storages.platform(),
            at: at.clone(),
            read,
        };
        self.ask_of_path("look", storages, at, &question, deadline)
    }

    /// Tries a folder the way that a job uses it, and makes it first if `make` says so; see [`Storages::try_folder`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn try_folder(
        &self,
        storages: &Storages,
        at: &StoragePath,
        make: bool,
        deadline: Duration,
    ) -> Result<Trial, ResolveError> {
        let question = TryQuestion {
            backends: storages.iter().cloned().collect(),
            platform: storages.platform(),
            at: at.clone(),
            make,
        };
        self.ask_of_path("try_folder", storages, at, &question, deadline)
    }

    /// Asks a question about one storage path that is answered with a [`ResolveError`] where it is answered with none.
    pub(super) fn ask_of_path<A: DeserializeOwned>(
        &self,
        topic: &str,
        storages: &Storages,
        at: &StoragePath,
        question: &impl Serialize,
        deadline: Duration,
    ) -> Result<A, ResolveError> {
        storages.join(at)?;
        let backend = storages.get(&at.storage_backend)?;
        self.ask(topic, std::slice::from_ref(&backend.name), question, deadline).map_err(|error| match error {
            HelperError::NotAnswering { .. } => not_answering(backend),
            HelperError::Refused(value) => match serde_json::from_value(value.clone()) {
                Ok(error) => error,
                Err(_) => helper_failed(backend, &HelperError::Refused(value)),
            },
            error => helper_failed(backend, &error),
        })
    }

    /// Where a local path is.
    ///
    /// What lies on file systems that cannot be silent is looked at here, and where everything does no helper is started.
    /// Otherwise one helper is asked for each file system that may be silent; those that the path is not on get less than a
    /// second, so that a dead one does not hold up a path elsewhere: its storages are named as skipped.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn locate(&self, storages: &Storages, path: &Path, deadline: Duration) -> Result<Located, LocateError> {
        text_of(path)?;
        if !path.is_absolute() && storages.platform() == Platform::current() {
            return Err(LocateError::NotAbsolute { path: path.to_owned() });
        }
        let mounts = Mounts::read();
        let own = reach(mounts.as_ref(), path).map_err(|error| LocateError::of(path, &error))?;
        let mut bases: HashMap<usize, PathBuf> = HashMap::new();
        let mut doubtful: BTreeMap<PathBuf, Vec<(usize, &Backend, PathBuf)>> = BTreeMap::new();
        for (number, backend) in storages.iter().enumerate() {
            match reach(mounts.as_ref(), &backend.base_path) {
                Ok(Reached::Whole(base)) => {
                    bases.insert(number, base);
                }
                Ok(Reached::Stopped { mount, path }) => {
                    bases.insert(number, path.clone());
                    doubtful.entry(mount).or_default().push((number, backend, path));
                }
                // A base path that is not there holds nothing.
                Err(_) => {}
            }
        }
        let (mut real, own_mount) = match own {
            // As far as it goes it cannot be silent.
            Reached::Whole(real) => (Some(Real::of(&real)?), None),
            Reached::Stopped { mount, .. } => (None, Some(mount)),
        };
        if let Some(mount) = &own_mount {
            doubtful.entry(mount.clone()).or_default();
        }
        let answers: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> = doubtful
                .iter()
                .map(|(mount, on_it)| {
                    let own = (own_mount.as_ref() == Some(mount)).then_some(path);
                    scope.spawn(move || self.canonical(mount, on_it, own, deadline))
                })
                .collect();
            asked.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut skipped: Vec<(usize, String)> = Vec::new();
        for ((mount, on_it), answer) in doubtful.iter().zip(answers) {
            let is_own = own_mount.as_ref() == Some(mount);
            match answer.unwrap_or_else(|_| Err(HelperError::failed("its thread panicked"))) {
                Ok(mut canonical) => {
                    if is_own && let Some(last) = canonical.pop() {
                        real = Some(last?);
                    }
                    for ((number, ..), base) in on_it.iter().zip(canonical) {
                        match base {
                            Ok(base) => bases.insert(*number, base.path),
                            Err(_) => bases.remove(number),
                        };
                    }
                }
                Err(HelperError::NotAnswering { .. }) if is_own => {
                    return Err(LocateError::NotAnswering { path: path.to_owned(), place: mount.clone() });
                }
                Err(error) if is_own => {
                    return Err(LocateError::Helper { path: path.to_owned(), detail: error.told() });
                }
                Err(_) => skipped.extend(on_it.iter().map(|(number, backend, _)| (*number, backend.name.clone()))),
            }
        }
        skipped.sort_unstable();
        let skipped: Vec<String> = skipped.into_iter().map(|(_, name)| name).collect();
        let Some(real) = real else { return Err(LocateError::NotFound { path: path.to_owned() }) };
        let mut numbers = 0..;
        let bases = CanonicalBases::of(storages, |_| numbers.next().and_then(|number| bases.remove(&number)));
        match storages.locate_real(&real, &bases) {
            Ok(at) => Ok(Located { at, skipped }),
            Err(LocateError::NotInAnyBackend { path, offer, bases, .. }) => {
                Err(LocateError::NotInAnyBackend { path, offer, bases, skipped })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether it is a folder that is at `path` rather than a file. `about` is the name of the storage that it is, or will be.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn is_folder(&self, about: &str, path: &Path, deadline: Duration) -> Result<bool, LocateError> {
        text_of(path)?;
        let mount = match reach(Mounts::read().as_ref(), path).map_err(|error| LocateError::of(path, &error))? {
            Reached::Whole(real) => return Ok(Real::of(&real)?.directory),
            Reached::Stopped { mount, .. } => mount,
        };
        let question = CanonicalQuestion { paths: vec![path.to_owned()] };
        match self.ask::<[Canonical; 1]>("canonical", &[about.to_owned()], &question, deadline) {
            Ok([found]) => Ok(found?.directory),
            Err(HelperError::NotAnswering { .. }) => {
                Err(LocateError::NotAnswering { path: path.to_owned(), place: mount })
            }
            Err(error) => Err(LocateError::Helper { path: path.to_owned(), detail: error.told() }),
        }
    }

    /// The real base paths of the storages on one mount and, last, of `own`.
    fn canonical(
        &self,
        mount: &Path,
        on_it: &[(usize, &Backend, PathBuf)],
        own: Option<&Path>,
        deadline: Duration,
    ) -> Result<Vec<Canonical>, HelperError> {
        let mut about: Vec<String> = on_it.iter().map(|(_, backend, _)| backend.name.clone()).collect();
        if about.is_empty() {
            about.push(mount.display().to_string());
        }
        let bases = on_it.iter().map(|(_, _, path)| path.clone());
        let question = CanonicalQuestion { paths: bases.chain(own.map(Path::to_owned)).collect() };
        let (deadline, patience) = match own {
            Some(_) => (deadline, None),
            None => (deadline.min(ELSEWHERE), Some(ELSEWHERE)),
        };
        let expected = question.paths.len();
        let answer: Vec<Canonical> = self.ask_in_turn("canonical", &about, &question, deadline, patience)?;
        if answer.len() == expected { Ok(answer) } else { Err(HelperError::failed("it answered another question")) }
    }
}

/// Without a mount table nothing is known to be safe, and each path is asked about on its own.
fn reach(mounts: Option<&Mounts>, path: &Path) -> std::io::Result<Reached> {
    match mounts {
        Some(mounts) => mounts.reach(path),
        None => Ok(Reached::Stopped { mount: path.to_owned(), path: path.to_owned() }),
    }
}

pub(super) fn not_answering(backend: &Backend) -> ResolveError {
    ResolveError::BackendUnavailable {
        backend: backend.name.clone(),
        base_path: backend.base_path.clone(),
        state: BackendState::NotAnswering,
        detail: None,
    }
}

fn helper_failed(backend: &Backend, error: &HelperError) -> ResolveError {
    ResolveError::Helper { backend: backend.name.clone(), detail: error.told() }
}
