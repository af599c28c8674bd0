//! Helpers that are started before anybody asks: starting a process takes several times as long as most questions.

use super::process::{Started, start};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// As many as one thing that a person does needs one after the other.
const COUNT: usize = 2;
/// After one was used, before the next is started: whoever used it is not to share the processor with its successor.
const QUIET: Duration = Duration::from_millis(200);
/// After one could not be started.
const AGAIN: Duration = Duration::from_secs(10);

/// Keeps [`COUNT`] helpers waiting for their question, from [`Spares::keep`] on until it is dropped. They have read nothing and
/// hold nothing of any storage. Each answers one question; another takes its place a moment later.
#[derive(Debug, Default)]
pub(super) struct Spares(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Started>,
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
    pub(super) fn take(&self) -> Option<Started> {
        let mut state = self.0.lock();
        let mut taken = None;
        while let Some(mut started) = state.waiting.pop() {
            // One that was killed from outside is no use; nothing was asked of it.
            if matches!(started.child.try_wait(), Ok(None)) {
                taken = Some(started);
                break;
            }
        }
        drop(state);
        self.0.changed.notify_all();
        taken
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        for mut started in state.waiting.drain(..) {
            let _ = started.child.kill();
            let _ = started.child.wait();
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn keep(&self, program: &Path) {
        let mut state = self.lock();
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
            match started {
                Ok(started) if !state.ended => state.waiting.push(started),
                // Nobody asks any more: the end of its standard input ends it.
                Ok(_) => {}
                // Whoever asks is told why.
                Err(_) => state = self.pause(state, AGAIN),
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
