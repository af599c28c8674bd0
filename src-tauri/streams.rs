use serde::Serialize;
use specta::Type;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tokio_util::sync::CancellationToken;

/// What happens to the window itself.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub(crate) enum WindowUpdate {
    /// Files are held over the window.
    DragEntered,
    /// They went away again.
    DragLeft,
    /// They were dropped: their paths here.
    Dropped(Vec<String>),
    /// The window was asked to close while these jobs, by name, run on this computer. It stays until `quit`.
    QuitAsked(Vec<String>),
}

/// The one demonstration that is under way.
#[derive(Default)]
pub(crate) struct Demonstrations(Mutex<CancellationToken>);

impl Demonstrations {
    /// Ends the one before; what this answers is cancelled when the new one is to end.
    pub(crate) fn begin(&self) -> CancellationToken {
        let new = CancellationToken::new();
        std::mem::replace(&mut *self.lock(), new.clone()).cancel();
        new
    }

    pub(crate) fn end(&self) {
        self.lock().cancel();
    }

    fn lock(&self) -> MutexGuard<'_, CancellationToken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What flows to each window. Everything of a window ends with it.
#[derive(Default)]
pub(crate) struct Streams {
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Default)]
struct Window {
    /// By name: `watch`, or the number of a log's channel.
    tasks: HashMap<String, JoinHandle<()>>,
    /// Where the window's own events go; none until the page asked for them.
    attention: Option<Channel<WindowUpdate>>,
}

impl Streams {
    /// The name of the one stream of everything.
    pub(crate) const WATCH: &'static str = "watch";

    /// Runs a stream until its end, [`Streams::end`], or the window's end. One of the same name ends first.
    pub(crate) fn run(&self, window: &str, name: &str, stream: impl Future<Output = ()> + Send + 'static) {
        let mut windows = self.lock();
        let tasks = &mut windows.entry(window.to_owned()).or_default().tasks;
        tasks.retain(|_, task| !task.inner().is_finished());
        if let Some(before) = tasks.remove(name) {
            before.abort();
        }
        tasks.insert(name.to_owned(), spawn(stream));
    }

    /// Ends one stream, if it still runs.
    pub(crate) fn end(&self, window: &str, name: &str) {
        if let Some(task) = self.lock().get_mut(window).and_then(|window| window.tasks.remove(name)) {
            task.abort();
        }
    }

    /// From now on the window's own events go there.
    pub(crate) fn attend(&self, window: &str, channel: Channel<WindowUpdate>) {
        self.lock().entry(window.to_owned()).or_default().attention = Some(channel);
    }

    /// Tells the page. False: nobody listens.
    pub(crate) fn tell(&self, window: &str, update: WindowUpdate) -> bool {
        let channel = self.lock().get(window).and_then(|window| window.attention.clone());
        channel.is_some_and(|channel| channel.send(update).is_ok())
    }

    /// Ends everything of a window that is gone.
    pub(crate) fn forget(&self, window: &str) {
        if let Some(window) = self.lock().remove(window) {
            window.tasks.into_values().for_each(|task| task.abort());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
