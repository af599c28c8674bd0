use super::{LocalSettings, client::Connection, history, place::Place, server, socket};
use crate::bus::{
    Bus, BusError, Caller,
    core::{Core, Endpoint},
};
use std::{fs::File, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What there is of the bus while it does not change hands.
pub(super) enum Session {
    /// This process holds it.
    Held(Held),
    /// This process uses what another holds.
    Joined(Arc<Connection>),
}

/// The lock, and all that only its owner may have. In the order in which it is let go of.
pub(super) struct Held {
    endpoint: Arc<Endpoint>,
    core: Arc<Core>,
    server: JoinHandle<()>,
    _lock: File,
}

impl Session {
    /// One try: holds the bus if nobody does, else joins whoever does. [`BusError::Unreachable`]: try again.
    pub(super) async fn open(place: &Place, settings: &LocalSettings) -> Result<Self, BusError> {
        if let Some(lock) = place.try_lock()? {
            return Held::open(place, settings, lock).await.map(Self::Held);
        }
        Self::join(place, settings).await
    }

    /// One try to join whoever holds it.
    pub(super) async fn join(place: &Place, settings: &LocalSettings) -> Result<Self, BusError> {
        let socket = place.announced().ok_or(BusError::Unreachable)?;
        let connection = Connection::open(place.dir(), &socket, settings.worker.clone()).await?;
        Ok(Self::Joined(Arc::new(connection)))
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// The bus to be used.
    pub(super) fn bus(&self) -> Arc<dyn Bus> {
        match self {
            Self::Held(held) => held.endpoint.clone(),
            Self::Joined(connection) => connection.clone(),
        }
    }

    /// Cancelled when it is over.
    pub(super) fn over(&self) -> CancellationToken {
        match self {
            Self::Held(held) => held.core.closed().clone(),
            Self::Joined(connection) => connection.down(),
        }
    }

    /// Writes out what is pending, and lets go.
    pub(super) async fn close(self) {
        match self {
            Self::Held(held) => held.close().await,
            Self::Joined(connection) => connection.close().await,
        }
    }
}

impl Held {
    async fn open(place: &Place, settings: &LocalSettings, lock: File) -> Result<Self, BusError> {
        let (path, limits) = (place.history(), settings.limits);
        let opened = tokio::task::spawn_blocking(move || history::open(&path, limits))
            .await
            .unwrap_or(Err(BusError::Unreachable))?;
        let path = place.new_socket()?;
        let listener = socket::listen(&path).map_err(|error| history::io_error(&path, &error))?;
        let core = Core::on(Arc::new(opened.disk), opened.records, opened.revision, opened.logs, settings.limits)
            .map_err(|error| history::io_error(place.dir(), &error))?;
        place.announce(&path)?;
        let caller = Caller { member: settings.member.clone(), worker: settings.worker.clone() };
        let server = tokio::spawn(server::run(listener, core.clone(), settings.member.clone()));
        Ok(Self { endpoint: Arc::new(Endpoint::new(core.clone(), caller)), core, server, _lock: lock })
    }

    async fn close(mut self) {
        // The listener goes first, and takes its socket along: the next holder makes its own.
        self.server.abort();
        drop((&mut self.server).await);
        self.core.close().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.abort();
    }
}
