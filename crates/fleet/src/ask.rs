use crate::FleetError;
use crate::bus::{Bus, BusError, Link};
use samepath_wire::{JobId, Refused};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// For what a person waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Does something that is safe to repeat, again while what stops it may pass, for `patience` at most; for ever without.
pub(crate) async fn persist<T, F: Future<Output = Result<T, BusError>>>(
    bus: &dyn Bus,
    doing: &'static str,
    patience: Option<Duration>,
    mut again: impl FnMut() -> F,
) -> Result<T, FleetError> {
    let started = Instant::now();
    let deadline = patience.map(|patience| started + patience);
    let mut pause = PAUSE;
    loop {
        let error = match deadline {
            None => again().await,
            Some(deadline) => timeout_at(deadline, again()).await.unwrap_or(Err(BusError::Unreachable)),
        };
        let source = match error {
            Ok(value) => return Ok(value),
            Err(error) if error.is_passing() => error,
            Err(error) => return Err(error.into()),
        };
        if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline) {
            return Err(FleetError::Unreachable { doing, seconds: started.elapsed().as_secs(), source });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let mut link = bus.link();
        let up = link.wait_for(|link| *link == Link::Up);
        match deadline {
            None => drop(up.await),
            Some(deadline) => drop(timeout_at(deadline, up).await),
        }
    }
}

/// Asks the matchmaker, again until it answers. `each` bounds one try.
pub(crate) async fn ask<A: DeserializeOwned>(
    bus: &dyn Bus,
    subject: &str,
    question: &impl Serialize,
    doing: &'static str,
    each: Duration,
    patience: Option<Duration>,
) -> Result<A, FleetError> {
    let payload = encode(question, doing)?;
    let answer = persist(bus, doing, patience, || bus.request(subject, payload.clone(), each)).await?;
    decode_answer(&answer, doing)
}

pub(crate) fn encode(message: &impl Serialize, doing: &'static str) -> Result<Vec<u8>, FleetError> {
    serde_json::to_vec(message)
        .map_err(|source| FleetError::Unreadable { what: format!("what was to be sent for {doing}"), source })
}

/// An answer, or that it was refused.
pub(crate) fn decode_answer<A: DeserializeOwned>(answer: &[u8], doing: &'static str) -> Result<A, FleetError> {
    if let Ok(refused) = serde_json::from_slice::<Refused>(answer) {
        return Err(FleetError::Refused(refused));
    }
    serde_json::from_slice(answer)
        .map_err(|source| FleetError::Unreadable { what: format!("the answer to {doing}"), source })
}

/// A refusal because there is no such job, as the error of that name.
pub(crate) fn about_job(error: FleetError, job: JobId) -> FleetError {
    match error {
        FleetError::Refused(refused) if refused.code == "job_not_found" => FleetError::JobNotFound { job },
        error => error,
    }
}
