//! The processes of an attempt, and their end.
//!
//! On Linux nothing gets away while its guard lives: the guard is a subreaper, so whoever loses its parent becomes the
//! guard's child, whatever session or group it put itself into. When the guard is dead its children are found by the mark in
//! their environment, those that cleared it by what the guard wrote down of them ([`Kin`]). Elsewhere the process group is all
//! we have; a process that leaves it is not found.

use super::kin::Kin;
use super::tool_id::ToolId;
use std::io;
use std::time::Duration;

/// The environment variable that marks every process of an attempt: `<job>.<attempt>`.
pub const MARK: &str = "SAMEPATH_ATTEMPT";

/// How long to wait for what a dead guard left to be gone, once it was killed. What hangs on a dead mount never is.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose processes.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a> {
    /// Value of [`MARK`].
    pub mark: &'a str,
    /// The tool's process group, where it is known.
    pub group: Option<u32>,
    /// Whether this process is the guard: then its descendants count, marked or not.
    pub guard: bool,
    /// What a guard that is dead wrote down of processes without a mark.
    pub kin: &'a [Kin],
}

#[cfg(target_os = "linux")]
pub(super) use linux::{carries, started, stat};
#[cfg(target_os = "linux")]
pub(crate) use linux::{kill_left, reap};

