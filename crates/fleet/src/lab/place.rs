use super::{Invitation, LabError, error::io_error, private::Half};
use crate::bus::{
    Limits,
    nats::{self, Identity, Key, Login, NatsSettings},
};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

/// Whom a hub calls itself.
const NAME: &str = "hub";
/// Files of the folder.
const KEPT: &str = "hub.json";
const CERTIFICATE: &str = "certificate.pem";
const CERTIFICATE_KEY: &str = "certificate-key.pem";
const CONFIGURATION: &str = "nats-server.conf";
/// Whoever has it runs the server.
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
}

/// What a hub knows about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
}

/// How a hub is wanted to be. What is not said stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The lab's name, for people; at first that of the computer.
    pub lab: Option<String>,
    /// Where the server listens; at first port 4222 of every address.
    pub listen: Option<SocketAddr>,
    /// `HOST:PORT` as others reach it; at first the computer's name.
    pub address: Option<String>,
    /// `HOST:PORT` of a server that somebody else runs: another hub, or the lab. The hub runs none.
    pub server: Option<String>,
    /// The certificate of that server, a PEM file; at first one that the hub makes.
    pub certificate: Option<PathBuf>,
    /// Programs of members and workers that may be connected at a time, 16 to 65,536; at first 2,048. Others have to wait.
    pub connections: Option<u32>,
    /// Jobs of one member that may wait at a time; at first 10,000. Further ones are refused.
    pub waiting: Option<NonZeroU32>,
}

impl HubPlace {
    /// Makes the folder a hub's, or takes what is there. `computer` is what this one is called.
    ///
    /// # Errors
    /// [`LabError::Io`], [`LabError::Address`], and [`LabError::NoHub`] where the certificate cannot be read.
    pub fn make(dir: &Path, wanted: Wanted, computer: &str) -> Result<Self, LabError> {
        make_private(dir)?;
        let dir = &fs::canonicalize(dir).map_err(io_error(dir))?;
        // Of two that start at once the second finds what the first has made.
        let _making = lock_file(&dir.join("making"))?;
        let before = read(dir)?;
        let listen = wanted.listen.or(before.as_ref().map(|before| before.listen));
        let listen = listen.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4222)));
        for address in [&wanted.address, &wanted.server].into_iter().flatten() {
            check_address(address)?;
        }
        let server = wanted.server.clone().or_else(|| before.as_ref().and_then(|before| before.server.clone()));
        let address = match (wanted.address.or(wanted.server), &before) {
            (Some(address), _) => address,
            (None, Some(before)) if before.listen == listen => before.address.clone(),
            (None, _) if listen.ip().is_unspecified() => format!("{computer}:{}", listen.port()),
            (None, _) => listen.to_string(),
        };
        let lab = wanted.lab.or_else(|| before.as_ref().map(|before| before.lab.clone()));
        let lab = lab.unwrap_or_else(|| computer.to_owned());
        let connections = wanted.connections.or(before.as_ref().and_then(|before| before.connections));
        if let Some(count) = connections.filter(|count| !(FEWEST_CONNECTIONS..=MOST_CONNECTIONS).contains(count)) {
            return Err(LabError::Connections { count, fewest: FEWEST_CONNECTIONS, most: MOST_CONNECTIONS });
        }
        let waiting = wanted.waiting.or(before.as_ref().and_then(|before| before.waiting));
        if let Some(before) = before.as_ref().filter(|before| before.server.is_none() && server.is_none()) {
            let changed = [
                ("--name", before.lab != lab),
                ("--listen", before.listen != listen),
                ("--address", before.address != address),
                ("--connections", before.connections != connections),
                ("--waiting", before.waiting != waiting),
            ];
            // What it said holds for that one, too: its invitations, and what it tells the server.
            if let Some((what, _)) = changed.into_iter().find(|(_, changed)| *changed)
                && is_locked(&dir.join(LOCK))?
            {
                return Err(LabError::HubRuns { dir: dir.clone(), what });
            }
        }
        let kept = match before {
            Some(before) => Kept { lab, listen, address, server, connections, waiting, ..before },
            None => {
                let (hub, issuer) = (Key::new_user().seed, Key::new_issuer().seed);
                Kept { lab, listen, address, server, connections, waiting, hub, issuer }
            }
        };
        let json = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        write_private(&dir.join(KEPT), &json)?;
        let (certificate, key) = (dir.join(CERTIFICATE), dir.join(CERTIFICATE_KEY));
        if let Some(given) = wanted.certificate {
            let pem = fs::read(&given).map_err(io_error(&given))?;
            write_private(&certificate, &pem)?;
        } else if !certificate.is_file() {
            let made = rcgen::generate_simple_self_signed(vec![computer.to_owned()])
                .map_err(|error| io_error(&certificate)(std::io::Error::other(error.to_string())))?;
            write_private(&key, made.signing_key.serialize_pem().as_bytes())?;
            write_private(&certificate, made.cert.pem().as_bytes())?;
        }
        Self::open(dir)
    }

    /// The hub that lives in this folder.
    pub fn open(dir: &Path) -> Result<Self, LabError> {
        let kept = read(dir)?.ok_or_else(|| LabError::NoHub { path: dir.to_owned() })?;
        let path = dir.join(CERTIFICATE);
        let pem = fs::read(&path).map_err(io_error(&path))?;
        let server_key = nats::server_key_of_pem(&pem).ok_or_else(|| LabError::NoHub { path: dir.to_owned() })?;
        Ok(Self { dir: dir.to_owned(), kept, server_key })
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

    /// The right to run the server; none while another process has it.
    pub(super) fn try_lock(&self) -> Result<Option<File>, LabError> {
        let path = self.dir.join(LOCK);
        let lock = open_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(LabError::Io { path, source }),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, LabError> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(io_error(path))
}

/// Whether another process has it.
fn is_locked(path: &Path) -> Result<bool, LabError> {
    Ok(matches!(open_lock(path)?.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Waits until nobody else has it.
fn lock_file(path: &Path) -> Result<File, LabError> {
    let lock = open_lock(path)?;
    lock.lock().map_err(io_error(path))?;
    Ok(lock)
}

fn check_address(address: &str) -> Result<(), LabError> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    if matches!(port, Some(Ok(_))) { Ok(()) } else { Err(LabError::Address { address: address.to_owned() }) }
}

fn read(dir: &Path) -> Result<Option<Kept>, LabError> {
    let path = dir.join(KEPT);
    match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| io_error(&path)(error.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LabError::Io { path, source }),
    }
}

#[cfg(unix)]
fn make_private(dir: &Path) -> Result<(), LabError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.and_then(|()| std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))).map_err(io_error(dir))
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> Result<(), LabError> {
    fs::create_dir_all(dir).map_err(io_error(dir))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    Half::begin(path)?.finish(bytes)
}
