use super::{
    Invitation, LabError,
    error::hub_error,
    folder::{is_locked, lock_file, make_private, open_lock, write_private},
};
use crate::bus::{
    Limits,
    nats::{self, Identity, Key, Login, NatsSettings},
};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

/// Whom a hub calls itself.
const NAME: &str = "hub";
/// Files of the folder.
pub(super) const KEPT: &str = "hub.json";
/// Whoever has it looks at the folder, and at what is to become of it.
pub(super) const MAKING: &str = "making";
const CERTIFICATE: &str = "certificate.pem";
const CERTIFICATE_KEY: &str = "certificate-key.pem";
/// That of a server which somebody else runs, where it was given.
const SERVER_CERTIFICATE: &str = "server-certificate.pem";
const CONFIGURATION: &str = "nats-server.conf";
/// Whoever has it runs the server; hubs that use somebody else's share it.
const LOCK: &str = "lock";
pub(super) const PID_FILE: &str = "nats-server.pid";
/// What the server says. Whoever reaches its port makes it say something: it begins a new file after so many bytes, and keeps so many.
pub(super) const LOG: &str = "nats-server.log";
const LOG_BYTES: &str = "16MB";
const LOGS: u32 = 4;
/// What the server keeps at most: twice what the hub lets logs and records become.
const DISK: &str = "8GB";
/// Programs of members and workers that may be connected at a time, where nothing else is said, and what may be said.
const CONNECTIONS: u32 = 2_048;
const FEWEST_CONNECTIONS: u32 = 16;
const MOST_CONNECTIONS: u32 = 65_536;
/// Jobs of one member that may wait at a time, where nothing else is said.
const WAITING: u32 = 10_000;
/// Beyond those, for hubs, and for whoever is being let in or refused.
const AT_THE_DOOR: u32 = 256;

/// A hub's folder: its keys, the server's certificate and configuration, and what the server keeps.
#[derive(Debug)]
pub struct HubPlace {
    dir: PathBuf,
    kept: Kept,
    /// The SHA-256 of the server's public key.
    server_key: [u8; 32],
    /// What the folder does not say yet.
    unkept: Option<Unkept>,
}

/// What a hub was told, until its start has worked.
#[derive(Debug)]
struct Unkept {
    /// Others wait with what they were told.
    _making: File,
    /// An option by which it is otherwise than the folder says.
    changed: Option<&'static str>,
    /// The server that it does not use any more.
    left: Option<String>,
    /// A certificate that was given.
    certificate: Option<Vec<u8>>,
}

/// What a hub knows about itself.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
struct Kept {
    /// What people call the lab.
    lab: String,
    /// Where the server listens.
    listen: SocketAddr,
    /// Where others reach it.
    address: String,
    /// Where it is, if somebody else runs it.
    #[serde(default)]
    server: Option<String>,
    /// Programs of members and workers that may be connected at a time.
    #[serde(default)]
    connections: Option<u32>,
    /// Jobs of one member that may wait at a time.
    #[serde(default)]
    waiting: Option<NonZeroU32>,
    /// The key with which hubs come in.
    hub: String,
    /// The key with which they say who else may.
    issuer: String,
    /// That no hub has started with it: of all that, only the keys count.
    #[serde(default, skip_serializing_if = "nats::is_no")]
    unused: bool,
}

/// How a hub is wanted to be. What is not said stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The lab's name, for people; at first that of the computer.
    pub lab: Option<String>,
    /// Where the server listens; at first port 4222 of every address. Where no `server` is said, the hub runs one of its own.
    pub listen: Option<SocketAddr>,
    /// `HOST:PORT` as others reach it; at first the computer's name.
    pub address: Option<String>,
    /// `HOST:PORT` of a server that somebody else runs: another hub, or the lab. The hub runs none.
    pub server: Option<String>,
    /// The certificate of that server, a PEM file; at first the hub's own.
    pub certificate: Option<PathBuf>,
    /// Programs of members and workers that may be connected at a time, 16 to 65,536; at first 2,048. Others have to wait.
    pub connections: Option<u32>,
    /// Jobs of one member that may wait at a time; at first 10,000. Further ones are refused.
    pub waiting: Option<NonZeroU32>,
}

