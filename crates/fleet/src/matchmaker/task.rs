use super::admission::{Admission, Admitted};
use super::asking::{PEOPLE_ASK, WORKERS_ASK, event, reply};
use super::batch::{Batch, Written};
use super::leader::{Leader, REFRESH};
use super::reading::Reading;
use super::revisions::{Revisions, job_of};
use super::unwritable::refuse;
use super::{Action, Answer, Event, Now, Rules, State, Ticket};
use crate::bus::nats::KEYS;
use crate::bus::{Bus, BusError, Change, Request, Watch};
use crate::log;
use futures::future::{BoxFuture, FutureExt, OptionFuture, try_join_all};
use futures::stream::{BoxStream, FuturesUnordered, SelectAll, StreamExt, select_all};
use jiff::Timestamp;
use samepath_wire::{JobRecord, Kind, ReportAnswer, Worker};
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Pause after a reign that ended badly.
const PAUSE: Duration = Duration::from_millis(200);

/// Before it is tried again whether records can be written.
const REFUSING: Duration = Duration::from_secs(1);

/// Why a reign ended.
pub(super) enum End {
    Bus(BusError),
    /// Somebody else wrote a record, or leads in a later epoch.
    Overtaken,
    Closed,
}

impl From<BusError> for End {
    fn from(error: BusError) -> Self {
        if error == BusError::Closed { Self::Closed } else { Self::Bus(error) }
    }
}

/// Leads whenever nobody else does, until `shutdown` or until the bus is closed. Several may be run over one bus: one leads.
pub async fn lead(bus: Arc<dyn Bus>, rules: impl Into<Rules>, shutdown: CancellationToken) {
    let (rules, started) = (rules.into(), Instant::now());
    let mut leader = Leader::new();
    // Whether the last reign wrote nothing, because it could not.
    let mut idle = false;
    loop {
        let mut wrote = false;
        let end = reign(&*bus, rules, started, &mut leader, &mut wrote, &shutdown).await;
        drop(timeout(PAUSE, leader.give_up(&*bus)).await);
        match end {
            End::Closed => return,
            End::Overtaken => {
                tracing::info!("another matchmaker leads");
                idle = false;
            }
            End::Bus(error) => {
                let fails = error.code() == "io" && !wrote;
                if fails && idle {
                    // Said once: a disk may stay full for long.
                    tracing::debug!(%error, "the matchmaker starts over");
                    refuse(&*bus, &error, REFUSING).await;
                } else {
                    tracing::warn!(%error, "the matchmaker starts over");
                }
                idle = fails;
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(PAUSE) => {}
        }
    }
}

async fn reign(
    bus: &dyn Bus,
    rules: Rules,
    started: Instant,
    leader: &mut Leader,
    wrote: &mut bool,
    shutdown: &CancellationToken,
) -> End {
    let begin = async {
        leader.take(bus).await?;
        Reign::begin(bus, rules, started, leader, wrote).await
    };
    let begun = tokio::select! {
        () = shutdown.cancelled() => Err(End::Closed),
        begun = begin => begun,
    };
    match begun {
        Ok(reign) => reign.go_on(shutdown).await,
        Err(end) => end,
    }
}

/// One time of leading: from the records to the first thing that goes wrong.
///
/// What is decided is written by and by: while one batch is being written the next one gathers, and nobody is answered before
/// what the answer relies on is durable. A write that fails ends the reign, and with it everything that was decided since.
struct Reign<'a> {
    bus: &'a dyn Bus,
    started: Instant,
    leader: &'a mut Leader,
    /// Whether anything could be written.
    wrote: &'a mut bool,
    state: State,
    revisions: Revisions,
    /// Requests that wait for their answers.
    waiting: HashMap<Ticket, Request>,
    next_ticket: Ticket,
    requests: SelectAll<BoxStream<'static, (&'static str, Request)>>,
    /// Reports of ends, while their logs are looked at.
    ends: FuturesUnordered<BoxFuture<'a, Result<LookedAt, BusError>>>,
    jobs: Watch,
    workers: Watch,
    /// Workers named since a reset, until the snapshot is complete.
    named: Option<BTreeSet<String>>,
    kinds: Watch,
    /// Of the lab's keys.
    keys: Watch,
    admitted: Admitted,
    writing: Option<Writing<'a>>,
    /// What was decided since that write began.
    next: Batch,
}

