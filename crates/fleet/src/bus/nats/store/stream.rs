use crate::bus::BusError;
use async_nats::{
    Client, HeaderMap, Message, StatusCode,
    jetstream::{
        self,
        context::{ContextBuilder, PublishAckFuture, PublishError, PublishErrorKind},
        message::PublishMessage,
        stream::Config,
    },
};
use futures::StreamExt;
use serde::Serialize;
use std::{collections::VecDeque, time::Duration};

/// For one answer of the server.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Messages on their way to the server at a time.
const UNDER_WAY: usize = 256;
/// Bytes of messages in one answer.
const ANSWER: usize = 1024 * 1024;
/// What an error calls it.
const WHOM: &str = "the lab's server";

/// One stream of the server, written by one hub at a time.
pub(super) struct Stream {
    client: Client,
    pub(super) context: jetstream::Context,
    pub(super) name: String,
    /// What messages call the server.
    pub(super) server: String,
}

/// A message as it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) subject: String,
    pub(super) sequence: u64,
    pub(super) headers: HeaderMap,
    pub(super) payload: Vec<u8>,
}

/// What is asked of the server's direct reads.
#[derive(Debug, Default, Serialize)]
pub(super) struct Wanted<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<usize>,
}

impl<'a> Wanted<'a> {
    /// Up to `count` messages of a subject, from a number on; about `bytes` of them.
    pub(super) fn from(seq: u64, subject: &'a str, count: usize, bytes: usize) -> Self {
        Self {
            seq: Some(seq),
            next_by_subj: Some(subject),
            batch: Some(count),
            max_bytes: Some(bytes),
            last_by_subj: None,
        }
    }

    pub(super) fn last(subject: &'a str) -> Self {
        Self { last_by_subj: Some(subject), ..Self::default() }
    }
}

/// Why something was not written.
pub(super) enum Unwritten {
    /// Somebody else wrote meanwhile.
    Overtaken,
    Bus(BusError),
}

impl Stream {
    /// Makes the stream what it is to be. Answers the number of its last message, too.
    pub(super) async fn make(client: &Client, server: &str, config: Config) -> Result<(Self, u64), BusError> {
        let context = ContextBuilder::new().timeout(PATIENCE).max_ack_inflight(4 * UNDER_WAY).build(client.clone());
        let stream = Self { client: client.clone(), context, name: config.name.clone(), server: server.to_owned() };
        let made = stream.context.create_or_update_stream(config.clone()).await;
        let made = made.map_err(|error| stream.refused(&format!("it cannot keep what a lab needs: {error}")))?;
        let has = &made.config;
        // A server that does not know a setting may drop it and say nothing.
        if !has.allow_direct
            || has.allow_message_ttl != config.allow_message_ttl
            || has.max_messages_per_subject != config.max_messages_per_subject
        {
            return Err(stream.refused("it does not keep to what a stream is to be"));
        }
        Ok((stream, made.state.last_sequence))
    }

    pub(super) fn refused(&self, detail: &str) -> BusError {
        BusError::Server { server: self.server.clone(), detail: detail.to_owned() }
    }

    /// Writes one message as the next after `last`. Answers its number.
    pub(super) async fn write(&self, subject: String, message: PublishMessage, last: u64) -> Result<u64, Unwritten> {
        let sent = self.context.send_publish(subject, message.expected_last_sequence(last)).await;
        let ack = sent.map_err(|error| self.unwritten(&error))?.await.map_err(|error| self.unwritten(&error))?;
        Ok(ack.sequence)
    }

