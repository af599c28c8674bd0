//! What members ask the hub about who belongs to the lab. Who asks is whom the bus vouches for.

use super::{
    Part,
    registry::{
        INVITATIONS, Invited, Joined, KEYS, all, encode, invite, invited, is_member, joined, put_out, remove, withdraw,
    },
};
use crate::bus::{Bus, BusError, Caller, Request};
use jiff::{SignedDuration, Timestamp};
use samepath_wire::{Places, Refused};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// For one more computer of its own.
pub(crate) const ADD_COMPUTER: &str = "add-computer";
/// To see its computers, and to put one out; of a worker, itself.
pub(crate) const COMPUTERS: &str = "computers";
pub(crate) const REMOVE_COMPUTER: &str = "remove-computer";
/// Of an administrator: to put a worker out.
pub(crate) const REMOVE_WORKER: &str = "remove-worker";

/// How long an invitation for a further computer can be used.
const ADDING: SignedDuration = SignedDuration::from_mins(10);
/// Computers of one member, and invitations for some, that a member may come to by itself.
const MOST_COMPUTERS: usize = 16;

/// What an invitation is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
    #[serde(default, flatten)]
    pub(crate) places: Places,
}

/// The computers of whoever asks, those that have been there longest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Computers {
    pub(crate) computers: Vec<ComputerSaid>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ComputerSaid {
    pub(crate) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) computer: Option<String>,
    pub(crate) joined_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RemoveComputer {
    pub(crate) key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RemoveWorker {
    pub(crate) name: String,
}

/// How many keys and unused invitations of a worker there were.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Removed {
    pub(crate) computers: usize,
    pub(crate) invitations: usize,
}

/// Answers all of these until the bus is closed. One of a sort at a time: what one answer changes the next one sees.
pub(super) async fn answer(bus: Arc<dyn Bus>) {
    let bus = &*bus;
    tokio::join!(
        serve(bus, ADD_COMPUTER),
        serve(bus, COMPUTERS),
        serve(bus, REMOVE_COMPUTER),
        serve(bus, REMOVE_WORKER)
    );
}

async fn serve(bus: &dyn Bus, subject: &str) {
    let Ok(mut requests) = bus.serve(subject).await else { return };
    while let Some(request) = requests.next().await {
        let Caller { member, .. } = &request.from;
        let answer = match subject {
            ADD_COMPUTER => told(add_computer(bus, &request.from).await),
            COMPUTERS => told(computers(bus, member).await),
            REMOVE_COMPUTER => match read(&request) {
                Ok(wanted) if request.from.worker.is_some() => told(leave(bus, member, &wanted).await),
                Ok(wanted) => told(remove_computer(bus, member, &wanted).await),
                Err(refused) => encode(&refused),
            },
            _ => match read(&request) {
                Ok(wanted) => told(remove_worker(bus, &wanted).await),
                Err(refused) => encode(&refused),
            },
        };
        request.reply(answer);
    }
}

fn told<A: Serialize>(answer: Result<A, Refused>) -> Vec<u8> {
    answer.map_or_else(|refused| encode(&refused), |answer| encode(&answer))
}

fn read<Q: DeserializeOwned>(request: &Request) -> Result<Q, Refused> {
    serde_json::from_slice(&request.payload)
        .map_err(|error| refuse("invalid_parameter", format!("the request cannot be read: {error}")))
}

