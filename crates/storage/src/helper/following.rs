//! A question that takes long: its helper says how far it is, and can be asked to stop.

use super::child::{Asked, Question, refusal, say};
use super::turns::{SharedChild, Turn};
use super::{Helper, HelperError, LEFT_BEHIND, LONGEST, process};
use crate::Storages;
use crate::copy::{Copied, CopyError, CopyFailure, CopyProgress};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, BufRead, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const COPY: &str = "copy";

/// How long one that is asked to stop may take to tidy up before it is left to do so alone.
const TIDYING: Duration = Duration::from_secs(3);
/// Between two lines of progress.
const NEWS: Duration = Duration::from_millis(50);
/// How soon a wish to stop is seen.
const LOOK: Duration = Duration::from_millis(50);

/// A wish that a copy ends. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on it is wished.
    pub fn wish(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    pub fn is_wished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// `copy` → [`Copied`] or [`CopyError`]
#[derive(Debug, Serialize, Deserialize)]
struct CopyQuestion {
    storages: Asked,
    from: PathBuf,
    to: StoragePath,
}

/// A line from the child. The last one is the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress(CopyProgress),
    Answer(Result<Value, Value>),
}

/// The child's side. Whoever asked is told how far it is; when standard input ends, the copy does, too.
pub(super) fn copy(question: Value) -> io::Result<()> {
    tidy_up_alone();
    let stop = Stop::default();
    let wish = stop.clone();
    thread::Builder::new().name("stop".to_owned()).spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        wish.wish();
        thread::sleep(LEFT_BEHIND);
        // The storage still hangs, and nobody waits for it.
        std::process::exit(1);
    })?;
    let answer = match serde_json::from_value::<CopyQuestion>(question) {
        Err(error) => Err(refusal(&error.to_string())),
        Ok(CopyQuestion { storages, from, to }) => {
            let mut told: Option<(Instant, CopyProgress)> = None;
            let mut watch = |now: CopyProgress| {
                let is_news = told.is_none_or(|(at, before)| {
                    at.elapsed() >= NEWS || before.step != now.step || now.bytes == now.total
                });
                if is_news {
                    told = Some((Instant::now(), now));
                    // Nobody who listens is no reason to stop: that is what standard input is for.
                    let _ = say(&Line::Progress(now));
                }
                if stop.is_wished() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let copied = storages.storages().copy_in(&from, &to, &mut watch);
            let value = |answer| serde_json::to_value(answer).map_err(io::Error::from);
            match copied {
                Ok(copied) => Ok(value(Answer::Copied(copied))?),
                Err(error) => Err(value(Answer::Failed(error))?),
            }
        }
    };
    say(&Line::Answer(answer))
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Copied(Copied),
    Failed(CopyError),
}

/// What is half copied is taken away again also where whoever asked has died.
#[cfg(target_os = "linux")]
fn tidy_up_alone() {
    let _ = rustix::process::set_parent_process_death_signal(None);
}

#[cfg(not(target_os = "linux"))]
fn tidy_up_alone() {}

impl Helper {
    /// Copies a file of this computer onto a storage; see [`Storages::copy_in`]. `watch` is told how far it is. Blocks for as long
    /// as that takes, which may be for ever where the storage is silent, or until `stop` is wished, and a few seconds more.
    ///
    /// Other questions about the storage are answered meanwhile; another copy to it waits.
    ///
    /// # Errors
    /// See [`CopyFailure`].
    pub fn copy(
        &self,
        storages: &Storages,
        from: &Path,
        to: &StoragePath,
        stop: &Stop,
        watch: &mut dyn FnMut(CopyProgress),
    ) -> Result<Copied, CopyError> {
        storages.join(to).map_err(CopyFailure::from)?;
        let backend = storages.get(&to.storage_backend).map_err(CopyFailure::from)?;
        let question = CopyQuestion { storages: Asked::of(self, storages), from: from.to_owned(), to: to.clone() };
        let mut question = serde_json::to_vec(&Question { topic: COPY, question })
            .map_err(|error| CopyError::of_helper(HelperError::nonsense(error)))?;
        question.push(b'\n');
        // No storage is called so: a copy takes no turn from questions.
        let about = [format!("copy to {}", backend.name)];
        let hanging = || CopyFailure::Hanging { backend: backend.name.clone() };
        let turn = self.turns.take(&about, None).ok_or_else(hanging)?;
        let answer = follow(&self.program, question, turn, stop, watch).map_err(CopyError::of_helper)?;
        match answer {
            Some(Ok(copied)) => {
                serde_json::from_value(copied).map_err(|error| CopyError::of_helper(HelperError::nonsense(error)))
            }
            Some(Err(error)) => Err(CopyError::of_helper(HelperError::Refused(error))),
            None => Err(CopyError { failure: CopyFailure::Stopped, left: Some(Box::new(to.split().0)) }),
        }
    }
}

