use super::output::Pipe;
use crate::guard::environment::tool_environment;
use samepath_storage::Platform;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};

/// What to start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Launch {
    /// The program and its arguments; never a shell's line.
    pub(crate) argv: Vec<OsString>,
    /// On top of the environment that every tool gets.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where it starts.
    pub(crate) current_dir: Option<PathBuf>,
}

/// How a tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal; not on Windows, which has none.
    Signal(i32),
}

impl Exit {
    /// By `SIGTERM`, of which no tool has another number.
    pub(crate) const TERMINATED: Self = Self::Signal(15);
}

/// A tool that was started: its main process.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Process and process group.
    pub(crate) id: u32,
    /// Its end; blocks.
    pub(crate) child: Waiter,
    /// Its output.
    pub(crate) out: Pipe<ChildStdout>,
    /// Its errors.
    pub(crate) err: Pipe<ChildStderr>,
}

impl Launch {
    /// Starts it in a process group of its own. On Linux it dies with the thread that called this.
    pub(crate) fn start(&self, ours: Vec<(OsString, OsString)>) -> io::Result<Tool> {
        let (program, arguments) =
            self.argv.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no program"))?;
        let environment = tool_environment(Platform::current(), ours, self.environment.iter().cloned());
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(dir) = &self.current_dir {
            command.current_dir(dir);
        }
        spawn(command)
    }
}

#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(unix)]
mod unix {
    use super::{Command, Exit, Pipe, Tool, io};
    use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
    use std::os::unix::process::CommandExt;

    /// Waits for a tool's main process.
    #[derive(Debug)]
    pub(crate) struct Waiter(Pid);

    impl Waiter {
        /// Blocks until it has ended, and reaps it.
        pub(crate) fn wait(self) -> io::Result<Exit> {
            loop {
                match waitpid(Some(self.0), WaitOptions::empty()) {
                    Ok(Some((_, status))) => {
                        if let Some(code) = status.exit_status() {
                            return Ok(Exit::Code(code));
                        }
                        if let Some(signal) = status.terminating_signal() {
                            return Ok(Exit::Signal(signal));
                        }
                    }
                    Ok(None) | Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Asks a process group to end.
    pub(crate) fn interrupt(group: u32) {
        if let Some(group) = Pid::from_raw(group.cast_signed()) {
            let _ = kill_process_group(group, Signal::INT);
        }
    }

    pub(super) fn spawn(mut command: Command) -> io::Result<Tool> {
        command.process_group(0);
        #[cfg(target_os = "linux")]
        die_with_us(&mut command);
        let mut child = command.spawn()?;
        let pipe = || io::Error::other("a pipe is missing");
        let (out, err) = (child.stdout.take().ok_or_else(pipe)?, child.stderr.take().ok_or_else(pipe)?);
        let id = child.id();
        let pid = Pid::from_raw(id.cast_signed()).ok_or_else(pipe)?;
        Ok(Tool { id, child: Waiter(pid), out: Pipe(out), err: Pipe(err) })
    }

    /// A guard that is killed cannot end its tool any more: the kernel does.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "std has no other way to run anything between fork and exec")]
    fn die_with_us(command: &mut Command) {
        let guard = std::process::id();
        let prepare = move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The guard may have died before that.
            match rustix::process::getppid() {
                Some(parent) if parent.as_raw_pid().cast_unsigned() == guard => Ok(()),
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed. These are two bare system calls; no
        // allocation, no lock.
        unsafe { command.pre_exec(prepare) };
    }
}

#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(windows)]
mod windows {
    use super::{Command, Exit, Pipe, Tool, io};
    use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

    /// Waits for a tool's job object.
    #[derive(Debug)]
    pub(crate) struct Waiter(Box<dyn ChildWrapper>);

    impl Waiter {
        /// Blocks until it has ended.
        pub(crate) fn wait(mut self) -> io::Result<Exit> {
            Ok(Exit::Code(self.0.wait()?.code().unwrap_or(1)))
        }
    }

    /// Windows has no interrupt for a process without a console.
    pub(crate) fn interrupt(_group: u32) {}

    pub(super) fn spawn(command: Command) -> io::Result<Tool> {
        let mut command = CommandWrap::from(command);
        command.wrap(JobObject);
        let mut child = command.spawn()?;
        let pipe = || io::Error::other("a pipe is missing");
        let (out, err) = (child.stdout().take().ok_or_else(pipe)?, child.stderr().take().ok_or_else(pipe)?);
        Ok(Tool { id: child.id(), child: Waiter(child), out: Pipe(out), err: Pipe(err) })
    }
}