/// A report of an end, and whether lines of its log are missing.
struct LookedAt {
    ticket: Ticket,
    request: Request,
    event: Event,
    lacks_log: bool,
}

/// A batch that is being written.
struct Writing<'a> {
    batch: Batch,
    what: Vec<Written>,
    done: BoxFuture<'a, Result<Vec<u64>, BusError>>,
}

impl<'a> Reign<'a> {
    /// Serves first, then reads: what is asked meanwhile waits.
    async fn begin(
        bus: &'a dyn Bus,
        rules: Rules,
        started: Instant,
        leader: &'a mut Leader,
        wrote: &'a mut bool,
    ) -> Result<Self, End> {
        let mut served = Vec::new();
        for subject in PEOPLE_ASK.into_iter().chain(WORKERS_ASK) {
            let requests = bus.serve(subject).await?.into_stream();
            served.push(requests.map(move |request| (subject, request)).boxed());
        }
        let (jobs, workers, kinds) =
            (bus.watch("jobs/").await?, bus.watch("workers/").await?, bus.watch("kinds/").await?);
        let keys = bus.watch(KEYS).await?;
        let now = Now { clock: started.elapsed(), wall: Timestamp::now() };
        let mut reign = Self {
            bus,
            started,
            state: State::rebuild(leader.revision(), rules, [], now),
            leader,
            wrote,
            revisions: Revisions::default(),
            waiting: HashMap::new(),
            next_ticket: 1,
            requests: select_all(served),
            ends: FuturesUnordered::new(),
            jobs,
            workers,
            named: None,
            kinds,
            keys,
            admitted: Admitted::default(),
            writing: None,
            next: Batch::default(),
        };
        let mut reading = Reading::default();
        loop {
            match reign.jobs.next().await.ok_or(End::Closed)? {
                Change::Put { key, value, revision } => {
                    let Some(id) = job_of(&key) else { continue };
                    reign.revisions.put(id, revision);
                    reading.put(id, value);
                }
                Change::Gone { key } => {
                    let Some(id) = job_of(&key) else { continue };
                    reign.revisions.forget(id);
                    reading.forget(id).await?;
                }
                Change::Reset => {
                    reign.revisions.clear();
                    reading = Reading::default();
                }
                Change::Current => break,
            }
        }
        let (records, unreadable) = reading.finish().await?;
        let (epoch, now) = (reign.leader.revision(), reign.now());
        let mut records: Vec<JobRecord> = records.into_values().collect();
        records.sort_by_key(|record| reign.revisions.known().get(&record.job.id).copied());
        reign.state = State::rebuild(epoch, rules, records, now);
        for id in unreadable {
            reign.state.leave_alone(id);
        }
        tracing::info!(epoch, jobs = reign.revisions.known().len(), "leads");
        Ok(reign)
    }

    fn now(&self) -> Now {
        Now { clock: self.started.elapsed(), wall: Timestamp::now() }
    }

    /// Decides and writes until told to end, or until something goes wrong.
    async fn go_on(mut self, shutdown: &CancellationToken) -> End {
        let end = tokio::select! {
            () = shutdown.cancelled() => End::Closed,
            Err(end) = self.decide() => end,
        };
        // Whoever leads next shall find what is under way, and whoever waits for it be told.
        if let Some(writing) = &mut self.writing
            && let Ok(written) = timeout(PAUSE, &mut writing.done).await
        {
            drop(self.written(written));
        }
        end
    }

