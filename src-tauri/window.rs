use crate::StartError;
use crate::error::HAND_OVER;
use crate::streams::{Demonstrations, Streams, WindowUpdate};
use samepath_app::{App, Error, Options};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::async_runtime::block_on;
use tauri::{
    AppHandle, DragDropEvent, Manager, RunEvent, State, WebviewUrl, WebviewWindowBuilder, Window, WindowEvent,
};
use tokio::time::timeout;

const MAIN: &str = "main";

/// Starts the program, with a worker of its own, and shows it until the window is closed.
pub fn run(options: Options) -> Result<(), StartError> {
    let app = block_on(async {
        let app = App::start(options).await?;
        app.keep_watch();
        app.run_worker(None, None);
        Ok::<_, Error>(app)
    })?;

    let bindings = crate::bindings();
    let faceless = app.clone();
    tauri::Builder::default()
        .manage(app)
        .manage(Streams::default())
        .manage(Demonstrations::default())
        .invoke_handler(bindings.invoke_handler())
        .setup(|app| {
            WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
                .title("Samepath")
                .inner_size(1280.0, 800.0)
                .min_inner_size(720.0, 480.0)
                .build()?;
            Ok(())
        })
        .on_window_event(attend)
        .build(tauri::generate_context!())?
        .run(move |_, event| {
            if matches!(event, RunEvent::Exit) && block_on(timeout(HAND_OVER, faceless.shut_down())).is_err() {
                tracing::warn!("the queue was not handed over in time; whoever opens it next takes it");
            }
        });
    Ok(())
}

fn attend(window: &Window, event: &WindowEvent) {
    let streams = window.state::<Streams>();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            let jobs: Vec<_> = window.state::<App>().jobs_here().into_iter().map(|job| job.name).collect();
            if !jobs.is_empty() && streams.tell(window.label(), WindowUpdate::QuitAsked(jobs)) {
                api.prevent_close();
            }
        }
        WindowEvent::DragDrop(DragDropEvent::Enter { .. }) => {
            streams.tell(window.label(), WindowUpdate::DragEntered);
        }
        WindowEvent::DragDrop(DragDropEvent::Leave) => {
            streams.tell(window.label(), WindowUpdate::DragLeft);
        }
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            let paths = paths.iter().filter_map(|path| path.to_str().map(str::to_owned)).collect();
            streams.tell(window.label(), WindowUpdate::Dropped(paths));
        }
        WindowEvent::Destroyed => streams.forget(window.label()),
        _ => {}
    }
}

/// What becomes of the jobs that run on this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuitMode {
    /// They save first.
    Stop,
    /// They end at once.
    Kill,
}

/// Ends the jobs that run on this computer, then the program. Answers only when a job cannot be ended.
#[tauri::command]
#[specta::specta]
pub(crate) async fn quit(handle: AppHandle, app: State<'_, App>, mode: QuitMode) -> Result<(), Error> {
    let mut updates = app.watch();
    for job in app.jobs_here() {
        match mode {
            QuitMode::Stop => app.stop(&job.id).await?,
            QuitMode::Kill => app.kill(&job.id).await?,
        };
    }
    while !app.jobs_here().is_empty() && updates.next().await.is_some() {}
    handle.exit(0);
    Ok(())
}
