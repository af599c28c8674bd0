use super::{Invitation, LabError, Part, Places, error::io_error, invitation, private::Half};
use crate::bus::{
    Bus, BusError,
    nats::{self, Identity, Key, Login, NatsSettings},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU32, path::Path};

/// That somebody belongs to a lab, on one computer. A secret: who has it is that somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The lab's name, for people.
    pub lab: String,
    /// Where the lab's server is, `HOST:PORT`.
    pub server: String,
    /// The SHA-256 of its public key, in hexadecimal digits.
    pub server_key: String,
    /// As what: a member or a worker.
    pub part: Part,
    /// The person's or the worker's name.
    pub name: String,
    /// When.
    pub joined_at: Timestamp,
    /// Where jobs of the member may write and read, as the invitation said. What counts is what the hub has kept.
    #[serde(default, flatten)]
    pub places: Places,
    /// How many jobs of the member may run at a time; what counts is what the hub has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether the member looks after the lab's workers, likewise.
    #[serde(default, skip_serializing_if = "nats::is_no")]
    pub admin: bool,
    /// The private key, which was made here.
    seed: String,
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lab, server, part, name, .. } = self;
        let mut shown = f.debug_struct("Membership");
        shown.field("lab", lab).field("server", server).field("part", part).field("name", name).finish_non_exhaustive()
    }
}

/// One of a member's computers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computer {
    /// The key by which it comes in: its public half.
    pub key: String,
    /// What it called itself when it joined; none where an older version did not say.
    pub name: Option<String>,
    /// When it joined.
    pub joined_at: Timestamp,
    /// Whether it is this one.
    pub own: bool,
}

impl Membership {
    /// Joins: makes a key, and shows it to the lab together with the invitation's token. Waits up to fifteen seconds for an answer.
    ///
    /// # Errors
    /// [`LabError::Refused`] or [`LabError::Expired`] where the lab does not accept the invitation; the lab does not answer, or
    /// somebody else answers in its place.
    pub async fn join(invitation: &Invitation) -> Result<Self, LabError> {
        Self::join_from(invitation, None).await
    }

    /// The same, from a computer that is called so: its owner tells it from others by that.
    async fn join_from(invitation: &Invitation, computer: Option<&str>) -> Result<Self, LabError> {
        let key = Key::new_user();
        let name = &invitation.name;
        let membership = Self {
            lab: invitation.lab.clone(),
            server: invitation.server.clone(),
            server_key: invitation.server_key.clone(),
            part: invitation.part,
            name: if invitation.many { nats::many_name(name, &key.public) } else { name.clone() },
            joined_at: Timestamp::now(),
            places: invitation.places.clone(),
            jobs_at_once: invitation.jobs_at_once,
            admin: invitation.admin,
            seed: key.seed.clone(),
        };
        let mut settings = membership.settings()?;
        settings.login = Login::Key { seed: key.seed, token: Some(invitation.token.clone()) };
        settings.computer = computer.map(str::to_owned);
        match nats::join(settings).await {
            Ok(bus) => {
                bus.close().await;
                Ok(membership)
            }
            Err(BusError::NotAdmitted { .. }) if invitation.expires_at < Timestamp::now() => {
                Err(LabError::Expired { at: invitation.expires_at })
            }
            Err(BusError::NotAdmitted { .. }) => Err(LabError::Refused { part: invitation.part }),
            Err(error) => Err(error.into()),
        }
    }

    /// Joins from a computer of this name, and keeps it in a file that only its owner can read. A file that cannot be written uses no
    /// invitation up.
    ///
    /// # Errors
    /// As [`Membership::join`], and [`LabError::Io`].
    pub async fn join_and_keep(invitation: &Invitation, computer: Option<&str>, file: &Path) -> Result<Self, LabError> {
        let half = Half::begin(file)?;
        let membership = Self::join_from(invitation, computer).await?;
        half.finish(&serde_json::to_vec_pretty(&membership).unwrap_or_default())?;
        Ok(membership)
    }

    /// What was kept; none where nothing was.
    ///
    /// # Errors
    /// [`LabError::Io`], also where it is not what was written.
    pub fn kept(file: &Path) -> Result<Option<Self>, LabError> {
        match std::fs::read(file) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| io_error(file)(error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(file)(error)),
        }
    }

    /// The invitation that the lab has added for the same person.
    pub(crate) fn invitation(&self, added: nats::Added) -> Invitation {
        let nats::Added { token, expires_at, places } = added;
        Invitation {
            lab: self.lab.clone(),
            server: self.server.clone(),
            server_key: self.server_key.clone(),
            part: self.part,
            name: self.name.clone(),
            many: false,
            expires_at,
            places,
            jobs_at_once: self.jobs_at_once,
            admin: self.admin,
            token,
        }
    }

    /// The public key by which this computer comes in.
    pub(crate) fn key(&self) -> Option<String> {
        Key::of(&self.seed).map(|key| key.public)
    }

    /// What the lab said of this member's computers.
    pub(crate) fn told(&self, computers: nats::Computers) -> Vec<Computer> {
        let own = self.key();
        let told = |it: nats::ComputerSaid| Computer {
            own: own.as_ref() == Some(&it.key),
            key: it.key,
            name: it.computer,
            joined_at: it.joined_at,
        };
        computers.computers.into_iter().map(told).collect()
    }

    /// How the bus of the lab is opened. [`LabError::NoInvitation`] where what was kept cannot be what joining gave.
    pub(crate) fn settings(&self) -> Result<NatsSettings, LabError> {
        let key = Key::of(&self.seed).ok_or(LabError::NoInvitation)?;
        let server_key = invitation::key_bytes(&self.server_key).ok_or(LabError::NoInvitation)?;
        let identity = match self.part {
            Part::Hub => return Err(LabError::NoInvitation),
            Part::Member => Identity::member(&self.name),
            Part::Worker => Identity::worker(&self.name),
        };
        Ok(NatsSettings {
            login: Login::Key { seed: key.seed, token: None },
            server_key: Some(server_key),
            ..NatsSettings::open(self.server.clone(), identity.with_key(key.public))
        })
    }
}
