use super::{LabError, Part, Places};
use crate::bus::nats;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU32, str::FromStr};

/// What each begins with.
const BEGINNING: &str = "samepath:";

/// One line with which somebody joins a lab. A secret until it is used: whoever has it may come in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The lab's name, for people.
    pub lab: String,
    /// Where the lab's server is, `HOST:PORT`.
    pub server: String,
    /// The SHA-256 of its public key, in hexadecimal digits.
    pub server_key: String,
    /// As what: a member or a worker.
    pub part: Part,
    /// The person's name; the worker's, or what the names of several workers begin with.
    pub name: String,
    /// Whether it is for several workers.
    #[serde(default)]
    pub many: bool,
    /// Not later, by the hub's clock.
    pub expires_at: Timestamp,
    /// Where jobs of the member may write and read: so that it can be said early. What counts is what the hub has kept.
    #[serde(default, flatten)]
    pub places: Places,
    /// How many jobs of the member may run at a time, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether the member is to look after the lab's workers: so that the window knows. What counts is what the hub has kept.
    #[serde(default, skip_serializing_if = "nats::is_no")]
    pub admin: bool,
    /// Whoever has it may come in.
    pub(super) token: String,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lab, server, part, name, .. } = self;
        let mut shown = f.debug_struct("Invitation");
        shown.field("lab", lab).field("server", server).field("part", part).field("name", name).finish_non_exhaustive()
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Plain data with text keys: writing it cannot fail.
        write!(f, "{BEGINNING}{}", BASE64.encode(serde_json::to_vec(self).unwrap_or_default()))
    }
}

impl FromStr for Invitation {
    type Err = LabError;

    /// What mail programs do to a line, spaces and breaks, is put up with.
    fn from_str(text: &str) -> Result<Self, LabError> {
        let text: String = text.split_whitespace().collect();
        let inner = text.strip_prefix(BEGINNING).and_then(|inner| BASE64.decode(inner).ok());
        let invitation: Option<Self> = inner.and_then(|inner| serde_json::from_slice(&inner).ok());
        let is_usable = |invitation: &Self| key_bytes(&invitation.server_key).is_some() && invitation.part != Part::Hub;
        invitation.filter(is_usable).ok_or(LabError::NoInvitation)
    }
}

/// The bytes of [`Invitation::server_key`].
pub(super) fn key_bytes(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_one_line_and_comes_back() {
        let invitation = Invitation {
            lab: "Talmo Lab".to_owned(),
            server: "hub.lab.example:4222".to_owned(),
            server_key: "ab".repeat(32),
            part: Part::Member,
            name: "amick".to_owned(),
            many: false,
            expires_at: Timestamp::UNIX_EPOCH,
            places: Places::default(),
            jobs_at_once: None,
            admin: false,
            token: "0123".to_owned(),
        };
        let line = invitation.to_string();
        assert!(!line.contains(char::is_whitespace) && !format!("{invitation:?}").contains("0123"));
        assert_eq!(line.parse::<Invitation>().expect("read"), invitation);
        let (first, last) = line.split_at(40);
        assert_eq!(format!("  {first}\r\n {last}\n").parse::<Invitation>().expect("read"), invitation);
        let as_hub = Invitation { part: Part::Hub, ..invitation }.to_string();
        for wrong in ["", BEGINNING, first, "samepath:e30", &line[3..], &as_hub] {
            assert!(matches!(wrong.parse::<Invitation>(), Err(LabError::NoInvitation)), "{wrong}");
        }
    }
}
