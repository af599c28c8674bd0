use futures::stream::{BoxStream, Stream, StreamExt};
use samepath_wire::{Places, WorkerId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Who asks, as the bus vouches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// The person.
    pub member: String,
    /// The worker, if it is one that asks.
    pub worker: Option<WorkerId>,
    /// Where jobs of this person may write and read; none: wherever the worker's user may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Places>,
    /// How many jobs of this person may run at a time; none: as many as there are workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether this person looks after the lab's workers.
    #[serde(default, skip_serializing_if = "crate::bus::nats::is_no")]
    pub admin: bool,
}

impl Caller {
    /// Somebody who is not limited to any places.
    pub fn new(member: impl Into<String>, worker: Option<WorkerId>) -> Self {
        Self { member: member.into(), worker, places: None, jobs_at_once: None, admin: false }
    }
}

/// A request to be answered. Dropping it without [`reply`](Self::reply) fails it for whoever asks.
pub struct Request {
    /// Who asks.
    pub from: Caller,
    /// What is asked.
    pub payload: Vec<u8>,
    answer: oneshot::Sender<Vec<u8>>,
    abandoned: CancellationToken,
}

impl Request {
    /// A request whose answer goes to `answer`. `abandoned` is cancelled when nobody waits for it any more.
    pub fn new(from: Caller, payload: Vec<u8>, answer: oneshot::Sender<Vec<u8>>, abandoned: CancellationToken) -> Self {
        Self { from, payload, answer, abandoned }
    }

    /// Answers. Whether anybody still waits for it cannot be known. An answer beyond
    /// [`MAX_MESSAGE`](super::MAX_MESSAGE) does not arrive: whoever asks sees the responder gone.
    pub fn reply(self, payload: Vec<u8>) {
        if payload.len() <= super::MAX_MESSAGE {
            drop(self.answer.send(payload));
        }
    }

    /// Whether it is known that nobody waits for the answer: gave up, closed, killed. A hint; some forms never know.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.is_cancelled() || self.answer.is_closed()
    }

    /// Cancelled when it becomes known that nobody waits for the answer.
    pub fn abandoned(&self) -> CancellationToken {
        self.abandoned.clone()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("from", &self.from)
            .field("payload", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// The requests on a subject. Dropping it ends serving; requests taken from it can still be answered.
pub struct Requests {
    requests: BoxStream<'static, Request>,
}

impl Requests {
    /// Requests as they come from the bus.
    pub fn new(requests: impl Stream<Item = Request> + Send + 'static) -> Self {
        Self { requests: requests.fuse().boxed() }
    }

    /// The requests as they come, until the bus is closed.
    pub fn into_stream(self) -> BoxStream<'static, Request> {
        self.requests
    }

    /// The next request; none once the bus is closed. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Request> {
        self.requests.next().await
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").finish_non_exhaustive()
    }
}
