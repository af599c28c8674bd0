//! Changes of what the configuration says of the storages.

use super::LocalStorages;
use crate::Error;
use crate::view::{StorageFields, StorageView};
use samepath_storage::{BackendFields, Change, Config, ConfigError};
use std::sync::{Arc, PoisonError};

impl LocalStorages {
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

    /// Gives a storage another name, wherever the file speaks of it, and other values; looks first like [`LocalStorages::add`].
    ///
    /// # Errors
    /// `already_exists`, `backend_not_found`, `config_invalid`, `config_changed`, `io`.
    pub fn rename(&self, name: &str, to: &str, fields: StorageFields) -> Result<StorageView, Error> {
        self.write(to, fields, |to, fields| Change::Rename { name: name.to_owned(), to, fields })
    }

    /// Takes a storage out of the file. Nothing on it is touched.
    ///
    /// # Errors
    /// `backend_not_found`, `config_changed`, `io`.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.apply(&Change::Remove { name: name.to_owned() })
    }

    /// Puts back the storage that was removed last, as it was written. Where the file was changed since, it is added with these values.
    ///
    /// # Errors
    /// As of [`LocalStorages::add`].
    pub fn put_back(&self, name: &str, fields: StorageFields) -> Result<(), Error> {
        let removed = self.read().removed.clone().filter(|(removed, _)| removed == name);
        let Some((_, undo)) = removed else { return self.add(name, fields).map(drop) };
        match undo.take_back(&self.config().file, &self.environment) {
            Ok(config) => self.take_on(config),
            Err(ConfigError::Changed { .. }) => return self.add(name, fields).map(drop),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn take_on(&self, config: Config) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.error = None;
        state.removed = None;
        state.adopt(config, &self.environment);
        drop(state);
        self.tell();
    }

    pub(crate) fn apply(&self, change: &Change) -> Result<(), Error> {
        let seen = self.config();
        let (written, undo) = seen.apply_undoably(change, &self.environment)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.error = None;
        state.removed = match change {
            Change::Remove { name } => Some((name.clone(), undo)),
            _ => None,
        };
        if let Some(name) = change.storage() {
            state.health.remove(name);
            state.moved.remove(name);
            let placed = match change {
                Change::Set { fields, .. } | Change::Add { fields, .. } | Change::Rename { fields, .. } => {
                    fields.base_path.is_some()
                }
                Change::Remove { .. } | Change::Program { .. } | Change::Lab { .. } => true,
            };
            let known = match change {
                _ if placed => state.sightings.forget(name),
                Change::Rename { to, .. } => state.sightings.rename(name, to),
                _ => Ok(()),
            };
            if placed {
                self.helper.forget(name);
            }
            if let Err(error) = known {
                tracing::info!(%error, "what is known of the storages cannot be kept");
            }
        }
        state.adopt(written, &self.environment);
        if let Some(name) = change.storage() {
            let at = state.storages.get(name).ok().map(|backend| backend.base_path.clone());
            Arc::make_mut(&mut state.proofs).forget(name, at.as_deref());
        }
        drop(state);
        self.tell();
        Ok(())
    }
}
