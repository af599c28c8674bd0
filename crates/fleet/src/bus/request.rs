use super::MAX_MESSAGE;
use futures::stream::{BoxStream, Stream, StreamExt};
use samepath_wire::{Places, Refused, WorkerId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The code with which an answer is refused that is larger than the bus takes: less may be asked at a time.
pub(crate) const TOO_LARGE: &str = "too_large";

fn too_large(size: usize) -> Vec<u8> {
    let message = format!("the answer has {size} bytes, and {MAX_MESSAGE} are the most: ask for less at a time");
    serde_json::to_vec(&Refused { code: TOO_LARGE.to_owned(), message }).unwrap_or_default()
}

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

    /// Answers. Whether anybody still waits for it cannot be known. Of an answer beyond [`MAX_MESSAGE`] whoever asks is told that it
    /// was refused, with the code `too_large`.
    pub fn reply(self, payload: Vec<u8>) {
        let size = payload.len();
        let payload = if size <= MAX_MESSAGE { payload } else { too_large(size) };
        drop(self.answer.send(payload));
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
