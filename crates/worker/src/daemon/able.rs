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
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    why: String,
    /// When it is tried again.
    due: Instant,
}

impl Able {
    /// It could not, and why.
    pub(super) fn failed(&mut self, why: &str) {
        self.failed = Some(Failed { why: why.to_owned(), due: Instant::now() + TRY });
    }

    /// Why it cannot, as far as is known; nothing if it can. Tries it in `home` when it is time.
    pub(super) async fn why_not(&mut self, home: &Path) -> Option<&str> {
        if self.failed.as_ref()?.due <= Instant::now() {
            self.try_again(home).await;
        }
        self.failed.as_ref().map(|failed| failed.why.as_str())
    }

    async fn try_again(&mut self, home: &Path) {
        let file = home.join("trial");
        let tried = tokio::task::spawn_blocking(move || {
            let written = samepath_storage::write_whole(&file, &vec![0; ROOM]);
            written.and_then(|()| fs_err::remove_file(&file))
        });
        match tried.await {
            Ok(Ok(())) => self.failed = None,
            tried => {
                tracing::warn!(?tried, "the worker's folder cannot be written: it takes no job");
                if let Some(failed) = &mut self.failed {
                    failed.due = Instant::now() + TRY;
                }
            }
        }
    }
}
