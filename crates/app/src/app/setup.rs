//! What the window asks while it sets this computer up. Nothing is written before [`App::add_storage`].

use super::App;
use crate::Error;
use crate::lab::LabStorage;
use crate::view::{Finding, SetupView, StorageFields};

impl App {
    /// The storages that this computer has, and those that the lab uses and this computer has not.
    ///
    /// # Errors
    /// `internal`.
    pub async fn look_around(&self) -> Result<SetupView, Error> {
        let lab = self.inner.board.look(|seen| LabStorage::all(seen.around.workers.values()));
        let member = self.inner.options.member.clone();
        self.blocking(move |storages| {
            let here = storages.suggestions(&member, &lab);
            let missing = storages.not_connected(&lab, &here);
            Ok(SetupView { here, missing })
        })
        .await
    }

    /// The folder in a storage that is called like the person, where there is one; it need not be configured yet.
    ///
    /// # Errors
    /// `config_invalid` for what could not be written to the configuration.
    pub async fn own_folder(&self, name: String, fields: StorageFields) -> Result<Option<String>, Error> {
        let member = self.inner.options.member.clone();
        self.blocking(move |storages| {
            storages.propose(&name, &fields)?;
            Ok(storages.own_folder(&name, &fields, &member))
        })
        .await
    }

    /// Reads and writes in the person's folder of a storage that is not configured yet; makes that folder first, if `make` says so.
    ///
    /// # Errors
    /// As [`LocalStorages::try_storage`](crate::LocalStorages::try_storage).
    pub async fn try_storage(&self, name: String, fields: StorageFields, make: bool) -> Result<Vec<Finding>, Error> {
        self.blocking(move |storages| storages.try_storage(&name, &fields, make)).await
    }
}
