//! The worker: stays, asks for work, hands it to guards, and says how it is.

mod able;
mod checks;
mod drain;
mod error;
mod forward;
mod gpus;
mod guards;
mod held;
mod holding;
mod home;
mod left;
mod link;
mod offer;
mod presence;

use crate::guard::{AttemptDir, Machine, Patience, Spec, VERSION};
use able::{Able, TRY};
pub use drain::{Drained, drain, drained};
pub use error::WorkerError;
use guards::Guards;
use holding::{Holding, Looked, Wish};
use home::Home;
pub use home::check_name;
pub use left::end_left;
use presence::{Configured, Presence};
use samepath_fleet::bus::BusError;
use samepath_fleet::{Fleet, FleetError, Orders, Update, WorkerSession};
use samepath_storage::helper::Helper;
use samepath_storage::{ConfigFile, Environment};
use samepath_wire::{Assignment, AttemptRef, Claim, Confirm, ConfirmAnswer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between two claims of a worker that has work: they only say what it holds.
const HOLDING: Duration = Duration::from_secs(15);
/// After a fault of ours, before an attempt is looked after again.
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// How long a guard may take until it can be connected to.
const BEGINS: Duration = Duration::from_secs(10);
/// How long a worker that ends tells how its attempts ended, where nobody answers.
const TELLING: Duration = Duration::from_secs(20);
/// Base paths remembered of one storage.
const MOST_BASE_PATHS: usize = 200;

/// What a worker is told when it is started.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// The one GPU that it is for, where its computer has a worker for each; the environment already says so to the tools.
    pub gpu: Option<u32>,
    /// For people, and the name of its folder; by default the computer's name.
    pub name: Option<String>,
    /// Where workers of this person keep their state on the local disk.
    pub state_dir: PathBuf,
    /// Where this computer's programs keep how storages were seen: [`samepath_storage::Sightings`].
    pub sightings: PathBuf,
    /// The lab's own kinds.
    pub kinds_dir: Option<PathBuf>,
    /// Whether somebody named that folder; else it lies on this computer's own disk, and need not be there.
    pub kinds_named: bool,
    /// Where its storages are configured; read again when it changes.
    pub config: ConfigFile,
    /// What the binary read from its environment.
    pub environment: Environment,
    /// This program, to be started as guard and helper; `/proc/self/exe` on Linux, so that an upgrade does not change it.
    pub program: PathBuf,
    /// Of the program.
    pub version: String,
    /// How long guards wait.
    pub patience: Patience,
    /// Whether jobs that run are stopped, and left the time to save, when it is told to end: nothing of this computer will be there
    /// afterwards. Else they go on.
    pub stop_jobs: bool,
    /// Whether it takes jobs, as long as whoever could say otherwise is there.
    pub takes: watch::Receiver<bool>,
}