    async fn decide(&mut self) -> Result<Infallible, End> {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refreshed = Instant::now();
        loop {
            if self.writing.is_none() {
                self.write();
            }
            tokio::select! {
                Some(written) = OptionFuture::from(self.writing.as_mut().map(|writing| &mut writing.done)) => {
                    self.written(written)?;
                }
                asked = self.requests.next(), if !self.next.is_full() => {
                    let (subject, request) = asked.ok_or(End::Closed)?;
                    // Whoever asks in the name of one that was put out was let in by a change that is there already.
                    while let Some(change) = self.keys.next().now_or_never() {
                        self.take_key(change.ok_or(End::Closed)?)?;
                    }
                    self.take_request(subject, request)?;
                }
                Some(looked) = self.ends.next() => {
                    let LookedAt { ticket, request, event, lacks_log } = looked?;
                    if lacks_log {
                        reply(request, &Answer::Report(ReportAnswer::LogMissing));
                    } else {
                        self.take_event(ticket, request, event)?;
                    }
                }
                change = self.workers.next() => self.take_worker(change.ok_or(End::Closed)?)?,
                change = self.keys.next() => self.take_key(change.ok_or(End::Closed)?)?,
                change = self.kinds.next() => {
                    if let Change::Put { key, value, .. } = change.ok_or(End::Closed)?
                        && let Some(digest) = key.strip_prefix("kinds/")
                        && let Some(mut kind) = read::<Kind>(&key, &value)
                    {
                        kind.digest = digest.to_owned();
                        self.handle(Event::KindSeen(Box::new(kind)))?;
                    }
                }
                change = self.jobs.next() => {
                    // A change of a job's record that this reign did not make ends it.
                    if !self.revisions.see(&change.ok_or(End::Closed)?, self.writing.is_some()) {
                        return Err(End::Overtaken);
                    }
                }
                _ = tick.tick() => {
                    if refreshed.elapsed() >= REFRESH {
                        self.next.lead();
                        refreshed = Instant::now();
                    }
                    self.handle(Event::Tick)?;
                }
            }
        }
    }

