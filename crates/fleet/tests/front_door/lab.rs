//! A person's fleet and workers that do as they are told.

use super::plain;
use jiff::Timestamp;
use samepath_fleet::{Fleet, Live, Update, WorkerSession};
use samepath_wire::*;
use std::future::Future;
use std::time::Duration;

/// For what must happen; a test that waits this long has failed.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, happens).await.unwrap_or_else(|_| panic!("{what}: did not happen"))
}

pub(crate) fn job() -> Job {
    let (name, submitted_by) = ("maze day 3".to_owned(), "somebody else".to_owned());
    Job { id: uuid::Uuid::now_v7(), name, submitted_by, submitted_at: Timestamp::now(), ..plain::job(0) }
}

pub(crate) fn kind() -> Kind {
    plain::kind(serde_json::Value::Null)
}

pub(crate) fn worker(name: &str) -> Worker {
    Worker { started_at: Timestamp::now(), ..plain::worker(name) }
}

/// A worker that is online.
pub(crate) fn online(fleet: &Fleet, name: &str) -> WorkerSession {
    let session = fleet.session(name);
    session.advertise(worker(name));
    session
}

/// Claims until it is given something.
pub(crate) async fn work(session: &WorkerSession) -> Assignment {
    soon("work", async {
        loop {
            match session.claim(&Claim { holds: Vec::new(), wants: true }).await {
                Ok(answer) => {
                    if let Some(assignment) = answer.assignment {
                        return assignment;
                    }
                }
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
        }
    })
    .await
}

/// Claims, and confirms what it is given.
pub(crate) async fn start(session: &WorkerSession) -> AttemptRef {
    let given = work(session).await;
    let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
    let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
    assert_eq!(session.confirm(&confirm).await.unwrap(), ConfirmAnswer::Go);
    attempt
}

pub(crate) async fn report(session: &WorkerSession, attempt: &AttemptRef, event: ReportEvent) -> ReportAnswer {
    let report = Report { attempt: attempt.clone(), event, log_end: None, log_file: None };
    soon("a report", session.report(&report)).await.unwrap()
}

pub(crate) fn ended(end: AttemptEnd) -> ReportEvent {
    ReportEvent::Ended { end, survivors: false }
}

/// Watches until a job is as it should be.
pub(crate) async fn until(fleet: &Fleet, id: JobId, is: impl Fn(&JobRecord) -> bool) -> JobRecord {
    let mut jobs = fleet.jobs();
    soon("the job's state", async {
        loop {
            if let Update::Put(_, record) = jobs.next().await.expect("the fleet was closed")
                && record.job.id == id
                && is(&record)
            {
                return record;
            }
        }
    })
    .await
}

/// Watches until a record is there.
pub(crate) async fn until_there<T: serde::de::DeserializeOwned>(live: &mut Live<T>, wanted: &str) -> T {
    soon(wanted, async {
        loop {
            match live.next().await.expect("the fleet was closed") {
                Update::Put(id, value) if id == wanted => return value,
                _ => {}
            }
        }
    })
    .await
}

/// Watches until a record is there no longer.
pub(crate) async fn until_gone<T: serde::de::DeserializeOwned>(live: &mut Live<T>, wanted: &str) {
    soon(wanted, async {
        loop {
            if matches!(live.next().await.expect("the fleet was closed"), Update::Gone(id) if id == wanted) {
                return;
            }
        }
    })
    .await;
}
