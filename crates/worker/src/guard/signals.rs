use std::io;

/// What the system sends to a guard is caught, and the tool still starts without it: what is ignored would be ignored by the tool too,
/// which then could not be interrupted.
#[cfg(unix)]
pub(super) struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on none of them ends this process.
    pub(super) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let inside = runtime.enter();
        // The last comes with a limit on the size of files: a log that cannot grow is no reason to die.
        let too_big = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        for kind in [SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit(), too_big] {
            drop(signal(kind)?);
        }
        let terminate = signal(SignalKind::terminate())?;
        drop(inside);
        Ok(Self { runtime, terminate })
    }

    /// Calls `then` each time that the system asks this process to end. It asks all at once: at a shutdown, at the end of a session or of
    /// what a batch system gave.
    pub(super) fn on_terminate(self, then: impl Fn() + Send + 'static) -> io::Result<()> {
        let Self { runtime, mut terminate } = self;
        let hear = move || {
            runtime.block_on(async {
                while terminate.recv().await.is_some() {
                    then()
                }
            })
        };
        std::thread::Builder::new().name("signals".into()).spawn(hear).map(drop)
    }
}

/// Nobody asks processes to end here.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn on_terminate(self, _then: impl Fn() + Send + 'static) -> io::Result<()> {
        Ok(())
    }
}
