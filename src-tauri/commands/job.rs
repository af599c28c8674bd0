use crate::reveal;
use samepath_app::view::{Draft, FollowUpView, JobView};
use samepath_app::{App, Error};
use serde_json::Value;
use tauri::State;

/// Makes the draft a job.
#[tauri::command]
#[specta::specta]
pub(crate) async fn submit(app: State<'_, App>, draft: Draft) -> Result<JobView, Error> {
    app.submit(draft).await
}

/// Interrupts a job and lets it save.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop(app: State<'_, App>, id: String) -> Result<JobView, Error> {
    app.stop(&id).await
}

/// Ends a job at once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn kill(app: State<'_, App>, id: String) -> Result<JobView, Error> {
    app.kill(&id).await
}

/// Adds a try to an ended job.
#[tauri::command]
#[specta::specta]
pub(crate) async fn retry(app: State<'_, App>, id: String) -> Result<JobView, Error> {
    app.retry(&id).await
}

/// `report.json` of a job's results, where it wrote one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn report(app: State<'_, App>, id: String) -> Result<Option<Value>, Error> {
    app.report(&id).await
}

/// What can follow a job.
#[tauri::command]
#[specta::specta]
pub(crate) async fn follow_up(app: State<'_, App>, id: String) -> Result<FollowUpView, Error> {
    app.follow_up(&id).await
}

/// Shows a job's results in the file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_results(app: State<'_, App>, id: String) -> Result<(), Error> {
    reveal::open(app.results_folder(&id).await?)
}
