use super::{Disk, Identity};
use crate::bus::Limits;
use std::{fmt, path::PathBuf};

/// How to open the bus of a lab. Nothing is read from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsSettings {
    /// `HOST:PORT`, or an address such as `tls://hub.lab.example:4222`.
    pub server: String,
    /// Who this process is there.
    pub identity: Identity,
    /// How it proves that.
    pub login: Login,
    /// The SHA-256 of the public key that the server must have. None: no TLS, unless the server or its address wants it.
    pub server_key: Option<[u8; 32]>,
    /// The private key with which a hub says who may come in. None: the server's configuration says it.
    pub issuer: Option<String>,
    /// What this computer is called, where it joins.
    pub computer: Option<String>,
    /// Bounds, where this process holds the bus.
    pub limits: Limits,
    /// Where the server keeps what it is told, if that is on this computer and a hub of it may start the server anew.
    pub disk: Option<Disk>,
}

impl NatsSettings {
    /// For a server that lets everybody in, in plain text.
    pub fn open(server: String, identity: Identity) -> Self {
        Self {
            server,
            identity,
            login: Login::Open,
            server_key: None,
            issuer: None,
            computer: None,
            limits: Limits::default(),
            disk: None,
        }
    }
}

/// How a process proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Not at all: the server asks nobody.
    Open,
    /// A user of the server's configuration.
    Password {
        /// Its name.
        user: String,
        /// Its password.
        password: String,
    },
    /// A key whose public half the server, or the hub, knows.
    Key {
        /// The private half, as `nkeys` write it.
        seed: String,
        /// Of an invitation, the first time.
        token: Option<String>,
    },
    /// Credentials of a server that the lab runs itself: the file's content.
    Credentials {
        /// As `nsc` writes it.
        text: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Password { .. } => "Password",
            Self::Key { .. } => "Key",
            Self::Credentials { .. } => "Credentials",
        })
    }
}

impl NatsSettings {
    /// What messages call the place.
    pub(super) fn place(&self) -> PathBuf {
        PathBuf::from(&self.server)
    }
}
