use crate::streams::Demonstrations;
use samepath_app::view::{
    AskedView, Finding, FolderView, FoundSettingsView, PlacingView, SetupView, ShownView, StorageFields,
};
use samepath_app::{App, Error};
use std::path::{Path, PathBuf};
use tauri::State;
use tauri::ipc::Channel;

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
) -> Result<Option<FolderView>, Error> {
    app.own_folder(name, fields).await
}

/// Reads and writes in the person's folder of a storage that is not configured yet; `wished`, if it is to be made later.
#[tauri::command]
#[specta::specta]
pub(crate) async fn try_storage(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
    wished: bool,
) -> Result<Vec<Finding>, Error> {
    app.try_storage(name, fields, wished).await
}

/// Makes the person's folder in a storage that is not configured yet, and tries it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn make_own(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
    knowingly: bool,
) -> Result<Vec<Finding>, Error> {
    app.make_own(name, fields, knowingly).await
}

/// Whether the workers online find a test file in the person's folder; with `fields`, of a storage that is not configured yet.
#[tauri::command]
#[specta::specta]
pub(crate) async fn same_storage(
    app: State<'_, App>,
    name: String,
    fields: Option<StorageFields>,
) -> Result<AskedView, Error> {
    app.same_storage(&name, fields).await
}

/// Where a folder that the person chose lies in a storage that need not be configured yet.
#[tauri::command]
#[specta::specta]
pub(crate) async fn folder_in(
    app: State<'_, App>,
    name: String,
    fields: StorageFields,
    path: String,
) -> Result<String, Error> {
    app.folder_in(name, fields, PathBuf::from(path)).await
}

/// What sleap-rtc's settings hold that is not in use here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn found_settings(app: State<'_, App>) -> Result<Vec<FoundSettingsView>, Error> {
    app.found_settings().await
}

/// What a settings file that the person chose holds.
#[tauri::command]
#[specta::specta]
pub(crate) async fn settings_of(app: State<'_, App>, file: String) -> Result<FoundSettingsView, Error> {
    app.settings_of(PathBuf::from(file)).await
}

/// Where a folder that was chosen for a storage of this name stands in it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn place_folder(app: State<'_, App>, name: String, path: String) -> Result<PlacingView, Error> {
    Ok(app.place_folder(&name, Path::new(&path)).await)
}

/// Runs a job in a pretend lab, which is removed at the end; `channel` hears each step. One that is under way ends first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_me(
    app: State<'_, App>,
    shows: State<'_, Demonstrations>,
    channel: Channel<ShownView>,
) -> Result<(), Error> {
    let stop = shows.begin();
    let tell = |step| drop(channel.send(step));
    app.show_me(tell, &stop).await
}

/// Ends the demonstration, if one is under way.
#[tauri::command]
#[specta::specta]
pub(crate) fn stop_showing(shows: State<'_, Demonstrations>) {
    shows.end();
}
