//! What a program that stays does by itself: looks at the storages, and sees edits of the configuration file.

use crate::storages::LocalStorages;
use notify::{RecursiveMode, Watcher};
use samepath_storage::helper::cannot_be_silent;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between two looks at every storage.
const REGULARLY: Duration = Duration::from_secs(30);

/// Between two looks at the configuration file where nobody tells of changes: homes on the network, and files behind a link.
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
    let is_told = cannot_be_silent(&file) && !file.is_symlink();
    let watcher = watcher(file, sender);
    // A look too many costs little, but not every two seconds for as long as a laptop's lid is open.
    let mut poll = tokio::time::interval(if is_told && watcher.is_some() { REGULARLY } else { POLL });
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use samepath_storage::{ConfigFile, Environment, Origin};
    use tokio::time::timeout;

    #[tokio::test]
    async fn an_edit_is_seen_also_where_the_file_is_behind_a_link_and_its_folder_tells_of_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real/config.toml"), dir.path().join("linked/config.toml"));
        for file in [&real, &link] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        }
        std::fs::write(&real, "[storage.vast]\nbase_path = \"/one\"\n").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let file = ConfigFile { path: link, origin: Origin::Home };
        let storages = Arc::new(LocalStorages::open(file, Environment::default(), PathBuf::from("/bin/false")));
        let mut changes = storages.changes();
        let shutdown = CancellationToken::new();
        let following = tokio::spawn(follow_file(storages.clone(), shutdown.clone()));
        std::fs::write(&real, "[storage.vast]\nbase_path = \"/two\"\n").unwrap();
        timeout(Duration::from_secs(20), changes.changed()).await.unwrap().unwrap();
        assert_eq!(storages.config().backends()[0].base_path, PathBuf::from("/two"));
        shutdown.cancel();
        following.await.unwrap();
    }
}
