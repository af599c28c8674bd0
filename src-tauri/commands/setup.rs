use samepath_app::view::{Finding, SameStorageView, SetupView, StorageFields};
use samepath_app::{App, Error};
use tauri::State;

/// The storages that this computer has and the configuration does not name, and those of the lab that it has not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn look_around(app: State<'_, App>) -> Result<SetupView, Error> {
    app.look_around().await
}

/// The folder in a storage that is called like the person, where there is one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn own_folder(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
) -> Result<Option<String>, Error> {
    app.own_folder(name, fields).await
}

/// Reads and writes in the person's folder of a storage that is not configured yet.
#[tauri::command]
#[specta::specta]
pub(crate) async fn try_storage(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
    make: bool,
) -> Result<Vec<Finding>, Error> {
    app.try_storage(name, fields, make).await
}

/// Whether the workers online find a test file in the person's folder; with `fields`, of a storage that is not configured yet.
#[tauri::command]
#[specta::specta]
pub(crate) async fn same_storage(
    app: State<'_, App>,
    name: String,
    fields: Option<StorageFields>,
) -> Result<Vec<SameStorageView>, Error> {
    app.same_storage(&name, fields).await
}
