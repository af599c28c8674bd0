use rfd::{AsyncFileDialog, FileHandle};
use samepath_app::view::FilterView;
use samepath_app::{Error, ErrorCode};
use tauri::WebviewWindow;

/// Asks for a file with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_file(
    window: WebviewWindow,
    title: String,
    filters: Vec<FilterView>,
) -> Result<Option<String>, Error> {
    dialog(&window, title, &filters).pick_file().await.map(text).transpose()
}

/// Likewise, for several files. An empty list: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_files(
    window: WebviewWindow,
    title: String,
    filters: Vec<FilterView>,
) -> Result<Vec<String>, Error> {
    let chosen = dialog(&window, title, &filters).pick_files().await;
    chosen.unwrap_or_default().into_iter().map(text).collect()
}

/// Asks where to write a file. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_new_file(
    window: WebviewWindow,
    title: String,
    filters: Vec<FilterView>,
) -> Result<Option<String>, Error> {
    dialog(&window, title, &filters).save_file().await.map(text).transpose()
}

/// Asks for a folder with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_folder(window: WebviewWindow, title: String) -> Result<Option<String>, Error> {
    AsyncFileDialog::new().set_parent(&window).set_title(title).pick_folder().await.map(text).transpose()
}

fn dialog(window: &WebviewWindow, title: String, filters: &[FilterView]) -> AsyncFileDialog {
    let dialog = AsyncFileDialog::new().set_parent(window).set_title(title);
    filters.iter().fold(dialog, |dialog, filter| dialog.add_filter(&filter.name, &filter.extensions))
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
