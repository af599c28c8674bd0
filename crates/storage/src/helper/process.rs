use super::spare::{Spare, Spares};
use super::turns::{SharedChild, Turn, kill};
use super::{HelperError, LONGEST};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Takes a helper that waits, or starts one, gives it the question, and waits for its whole answer; `None` if the deadline passed first.
///
/// A thread stays with the helper until it has answered, or ended without an answer, and holds the turn as long as the helper may
/// touch the storage.
pub(super) fn ask(
    program: &Path,
    spares: &Spares,
    question: Vec<u8>,
    deadline: Duration,
    turn: Turn,
) -> Result<Option<Vec<u8>>, HelperError> {
    let failed = |source| HelperError::Failed { source };
    let child: SharedChild = Arc::new(Mutex::new(None));
    let turn = Arc::new(Mutex::new(Some(turn)));
    let (answered, answer) = mpsc::channel();
    let attendant = thread::Builder::new().name("helper".to_owned());
    let (spare, place, program) = (spares.take(), spares.place(), program.to_owned());
    let (of_child, of_turn) = (Arc::clone(&child), Arc::clone(&turn));
    // The system ends the helper with the thread that started it, so the thread that stays with it starts it.
    let spawned = attendant.spawn(move || {
        let asked = match spare {
            Some(Spare { started, answered }) => {
                let mut pipes = started.shared(&of_child);
                talk(&mut pipes, &question).inspect(|_| {
                    if let Some(started) = Started::again(&of_child, pipes) {
                        place.give_back(Spare { started, answered: answered + 1 });
                    }
                })
            }
            None => start(&program).and_then(|started| talk(&mut started.shared(&of_child), &question)),
        };
        // Where it was not given back: what it had to say is said, and one that goes on is broken.
        kill(&of_child);
        if asked.is_err() {
            reap(&of_child);
        }
        // Only one who still waits has use for it, and the turn is free before that one goes on.
        let late = {
            let mut turn = of_turn.lock().unwrap_or_else(PoisonError::into_inner);
            let sent = answered.send(asked).is_ok();
            if sent {
                turn.take();
            }
            !sent
        };
        reap(&of_child);
        if late {
            of_turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    });
    spawned.map_err(failed)?;
    match answer.recv_timeout(deadline) {
        Ok(answer) => answer.map(Some).map_err(failed),
        Err(RecvTimeoutError::Disconnected) => Err(HelperError::failed("its attendant ended")),
        Err(RecvTimeoutError::Timeout) => {
            // Under the lock the answer has either been sent already or will find nobody.
            let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(answer) = answer.try_recv() {
                return answer.map(Some).map_err(failed);
            }
            if let Some(turn) = turn.as_ref() {
                turn.mark_stuck(&child);
            }
            drop(answer);
            Ok(None)
        }
    }
}

pub(super) type Pipes = (ChildStdin, BufReader<ChildStdout>);

/// A helper that waits for a question.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pipes: Pipes,
}

impl Started {
    /// Its pipes; whoever has to kill or to reap it finds it in `child`.
    pub(super) fn shared(self, child: &SharedChild) -> Pipes {
        *child.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.child);
        self.pipes
    }

    /// Out of `child` again; nothing where it said more than its answer, or was killed meanwhile.
    fn again(child: &SharedChild, pipes: Pipes) -> Option<Self> {
        if !pipes.1.buffer().is_empty() {
            return None;
        }
        let child = child.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Self { child, pipes })
    }
}

pub(super) fn start(program: &Path) -> io::Result<Started> {
    let mut command = Command::new(program);
    command.arg("helper").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    {
        // Ctrl-C in a terminal is for whoever asked, who may have a file to take away before it ends.
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    if cfg!(unix) && program.is_absolute() {
        // One left behind must not hold the folder that we happen to be in.
        command.current_dir("/");
    }
    let mut child: Child = command.spawn()?;
    match child.stdin.take().zip(child.stdout.take()) {
        Some((stdin, stdout)) => Ok(Started { child, pipes: (stdin, BufReader::new(stdout)) }),
        None => Err(io::Error::other("the helper process has no pipes")),
    }
}

/// Says the question, a line, and hears the answer, which is one, too.
fn talk((stdin, stdout): &mut Pipes, question: &[u8]) -> io::Result<Vec<u8>> {
    // One that does not read its question may still say why.
    let written = stdin.write_all(question);
    let mut answer = Vec::new();
    stdout.take(LONGEST as u64 + 1).read_until(b'\n', &mut answer)?;
    if answer.len() > LONGEST {
        return Err(io::Error::other("the answer is too long"));
    }
    if answer.is_empty() {
        written?;
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended without an answer"));
    }
    Ok(answer)
}

/// Waits for the end of a helper. Only ever on the thread that stays with it.
pub(super) fn reap(child: &SharedChild) {
    let ended = child.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut ended) = ended {
        let _ = ended.wait();
    }
}
