//! Who belongs to a lab: records that only hubs see.

use super::{Identity, Part};
use crate::bus::{Bus, BusError, Change, Expect, Write};
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use samepath_wire::Places;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeSet, num::NonZeroU32};

/// Before the public key of somebody who has joined.
pub(crate) const KEYS: &str = "lab/keys/";
/// Before the name of a worker that was put out of the lab.
pub(crate) const PUT_OUT: &str = "lab/put-out/";
/// Before the fingerprint of a token.
pub(super) const INVITATIONS: &str = "lab/invitations/";

/// Who may join, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// As what.
    pub part: Part,
    /// The person's name; the worker's, or what the names of several workers begin with.
    pub name: String,
    /// Whether it was given for several workers: each is called after its key.
    pub many: bool,
    /// How often it can still be used.
    pub uses: u32,
    /// Not later.
    pub expires_at: Timestamp,
    /// Where a member may write and read.
    #[serde(default, flatten)]
    pub places: Places,
    /// How many jobs of a member may run at a time; none: as many as there are workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether the member looks after the lab's workers.
    #[serde(default, skip_serializing_if = "is_no")]
    pub admin: bool,
}

/// Who has joined, by one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// As what.
    pub part: Part,
    /// The person's or the worker's name.
    pub name: String,
    /// The name that was invited.
    pub invited_as: String,
    /// When.
    pub joined_at: Timestamp,
    /// Where a member may write and read.
    #[serde(default, flatten)]
    pub places: Places,
    /// How many jobs of a member may run at a time; none: as many as there are workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether the member looks after the lab's workers.
    #[serde(default, skip_serializing_if = "is_no")]
    pub admin: bool,
    /// What the computer called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<String>,
}

/// For serde: what is not so need not be written.
pub(crate) fn is_no(flag: &bool) -> bool {
    !flag
}

/// What one of several workers is called: the key tells them apart.
pub(crate) fn many_name(name: &str, key: &str) -> String {
    const LETTERS: usize = 8;
    let end = key.get(key.len().saturating_sub(LETTERS)..).unwrap_or(key);
    format!("{name}-{}", end.to_ascii_lowercase())
}

/// Why somebody is not let in. Told to the server's log, never to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it shows no key, or one that it does not have")]
    NoProof,
    #[error("its key is of nobody here")]
    Stranger,
    #[error("its invitation was used, withdrawn, or never given")]
    NoInvitation,
    #[error("its invitation has expired")]
    Expired,
    #[error("who it is cannot be looked up: {0}")]
    Bus(#[from] BusError),
}

fn identity(part: Part, name: &str, key: &str) -> Identity {
    let identity = match part {
        Part::Hub => Identity::hub(name),
        Part::Member => Identity::member(name),
        Part::Worker => Identity::worker(name),
    };
    identity.with_key(key)
}

