use rfd::{AsyncFileDialog, FileHandle};
use samepath_app::{Error, ErrorCode};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::WebviewWindow;

/// A row of the dialog's list of file types.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
pub(crate) struct FileFilter {
    /// For people.
    name: String,
    /// Without the dot; `*` is every file.
    extensions: Vec<String>,
}

/// Asks for a file with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_file(
    window: WebviewWindow,
    title: String,
    filters: Vec<FileFilter>,
) -> Result<Option<String>, Error> {
    let dialog = AsyncFileDialog::new().set_parent(&window).set_title(title);
    let dialog = filters.iter().fold(dialog, |dialog, filter| dialog.add_filter(&filter.name, &filter.extensions));
    dialog.pick_file().await.map(text).transpose()
}

/// Asks for a folder with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_folder(window: WebviewWindow, title: String) -> Result<Option<String>, Error> {
    AsyncFileDialog::new().set_parent(&window).set_title(title).pick_folder().await.map(text).transpose()
}

fn text(chosen: FileHandle) -> Result<String, Error> {
    match chosen.path().to_str() {
        Some(path) => Ok(path.to_owned()),
        None => Err(Error::new(
            ErrorCode::PathRefused,
            format!("The name of {} is not valid Unicode text.", chosen.path().display()),
        )
        .with_hint("Rename it, or choose another one.")),
    }
}
