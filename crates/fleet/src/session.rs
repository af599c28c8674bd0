use crate::ask::{PATIENCE, ask, decode_answer, encode, persist};
use crate::bus::{Bus, BusError, Caller, Change, Expect, MAX_LOG_ENTRY};
use crate::matchmaker::{Timing, bounds};
use crate::{Fleet, FleetError, Live, Update, log};
use futures::stream::{FuturesUnordered, StreamExt};
use samepath_wire::{
    AttemptRef, AttemptState, CheckPaths, Checked, Claim, ClaimAnswer, Confirm, ConfirmAnswer, Drain, Drained,
    JobRecord, Kind, LogLine, Refused, Report, ReportAnswer, StopMode, Worker, WorkerId,
};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

/// How long the record of a worker outlives it, and how often it is refreshed.
const PRESENCE: Duration = Duration::from_secs(15);
const REFRESH: Duration = Duration::from_secs(5);
/// What a refresh may be late.
const MARGIN: Duration = Duration::from_secs(2);
/// Beyond it, a confirm is given up; the next claim tells what became of it.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(30);
/// Between the matchmaker's empty answer to a claim and giving up on it.
const ANSWER_MARGIN: Duration = Duration::from_secs(7);
/// After a claim that nobody answered.
const CLAIM_PAUSE: Duration = Duration::from_millis(300);
/// Bytes of log lines in one append.
const BATCH: usize = 256 * 1024;
/// The most paths in one question.
const MAX_PATHS: usize = 10_000;
/// Questions answered at the same time.
const CHECKS: usize = 4;

/// A worker's side of a fleet. Cloning is cheap; the worker is offline soon after the last clone is dropped.
///
/// The order of things: [`advertise`](Self::advertise); [`claim`](Self::claim), over and over, naming in `holds` every attempt
/// whose guard is there; for an assignment, [`confirm`](Self::confirm), and only at *go* start. The attempt belongs into `holds`
/// from before the confirm is sent until its end was answered: a confirmed attempt that a claim does not name is lost.
#[derive(Clone)]
pub struct WorkerSession {
    inner: Arc<Inner>,
}

struct Inner {
    fleet: Fleet,
    worker: WorkerId,
    bus: OnceCell<Arc<dyn Bus>>,
    presence: Mutex<Option<Presence>>,
    /// Definitions that were published, by digest.
    kinds: Arc<Mutex<HashMap<String, Kind>>>,
}

struct Presence {
    tell: watch::Sender<Option<Worker>>,
    task: JoinHandle<()>,
}

impl WorkerSession {
    pub(crate) fn new(fleet: Fleet, worker: WorkerId) -> Self {
        let (bus, presence, kinds) = (OnceCell::new(), Mutex::new(None), Arc::default());
        Self { inner: Arc::new(Inner { fleet, worker, bus, presence, kinds }) }
    }

    /// The worker's id.
    pub fn worker(&self) -> &str {
        &self.inner.worker
    }

    async fn bus(&self) -> Result<&Arc<dyn Bus>, BusError> {
        self.inner.bus.get_or_try_init(|| self.inner.fleet.bus_of(&self.inner.worker)).await
    }

    /// Another process that lives and is this very worker, as it advertises itself: a copy of this one's state runs elsewhere. To be
    /// asked before anything else is said or asked in the worker's name.
    ///
    /// Answered at once where nobody advertises under this id. Otherwise that is a predecessor who died just now, or one who goes
    /// on saying so, which takes two refreshes to know.
    pub async fn twin(&self) -> Result<Option<Worker>, FleetError> {
        let bus = self.bus().await?;
        let own = format!("workers/{}", self.inner.worker);
        let mut watch = persist(&**bus, "looking for this worker", None, || bus.watch(&own)).await?;
        let until = Instant::now() + 2 * REFRESH + MARGIN;
        let (mut there, mut last, mut changes) = (false, None, 0);
        while let Ok(change) = timeout_at(until, watch.next()).await {
            match change.ok_or(BusError::Closed)? {
                Change::Put { key, value, revision } if key == own => {
                    there = true;
                    if last.replace(revision).is_some_and(|last| last != revision) {
                        changes += 1;
                    }
                    // One may have been on its way when who sent it died.
                    if changes == 2 {
                        return Ok(serde_json::from_slice(&value).ok());
                    }
                }
                Change::Gone { key } if key == own => return Ok(None),
                Change::Current if !there => return Ok(None),
                Change::Reset => there = false,
                _ => {}
            }
        }
        Ok(None)
    }

