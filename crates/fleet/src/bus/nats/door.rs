use super::{
    NatsSettings, Part, asked, callout,
    connect::{Connected, connect},
    line, registry,
    server::{self, Registry},
    store::Store,
};
use crate::bus::{
    Bus, BusError,
    core::{Core, Endpoint},
    shared::{Connection, Door, Session, SharedBus},
};
use async_nats::Client;
use async_trait::async_trait;
use nkeys::KeyPair;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// For leaving in good order.
const LEAVING: Duration = Duration::from_secs(2);
/// Before a guest asks again whether a hub is there, where the server says that none is.
const UNHEARD: Duration = Duration::from_millis(250);

/// Opens the bus of a lab: a hub holds it where no other does, everybody else joins whoever holds it.
///
/// [`BusError::NotAdmitted`], [`BusError::OtherServer`], [`BusError::ServerTooOld`] and [`BusError::Server`] where the server is
/// there and cannot be used, [`BusError::Unreachable`] where it is not, or where no hub is.
pub async fn open(settings: NatsSettings) -> Result<Arc<SharedBus>, BusError> {
    SharedBus::open(Lab::new(settings, true)).await
}

/// Joins whoever holds the bus of a lab, and never holds it, not even as a hub. Errors as of [`open`].
pub async fn join(settings: NatsSettings) -> Result<Arc<SharedBus>, BusError> {
    SharedBus::open(Lab::new(settings, false)).await
}

/// The same, without waiting for anybody: the link says how it is.
pub(crate) fn join_later(settings: NatsSettings) -> Arc<SharedBus> {
    SharedBus::open_later(Lab::new(settings, false))
}

struct Lab {
    settings: NatsSettings,
    place: PathBuf,
    may_hold: bool,
    /// A guest's connection, as long as it passes: the next hub is reached on it, and lets nobody in anew who was let in.
    connected: Mutex<Option<Connected>>,
    /// Tries to connect in vain, since the last that was not.
    tries: AtomicUsize,
}

#[async_trait]
impl Door for Lab {
    async fn open(&self) -> Result<Box<dyn Session>, BusError> {
        let mut kept = self.connected.lock().await;
        let connected = match kept.take().filter(|connected| !connected.over.is_cancelled()) {
            Some(connected) => connected,
            None => self.connect().await?,
        };
        if self.may_hold && self.settings.identity.part == Part::Hub && !server::is_held(&connected.client).await? {
            let held = Held::open(&self.settings, connected.client.clone(), connected.over.clone()).await;
            return held
                .map(|held| -> Box<dyn Session> { Box::new(held) })
                .map_err(|error| connected.explain(&self.settings, error));
        }
        let unheard = CancellationToken::new();
        match self.join(&connected, &unheard).await {
            Ok(session) => {
                *kept = Some(connected);
                Ok(session)
            }
            // Whether a hub that refuses still knows who this is, the server says who asks it for a new connection.
            Err(BusError::Unreachable) if unheard.is_cancelled() => {
                tokio::time::sleep(UNHEARD).await;
                *kept = Some(connected);
                Err(BusError::Unreachable)
            }
            Err(error) => Err(connected.explain(&self.settings, error)),
        }
    }

    fn place(&self) -> &Path {
        &self.place
    }
}

impl Lab {
    fn new(settings: NatsSettings, may_hold: bool) -> Self {
        Self { place: settings.place(), settings, may_hold, connected: Mutex::default(), tries: AtomicUsize::new(0) }
    }

    async fn connect(&self) -> Result<Connected, BusError> {
        let tries = self.tries.load(Ordering::Relaxed);
        let connected = connect(&self.settings, tries).await;
        self.tries.store(if connected.is_ok() { 0 } else { tries + 1 }, Ordering::Relaxed);
        connected
    }

    /// As a guest of whichever hub is there.
    async fn join(&self, connected: &Connected, unheard: &CancellationToken) -> Result<Box<dyn Session>, BusError> {
        let (line, gone) = line::open(&connected.client, &self.settings.identity, &connected.over, unheard).await?;
        let worker = self.settings.identity.acting().worker;
        let connection = Connection::open(line, &self.place, worker).await?;
        Ok(Box::new(Joined { connection: Arc::new(connection), gone }))
    }
}

/// A guest's session.
struct Joined {
    connection: Arc<Connection>,
    /// Cancelled once the hub was told, if it could be.
    gone: CancellationToken,
}

#[async_trait]
impl Session for Joined {
    fn is_held(&self) -> bool {
        false
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.connection.clone()
    }

    fn over(&self) -> CancellationToken {
        self.connection.down()
    }

    async fn close(self: Box<Self>) {
        Bus::close(&*self.connection).await;
        drop(tokio::time::timeout(LEAVING, self.gone.cancelled()).await);
    }
}

/// A hub's session: it holds the bus.
struct Held {
    endpoint: Arc<Endpoint>,
    core: Arc<Core>,
    client: Client,
    /// Serving guests. Ends when dropped.
    serving: JoinSet<()>,
    /// Saying that a hub is there, and looking whether another has taken over. Ends when dropped.
    tasks: JoinSet<()>,
    over: CancellationToken,
}

impl Held {
    async fn open(settings: &NatsSettings, client: Client, over: CancellationToken) -> Result<Self, BusError> {
        // Before it is decided who holds it: who asks meanwhile is answered afterwards, and does not try the same.
        let asked = server::hold_the_line(&client).await?;
        let claimed = Store::claim(&client, settings, over.clone()).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(server::say_so(client.clone(), asked));
        let (store, opened) = claimed.read().await?;
        let (store, reign) = (Arc::new(store), opened.reign);
        let core = Core::on(store.clone(), opened.records, opened.revision, opened.logs, settings.limits)
            .map_err(|error| BusError::Io { path: settings.place(), detail: error.to_string() })?;
        let endpoint = Arc::new(Endpoint::new(core.clone(), settings.identity.caller.clone()));
        let doors = server::Doors::open(&client, reign).await?;
        let registry = match &settings.issuer {
            Some(issuer) => {
                let issuer = KeyPair::from_seed(issuer).map_err(|error| BusError::Server {
                    server: settings.server.clone(),
                    detail: format!("the key that says who may come in cannot be read: {error}"),
                })?;
                let asked = callout::listen(&client).await?;
                tasks.spawn(callout::run(client.clone(), asked, endpoint.clone(), issuer));
                tasks.spawn(asked::answer(endpoint.clone()));
                Some(Registry { bus: endpoint.clone(), changes: endpoint.watch(registry::KEYS).await? })
            }
            None => None,
        };
        let mut serving = JoinSet::new();
        let most = settings.limits.connections;
        serving.spawn(server::run(client.clone(), doors, registry, core.clone(), reign, most, over.clone()));
        tasks.spawn(async move { store.watch_over().await });
        let (ends, closed) = (over.clone(), core.closed().clone());
        tasks.spawn(async move {
            closed.cancelled().await;
            ends.cancel();
        });
        Ok(Self { endpoint, core, client, serving, tasks, over })
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
        self.over.clone()
    }

    async fn close(mut self: Box<Self>) {
        // Who asks whether a hub is there is to learn that none is.
        self.tasks.shutdown().await;
        self.core.close().await;
        drop(tokio::time::timeout(LEAVING, self.serving.join_next()).await);
        self.over.cancel();
        drop(tokio::time::timeout(LEAVING, self.client.drain()).await);
    }
}
