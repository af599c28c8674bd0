//! What a worker says of itself: its kinds, and its storages with their health.

use super::home::Home;
use super::offer::Offer;
use super::{WorkerSettings, gpus};
use crate::kinds::{Choice, Choices, GPUS, this_host};
use jiff::Timestamp;
use samepath_fleet::WorkerSession;
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{
    self as storage, Backend, Config, ConfigError, PathMapping, Probe, Sighting, Sightings, Written,
};
use samepath_wire::{AttemptEnd, AttemptRef, BackendAdvert, BackendState, Cause, Gpu, Kind, KindUnavailable, Worker};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// Between two looks at whether the configuration, the mounts or what a storage is at a glance changed. Together with the deadline of
/// a glance, a storage that fell silent is withdrawn within five seconds.
const LOOK: Duration = Duration::from_millis(1500);
/// Between two looks at the whole of every storage, unless there is a reason to look at once.
const PROBE: Duration = Duration::from_secs(30);
/// Between two looks at what can be run, unless there is a reason to look at once.
const OFFER: Duration = Duration::from_secs(10);
/// Likewise, after a look that failed.
const OFFER_AGAIN: Duration = Duration::from_secs(3);

/// The advertisement, and what belongs to it. Clones are one.
#[derive(Clone)]
pub(super) struct Presence {
    session: WorkerSession,
    state: Arc<Mutex<State>>,
    /// There is a reason to look again at what can be run.
    look_again: Arc<Notify>,
}

struct State {
    worker: Worker,
    /// Whether the fleet knows its kinds: until then nobody could make a job of one, so nobody is told of this worker.
    shown: bool,
    /// Why it can take on nothing at all just now.
    cannot: Option<String>,
    backends: Vec<Backend>,
    path_mappings: Vec<PathMapping>,
    programs: Choices,
}

impl State {
    /// What the fleet is told of it. Who can take on nothing runs no kind, and says why.
    fn told(&self) -> Worker {
        let mut worker = self.worker.clone();
        if let Some(why) = &self.cannot {
            let kinds = std::mem::take(&mut worker.kinds).into_iter();
            worker.unavailable.extend(kinds.map(|kind| KindUnavailable { name: kind.name, reason: why.clone() }));
        }
        worker
    }
}

/// What the configuration says, as far as an attempt needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Configured {
    pub(super) backends: Vec<Backend>,
    pub(super) path_mappings: Vec<PathMapping>,
    pub(super) programs: Choices,
}

impl Presence {
    /// Who it is, with storages that nobody looked at yet. Nobody is told before [`Presence::keep_offer`] knows what it can run.
    pub(super) async fn begin(
        session: WorkerSession,
        settings: &WorkerSettings,
        helper: &Helper,
        home: &Home,
        name: &str,
    ) -> Self {
        let mut host = this_host();
        if settings.gpu.is_some() {
            host.amounts.insert(GPUS.to_owned(), 1.0);
        }
        let worker = Worker {
            confines: true,
            draining: false,
            id: home.id.clone(),
            name: name.to_owned(),
            version: settings.version.clone(),
            os: std::env::consts::OS.to_owned(),
            host: host_name(),
            started_at: Timestamp::now(),
            since: home.since,
            kinds: Vec::new(),
            unavailable: Vec::new(),
            backends: BTreeMap::new(),
            holds: Vec::new(),
            amounts: host.amounts,
            attributes: host.attributes,
            gpus: Vec::new(),
        };
        let state = State {
            worker,
            shown: false,
            cannot: None,
            backends: Vec::new(),
            path_mappings: Vec::new(),
            programs: Choices::new(),
        };
        let presence = Self { session, state: Arc::new(Mutex::new(state)), look_again: Arc::default() };
        let (helper, settings) = (helper.clone(), settings.clone());
        if let Ok((_, config)) = spawn_blocking(move || look(&helper, &settings, None)).await {
            presence.adopt(config);
        }
        presence
    }

    /// What is configured now.
    pub(super) fn configured(&self) -> Configured {
        let state = self.lock();
        Configured {
            backends: state.backends.clone(),
            path_mappings: state.path_mappings.clone(),
            programs: state.programs.clone(),
        }
    }

    /// Takes from an attempt's end what it says of this worker: a program that was missing may be missing for all.
    pub(super) fn learn(&self, end: &AttemptEnd) {
        if let AttemptEnd::Unfit { failure } | AttemptEnd::Failed { failure } = end
            && failure.cause == Cause::ProgramMissing
        {
            self.look_again.notify_one();
        }
    }

