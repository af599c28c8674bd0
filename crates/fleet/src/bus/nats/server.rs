use super::{
    Part,
    identity::{DOWN, Identity, UP},
    line::{self, Incoming, Packet, Sort},
    registry,
};
use crate::bus::{
    BusError, Change, Watch,
    core::{Core, Endpoint},
    shared::guest,
};
use async_nats::{Client, Message, Subscriber};
use futures::StreamExt;
use samepath_wire::{Places, WorkerId};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::{bytes::Bytes, sync::CancellationToken};

/// Where a hub says that it is there.
const ALIVE: &str = "samepath.alive";
/// Before the reign and the line, where the server says that a guest does not hear.
const UNHEARD: &str = "samepath.unheard";
/// For a hub to say that it is there; one that is busy says so, too.
const ALIVE_PATIENCE: Duration = Duration::from_secs(5);
/// Lines of one member or worker at a time; in a small lab, a quarter of all.
const LINES: usize = 128;
/// Messages of one guest that may wait to be looked at; a guest with more is dropped.
const WAITING: usize = 4096;

pub(super) fn unheard(reign: u64, route: &str) -> String {
    format!("{UNHEARD}.{reign}.{route}")
}

/// Whether a hub is there.
pub(super) async fn is_held(client: &Client) -> Result<bool, BusError> {
    let request = async_nats::Request::new().timeout(Some(ALIVE_PATIENCE));
    match client.send_request(ALIVE, request).await {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            async_nats::RequestErrorKind::NoResponders | async_nats::RequestErrorKind::TimedOut => Ok(false),
            _ => Err(BusError::Unreachable),
        },
    }
}

/// Who may ask whether a hub is there waits from now on, until it is said or this is dropped.
pub(super) async fn hold_the_line(client: &Client) -> Result<Subscriber, BusError> {
    client.subscribe(ALIVE).await.map_err(|_| BusError::Unreachable)
}

/// Says that a hub is there, to all who ask.
pub(super) async fn say_so(client: Client, mut asked: Subscriber) {
    while let Some(message) = asked.next().await {
        if let Some(reply) = message.reply {
            drop(client.publish(reply, Bytes::new()).await);
        }
    }
}

/// What guests send.
pub(super) struct Doors {
    up: Subscriber,
    unheard: Subscriber,
}

impl Doors {
    pub(super) async fn open(client: &Client, reign: u64) -> Result<Self, BusError> {
        let up = client.subscribe(format!("{UP}.>")).await.map_err(|_| BusError::Unreachable)?;
        let unheard = client.subscribe(format!("{UNHEARD}.{reign}.>")).await.map_err(|_| BusError::Unreachable)?;
        Ok(Self { up, unheard })
    }
}

/// Who has joined, where the hub says who may come in.
pub(super) struct Registry {
    pub(super) bus: Arc<Endpoint>,
    /// Of the keys.
    pub(super) changes: Watch,
}

impl Registry {
    /// Returns when keys may have been taken back: one was, or so many changed that they were not told one by one. None once the
    /// bus is closed.
    async fn taken_back(registry: &mut Option<Self>) -> Option<()> {
        let Some(registry) = registry else { return std::future::pending().await };
        while let Change::Put { .. } | Change::Reset = registry.changes.next().await? {}
        Some(())
    }
}

/// Who somebody is that says this of itself on a subject of its own, where its jobs may write and read, how many may run at a time, and
/// whether it looks after the lab; none where it is not let in. `keys` are where the hub keeps who has joined.
async fn admits(keys: Option<&Endpoint>, mut who: Identity) -> Option<Identity> {
    match keys {
        // What a hub may use the server lets nobody else use.
        Some(keys) if who.part != Part::Hub => {
            let joined = registry::admitted(keys, &who).await?;
            who.caller.places = Some(joined.places).filter(Places::are_limited);
            who.caller.jobs_at_once = joined.jobs_at_once;
            who.caller.admin = joined.admin && joined.part == Part::Member;
            Some(who)
        }
        _ => Some(who),
    }
}

/// Lines by the guest's route.
type Lines = HashMap<String, mpsc::Sender<Incoming>>;

