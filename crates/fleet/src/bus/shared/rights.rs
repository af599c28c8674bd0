use super::frame::Call;
use crate::bus::{Bus, BusError, core::Endpoint};
use samepath_wire::{AttemptRef, JobId, WorkerId};
use serde::Deserialize;

/// What everybody in a lab may see.
const SEEN: [&str; 6] = ["jobs/", "workers/", "kinds/", "lab/storages/", "lab/begun", "lab/put-out/"];
/// What a member may ask of the matchmaker.
const MEMBER_ASKS: [&str; 8] =
    ["submit", "stop", "kill", "retry", "clear", "add-computer", "computers", "remove-computer"];
/// What a member may ask who looks after the lab.
const ADMIN_ASKS: [&str; 1] = ["remove-worker"];
/// What a worker may ask of the matchmaker.
const WORKER_ASKS: [&str; 4] = ["claim", "confirm", "report", "remove-computer"];

/// What a guest may do. There is no other list of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bus) enum Rights {
    /// Everything: a process of the person who holds the bus.
    All,
    /// Of a lab: submits, and sees.
    Member,
    /// Of a lab: runs, and speaks for itself alone.
    Worker {
        /// Its id.
        id: WorkerId,
    },
}

impl Rights {
    /// Refuses what the guest may not ask for.
    pub(in crate::bus) async fn check(&self, endpoint: &Endpoint, call: &Call) -> Result<(), BusError> {
        let allowed = match self {
            Self::All => true,
            Self::Member => member_may(endpoint, call).await?,
            Self::Worker { id } => worker_may(id, endpoint, call).await?,
        };
        if allowed {
            return Ok(());
        }
        let who = match self {
            Self::Worker { id } => format!("the worker {id}"),
            Self::All | Self::Member => format!("the member {}", endpoint.caller().member),
        };
        Err(BusError::Denied { who, what: in_words(call) })
    }
}

fn sees(name: &str) -> bool {
    SEEN.iter().any(|seen| name.starts_with(seen))
}

async fn member_may(endpoint: &Endpoint, call: &Call) -> Result<bool, BusError> {
    Ok(match call {
        Call::Get { key: name } | Call::Watch { prefix: name } => sees(name),
        Call::Changes { .. } | Call::Take { .. } => true,
        Call::Request { subject, .. } => match subject.strip_prefix("check.") {
            Some(worker) => endpoint.caller().places.is_none() || confines(worker, endpoint).await?,
            None if subject.starts_with("drain.") || ADMIN_ASKS.contains(&subject.as_str()) => endpoint.caller().admin,
            None => MEMBER_ASKS.contains(&subject.as_str()),
        },
        Call::Read { log, .. } | Call::Range { log } => log.starts_with("log/"),
        Call::Write { .. } | Call::Serve { .. } | Call::Append { .. } | Call::Truncate { .. } => false,
    })
}

/// Whether a worker looks only where whoever asks it may.
async fn confines(id: &str, endpoint: &Endpoint) -> Result<bool, BusError> {
    let Some(entry) = endpoint.get(&format!("workers/{id}")).await? else { return Ok(false) };
    Ok(serde_json::from_slice::<Advertises>(&entry.value).is_ok_and(|says| says.confines))
}

async fn worker_may(id: &str, endpoint: &Endpoint, call: &Call) -> Result<bool, BusError> {
    let own = |key: &str| key.strip_prefix("workers/") == Some(id);
    Ok(match call {
        Call::Get { key: name } | Call::Watch { prefix: name } => sees(name),
        Call::Changes { .. } | Call::Take { .. } => true,
        Call::Write { writes } => {
            for write in writes {
                let removes = write.size.is_none();
                let allowed = match write.key.strip_prefix("kinds/") {
                    Some(digest) => {
                        !removes && write.ttl_ms.is_none() && !is_anothers(id, endpoint, &write.key, digest).await?
                    }
                    None => own(&write.key) && (removes || write.ttl_ms.is_some()),
                };
                if !allowed {
                    return Ok(false);
                }
            }
            true
        }
        Call::Request { subject, .. } => WORKER_ASKS.contains(&subject.as_str()),
        Call::Serve { subject } => ["check.", "drain."].iter().any(|asked| subject.strip_prefix(asked) == Some(id)),
        Call::Read { log, .. } | Call::Range { log } => log.starts_with("log/"),
        Call::Append { log, .. } => runs(id, endpoint, log).await?,
        Call::Truncate { .. } => false,
    })
}

/// What a worker says of itself, as far as it matters here.
#[derive(Deserialize)]
struct Advertises {
    #[serde(default)]
    kinds: Vec<Advertised>,
    #[serde(default)]
    confines: bool,
}

#[derive(Deserialize)]
struct Advertised {
    digest: String,
}

/// Whether a job type's definition is there, and another worker that is online runs it: what people see of it, and what it needs,
/// is not to be changed behind that one's back.
async fn is_anothers(id: &str, endpoint: &Endpoint, key: &str, digest: &str) -> Result<bool, BusError> {
    if endpoint.get(key).await?.is_none() {
        return Ok(false);
    }
    let others = endpoint.all("workers/")?.into_iter().filter(|(key, _)| key.strip_prefix("workers/") != Some(id));
    Ok(others.into_iter().any(|(_, value)| {
        let says = serde_json::from_slice::<Advertises>(&value);
        says.is_ok_and(|says| says.kinds.iter().any(|kind| kind.digest == digest))
    }))
}

/// Of a job's record: who was given which attempt.
#[derive(Deserialize)]
struct Tried {
    #[serde(default)]
    attempts: Vec<Given>,
}

#[derive(Deserialize)]
struct Given {
    number: u32,
    worker: WorkerId,
}

/// Whether a log is that of an attempt which the worker was given.
async fn runs(id: &str, endpoint: &Endpoint, log: &str) -> Result<bool, BusError> {
    let Some(AttemptRef { job, attempt }) = attempt_of(log) else { return Ok(false) };
    let Some(entry) = endpoint.get(&format!("jobs/{job}")).await? else { return Ok(false) };
    // Of a record that a later version wrote this much can be read, too.
    let Ok(record) = serde_json::from_slice::<Tried>(&entry.value) else { return Ok(false) };
    Ok(record.attempts.iter().any(|tried| tried.number == attempt && tried.worker == id))
}

fn attempt_of(log: &str) -> Option<AttemptRef> {
    let (job, attempt) = log.strip_prefix("log/")?.split_once('/')?;
    Some(AttemptRef { job: job.parse::<JobId>().ok()?, attempt: attempt.parse().ok()? })
}

fn in_words(call: &Call) -> String {
    match call {
        Call::Get { key } => format!("read {key}"),
        Call::Write { writes } => {
            format!("write {}", writes.iter().map(|write| write.key.as_str()).collect::<Vec<_>>().join(", "))
        }
        Call::Watch { prefix } if prefix.is_empty() => "watch everything".to_owned(),
        Call::Watch { prefix } => format!("watch {prefix}"),
        Call::Request { subject, .. } => format!("ask {subject}"),
        Call::Serve { subject } => format!("answer {subject}"),
        Call::Append { log, .. } | Call::Truncate { log, .. } => format!("write {log}"),
        Call::Read { log, .. } | Call::Range { log } => format!("read {log}"),
        Call::Changes { .. } | Call::Take { .. } => "go on".to_owned(),
    }
}
