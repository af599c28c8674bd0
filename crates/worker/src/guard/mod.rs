//! The guard: the process that owns one running attempt.
//!
//! # Theory of operation
//!
//! A worker writes `spec.json` into the attempt's folder and starts `PROGRAM guard FOLDER`, or tells the folder to a
//! `PROGRAM guard` that it has started ahead. The guard puts itself into a session
//! of its own, so that neither the worker's end nor a closed terminal reaches it, takes `lock`, and says `ready` on its
//! standard output. From there on:
//!
//! | file | means |
//! |---|---|
//! | `lock`, held | the guard lives; the kernel lets go of it whenever and however the guard ends |
//! | `end.json` | the attempt is over, and how; written once, atomically, whoever still runs |
//! | `lock` free, no `end.json` | the guard was killed: whoever takes the lock ends what it left, and writes the end |
//! | `said.json` | what the tool said last of itself, if anything; there before `end.json` is |
//! | `tool.pid` | the tool's main process and when it started, for whoever ends what a killed guard left |
//! | `kin.json` | processes that cleared their environment, likewise; Linux only |
//! | `log.jsonl` | every line, numbered without gaps |
//! | `socket` | where workers connect: [`Order`]s in, [`Status`] out; both JSON lines |
//!
//! One thread decides everything, in order of arrival: orders, the end of the tool, deadlines. The others only carry something
//! to it, so each may hang alone: checking and finishing (which touch storages), reading the two pipes, waiting for the tool,
//! talking to workers. The deciding thread is also the one that starts the tool, because on Linux the kernel kills the tool when
//! that thread is gone.
//!
//! The tool's output ends when its main process does: what the pipes hold then is read, what a daemon prints later is not. After
//! that everything the tool left behind is ended too (asked first, killed two seconds later): a worker is free when a job is
//! over. When the end is on the disk the guard is done; it does not wait for anybody to collect it.

mod control;
mod environment;
mod journal;
mod kin;
mod lines;
mod machine;
mod marks;
mod messages;
mod output;
mod own_disk;
mod prepared;
mod run;
mod signals;
mod spec;
mod tool;
mod tool_id;
mod tree;
mod whole_log;
mod why;

pub(crate) use kin::boot;
pub(crate) use lines::LineCutter;
pub(crate) use own_disk::{unwritable, why};

pub use control::{Order, Phase, Socket, Status};
pub use journal::JournalReader;
pub use kin::{Kin, Noted};
pub use machine::Machine;
pub use messages::is_for_us;
pub use spec::{AttemptDir, Besides, Patience, Spec, VERSION, make_private};
pub use tool_id::{Standing, ToolId};
pub(crate) use tree::kill_left;
pub use tree::{MARK, Tree};

use signals::Signals;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// What a guard that was started by [`run`] says on its standard output once it can be connected to.
pub const READY: &str = "ready\n";

/// What a guard says of itself, in its attempt's folder.
pub const FAULTS: &str = "guard.log";

/// Is a guard that was started ahead: standard input says the folder, and ends; one that says none ends it. See [`run`].
#[cfg(unix)]
pub fn run_when_told(ours: Vec<(OsString, OsString)>) -> ExitCode {
    use std::os::unix::ffi::OsStringExt;
    warm_up();
    let mut dir = Vec::new();
    if io::Read::read_to_end(&mut io::stdin().lock(), &mut dir).is_err() || dir.is_empty() {
        // Nobody needs it any more.
        return ExitCode::SUCCESS;
    }
    let dir = std::path::PathBuf::from(OsString::from_vec(dir));
    // Without that file its words go where the worker's go.
    if let Ok(faults) = fs_err::OpenOptions::new().create(true).append(true).open(dir.join(FAULTS)) {
        let _ = rustix::stdio::dup2_stderr(&faults);
    }
    run(&dir, ours)
}

/// Reads job types that nobody asked for: most of what the first one takes is spent on getting the program into memory.
#[cfg(unix)]
fn warm_up() {
    crate::kinds::Catalogue::built_in();
}

/// Is a guard: runs the attempt in the folder `dir`, whose `spec.json` says everything. `ours` is this process's environment.
pub fn run(dir: &Path, ours: Vec<(OsString, OsString)>) -> ExitCode {
    match attempt(dir, ours) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the guard of {} failed: {error}", dir.display());
            ExitCode::FAILURE
        }
    }
}

fn attempt(dir: &Path, ours: Vec<(OsString, OsString)>) -> io::Result<()> {
    let not_one = || io::Error::new(io::ErrorKind::InvalidInput, "not the folder of an attempt");
    let dir = AttemptDir::at(&dir.canonicalize()?).ok_or_else(not_one)?;
    let Some(lock) = dir.lock()? else {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "another guard has it"));
    };
    if dir.end()?.is_some() {
        return Ok(());
    }
    #[cfg(unix)]
    detach()?;
    let (result, giving_back) = match run::run(&dir, ours, Signals::catch()?) {
        Ok(giving_back) => (Ok(()), giving_back),
        Err(error) => {
            eprintln!("{error}");
            (dir.write_end(&run::failed(&error)), None)
        }
    };
    // A thread that hangs on a dead mount may keep this process for ever, and the lock with it.
    lock.unlock()?;
    // Of this attempt nobody waits for this process any more.
    if let Some(giving_back) = giving_back {
        giving_back.wait();
    }
    result
}

/// Out of the worker's session.
#[cfg(unix)]
fn detach() -> io::Result<()> {
    // Fails where we lead a session or a group already, which does as well.
    let _ = rustix::process::setsid();
    rustix::process::umask(rustix::fs::Mode::WOTH);
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}