    /// Says what the worker is and has, and keeps saying it until told otherwise or dropped. Returns at once. Inside a tokio
    /// runtime.
    pub fn advertise(&self, worker: Worker) {
        let mut presence = self.inner.presence.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(presence) = &*presence
            && presence.tell.send(Some(worker.clone())).is_ok()
        {
            return;
        }
        let (tell, told) = watch::channel(Some(worker));
        let (weak, kinds) = (Arc::downgrade(&self.inner), self.inner.kinds.clone());
        let task = tokio::spawn(async move {
            // Only until the bus is there: afterwards the task keeps no session alive.
            let bus = loop {
                if told.borrow().is_none() {
                    return;
                }
                let Some(inner) = weak.upgrade() else { return };
                match (Self { inner }).bus().await {
                    Ok(bus) => break bus.clone(),
                    Err(error) => tracing::warn!(%error, "the worker cannot reach its fleet"),
                }
                sleep(Duration::from_secs(1)).await;
            };
            keep_saying(&*bus, told, &kinds).await;
        });
        *presence = Some(Presence { tell, task });
    }

    /// Takes the advertisement back: the worker is offline.
    pub async fn leave(&self) {
        let presence = self.inner.presence.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Presence { tell, task }) = presence {
            // The task ends when it is told nothing, or when nobody can tell it any more.
            let _ = tell.send(None);
            drop(tell);
            drop(task.await);
        }
    }

    /// Publishes the definition of a kind. It is published again when the link comes back, as long as it is advertised.
    pub async fn put_kind(&self, kind: &Kind) -> Result<(), FleetError> {
        publish(&**self.bus().await?, kind).await?;
        self.inner.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.digest.clone(), kind.clone());
        Ok(())
    }

    /// Asks for work, or tells what the worker holds; answered within 20 s, empty if there is nothing. Not repeated, since what
    /// the worker holds may have changed: after [`FleetError::is_passing`] claim again. While the fleet cannot be reached, that
    /// error takes a moment to come, so that a loop need not pause.
    pub async fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, FleetError> {
        let doing = "claiming work";
        let question = encode(claim, doing)?;
        let bus = self.bus().await?;
        let each = Timing::default().claim + ANSWER_MARGIN;
        match bus.request("claim", question, each).await {
            Ok(answer) => decode_answer(&answer, doing),
            Err(error) => {
                if error.is_passing() {
                    sleep(CLAIM_PAUSE).await;
                }
                Err(error.into())
            }
        }
    }

    /// Confirms an assignment. Without an answer the attempt must not be started, and no longer be named in `holds`.
    pub async fn confirm(&self, confirm: &Confirm) -> Result<ConfirmAnswer, FleetError> {
        let bus = self.bus().await?;
        ask(&**bus, "confirm", confirm, "confirming an assignment", PATIENCE, Some(CONFIRM_PATIENCE)).await
    }

    /// Reports, waiting for the link and the matchmaker as long as it takes. Reports of one attempt belong in order: one after
    /// the other. A list of files too long for a message is cut, and says how many more there were.
    pub async fn report(&self, report: &Report) -> Result<ReportAnswer, FleetError> {
        let bus = self.bus().await?;
        let mut report = report.clone();
        bounds::fit_report(&mut report);
        ask(&**bus, "report", &report, "reporting", PATIENCE, None).await
    }

    /// Appends lines, the first of which is number `first`. Answers the number that the log expects next: go on from there, be
    /// it more or less than what was sent. Lines that the log has already are dropped.
    pub async fn append_log(&self, attempt: &AttemptRef, first: u64, lines: &[LogLine]) -> Result<u64, FleetError> {
        let bus = self.bus().await?;
        let name = log::name(attempt);
        let mut entries: VecDeque<Vec<u8>> = VecDeque::new();
        for line in lines {
            entries.push_back(fit_line(line)?);
        }
        let mut next = first;
        while !entries.is_empty() {
            let mut bytes = 0;
            let count = entries
                .iter()
                .take_while(|entry| {
                    bytes += entry.len();
                    bytes <= BATCH
                })
                .count()
                .max(1);
            let batch: Vec<Vec<u8>> = entries.drain(..count).collect();
            let appended =
                persist(&**bus, "appending to the log", Some(PATIENCE), || bus.append(&name, next, batch.clone()))
                    .await;
            match appended {
                Ok(end) if end >= next + count as u64 => next += count as u64,
                Ok(end) | Err(FleetError::Bus(BusError::Gap { end, .. })) => return Ok(end),
                Err(error) => return Err(error),
            }
        }
        Ok(next)
    }

    /// The number of the line that the log expects next.
    pub async fn log_end(&self, attempt: &AttemptRef) -> Result<u64, FleetError> {
        let bus = self.bus().await?;
        let name = log::name(attempt);
        let range = persist(&**bus, "reading the log", Some(PATIENCE), || bus.log_range(&name)).await?;
        Ok(range.end)
    }

    /// What people ask of the attempts of this worker.
    pub fn orders(&self) -> Orders {
        Orders { worker: self.inner.worker.clone(), jobs: self.inner.fleet.jobs(), told: HashMap::new() }
    }

    /// Answers `drain` until dropped or until the fleet is closed: does what is asked, or says why it cannot.
    ///
    /// # Errors
    /// The lab does not let the worker answer: its hub is of a version that knows nothing of this.
    pub async fn serve_drains(&self, handler: impl Fn(bool) -> Result<Drained, Refused>) -> Result<(), FleetError> {
        let doing = "taking no new job";
        let bus = self.bus().await?;
        let subject = format!("drain.{}", self.inner.worker);
        let mut requests = persist(&**bus, doing, None, || bus.serve(&subject)).await?;
        while let Some(request) = requests.next().await {
            let answer = match serde_json::from_slice::<Drain>(&request.payload) {
                Ok(Drain { drain }) => handler(drain),
                Err(error) => Err(refuse(format!("the request cannot be read: {error}"))),
            };
            request.reply(match answer {
                Ok(drained) => encode(&drained, doing)?,
                Err(refused) => encode(&refused, doing)?,
            });
        }
        Ok(())
    }

    /// Answers `check_paths` until dropped or until the fleet is closed.
    pub async fn serve_checks<F, A>(&self, handler: F) -> Result<(), FleetError>
    where
        F: Fn(Caller, CheckPaths) -> A + Send,
        A: Future<Output = Checked> + Send,
    {
        let bus = self.bus().await?;
        let subject = format!("check.{}", self.inner.worker);
        let mut requests = persist(&**bus, "serving checks", None, || bus.serve(&subject)).await?;
        let mut answering = FuturesUnordered::new();
        loop {
            tokio::select! {
                request = requests.next(), if answering.len() < CHECKS => {
                    let Some(request) = request else { return Ok(()) };
                    match parse_check(&request.payload) {
                        Ok(paths) => {
                            let checked = handler(request.from.clone(), paths);
                            answering.push(async move { (request, checked.await) });
                        }
                        Err(refused) => request.reply(encode(&refused, "checking paths")?),
                    }
                }
                Some((request, checked)) = answering.next() => {
                    request.reply(encode(&checked, "checking paths")?);
                }
            }
        }
    }
}

