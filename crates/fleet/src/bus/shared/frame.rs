//! What passes between the holder of a bus and its guests: calls and their results, each a frame of a length, a JSON header and raw bytes.
//!
//! Nothing is pushed: a guest asks for changes, requests and log entries, and the holder answers when there are some. So
//! neither side ever holds more for the other than was asked for. Holder and guests are the same program or one of another
//! version, which the greeting tells.

use crate::bus::{BusError, Caller, Change, Expect, LogEntry, LogRange, Write};
use samepath_wire::WorkerId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio_util::bytes::Bytes;

/// Of what passes between them.
pub(in crate::bus) const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub(in crate::bus) enum ToHolder {
    /// Comes first.
    Hello {
        version: u32,
        worker: Option<WorkerId>,
    },
    Call {
        id: u64,
        call: Call,
    },
    /// Nobody waits for the result of this call.
    Cancel {
        id: u64,
    },
    Unwatch {
        watch: u64,
    },
    Unserve {
        service: u64,
    },
    /// The answer to a request; its bytes follow.
    Answer {
        request: u64,
    },
    /// A request was dropped without an answer.
    Refuse {
        request: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(in crate::bus) enum Call {
    Get {
        key: String,
    },
    /// The values follow.
    Write {
        writes: Vec<WriteHead>,
    },
    Watch {
        prefix: String,
    },
    /// What a watch has to tell, once it has something.
    Changes {
        watch: u64,
    },
    Request {
        subject: String,
        timeout_ms: u64,
    },
    Serve {
        subject: String,
    },
    /// The next request, once there is one.
    Take {
        service: u64,
    },
    Append {
        log: String,
        first: u64,
        sizes: Vec<usize>,
    },
    Read {
        log: String,
        from: u64,
        wait: bool,
    },
    Range {
        log: String,
    },
    Truncate {
        log: String,
        first: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub(in crate::bus) enum ToGuest {
    Welcome {
        version: u32,
    },
    Done {
        id: u64,
        result: Result<Done, BusError>,
    },
    /// Nobody waits for the answer of this request.
    Abandoned {
        request: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub(in crate::bus) enum Done {
    Number {
        number: u64,
    },
    /// Of the records of a write.
    Revisions {
        revisions: Vec<u64>,
    },
    /// A record; its value follows.
    Record {
        revision: u64,
    },
    NoRecord,
    Changes {
        changes: Vec<ChangeHead>,
    },
    /// The answer to a request follows.
    Answer,
    /// A request; its bytes follow.
    Request {
        request: u64,
        from: Caller,
    },
    Chunk {
        range: LogRange,
        heads: Vec<(u64, usize)>,
    },
    Range {
        range: LogRange,
    },
    /// A stream is over.
    Over,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::bus) enum ChangeHead {
    Put { key: String, revision: u64, size: usize },
    Gone { key: String },
    Current,
    Reset,
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::bus) struct WriteHead {
    pub(super) key: String,
    /// None for one that removes.
    pub(super) size: Option<usize>,
    expect: Expect,
    pub(super) ttl_ms: Option<u64>,
}

/// A header and the bytes that go with it.
pub(in crate::bus) fn encode(header: &impl Serialize, body: &[u8]) -> Bytes {
    // Plain data with text keys: writing it cannot fail.
    let header = serde_json::to_vec(header).unwrap_or_default();
    let mut frame = Vec::with_capacity(4 + header.len() + body.len());
    frame.extend_from_slice(&u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
    frame.extend_from_slice(&header);
    frame.extend_from_slice(body);
    frame.into()
}

/// Takes a frame apart; none if it is not one of ours.
pub(in crate::bus) fn decode<T: DeserializeOwned>(mut frame: Bytes) -> Option<(T, Bytes)> {
    let mut header = frame.split_off_checked(4)?;
    let size = u32::from_le_bytes(frame.as_ref().try_into().ok()?);
    let body = header.split_off_checked(usize::try_from(size).ok()?)?;
    Some((serde_json::from_slice(&header).ok()?, body))
}

trait SplitOffChecked: Sized {
    fn split_off_checked(&mut self, at: usize) -> Option<Self>;
}

impl SplitOffChecked for Bytes {
    /// `split_off`, for lengths that somebody else says.
    fn split_off_checked(&mut self, at: usize) -> Option<Self> {
        (at <= self.len()).then(|| self.split_off(at))
    }
}

/// Cuts a body into pieces of these sizes; none if they do not add up.
pub(in crate::bus) fn cut(body: &[u8], sizes: impl IntoIterator<Item = usize>) -> Option<Vec<Vec<u8>>> {
    let mut rest = body;
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, after) = rest.split_at_checked(size)?;
        pieces.push(piece.to_vec());
        rest = after;
    }
    rest.is_empty().then_some(pieces)
}

/// Writes as heads and one body.
pub(in crate::bus) fn pack_writes(writes: &[Write]) -> (Vec<WriteHead>, Vec<u8>) {
    let heads = writes.iter().map(|Write { key, value, expect, ttl }| WriteHead {
        key: key.clone(),
        size: value.as_ref().map(Vec::len),
        expect: *expect,
        ttl_ms: ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
    });
    let values = writes.iter().filter_map(|write| write.value.as_deref());
    (heads.collect(), values.collect::<Vec<_>>().concat())
}

/// The other way.
pub(in crate::bus) fn unpack_writes(heads: Vec<WriteHead>, body: &[u8]) -> Option<Vec<Write>> {
    let mut values = cut(body, heads.iter().filter_map(|head| head.size))?.into_iter();
    let writes = heads.into_iter().map(|WriteHead { key, size, expect, ttl_ms }| Write {
        key,
        value: size.and_then(|_| values.next()),
        expect,
        ttl: ttl_ms.map(Duration::from_millis),
    });
    Some(writes.collect())
}

/// Changes as heads and one body.
pub(in crate::bus) fn pack_changes(changes: Vec<Change>) -> (Vec<ChangeHead>, Vec<u8>) {
    let mut body = Vec::new();
    let heads = changes
        .into_iter()
        .map(|change| match change {
            Change::Put { key, value, revision } => {
                body.extend_from_slice(&value);
                ChangeHead::Put { key, revision, size: value.len() }
            }
            Change::Gone { key } => ChangeHead::Gone { key },
            Change::Current => ChangeHead::Current,
            Change::Reset => ChangeHead::Reset,
        })
        .collect();
    (heads, body)
}

/// The other way.
pub(in crate::bus) fn unpack_changes(heads: Vec<ChangeHead>, body: &[u8]) -> Option<Vec<Change>> {
    let mut rest = body;
    heads
        .into_iter()
        .map(|head| {
            Some(match head {
                ChangeHead::Put { key, revision, size } => {
                    let (value, after) = rest.split_at_checked(size)?;
                    rest = after;
                    Change::Put { key, value: value.to_vec(), revision }
                }
                ChangeHead::Gone { key } => Change::Gone { key },
                ChangeHead::Current => Change::Current,
                ChangeHead::Reset => Change::Reset,
            })
        })
        .collect()
}

/// Log entries of heads and one body.
pub(in crate::bus) fn unpack_entries(heads: &[(u64, usize)], body: &[u8]) -> Option<Vec<LogEntry>> {
    let values = cut(body, heads.iter().map(|(_, size)| *size))?;
    Some(values.into_iter().zip(heads).map(|(value, (seq, _))| LogEntry { seq: *seq, value }).collect())
}
