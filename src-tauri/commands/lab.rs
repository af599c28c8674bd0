use samepath_app::view::{ComputerView, InvitationView, MembershipView};
use samepath_app::{App, Error};
use tauri::{AppHandle, State};

/// What an invitation says, before anything is done with it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_invitation(app: State<'_, App>, text: String) -> Result<InvitationView, Error> {
    app.read_invitation(&text)
}

/// Joins the lab of an invitation. The program is on it once it was started again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn join_lab(app: State<'_, App>, text: String) -> Result<MembershipView, Error> {
    app.join_lab(&text).await
}

/// Makes this computer a worker of the lab of a worker's invitation; it runs jobs once `samepath worker` runs.
#[tauri::command]
#[specta::specta]
pub(crate) async fn join_as_worker(app: State<'_, App>, text: String) -> Result<MembershipView, Error> {
    app.join_as_worker(&text).await
}

/// The labs that this computer has joined.
#[tauri::command]
#[specta::specta]
pub(crate) async fn memberships(app: State<'_, App>) -> Result<Vec<MembershipView>, Error> {
    app.memberships()
}

/// Forgets the labs that this computer has joined. The program is on none once it was started again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn leave_lab(app: State<'_, App>) -> Result<(), Error> {
    app.leave_lab().await
}

/// An invitation for one more computer of this person.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_computer(app: State<'_, App>) -> Result<InvitationView, Error> {
    app.add_computer().await
}

/// The computers of this person in the lab.
#[tauri::command]
#[specta::specta]
pub(crate) async fn computers(app: State<'_, App>) -> Result<Vec<ComputerView>, Error> {
    app.computers().await
}

/// Puts one of them out of the lab, by its key.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_computer(app: State<'_, App>, key: String) -> Result<(), Error> {
    app.remove_computer(&key).await
}

/// Has a worker take no new job, or take jobs again; answers how many tries it still looks after.
#[tauri::command]
#[specta::specta]
pub(crate) async fn drain_worker(app: State<'_, App>, worker: String, drain: bool) -> Result<u32, Error> {
    app.drain(&worker, drain).await
}

/// Puts a worker out of the lab, by its name.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_worker(app: State<'_, App>, name: String) -> Result<(), Error> {
    app.remove_worker(&name).await
}

/// Tries at once to connect with the lab. Answers whether it is connected.
#[tauri::command]
#[specta::specta]
pub(crate) async fn try_now(app: State<'_, App>) -> Result<bool, Error> {
    Ok(app.try_now().await)
}

/// Ends the program in good order, and starts it again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_again(handle: AppHandle) -> Result<(), Error> {
    handle.request_restart();
    Ok(())
}
