//! Processes of an attempt that cleared their environment, and with it the mark: as long as the guard lives they are among its
//! descendants; for whoever comes after a guard that was killed, it writes them down. Linux only.

use super::spec::AttemptDir;
use super::tool_id::ToolId;
use serde::{Deserialize, Serialize};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

const FILE: &str = "kin.json";

/// Between two looks. One that was started since, and left its session, is not found after a guard that was killed.
const LOOK: Duration = Duration::from_secs(2);

/// A process without a mark. Numbers are given again: only with its start it is the one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kin {
    id: i32,
    /// In ticks since the boot.
    started: u64,
}

/// As they are written down, in `kin.json`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Which boot it was.
    boot: String,
    kin: Vec<Kin>,
}

impl Kin {
    /// Whether it is the process of this number and start.
    #[cfg(target_os = "linux")]
    pub(super) fn is(&self, id: i32, started: u64) -> bool {
        (self.id, self.started) == (id, started)
    }

    /// Those that the guard of `dir` wrote down last; none of an earlier boot.
    pub fn read(dir: &AttemptDir) -> Vec<Self> {
        let noted = fs_err::read(dir.join(FILE)).ok().and_then(|text| serde_json::from_slice::<Noted>(&text).ok());
        noted.filter(|noted| noted.boot == boot()).map(|noted| noted.kin).unwrap_or_default()
    }
}

/// Writes them down whenever there are others, until what it returns is dropped; and the tool, where there was no room for it.
pub(super) fn keep(dir: &AttemptDir, mark: &str, mut tool: Option<ToolId>) -> Sender<()> {
    let (stop, stopped) = channel::<()>();
    if !cfg!(target_os = "linux") {
        return stop;
    }
    let (dir, mark) = (dir.clone(), mark.to_owned());
    let spawned = thread::Builder::new().name("kin".into()).spawn(move || {
        let mut known = Vec::new();
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            tool = tool.filter(|tool| tool.write(&dir).is_err());
            let now = unmarked(&mark);
            if now != known {
                match write(&dir, &now) {
                    Ok(()) => known = now,
                    Err(error) => tracing::warn!(%error, "processes without a mark cannot be written down"),
                }
            }
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "processes without a mark are not looked for");
    }
    stop
}

fn write(dir: &AttemptDir, kin: &[Kin]) -> std::io::Result<()> {
    let half = dir.join("kin.json.new");
    fs_err::write(&half, serde_json::to_vec(&Noted { boot: boot(), kin: kin.to_vec() })?)?;
    fs_err::rename(half, dir.join(FILE))
}

/// Which boot of the computer this is; nothing where the system does not tell.
pub(crate) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Our descendants that do not carry the mark, in order. Only they are looked at, however many others there are.
#[cfg(target_os = "linux")]
fn unmarked(mark: &str) -> Vec<Kin> {
    use super::tree::{carries, stat};
    let me = rustix::process::getpid().as_raw_pid();
    let (mut next, mut found) = (children(me), Vec::new());
    while let Some(id) = next.pop() {
        next.extend(children(id));
        if let Some(process) = stat(id).filter(|process| !process.gone && !carries(id, mark)) {
            found.push(Kin { id, started: process.started });
        }
    }
    found.sort();
    found
}

/// A process's children, whichever of its threads started them.
#[cfg(target_os = "linux")]
fn children(id: i32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let told = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    told.flat_map(|told| told.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

#[cfg(not(target_os = "linux"))]
fn unmarked(_mark: &str) -> Vec<Kin> {
    Vec::new()
}
