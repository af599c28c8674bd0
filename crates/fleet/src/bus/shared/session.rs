use super::Connection;
use crate::bus::{Bus, BusError};
use async_trait::async_trait;
use std::{path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How a process comes to hold a bus, or to use what another holds.
#[async_trait]
pub(in crate::bus) trait Door: Send + Sync + 'static {
    /// One try. [`BusError::Unreachable`]: try again.
    async fn open(&self) -> Result<Box<dyn Session>, BusError>;
    /// What messages call it.
    fn place(&self) -> &Path;
}

/// What a process has of a bus while that does not change hands.
#[async_trait]
pub(in crate::bus) trait Session: Send + Sync {
    /// Whether this process holds the bus.
    fn is_held(&self) -> bool;
    /// The bus to be used.
    fn bus(&self) -> Arc<dyn Bus>;
    /// Cancelled when it is over.
    fn over(&self) -> CancellationToken;
    /// Writes out what is pending, and lets go.
    async fn close(self: Box<Self>);
}

#[async_trait]
impl Session for Arc<Connection> {
    fn is_held(&self) -> bool {
        false
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.clone()
    }

    fn over(&self) -> CancellationToken {
        self.down()
    }

    async fn close(self: Box<Self>) {
        Bus::close(&**self).await;
    }
}