impl fmt::Debug for WorkerSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSession").field("worker", &self.inner.worker).finish_non_exhaustive()
    }
}

fn refuse(message: String) -> Refused {
    Refused { code: "invalid_parameter".to_owned(), message }
}

fn parse_check(payload: &[u8]) -> Result<CheckPaths, Refused> {
    let check: CheckPaths =
        serde_json::from_slice(payload).map_err(|error| refuse(format!("the request cannot be read: {error}")))?;
    if check.paths.len() > MAX_PATHS {
        return Err(refuse(format!("{} paths were asked for; {MAX_PATHS} at most", check.paths.len())));
    }
    Ok(check)
}

async fn publish(bus: &dyn Bus, kind: &Kind) -> Result<(), FleetError> {
    let (key, value) = (format!("kinds/{}", kind.digest), encode(kind, "publishing a kind")?);
    persist(bus, "publishing a kind", Some(PATIENCE), || async {
        if bus.get(&key).await?.is_some_and(|known| known.value == value) {
            return Ok(());
        }
        match bus.put(&key, value.clone(), Expect::Any, None).await {
            // Another worker runs it, and says what it is: that stays as long as it does.
            Err(BusError::Denied { .. }) if bus.get(&key).await?.is_some() => Ok(()),
            put => put.map(drop),
        }
    })
    .await
}