/// Serves guests, so many at a time, until the bus is closed and they were told, until the connection ends, or until it is dropped.
pub(super) async fn run(
    client: Client,
    mut doors: Doors,
    mut registry: Option<Registry>,
    core: Arc<Core>,
    reign: u64,
    most: usize,
    over: CancellationToken,
) {
    let keys = registry.as_ref().map(|registry| registry.bus.clone());
    let mut lines = Lines::new();
    // Of each that has a line: heard by all of them.
    let mut by_identity: HashMap<String, watch::Sender<()>> = HashMap::new();
    let mut guests: JoinSet<String> = JoinSet::new();
    let unheard_at = format!("{UNHEARD}.{reign}.");
    loop {
        tokio::select! {
            () = core.closed().cancelled() => {
                // Each is told.
                while guests.join_next().await.is_some() {}
                return;
            }
            message = doors.up.next() => {
                let Some(message) = message else { return };
                let Some(route) = message.subject.strip_prefix(UP).and_then(|route| route.strip_prefix('.')) else {
                    continue;
                };
                let route = route.to_owned();
                let Some((opening, identity)) = sort(&client, &mut lines, reign, &route, message).await else {
                    continue;
                };
                let Some(identity) = admits(keys.as_deref(), identity).await else {
                    tracing::info!(route, "somebody whose key was taken back was not heard");
                    say_goodbye(&client, &route, reign).await;
                    continue;
                };
                let own = by_identity.entry(identity.route()).or_default();
                // Whoever looks after the lab comes in however full it is. Others hear nothing, and so try again by and by.
                let full = lines.len() >= most || own.receiver_count() >= LINES.min((most / 4).max(1));
                if full && identity.part != Part::Hub {
                    tracing::warn!(who = %identity.route(), "too many lines: one more was not opened");
                    continue;
                }
                // Whoever died and comes anew is not to wait until it is noticed of the one before.
                own.send_replace(());
                let doubted = own.subscribe();
                let (sender, receiver) = mpsc::channel(WAITING);
                drop(sender.try_send(Incoming::Packet(opening)));
                lines.insert(route.clone(), sender);
                let (client, core, over) = (client.clone(), core.clone(), over.clone());
                guests.spawn(async move {
                    serve(client, core, reign, &route, identity, (receiver, doubted), &over).await;
                    route
                });
            }
            message = doors.unheard.next() => {
                let Some(message) = message else { return };
                let route = message.subject.strip_prefix(unheard_at.as_str());
                if let Some(sender) = route.and_then(|route| lines.get(route)) {
                    drop(sender.try_send(Incoming::Unheard));
                }
            }
            Some(()) = Registry::taken_back(&mut registry) => {
                for route in lines.keys().cloned().collect::<Vec<_>>() {
                    let Some((who, _)) = Identity::parse(&route) else { continue };
                    if admits(keys.as_deref(), who).await.is_none() {
                        tracing::info!(route, "somebody whose key was taken back is out");
                        // Whoever serves it sees that nothing comes any more.
                        lines.remove(&route);
                    }
                }
            }
            Some(ended) = guests.join_next() => {
                let Ok(route) = ended else { continue };
                lines.remove(&route);
                let Some((identity, _)) = Identity::parse(&route) else { continue };
                let route = identity.route();
                if by_identity.get(&route).is_some_and(|own| own.receiver_count() == 0) {
                    by_identity.remove(&route);
                }
            }
        }
    }
}

/// Hands a message to its line. Answers the first one of a line that is to be opened.
async fn sort(
    client: &Client,
    lines: &mut Lines,
    reign: u64,
    route: &str,
    message: Message,
) -> Option<(Packet, Identity)> {
    let packet = Packet::decode(message.payload)?;
    if let Some(line) = lines.get(route) {
        if line.try_send(Incoming::Packet(packet)).is_err() {
            // Its frames are not all there any more: it ends.
            lines.remove(route);
        }
        return None;
    }
    if packet.sort == Sort::Frame && packet.number == 0 && packet.reign == 0 {
        let (identity, _) = Identity::parse(route)?;
        return Some((packet, identity));
    }
    if packet.sort != Sort::Bye && packet.reign <= reign {
        // A line of a hub before, or one that ended here: the guest need not wait to learn it.
        say_goodbye(client, route, reign).await;
    }
    None
}

/// To a guest that has no line here.
async fn say_goodbye(client: &Client, route: &str, reign: u64) {
    let bye = Packet { sort: Sort::Bye, reign, number: 0, body: Bytes::new() };
    drop(client.publish(format!("{DOWN}.{route}"), bye.encode()).await);
}

async fn serve(
    client: Client,
    core: Arc<Core>,
    reign: u64,
    route: &str,
    identity: Identity,
    (receiver, doubted): (mpsc::Receiver<Incoming>, watch::Receiver<()>),
    over: &CancellationToken,
) {
    let incoming = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|incoming| (incoming, receiver))
    });
    let (line, gone) = line::answer(client, route, reign, incoming.boxed(), doubted, over);
    // Its subject says who it is; of what it calls itself in its greeting, which of its own GPUs counts alone.
    let who = |said: Option<WorkerId>| {
        let identity =
            said.and_then(|said| identity.gpu_of(&said)).map_or(identity.clone(), |gpu| identity.on_gpu(gpu));
        (identity.acting(), identity.rights())
    };
    if let Err(error) = guest(line, core, who).await {
        tracing::debug!(%error, route, "a guest was dropped");
    }
    gone.cancelled().await;
}
