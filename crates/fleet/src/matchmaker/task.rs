use super::{Action, Answer, Event, Now, Order, State, Ticket, Timing};
use crate::bus::{Bus, BusError, Change, Expect, Link, Request, Watch};
use crate::log;
use futures::stream::{BoxStream, SelectAll, StreamExt, select_all, unfold};
use jiff::Timestamp;
use samepath_wire::{
    AttemptRef, Claim, Confirm, JobId, JobRecord, JobRequest, Kind, Refused, Report, ReportAnswer, Submit, Worker,
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The key whose holder leads. Its revision, when it was taken, is the epoch.
pub const LEADER: &str = "matchmaker/leader";
/// How long the key outlives a leader that says no more.
const LEADER_TTL: Duration = Duration::from_secs(10);
/// How often a leader says that it is there.
const LEADER_REFRESH: Duration = Duration::from_secs(3);
/// Pause after a reign that ended badly.
const PAUSE: Duration = Duration::from_millis(200);
const SUBJECTS: [&str; 7] = ["submit", "stop", "kill", "retry", "claim", "confirm", "report"];

/// Why a reign ended.
enum End {
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
pub async fn lead(bus: Arc<dyn Bus>, timing: Timing, shutdown: CancellationToken) {
    let started = Instant::now();
    loop {
        let mut leader = None;
        let reign = async {
            let mut link = bus.link();
            link.wait_for(|link| *link == Link::Up).await.map_err(|_| End::Closed)?;
            let revision = take_lead(&*bus).await?;
            Reign::begin(&*bus, timing, started, leader.insert(revision)).await?.go_on().await
        };
        let end = tokio::select! {
            () = shutdown.cancelled() => End::Closed,
            Err(end) = reign => end,
        };
        if let Some(revision) = leader {
            // Whoever is next need not wait for the key to expire.
            drop(timeout(PAUSE, bus.delete(LEADER, Expect::Revision(revision))).await);
        }
        match end {
            End::Closed => return,
            End::Overtaken => tracing::info!("another matchmaker leads"),
            End::Bus(error) => tracing::warn!(%error, "the matchmaker starts over"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(PAUSE) => {}
        }
    }
}

/// Waits until nobody leads, and takes the lead. Answers the key's revision.
async fn take_lead(bus: &dyn Bus) -> Result<u64, End> {
    loop {
        match bus.put(LEADER, b"{}".to_vec(), Expect::Absent, Some(LEADER_TTL)).await {
            Ok(revision) => return Ok(revision),
            Err(BusError::Conflict { .. }) => {
                let mut watch = bus.watch(LEADER).await?;
                let mut held = false;
                loop {
                    match watch.next().await {
                        Some(Change::Put { .. }) => held = true,
                        Some(Change::Current) if held => {}
                        Some(Change::Gone { .. } | Change::Reset | Change::Current) => break,
                        None => return Err(End::Closed),
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// One time of leading: from the records to the first thing that goes wrong.
struct Reign<'a> {
    bus: &'a dyn Bus,
    started: Instant,
    /// Revision of the leader's key.
    leader: &'a mut u64,
    state: State,
    /// Revisions of the job records as this reign read or wrote them.
    revisions: HashMap<JobId, u64>,
    /// Last revisions of records that this reign removed, until the watch tells that they are gone.
    removed: HashMap<JobId, u64>,
    /// Requests that wait for their answers.
    waiting: HashMap<Ticket, Request>,
    next_ticket: Ticket,
    requests: SelectAll<BoxStream<'static, (&'static str, Request)>>,
    jobs: Watch,
    workers: Watch,
    /// Workers named since a reset, until the snapshot is complete.
    named: Option<BTreeSet<String>>,
    kinds: Watch,
}

impl<'a> Reign<'a> {
    /// Serves first, then reads: what is asked meanwhile waits.
    async fn begin(bus: &'a dyn Bus, timing: Timing, started: Instant, leader: &'a mut u64) -> Result<Self, End> {
        let mut served = Vec::new();
        for subject in SUBJECTS {
            let requests = bus.serve(subject).await?;
            let next = move |mut requests: crate::bus::Requests| async move {
                let request = requests.next().await?;
                Some(((subject, request), requests))
            };
            served.push(unfold(requests, next).boxed());
        }
        let (jobs, workers, kinds) =
            (bus.watch("jobs/").await?, bus.watch("workers/").await?, bus.watch("kinds/").await?);
        let now = Now { clock: started.elapsed(), wall: Timestamp::now() };
        let mut reign = Self {
            bus,
            started,
            state: State::rebuild(*leader, timing, [], now),
            leader,
            revisions: HashMap::new(),
            removed: HashMap::new(),
            waiting: HashMap::new(),
            next_ticket: 1,
            requests: select_all(served),
            jobs,
            workers,
            named: None,
            kinds,
        };
        let (mut records, mut unreadable) = (HashMap::<JobId, JobRecord>::new(), BTreeSet::new());
        loop {
            match reign.jobs.next().await.ok_or(End::Closed)? {
                Change::Put { key, value, revision } => {
                    let Some(id) = job_of(&key) else { continue };
                    reign.revisions.insert(id, revision);
                    records.remove(&id);
                    unreadable.remove(&id);
                    match serde_json::from_slice(&value) {
                        Ok(record) => drop(records.insert(id, record)),
                        Err(error) => {
                            tracing::error!(%key, %error, "a job's record cannot be read; the job is left alone");
                            unreadable.insert(id);
                        }
                    }
                }
                Change::Gone { key } => {
                    if let Some(id) = job_of(&key) {
                        records.remove(&id);
                        unreadable.remove(&id);
                        reign.revisions.remove(&id);
                    }
                }
                Change::Reset => {
                    records.clear();
                    unreadable.clear();
                    reign.revisions.clear();
                }
                Change::Current => break,
            }
        }
        let (epoch, now) = (*reign.leader, reign.now());
        reign.state = State::rebuild(epoch, timing, records.into_values(), now);
        for id in unreadable {
            reign.state.leave_alone(id);
        }
        tracing::info!(epoch, jobs = reign.revisions.len(), "leads");
        Ok(reign)
    }

    fn now(&self) -> Now {
        Now { clock: self.started.elapsed(), wall: Timestamp::now() }
    }

    async fn go_on(mut self) -> Result<std::convert::Infallible, End> {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refreshed = Instant::now();
        loop {
            tokio::select! {
                asked = self.requests.next() => {
                    let (subject, request) = asked.ok_or(End::Closed)?;
                    self.take_request(subject, request).await?;
                }
                change = self.workers.next() => self.take_worker(change.ok_or(End::Closed)?).await?,
                change = self.kinds.next() => {
                    if let Change::Put { key, value, .. } = change.ok_or(End::Closed)?
                        && let Some(kind) = read::<Kind>(&key, &value)
                    {
                        self.handle(Event::KindSeen(Box::new(kind))).await?;
                    }
                }
                change = self.jobs.next() => self.take_foreign(&change.ok_or(End::Closed)?)?,
                _ = tick.tick() => {
                    if refreshed.elapsed() >= LEADER_REFRESH {
                        let expect = Expect::Revision(*self.leader);
                        *self.leader = self.bus.put(LEADER, b"{}".to_vec(), expect, Some(LEADER_TTL)).await?;
                        refreshed = Instant::now();
                    }
                    self.handle(Event::Tick).await?;
                }
            }
        }
    }

    async fn take_request(&mut self, subject: &'static str, request: Request) -> Result<(), End> {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        match self.event(subject, ticket, &request) {
            Ok(event) => {
                if let Event::Report { report, .. } = &event
                    && self.state.job(report.attempt.job).is_some()
                    && lacks_log(self.bus, report).await?
                {
                    reply(request, &Answer::Report(ReportAnswer::LogMissing));
                    return Ok(());
                }
                self.waiting.insert(ticket, request);
                self.handle(event).await
            }
            Err(refused) => {
                reply(request, &Answer::Refused(refused));
                Ok(())
            }
        }
    }

    fn event(&self, subject: &str, ticket: Ticket, request: &Request) -> Result<Event, Refused> {
        let member = request.from.member.clone();
        let worker =
            || request.from.worker.clone().ok_or_else(|| refused("invalid_parameter", "only a worker may ask this"));
        let order = |order| {
            let JobRequest { job } = parse(&request.payload)?;
            Ok(Event::Order { ticket, member: member.clone(), job, order })
        };
        match subject {
            "submit" => {
                let Submit { job } = parse(&request.payload)?;
                Ok(Event::Submit { ticket, member, job: Box::new(job) })
            }
            "stop" => order(Order::Stop),
            "kill" => order(Order::Kill),
            "retry" => order(Order::Retry),
            "claim" => {
                let claim: Claim = parse(&request.payload)?;
                Ok(Event::Claim { ticket, worker: worker()?, claim })
            }
            "confirm" => {
                let confirm: Confirm = parse(&request.payload)?;
                Ok(Event::Confirm { ticket, worker: worker()?, confirm })
            }
            _ => {
                let report: Report = parse(&request.payload)?;
                Ok(Event::Report { ticket, worker: worker()?, report: Box::new(report) })
            }
        }
    }

    async fn take_worker(&mut self, change: Change) -> Result<(), End> {
        match change {
            Change::Put { key, value, .. } => {
                let Some(id) = key.strip_prefix("workers/") else { return Ok(()) };
                if let Some(mut worker) = read::<Worker>(&key, &value) {
                    worker.id = id.to_owned();
                    if let Some(named) = &mut self.named {
                        named.insert(worker.id.clone());
                    }
                    self.handle(Event::WorkerSeen(Box::new(worker))).await?;
                }
            }
            Change::Gone { key } => {
                if let Some(id) = key.strip_prefix("workers/") {
                    self.handle(Event::WorkerGone(id.to_owned())).await?;
                }
            }
            Change::Reset => self.named = Some(BTreeSet::new()),
            Change::Current => {
                if let Some(named) = self.named.take() {
                    let gone: Vec<String> =
                        self.state.online().filter(|id| !named.contains(*id)).map(str::to_owned).collect();
                    for worker in gone {
                        self.handle(Event::WorkerGone(worker)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A change of a job record that this reign did not make ends it.
    fn take_foreign(&mut self, change: &Change) -> Result<(), End> {
        let own = match change {
            Change::Put { key, revision, .. } => job_of(key).is_none_or(|id| {
                let known = self.revisions.get(&id).or_else(|| self.removed.get(&id));
                known.is_some_and(|known| revision <= known)
            }),
            Change::Gone { key } => job_of(key).is_none_or(|id| {
                self.removed.remove(&id);
                !self.revisions.contains_key(&id)
            }),
            Change::Current | Change::Reset => {
                self.removed.clear();
                true
            }
        };
        if own { Ok(()) } else { Err(End::Overtaken) }
    }

    async fn handle(&mut self, event: Event) -> Result<(), End> {
        let now = self.now();
        let abandoned: Vec<Ticket> =
            self.waiting.iter().filter(|(_, request)| request.is_abandoned()).map(|(ticket, _)| *ticket).collect();
        for ticket in abandoned {
            self.waiting.remove(&ticket);
            let actions = self.state.handle(Event::Abandoned { ticket }, now);
            self.act(actions).await?;
        }
        let actions = self.state.handle(event, now);
        self.act(actions).await
    }

    async fn act(&mut self, actions: Vec<Action>) -> Result<(), End> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Write(record) => match self.write(&record).await {
                    Err(End::Bus(error @ BusError::TooLarge { .. })) => {
                        let id = record.job.id;
                        tracing::error!(job = %id, %error, "a job's record does not fit");
                        if record.job.version == 0 {
                            // Nothing smaller can be made of it.
                            self.state.leave_alone(id);
                        } else {
                            let failed = self.state.too_large(id, self.now());
                            failed.into_iter().rev().for_each(|action| actions.push_front(action));
                        }
                    }
                    written => written?,
                },
                Action::Remove { job, attempts } => self.remove(job, attempts).await?,
                Action::Answer(ticket, answer) => {
                    if let Some(request) = self.waiting.remove(&ticket) {
                        reply(request, &self.true_now(answer));
                    }
                }
                Action::StepDown => return Err(End::Overtaken),
            }
        }
        Ok(())
    }

    /// The answer, unless the record in it could not be written as it was.
    fn true_now(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Record(record) => match self.state.job(record.job.id) {
                Some(now) => Answer::Record(Box::new(now.clone())),
                None => Answer::Refused(refused("internal", "the job's record is too large for the queue")),
            },
            answer => answer,
        }
    }

    async fn write(&mut self, record: &JobRecord) -> Result<(), End> {
        let id = record.job.id;
        let expect = self.revisions.get(&id).map_or(Expect::Absent, |revision| Expect::Revision(*revision));
        let revision = self.bus.put(&format!("jobs/{id}"), encode(record), expect, None).await?;
        self.revisions.insert(id, revision);
        Ok(())
    }

    /// The logs first: as long as the record is there, somebody knows of them.
    async fn remove(&mut self, job: JobId, attempts: u32) -> Result<(), End> {
        for attempt in 1..=attempts {
            self.bus.forget_log(&log::name(&AttemptRef { job, attempt })).await?;
        }
        if let Some(revision) = self.revisions.remove(&job) {
            self.removed.insert(job, revision);
            self.bus.delete(&format!("jobs/{job}"), Expect::Revision(revision)).await?;
        }
        Ok(())
    }
}

/// Whether lines of the log of an attempt that is said to have ended are missing: whoever held them may have been killed before
/// they were durable. The end is written after they were seen here, and becomes durable after them.
async fn lacks_log(bus: &dyn Bus, report: &Report) -> Result<bool, End> {
    let Some(end) = report.log_end else { return Ok(false) };
    Ok(bus.log_range(&log::name(&report.attempt)).await?.end < end)
}

fn job_of(key: &str) -> Option<JobId> {
    key.strip_prefix("jobs/")?.parse().ok()
}

fn read<T: DeserializeOwned>(key: &str, value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).inspect_err(|error| tracing::warn!(%key, %error, "a record cannot be read")).ok()
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(payload)
        .map_err(|error| refused("invalid_parameter", &format!("the request cannot be read: {error}")))
}

fn refused(code: &str, message: &str) -> Refused {
    Refused { code: code.to_owned(), message: message.to_owned() }
}

fn reply(request: Request, answer: &Answer) {
    request.reply(match answer {
        Answer::Record(record) => encode(record),
        Answer::Refused(refused) => encode(refused),
        Answer::Claim(answer) => encode(answer),
        Answer::Confirm(answer) => encode(answer),
        Answer::Report(answer) => encode(answer),
    });
}

/// Messages hold nothing that JSON has no form for, so that writing them cannot fail.
fn encode(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