type Heard = io::Result<Line>;

/// Gives a helper its question, and hears it out. `None`: it was asked to stop and did not in time; it does so when the storage lets
/// it, and stands for the storage's copies until then.
fn follow(
    program: &Path,
    question: Vec<u8>,
    turn: Turn,
    stop: &Stop,
    watch: &mut dyn FnMut(CopyProgress),
) -> Result<Option<Result<Value, Value>>, HelperError> {
    let failed = |source| HelperError::Failed { source };
    let child: SharedChild = Arc::default();
    let turn = Arc::new(turn);
    let input = Arc::new(Input::default());
    let (tell, lines) = mpsc::channel::<Heard>();
    let attendant = thread::Builder::new().name("helper".to_owned());
    let program = program.to_owned();
    let (of_child, of_turn, of_input) = (Arc::clone(&child), Arc::clone(&turn), Arc::clone(&input));
    let spawned = attendant.spawn(move || {
        if let Err(error) = listen(&program, &question, &of_child, &of_input, &tell) {
            let _ = tell.send(Err(error));
        }
        drop(tell);
        of_input.close();
        process::reap(&of_child);
        drop(of_turn);
    });
    spawned.map_err(failed)?;
    // Whatever leads out of here, the child is not left to go on.
    let closing = Closing(&input);
    let mut asked: Option<Instant> = None;
    loop {
        if stop.is_wished() && asked.is_none() {
            closing.0.close();
            asked = Some(Instant::now());
        }
        match lines.recv_timeout(LOOK) {
            Ok(Ok(Line::Progress(progress))) => watch(progress),
            Ok(Ok(Line::Answer(answer))) => return Ok(Some(answer)),
            Ok(Err(error)) => return Err(failed(error)),
            Err(RecvTimeoutError::Disconnected) => return Err(HelperError::failed("it ended without an answer")),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if asked.is_some_and(|at| at.elapsed() > TIDYING) {
            turn.mark_stuck(&child);
            return Ok(None);
        }
    }
}

/// Starts it, and passes on what it says until it has said everything.
fn listen(
    program: &Path,
    question: &[u8],
    child: &SharedChild,
    input: &Input,
    tell: &mpsc::Sender<Heard>,
) -> io::Result<()> {
    let (mut stdin, mut stdout) = process::start(program)?.shared(child);
    stdin.write_all(question)?;
    input.keep(stdin);
    loop {
        let mut line = Vec::new();
        (&mut stdout).take(LONGEST as u64).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let line = serde_json::from_slice(&line)?;
        let last = matches!(line, Line::Answer(_));
        // Nobody who waits for it any more is no reason not to hear it out.
        let _ = tell.send(Ok(line));
        if last {
            return Ok(());
        }
    }
}

/// The child's standard input: open for as long as the child shall go on.
#[derive(Default)]
struct Input(Mutex<InputState>);

#[derive(Default)]
enum InputState {
    #[default]
    NotYet,
    Open {
        #[expect(dead_code, reason = "it is held, and dropped")]
        pipe: ChildStdin,
    },
    Closed,
}

impl Input {
    fn keep(&self, pipe: ChildStdin) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, InputState::NotYet) {
            *state = InputState::Open { pipe };
        }
    }

    fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = InputState::Closed;
    }
}

struct Closing<'a>(&'a Input);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
