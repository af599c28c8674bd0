use crate::menu::Choice;
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
    /// These were to be opened when the program was started, or started once more: paths, or storage paths.
    Opened(Vec<String>),
    /// The person answered a notice of the system: about this job, by id, or about several.
    NoticeTaken(Option<String>),
    /// The window was asked to close while these jobs, by name, run on this computer. It stays until `quit`.
    QuitAsked(Vec<String>),
    /// Something was chosen in the menu bar.
    #[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "nothing else has one"))]
    Chosen(Choice),
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
    /// What happened before.
    missed: Vec<WindowUpdate>,
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

    /// From now on the window's own events go there, and those before.
    pub(crate) fn attend(&self, window: &str, channel: Channel<WindowUpdate>) {
        let mut windows = self.lock();
        let window = windows.entry(window.to_owned()).or_default();
        for update in window.missed.drain(..) {
            let _ = channel.send(update);
        }
        window.attention = Some(channel);
    }

    /// Whether the page hears of the window's own events.
    pub(crate) fn is_attended(&self, window: &str) -> bool {
        self.lock().get(window).is_some_and(|window| window.attention.is_some())
    }

    /// Tells the page; one that does not listen yet is told when it does.
    pub(crate) fn tell(&self, window: &str, update: WindowUpdate) {
        let mut windows = self.lock();
        let window = windows.entry(window.to_owned()).or_default();
        match window.attention.clone() {
            Some(channel) => {
                drop(windows);
                let _ = channel.send(update);
            }
            None => window.missed.push(update),
        }
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
