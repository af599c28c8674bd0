//! Frames between the hub and one guest, each a message on a subject, with a head of its own.

use super::identity::{DOWN, Identity, UP};
use crate::bus::{BusError, shared::Line};
use async_nats::{Client, Message, StatusCode};
use futures::{
    sink,
    stream::{self, BoxStream, StreamExt},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, watch};
use tokio_util::{
    bytes::{BufMut, Bytes, BytesMut},
    sync::CancellationToken,
};

/// How often something is said where there is nothing to say.
pub(super) const BEAT: Duration = Duration::from_secs(2);
/// A line on which nothing was heard for so long is over.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// For the last word.
const FAREWELL: Duration = Duration::from_secs(1);

/// Kind, reign, number.
const HEAD: usize = 1 + 8 + 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Frame,
    /// Nothing but that the other side is there.
    Beat,
    /// The line is over.
    Bye,
}

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) sort: Sort,
    /// Of the hub that it is from, or for. 0 in a guest's first frame, which is for whichever is there.
    pub(super) reign: u64,
    /// Of this frame, or of the next one.
    pub(super) number: u64,
    pub(super) body: Bytes,
}

impl Packet {
    pub(super) fn decode(mut message: Bytes) -> Option<Self> {
        if message.len() < HEAD {
            return None;
        }
        let body = message.split_off(HEAD);
        let sort = match message.first()? {
            0 => Sort::Frame,
            1 => Sort::Beat,
            2 => Sort::Bye,
            _ => return None,
        };
        let reign = u64::from_le_bytes(message.get(1..9)?.try_into().ok()?);
        let number = u64::from_le_bytes(message.get(9..HEAD)?.try_into().ok()?);
        Some(Self { sort, reign, number, body })
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut message = BytesMut::with_capacity(HEAD + self.body.len());
        message.put_u8(match self.sort {
            Sort::Frame => 0,
            Sort::Beat => 1,
            Sort::Bye => 2,
        });
        message.put_u64_le(self.reign);
        message.put_u64_le(self.number);
        message.extend_from_slice(&self.body);
        message.freeze()
    }
}

/// What comes to one end of a line.
pub(super) enum Incoming {
    Packet(Packet),
    /// The server says that nobody hears this end.
    Unheard,
}

impl Incoming {
    /// None of what is not ours.
    pub(super) fn of(message: Message) -> Option<Self> {
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            return Some(Self::Unheard);
        }
        Packet::decode(message.payload).map(Self::Packet)
    }
}

/// One end's way out.
struct Out {
    client: Client,
    subject: String,
    /// Where the server says that nobody hears it.
    unheard: String,
    /// 0 until it is known.
    reign: AtomicU64,
    /// Of the next frame. Numbering and sending are one step.
    next: Mutex<u64>,
}

impl Out {
    async fn send(&self, sort: Sort, body: Bytes) -> io::Result<()> {
        let mut next = self.next.lock().await;
        let packet = Packet { sort, reign: self.reign.load(Ordering::Acquire), number: *next, body };
        if sort == Sort::Frame {
            *next += 1;
        }
        let sent = self.client.publish_with_reply(self.subject.clone(), self.unheard.clone(), packet.encode());
        sent.await.map_err(io::Error::other)
    }
}

/// A guest's end of a new line to whichever hub is there, and what is cancelled once its last word is on its way. `unheard` is
/// cancelled where the server says that no hub is there.
pub(super) async fn open(
    client: &Client,
    identity: &Identity,
    over: &CancellationToken,
    unheard: &CancellationToken,
) -> Result<(Line, CancellationToken), BusError> {
    let inbox = client.new_inbox();
    let id = inbox.rsplit('.').next().unwrap_or(&inbox);
    let route = format!("{}.{id}", identity.route());
    let down = format!("{DOWN}.{route}");
    let heard = client.subscribe(down.clone()).await.map_err(|_| BusError::Unreachable)?;
    let unheard = unheard.clone();
    let incoming = heard.filter_map(async |message| Incoming::of(message)).inspect(move |incoming| {
        if matches!(incoming, Incoming::Unheard) {
            unheard.cancel();
        }
    });
    let incoming = incoming.boxed();
    Ok(line(client.clone(), format!("{UP}.{route}"), down, 0, incoming, None, over.child_token()))
}

/// The hub's end of a line. `route` is the guest's, with the line. Each change of `doubted` has it say at once that it is there,
/// whereupon the server tells if nobody hears it.
pub(super) fn answer(
    client: Client,
    route: &str,
    reign: u64,
    incoming: BoxStream<'static, Incoming>,
    doubted: watch::Receiver<()>,
    over: &CancellationToken,
) -> (Line, CancellationToken) {
    let unheard = super::server::unheard(reign, route);
    line(client, format!("{DOWN}.{route}"), unheard, reign, incoming, Some(doubted), over.child_token())
}

