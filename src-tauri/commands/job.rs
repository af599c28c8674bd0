use crate::reveal;
use samepath_app::view::{ClearedView, Draft, FollowUpView, JobView};
use samepath_app::{App, Error};
use serde_json::Value;
use std::time::Duration;
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

/// Forgets the person's own jobs that ended so many days ago, with their logs.
#[tauri::command]
#[specta::specta]
pub(crate) async fn clear_jobs(app: State<'_, App>, days: u32) -> Result<ClearedView, Error> {
    app.clear_jobs(Duration::from_secs(u64::from(days) * 24 * 60 * 60)).await
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

/// Opens a job's results in SLEAP's own window, which stays when ours goes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_in_sleap(app: State<'_, App>, id: String) -> Result<(), Error> {
    let (program, project) = app.in_sleap(&id).await?;
    reveal::start(&program, &project)
}

/// Opens the whole log of a job, which lies beside its results.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_log(app: State<'_, App>, id: String) -> Result<(), Error> {
    reveal::open(app.log_file(&id).await?)
}

/// Shows a job's results in the file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_results(app: State<'_, App>, id: String) -> Result<(), Error> {
    reveal::open(app.results_folder(&id).await?)
}
