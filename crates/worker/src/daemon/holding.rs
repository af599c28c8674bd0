//! The attempts that a worker holds, each with a task that looks after it.

use crate::guard::Order;
use samepath_wire::{AttemptRef, StopMode};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

/// What is to become of an attempt, by order of rising urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// Let it run.
    Run,
    /// Stop it.
    Stop,
    /// Kill it.
    Kill,
    /// Kill it, and tell nobody.
    Forget,
}

impl Wish {
    /// What a guard is told of it.
    pub(super) fn order(self) -> Order {
        match self {
            Self::Run => Order::Hello,
            Self::Stop => Order::Stop,
            Self::Kill => Order::Kill,
            Self::Forget => Order::Superseded,
        }
    }
}

impl From<StopMode> for Wish {
    fn from(mode: StopMode) -> Self {
        match mode {
            StopMode::Stop => Self::Stop,
            StopMode::Kill => Self::Kill,
        }
    }
}

/// One attempt, shared by the worker and by the task that looks after it.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) wish: watch::Sender<Wish>,
    /// It has ended, but nobody takes note of that: it is held without being work.
    untold: AtomicBool,
}

impl Hold {
    /// Of an attempt with which this is wished.
    pub(super) fn new(wish: Wish) -> Self {
        Self { wish: watch::Sender::new(wish), untold: AtomicBool::new(false) }
    }

    /// It has ended, and nobody takes note.
    pub(super) fn set_untold(&self) {
        self.untold.store(true, Ordering::Relaxed);
    }
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// There is nothing to look after any more.
    Enough,
    /// By a fault of ours. The attempt is still held, and nobody looks after it.
    Broken,
}

/// Every attempt that counts as held, from before it is started until its end is recorded.
#[derive(Debug, Default)]
pub(super) struct Holding {
    held: HashMap<AttemptRef, Arc<Hold>>,
    tasks: JoinSet<()>,
    whose: HashMap<Id, AttemptRef>,
}

impl Holding {
    /// Holds an attempt, if it is not held yet, and has it looked after.
    pub(super) fn look_after<F>(&mut self, at: AttemptRef, look: impl FnOnce(Arc<Hold>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let fresh = || Arc::new(Hold::new(Wish::Run));
        let hold = self.held.entry(at.clone()).or_insert_with(fresh);
        let task = self.tasks.spawn(look(Arc::clone(hold)));
        self.whose.insert(task.id(), at);
    }

    /// The next attempt whose task has ended; none while there are none. Nothing is lost if the future is dropped.
    pub(super) async fn ended(&mut self) -> Option<(AttemptRef, Looked)> {
        let (id, looked) = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => (id, Looked::Enough),
            Err(error) => {
                tracing::error!(%error, "an attempt is no longer looked after");
                (error.id(), Looked::Broken)
            }
        };
        let at = self.whose.remove(&id)?;
        if looked == Looked::Enough {
            self.held.remove(&at);
        }
        Some((at, looked))
    }

    /// Whether it is held.
    pub(super) fn has(&self, at: &AttemptRef) -> bool {
        self.held.contains_key(at)
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> Vec<AttemptRef> {
        let mut all: Vec<AttemptRef> = self.held.keys().cloned().collect();
        all.sort();
        all
    }

    /// Whether none of them is work.
    pub(super) fn is_free(&self) -> bool {
        self.at_work().next().is_none()
    }

    /// Those that are work, with what is wished of each.
    pub(super) fn at_work(&self) -> impl Iterator<Item = (&AttemptRef, Wish)> {
        let work = self.held.iter().filter(|(_, hold)| !hold.untold.load(Ordering::Relaxed));
        work.map(|(at, hold)| (at, *hold.wish.borrow()))
    }

    /// Wishes at least this.
    pub(super) fn wish(&self, at: &AttemptRef, wanted: Wish) {
        if let Some(hold) = self.held.get(at) {
            hold.wish.send_if_modified(|now| {
                let more = wanted > *now;
                *now = wanted.max(*now);
                more
            });
        }
    }

    /// Leaves them all.
    pub(super) async fn leave(&mut self) {
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(attempt: u32) -> AttemptRef {
        AttemptRef { job: uuid::Uuid::nil(), attempt }
    }

    #[tokio::test]
    async fn an_attempt_whose_task_breaks_is_held_and_looked_after_again() {
        let mut holding = Holding::default();
        holding.look_after(at(1), |_| async { panic!("a fault, as this test wants it") });
        holding.wish(&at(1), Wish::Kill);
        assert_eq!(holding.ended().await, Some((at(1), Looked::Broken)));
        assert_eq!((holding.all(), holding.is_free()), (vec![at(1)], false));
        // What was wished is still wished.
        holding.look_after(at(1), |hold| async move { assert_eq!(*hold.wish.borrow(), Wish::Kill) });
        assert_eq!(holding.ended().await, Some((at(1), Looked::Enough)));
        assert_eq!((holding.all(), holding.is_free(), holding.ended().await), (vec![], true, None));
    }

    #[tokio::test]
    async fn an_end_that_nobody_notes_is_held_but_is_no_work() {
        let mut holding = Holding::default();
        holding.look_after(at(1), |hold| async move {
            hold.set_untold();
            std::future::pending().await
        });
        tokio::task::yield_now().await;
        assert_eq!((holding.all(), holding.is_free()), (vec![at(1)], true));
        holding.look_after(at(2), |_| std::future::pending());
        holding.wish(&at(2), Wish::Stop);
        assert_eq!(holding.at_work().collect::<Vec<_>>(), [(&at(2), Wish::Stop)]);
        holding.leave().await;
    }
}