#[cfg(target_os = "linux")]
mod linux {
    use super::{Duration, Kin, MARK, PATIENCE, ToolId, Tree, io};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal};
    use std::collections::{HashMap, HashSet};
    use std::os::fd::OwnedFd;
    use std::time::Instant;

    #[derive(Debug, Clone, Copy)]
    pub(in crate::guard) struct Process {
        parent: i32,
        /// In ticks since the boot.
        pub(in crate::guard) started: u64,
        pub(in crate::guard) gone: bool,
    }

    impl Tree<'_> {
        /// Sends `signal` to every process that is left; how many those were.
        pub fn signal(&self, signal: Signal) -> io::Result<usize> {
            let members = self.members()?;
            for member in &members {
                let _ = pidfd_send_signal(member, signal);
            }
            Ok(members.len())
        }

        /// Waits until all have ended by themselves, `patience` at most; whether they have.
        pub fn wait(&self, patience: Duration) -> io::Result<bool> {
            let deadline = Instant::now() + patience;
            loop {
                let members = self.members()?;
                if members.is_empty() {
                    return Ok(true);
                }
                if !wait_all(&members, deadline)? {
                    return Ok(false);
                }
            }
        }

        /// Kills them all, again and again until none is left; how many would not die in time.
        pub fn kill(&self, patience: Duration) -> io::Result<usize> {
            let deadline = Instant::now() + patience;
            loop {
                let members = self.members()?;
                for member in &members {
                    let _ = pidfd_send_signal(member, Signal::KILL);
                }
                if members.is_empty() || !wait_all(&members, deadline)? {
                    return Ok(members.len());
                }
            }
        }

        /// Handles on them: a number may be given to another process meanwhile, a handle stays with its own.
        fn members(&self) -> io::Result<Vec<OwnedFd>> {
            let me = getpid().as_raw_pid();
            let processes = processes()?;
            let known = |id: i32, process: &Process| self.kin.iter().any(|kin| kin.is(id, process.started));
            let of_ours = |(&id, process): (&i32, &Process)| {
                (id != me && !process.gone && (known(id, process) || carries(id, self.mark))).then_some(id)
            };
            let mut ours: HashSet<i32> = processes.iter().filter_map(of_ours).collect();
            let roots = ours.iter().copied().chain(self.guard.then_some(me)).collect();
            ours.extend(descendants(&processes, roots));
            let mut members = Vec::new();
            for (&id, process) in &processes {
                if !ours.contains(&id) || id == me || process.gone {
                    continue;
                }
                let Some(handle) = Pid::from_raw(id).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
                    continue;
                };
                if stat(id).is_some_and(|now| now.started == process.started && !now.gone) {
                    members.push(handle);
                }
            }
            Ok(members)
        }
    }

    /// Reaps what the tool left to us; the tool itself was reaped before.
    pub(crate) fn reap() {
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    }

    /// Kills what a dead guard left running; how many would not die.
    pub(crate) fn kill_left(mark: &str, _tool: Option<&ToolId>, kin: &[Kin]) -> io::Result<usize> {
        Tree { mark, group: None, guard: false, kin }.kill(PATIENCE)
    }

    /// When a process started, in ticks since the boot; none if there is no such process.
    pub(in crate::guard) fn started(id: i32) -> Option<u64> {
        stat(id).filter(|process| !process.gone).map(|process| process.started)
    }

    fn wait_all(members: &[OwnedFd], deadline: Instant) -> io::Result<bool> {
        for member in members {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(member, PollFlags::IN)], Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn processes() -> io::Result<HashMap<i32, Process>> {
        let ids = fs_err::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Ok(ids.filter_map(|id: i32| Some((id, stat(id)?))).collect())
    }

    pub(in crate::guard) fn stat(id: i32) -> Option<Process> {
        let text = std::fs::read(format!("/proc/{id}/stat")).ok()?;
        // The name is in parentheses and may hold anything, these too.
        let after = text.iter().rposition(|byte| *byte == b')')? + 1;
        let fields: Vec<&str> = std::str::from_utf8(&text[after..]).ok()?.split_ascii_whitespace().collect();
        Some(Process {
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            gone: matches!(fields.first(), Some(&"Z" | &"X")),
        })
    }

    fn descendants(processes: &HashMap<i32, Process>, roots: Vec<i32>) -> HashSet<i32> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for (&id, process) in processes {
            children.entry(process.parent).or_default().push(id);
        }
        let (mut found, mut next) = (HashSet::new(), roots);
        while let Some(parent) = next.pop() {
            for &child in children.get(&parent).into_iter().flatten() {
                if found.insert(child) {
                    next.push(child);
                }
            }
        }
        found
    }

    /// Whether a process has the mark in its environment.
    pub(in crate::guard) fn carries(id: i32, mark: &str) -> bool {
        let wanted = format!("{MARK}={mark}");
        std::fs::read(format!("/proc/{id}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
impl Tree<'_> {
    /// Sends `signal` to the process group.
    pub fn signal(&self, signal: rustix::process::Signal) -> io::Result<usize> {
        let Some(group) = self.group.and_then(|group| rustix::process::Pid::from_raw(group.cast_signed())) else {
            return Ok(0);
        };
        Ok(usize::from(rustix::process::kill_process_group(group, signal).is_ok()))
    }

    /// Waits until the group is empty, `patience` at most; whether it is.
    pub fn wait(&self, patience: Duration) -> io::Result<bool> {
        let deadline = std::time::Instant::now() + patience;
        let Some(group) = self.group.and_then(|group| rustix::process::Pid::from_raw(group.cast_signed())) else {
            return Ok(true);
        };
        while rustix::process::test_kill_process_group(group).is_ok() {
            if std::time::Instant::now() >= deadline {
                return Ok(false);
            }
            reap();
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(true)
    }

    /// Kills the group; how many would not die in time.
    pub fn kill(&self, patience: Duration) -> io::Result<usize> {
        self.signal(rustix::process::Signal::KILL)?;
        Ok(usize::from(!self.wait(patience)?))
    }
}

/// Kills what a dead guard left running; how many would not die. Where the tool's number may be another's by now nothing is
/// killed, and the tool counts as running.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn kill_left(mark: &str, tool: Option<&ToolId>, kin: &[Kin]) -> io::Result<usize> {
    use super::tool_id::Standing;
    match tool.map(|tool| (tool.standing(), tool.id)) {
        None | Some((Standing::Gone, _)) => Ok(0),
        Some((Standing::Runs, id)) => Tree { mark, group: Some(id), guard: false, kin }.kill(PATIENCE),
        Some((Standing::Unsure, _)) => Ok(1),
    }
}

/// Reaps what the tool left to us.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
}

#[cfg(windows)]
impl Tree<'_> {
    /// The job object ends with the guard that holds it: nothing is left to do here.
    pub fn wait(&self, _patience: Duration) -> io::Result<bool> {
        Ok(true)
    }

    /// As [`wait`](Self::wait).
    pub fn kill(&self, _patience: Duration) -> io::Result<usize> {
        let _ = (self.mark, self.group, self.guard, self.kin);
        Ok(0)
    }
}

/// The job object ended with the guard.
#[cfg(windows)]
pub(crate) fn kill_left(_mark: &str, _tool: Option<&ToolId>, _kin: &[Kin]) -> io::Result<usize> {
    Ok(0)
}

/// Nothing to reap here.
#[cfg(windows)]
pub(crate) fn reap() {}
