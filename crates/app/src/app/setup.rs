//! What the window asks while it sets this computer up. Nothing is written before [`App::add_storage`].

use super::App;
use crate::Error;
use crate::lab::LabStorage;
use crate::placing::{self, Question};
use crate::view::{BeginIn, Finding, FolderView, FoundSettingsView, PlacingView, SetupView, StorageFields};
use samepath_wire::Worker;
use std::path::{Path, PathBuf};

impl App {
    /// The storages that this computer has, and those that the lab uses and this computer has not.
    ///
    /// # Errors
    /// `internal`.
    pub async fn look_around(&self) -> Result<SetupView, Error> {
        let lab = self.storages_of_lab();
        let member = self.inner.options.member.clone();
        self.blocking(move |storages| {
            let here = storages.suggestions(&member, &lab);
            let missing = storages.not_connected(&lab, &here);
            Ok(SetupView { here, missing })
        })
        .await
    }

    /// The storages that the lab uses.
    pub(super) fn storages_of_lab(&self) -> Vec<LabStorage> {
        let told = self.inner.directory.known();
        self.inner.board.look(|seen| LabStorage::all(seen.around.workers.values(), &told))
    }

    /// The folder in a storage that is called like the person, where there is one; it need not be configured yet.
    ///
    /// # Errors
    /// `config_invalid` for what could not be written to the configuration.
    pub async fn own_folder(&self, name: String, fields: StorageFields) -> Result<Option<FolderView>, Error> {
        let member = self.inner.options.member.clone();
        self.blocking(move |storages| {
            storages.propose(&name, &fields)?;
            Ok(storages.own_folder(&name, &fields, &member))
        })
        .await
    }

    /// Reads and writes in the person's folder of a storage that is not configured yet; `wished`, if it is to be made later.
    ///
    /// # Errors
    /// As [`LocalStorages::try_storage`](crate::LocalStorages::try_storage).
    pub async fn try_storage(&self, name: String, fields: StorageFields, wished: bool) -> Result<Vec<Finding>, Error> {
        self.blocking(move |storages| storages.try_storage(&name, &fields, wished)).await
    }

    /// Makes the person's folder in a storage that is not configured yet, and tries it.
    ///
    /// # Errors
    /// As [`LocalStorages::make_own`](crate::LocalStorages::make_own).
    pub async fn make_own(&self, name: String, fields: StorageFields, knowingly: bool) -> Result<Vec<Finding>, Error> {
        self.blocking(move |storages| storages.make_own(&name, &fields, knowingly)).await
    }

    /// The folder that one of the system's dialogs begins in; none where the system is to choose.
    pub async fn dialog_folder(&self, begin: BeginIn) -> Option<PathBuf> {
        let member = self.inner.options.member.clone();
        self.blocking(move |storages| Ok(storages.dialog_folder(&begin, &member))).await.ok().flatten()
    }

    /// What sleap-rtc's settings hold that is not in use here.
    ///
    /// # Errors
    /// `internal`.
    pub async fn found_settings(&self) -> Result<Vec<FoundSettingsView>, Error> {
        self.blocking(|storages| Ok(storages.found_settings())).await
    }

    /// What a settings file that the person chose holds.
    ///
    /// # Errors
    /// As [`LocalStorages::settings_of`](crate::LocalStorages::settings_of).
    pub async fn settings_of(&self, file: PathBuf) -> Result<FoundSettingsView, Error> {
        self.blocking(move |storages| storages.settings_of(&file)).await
    }

    /// Where a folder that was chosen for a storage of this name stands in it.
    pub async fn place_folder(&self, name: &str, path: &Path) -> PlacingView {
        let Self { inner } = self;
        let workers: Vec<Worker> = inner.board.look(|seen| seen.around.workers.values().cloned().collect());
        let lab = self.storages_of_lab();
        let lab = lab.iter().find(|storage| storage.name == name);
        let question = Question { name, path, member: &inner.options.member, lab, workers: &workers };
        placing::of(&inner.fleet, &inner.storages, &question).await
    }

    /// Where a folder that the person chose lies in a storage that need not be configured yet: a path below its whole, empty for the
    /// storage itself.
    ///
    /// # Errors
    /// `config_invalid` for what could not be written to the configuration; `not_in_any_backend` for a folder elsewhere.
    pub async fn folder_in(&self, name: String, fields: StorageFields, path: PathBuf) -> Result<String, Error> {
        self.blocking(move |storages| storages.folder_in(&name, &fields, &path)).await
    }
}
