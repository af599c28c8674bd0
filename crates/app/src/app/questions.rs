//! What is asked of the program: storages, datasets, job types, workers.

use super::App;
use crate::base_paths::{self, BasePaths};
use crate::kinds::{find_kind, kind_view, known, why_not};
use crate::same_storage::{self, Question};
use crate::storages::LocalStorages;
use crate::view::{AskedView, ChosenVideo, DatasetView, KindView, LocatedView, StorageFields, StorageView, WorkerView};
use crate::workers::{Ours, worker_view};
use crate::{Error, ErrorCode};
use samepath_storage::{Backend, Purpose};
use samepath_wire::{Kind, Worker};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl App {
    /// The storages of this computer.
    pub fn local_storages(&self) -> Arc<LocalStorages> {
        self.inner.storages.clone()
    }

    /// The storages as configured, with their health where known.
    pub fn storages(&self) -> Vec<StorageView> {
        let mut views = self.inner.storages.views();
        // Of one that was never seen here the lab may know how it is connected.
        for view in views.iter_mut().filter(|view| view.connect.is_none() && view.error.is_none()) {
            view.connect = self.address_of(&view.name).ok();
        }
        views
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&LocalStorages) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let storages = self.inner.storages.clone();
        tokio::task::spawn_blocking(move || work(&storages))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string())))
    }

    /// Looks at every storage, or one, now.
    ///
    /// # Errors
    /// `backend_not_found`.
    pub async fn check_storages(&self, name: Option<String>) -> Result<Vec<StorageView>, Error> {
        self.blocking(move |storages| storages.check(name.as_deref())).await
    }

    /// Writes a new storage, and looks at it.
    ///
    /// # Errors
    /// As [`LocalStorages::add`].
    pub async fn add_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        self.blocking(move |storages| {
            let written = storages.add(&name, fields)?;
            looked_at(storages, written)
        })
        .await
    }

    /// Changes a storage, and looks at it.
    ///
    /// # Errors
    /// As [`LocalStorages::set`].
    pub async fn set_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        self.blocking(move |storages| {
            let written = storages.set(&name, fields)?;
            looked_at(storages, written)
        })
        .await
    }

    /// Gives a storage another name and other values, and looks at it. What the window keeps of it goes with it.
    ///
    /// # Errors
    /// As [`LocalStorages::rename`].
    pub async fn rename_storage(&self, name: String, to: String, fields: StorageFields) -> Result<StorageView, Error> {
        let (before, now) = (name.clone(), to.clone());
        let renamed = self
            .blocking(move |storages| {
                let written = storages.rename(&before, &now, fields)?;
                looked_at(storages, written)
            })
            .await?;
        self.keep_renamed(&name, &to);
        Ok(renamed)
    }

    /// Whether the workers online find a test file that is written to the person's folder of a storage, and removed again; who does
    /// is confirmed from now on. With `fields`, of a storage that is not configured yet.
    ///
    /// # Errors
    /// `backend_not_found`, `config_invalid`, what is wrong with the folder.
    pub async fn same_storage(&self, name: &str, fields: Option<StorageFields>) -> Result<AskedView, Error> {
        let storages = &self.inner.storages;
        let backend = match fields {
            Some(fields) => Backend::proposed(name, &fields.into(), storages.environment())?,
            None => storages.storages().get(name)?.clone(),
        };
        let workers: Vec<Worker> = self.inner.board.look(|seen| seen.around.workers.values().cloned().collect());
        let question = Question { backend: &backend, workers: &workers };
        let asked = same_storage::ask(&self.inner.fleet, storages, &question, &self.inner.shutdown);
        let Some(told) = self.inner.tasks.track_future(asked).await? else { return Ok(AskedView::default()) };
        // Also of one that is not written down yet: what was said holds for its place alone.
        storages.take_proofs(name, &told.ours, &told.verdicts, None);
        Ok(AskedView { refuted: same_storage::is_refuted(&told.views), workers: told.views })
    }

    /// Forgets a storage; no file on it is touched.
    ///
    /// # Errors
    /// As [`LocalStorages::remove`].
    pub async fn remove_storage(&self, name: String) -> Result<(), Error> {
        self.blocking(move |storages| storages.remove(&name)).await
    }

    /// Puts back the storage that was forgotten last, as it was written; where the file was changed since, with these values.
    ///
    /// # Errors
    /// As [`LocalStorages::put_back`].
    pub async fn put_storage_back(&self, name: String, fields: StorageFields) -> Result<(), Error> {
        self.blocking(move |storages| storages.put_back(&name, fields)).await
    }

    /// A dataset by local path or storage path, with its videos.
    ///
    /// # Errors
    /// As [`LocalStorages::open_dataset`].
    pub async fn open_dataset(&self, path: String, videos: Vec<ChosenVideo>) -> Result<DatasetView, Error> {
        let fleet = self.fleet_base_paths();
        self.blocking(move |storages| {
            let opened = storages.open_dataset(&path, fleet.clone(), &videos);
            opened.map_err(|error| storages.in_fleet(&path, fleet, error))
        })
        .await
    }

    /// The folder on this computer that a dataset is in.
    ///
    /// # Errors
    /// As [`LocalStorages::resolve`], [`LocalStorages::absolute`].
    pub async fn folder_of(&self, path: String) -> Result<PathBuf, Error> {
        self.blocking(move |storages| {
            let local = match storages.parse(&path).transpose()? {
                Some(at) => storages.resolve(&at, Purpose::Input)?.path,
                None => storages.absolute(&path)?,
            };
            Ok(local.parent().map_or_else(|| local.clone(), Path::to_owned))
        })
        .await
    }

    /// The same dataset once the person said where one more of its videos is, and which others the same change leads to.
    ///
    /// # Errors
    /// As [`LocalStorages::open_dataset`].
    pub async fn locate_video(
        &self,
        path: String,
        videos: Vec<ChosenVideo>,
        chosen: ChosenVideo,
    ) -> Result<LocatedView, Error> {
        let fleet = self.fleet_base_paths();
        self.blocking(move |storages| storages.locate_video(&path, fleet, &videos, &chosen)).await
    }

    /// Where the workers mount their storages.
    pub(super) fn fleet_base_paths(&self) -> BasePaths {
        self.inner.board.look(|seen| base_paths::of(seen.around.workers.values()))
    }

    fn known_kinds(&self) -> Vec<Kind> {
        self.inner.board.look(|seen| known(seen.around.kinds, seen.around.workers.values()))
    }

    /// Job types.
    pub fn kinds(&self) -> Vec<KindView> {
        self.known_kinds().iter().map(kind_view).collect()
    }

    /// One job type.
    ///
    /// # Errors
    /// `kind_not_found`.
    pub fn kind(&self, name: &str) -> Result<KindView, Error> {
        Ok(kind_view(&self.find_kind(name)?))
    }

    pub(super) fn find_kind(&self, name: &str) -> Result<Kind, Error> {
        find_kind(&self.known_kinds(), name).map_err(|error| {
            match self.inner.board.look(|seen| why_not(name, seen.around.workers.values())) {
                Some(message) => Error { message, ..error },
                None => error,
            }
        })
    }

    /// Workers that are online, by name; after a look at those storages of this computer that they have, too: what is said of them
    /// is then what a submission would find.
    pub async fn workers_now(&self) -> Vec<WorkerView> {
        let having = |name: &str| {
            let has = |worker: &Worker| worker.backends.contains_key(name);
            self.inner.board.look(|seen| seen.around.workers.values().any(has))
        };
        let names: Vec<String> = self.inner.storages.storages().names().into_iter().filter(|it| having(it)).collect();
        let looked = self.blocking(move |storages| {
            std::thread::scope(|scope| {
                names.iter().for_each(|name| drop(scope.spawn(|| storages.mark_now(name))));
            });
            Ok(())
        });
        if let Err(error) = looked.await {
            tracing::warn!(%error, "the storages could not be looked at");
        }
        self.workers()
    }

    /// Workers that are online, by name.
    pub fn workers(&self) -> Vec<WorkerView> {
        let storages = self.inner.storages.views();
        let (proofs, now) = (self.inner.storages.proofs(), jiff::Timestamp::now());
        let mut workers: Vec<WorkerView> = self.inner.board.look(|seen| {
            let ours = Ours { storages: &storages, proofs: &proofs, now };
            seen.around.workers.values().map(|worker| worker_view(worker, seen.around.jobs, seen.here, &ours)).collect()
        });
        workers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        workers
    }
}

/// A storage that was just written, with how it is, and what was to be said of the writing.
fn looked_at(storages: &LocalStorages, written: StorageView) -> Result<StorageView, Error> {
    let StorageView { name, warnings, .. } = written;
    let checked = storages.check(Some(&name))?.into_iter().find(|view| view.name == name);
    let mut view = checked.map_or_else(|| storages.view(&name), Ok)?;
    let more = view.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>();
    view.warnings = [warnings, more].concat();
    Ok(view)
}
