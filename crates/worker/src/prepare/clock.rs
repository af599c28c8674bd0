use jiff::Timestamp;
use std::time::Duration;

/// Time, so that tests need none.
pub trait Clock {
    /// Now, by the wall: compared with the times of files.
    fn now(&self) -> Timestamp;

    /// Waits. False: give up waiting, the attempt is to end.
    fn wait(&self, duration: Duration) -> bool;
}

/// The computer's own time. It never gives up.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: Duration) -> bool {
        std::thread::sleep(duration);
        true
    }
}