    /// Keeps what is said of job types true until dropped: looks for their programs again and again, publishes a definition
    /// before it is advertised, and tells of this worker from the first look on.
    pub(super) async fn keep_offer(&self, settings: &WorkerSettings, helper: &Helper) {
        let mut published = HashSet::new();
        let mut known = None;
        loop {
            let (helper, settings, chosen) = (helper.clone(), settings.clone(), self.configured().programs);
            let asked = spawn_blocking(move || Offer::ask(&helper, &settings, chosen)).await;
            let (offer, pause) = match asked {
                Ok(Ok(offer)) => (Some(offer), OFFER),
                // What was found before is not known to be gone.
                Ok(Err(error)) if known.is_none() => (Some(Offer::without_looking(&error)), OFFER_AGAIN),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the programs of the job types cannot be looked for");
                    (None, OFFER_AGAIN)
                }
                Err(error) => {
                    tracing::error!(%error, "the programs of the job types cannot be looked for");
                    (None, OFFER)
                }
            };
            // What the fleet would not have once it may have now.
            for kind in offer.as_ref().or(known.as_ref()).into_iter().flat_map(|offer| &offer.kinds) {
                if !published.contains(&kind.digest) && self.publish(kind).await {
                    published.insert(kind.digest.clone());
                }
            }
            if let Some(offer) = offer.filter(|offer| known.as_ref() != Some(offer)) {
                self.change(|state| {
                    state.worker.kinds.clone_from(&offer.adverts);
                    state.worker.unavailable.clone_from(&offer.unavailable);
                    state.shown = true;
                });
                known = Some(offer);
            }
            let _ = timeout(pause, self.look_again.notified()).await;
        }
    }

    /// Publishes what a kind is; false if the fleet will not have it.
    async fn publish(&self, kind: &Kind) -> bool {
        while let Err(error) = self.session.put_kind(kind).await {
            tracing::warn!(%error, kind = kind.name, "a kind cannot be published");
            if !error.is_passing() {
                return false;
            }
            sleep(Duration::from_secs(1)).await;
        }
        true
    }

    /// Whether it takes no new job.
    pub(super) fn drain(&self, draining: bool) {
        self.change(|state| state.worker.draining = draining);
    }

    /// Why it can take on nothing, if it cannot.
    pub(super) fn serves_none(&self, why: Option<&str>) {
        if self.lock().cannot.as_deref() != why {
            self.change(|state| state.cannot = why.map(str::to_owned));
        }
    }

    /// The attempts that it holds.
    pub(super) fn hold(&self, holds: Vec<AttemptRef>) {
        self.change(|state| state.worker.holds = holds);
    }

    /// Whether it holds no attempt.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().worker.holds.is_empty()
    }

    /// Tells of the GPUs that were seen; `was_idle`: it held no attempt before the look.
    pub(super) fn see_gpus(&self, seen: Vec<Gpu>, was_idle: bool) {
        self.change(|State { worker, .. }| {
            worker.amounts.insert(GPUS.to_owned(), f64::from(u32::try_from(seen.len()).unwrap_or(u32::MAX)));
            if let Some(smallest) = seen.iter().map(|gpu| gpu.memory).filter(|memory| *memory > 0).min() {
                let smallest = f64::from(u32::try_from(smallest).unwrap_or(u32::MAX));
                worker.amounts.insert(format!("{GPUS}.memory"), smallest);
            }
            worker.gpus = gpus::told(&worker.gpus, seen, was_idle && worker.holds.is_empty());
        });
    }

    /// Keeps the advertisement true until dropped.
    pub(super) async fn keep(&self, settings: &WorkerSettings, helper: &Helper) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whatever is silent holds up neither the other looks nor anything else of this worker.
        let (mut looks, mut probes, mut glances) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        let (mut seen, mut glanced) = (None, HashMap::new());
        let mut due = Instant::now();
        let sightings = Arc::new(Mutex::new(Sightings::kept_in(settings.sightings.clone())));
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    if looks.is_empty() {
                        let (helper, settings, seen) = (helper.clone(), settings.clone(), seen);
                        looks.spawn_blocking(move || look(&helper, &settings, seen));
                    }
                    if glances.is_empty() {
                        for backend in self.configured().backends {
                            let helper = helper.clone();
                            glances.spawn_blocking(move || {
                                let glance = helper.glance(&backend, DEADLINE);
                                ((backend.name, backend.base_path), glance)
                            });
                        }
                    }
                    if Instant::now() >= due && probes.is_empty() {
                        due = Instant::now() + PROBE;
                        for backend in self.configured().backends {
                            let (helper, sightings) = (helper.clone(), Arc::clone(&sightings));
                            probes.spawn_blocking(move || {
                                let probe = probe(&helper, &backend, &sightings);
                                (backend, probe)
                            });
                        }
                    }
                }
                Some(looked) = looks.join_next() => {
                    let Ok((now, config)) = looked else { continue };
                    self.adopt(config);
                    if seen.replace(now).is_some_and(|seen| seen != now) {
                        due = Instant::now();
                        ticks.reset_immediately();
                        self.look_again.notify_one();
                    }
                }
                Some(looked) = glances.join_next() => {
                    let Ok((storage, now)) = looked else { continue };
                    if glanced.insert(storage, now).is_some_and(|before| before != now) {
                        due = Instant::now();
                        ticks.reset_immediately();
                    }
                }
                Some(probed) = probes.join_next() => {
                    if let Ok((backend, probe)) = probed {
                        self.probed(&backend, probe);
                    }
                }
            }
        }
    }

    fn probed(&self, backend: &Backend, probe: Probe) {
        self.change(|state| {
            // It may have been removed, or moved, meanwhile.
            if state.backends.contains(backend)
                && let Some(advert) = state.worker.backends.get_mut(&backend.name)
            {
                advert.state = probe.state;
                // A storage that can be read and carries no mark has none, whatever was mounted there before; of one that cannot
                // be read nobody knows.
                if probe.state.is_readable() {
                    advert.id = probe.id;
                }
                advert.free_bytes = probe.free_bytes;
                advert.source = probe.source;
                advert.checked_at = Some(Timestamp::now());
            }
        });
    }

    /// Takes on what the configuration says, if it was read again. One that cannot be read changes nothing.
    fn adopt(&self, config: Option<Result<Config, ConfigError>>) {
        let config = match config {
            None => return,
            Some(Ok(config)) => config,
            Some(Err(error)) => {
                tracing::warn!(%error, "the configuration cannot be read");
                return self.change(|_| {});
            }
        };
        self.change(|state| {
            let before = std::mem::take(&mut state.worker.backends);
            let known = |backend: &Backend| {
                state.backends.contains(backend).then(|| before.get(&backend.name).cloned()).flatten()
            };
            let backends = config.served();
            let adverts: BTreeMap<_, _> = backends
                .iter()
                .map(|backend| (backend.name.clone(), known(backend).unwrap_or_else(|| unknown(backend))))
                .collect();
            state.worker.backends = adverts;
            state.backends = backends;
            state.path_mappings = config.path_mappings;
            state.programs =
                config.programs.iter().map(|(name, program)| (name.clone(), Choice::from(program))).collect();
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if state.shown {
            self.session.advertise(state.told());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a storage is, with what was seen of it before, also by earlier runs of this program and by others.
fn probe(helper: &Helper, backend: &Backend, sightings: &Mutex<Sightings>) -> Probe {
    let known = || sightings.lock().unwrap_or_else(PoisonError::into_inner);
    known().refresh();
    if known().are_of_another(backend) {
        // A worker with a configuration of its own leaves alone what others know by the same name.
        return helper.probe(backend, DEADLINE);
    }
    let before = known().of(backend).cloned();
    match &before {
        Some(seen) => helper.remember(&backend.name, seen),
        None => helper.forget(&backend.name),
    }
    let probe = helper.probe(backend, DEADLINE);
    let now = Sighting::again(backend, &probe, before.as_ref());
    if let Some(now) = now.filter(|now| !before.is_some_and(|before| before.contradicts(now) || before.lost_mark(now)))
        && let Err(error) = known().put(&backend.name, now)
    {
        tracing::info!(%error, "what is known of the storages cannot be kept");
    }
    probe
}

fn unknown(backend: &Backend) -> BackendAdvert {
    BackendAdvert {
        state: BackendState::Unknown,
        id: None,
        base_path: backend.base_path.to_string_lossy().into_owned(),
        subpath: backend.subpath.clone(),
        free_bytes: None,
        source: None,
        kind: backend.kind.clone(),
        checked_at: None,
    }
}

/// This computer's name.
pub(super) fn host_name() -> String {
    hostname::get().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "worker".to_owned())
}

/// A worker's name, where it was given none: the computer's.
pub(super) fn default_name() -> String {
    let host = host_name();
    let allowed = |each: char| each.is_ascii_alphanumeric() || matches!(each, '.' | '_');
    let name: String = host.chars().map(|each| if allowed(each) { each } else { '-' }).take(64).collect();
    match name.trim_start_matches(['-', '_', '.']) {
        "" => "worker".to_owned(),
        name => name.to_owned(),
    }
}

/// What a look at this computer saw: it changes when the configuration or the mounts do.
type Seen = (Option<Written>, Option<blake3::Hash>);

/// Looks at both, and reads a configuration that is not as it was `seen`. One that does not answer is taken for unchanged.
fn look(helper: &Helper, settings: &WorkerSettings, seen: Option<Seen>) -> (Seen, Option<Result<Config, ConfigError>>) {
    let written = match helper.look_at_config(&settings.config, DEADLINE) {
        Ok(state) => state.written,
        Err(error) => {
            let config = seen.is_none().then_some(Err(error));
            return ((seen.and_then(|seen| seen.0), mounts()), config);
        }
    };
    let is_new = seen.is_none_or(|seen| seen.0 != written);
    // What said something before may be being written anew.
    let read = if seen.is_some() { Helper::load_config_again } else { Helper::load_config };
    let config = is_new.then(|| read(helper, &settings.config, &settings.environment, DEADLINE));
    // One that fell silent just then is read when it answers.
    let unread = matches!(config, Some(Err(ConfigError::Io { cause: storage::Cause::Silent, .. })));
    let written = if unread { seen.and_then(|seen| seen.0) } else { written };
    ((written, mounts()), config)
}

/// Changes when something is mounted or unmounted, where that is cheap to know.
fn mounts() -> Option<blake3::Hash> {
    std::fs::read("/proc/self/mounts").ok().map(|text| blake3::hash(&text))
}
