use super::WorkerError;
use crate::guard::{AttemptDir, make_private};
use jiff::Timestamp;
use samepath_storage::is_locked;
use samepath_wire::AttemptRef;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const ATTEMPTS: &str = "attempts";
/// As which worker of a lab whoever had the folder last ran: there a key says who that is, and the folder's name nothing.
const OF_LAB: &str = "lab-worker";
/// In the id of a worker for one GPU, between that of its computer and the number.
const OF_GPU: char = ':';

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
    /// When that was made, where the disk says so.
    pub(super) since: Option<Timestamp>,
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
        let made = fs_err::metadata(&id_path).and_then(|file| file.modified());
        let since = made.ok().and_then(|at| Timestamp::try_from(at).ok());
        Ok(Self { id: id.to_string(), since, path, _lock: lock, _telling: None })
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

    /// Whether the worker of this folder runs, as far as can be seen.
    pub(super) fn is_used(path: &Path) -> bool {
        is_locked(&path.join("lock")).unwrap_or(false)
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
    pub(super) fn left(&self) -> Result<Vec<AttemptDir>, WorkerError> {
        Self::left_in(&self.path).map_err(|source| WorkerError::State { path: self.attempts(), source })
    }

    /// What is left of the worker in this folder. Of attempts that cannot be listed nobody may say that there are none: they would count
    /// as proved to be over.
    pub(super) fn left_in(home: &Path) -> io::Result<Vec<AttemptDir>> {
        let entries = match fs_err::read_dir(Self::attempts_in(home)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries.filter_map(|entry| entry.map(|entry| AttemptDir::at(&entry.path())).transpose()).collect()
    }

    /// Is the folder of a worker of this computer alone from now on.
    pub(super) fn of_no_lab(&self) {
        drop(fs_err::remove_file(self.path.join(OF_LAB)));
    }

    /// Is the folder of this worker of a lab from now on; with the folders in which that worker, under other names, left attempts.
    pub(super) async fn of_lab(&mut self, state_dir: &Path, id: &str) -> Result<Vec<Self>, WorkerError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| WorkerError::State { path, source }
        };
        id.clone_into(&mut self.id);
        let said = self.path.join(OF_LAB);
        // A worker that has no room for it is needed all the same, by what it left.
        if !fs_err::read_to_string(&said).is_ok_and(|said| said == id)
            && let Err(error) = samepath_storage::write_whole(&said, id.as_bytes())
        {
            tracing::warn!(%error, "under another name this worker will not find the jobs that it begins now");
        }
        let mut others = Vec::new();
        for entry in fs_err::read_dir(state_dir).map_err(unusable(state_dir))? {
            let path = entry.map_err(unusable(state_dir))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path != self.path) else {
                continue;
            };
            let said = match fs_err::read_to_string(path.join(OF_LAB)) {
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    continue;
                }
                said => said.map_err(unusable(&path))?,
            };
            let left = Self::left_in(&path).map_err(unusable(&path))?;
            let gpus = said.contains(OF_GPU);
            let runs = Self::is_used(&path);
            let in_the_way = if runs { !is_told(state_dir, name) } else { left.iter().any(AttemptDir::is_guarded) };
            if in_the_way && is_other_form(&said, id) {
                return Err(WorkerError::OtherForm { name: name.to_owned(), gpus, runs });
            }
            if said != id || left.is_empty() {
                continue;
            }
            others.push(Self::open_soon(state_dir, name).await?);
        }
        Ok(others)
    }
}

/// Whether one of two workers of the same key is for one GPU, and the other for the whole computer.
fn is_other_form(one: &str, other: &str) -> bool {
    let key = |id: &str| id.split(OF_GPU).next().map(str::to_owned);
    key(one) == key(other) && one.contains(OF_GPU) != other.contains(OF_GPU)
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
        let (id, since) = (home.id.clone(), home.since);
        assert!(since.is_some_and(|since| since <= Timestamp::now()));
        drop(home);
        let again = Home::open(dir.path(), "gpu-1").unwrap();
        assert_eq!((again.id.as_str(), again.since), (id.as_str(), since));
    }

    /// The folder of an attempt of this worker.
    fn attempt(home: &Home) -> AttemptDir {
        let dir = AttemptDir::new(&home.attempts(), AttemptRef { job: Uuid::new_v4(), attempt: 1 });
        fs_err::create_dir_all(dir.path()).unwrap();
        dir
    }

    #[tokio::test]
    async fn a_worker_of_a_lab_finds_what_it_left_under_other_names() {
        let state = tempfile::tempdir().unwrap();
        let open = |name: &str| Home::open(state.path(), name).unwrap();
        let (mut before, mut gpu_1, alone) = (open("before"), open("gpu-1"), open("alone"));
        assert!(before.of_lab(state.path(), "lab-gpu").await.unwrap().is_empty());
        // Beside the one for the whole computer none may be for a GPU of it, and the other way round.
        let refused = gpu_1.of_lab(state.path(), "lab-gpu:1").await.unwrap_err();
        assert_eq!(refused.to_string(), "before of this computer, which is for all of it, runs already");
        let left = attempt(&before);
        drop(before);
        assert!(gpu_1.of_lab(state.path(), "lab-gpu:1").await.unwrap().is_empty());
        assert!(open("gpu-2").of_lab(state.path(), "lab-gpu:2").await.is_ok());
        let refused = open("plain").of_lab(state.path(), "lab-gpu").await.unwrap_err();
        assert_eq!(refused.to_string(), "gpu-1 of this computer, which is for one GPU, runs already");
        drop((attempt(&gpu_1), attempt(&alone), gpu_1, alone));
        let mut now = open("now");
        let others = now.of_lab(state.path(), "lab-gpu").await.unwrap();
        let found: Vec<AttemptDir> = others.iter().flat_map(|other| other.left().unwrap()).collect();
        assert_eq!((found, now.id.as_str()), (vec![left], "lab-gpu"));
        assert_eq!(Home::open(state.path(), "before").unwrap_err().code(), "already_exists");
        drop((now, others));
        // Nobody would look after what was begun for one GPU.
        let guard = Home::left_in(&state.path().join("gpu-1")).unwrap().remove(0);
        let guard = guard.lock().unwrap();
        let refused = open("plain").of_lab(state.path(), "lab-gpu").await.unwrap_err();
        assert_eq!(refused.to_string(), "gpu-1 of this computer, which is for one GPU, still runs a job");
        assert!(refused.hint().unwrap().contains("samepath worker --gpus"));
        assert!(open("plain").of_lab(state.path(), "lab-gpu:2").await.is_ok());
        drop(guard);
        // What this computer runs for itself is nobody's in the lab.
        open("before").of_no_lab();
        assert!(open("now").of_lab(state.path(), "lab-gpu").await.unwrap().is_empty());
    }

    #[test]
    fn attempts_that_cannot_be_listed_are_not_none() {
        let state = tempfile::tempdir().unwrap();
        let home = Home::open(state.path(), "gpu-1").unwrap();
        assert_eq!(home.left().unwrap(), []);
        fs_err::write(home.attempts(), "no folder").unwrap();
        assert_eq!(home.left().unwrap_err().code(), "io");
        assert!(super::super::drained(state.path(), None).is_err());
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
