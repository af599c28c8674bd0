use crate::bus::{Bus, Change, Watch};
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// One step of a [`Live`] view.
#[derive(Debug, Clone, PartialEq)]
pub enum Update<T> {
    /// New or changed; by its id.
    Put(String, T),
    /// No longer there.
    Gone(String),
    /// Everything that was there when the view was opened has been told; from here on, changes.
    Current,
    /// Forget everything: the view starts over, and another [`Update::Current`] will follow.
    Reset,
}

/// Records as they are, then as they change.
///
/// A record that this version cannot read is left out, with a warning; if it was readable before, it is told as gone.
pub struct Live<T> {
    bus: Arc<dyn Bus>,
    prefix: &'static str,
    watch: Option<Watch>,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Live<T> {
    pub(crate) fn new(bus: Arc<dyn Bus>, prefix: &'static str) -> Self {
        Self { bus, prefix, watch: None, kind: PhantomData }
    }

    /// The next step; none once the fleet is closed. Waits while the link is down. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Update<T>> {
        loop {
            let Some(watch) = &mut self.watch else {
                match self.bus.watch(self.prefix).await {
                    Ok(watch) => self.watch = Some(watch),
                    Err(error) if error.is_passing() => sleep(Duration::from_millis(200)).await,
                    Err(_) => return None,
                }
                continue;
            };
            let id = |key: &str| key.strip_prefix(self.prefix).unwrap_or(key).to_owned();
            return Some(match watch.next().await? {
                Change::Put { key, value, .. } => match serde_json::from_slice(&value) {
                    Ok(value) => Update::Put(id(&key), value),
                    Err(error) => {
                        tracing::warn!(%key, %error, "a record cannot be read");
                        Update::Gone(id(&key))
                    }
                },
                Change::Gone { key } => Update::Gone(id(&key)),
                Change::Current => Update::Current,
                Change::Reset => Update::Reset,
            });
        }
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
