//! A lab's hub in this process, on a real server, and other programs than ours at its door.
#![allow(dead_code, reason = "every test file uses its own part of it")]

use samepath_fleet::{
    Fleet,
    bus::{
        Bus, BusError, Expect, Link,
        nats::{self, Identity, Login, NatsSettings},
    },
    lab::{Hub, HubPlace, Invitation, Invite, LabError, Membership, Part, Places, Registry, Wanted},
};
use samepath_testkit::nats_server;
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// A hub in this process, and the server that it runs.
pub(crate) struct Running {
    pub(crate) task: JoinHandle<()>,
    pub(crate) shutdown: CancellationToken,
}

impl Running {
    pub(crate) async fn start(place: HubPlace) -> Self {
        let hub = Hub::start(place, Some(nats_server())).await.expect("starts");
        let shutdown = CancellationToken::new();
        Self { task: tokio::spawn(hub.run(shutdown.clone())), shutdown }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("ended");
    }
}

pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) listen: SocketAddr,
    pub(crate) hub: Option<Running>,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let listen = std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
        let mut lab = Self { dir: tempfile::tempdir().expect("a folder"), listen, hub: None };
        lab.start().await;
        lab
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn place(&self) -> HubPlace {
        let wanted = Wanted { listen: Some(self.listen), lab: Some("Test Lab".to_owned()), ..Wanted::default() };
        HubPlace::make(self.dir(), wanted, "127.0.0.1").expect("a hub's folder")
    }

    pub(crate) async fn start(&mut self) {
        self.hub = Some(Running::start(self.place()).await);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(hub) = self.hub.take() {
            hub.stop().await;
        }
    }

    pub(crate) async fn invite(&self, part: Part, name: &str, uses: u32, lasts: jiff::SignedDuration) -> Invitation {
        let registry = Registry::open(self.dir()).await.expect("joins");
        let wanted = Invite {
            part,
            name: name.to_owned(),
            uses,
            lasts,
            places: Places::default(),
            jobs_at_once: None,
            admin: false,
        };
        let invitation = registry.invite(wanted).await.expect("invited");
        registry.close().await;
        invitation
    }

    pub(crate) async fn invite_to(&self, part: Part, name: &str, places: Places) -> Invitation {
        let registry = Registry::open(self.dir()).await.expect("joins");
        let wanted =
            Invite { part, name: name.to_owned(), uses: 1, lasts: HOUR, places, jobs_at_once: None, admin: false };
        let invitation = registry.invite(wanted).await.expect("invited");
        registry.close().await;
        invitation
    }

    /// Has a record written, as the hub alone can. The membership is anybody's.
    pub(crate) async fn put(&self, membership: &Membership, key: &str, value: &serde_json::Value) {
        let hub = std::fs::read(self.dir().join("hub.json")).expect("a hub's");
        let hub: serde_json::Value = serde_json::from_slice(&hub).expect("JSON");
        let seed = hub["hub"].as_str().expect("a key").to_owned();
        let settings = NatsSettings {
            identity: Identity::hub("hub"),
            login: Login::Key { seed, token: None },
            ..settings(self, membership)
        };
        let bus = nats::join(settings).await.expect("comes in");
        bus.put(key, value.to_string().into_bytes(), Expect::Any, None).await.expect("written");
        bus.close().await;
    }

    pub(crate) async fn member(&self, name: &str) -> Membership {
        Membership::join(&self.invite(Part::Member, name, 1, HOUR).await).await.expect("joins")
    }

    pub(crate) async fn revoke(&self, name: &str) -> Result<(usize, usize), LabError> {
        let registry = Registry::open(self.dir()).await.expect("joins");
        let gone = registry.revoke(name).await;
        registry.close().await;
        gone.map(|gone| (gone.computers, gone.invitations))
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        let registry = Registry::open(self.dir()).await.expect("joins");
        let mut names: Vec<String> =
            registry.joined().await.expect("answered").into_iter().map(|joined| joined.name).collect();
        registry.close().await;
        names.sort_unstable();
        names
    }
}

pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, work).await.expect("in time")
}

pub(crate) fn why(link: &Link) -> Option<&BusError> {
    match link {
        Link::Up => None,
        Link::Down { why, .. } => why.as_deref(),
    }
}

pub(crate) async fn is_answered(fleet: &Fleet) -> bool {
    fleet.unreadable_jobs().await.is_ok()
}

pub(crate) async fn is_refused(membership: &Membership) -> bool {
    let refused = in_time(Fleet::lab(membership)).await;
    refused.is_err_and(|error| matches!(error, LabError::Bus(BusError::NotAdmitted { .. })))
}

/// Somebody with a key of the lab, and another program than ours.
pub(crate) struct Thief {
    pub(crate) client: async_nats::Client,
    pub(crate) refusals: tokio::sync::mpsc::UnboundedReceiver<String>,
    pub(crate) key: String,
}

impl Thief {
    pub(crate) async fn connect(lab: &Lab, seed: &str) -> Result<Self, async_nats::ConnectError> {
        let (refused, refusals) = tokio::sync::mpsc::unbounded_channel();
        let client = async_nats::ConnectOptions::with_nkey(seed.to_owned())
            .require_tls(true)
            .add_root_certificates(lab.dir().join("certificate.pem"))
            .event_callback(move |event| {
                let refused = refused.clone();
                async move {
                    if let async_nats::Event::ServerError(error) = event {
                        drop(refused.send(error.to_string()));
                    }
                }
            })
            .connect(lab.listen.to_string())
            .await?;
        let key = nkeys::KeyPair::from_seed(seed).expect("a seed").public_key();
        Ok(Self { client, refusals, key })
    }

    pub(crate) async fn with(lab: &Lab, membership: &Membership) -> Self {
        Self::connect(lab, &seed(membership)).await.expect("is let in")
    }

    pub(crate) async fn is_refused(&mut self, what: &str) {
        let said = in_time(self.refusals.recv()).await.expect("goes on");
        assert!(said.to_lowercase().contains("permissions violation"), "{what}: {said}");
    }
}

pub(crate) fn seed(membership: &Membership) -> String {
    let json = serde_json::to_value(membership).expect("plain data");
    json["seed"].as_str().expect("a seed").to_owned()
}

/// A line's first frame: for whichever hub is there.
pub(crate) fn greeting() -> Vec<u8> {
    let hello = br#"{"frame":"hello","version":2,"worker":null}"#;
    let size = u32::try_from(hello.len()).expect("small").to_le_bytes();
    [&[0; 17][..], &size, hello].concat()
}

/// How the bus of the lab is opened by whoever has joined.
pub(crate) fn settings(lab: &Lab, membership: &Membership) -> NatsSettings {
    let key = nkeys::KeyPair::from_seed(&seed(membership)).expect("a seed").public_key();
    let identity = match membership.part {
        Part::Worker => Identity::worker(&membership.name),
        _ => Identity::member(&membership.name),
    };
    let mut server_key = [0; 32];
    for (at, byte) in server_key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&membership.server_key[2 * at..2 * at + 2], 16).expect("hexadecimal");
    }
    NatsSettings {
        login: Login::Key { seed: seed(membership), token: None },
        server_key: Some(server_key),
        ..NatsSettings::open(lab.listen.to_string(), identity.with_key(key))
    }
}
