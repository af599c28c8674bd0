use super::{
    LOG, LOG_REIGN, NatsSettings, Opened, RECORD, REIGN, REMOVED, REVISION, State, Store,
    index::Index,
    stream::{Kept, PATIENCE, Stream, Unwritten, Wanted, number},
};
use crate::bus::{
    BusError,
    core::{GENERATION_BITS, Record},
    nats::identity::untoken,
};
use async_nats::{
    Client,
    jetstream::{
        consumer::{DeliverPolicy, pull::OrderedConfig},
        message::PublishMessage,
        stream::Config,
    },
};
use futures::{StreamExt, future::try_join};
use std::{collections::BTreeMap, sync::Arc, sync::Mutex};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Records in one answer of the server, and bytes of them.
const PAGE: usize = 1000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How often the logs are taken over while somebody writes them.
const TRIES: usize = 20;

/// The streams of somebody who holds them now and has not read them.
pub(in crate::bus::nats) struct Claimed {
    records: Stream,
    logs: Stream,
    last_record: u64,
    last_log: u64,
    reign: u64,
    settings: NatsSettings,
    over: CancellationToken,
}

pub(super) fn reign_of(kept: &Kept) -> Option<u64> {
    std::str::from_utf8(&kept.payload).ok()?.parse().ok()
}

/// [`BusError::DiskFull`] and [`BusError::Io`] where the server's disk is why it does not write.
pub(super) async fn claim(
    client: &Client,
    settings: &NatsSettings,
    over: CancellationToken,
) -> Result<Claimed, BusError> {
    let Some(disk) = &settings.disk else { return take(client, settings, over).await };
    let taken = tokio::select! {
        taken = take(client, settings, over) => taken,
        why = disk.at_fault() => Err(why),
    };
    let Err(error) = taken else { return taken };
    let why = disk.fault().await;
    // A server that failed before reads, and answers no write.
    if why.is_some() || matches!(error, BusError::TimedOut { .. }) {
        disk.has_failed();
    }
    Err(why.unwrap_or(error))
}

async fn take(client: &Client, settings: &NatsSettings, over: CancellationToken) -> Result<Claimed, BusError> {
    let (records, last) = Stream::make(client, &settings.server, records_config()).await?;
    let before = records.get(&Wanted::last(REIGN)).await?;
    let before = match before {
        Some(kept) => reign_of(&kept).ok_or_else(|| records.refused("what it keeps is not of a lab"))?,
        None => 0,
    };
    let reign = before + 1;
    let message = || PublishMessage::build().payload(reign.to_string().into());
    let last_record = records.write(REIGN.to_owned(), message(), last).await.map_err(lost)?;
    let mut tries = 0;
    let (logs, last_log) = loop {
        let (logs, last) = Stream::make(client, &settings.server, logs_config()).await?;
        match logs.write(LOG_REIGN.to_owned(), message(), last).await {
            Ok(last) => break (logs, last),
            // Whoever had it has lines on their way: not for long, since it can write no record any more.
            Err(Unwritten::Overtaken) if tries < TRIES => tries += 1,
            Err(unwritten) => return Err(lost(unwritten)),
        }
    };
    logs.purge(LOG_REIGN, Some(last_log)).await?;
    Ok(Claimed { records, logs, last_record, last_log, reign, settings: settings.clone(), over })
}

fn lost(unwritten: Unwritten) -> BusError {
    match unwritten {
        Unwritten::Overtaken => BusError::Unreachable,
        Unwritten::Bus(error) => error,
    }
}

fn records_config() -> Config {
    Config {
        name: "SAMEPATH_RECORDS".to_owned(),
        description: Some("Samepath: jobs and job types, each the last message of its subject".to_owned()),
        subjects: vec![format!("{RECORD}.*"), REIGN.to_owned()],
        max_messages_per_subject: 1,
        allow_direct: true,
        allow_message_ttl: true,
        num_replicas: 1,
        ..Config::default()
    }
}