/// Publishes again what of the definitions is advertised: they may have been removed while this worker was not to be seen.
/// Whether all of them are there.
async fn publish_again(bus: &dyn Bus, worker: &Worker, kinds: &Mutex<HashMap<String, Kind>>) -> bool {
    let advertised: Vec<Kind> = {
        let kinds = kinds.lock().unwrap_or_else(PoisonError::into_inner);
        worker.kinds.iter().filter_map(|advert| kinds.get(&advert.digest).cloned()).collect()
    };
    let mut all = true;
    for kind in advertised {
        if let Err(error) = publish(bus, &kind).await {
            tracing::warn!(%error, kind = kind.name, "a kind cannot be published again");
            all = false;
        }
    }
    all
}

async fn keep_saying(bus: &dyn Bus, mut told: watch::Receiver<Option<Worker>>, kinds: &Mutex<HashMap<String, Kind>>) {
    let mut key = None;
    let mut link = bus.link();
    // Definitions are to be published again.
    let mut again = false;
    loop {
        again |= link.has_changed().unwrap_or(false);
        link.mark_unchanged();
        let Some(mut worker) = told.borrow_and_update().clone() else { break };
        bounds::fit_worker(&mut worker);
        let name = key.insert(format!("workers/{}", worker.id));
        let wait = match encode(&worker, "advertising a worker") {
            Ok(value) => match bus.put(name, value, Expect::Any, Some(PRESENCE)).await {
                Ok(_) => {
                    again = again && !publish_again(bus, &worker, kinds).await;
                    REFRESH
                }
                Err(BusError::Closed) => return,
                Err(error) => {
                    tracing::debug!(%error, "the worker cannot advertise itself");
                    Duration::from_millis(500)
                }
            },
            Err(_) => REFRESH,
        };
        tokio::select! {
            changed = told.changed() => if changed.is_err() { break },
            // Whoever holds the records now may never have heard of this worker.
            Ok(()) = link.changed() => again = true,
            () = sleep(wait) => {}
        }
    }
    if let Some(key) = key {
        drop(bus.delete(&key, Expect::Any).await);
    }
}

/// A line as an entry. One that is too large for it (control characters grow in JSON) is cut.
fn fit_line(line: &LogLine) -> Result<Vec<u8>, FleetError> {
    let mut entry = encode(line, "appending to the log")?;
    if entry.len() > MAX_LOG_ENTRY {
        let mut line = line.clone();
        while entry.len() > MAX_LOG_ENTRY {
            let half = line.text.len() / 2;
            let end = (0..=half).rev().find(|end| line.text.is_char_boundary(*end)).unwrap_or(0);
            line.text.truncate(end);
            entry = encode(&line, "appending to the log")?;
        }
    }
    Ok(entry)
}

/// Requests to end an attempt of this worker, seen in the job records.
#[derive(Debug)]
pub struct Orders {
    worker: WorkerId,
    jobs: Live<JobRecord>,
    told: HashMap<AttemptRef, StopMode>,
}

impl Orders {
    /// The next one. It comes again after the link was down, and again when *kill* follows *stop*. None once the fleet is closed.
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<(AttemptRef, StopMode)> {
        loop {
            match self.jobs.next().await? {
                Update::Put(_, record) => {
                    let Some(attempt) = record.attempts.last().filter(|attempt| attempt.worker == self.worker) else {
                        continue;
                    };
                    let at = AttemptRef { job: record.job.id, attempt: attempt.number };
                    match &record.stop {
                        Some(stop) if attempt.state != AttemptState::Ended && !record.state.is_ended() => {
                            if self.told.insert(at.clone(), stop.mode) != Some(stop.mode) {
                                return Some((at, stop.mode));
                            }
                        }
                        _ => drop(self.told.remove(&at)),
                    }
                }
                Update::Reset => self.told.clear(),
                Update::Gone(_) | Update::Current => {}
            }
        }
    }
}
