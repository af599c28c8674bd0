use super::LEFT_BEHIND;
use std::collections::HashMap;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Who may ask: one question at a time about each name, and none while one is stuck.
#[derive(Debug, Default)]
pub(super) struct Turns {
    held: Mutex<HashMap<String, Held>>,
    /// Notified whenever a name becomes free or stuck.
    changed: Condvar,
}

/// A helper process, for whoever needs to kill or to reap it.
pub(super) type SharedChild = Arc<Mutex<Option<Child>>>;

#[derive(Debug)]
enum Held {
    /// A question is under way; its deadline has not passed.
    Asking,
    /// A helper was left behind.
    Stuck { since: Instant, child: SharedChild },
}

/// The right to ask about some names; given back on drop.
#[derive(Debug)]
pub(super) struct Turn {
    /// Weak: whoever stays with a stuck helper does not keep the others waiting for it.
    turns: Weak<Turns>,
    about: Vec<String>,
}

impl Turns {
    /// Waits until nobody else asks about any of these names. `None` if one of them is stuck, or becomes so meanwhile, or if
    /// `patience` runs out.
    pub(super) fn take(self: &Arc<Self>, about: &[String], patience: Option<Duration>) -> Option<Turn> {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut held = self.lock();
        loop {
            let mut free = true;
            for name in about {
                match held.get(name) {
                    Some(Held::Stuck { since, child }) => {
                        if since.elapsed() > LEFT_BEHIND {
                            kill(child);
                        }
                        return None;
                    }
                    Some(Held::Asking) => free = false,
                    None => {}
                }
            }
            if free {
                for name in about {
                    held.insert(name.clone(), Held::Asking);
                }
                return Some(Turn { turns: Arc::downgrade(self), about: about.to_vec() });
            }
            held = match end {
                None => self.changed.wait(held).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.checked_duration_since(Instant::now())?;
                    self.changed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turns {
    /// Nobody will ask again: what was left behind is not waited for.
    fn drop(&mut self) {
        for held in self.lock().values() {
            if let Held::Stuck { child, .. } = held {
                kill(child);
            }
        }
    }
}

impl Turn {
    /// The deadline passed; the names stay taken until the turn is dropped, and nobody waits for them any more.
    pub(super) fn mark_stuck(&self, child: &SharedChild) {
        let Some(turns) = self.turns.upgrade() else { return };
        let mut held = turns.lock();
        for name in &self.about {
            held.insert(name.clone(), Held::Stuck { since: Instant::now(), child: Arc::clone(child) });
        }
        turns.changed.notify_all();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.turns.upgrade() else { return };
        let mut held = turns.lock();
        for name in &self.about {
            held.remove(name);
        }
        turns.changed.notify_all();
    }
}

/// Tries to end a helper, and never waits for it.
pub(super) fn kill(child: &SharedChild) {
    if let Ok(mut child) = child.try_lock()
        && let Some(child) = child.as_mut()
    {
        // An error means that it has ended already.
        let _ = child.kill();
    }
}
