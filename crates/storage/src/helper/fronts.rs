use super::child::{
    Asked, Canonical, CanonicalQuestion, LookEachQuestion, LookQuestion, ProbeQuestion, ResolveQuestion, TryQuestion,
};
use super::{Helper, HelperError};
use crate::locate::{Bases, OnMount, Real, text_of};
use crate::mounts::{Mounts, Reached};
use crate::{
    Backend, Glance, LocateError, Located, Looked, Platform, Probe, Purpose, ResolveError, Resolved, Sighting,
    Storages, Trial,
};
use samepath_wire::{BackendState, StoragePath};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long a storage may take to say where its base path really is, where something elsewhere is looked for.
const ELSEWHERE: Duration = Duration::from_millis(400);

impl Helper {
    /// How a storage is. One that did not answer, or could not be asked, is *not answering*.
    pub fn probe(&self, backend: &Backend, deadline: Duration) -> Probe {
        let question = ProbeQuestion { backend: backend.clone(), before: self.seen_before(backend) };
        let about = [backend.name.clone()];
        match self.ask::<Probe>("probe", &about, &question, deadline) {
            Ok(probe) => {
                if let Some(seen) = Sighting::of(backend, &probe) {
                    self.remember(&backend.name, &seen);
                }
                probe
            }
            Err(HelperError::NotAnswering { .. }) => Probe::of(BackendState::NotAnswering),
            Err(error) => Probe::with_detail(BackendState::Unknown, error.told()),
        }
    }

    /// How a storage is at a glance: one question to its server, which can be asked often. See [`Helper::probe`].
    pub fn glance(&self, backend: &Backend, deadline: Duration) -> Glance {
        let answer = self.ask("glance", std::slice::from_ref(&backend.name), backend, deadline);
        answer.unwrap_or_else(|error| match error {
            HelperError::NotAnswering { .. } => Glance::of(BackendState::NotAnswering),
            _ => Glance::of(BackendState::Unknown),
        })
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
        let question = ResolveQuestion { storages: Asked::of(self, storages), at: at.clone(), purpose };
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
        let question = LookQuestion { storages: Asked::of(self, storages), at: at.clone(), read };
        self.ask_of_path("look", storages, at, &question, deadline)
    }

