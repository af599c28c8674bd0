use super::spec::AttemptDir;
use serde::{Deserialize, Serialize};
use std::io;

const FILE: &str = "tool.pid";

/// The tool's main process as its guard wrote it down, for whoever has to end it when the guard cannot: its number, which is
/// its group's too, and when it started. Numbers are given again; a number of another start is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolId {
    /// Process and process group.
    pub id: u32,
    /// As the system tells it; none where it could not be told.
    #[serde(default)]
    pub started: Option<String>,
}

/// What has become of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is left in its group.
    Gone,
    /// It runs.
    Runs,
    /// There is a group of its number, and nothing says that it is the tool's: it must not be touched.
    Unsure,
}

impl ToolId {
    /// That of a process that runs.
    pub fn of(id: u32) -> Self {
        Self { id, started: started(id) }
    }

    /// As the guard of `dir` wrote it down; none if it never started a tool.
    pub fn read(dir: &AttemptDir) -> Option<Self> {
        serde_json::from_slice(&fs_err::read(dir.join(FILE)).ok()?).ok()
    }

    /// Writes it down.
    pub fn write(&self, dir: &AttemptDir) -> io::Result<()> {
        fs_err::write(dir.join(FILE), serde_json::to_vec(self)?)
    }

    /// What has become of it.
    pub fn standing(&self) -> Standing {
        let now = started(self.id);
        if now.is_some() && now == self.started {
            Standing::Runs
        } else if has_members(self.id) {
            Standing::Unsure
        } else {
            Standing::Gone
        }
    }
}

/// When a process started: clock ticks since the boot, as the kernel has it.
#[cfg(target_os = "linux")]
fn started(id: u32) -> Option<String> {
    super::tree::started(i32::try_from(id).ok()?).map(|ticks| ticks.to_string())
}

/// When a process started, to the second.
#[cfg(all(unix, not(target_os = "linux")))]
fn started(id: u32) -> Option<String> {
    let mut ps = std::process::Command::new("/bin/ps");
    let told = ps.args(["-o", "lstart=", "-p", &id.to_string()]).env("LC_ALL", "C").env("TZ", "UTC").output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(windows)]
fn started(_id: u32) -> Option<String> {
    None
}

/// Whether anybody is in the process group; one that may not be asked counts.
#[cfg(unix)]
fn has_members(group: u32) -> bool {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    group.is_some_and(|group| rustix::process::test_kill_process_group(group) != Err(rustix::io::Errno::SRCH))
}

#[cfg(windows)]
fn has_members(_group: u32) -> bool {
    false
}