/// Under the member's own name, and to its own places.
async fn add_computer(bus: &dyn Bus, from: &Caller) -> Result<Added, Refused> {
    let Caller { member, places, jobs_at_once, admin, .. } = from;
    let keys = joined(bus).await.map_err(failed)?.into_iter().filter(|(_, it)| is_member(it.part, &it.name, member));
    let now = Timestamp::now();
    let open = invited(bus).await.map_err(failed)?.into_iter();
    let open = open.filter(|it| it.expires_at >= now && is_member(it.part, &it.name, member));
    let count = keys.count() + open.count();
    if count >= MOST_COMPUTERS {
        let message =
            format!("{member} has {count} computers or invitations for some already; {MOST_COMPUTERS} at most");
        return Err(refuse("invalid_parameter", message));
    }
    let places = places.clone().unwrap_or_default();
    let expires_at = now + ADDING;
    let wanted = Invited {
        part: Part::Member,
        name: member.clone(),
        many: false,
        uses: 1,
        expires_at,
        places: places.clone(),
        jobs_at_once: *jobs_at_once,
        admin: *admin,
    };
    let token = invite(bus, &wanted).await.map_err(failed)?;
    // Who was put out meanwhile does not come in again by it.
    let mut left = joined(bus).await.map_err(failed)?.into_iter();
    if !left.any(|(_, it)| is_member(it.part, &it.name, member)) {
        withdraw(bus, member).await.map_err(failed)?;
        return Err(refuse("invalid_parameter", format!("the lab lets {member} in no more")));
    }
    Ok(Added { token, expires_at, places })
}

async fn computers(bus: &dyn Bus, member: &str) -> Result<Computers, Refused> {
    let own = joined(bus).await.map_err(failed)?.into_iter().filter(|(_, it)| is_member(it.part, &it.name, member));
    let said = |(key, it): (String, Joined)| ComputerSaid { key, computer: it.computer, joined_at: it.joined_at };
    let mut computers: Vec<_> = own.map(said).collect();
    computers.sort_by_key(|it| it.joined_at);
    Ok(Computers { computers })
}

/// Answers those that are left. One that has gone already is no error: the request may come twice.
async fn remove_computer(bus: &dyn Bus, member: &str, wanted: &RemoveComputer) -> Result<Computers, Refused> {
    let found = joined(bus).await.map_err(failed)?.into_iter().find(|(key, _)| *key == wanted.key);
    if let Some((key, it)) = found {
        if !is_member(it.part, &it.name, member) {
            return Err(refuse("invalid_parameter", format!("that is no computer of {member}")));
        }
        remove(bus, std::iter::once(format!("{KEYS}{key}"))).await.map_err(failed)?;
    }
    computers(bus, member).await
}

/// Takes a worker's own key off, as that worker asks.
async fn leave(bus: &dyn Bus, name: &str, wanted: &RemoveComputer) -> Result<Computers, Refused> {
    let found = joined(bus).await.map_err(failed)?.into_iter().find(|(key, _)| *key == wanted.key);
    if let Some((key, it)) = found {
        if it.part != Part::Worker || it.name != name {
            return Err(refuse("invalid_parameter", format!("that is not the key of {name}")));
        }
        remove(bus, std::iter::once(format!("{KEYS}{key}"))).await.map_err(failed)?;
    }
    Ok(Computers::default())
}

/// Takes back what a worker of this very name was given. A member of the same name stays.
async fn remove_worker(bus: &dyn Bus, wanted: &RemoveWorker) -> Result<Removed, Refused> {
    let is_it = |part: Part, name: &str| part == Part::Worker && name == wanted.name;
    // Invitations before keys: nobody comes in by one while the keys are looked for.
    let tokens = all::<Invited>(bus, INVITATIONS).await.map_err(failed)?.into_iter();
    let tokens = tokens.filter(|(_, it)| is_it(it.part, &it.name)).map(|(token, _)| format!("{INVITATIONS}{token}"));
    let invitations = remove(bus, tokens).await.map_err(failed)?;
    let keys = joined(bus).await.map_err(failed)?.into_iter().filter(|(_, it)| is_it(it.part, &it.name));
    let computers = put_out(bus, keys.collect()).await.map_err(failed)?;
    Ok(Removed { computers, invitations })
}

fn refuse(code: &str, message: String) -> Refused {
    Refused { code: code.to_owned(), message }
}

fn failed(error: BusError) -> Refused {
    refuse("internal", error.to_string())
}