fn logs_config() -> Config {
    Config {
        name: "SAMEPATH_LOGS".to_owned(),
        description: Some("Samepath: what jobs printed".to_owned()),
        subjects: vec![format!("{LOG}.*"), LOG_REIGN.to_owned()],
        max_messages_per_subject: -1,
        allow_direct: true,
        num_replicas: 1,
        ..Config::default()
    }
}

impl Claimed {
    /// Reads all that is there.
    pub(in crate::bus::nats) async fn read(self) -> Result<(Store, Opened), BusError> {
        let records = self.read_records().await?;
        let index = self.read_logs().await?;
        let (logs, reign) = (index.ranges(), self.reign);
        let state = State { last_record: self.last_record, last_log: self.last_log, index, ailing: None };
        let store = Store {
            records: self.records,
            logs: self.logs,
            reign,
            limits: self.settings.limits,
            runtime: Handle::current(),
            state: Mutex::new(state),
            disk: self.settings.disk,
            over: self.over,
        };
        Ok((store, Opened { records, logs, revision: reign << GENERATION_BITS, reign }))
    }

    async fn read_records(&self) -> Result<BTreeMap<Arc<str>, Record>, BusError> {
        let all = format!("{RECORD}.*");
        let page = async |next| self.records.get_many(&Wanted::from(next, &all, PAGE, PAGE_BYTES)).await;
        let mut records = BTreeMap::new();
        let mut read = page(1).await?;
        loop {
            let (kept, more) = read;
            let last = kept.last().map(|kept| kept.sequence);
            let take_up = async {
                for kept in kept {
                    let (key, record) = self.record(kept)?;
                    match record {
                        Some(record) => drop(records.insert(key, record)),
                        None => drop(records.remove(&key)),
                    }
                }
                Ok::<_, BusError>(())
            };
            // The server has the next page on its way meanwhile.
            let Some(last) = last.filter(|_| more) else { return take_up.await.map(|()| records) };
            read = try_join(page(last + 1), take_up).await?.0;
        }
    }

    fn record(&self, kept: Kept) -> Result<(Arc<str>, Option<Record>), BusError> {
        let key = kept.subject.strip_prefix(RECORD).and_then(|token| untoken(token.strip_prefix('.')?));
        let key: Arc<str> = key.ok_or_else(|| self.records.refused("a record's subject cannot be read"))?.into();
        if kept.headers.get(REMOVED).is_some() {
            return Ok((key, None));
        }
        let revision =
            number(Some(&kept.headers), REVISION).ok_or_else(|| self.records.refused("a record has no revision"))?;
        Ok((key, Some(Record { value: kept.payload.into(), revision, fleeting: None })))
    }

    /// Only the heads of the messages.
    async fn read_logs(&self) -> Result<Index, BusError> {
        let mut index = Index::default();
        let refused = |error: &dyn std::fmt::Display| self.logs.refused(&format!("the logs cannot be read: {error}"));
        let stream = self.logs.context.get_stream(&self.logs.name).await.map_err(|error| refused(&error))?;
        if stream.cached_info().state.messages <= 1 {
            return Ok(index);
        }
        let config = OrderedConfig {
            filter_subject: format!("{LOG}.*"),
            headers_only: true,
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        };
        let mut consumer = stream.create_consumer(config).await.map_err(|error| refused(&error))?;
        let waiting = consumer.info().await.map_err(|error| refused(&error))?.num_pending;
        let mut messages = consumer.messages().await.map_err(|error| refused(&error))?;
        let mut left = waiting;
        while left > 0 {
            let next = tokio::time::timeout(PATIENCE, messages.next()).await;
            let next = next.map_err(|_| refused(&"it fell silent"))?.ok_or(BusError::Unreachable)?;
            let message = next.map_err(|error| refused(&error))?;
            let info = message.info().map_err(|error| refused(&error))?;
            left = info.pending;
            let log = message.subject.strip_prefix(LOG).and_then(|token| untoken(token.strip_prefix('.')?));
            let headers = message.headers.clone().unwrap_or_default();
            let found = log.and_then(|log| index.found(&log, info.stream_sequence, &headers));
            if found.is_none() {
                return Err(self.logs.refused("a message of a log cannot be read"));
            }
        }
        index.settle();
        Ok(index)
    }
}
