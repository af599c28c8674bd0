//! What a program that stays does by itself: looks at the storages, and sees edits of the configuration file.

use crate::storages::LocalStorages;
use notify::{RecursiveMode, Watcher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between two looks at every storage.
const REGULARLY: Duration = Duration::from_secs(30);

/// Between two looks at the configuration file where nobody tells of changes: homes on the network.
const POLL: Duration = Duration::from_secs(2);

/// An editor writes in several steps; they are taken as one after this long without another.
const SETTLE: Duration = Duration::from_millis(150);

/// Probes every storage at once, then regularly, and whenever the configuration names others.
pub(crate) async fn probe_regularly(storages: Arc<LocalStorages>, shutdown: CancellationToken) {
    let mut every = tokio::time::interval(REGULARLY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut changes = storages.changes();
    let mut seen = storages.config();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = every.tick() => {}
            changed = changes.changed() => {
                let now = storages.config();
                if changed.is_err() { return }
                if Arc::ptr_eq(&now, &seen) || now.backends() == seen.backends() { continue }
                seen = now;
            }
        }
        let storages = storages.clone();
        let checked = tokio::task::spawn_blocking(move || storages.check(None)).await;
        if let Ok(Err(error)) = checked {
            tracing::warn!(%error, "the storages could not be checked");
        }
    }
}

/// Reads the configuration again whenever its file changes: told by the system where it tells, by looking elsewhere.
pub(crate) async fn follow_file(storages: Arc<LocalStorages>, shutdown: CancellationToken) {
    let (sender, mut events) = mpsc::channel(1);
    let file = storages.file().path.clone();
    let _watcher = watcher(file, sender);
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = poll.tick() => {}
            Some(()) = events.recv() => {
                while let Ok(Some(())) = tokio::time::timeout(SETTLE, events.recv()).await {}
            }
        }
        let storages = storages.clone();
        if tokio::task::spawn_blocking(move || storages.reload()).await.is_err() {
            tracing::warn!("the configuration could not be read again");
        }
    }
}

/// Tells of every change in the file's folder, which editors that replace the file change as well. None where the system cannot.
fn watcher(file: PathBuf, sender: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let folder = file.parent()?.to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let ours = event.is_ok_and(|event| {
            !event.kind.is_access() && event.paths.iter().any(|path| path.file_name() == file.file_name())
        });
        if ours {
            // A full channel holds a wake-up already.
            let _ = sender.try_send(());
        }
    })
    .ok()?;
    watcher.watch(&folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}