impl HubPlace {
    /// Makes the folder a hub's, or takes what is there. `computer` is what this one is called. Keys are kept at once; what is wanted
    /// only once a hub has started with it, and until then nobody else makes anything of the folder.
    ///
    /// # Errors
    /// [`LabError::HubIo`], [`LabError::OtherFolder`], [`LabError::Address`], [`LabError::LabName`], [`LabError::Certificate`];
    /// [`LabError::HubRuns`] where a hub runs there that is not as this one is wanted.
    pub fn make(dir: &Path, wanted: Wanted, computer: &str) -> Result<Self, LabError> {
        for (option, address) in [("--address", &wanted.address), ("--server", &wanted.server)] {
            if let Some(address) = address {
                check_address(option, address)?;
            }
        }
        if let Some(name) = wanted.lab.as_ref().filter(|name| name.trim().is_empty() || name.contains(char::is_control))
        {
            return Err(LabError::LabName { name: name.clone() });
        }
        let given = wanted.certificate.as_deref().map(read_certificate).transpose()?;
        make_private(dir)?;
        let dir = &fs::canonicalize(dir).map_err(hub_error(dir))?;
        // Of two that start at once the second finds what the first has made.
        let making = lock_file(&dir.join(MAKING))?;
        let found = read(dir)?;
        let before = found.as_ref().filter(|found| !found.unused);
        let listen = wanted.listen.or(before.map(|before| before.listen));
        let listen = listen.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4222)));
        let server_before = before.and_then(|before| before.server.clone());
        let server = match (&wanted.server, wanted.listen) {
            (Some(server), _) => Some(server.clone()),
            (None, Some(_)) => None,
            (None, None) => server_before.clone(),
        };
        // Where the address is that of the server, it goes with it.
        let stays = |before: &Kept| {
            before.listen == listen && (before.server == server || before.server.as_ref() != Some(&before.address))
        };
        let address = match (wanted.address, before) {
            (Some(address), _) => address,
            (None, Some(before)) if stays(before) => before.address.clone(),
            (None, _) => match &server {
                Some(server) => server.clone(),
                None if listen.ip().is_unspecified() => format!("{computer}:{}", listen.port()),
                None => listen.to_string(),
            },
        };
        let lab = wanted.lab.or_else(|| before.map(|before| before.lab.clone()));
        let lab = lab.unwrap_or_else(|| computer.to_owned());
        let connections = wanted.connections.or(before.and_then(|before| before.connections));
        if let Some(count) = connections.filter(|count| !(FEWEST_CONNECTIONS..=MOST_CONNECTIONS).contains(count)) {
            return Err(LabError::Connections { count, fewest: FEWEST_CONNECTIONS, most: MOST_CONNECTIONS });
        }
        let waiting = wanted.waiting.or(before.and_then(|before| before.waiting));
        let (hub, issuer) = match &found {
            Some(found) => (found.hub.clone(), found.issuer.clone()),
            None => (Key::new_user().seed, Key::new_issuer().seed),
        };
        let kept = Kept { lab, listen, address, server, connections, waiting, hub, issuer, unused: false };
        let changed = before.and_then(|before| {
            let of_server = if wanted.server.is_some() { "--server" } else { "--listen" };
            let current = || certificate_of(dir, before.server.is_some());
            [
                (of_server, before.server != kept.server),
                ("--certificate", given.as_ref().is_some_and(|given| fs::read(current()).ok().as_ref() != Some(given))),
                ("--name", before.lab != kept.lab),
                ("--listen", before.listen != kept.listen),
                ("--address", before.address != kept.address),
                ("--connections", before.connections != kept.connections),
                ("--waiting", before.waiting != kept.waiting),
            ]
            .into_iter()
            .find_map(|(what, changed)| changed.then_some(what))
        });
        // What it said holds for that one, too: its invitations, and what it tells the server.
        if let Some(what) = changed
            && is_locked(&dir.join(LOCK))?
        {
            return Err(LabError::HubRuns { dir: dir.clone(), what });
        }
        if found.is_none() {
            keep(dir, &Kept { unused: true, ..kept.clone() })?;
        }
        let pem = match &given {
            Some(given) => given.clone(),
            None => have_certificate(dir, computer, kept.server.is_some(), server_before.is_some())?,
        };
        let path = wanted.certificate.unwrap_or_else(|| certificate_of(dir, kept.server.is_some()));
        let server_key = server_key(&path, &pem)?;
        let left = server_before.filter(|_| kept.server.is_none());
        let unkept = Some(Unkept { _making: making, changed, left, certificate: given });
        Ok(Self { dir: dir.clone(), kept, server_key, unkept })
    }

    /// The keys of a hub that has not started yet, or those of one that has.
    ///
    /// # Errors
    /// As [`HubPlace::make`].
    pub fn with_keys(dir: &Path, computer: &str) -> Result<Self, LabError> {
        match read(dir)? {
            Some(kept) if !kept.unused => Self::open(dir),
            _ => Self::make(dir, Wanted::default(), computer),
        }
    }

    /// The hub that lives in this folder.
    pub fn open(dir: &Path) -> Result<Self, LabError> {
        let kept = read(dir)?.ok_or_else(|| LabError::NoHub { path: dir.to_owned() })?;
        let path = certificate_of(dir, kept.server.is_some());
        let pem = fs::read(&path).map_err(hub_error(&path))?;
        let server_key = server_key(&path, &pem)?;
        Ok(Self { dir: dir.to_owned(), kept, server_key, unkept: None })
    }

    /// Has the folder say what this hub was told: it has started.
    pub(super) fn keep(&mut self) -> Result<(), LabError> {
        let Some(Unkept { certificate, .. }) = &self.unkept else { return Ok(()) };
        let foreign = self.dir.join(SERVER_CERTIFICATE);
        if let Some(pem) = certificate {
            write_private(&foreign, pem)?;
        }
        if read(&self.dir)?.as_ref() != Some(&self.kept) {
            keep(&self.dir, &self.kept)?;
        }
        if self.kept.server.is_none() && foreign.is_file() {
            fs::remove_file(&foreign).map_err(hub_error(&foreign))?;
        }
        self.unkept = None;
        Ok(())
    }

    /// An option by which it is otherwise than the folder says.
    pub(super) fn changed(&self) -> Option<&'static str> {
        self.unkept.as_ref().and_then(|unkept| unkept.changed)
    }

    /// The server of somebody else that it used until now, where it is to run one of its own again.
    pub fn left(&self) -> Option<&str> {
        self.unkept.as_ref().and_then(|unkept| unkept.left.as_deref())
    }

    /// The server of somebody else that it uses.
    pub(super) fn server(&self) -> Option<&str> {
        self.kept.server.as_deref()
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where others reach the server.
    pub fn address(&self) -> &str {
        &self.kept.address
    }

    /// What people call the lab.
    pub fn lab(&self) -> &str {
        &self.kept.lab
    }

    /// Whether hubs of this folder run the server.
    pub fn runs_server(&self) -> bool {
        self.kept.server.is_none()
    }

    fn connections(&self) -> u32 {
        self.kept.connections.unwrap_or(CONNECTIONS)
    }

    /// Jobs of one member that may wait at a time.
    pub fn waiting(&self) -> u32 {
        self.kept.waiting.map_or(WAITING, NonZeroU32::get)
    }

    /// The server's configuration.
    pub fn configuration(&self) -> PathBuf {
        self.dir.join(CONFIGURATION)
    }

    /// Where this computer reaches the server that it runs.
    pub(super) fn here(&self) -> SocketAddr {
        let mut here = self.kept.listen;
        match here.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => here.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => here.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        here
    }

    /// How a hub opens the bus.
    pub(super) fn settings(&self) -> NatsSettings {
        NatsSettings {
            server: self.kept.server.clone().unwrap_or_else(|| self.here().to_string()),
            identity: Identity::hub(NAME),
            login: Login::Key { seed: self.kept.hub.clone(), token: None },
            server_key: Some(self.server_key),
            issuer: Some(self.kept.issuer.clone()),
            computer: None,
            limits: Limits { connections: self.connections() as usize, ..Limits::default() },
            disk: None,
        }
    }

    pub(super) fn invitation(&self, invited: super::Invited, token: String) -> Invitation {
        let super::Invited { part, name, many, expires_at, places, jobs_at_once, admin, .. } = invited;
        Invitation {
            lab: self.kept.lab.clone(),
            server: self.kept.address.clone(),
            server_key: self.server_key.iter().map(|byte| format!("{byte:02x}")).collect(),
            part,
            name,
            many,
            expires_at,
            places,
            jobs_at_once,
            admin,
            token,
        }
    }

    /// What a server's configuration has to say for this hub: its account, and that it is asked who may come in.
    ///
    /// # Errors
    /// [`LabError::NoHub`] where the folder's keys are none.
    pub fn account_lines(&self) -> Result<String, LabError> {
        let public = |seed: &str| Key::of(seed).map(|key| key.public);
        let keys = public(&self.kept.hub).zip(public(&self.kept.issuer));
        let (hub, issuer) = keys.ok_or_else(|| LabError::NoHub { path: self.dir.clone() })?;
        let account = nats::ACCOUNT;
        Ok(format!(
            "accounts {{\n  \
               {account}: {{ jetstream: {{ max_file: {DISK}, max_streams: 8, max_consumers: 64 }}, users: [ {{ nkey: {hub} }} ] }}\n  \
               SYSTEM: {{}}\n}}\n\
             system_account: SYSTEM\n\
             authorization {{\n  timeout: 10\n  \
               auth_callout {{ issuer: {issuer}, auth_users: [ {hub} ], account: {account} }}\n}}\n"
        ))
    }

    /// Writes the server's configuration. Answers its file.
    pub(super) fn configure(&self) -> Result<PathBuf, LabError> {
        let at = |name: &str| format!("{:?}", self.dir.join(name));
        let text = format!(
            "# Written by `samepath hub`, each time that it starts the server.\n\
             server_name: samepath\n\
             listen: \"{listen}\"\n\
             pid_file: {pid}\n\
             log_file: {log}\n\
             logfile_size_limit: {LOG_BYTES}\n\
             logfile_max_num: {LOGS}\n\
             max_payload: 1MB\n\
             max_connections: {connections}\n\
             write_deadline: \"10s\"\n\
             # What was answered is not lost, in a power cut neither.\n\
             jetstream {{ store_dir: {store}, sync_interval: always }}\n\
             tls {{ cert_file: {certificate}, key_file: {key}, min_version: \"1.3\", timeout: 10 }}\n\
             {account}",
            listen = self.kept.listen,
            connections = self.connections() + AT_THE_DOOR,
            pid = at(PID_FILE),
            log = at(LOG),
            store = at("store"),
            certificate = at(CERTIFICATE),
            key = at(CERTIFICATE_KEY),
            account = self.account_lines()?,
        );
        let path = self.configuration();
        write_private(&path, text.as_bytes())?;
        Ok(path)
    }

    /// The right to run the server; none while another process has it, or uses somebody else's.
    pub(super) fn try_lock(&self) -> Result<Option<File>, LabError> {
        self.try_to(File::try_lock)
    }

    /// The right to use somebody else's server; none while another process runs one.
    pub(super) fn try_share(&self) -> Result<Option<File>, LabError> {
        self.try_to(File::try_lock_shared)
    }

    fn try_to(&self, lock: fn(&File) -> Result<(), TryLockError>) -> Result<Option<File>, LabError> {
        let path = self.dir.join(LOCK);
        let file = open_lock(&path)?;
        match lock(&file) {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(LabError::HubIo { path, source }),
        }
    }
}

