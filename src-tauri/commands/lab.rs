use samepath_app::view::{InvitationView, MembershipView};
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
    app.leave_lab()
}

/// An invitation for one more computer of this person.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_computer(app: State<'_, App>) -> Result<InvitationView, Error> {
    app.add_computer().await
}

/// Ends the program in good order, and starts it again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_again(handle: AppHandle) -> Result<(), Error> {
    handle.request_restart();
    Ok(())
}
