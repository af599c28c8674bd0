//! The marks in the output folders: renewed while the attempt lives, and given back when it has ended. Where their storage is away just
//! then, they are given back when it is there again; until then others are kept out of the folders.

use super::spec::Patience;
use crate::prepare::Taken;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Keeps the marks, in a thread that may hang with their storage; dropping it has them given back.
pub(super) struct Marks {
    stop: Sender<()>,
    /// Told when it was tried once.
    tried: Receiver<()>,
}

/// What is left to be done after the end.
pub(super) struct GivingBack {
    /// Closed when nothing is.
    done: Receiver<()>,
    patience: Duration,
}

/// Renews the marks until the first is dropped. Tells once where one is another's now: after a long silence of their storage the folders
/// are nobody's, and whoever came took them.
pub(super) fn keep(
    mut taken: Taken,
    patience: &Patience,
    tell_lost: impl FnOnce() + Send + 'static,
) -> (Marks, GivingBack) {
    let (stop, stopped) = channel::<()>();
    let (tell, tried) = channel();
    let (working, done) = channel();
    let (heartbeat, give_back, again) = (patience.heartbeat, patience.give_back, patience.write_again);
    let mut tell_lost = Some(tell_lost);
    let spawned = thread::Builder::new().name("marks".into()).spawn(move || {
        let _working = working;
        let leave = loop {
            match stopped.recv_timeout(heartbeat) {
                Err(RecvTimeoutError::Timeout) if taken.renew() => {}
                Err(RecvTimeoutError::Timeout) => tell_lost.take().into_iter().for_each(|tell| tell()),
                told => break told.is_ok(),
            }
        };
        if leave {
            taken.leave();
            return;
        }
        let give_up = Instant::now() + give_back;
        loop {
            let all = taken.give_back();
            let _ = tell.send(());
            if all || Instant::now() >= give_up {
                break;
            }
            thread::sleep(again);
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "the marks in the output folders cannot be kept");
    }
    (Marks { stop, tried }, GivingBack { done, patience: give_back })
}

impl Marks {
    /// Leaves them as they are, to become stale: something may still write to the folders.
    pub(super) fn leave(self) {
        let _ = self.stop.send(());
    }

    /// Gives them back, as far as they can be now. May hang.
    pub(super) fn give_back(self) {
        drop(self.stop);
        let _ = self.tried.recv();
    }
}

impl GivingBack {
    /// Waits until all are given back, or belong to nobody any more.
    pub(super) fn wait(self) {
        let _ = self.done.recv_timeout(self.patience);
    }
}
