use std::sync::{Condvar, Mutex, PoisonError};

/// Open or shut; whoever comes to it while it is shut waits.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
}

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only FUSE mounts have a gate"))]
impl Gate {
    pub(crate) fn pass(&self) {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        while *shut {
            shut = self.changed.wait(shut).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn set_shut(&self, shut: bool) {
        *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = shut;
        self.changed.notify_all();
    }
}