    fn take_request(&mut self, subject: &'static str, request: Request) -> Result<(), End> {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let event = match event(subject, ticket, &request) {
            Ok(event) => event,
            Err(refused) => {
                reply(request, &Answer::Refused(refused));
                return Ok(());
            }
        };
        // Lines may be missing: whoever held them may have been killed before they were durable. The end is written after they
        // were seen here, and becomes durable after them.
        if let Event::Report { report, .. } = &event
            && let Some(end) = report.log_end
            && self.state.job(report.attempt.job).is_some()
        {
            let (bus, log) = (self.bus, log::name(&report.attempt));
            let looking = async move {
                let lacks_log = bus.log_range(&log).await?.end < end;
                Ok(LookedAt { ticket, request, event, lacks_log })
            };
            self.ends.push(looking.boxed());
            return Ok(());
        }
        self.take_event(ticket, request, event)
    }

    fn take_event(&mut self, ticket: Ticket, request: Request, event: Event) -> Result<(), End> {
        self.waiting.insert(ticket, request);
        self.handle(event)
    }

    fn take_key(&mut self, change: Change) -> Result<(), End> {
        for change in self.admitted.take(change, self.state.at_work()) {
            self.handle(match change {
                Admission::LetIn(name) => Event::WorkerLetIn(name),
                Admission::PutOut(name) => Event::WorkerPutOut(name),
            })?;
        }
        Ok(())
    }

    fn take_worker(&mut self, change: Change) -> Result<(), End> {
        match change {
            Change::Put { key, value, .. } => {
                let Some(id) = key.strip_prefix("workers/") else { return Ok(()) };
                if let Some(mut worker) = read::<Worker>(&key, &value) {
                    worker.id = id.to_owned();
                    if let Some(named) = &mut self.named {
                        named.insert(worker.id.clone());
                    }
                    self.handle(Event::WorkerSeen(Box::new(worker)))?;
                }
            }
            Change::Gone { key } => {
                if let Some(id) = key.strip_prefix("workers/") {
                    self.handle(Event::WorkerGone(id.to_owned()))?;
                }
            }
            Change::Reset => self.named = Some(BTreeSet::new()),
            Change::Current => {
                if let Some(named) = self.named.take() {
                    let gone: Vec<String> =
                        self.state.online().filter(|id| !named.contains(*id)).map(str::to_owned).collect();
                    for worker in gone {
                        self.handle(Event::WorkerGone(worker))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), End> {
        let now = self.now();
        let abandoned: Vec<Ticket> =
            self.waiting.iter().filter(|(_, request)| request.is_abandoned()).map(|(ticket, _)| *ticket).collect();
        for ticket in abandoned {
            self.waiting.remove(&ticket);
            let actions = self.state.handle(Event::Abandoned { ticket }, now);
            self.act(actions)?;
        }
        let actions = self.state.handle(event, now);
        self.act(actions)
    }

    fn act(&mut self, actions: Vec<Action>) -> Result<(), End> {
        for action in actions {
            match action {
                Action::Write(record) => self.next.put(record),
                Action::Remove { job, attempts } => self.next.remove(job, attempts),
                Action::RemoveKind { digest } => self.next.remove_kind(digest),
                Action::Answer(ticket, answer) => {
                    if let Some(request) = self.waiting.remove(&ticket) {
                        self.next.answer(request, answer);
                    }
                }
                Action::StepDown => return Err(End::Overtaken),
            }
        }
        Ok(())
    }

    /// Begins to write what was decided, if there is anything.
    fn write(&mut self) {
        let batch = std::mem::take(&mut self.next);
        if batch.changes_nothing() {
            return batch.tell();
        }
        let (bus, logs) = (self.bus, batch.logs());
        let (what, writes) = batch.writes(self.revisions.known(), self.leader).into_iter().unzip();
        let done = async move {
            try_join_all(logs.iter().map(|log| bus.forget_log(log))).await?;
            bus.write(writes).await
        };
        self.writing = Some(Writing { batch, what, done: done.boxed() });
    }

    /// The write is over.
    fn written(&mut self, written: Result<Vec<u64>, BusError>) -> Result<(), End> {
        let Some(Writing { batch, what, .. }) = self.writing.take() else { return Ok(()) };
        let revisions = match written {
            Ok(revisions) => {
                *self.wrote = true;
                revisions
            }
            Err(error) => return self.not_written(batch, error),
        };
        for (what, revision) in what.into_iter().zip(revisions) {
            match what {
                Written::Leader => self.leader.renewed(revision),
                Written::Put(id) => self.revisions.put(id, revision),
                Written::Removed(id) => self.revisions.remove(id),
                Written::Kind => {}
            }
        }
        if !self.revisions.settle() {
            return Err(End::Overtaken);
        }
        batch.tell();
        Ok(())
    }

    /// A record that is too large costs its job alone: nothing was written yet. Any other error costs the reign.
    fn not_written(&mut self, mut batch: Batch, error: BusError) -> Result<(), End> {
        let large = match &error {
            BusError::TooLarge { name, .. } => job_of(name),
            _ => None,
        };
        let Some(record) = large.and_then(|id| batch.take(id)) else { return Err(error.into()) };
        let id = record.job.id;
        tracing::error!(job = %id, %error, "a job's record does not fit");
        batch.extend(std::mem::take(&mut self.next));
        self.next = batch;
        if record.job.version == 0 {
            // Nothing smaller can be made of it.
            self.state.leave_alone(id);
        } else {
            let failed = self.state.too_large(id, self.now());
            self.act(failed)?;
        }
        self.next.correct(id, self.state.job(id));
        Ok(())
    }
}

fn read<T: DeserializeOwned>(key: &str, value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).inspect_err(|error| tracing::warn!(%key, %error, "a record cannot be read")).ok()
}
