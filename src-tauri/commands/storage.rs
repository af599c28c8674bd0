use crate::reveal;
use samepath_app::view::{StorageFields, StorageView};
use samepath_app::{App, Error};
use tauri::State;

/// Writes a new storage to the configuration file.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_storage(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
) -> Result<StorageView, Error> {
    app.add_storage(name, fields).await
}

/// Changes a storage; what is not given stays.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_storage(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
) -> Result<StorageView, Error> {
    app.set_storage(name, fields).await
}

/// Gives a storage another name, and changes it; what is not given stays.
#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_storage(
    app: State<'_, App>,
    name: String,
    to: String,
    fields: StorageFields,
) -> Result<StorageView, Error> {
    app.rename_storage(name, to, fields).await
}

/// Forgets a storage. No file on it is touched.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_storage(app: State<'_, App>, name: String) -> Result<(), Error> {
    app.remove_storage(name).await
}

/// Puts back the storage that was forgotten last, as it was written; where the file was changed since, with these values.
#[tauri::command]
#[specta::specta]
pub(crate) async fn put_storage_back(app: State<'_, App>, name: String, fields: StorageFields) -> Result<(), Error> {
    app.put_storage_back(name, fields).await
}

/// Looks at all storages now, or at one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_storages(app: State<'_, App>, name: Option<String>) -> Result<Vec<StorageView>, Error> {
    app.check_storages(name).await
}

/// Shows a storage's folder in the file manager: the person's own in it, or all of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_storage(app: State<'_, App>, name: String, own: bool) -> Result<(), Error> {
    reveal::open(app.shown_folder(name, own).await?)
}