    /// What is at each of some storage paths, in their order; see [`Storages::look`]. One question for each storage, asked at
    /// the same time: one that does not answer costs the others nothing.
    pub fn look_each(
        &self,
        storages: &Storages,
        paths: &[StoragePath],
        deadline: Duration,
    ) -> Vec<Result<Looked, ResolveError>> {
        let mut found: Vec<(usize, Result<Looked, ResolveError>)> = Vec::new();
        let mut asked: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, at) in paths.iter().enumerate() {
            match storages.join(at) {
                Ok(_) => asked.entry(&at.storage_backend).or_default().push(number),
                Err(error) => found.push((number, Err(error))),
            }
        }
        let answers = at_once(asked.into_iter().collect(), |(name, numbers)| {
            let of_it: Vec<StoragePath> = numbers.iter().map(|number| paths[*number].clone()).collect();
            (numbers, self.look_on_one(storages, name, of_it, deadline))
        });
        for (numbers, looked) in answers {
            found.extend(numbers.into_iter().zip(looked));
        }
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, looked)| looked).collect()
    }

    fn look_on_one(
        &self,
        storages: &Storages,
        name: &str,
        paths: Vec<StoragePath>,
        deadline: Duration,
    ) -> Vec<Result<Looked, ResolveError>> {
        let backend = match storages.get(name) {
            Ok(backend) => backend,
            Err(error) => return vec![Err(error); paths.len()],
        };
        let count = paths.len();
        let question = LookEachQuestion { storages: Asked::of(self, storages), paths };
        let answer = self.ask::<Vec<_>>("look_each", std::slice::from_ref(&backend.name), &question, deadline);
        let error = match answer {
            Ok(answers) if answers.len() == count => return answers,
            Ok(_) => helper_failed(backend, &HelperError::failed("it answered another question")),
            Err(HelperError::NotAnswering { .. }) => not_answering(backend),
            Err(error) => helper_failed(backend, &error),
        };
        vec![Err(error); count]
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
        let question = TryQuestion { storages: Asked::of(self, storages), at: at.clone(), make };
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
    /// Otherwise a helper is asked for the file system that the path is on, and for each other that may be silent if there are
    /// storages further down than its mount point; those get less than a second, so that a dead one does not hold up a path
    /// elsewhere: such storages are named as skipped.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn locate(&self, storages: &Storages, path: &Path, deadline: Duration) -> Result<Located, LocateError> {
        text_of(path)?;
        if !path.is_absolute() && storages.platform() == Platform::current() {
            return Err(LocateError::NotAbsolute { path: path.to_owned() });
        }
        let reaches = storages.reaches();
        let (mut real, own_mount) =
            match reach(reaches.mounts(), path).map_err(|error| LocateError::of(path, &error))? {
                // As far as it goes it cannot be silent.
                Reached::Whole(real) => (Some(Real::of(&real)?), None),
                Reached::Stopped { mount, .. } => (None, Some(mount)),
            };
        let is_own = |mount: &Path| own_mount.as_deref() == Some(mount);
        let empty = OnMount::default();
        let mut asked: BTreeMap<&Path, &OnMount> = own_mount.iter().map(|mount| (mount.as_path(), &empty)).collect();
        let worth = |(mount, on_it): &(&PathBuf, &OnMount)| is_own(mount) || !on_it.further.is_empty();
        asked.extend(reaches.stopped().iter().filter(worth).map(|(mount, on_it)| (mount.as_path(), on_it)));
        let answers = at_once(asked.into_iter().collect(), |(mount, on_it)| {
            let own = is_own(mount).then_some(path);
            (mount, on_it, self.canonical(storages, mount, on_it, own, deadline))
        });
        let mut followed: HashMap<usize, Option<PathBuf>> = HashMap::new();
        let mut skipped: Vec<usize> = Vec::new();
        for (mount, on_it, answer) in answers {
            match answer {
                Ok(mut canonical) => {
                    if is_own(mount)
                        && let Some(last) = canonical.pop()
                    {
                        real = Some(last?);
                    }
                    let bases = canonical.into_iter().map(|base| base.ok().map(|base| base.path));
                    followed.extend(on_it.further.iter().map(|(number, _)| *number).zip(bases));
                }
                Err(HelperError::NotAnswering { .. }) if is_own(mount) => {
                    return Err(LocateError::NotAnswering { path: path.to_owned(), place: mount.to_owned() });
                }
                Err(error) if is_own(mount) => {
                    return Err(LocateError::Helper { path: path.to_owned(), detail: error.told() });
                }
                Err(_) => skipped.extend(on_it.further.iter().map(|(number, _)| *number)),
            }
        }
        skipped.sort_unstable();
        let name = |number: usize| storages.iter().nth(number).map(|backend| backend.name.clone());
        let skipped: Vec<String> = skipped.into_iter().filter_map(name).collect();
        let Some(real) = real else {
            return Err(LocateError::NotFound { path: path.to_owned(), missing: path.to_owned(), meant: None });
        };
        let further = reaches
            .further(storages, |number, _, path| followed.remove(&number).unwrap_or_else(|| Some(path.to_owned())));
        match storages.locate_real(&real, &Bases::of([&reaches.settled, &further])) {
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
        Ok(self.real(about, path, deadline)?.directory)
    }

    /// A path with every link in it followed; `about` likewise.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn real_path(&self, about: &str, path: &Path, deadline: Duration) -> Result<PathBuf, LocateError> {
        Ok(self.real(about, path, deadline)?.path)
    }

    fn real(&self, about: &str, path: &Path, deadline: Duration) -> Result<Real, LocateError> {
        text_of(path)?;
        let mount = match reach(Mounts::read().as_ref(), path).map_err(|error| LocateError::of(path, &error))? {
            Reached::Whole(real) => return Real::of(&real),
            Reached::Stopped { mount, .. } => mount,
        };
        let question = CanonicalQuestion { paths: vec![path.to_owned()] };
        match self.ask::<[Canonical; 1]>("canonical", &[about.to_owned()], &question, deadline) {
            Ok([found]) => found,
            Err(HelperError::NotAnswering { .. }) => {
                Err(LocateError::NotAnswering { path: path.to_owned(), place: mount })
            }
            Err(error) => Err(LocateError::Helper { path: path.to_owned(), detail: error.told() }),
        }
    }

    /// The real base paths of the storages further down on one mount and, last, of `own`.
    fn canonical(
        &self,
        storages: &Storages,
        mount: &Path,
        on_it: &OnMount,
        own: Option<&Path>,
        deadline: Duration,
    ) -> Result<Vec<Canonical>, HelperError> {
        let names = on_it.all.iter().filter_map(|number| storages.iter().nth(*number));
        let mut about: Vec<String> = names.map(|backend| backend.name.clone()).collect();
        if about.is_empty() {
            about.push(mount.display().to_string());
        }
        let bases = on_it.further.iter().map(|(_, path)| path.clone());
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

/// Asks about each at the same time, and answers in their order. The last one is asked on this thread: mostly there is one.
fn at_once<T: Send, A: Send>(mut all: Vec<T>, ask: impl Fn(T) -> A + Sync) -> Vec<A> {
    let Some(last) = all.pop() else { return Vec::new() };
    thread::scope(|scope| {
        let ask = &ask;
        let asking: Vec<_> = all.into_iter().map(|one| scope.spawn(move || ask(one))).collect();
        let last = ask(last);
        let asked = asking.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        asked.chain([last]).collect()
    })
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
