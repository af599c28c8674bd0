use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Between two tries whether a worker can take on work again.
pub(super) const TRY: Duration = Duration::from_secs(5);
/// More than is written of an attempt before its guard is there, in bytes.
const ROOM: usize = 1 << 20;

/// Whether a worker can take on anything. One that could not write down its job, or got no guard for it, takes no other before its own
/// disk takes something again: it would tell of each job that waits that it cannot serve it.
#[derive(Debug, Default)]
pub(super) struct Able {
    not_before: Option<Instant>,
}

impl Able {
    /// It could not.
    pub(super) fn failed(&mut self) {
        self.not_before = Some(Instant::now() + TRY);
    }

    /// Whether it can, as far as is known. Tries it in `home` when it is time.
    pub(super) async fn is_so(&mut self, home: &Path) -> bool {
        let Some(not_before) = self.not_before else { return true };
        if Instant::now() < not_before {
            return false;
        }
        let file = home.join("trial");
        let tried = tokio::task::spawn_blocking(move || {
            let written = samepath_storage::write_whole(&file, &vec![0; ROOM]);
            written.and_then(|()| fs_err::remove_file(&file))
        });
        match tried.await {
            Ok(Ok(())) => self.not_before = None,
            tried => {
                tracing::warn!(?tried, "the worker's folder cannot be written: it takes no job");
                self.failed();
            }
        }
        self.not_before.is_none()
    }
}
