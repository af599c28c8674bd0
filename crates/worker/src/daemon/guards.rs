//! Starts guards, one of them ahead: whoever submits a job waits for its guard, and starting a process takes longer than telling
//! one what to do.

use crate::guard::{AttemptDir, FAULTS, READY, unwritable};
use crate::prepare;
use samepath_wire::{Cause, Failure};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// After one was told what to do, before the next is started: they are not to share the processor.
const QUIET: Duration = Duration::from_secs(1);
/// For one that is killed to be gone. One that hangs in the kernel is not.
const KILLED: Duration = Duration::from_secs(2);

/// Starts guards. Clones are one. The one that waits ends with the last of them, or with this process.
#[derive(Debug, Clone)]
pub(super) struct Guards {
    program: PathBuf,
    /// How long one may take until it can be connected to.
    patience: Duration,
    waiting: Arc<Mutex<Option<Child>>>,
}

impl Guards {
    /// Of `program`; none is started yet.
    pub(super) fn new(program: PathBuf, patience: Duration) -> Self {
        Self { program, patience, waiting: Arc::default() }
    }

    /// Starts one that waits, unless one does. One that cannot be started is not missed.
    pub(super) fn prepare(&self) {
        // A guard that was started ahead takes its standard error to its folder by itself, which is done on Unix alone.
        if !cfg!(unix) {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return;
        }
        let mut command = Command::new(&self.program);
        command.arg("guard").stdin(Stdio::piped()).stdout(Stdio::piped());
        *waiting = command.spawn().inspect_err(|error| tracing::warn!(%error, "no guard can be started ahead")).ok();
    }

    /// Has a guard take on an attempt, and waits until it can be connected to or is gone; one that does not come so far is killed.
    /// An error: there is none, and will be none.
    pub(super) async fn start(&self, dir: &AttemptDir) -> io::Result<()> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let told = match waiting {
            Some(child) => tell(child, dir).await,
            None => None,
        };
        let (mut child, stdout) = match told {
            Some(told) => told,
            None => self.start_anew(dir)?,
        };
        if let Some(stdout) = stdout {
            let (mut line, mut stdout) = (String::new(), BufReader::new(stdout));
            let heard = tokio::time::timeout(self.patience, stdout.read_line(&mut line)).await;
            let attempt = dir.path().display();
            match heard {
                Ok(Ok(_)) if line == READY => {}
                Ok(_) => tracing::warn!(%attempt, "the guard ended before it began"),
                Err(_) => {
                    tracing::error!(%attempt, "the guard did not begin within {:?}: it is killed", self.patience);
                    // One that cannot be killed is looked after: it may begin yet.
                    if let Ok(Ok(())) = tokio::time::timeout(KILLED, child.kill()).await {
                        let words = format!("its guard did not begin within {} s", self.patience.as_secs());
                        return Err(io::Error::new(io::ErrorKind::TimedOut, words));
                    }
                    tracing::error!(%attempt, "the guard cannot be killed");
                }
            }
        }
        let guards = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(QUIET).await;
            guards.prepare();
        });
        // Somebody has to take note of its end.
        tokio::spawn(async move { child.wait().await });
        Ok(())
    }

    fn start_anew(&self, dir: &AttemptDir) -> io::Result<(Child, Option<ChildStdout>)> {
        let faults = fs_err::OpenOptions::new().create(true).append(true).open(dir.join(FAULTS))?;
        let mut command = Command::new(&self.program);
        command.arg("guard").arg(dir.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(faults.into_parts().0);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take();
        Ok((child, stdout))
    }
}

/// Why a worker has no guard for an attempt, in words.
pub(super) fn failure(worker: &str, folder: &Path, error: &io::Error) -> Failure {
    if error.kind() != io::ErrorKind::TimedOut {
        return unwritable(worker, folder, error);
    }
    let message = format!("{worker}: {error}: its program takes too long to start; look at the disk that it lies on");
    prepare::fail(Cause::Other, message)
}

/// Tells one that waits its folder. Nothing if it has ended meanwhile, and so cannot have taken it on.
async fn tell(mut child: Child, dir: &AttemptDir) -> Option<(Child, Option<ChildStdout>)> {
    let stdin = child.stdin.take()?;
    let stdout = child.stdout.take();
    if matches!(child.try_wait(), Ok(None)) && say(stdin, dir).await.is_ok() { Some((child, stdout)) } else { None }
}

#[cfg(unix)]
async fn say(mut stdin: ChildStdin, dir: &AttemptDir) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    stdin.write_all(dir.path().as_os_str().as_bytes()).await?;
    stdin.shutdown().await
}

#[cfg(not(unix))]
async fn say(mut stdin: ChildStdin, _: &AttemptDir) -> io::Result<()> {
    stdin.shutdown().await?;
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use samepath_wire::AttemptRef;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_guard_that_never_begins_is_killed_and_holds_nobody_up() {
        let top = tempfile::tempdir().unwrap();
        let dir = AttemptDir::new(top.path(), AttemptRef { job: uuid::Uuid::nil(), attempt: 1 });
        fs_err::create_dir(dir.path()).unwrap();
        let program = top.path().join("program");
        fs_err::write(&program, "#!/bin/sh\necho $$ > \"$2/number\"; exec sleep 1000\n").unwrap();
        fs_err::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let guards = Guards::new(program, Duration::from_secs(3));
        let started =
            tokio::time::timeout(Duration::from_secs(60), guards.start(&dir)).await.expect("it is waited for");
        let failure = failure("gpu-1", dir.path(), &started.unwrap_err());
        assert_eq!(
            failure.message,
            "gpu-1: its guard did not begin within 3 s: its program takes too long to start; look at the disk that it lies on"
        );
        let number: i32 = fs_err::read_to_string(dir.join("number")).unwrap().trim().parse().unwrap();
        let guard = rustix::process::Pid::from_raw(number).unwrap();
        let gone = async {
            while rustix::process::test_kill_process(guard).is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("it runs on");
    }
}
