use super::WorkerError;
use crate::guard::{AttemptDir, make_private};
use samepath_wire::AttemptRef;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const ATTEMPTS: &str = "attempts";

/// For whoever has the folder only to tell how an attempt ended.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// A worker's folder on the local disk, locked as long as this value lives.
#[derive(Debug)]
pub(super) struct Home {
    /// Kept in the folder, so that a worker started again is the same worker.
    pub(super) id: String,
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Opens the folder of the worker `name`.
    pub(super) fn open(state_dir: &Path, name: &str) -> Result<Self, WorkerError> {
        if !is_name(name) {
            return Err(WorkerError::Name { name: name.to_owned() });
        }
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
                fs_err::write(&half, id.to_string()).map_err(state(&half))?;
                fs_err::rename(&half, &id_path).map_err(state(&id_path))?;
                id
            }
        };
        Ok(Self { id: id.to_string(), path, _lock: lock })
    }

    /// The same, waiting a moment for somebody who is only here to end what was left behind.
    pub(super) async fn open_soon(state_dir: &Path, name: &str) -> Result<Self, WorkerError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match Self::open(state_dir, name) {
                Err(WorkerError::Running { .. }) if Instant::now() < until => sleep(PAUSE).await,
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

    /// Where the attempts are.
    pub(super) fn attempts(&self) -> PathBuf {
        self.path.join(ATTEMPTS)
    }

    /// What a predecessor left.
    pub(super) fn left(&self) -> Vec<AttemptDir> {
        let Ok(entries) = fs_err::read_dir(self.attempts()) else { return Vec::new() };
        entries.filter_map(|entry| AttemptDir::at(&entry.ok()?.path())).collect()
    }
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

    #[test]
    fn a_name_stays_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "a b", ".a", &"x".repeat(65)] {
            assert_eq!(Home::open(dir.path(), name).unwrap_err().code(), "invalid_parameter", "{name:?}");
        }
    }
}
