use crate::reveal;
use crate::window::QuitMode;
use samepath_app::view::{DoctorView, Keep, ProgramView, SettingsLineView};
use samepath_app::{App, Error, ErrorCode};
use tauri::State;

/// Keeps this for the next start of the window.
#[tauri::command]
#[specta::specta]
pub(crate) async fn keep(app: State<'_, App>, change: Keep) -> Result<(), Error> {
    app.keep(change)
}

/// This computer is a worker from now on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_worker(app: State<'_, App>) -> Result<(), Error> {
    app.start_worker().await
}

/// Ends the jobs that run on this computer, then its worker; it is none from now on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_worker(app: State<'_, App>, mode: QuitMode) -> Result<(), Error> {
    app.stop_worker(mode == QuitMode::Kill).await
}

/// What jobs find here to compute with, in a sentence.
#[tauri::command]
#[specta::specta]
pub(crate) async fn hardware(app: State<'_, App>) -> Result<String, Error> {
    Ok(app.hardware().await)
}

/// The programs that job types run, as this computer has them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn programs(app: State<'_, App>) -> Result<Vec<ProgramView>, Error> {
    app.programs().await
}

/// Says which file is meant where a job type names a program; none: it is looked for in the usual places again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_program(app: State<'_, App>, name: String, path: Option<String>) -> Result<(), Error> {
    app.set_program(name, path).await
}

/// Everything that could be wrong on this computer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn doctor(app: State<'_, App>) -> Result<DoctorView, Error> {
    Ok(app.doctor().await)
}

/// Opens the settings file with whatever the system opens such files with.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_settings(app: State<'_, App>) -> Result<(), Error> {
    let storages = app.local_storages();
    let file = &storages.file().path;
    if storages.config().is_blank() && storages.config_error().is_none() {
        let message = format!("{} is not there yet, or empty.", file.display());
        return Err(Error::new(ErrorCode::PathNotFound, message).with_hint("It is written when a storage is set up."));
    }
    reveal::open(file)
}

/// A line of the settings file with those around it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn settings_around(app: State<'_, App>, line: u32) -> Result<Vec<SettingsLineView>, Error> {
    app.settings_around(line).await
}

/// Shows the folder of this computer's own data, logs of jobs included.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_data(app: State<'_, App>) -> Result<(), Error> {
    reveal::open(app.data_folder())
}

/// Has the system's own desktop connect a storage, and ask the person to sign in.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connect(app: State<'_, App>, storage: String) -> Result<(), Error> {
    reveal::open(&app.address_of(&storage)?)
}

/// Opens the page of the system's own settings on which a program is let read network volumes: a Mac's.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_permissions() -> Result<(), Error> {
    reveal::open("x-apple.systempreferences:com.apple.preference.security?Privacy_FilesAndFolders")
}

/// Shows what is new, in the person's browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_news() -> Result<(), Error> {
    reveal::open(concat!(env!("CARGO_PKG_REPOSITORY"), "/releases"))
}