/// Runs a worker until `shutdown`.
///
/// Its id is kept in `state_dir/<name>/`, so that a worker started again is the same worker and goes on with what its
/// predecessor left running. When told to stop it leaves the fleet and its guards alone: they go on, and the next worker
/// of this name finds them (in a lab, where its key says who it is, of whatever name), unless [`WorkerSettings::stop_jobs`] says otherwise.
///
/// # Errors
/// Only at the start: another worker of the name runs, or one of the same id anywhere, or the folder cannot be used. A fleet that cannot be reached is
/// waited for; one that is closed ends the worker as if it had been told to stop.
pub async fn run(fleet: Fleet, settings: WorkerSettings, shutdown: CancellationToken) -> Result<(), WorkerError> {
    let name = settings.name.clone().unwrap_or_else(presence::default_name);
    let mut home = Home::open_soon(&settings.state_dir, &name).await?;
    let id = fleet.worker_id(&home.id).ok_or(WorkerError::Member)?;
    // There the key says who this is, not the folder.
    let in_lab = id != home.id;
    let session = fleet.session(&id);
    let twin = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        twin = session.twin() => twin,
    };
    match twin {
        Ok(None) => {}
        Ok(Some(twin)) => {
            let samepath_wire::Worker { name, host, .. } = twin;
            return Err(match in_lab {
                true => WorkerError::Joined { name, host },
                false => WorkerError::Twin { name, host, folder: home.path().to_owned() },
            });
        }
        Err(FleetError::Bus(BusError::Closed)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    // Only now: whoever of these ran under another name has ended.
    let others = if in_lab {
        home.of_lab(&settings.state_dir, &id).await?
    } else {
        home.of_no_lab();
        Vec::new()
    };
    let mut left = home.left()?;
    for other in &others {
        left.extend(other.left()?);
    }
    let helper = Helper::new(settings.program.clone());
    // Whoever submits a job waits for what it answers.
    helper.keep_ready();
    let presence = Presence::begin(session.clone(), &settings, &helper, &home, &name).await;
    let known = Arc::new(Mutex::new(BTreeMap::new()));
    let (tell_draining, draining) = watch::channel(false);
    let folder = home.path().to_owned();
    let called = name.clone();
    let mut worker = Worker {
        session: session.clone(),
        presence: presence.clone(),
        home,
        others,
        name,
        settings: settings.clone(),
        base_paths: Arc::clone(&known),
        holding: Holding::default(),
        guards: Guards::new(settings.program.clone(), BEGINS),
        draining,
        takes: settings.takes.clone(),
        able: Able::default(),
    };
    worker.guards.prepare();
    let checks = session.serve_checks(|from, asked| {
        checks::check(helper.clone(), called.clone(), presence.configured().backends, from, asked)
    });
    let drains = session.serve_drains(|wanted| drain::asked(&settings.state_dir, &called, wanted));
    let result = tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        result = worker.work(left) => result,
        // Neither of these ends while the fleet is there.
        () = presence.keep(&settings, &helper) => Ok(()),
        () = presence.keep_offer(&settings, &helper) => Ok(()),
        () = gpus::keep(&presence, &helper) => Ok(()),
        () = remember(&fleet, &known) => Ok(()),
        () = drain::follow(&folder, &tell_draining) => Ok(()),
        () = async {
            if let Err(error) = drains.await {
                tracing::info!(%error, "nobody in the lab can have this worker take no new job");
            }
            std::future::pending().await
        } => Ok(()),
        result = async {
            let result = checks.await;
            if result.is_ok() { shutdown.cancelled().await }
            result
        } => result.map_err(WorkerError::from),
    };
    if settings.stop_jobs && shutdown.is_cancelled() {
        worker.give_back().await;
    }
    worker.holding.leave().await;
    session.leave().await;
    result
}

/// The loop that gets work and looks after it.
struct Worker {
    session: WorkerSession,
    presence: Presence,
    home: Home,
    /// Those in which it left attempts under other names.
    others: Vec<Home>,
    name: String,
    settings: WorkerSettings,
    /// Where any computer of the fleet mounts each storage.
    base_paths: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
    holding: Holding,
    guards: Guards,
    /// Whether it is to take no new job.
    draining: watch::Receiver<bool>,
    takes: watch::Receiver<bool>,
    able: Able,
}

