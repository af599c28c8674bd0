//! Questions about which storage a storage is, and whether two computers read the same file.

use super::child::{Asked, AtQuestion, ProbeQuestion, ProveQuestion};
use super::fronts::not_answering;
use super::{Helper, HelperError};
use crate::marker::{self, MarkError, Marked};
use crate::mounts::Mounts;
use crate::sighting::Found;
use crate::{Backend, ProofKey, ResolveError, Sighting, Storages};
use samepath_wire::StoragePath;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

impl Helper {
    /// Gives a storage its mark, or says which it has; see `.samepath/storage.json`. One that did not answer in time may have
    /// been marked all the same.
    ///
    /// # Errors
    /// See [`MarkError`].
    pub fn mark(&self, backend: &Backend, deadline: Duration) -> Result<Marked, MarkError> {
        marker::whole(backend)?;
        let question = ProbeQuestion { backend: backend.clone(), before: self.seen_before(backend) };
        let failed = |error: &HelperError| ResolveError::Helper { backend: backend.name.clone(), detail: error.told() };
        let about = [backend.name.clone()];
        self.ask("mark", &about, &question, deadline).map_err(|error| match error {
            HelperError::NotAnswering { .. } => MarkError::Storage(not_answering(backend)),
            HelperError::Refused(value) => serde_json::from_value(value.clone())
                .unwrap_or_else(|_| MarkError::Storage(failed(&HelperError::Refused(value)))),
            error => MarkError::Storage(failed(&error)),
        })
    }

    /// The proof that this computer reads a file; see [`Storages::prove`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn prove(
        &self,
        storages: &Storages,
        at: &StoragePath,
        key: &ProofKey,
        deadline: Duration,
    ) -> Result<Option<String>, ResolveError> {
        let question = ProveQuestion { storages: Asked::of(self, storages), at: at.clone(), key: key.to_string() };
        self.ask_of_path("prove", storages, at, &question, deadline)
    }

    /// Writes a file for other computers to prove that they read it; see [`Storages::leave_test_file`].
    ///
    /// # Errors
    /// See [`ResolveError`]. Of one that did not answer in time nobody knows whether it was written.
    pub fn leave_test_file(
        &self,
        storages: &Storages,
        at: &StoragePath,
        deadline: Duration,
    ) -> Result<StoragePath, ResolveError> {
        self.ask_of_path("leave_test_file", storages, at, &self.question_at(storages, at), deadline)
    }

    /// Takes that file away again.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn remove_test_file(
        &self,
        storages: &Storages,
        file: &StoragePath,
        deadline: Duration,
    ) -> Result<(), ResolveError> {
        self.ask_of_path("remove_test_file", storages, file, &self.question_at(storages, file), deadline)
    }

    fn question_at(&self, storages: &Storages, at: &StoragePath) -> AtQuestion {
        AtQuestion { storages: Asked::of(self, storages), at: at.clone() }
    }

    /// Where a storage is now that is not where it was seen: where the same share is mounted, or something with its mark, there or
    /// beside where it was. Each place is asked by itself, so that a dead one among them holds up none.
    pub fn find_again(&self, seen: &Sighting, deadline: Duration) -> Option<PathBuf> {
        let mut candidates = seen.candidates(&Mounts::listed()?);
        if let Some(folder) = seen.base_path.parent().filter(|_| seen.id.is_some()) {
            let beside = seen.beside(&self.names_in(folder, deadline).unwrap_or_default());
            candidates.extend(
                beside
                    .into_iter()
                    .filter(|it| candidates.iter().all(|known| known.path != it.path))
                    .collect::<Vec<_>>(),
            );
        }
        let found: Vec<Option<Found>> = thread::scope(|scope| {
            let asked: Vec<_> = candidates
                .iter()
                .map(|candidate| {
                    scope.spawn(|| {
                        let about = [candidate.path.display().to_string()];
                        self.ask("look_at", &about, &candidate.path, deadline).ok()
                    })
                })
                .collect();
            asked.into_iter().map(|asked| asked.join().ok().flatten()).collect()
        });
        let mut fitting: Vec<_> = candidates
            .iter()
            .zip(found)
            .filter_map(|(candidate, found)| Some((candidate, found?)))
            .filter(|(candidate, found)| seen.is_at(candidate, found))
            .collect();
        // An equal mark says more than an equal share, which may be mounted at several places.
        fitting.sort_by_key(|(_, found)| found.id.is_none());
        fitting.first().map(|(candidate, _)| candidate.path.clone())
    }

    /// Remembers what was seen, by an earlier run of the program, or by another one: an empty folder where that was is not it.
    pub fn remember(&self, name: &str, seen: &Sighting) {
        self.seen().insert((name.to_owned(), seen.base_path.clone()), seen.clone());
    }

    /// Forgets what was seen of a storage: somebody said that what is there now is right.
    pub fn forget(&self, name: &str) {
        self.seen().retain(|(known, _), _| known != name);
    }

    pub(super) fn seen_before(&self, backend: &Backend) -> Option<Sighting> {
        self.seen().get(&(backend.name.clone(), backend.base_path.clone())).cloned()
    }
}