fn check_address(option: &'static str, address: &str) -> Result<(), LabError> {
    let is_host =
        |host: &str| !host.is_empty() && host.chars().all(|it| it.is_alphanumeric() || "._-:[]%".contains(it));
    let port = address.rsplit_once(':').filter(|(host, _)| is_host(host)).map(|(_, port)| port.parse::<u16>());
    if matches!(port, Some(Ok(1..))) { Ok(()) } else { Err(LabError::Address { option, address: address.to_owned() }) }
}

fn read(dir: &Path) -> Result<Option<Kept>, LabError> {
    let path = dir.join(KEPT);
    match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| hub_error(&path)(error.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(hub_error(path)(source)),
    }
}

fn keep(dir: &Path, kept: &Kept) -> Result<(), LabError> {
    write_private(&dir.join(KEPT), &serde_json::to_vec_pretty(kept).unwrap_or_default())
}

/// The certificate of the server that a hub uses, or runs. One whose folder was copied has that of the hub that it was copied from.
fn certificate_of(dir: &Path, foreign: bool) -> PathBuf {
    let given = dir.join(SERVER_CERTIFICATE);
    if foreign && given.is_file() { given } else { dir.join(CERTIFICATE) }
}

/// What is in it, made where there is none.
fn have_certificate(dir: &Path, computer: &str, foreign: bool, was_foreign: bool) -> Result<Vec<u8>, LabError> {
    let path = certificate_of(dir, foreign);
    let (own, key) = (dir.join(CERTIFICATE), dir.join(CERTIFICATE_KEY));
    // What has no key beside it is somebody else's.
    let lacks_key = !foreign && was_foreign && !key.is_file();
    if path.is_file() && !lacks_key {
        return fs::read(&path).map_err(hub_error(&path));
    }
    let given = dir.join(SERVER_CERTIFICATE);
    if lacks_key && own.is_file() && !given.is_file() {
        write_private(&given, &fs::read(&own).map_err(hub_error(&own))?)?;
    }
    let made = rcgen::generate_simple_self_signed(vec![computer.to_owned()])
        .map_err(|error| hub_error(&own)(std::io::Error::other(error.to_string())))?;
    write_private(&key, made.signing_key.serialize_pem().as_bytes())?;
    let pem = made.cert.pem();
    write_private(&own, pem.as_bytes())?;
    Ok(pem.into_bytes())
}

/// A file with a certificate, as somebody names it.
fn read_certificate(path: &Path) -> Result<Vec<u8>, LabError> {
    let unread = |why: String| LabError::Certificate { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(|error| unread(error.to_string()))?;
    server_key(path, &pem).map(|_| pem)
}

fn server_key(path: &Path, pem: &[u8]) -> Result<[u8; 32], LabError> {
    let none = || LabError::Certificate { path: path.to_owned(), why: "there is no certificate in it".to_owned() };
    nats::server_key_of_pem(pem).ok_or_else(none)
}