impl Worker {
    /// Looks after what was `left`, and takes more.
    async fn work(&mut self, left: Vec<AttemptDir>) -> Result<(), WorkerError> {
        for dir in left {
            tracing::info!(attempt = %dir.path().display(), "found an attempt of the worker before");
            self.look_after(dir);
        }
        let mut orders = self.session.orders();
        loop {
            let holds = self.holding.all();
            self.presence.hold(holds.clone());
            let draining = *self.draining.borrow_and_update() || !*self.takes.borrow_and_update();
            self.presence.drain(draining);
            let why = self.able.why_not(self.home.path()).await;
            self.presence.serves_none(why);
            let able = why.is_none();
            let claim = Claim { wants: self.holding.is_free() && !draining && able, holds };
            // Dropping a claim is safe: what it may have been given is not confirmed, and goes back.
            let session = self.session.clone();
            let claiming = session.claim(&claim);
            tokio::pin!(claiming);
            let answer = loop {
                tokio::select! {
                    Some((at, looked)) = self.holding.ended() => {
                        self.ended(at, looked);
                        break None;
                    }
                    order = orders.next() => match order {
                        Some((at, mode)) => self.holding.wish(&at, mode.into()),
                        None => return Ok(()),
                    },
                    Ok(()) = self.draining.changed() => break None,
                    Ok(()) = self.takes.changed() => break None,
                    answer = &mut claiming => break Some(answer),
                }
            };
            match answer {
                Some(Ok(answer)) => {
                    if !answer.unreadable.is_empty() {
                        tracing::warn!(attempts = ?answer.unreadable, "the records of these jobs cannot be read; they go on");
                    }
                    for at in &answer.forget {
                        self.holding.wish(at, Wish::Forget);
                    }
                    if let Some(assignment) = answer.assignment {
                        self.take(assignment).await;
                    } else if !claim.wants {
                        // It was told at once what it wanted to know; it need not ask again and again.
                        self.pause(if able { HOLDING } else { TRY }, &mut orders).await;
                    }
                }
                Some(Err(error)) if error.is_passing() => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "work was refused");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                None => {}
            }
        }
    }

    /// Between two claims that want nothing.
    async fn pause(&mut self, pause: Duration, orders: &mut Orders) {
        let until = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                Ok(()) = self.draining.changed() => return,
                Ok(()) = self.takes.changed() => return,
                Some((at, looked)) = self.holding.ended() => {
                    self.ended(at, looked);
                    return;
                }
                order = orders.next() => match order {
                    Some((at, mode)) => self.holding.wish(&at, mode.into()),
                    None => return,
                },
            }
        }
    }

    /// Confirms an assignment and starts its guard.
    async fn take(&mut self, assignment: Assignment) {
        let at = AttemptRef { job: assignment.job.id, attempt: assignment.attempt };
        if self.holding.has(&at) {
            return;
        }
        tracing::debug!(job = %at.job, attempt = at.attempt, "assigned");
        let confirm = Confirm { attempt: at.clone(), epoch: assignment.epoch };
        match self.session.confirm(&confirm).await {
            Ok(ConfirmAnswer::Go) => tracing::debug!(job = %at.job, attempt = at.attempt, "confirmed"),
            Ok(ConfirmAnswer::Withdrawn) => return,
            Err(error) => {
                tracing::warn!(%error, "an assignment could not be confirmed");
                return;
            }
        }
        let Configured { backends, path_mappings, programs } = self.presence.configured();
        let spec = Spec {
            version: VERSION,
            assignment,
            worker: self.name.clone(),
            backends,
            kinds_dir: self.settings.kinds_dir.clone(),
            base_paths: self.base_paths.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            path_mappings,
            programs,
            patience: self.settings.patience.clone(),
            machine: Some(Machine::this()),
        };
        let dir = AttemptDir::new(&self.home.attempts(), at);
        let started = match dir.create(&spec) {
            Ok(()) => self.guards.start(&dir).await,
            Err(error) => Err(error),
        };
        match started {
            Ok(()) => {
                tracing::debug!(job = %dir.attempt().job, attempt = dir.attempt().attempt, "its guard is there");
                self.look_after(dir);
            }
            Err(error) => {
                tracing::error!(%error, "a guard cannot be started");
                let failure = guards::failure(&self.name, dir.path(), &error);
                self.able.failed(failure.message.trim_start_matches(&self.name).trim_start_matches([':', ' ']));
                let (at, session) = (dir.attempt().clone(), self.session.clone());
                self.holding.look_after(at, |hold| async move {
                    held::tell_unstarted(&session, dir, &hold, failure).await;
                });
            }
        }
    }

    fn look_after(&mut self, dir: AttemptDir) {
        let (at, session, presence) = (dir.attempt().clone(), self.session.clone(), self.presence.clone());
        self.holding.look_after(at, |hold| async move {
            held::look_after(&session, dir, &hold, |end| presence.learn(end)).await
        });
    }

    /// Stops what runs, and returns once that is recorded: it is to be tried again, here or elsewhere.
    async fn give_back(&mut self) {
        self.presence.drain(true);
        let mut stopping: Vec<(AttemptRef, Wish)> =
            self.holding.at_work().map(|(at, wish)| (at.clone(), wish)).collect();
        stopping.retain(|(at, wish)| {
            // What somebody stops already is over when it has ended.
            let marked = if *wish >= Wish::Stop { Ok(()) } else { self.dir_of(at).give_back() };
            // It would look as if somebody had wanted it to end.
            if let Err(error) = &marked {
                tracing::error!(%error, job = %at.job, "that a job is given back cannot be written down: it is left");
            }
            marked.is_ok()
        });
        for (at, _) in &stopping {
            self.holding.wish(at, Wish::Stop);
        }
        // An end of which nobody takes note is told by whoever is this worker next.
        let mut all_recorded = None;
        loop {
            stopping.retain(|(stopping, _)| self.holding.at_work().any(|(at, _)| at == stopping));
            let recorded = stopping.iter().all(|(at, _)| matches!(self.dir_of(at).end(), Ok(Some(_))));
            let since = recorded.then(|| *all_recorded.get_or_insert_with(tokio::time::Instant::now));
            if since.is_some_and(|since| stopping.is_empty() || since.elapsed() >= TELLING) {
                return;
            }
            tokio::select! {
                ended = self.holding.ended() => if ended.is_none() { return },
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    /// The folder of an attempt that is held: it may be one of those that were begun under another name.
    fn dir_of(&self, at: &AttemptRef) -> AttemptDir {
        let in_home = |home: &Home| AttemptDir::new(&home.attempts(), at.clone());
        let elsewhere = self.others.iter().map(in_home).find(|dir| dir.path().is_dir());
        elsewhere.unwrap_or_else(|| in_home(&self.home))
    }

    /// A task has ended. After a fault of ours the attempt may well be running: somebody has to look after it.
    fn ended(&mut self, at: AttemptRef, looked: Looked) {
        if looked == Looked::Enough {
            // The name is free again once nothing of it is left.
            self.others.retain(|home| home.left().map_or(true, |left| !left.is_empty()));
            return;
        }
        let (session, presence, dir) = (self.session.clone(), self.presence.clone(), self.dir_of(&at));
        self.holding.look_after(at, |hold| async move {
            tokio::time::sleep(AFTER_FAULT).await;
            held::look_after(&session, dir, &hold, |end| presence.learn(end)).await;
        });
    }
}

/// Remembers where the workers of the fleet mount each storage; for ever, even after the fleet was closed.
async fn remember(fleet: &Fleet, known: &Mutex<BTreeMap<String, Vec<String>>>) {
    let mut workers = fleet.workers();
    while let Some(update) = workers.next().await {
        let Update::Put(_, worker) = update else { continue };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, path) in worker.whole_mounts() {
            let paths: &mut Vec<String> = known.entry(name.to_owned()).or_default();
            if !paths.iter().any(|known| known == path) && paths.len() < MOST_BASE_PATHS {
                paths.push(path.to_owned());
            }
        }
    }
    std::future::pending().await
}

/// Answers a worker's questions to its helper; `None` for other topics.
pub(crate) fn answer(topic: &str, question: &serde_json::Value) -> Option<serde_json::Value> {
    let gpus = || crate::gpus::answer(topic);
    checks::answer(topic, question).or_else(|| crate::kinds::answer(topic, question)).or_else(gpus)
}
