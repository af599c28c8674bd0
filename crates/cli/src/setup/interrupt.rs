//! Ctrl-C, while a person is asked.

use crate::workers::interrupted;
use samepath_app::{ErrorCode, Lab};
use std::io::Write;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Runtime;

const INTERRUPTED: u8 = ErrorCode::Interrupted.exit_status();

/// Ends the program when the person, or the system, asks it to: after what is being written is written, and with nothing left on a
/// storage.
pub(super) struct Interrupt {
    writing: Arc<Mutex<()>>,
}

impl Interrupt {
    pub(super) fn watch(runtime: &Runtime, lab: Arc<Lab>) -> Self {
        let writing = Arc::new(Mutex::new(()));
        let until_written = writing.clone();
        runtime.spawn(async move {
            interrupted().await;
            lab.leave().await;
            let _written = until_written.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(std::io::stderr());
            process::exit(INTERRUPTED.into());
        });
        Self { writing }
    }

    /// As long as this is held, the program goes on.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
