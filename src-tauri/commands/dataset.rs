use samepath_app::view::{DatasetView, Draft, KindView, ReadinessView};
use samepath_app::{App, Error};
use tauri::State;

/// A local path or a storage path, with its videos.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_dataset(app: State<'_, App>, path: String) -> Result<DatasetView, Error> {
    app.open_dataset(path).await
}

/// The job types.
#[tauri::command]
#[specta::specta]
pub(crate) async fn kinds(app: State<'_, App>) -> Result<Vec<KindView>, Error> {
    Ok(app.kinds())
}

/// Who could run this draft, and the sentence that says so.
#[tauri::command]
#[specta::specta]
pub(crate) async fn readiness(app: State<'_, App>, draft: Draft) -> Result<ReadinessView, Error> {
    app.readiness(draft).await
}
