use crate::streams::{Streams, WindowUpdate};
use samepath_app::view::{LogView, MetricsView, Update};
use samepath_app::{App, Error};
use serde::Serialize;
use specta::Type;
use tauri::ipc::Channel;
use tauri::{State, WebviewWindow};

/// One message of a log.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub(crate) enum LogUpdate {
    /// The next lines, in order.
    Lines(Vec<LogView>),
    /// The job has ended and every line was sent.
    Ended,
}

/// Likewise, of a job's figures.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub(crate) enum MetricsUpdate {
    /// The next rows, in order.
    Rows(Vec<MetricsView>),
    /// The job has ended and every row was sent.
    Ended,
}

/// Changes that the page is told of in one message. Each message takes the program's main thread a while, however short it is.
const TOGETHER: usize = 500;

/// Everything known first, then `current`, then every change, until the window goes. A window watches once: a second call takes
/// the first one's place.
#[tauri::command]
#[specta::specta]
pub(crate) async fn watch(
    app: State<'_, App>,
    streams: State<'_, Streams>,
    window: WebviewWindow,
    channel: Channel<Vec<Update>>,
) -> Result<(), Error> {
    let mut updates = app.watch();
    streams.run(window.label(), Streams::WATCH, async move {
        while let Some(together) = updates.next_together(TOGETHER).await {
            if channel.send(together).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// The lines of a job's newest try, or of another, from the first one; then every new one, until `leave` or the window goes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn follow_log(
    app: State<'_, App>,
    streams: State<'_, Streams>,
    window: WebviewWindow,
    id: String,
    attempt: Option<u32>,
    channel: Channel<LogUpdate>,
) -> Result<(), Error> {
    let mut log = app.log(&id, attempt).await?;
    streams.run(window.label(), &channel.id().to_string(), async move {
        while let Some(lines) = log.next().await {
            if channel.send(LogUpdate::Lines(lines)).is_err() {
                return;
            }
        }
        let _ = channel.send(LogUpdate::Ended);
    });
    Ok(())
}

/// The rows of the chart of a job's newest try, from the first one; then every new one, until `leave` or the window goes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn follow_metrics(
    app: State<'_, App>,
    streams: State<'_, Streams>,
    window: WebviewWindow,
    id: String,
    channel: Channel<MetricsUpdate>,
) -> Result<(), Error> {
    let mut metrics = app.metrics(&id, None).await?;
    streams.run(window.label(), &channel.id().to_string(), async move {
        while let Some(rows) = metrics.next().await {
            if channel.send(MetricsUpdate::Rows(rows)).is_err() {
                return;
            }
        }
        let _ = channel.send(MetricsUpdate::Ended);
    });
    Ok(())
}

/// Ends what `follow_log` or `follow_metrics` began with the channel of this number.
#[tauri::command]
#[specta::specta]
pub(crate) fn leave(streams: State<'_, Streams>, window: WebviewWindow, channel: u32) {
    streams.end(window.label(), &channel.to_string());
}

/// What happens to the window itself: files dropped on it, and being asked to close while a job runs here.
#[tauri::command]
#[specta::specta]
pub(crate) fn attend_window(streams: State<'_, Streams>, window: WebviewWindow, channel: Channel<WindowUpdate>) {
    streams.attend(window.label(), channel);
}
