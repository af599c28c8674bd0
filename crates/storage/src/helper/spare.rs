//! Helpers that are started before anybody asks, and answer one question after the other: starting a process, and reading its
//! program for the first time, takes several times as long as most questions.

use super::process::{Started, start};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// As many as one thing that a person does asks at the same time.
const COUNT: usize = 2;
/// Questions that one of them answers before another takes its place: nothing that a system library keeps is kept for long.
const ANSWERS: u32 = 1000;
/// After one was taken, before another is started in its place: most come back sooner.
const QUIET: Duration = Duration::from_millis(200);
/// After one could not be started, as when the program is just being replaced: at first, doubled each time, and at most.
const AGAIN: (Duration, Duration) = (QUIET, Duration::from_secs(10));

/// Keeps [`COUNT`] helpers waiting for a question, from [`Spares::keep`] on until it is dropped. While they wait they hold nothing
/// of any storage. One that has answered waits for the next question.
#[derive(Debug, Default)]
pub(super) struct Spares(Arc<Shared>);

/// A helper that waits.
#[derive(Debug)]
pub(super) struct Spare {
    pub(super) started: Started,
    /// Questions that it has answered.
    pub(super) answered: u32,
}

/// Where they wait.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Spare>,
    kept: bool,
    ended: bool,
}

impl Spares {
    /// Starts them, and whatever is to replace them; once is enough.
    pub(super) fn keep(&self, program: &Path) {
        if std::mem::replace(&mut self.0.lock().kept, true) {
            return;
        }
        let (shared, program) = (Arc::clone(&self.0), program.to_owned());
        // On Linux a helper ends with the thread that started it: this one stays for as long as any of them may be in use.
        // Without it, each question starts its own.
        let _ = thread::Builder::new().name("spares".to_owned()).spawn(move || shared.keep(&program));
    }

    /// One that waits, if one does.
    pub(super) fn take(&self) -> Option<Spare> {
        let mut state = self.0.lock();
        let mut taken = None;
        while let Some(mut spare) = state.waiting.pop() {
            // One that was killed from outside is no use; nothing was asked of it.
            if matches!(spare.started.child.try_wait(), Ok(None)) {
                taken = Some(spare);
                break;
            }
        }
        drop(state);
        self.0.changed.notify_all();
        taken
    }

    /// Where one that was taken is given back, for whoever stays with it longer than this lives.
    pub(super) fn place(&self) -> Arc<Shared> {
        Arc::clone(&self.0)
    }
}

/// It waits for a question, or has just answered: nothing keeps it from ending.
fn end(mut spare: Spare) {
    let _ = spare.started.child.kill();
    let _ = spare.started.child.wait();
}

impl Drop for Spares {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        state.waiting.drain(..).for_each(end);
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Shared {
    /// It has answered, and waits for the next question, unless there are enough that do.
    pub(super) fn give_back(&self, spare: Spare) {
        let mut state = self.lock();
        if state.waiting.len() < COUNT && spare.answered < ANSWERS && !state.ended {
            return state.waiting.push(spare);
        }
        drop(state);
        end(spare);
    }

    fn keep(&self, program: &Path) {
        let mut state = self.lock();
        let mut again = AGAIN.0;
        while !state.ended {
            if state.waiting.len() >= COUNT {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                if state.waiting.len() < COUNT {
                    state = self.pause(state, QUIET);
                }
                continue;
            }
            drop(state);
            let started = start(program);
            state = self.lock();
            if started.is_ok() {
                again = AGAIN.0;
            }
            match started {
                Ok(started) if !state.ended && state.waiting.len() < COUNT => {
                    state.waiting.push(Spare { started, answered: 0 });
                }
                // Nobody asks any more, or enough came back.
                Ok(started) => {
                    drop(state);
                    end(Spare { started, answered: 0 });
                    state = self.lock();
                }
                // Whoever asks is told why.
                Err(_) => {
                    state = self.pause(state, again);
                    again = AGAIN.1.min(again * 2);
                }
            }
        }
    }

    fn pause<'s>(&self, state: MutexGuard<'s, State>, duration: Duration) -> MutexGuard<'s, State> {
        let paused = self.changed.wait_timeout_while(state, duration, |state| !state.ended);
        paused.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
