use crate::reveal;
use samepath_app::view::{
    ChosenVideo, CopiedView, CopyView, DatasetView, Draft, KindView, LocatedView, ReadinessView, ResultsView,
};
use samepath_app::{App, Error};
use tauri::State;
use tauri::ipc::Channel;

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

/// Shows a dataset's folder in the file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_dataset(app: State<'_, App>, path: String) -> Result<(), Error> {
    reveal::open(app.folder_of(path).await?)
}

/// What is in a folder that was chosen for the results of a job of this type, and what the job could go on from.
#[tauri::command]
#[specta::specta]
pub(crate) async fn results_there(app: State<'_, App>, folder: String, kind: String) -> Result<ResultsView, Error> {
    app.results_there(folder, &kind).await
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

/// Copies files of this computer into a folder of a storage, one after the other; `channel` hears how far it is. Nothing there is
/// replaced.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_files(
    app: State<'_, App>,
    files: Vec<String>,
    folder: String,
    channel: Channel<CopyView>,
) -> Result<Vec<CopiedView>, Error> {
    let number = channel.id();
    let tell = move |progress| drop(channel.send(progress));
    app.copy(number, files, folder, tell).await
}

/// Ends what `copy_files` began with the channel of this number; what is half copied is taken away.
#[tauri::command]
#[specta::specta]
pub(crate) fn stop_copying(app: State<'_, App>, channel: u32) {
    app.stop_copying(channel);
}