/// A token is kept by its fingerprint alone: who reads the records cannot join with them.
fn place_of(token: &str) -> String {
    let fingerprint: String = super::sha256(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{INVITATIONS}{fingerprint}")
}

/// Invites. Answers the token, which is kept nowhere. Invitations that nobody can use any more are forgotten.
pub(crate) async fn invite(bus: &dyn Bus, invited: &Invited) -> Result<String, BusError> {
    let now = Timestamp::now();
    for (token, old) in all::<Invited>(bus, INVITATIONS).await? {
        if old.expires_at < now {
            bus.write(vec![Write::remove(format!("{INVITATIONS}{token}"), Expect::Any)]).await?;
        }
    }
    let mut secret = [0_u8; 24];
    // The system's own generator: it fails where there is none.
    SystemRandom::new().fill(&mut secret).map_err(|_| BusError::Unreachable)?;
    let token: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    bus.put(&place_of(&token), encode(invited), Expect::Absent, None).await?;
    Ok(token)
}

pub(super) fn is_member(part: Part, name: &str, member: &str) -> bool {
    part == Part::Member && name == member
}

/// Everybody who has joined, with their keys.
pub(crate) async fn joined(bus: &dyn Bus) -> Result<Vec<(String, Joined)>, BusError> {
    all(bus, KEYS).await
}

/// Everybody who was invited and has not come; those who came too late among them.
pub(crate) async fn invited(bus: &dyn Bus) -> Result<Vec<Invited>, BusError> {
    Ok(all(bus, INVITATIONS).await?.into_iter().map(|(_, invited)| invited).collect())
}

/// Takes back all that was given to a name: keys and invitations. Answers how many of each there were.
pub(crate) async fn revoke(bus: &dyn Bus, name: &str) -> Result<(usize, usize), BusError> {
    let (mut keys, mut tokens) = (0, 0);
    loop {
        // Invitations before keys: nobody comes in by one while the keys are looked for.
        let withdrawn = withdraw(bus, name).await?;
        let all = all::<Joined>(bus, KEYS).await?.into_iter();
        let theirs = all.filter(|(_, joined)| joined.name == name || joined.invited_as == name);
        let removed = put_out(bus, theirs.collect()).await?;
        (keys, tokens) = (keys + removed, tokens + withdrawn);
        // Whoever was still in may have invited a computer of theirs just then.
        if (removed, withdrawn) == (0, 0) {
            return Ok((keys, tokens));
        }
    }
}

/// Takes back the invitations of a name that were not used, or not as often as they could be; how many those were.
pub(crate) async fn withdraw(bus: &dyn Bus, name: &str) -> Result<usize, BusError> {
    let tokens = all::<Invited>(bus, INVITATIONS).await?.into_iter();
    let tokens = tokens.filter(|(_, invited)| invited.name == name).map(|(token, _)| format!("{INVITATIONS}{token}"));
    remove(bus, tokens).await
}

/// For how long it is said of a worker that it was put out: nobody asks for it after that.
const SAID: SignedDuration = SignedDuration::from_hours(30 * 24);

/// That a worker was put out.
#[derive(Debug, Serialize, Deserialize)]
struct PutOut {
    at: Timestamp,
}

/// Takes these keys back. Of the workers among them everybody is told: a job that waits for one waits for nobody.
pub(super) async fn put_out(bus: &dyn Bus, theirs: Vec<(String, Joined)>) -> Result<usize, BusError> {
    let workers: BTreeSet<&str> =
        theirs.iter().filter(|(_, it)| it.part == Part::Worker).map(|(_, it)| it.name.as_str()).collect();
    let mut writes: Vec<Write> =
        theirs.iter().map(|(key, _)| Write::remove(format!("{KEYS}{key}"), Expect::Any)).collect();
    if !workers.is_empty() {
        let said = encode(&PutOut { at: Timestamp::now() });
        let old = all::<PutOut>(bus, PUT_OUT).await?.into_iter();
        let old = old.filter(|(name, it)| Timestamp::now().duration_since(it.at) > SAID && !workers.contains(&**name));
        writes.extend(old.map(|(name, _)| Write::remove(format!("{PUT_OUT}{name}"), Expect::Any)));
        writes.extend(workers.iter().map(|name| Write::put(format!("{PUT_OUT}{name}"), said.clone(), Expect::Any)));
    }
    if !writes.is_empty() {
        bus.write(writes).await?;
    }
    Ok(theirs.len())
}

pub(super) async fn remove(bus: &dyn Bus, keys: impl Iterator<Item = String>) -> Result<usize, BusError> {
    let gone: Vec<Write> = keys.map(|key| Write::remove(key, Expect::Any)).collect();
    let count = gone.len();
    if count > 0 {
        bus.write(gone).await?;
    }
    Ok(count)
}

/// Who somebody with this key is, who may have a token with which it becomes that, on a computer that is called so.
pub(super) async fn admit(
    bus: &dyn Bus,
    key: &str,
    token: Option<&str>,
    computer: Option<String>,
) -> Result<Identity, Refusal> {
    let own = format!("{KEYS}{key}");
    if let Some(joined) = get::<Joined>(bus, &own).await? {
        return Ok(identity(joined.0.part, &joined.0.name, key));
    }
    let token = token.ok_or(Refusal::Stranger)?;
    let place = place_of(token);
    let (invited, revision) = get::<Invited>(bus, &place).await?.ok_or(Refusal::NoInvitation)?;
    let now = Timestamp::now();
    if invited.expires_at < now {
        return Err(Refusal::Expired);
    }
    let left = Invited { uses: invited.uses.saturating_sub(1), ..invited.clone() };
    let Invited { part, name: invited_as, many, places, jobs_at_once, admin, .. } = invited;
    if part == Part::Hub {
        return Err(Refusal::NoInvitation);
    }
    let name = if many { many_name(&invited_as, key) } else { invited_as.clone() };
    let joined = Joined { part, name, invited_as, joined_at: now, places, jobs_at_once, admin, computer };
    // Used by whoever is first.
    let expect = Expect::Revision(revision);
    let used = if left.uses == 0 { Write::remove(place, expect) } else { Write::put(place, encode(&left), expect) };
    let mut writes = vec![used, Write::put(own, encode(&joined), Expect::Absent)];
    if joined.part == Part::Worker {
        // A worker is one computer: who joins in its name takes its place.
        let before = all::<Joined>(bus, KEYS).await?.into_iter();
        let before = before.filter(|(_, other)| other.part == Part::Worker && other.name == joined.name);
        writes.extend(before.map(|(key, _)| Write::remove(format!("{KEYS}{key}"), Expect::Any)));
        writes.push(Write::remove(format!("{PUT_OUT}{}", joined.name), Expect::Any));
    }
    match bus.write(writes).await {
        Ok(_) => Ok(identity(joined.part, &joined.name, key)),
        Err(BusError::Conflict { .. }) => Err(Refusal::NoInvitation),
        Err(error) => Err(error.into()),
    }
}

/// Whose key it still is, of somebody who says this of itself; none where it is not.
pub(super) async fn admitted(bus: &dyn Bus, who: &Identity) -> Option<Joined> {
    let key = who.key.as_ref()?;
    let (joined, _) = get::<Joined>(bus, &format!("{KEYS}{key}")).await.ok()??;
    (identity(joined.part, &joined.name, key) == *who).then_some(joined)
}

async fn get<T: DeserializeOwned>(bus: &dyn Bus, key: &str) -> Result<Option<(T, u64)>, BusError> {
    let found = bus.get(key).await?;
    Ok(found.and_then(|entry| Some((serde_json::from_slice(&entry.value).ok()?, entry.revision))))
}

/// Every record below a prefix that can be read as this, without the prefix.
pub(crate) async fn all<T: DeserializeOwned>(bus: &dyn Bus, prefix: &str) -> Result<Vec<(String, T)>, BusError> {
    let mut watch = bus.watch(prefix).await?;
    let mut found = Vec::new();
    loop {
        match watch.next().await.ok_or(BusError::Closed)? {
            Change::Put { key, value, .. } => {
                if let (Some(id), Ok(read)) = (key.strip_prefix(prefix), serde_json::from_slice(&value)) {
                    found.push((id.to_owned(), read));
                }
            }
            Change::Reset => found.clear(),
            Change::Gone { .. } => {}
            Change::Current => return Ok(found),
        }
    }
}

/// Messages hold nothing that JSON has no form for, so that writing them cannot fail.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
