//! What the system tells the person while they look elsewhere.

use crate::streams::{Streams, WindowUpdate};
use crate::window::{MAIN, show};
use notify_rust::{Notification, NotificationResponse};
use samepath_app::{App, Notice, Notices};
use tauri::{AppHandle, Manager};

/// Tells of each, unless the person looks at the window, until the program ends.
pub(crate) async fn tell(handle: AppHandle, mut notices: Notices) {
    while let Some(notice) = notices.next().await {
        let looks = handle.get_webview_window(MAIN).and_then(|window| window.is_focused().ok());
        if looks != Some(true) {
            let handle = handle.clone();
            // It waits for an answer that may never come.
            std::thread::spawn(move || ask(&handle, &notice));
        }
    }
}

fn ask(handle: &AppHandle, notice: &Notice) {
    let mut shown = Notification::new();
    shown.appname("Samepath").summary(&notice.title).body(&plain(&notice.text)).icon("samepath-desktop");
    shown.action("default", "Show");
    let answered = |response: &NotificationResponse| {
        if matches!(response, NotificationResponse::Default | NotificationResponse::Action(_)) {
            show(handle);
            handle.state::<Streams>().tell(MAIN, WindowUpdate::NoticeTaken(notice.job.clone()));
        }
    };
    if let Err(error) = shown.show().and_then(|shown| shown.wait_for_response(answered)) {
        // A desktop without such a place tells nobody; the window does.
        tracing::debug!(%error, "the desktop shows no notices");
    }
}

/// Some desktops take what they show for markup.
fn plain(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

/// Begins to tell.
pub(crate) fn begin(handle: &AppHandle) {
    let notices = handle.state::<App>().notices();
    drop(tauri::async_runtime::spawn(tell(handle.clone(), notices)));
}