fn line(
    client: Client,
    subject: String,
    unheard: String,
    reign: u64,
    incoming: BoxStream<'static, Incoming>,
    doubted: Option<watch::Receiver<()>>,
    over: CancellationToken,
) -> (Line, CancellationToken) {
    let out = Arc::new(Out { client, subject, unheard, reign: AtomicU64::new(reign), next: Mutex::new(0) });
    let (done, gone) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(beat(out.clone(), doubted, done.clone(), gone.clone()));
    let frames = frames(incoming, out.clone(), reign == 0, over);
    let guard = done.drop_guard();
    let sink = sink::unfold((out, guard), |(out, guard), frame| async move {
        out.send(Sort::Frame, frame).await?;
        Ok((out, guard))
    });
    (Line::new(frames, sink), gone)
}

/// Says that this end is there until it is not, and then that.
async fn beat(
    out: Arc<Out>,
    mut doubted: Option<watch::Receiver<()>>,
    done: CancellationToken,
    gone: CancellationToken,
) {
    let _gone = gone.drop_guard();
    let mut ticks = tokio::time::interval(BEAT);
    loop {
        let doubt = async {
            let changed = match &mut doubted {
                Some(doubted) => doubted.changed().await.is_ok(),
                None => false,
            };
            if !changed {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = done.cancelled() => break,
            _ = ticks.tick() => {}
            () = doubt => {}
        }
        // Whom a guest greets it does not know before it is answered.
        if out.reign.load(Ordering::Acquire) != 0 && out.send(Sort::Beat, Bytes::new()).await.is_err() {
            return;
        }
    }
    let farewell = async {
        out.send(Sort::Bye, Bytes::new()).await?;
        out.client.flush().await.map_err(io::Error::other)
    };
    drop(tokio::time::timeout(FAREWELL, farewell).await);
}

/// The frames that come, as long as none is missing. A guest learns from the first one which hub it has.
fn frames(
    incoming: BoxStream<'static, Incoming>,
    out: Arc<Out>,
    is_guest: bool,
    over: CancellationToken,
) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static {
    struct Coming {
        incoming: BoxStream<'static, Incoming>,
        out: Arc<Out>,
        is_guest: bool,
        expected: u64,
        over: CancellationToken,
    }
    let coming = Coming { incoming, out, is_guest, expected: 0, over };
    stream::unfold(Some(coming), |coming| async move {
        let mut coming = coming?;
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(SILENCE, coming.incoming.next()) => next,
                () = coming.over.cancelled() => return None,
            };
            let packet = match next {
                Ok(Some(Incoming::Packet(packet))) => packet,
                Ok(Some(Incoming::Unheard) | None) => return None,
                Err(_) => return Some((Err(io::ErrorKind::TimedOut.into()), None)),
            };
            let reign = &coming.out.reign;
            let greeting = packet.sort == Sort::Frame && packet.number == 0 && coming.expected == 0;
            if coming.is_guest && greeting && reign.load(Ordering::Acquire) == 0 {
                reign.store(packet.reign, Ordering::Release);
            }
            let same = packet.reign == reign.load(Ordering::Acquire);
            let ours = same || (greeting && packet.reign == 0);
            match packet.sort {
                // A later hub says so of lines that it does not have.
                Sort::Bye if same || coming.is_guest => return None,
                // Of another reign, which nobody has here.
                _ if !ours => {}
                _ if packet.number != coming.expected => {
                    let lost = format!("message {} came where {} was to", packet.number, coming.expected);
                    return Some((Err(io::Error::new(io::ErrorKind::InvalidData, lost)), None));
                }
                Sort::Frame => {
                    coming.expected += 1;
                    return Some((Ok(packet.body), Some(coming)));
                }
                Sort::Beat | Sort::Bye => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_comes_back() {
        let packet = Packet { sort: Sort::Frame, reign: 7, number: u64::MAX - 1, body: Bytes::from_static(b"{}") };
        assert_eq!(Packet::decode(packet.encode()), Some(packet));
        let bye = Packet { sort: Sort::Bye, reign: 1, number: 0, body: Bytes::new() };
        assert_eq!(Packet::decode(bye.encode()), Some(bye));
        for wrong in [&b""[..], &[0; HEAD - 1], &[3; HEAD]] {
            assert_eq!(Packet::decode(Bytes::copy_from_slice(wrong)), None);
        }
    }
}
