use rfd::{AsyncFileDialog, FileHandle};
use samepath_app::view::{BeginIn, FilterView};
use samepath_app::{App, Error, ErrorCode};
use tauri::{State, WebviewWindow};

/// Asks for a file with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_file(
    window: WebviewWindow,
    app: State<'_, App>,
    title: String,
    filters: Vec<FilterView>,
    begin: Option<BeginIn>,
) -> Result<Option<String>, Error> {
    dialog(&window, &app, title, &filters, begin).await.pick_file().await.map(text).transpose()
}

/// Likewise, for several files. An empty list: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_files(
    window: WebviewWindow,
    app: State<'_, App>,
    title: String,
    filters: Vec<FilterView>,
    begin: Option<BeginIn>,
) -> Result<Vec<String>, Error> {
    let chosen = dialog(&window, &app, title, &filters, begin).await.pick_files().await;
    chosen.unwrap_or_default().into_iter().map(text).collect()
}

/// Asks where to write a file. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_new_file(
    window: WebviewWindow,
    app: State<'_, App>,
    title: String,
    filters: Vec<FilterView>,
    begin: Option<BeginIn>,
) -> Result<Option<String>, Error> {
    dialog(&window, &app, title, &filters, begin).await.save_file().await.map(text).transpose()
}

/// Asks for a folder with the system's own dialog. None: the person changed their mind.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_folder(
    window: WebviewWindow,
    app: State<'_, App>,
    title: String,
    begin: Option<BeginIn>,
) -> Result<Option<String>, Error> {
    dialog(&window, &app, title, &[], begin).await.pick_folder().await.map(text).transpose()
}

async fn dialog(
    window: &WebviewWindow,
    app: &App,
    title: String,
    filters: &[FilterView],
    begin: Option<BeginIn>,
) -> AsyncFileDialog {
    let folder = match begin {
        Some(begin) => app.dialog_folder(begin).await,
        None => None,
    };
    let dialog = AsyncFileDialog::new().set_parent(window).set_title(title);
    let dialog = filters.iter().fold(dialog, |dialog, filter| dialog.add_filter(&filter.name, &filter.extensions));
    match folder {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    }
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
