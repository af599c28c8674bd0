//! What a worker says of itself: its kinds, and its storages with their health.

use super::WorkerSettings;
use crate::kinds::{Catalogue, Programs, this_host};
use jiff::Timestamp;
use samepath_fleet::WorkerSession;
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{Backend, Config, PathMapping, Probe};
use samepath_wire::{AttemptRef, BackendAdvert, BackendState, Kind, KindAdvert, KindUnavailable, Worker};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Between two looks at whether the configuration or the mounts changed.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at every storage.
const PROBE: Duration = Duration::from_secs(30);

/// The advertisement, and what belongs to it. Clones are one.
#[derive(Clone)]
pub(super) struct Presence {
    session: WorkerSession,
    state: Arc<Mutex<State>>,
}

struct State {
    worker: Worker,
    /// Whether the fleet knows its kinds: until then nobody could make a job of one, so nobody is told of this worker.
    shown: bool,
    backends: Vec<Backend>,
    path_mappings: Vec<PathMapping>,
}

impl Presence {
    /// Who it is, with storages that nobody looked at yet. The kinds are to be published, then [`Presence::show`] tells of it.
    pub(super) fn begin(session: WorkerSession, settings: &WorkerSettings, id: &str, name: &str) -> (Self, Vec<Kind>) {
        let catalogue = Catalogue::load(settings.kinds_dir.as_deref());
        let programs = Programs::new(crate::entry::search_path().as_deref(), settings.environment.home.as_deref());
        let mut unavailable = catalogue.refused();
        let mut kinds = Vec::new();
        for template in catalogue.templates() {
            match programs.find(template) {
                Ok(_) => kinds.push(template.kind().clone()),
                Err(missing) => unavailable
                    .push(KindUnavailable { name: template.kind().name.clone(), reason: missing.to_string() }),
            }
        }
        let host = this_host();
        let worker = Worker {
            id: id.to_owned(),
            name: name.to_owned(),
            version: settings.version.clone(),
            os: std::env::consts::OS.to_owned(),
            host: host_name(),
            started_at: Timestamp::now(),
            kinds: kinds
                .iter()
                .map(|kind| KindAdvert { name: kind.name.clone(), digest: kind.digest.clone() })
                .collect(),
            unavailable,
            backends: BTreeMap::new(),
            holds: Vec::new(),
            amounts: host.amounts,
            attributes: host.attributes,
        };
        let state = State { worker, shown: false, backends: Vec::new(), path_mappings: Vec::new() };
        let presence = Self { session, state: Arc::new(Mutex::new(state)) };
        presence.load(settings);
        (presence, kinds)
    }

    /// From now on the fleet is told.
    pub(super) fn show(&self) {
        self.change(|state| state.shown = true);
    }

    /// The storages as they are configured now.
    pub(super) fn storages(&self) -> (Vec<Backend>, Vec<PathMapping>) {
        let state = self.lock();
        (state.backends.clone(), state.path_mappings.clone())
    }

    /// The attempts that it holds.
    pub(super) fn hold(&self, holds: Vec<AttemptRef>) {
        self.change(|state| state.worker.holds = holds);
    }

    /// Keeps the advertisement true until dropped.
    pub(super) async fn keep(&self, settings: &WorkerSettings) {
        let helper = Helper::new(settings.program.clone());
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut probes = JoinSet::new();
        let mut seen = (stamp(settings), mounts());
        let mut due = Instant::now();
        loop {
            tokio::select! {
                _ = looks.tick() => {
                    let now = (stamp(settings), mounts());
                    if now.0 != seen.0 {
                        self.load(settings);
                    }
                    if now != seen {
                        due = Instant::now();
                    }
                    seen = now;
                    if Instant::now() >= due && probes.is_empty() {
                        due = Instant::now() + PROBE;
                        for backend in self.storages().0 {
                            let helper = helper.clone();
                            probes.spawn_blocking(move || {
                                let probe = helper.probe(&backend, DEADLINE);
                                (backend, probe)
                            });
                        }
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

    /// Reads the configuration. One that cannot be read changes nothing.
    fn load(&self, settings: &WorkerSettings) {
        let config = match Config::load(&settings.config, &settings.environment) {
            Ok(config) => config,
            Err(error) => {
                tracing::warn!(%error, "the configuration cannot be read");
                return self.change(|_| {});
            }
        };
        self.change(|state| {
            let before = std::mem::take(&mut state.worker.backends);
            let known = |backend: &Backend| {
                state.backends.contains(backend).then(|| before.get(&backend.name).cloned()).flatten()
            };
            let backends = config.backends();
            let adverts: BTreeMap<_, _> = backends
                .iter()
                .map(|backend| (backend.name.clone(), known(backend).unwrap_or_else(|| unknown(backend))))
                .collect();
            state.worker.backends = adverts;
            state.backends = backends;
            state.path_mappings = config.path_mappings;
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if state.shown {
            self.session.advertise(state.worker.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(backend: &Backend) -> BackendAdvert {
    BackendAdvert {
        state: BackendState::Unknown,
        id: None,
        base_path: backend.base_path.to_string_lossy().into_owned(),
        subpath: backend.subpath.clone(),
        free_bytes: None,
        source: None,
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

/// Changes when the file does.
fn stamp(settings: &WorkerSettings) -> Option<(SystemTime, u64)> {
    let metadata = fs_err::metadata(&settings.config.path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Changes when something is mounted or unmounted, where that is cheap to know.
fn mounts() -> Option<blake3::Hash> {
    std::fs::read("/proc/self/mounts").ok().map(|text| blake3::hash(&text))
}
