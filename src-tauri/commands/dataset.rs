use samepath_app::view::{ChosenVideo, DatasetView, Draft, KindView, LocatedView, ReadinessView};
use samepath_app::{App, Error};
use tauri::State;

/// A local path or a storage path, with its videos.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_dataset(
    app: State<'_, App>,
    path: String,
    videos: Vec<ChosenVideo>,
) -> Result<DatasetView, Error> {
    app.open_dataset(path, videos).await
}

/// The same, once the person said where one more of its videos is; and which others the same change leads to.
#[tauri::command]
#[specta::specta]
pub(crate) async fn locate_video(
    app: State<'_, App>,
    path: String,
    videos: Vec<ChosenVideo>,
    chosen: ChosenVideo,
) -> Result<LocatedView, Error> {
    app.locate_video(path, videos, chosen).await
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
