use super::WorkerError;
use crate::guard::{AttemptDir, make_private};
use samepath_wire::AttemptRef;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const ATTEMPTS: &str = "attempts";

/// The lock that tells one who is only telling from a worker.
const TELLING: &str = "telling";
/// For whoever has the folder only to tell how an attempt ended.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether a worker may be called so.
///
/// # Errors
/// [`WorkerError::Name`].
pub fn check_name(name: &str) -> Result<(), WorkerError> {
    if is_name(name) { Ok(()) } else { Err(WorkerError::Name { name: name.to_owned() }) }
}

/// A worker's folder on the local disk, locked as long as this value lives.
#[derive(Debug)]
pub(super) struct Home {
    /// Kept in the folder, so that a worker started again is the same worker.
    pub(super) id: String,
    path: PathBuf,
    _lock: File,
    /// Of one who is only telling how an attempt ended. Let go of after the other.
    _telling: Option<File>,
}

impl Home {
    /// Opens the folder of the worker `name`.
    pub(super) fn open(state_dir: &Path, name: &str) -> Result<Self, WorkerError> {
        check_name(name)?;
        let path = state_dir.join(name);
        let state = |path: &Path| {
            let path = path.to_owned();
            move |source| WorkerError::State { path, source }
        };
        make_private(&path).map_err(state(&path))?;
        let lock_path = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(state(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(WorkerError::Running { name: name.to_owned() }),
            Err(std::fs::TryLockError::Error(source)) => {
                return Err(WorkerError::State { path: lock_path, source });
            }
        }
        let id_path = path.join("id");
        let known = fs_err::read_to_string(&id_path).ok().and_then(|text| text.trim().parse::<Uuid>().ok());
        let id = match known {
            Some(id) => id,
            None => {
                let id = Uuid::new_v4();
                let half = path.join("id.new");
                let written = fs_err::write(&half, id.to_string()).and_then(|()| fs_err::rename(&half, &id_path));
                if written.is_err() {
                    // Half an id is nobody's.
                    let _ = fs_err::remove_file(&half);
                }
                written.map_err(state(&id_path))?;
                id
            }
        };
        Ok(Self { id: id.to_string(), path, _lock: lock, _telling: None })
    }

    /// The same, for as long as it takes to tell how an attempt ended that was left behind. A worker that starts waits for that.
    pub(super) fn open_to_tell(state_dir: &Path, name: &str) -> Result<Self, WorkerError> {
        let path = state_dir.join(name).join(TELLING);
        let telling = File::options().create(true).truncate(false).write(true).open(&path);
        let telling = telling.map_err(|source| WorkerError::State { path, source })?;
        if telling.try_lock().is_err() {
            return Err(WorkerError::Running { name: name.to_owned() });
        }
        Ok(Self { _telling: Some(telling), ..Self::open(state_dir, name)? })
    }

    /// The same as [`Home::open`], after whoever is only telling how an attempt ended.
    pub(super) async fn open_soon(state_dir: &Path, name: &str) -> Result<Self, WorkerError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match Self::open(state_dir, name) {
                Err(WorkerError::Running { .. }) if Instant::now() < until && is_told(state_dir, name) => {
                    sleep(PAUSE).await;
                }
                // It may have become free between the two looks.
                Err(WorkerError::Running { .. }) => return Self::open(state_dir, name),
                opened => return opened,
            }
        }
    }

    /// The worker of this computer whose folder holds an attempt: its name, and the attempt's folder.
    pub(super) fn whose(state_dir: &Path, at: &AttemptRef) -> Option<(String, AttemptDir)> {
        let homes = fs_err::read_dir(state_dir).ok()?.filter_map(Result::ok);
        homes.into_iter().find_map(|home| {
            let dir = AttemptDir::new(&home.path().join(ATTEMPTS), at.clone());
            Some((home.file_name().into_string().ok()?, dir)).filter(|(_, dir)| dir.path().is_dir())
        })
    }

    /// Whether the worker of this folder runs.
    pub(super) fn is_used(path: &Path) -> bool {
        let lock = File::open(path.join("lock"));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the attempts are.
    pub(super) fn attempts(&self) -> PathBuf {
        Self::attempts_in(&self.path)
    }

    /// Where those of the worker in this folder are.
    pub(super) fn attempts_in(home: &Path) -> PathBuf {
        home.join(ATTEMPTS)
    }

    /// What a predecessor left.
    pub(super) fn left(&self) -> Vec<AttemptDir> {
        let Ok(entries) = fs_err::read_dir(self.attempts()) else { return Vec::new() };
        entries.filter_map(|entry| AttemptDir::at(&entry.ok()?.path())).collect()
    }
}

/// Whether somebody is there who only tells how an attempt ended.
fn is_told(state_dir: &Path, name: &str) -> bool {
    let telling = File::options().write(true).open(state_dir.join(name).join(TELLING));
    telling.is_ok_and(|telling| matches!(telling.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_had_once_and_keeps_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path(), "gpu-1").unwrap();
        let again = Home::open(dir.path(), "gpu-1").unwrap_err();
        assert_eq!(again.code(), "already_exists");
        assert!(again.hint().unwrap().contains("--name"));
        let other = Home::open(dir.path(), "gpu-2").unwrap();
        assert_ne!(home.id, other.id);
        let id = home.id.clone();
        drop(home);
        assert_eq!(Home::open(dir.path(), "gpu-1").unwrap().id, id);
    }

    #[tokio::test]
    async fn a_worker_waits_for_who_only_tells_and_for_no_other_worker() {
        let dir = tempfile::tempdir().unwrap();
        let worker = Home::open(dir.path(), "gpu-1").unwrap();
        assert_eq!(Home::open_soon(dir.path(), "gpu-1").await.unwrap_err().code(), "already_exists");
        assert_eq!(Home::open_to_tell(dir.path(), "gpu-1").unwrap_err().code(), "already_exists");
        drop(worker);
        let telling = Home::open_to_tell(dir.path(), "gpu-1").unwrap();
        let path = dir.path().to_owned();
        let starting = tokio::spawn(async move { Home::open_soon(&path, "gpu-1").await });
        tokio::task::yield_now().await;
        assert!(!starting.is_finished());
        drop(telling);
        assert!(starting.await.unwrap().is_ok());
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "a b", ".a", &"x".repeat(65)] {
            assert_eq!(Home::open(dir.path(), name).unwrap_err().code(), "invalid_parameter", "{name:?}");
        }
    }
}
