use super::{LocalSettings, history, place::Place, server, socket};
use crate::bus::{
    Bus, BusError, Caller,
    core::{Core, Endpoint},
    shared::{Connection, Door, Session, SharedBus},
};
use async_trait::async_trait;
use std::{fs::File, path::Path, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Opens the bus: becomes its holder, or joins whoever holds it.
///
/// A history that cannot be read is set aside as `history.redb.damaged-…` and a new one begun. [`BusError::NotPrivate`] if the
/// folder belongs to somebody else, [`BusError::Io`] or [`BusError::DiskFull`] if it cannot be used,
/// [`BusError::Unreachable`] if somebody holds it and does not answer.
pub async fn open(settings: LocalSettings) -> Result<Arc<SharedBus>, BusError> {
    let place = Place::make(&settings.dir, settings.runtime_dir.as_deref())?;
    SharedBus::open(Folder { place, settings }).await
}

/// Joins whoever holds the bus now. Holds nothing, makes nothing on the disk, and does not wait for somebody to come: none where
/// nobody can be joined. What it answers is over when that holder goes.
pub(crate) async fn join(settings: &LocalSettings) -> Option<Arc<dyn Bus>> {
    let place = Place::find(&settings.dir, settings.runtime_dir.as_deref())?;
    Some(joined(&place, settings).await.ok()?)
}

/// One try to join whoever holds it.
async fn joined(place: &Place, settings: &LocalSettings) -> Result<Arc<Connection>, BusError> {
    let socket = place.announced().ok_or(BusError::Unreachable)?;
    let stream = socket::connect(&socket).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => history::io_error(&socket, &error),
        _ => BusError::Unreachable,
    })?;
    let connection = Connection::open(socket::line(stream), place.dir(), settings.worker.clone()).await?;
    Ok(Arc::new(connection))
}

/// The folder of a bus: whoever has its lock holds it.
struct Folder {
    place: Place,
    settings: LocalSettings,
}

#[async_trait]
impl Door for Folder {
    async fn open(&self) -> Result<Box<dyn Session>, BusError> {
        match self.place.try_lock()? {
            Some(lock) => Ok(Box::new(Held::open(&self.place, &self.settings, lock).await?)),
            None => Ok(Box::new(joined(&self.place, &self.settings).await?)),
        }
    }

    fn place(&self) -> &Path {
        self.place.dir()
    }
}

/// The lock, and all that only its owner may have. In the order in which it is let go of.
pub(super) struct Held {
    endpoint: Arc<Endpoint>,
    core: Arc<Core>,
    server: JoinHandle<()>,
    _lock: File,
}

impl Held {
    pub(super) async fn open(place: &Place, settings: &LocalSettings, lock: File) -> Result<Self, BusError> {
        let (path, limits) = (place.history(), settings.limits);
        let opened = tokio::task::spawn_blocking(move || history::open(&path, limits))
            .await
            .unwrap_or(Err(BusError::Unreachable))?;
        let path = place.new_socket()?;
        let listener = socket::listen(&path).map_err(|error| history::io_error(&path, &error))?;
        let core = Core::on(Arc::new(opened.disk), opened.records, opened.revision, opened.logs, settings.limits)
            .map_err(|error| history::io_error(place.dir(), &error))?;
        place.announce(&path)?;
        let caller = Caller::new(settings.member.clone(), settings.worker.clone());
        let server = tokio::spawn(server::run(listener, core.clone(), settings.member.clone(), limits.connections));
        Ok(Self { endpoint: Arc::new(Endpoint::new(core.clone(), caller)), core, server, _lock: lock })
    }
}

#[async_trait]
impl Session for Held {
    fn is_held(&self) -> bool {
        true
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.endpoint.clone()
    }

    fn over(&self) -> CancellationToken {
        self.core.closed().clone()
    }

    async fn close(mut self: Box<Self>) {
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