    fn unwritten(&self, error: &PublishError) -> Unwritten {
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Unwritten::Overtaken,
            PublishErrorKind::TimedOut => Unwritten::Bus(late()),
            PublishErrorKind::BrokenPipe => Unwritten::Bus(BusError::Unreachable),
            _ => Unwritten::Bus(self.refused(&chain(error))),
        }
    }

    /// Asks for one message; none if there is no such message.
    pub(super) async fn get(&self, wanted: &Wanted<'_>) -> Result<Option<Kept>, BusError> {
        let request = async_nats::Request::new().payload(question(wanted).into()).timeout(Some(PATIENCE));
        let answer = self.client.send_request(self.direct(), request).await.map_err(|error| match error.kind() {
            async_nats::RequestErrorKind::TimedOut => late(),
            async_nats::RequestErrorKind::NoResponders => self.refused("the stream of the lab is not there any more"),
            _ => BusError::Unreachable,
        })?;
        match answer.status {
            None => self.kept(answer).map(Some),
            Some(StatusCode::NOT_FOUND) => Ok(None),
            Some(status) => Err(self.refused(&format!("it answered {status} to a read"))),
        }
    }

    /// Asks for several messages. Answers whether there are more, too.
    pub(super) async fn get_many(&self, wanted: &Wanted<'_>) -> Result<(Vec<Kept>, bool), BusError> {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|_| BusError::Unreachable)?;
        let asked = self.client.publish_with_reply(self.direct(), inbox, question(wanted).into()).await;
        asked.map_err(|_| BusError::Unreachable)?;
        let mut found = Vec::new();
        loop {
            let answer = tokio::time::timeout(PATIENCE, answers.next()).await.map_err(|_| late())?;
            let answer = answer.ok_or(BusError::Unreachable)?;
            match answer.status {
                None => found.push(self.kept(answer)?),
                Some(StatusCode::NOT_FOUND) => return Ok((found, false)),
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(self.refused("the stream of the lab is not there any more"));
                }
                // The end of what was asked for.
                Some(status) if status.as_u16() == 204 => {
                    let more = number(answer.headers.as_ref(), "Nats-Num-Pending").unwrap_or(0);
                    return Ok((found, more > 0));
                }
                Some(status) => return Err(self.refused(&format!("it answered {status} to a read"))),
            }
        }
    }

    /// Several messages of a subject, from the one with this number on.
    pub(super) async fn get_from(&self, sequence: u64, subject: &str, count: usize) -> Result<Vec<Kept>, BusError> {
        if count == 1 {
            let found = self.get(&Wanted { seq: Some(sequence), ..Wanted::default() }).await?;
            return Ok(found.into_iter().collect());
        }
        let mut found = Vec::new();
        let mut next = sequence;
        while found.len() < count {
            let wanted = Wanted::from(next, subject, count - found.len(), ANSWER);
            let (page, more) = self.get_many(&wanted).await?;
            let Some(last) = page.last() else { break };
            next = last.sequence + 1;
            found.extend(page);
            if !more {
                break;
            }
        }
        Ok(found)
    }

    /// The number of its last message.
    pub(super) async fn end(&self) -> Result<u64, BusError> {
        let stream = self.context.get_stream(&self.name).await.map_err(|error| self.refused(&chain(&error)))?;
        Ok(stream.cached_info().state.last_sequence)
    }

    /// Removes the messages of a subject, those below a number or all.
    pub(super) async fn purge(&self, subject: &str, below: Option<u64>) -> Result<(), BusError> {
        let stream = self.context.get_stream_no_info(&self.name).await.map_err(|error| self.refused(&chain(&error)))?;
        let purge = stream.purge().filter(subject);
        let purged = match below {
            Some(below) => purge.sequence(below).await,
            None => purge.await,
        };
        purged.map(drop).map_err(|error| self.refused(&format!("it does not free room: {}", chain(&error))))
    }

    fn direct(&self) -> String {
        format!("$JS.API.DIRECT.GET.{}", self.name)
    }

    fn kept(&self, message: Message) -> Result<Kept, BusError> {
        let headers = message.headers.unwrap_or_default();
        let subject = headers.get("Nats-Subject").map(|subject| subject.as_str().to_owned());
        let sequence = number(Some(&headers), "Nats-Sequence");
        let (Some(subject), Some(sequence)) = (subject, sequence) else {
            return Err(self.refused("it answered something else than a message to a read"));
        };
        Ok(Kept { subject, sequence, headers, payload: message.payload.into() })
    }
}

/// Messages on their way, in order: each is to have the number after the one before.
pub(super) struct UnderWay<'a> {
    stream: &'a Stream,
    /// Of the last one sent.
    last: u64,
    acks: VecDeque<(u64, PublishAckFuture)>,
}

impl<'a> UnderWay<'a> {
    pub(super) fn after(stream: &'a Stream, last: u64) -> Self {
        Self { stream, last, acks: VecDeque::new() }
    }

    /// Sends one more. Answers the number that it has, if all goes well.
    pub(super) async fn send(&mut self, subject: String, message: PublishMessage) -> Result<u64, Unwritten> {
        if self.acks.len() >= UNDER_WAY {
            self.settle().await?;
        }
        let sent = self.stream.context.send_publish(subject, message.expected_last_sequence(self.last)).await;
        self.last += 1;
        self.acks.push_back((self.last, sent.map_err(|error| self.stream.unwritten(&error))?));
        Ok(self.last)
    }

    async fn settle(&mut self) -> Result<(), Unwritten> {
        let Some((number, ack)) = self.acks.pop_front() else { return Ok(()) };
        let ack = ack.await.map_err(|error| self.stream.unwritten(&error))?;
        if ack.sequence == number { Ok(()) } else { Err(Unwritten::Overtaken) }
    }

    /// Waits until all are kept. Answers the number of the last one.
    pub(super) async fn finish(mut self) -> Result<u64, Unwritten> {
        while !self.acks.is_empty() {
            self.settle().await?;
        }
        Ok(self.last)
    }
}

/// A number in a header.
pub(super) fn number(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}

fn question(wanted: &Wanted<'_>) -> Vec<u8> {
    // Plain data with text keys: writing it cannot fail.
    serde_json::to_vec(wanted).unwrap_or_default()
}

pub(super) fn late() -> BusError {
    BusError::TimedOut { name: WHOM.to_owned(), waited_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX) }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
