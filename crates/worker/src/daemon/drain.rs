//! That a worker takes no new job, as somebody on its computer said: a mark in its folder.

use super::home::Home;
use crate::guard::boot;
use samepath_storage::write_whole;
use samepath_wire as wire;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// The mark. It holds which start of the computer it is of, where that can be known.
const MARK: &str = "drain";
/// Between two looks at it.
const LOOK: Duration = Duration::from_secs(1);

/// A worker of this computer, as its folder has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Its name.
    pub name: String,
    /// Tries that it still looks after.
    pub left: usize,
    /// Whether it runs now.
    pub running: bool,
}

/// Has the workers of this computer take no new job, or take them again; all of them, or the one of this name. Answers them. A worker
/// that runs heeds it within seconds, one that is started later from the beginning. It holds until it is taken back, or until the
/// computer is started again, where that can be told.
///
/// # Errors
/// A mark cannot be written or removed.
pub fn drain(state_dir: &Path, name: Option<&str>, drain: bool) -> io::Result<Vec<Drained>> {
    let drained = drained(state_dir, name)?;
    for worker in &drained {
        let home = state_dir.join(&worker.name);
        let mark = home.join(MARK);
        if drain {
            // One that is there needs no room.
            if !is_marked(&home) {
                write_whole(&mark, boot().as_bytes())?;
            }
        } else if let Err(error) = fs_err::remove_file(mark)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
    }
    Ok(drained)
}

/// The workers of this computer, or the one of this name, with what each looks after now.
///
/// # Errors
/// Their folders cannot be listed.
pub fn drained(state_dir: &Path, name: Option<&str>) -> io::Result<Vec<Drained>> {
    let entries = match fs_err::read_dir(state_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let homes = entries.filter_map(Result::ok).filter(|entry| entry.path().join("id").is_file());
    let names = homes.filter_map(|entry| entry.file_name().into_string().ok());
    let mut workers: Vec<Drained> = names
        .filter(|found| name.is_none_or(|name| name == found))
        .map(|name| {
            let home = state_dir.join(&name);
            let running = Home::is_used(&home);
            let mut left = Home::left_in(&home)?;
            if !running {
                // How one ended that nobody looks after is told once the worker is there: it is not waited for.
                left.retain(|attempt| attempt.is_guarded());
            }
            Ok(Drained { name, left: left.len(), running })
        })
        .collect::<io::Result<_>>()?;
    workers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(workers)
}

/// The same of the one worker that somebody in the lab asks it of.
pub(super) fn asked(state_dir: &Path, name: &str, wanted: bool) -> Result<wire::Drained, wire::Refused> {
    let drained = drain(state_dir, Some(name), wanted).map_err(|error| wire::Refused {
        code: "io".to_owned(),
        message: format!("{name} cannot keep that: {error}"),
    })?;
    let left = drained.first().map_or(0, |worker| worker.left as u64);
    Ok(wire::Drained { draining: wanted, left })
}

/// Whether a worker's folder carries the mark of this start of the computer.
fn is_marked(home: &Path) -> bool {
    fs_err::read_to_string(home.join(MARK)).is_ok_and(|start| start == boot())
}

/// Looks at the mark again and again; for ever.
pub(super) async fn follow(home: &Path, tell: &watch::Sender<bool>) {
    loop {
        let marked = is_marked(home);
        tell.send_if_modified(|draining| std::mem::replace(draining, marked) != marked);
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_one_start_of_the_computer_and_of_the_workers_meant() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(drain(&dir.path().join("none"), None, true).unwrap(), []);
        for name in ["gpu-1", "gpu-2"] {
            fs_err::create_dir_all(dir.path().join(name)).unwrap();
            fs_err::write(dir.path().join(name).join("id"), "").unwrap();
        }
        let home = |name: &str| dir.path().join(name);
        assert_eq!(
            drain(dir.path(), Some("gpu-1"), true).unwrap(),
            [Drained { name: "gpu-1".into(), left: 0, running: false }]
        );
        assert!(is_marked(&home("gpu-1")) && !is_marked(&home("gpu-2")));
        // What it left is waited for as long as a guard looks after it.
        let at = samepath_wire::AttemptRef { job: uuid::Uuid::nil(), attempt: 1 };
        let attempt = crate::guard::AttemptDir::new(&home("gpu-1").join("attempts"), at);
        fs_err::create_dir_all(attempt.path()).unwrap();
        let left = || drained(dir.path(), Some("gpu-1")).unwrap()[0].left;
        assert_eq!(left(), 0);
        let guard = attempt.lock().unwrap();
        assert_eq!(left(), 1);
        drop(guard);
        assert_eq!(left(), 0);
        fs_err::write(home("gpu-1").join(MARK), "of the start before").unwrap();
        assert!(!is_marked(&home("gpu-1")));
        assert_eq!(drain(dir.path(), None, true).unwrap().len(), 2);
        assert!(is_marked(&home("gpu-1")) && is_marked(&home("gpu-2")));
        drain(dir.path(), None, false).unwrap();
        drain(dir.path(), None, false).unwrap();
        assert!(!is_marked(&home("gpu-1")) && !is_marked(&home("gpu-2")));
    }
}
