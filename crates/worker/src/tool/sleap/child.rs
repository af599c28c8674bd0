//! `sleap-nn` as a child of this process: what it prints, and its end.

use super::bar::plain;
use super::reason::Tail;
use super::{Session, remark};
use crate::guard::LineCutter;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at what is not told by a line.
const LOOK: Duration = Duration::from_millis(200);
/// For what is left in the pipes when the program has ended; a process that it left behind may hold them for ever.
const DRAIN: Duration = Duration::from_secs(2);
/// What the guard leaves a job to save its work is a minute; this is less.
const SAVE: Duration = Duration::from_secs(50);

/// Follows a run of the program.
pub(super) trait Watch {
    /// A line was printed. Whether people should see it.
    fn line(&mut self, line: &str) -> bool;
    /// Some time has passed.
    fn tick(&mut self) {}
    /// The job is to stop: whether the program was asked to end by itself.
    fn ask_to_stop(&mut self) -> bool {
        false
    }
    /// Whether a program that was asked to stop has nothing more to save.
    fn is_saved(&self) -> bool {
        false
    }
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: ExitStatus,
    /// Whether that was because the job is to stop.
    pub(super) stopped: bool,
    pub(super) tail: Tail,
}

/// Runs `sleap-nn`, or what lies beside it, to its end.
pub(super) fn run<S: AsRef<OsStr>>(
    session: &Session,
    program: &Path,
    args: &[S],
    watch: &mut dyn Watch,
) -> io::Result<Outcome> {
    let mut command = uninterrupted(program);
    command.args(args).current_dir(&session.work);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // Bounded: a program that floods us waits, and so do we when nobody reads.
    let (send, lines) = sync_channel(1024);
    let out = child.stdout.take().map(|pipe| follow(pipe, send.clone()));
    let err = child.stderr.take().map(|pipe| follow(pipe, send));
    let outcome = attend(session, &mut child, &lines, watch);
    if let Ok(outcome) = &outcome
        && let Some(why) = not_executed(program, outcome)
    {
        return Err(io::Error::other(why));
    }
    // Whatever happened to us, nothing of it runs on.
    if outcome.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    drop((out, err));
    outcome
}

fn attend(
    session: &Session,
    child: &mut Child,
    lines: &Receiver<String>,
    watch: &mut dyn Watch,
) -> io::Result<Outcome> {
    let mut tail = Tail::default();
    let (mut asked, mut kill_at, mut ended) = (false, None, None::<(ExitStatus, Instant)>);
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => take(&line, &mut tail, watch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if ended.is_some() => break,
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
        }
        watch.tick();
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (status, Instant::now() + DRAIN));
        }
        if ended.is_some_and(|(_, until)| Instant::now() >= until) {
            break;
        }
        if session.stopping() && ended.is_none() {
            if !asked {
                asked = true;
                let gently = watch.ask_to_stop();
                kill_at = Some(if gently { Instant::now() + SAVE } else { Instant::now() });
            }
            if watch.is_saved() || kill_at.is_some_and(|at| Instant::now() >= at) {
                kill_at = None;
                terminate(child);
            }
        }
    }
    watch.tick();
    let status = match ended {
        Some((status, _)) => status,
        None => child.wait()?,
    };
    Ok(Outcome { status, stopped: asked, tail })
}

fn take(line: &str, tail: &mut Tail, watch: &mut dyn Watch) {
    let line = plain(line);
    let line = line.trim_end();
    let (bar, behind) = super::bar::read(line);
    if let Some(bar) = &bar {
        tail.bar(bar);
        watch.line(line);
    }
    if bar.is_none() || !behind.is_empty() {
        tail.line(behind);
        if watch.line(behind) && !behind.is_empty() {
            // Only we speak to the guard.
            let ours = behind.starts_with("openjd_") || behind.starts_with("samepath_");
            remark(&if ours { format!(" {behind}") } else { behind.to_owned() });
        }
    }
}

fn follow(mut pipe: impl Read + Send + 'static, send: SyncSender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut cutter = LineCutter::default();
        let mut piece = [0; 16 * 1024];
        let mut open = true;
        while open {
            let read = match pipe.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(read) => read,
                Err(_) => 0,
            };
            let mut each = |text: &str, _cut: bool| open = send.send(text.to_owned()).is_ok() && open;
            if read == 0 {
                cutter.finish(&mut each);
                return;
            }
            cutter.push(&piece[..read], &mut each);
        }
    })
}

/// Why the shell could not become the program, where that is what it ended with.
fn not_executed(program: &Path, outcome: &Outcome) -> Option<String> {
    outcome.status.code().filter(|code| matches!(code, 126 | 127))?;
    // A shell begins with what it was called as; whatever went wrong later has words of its own.
    let said = outcome.tail.quote().filter(|said| said.contains(&*program.to_string_lossy()))?;
    Some(match interpreter(program) {
        Some(gone) if !gone.exists() => format!("{}, which runs it, is not there", gone.display()),
        _ => said,
    })
}

/// What runs a script, as its first line says.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut line = Vec::new();
    let file = fs_err::File::open(script).ok()?;
    BufReader::new(file.take(4096)).read_until(b'\n', &mut line).ok()?;
    let named = String::from_utf8(line).ok()?;
    Some(PathBuf::from(named.strip_prefix("#!")?.split_whitespace().next()?))
}

/// A program that does not hear the interrupt that the guard sends to our whole group: it would strike it in the middle of
/// whatever it does. We hear it, and ask in our own way.
#[cfg(unix)]
fn uninterrupted(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"trap "" INT; exec "$0" "$@""#]).arg(program);
    command
}

#[cfg(not(unix))]
fn uninterrupted(program: &Path) -> Command {
    Command::new(program)
}

#[cfg(unix)]
fn terminate(child: &mut Child) {
    let _ = rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM);
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) {
    let _ = child.kill();
}
