//! How each storage was when it was last looked at, and whether it is where it was and what it was.

use super::LocalStorages;
use crate::size::bytes;
use crate::view::{HealthView, MovedView, StorageView};
use crate::{Error, ErrorCode};
use jiff::Timestamp;
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Backend, Marked, Probe, Sighting};
use samepath_wire::{BackendState, HERE};
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

/// How long the places may take to answer at which a storage could be that is not where it was.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// How long a storage may take to write a mark down for good.
const MARKING: Duration = Duration::from_secs(15);

impl LocalStorages {
    /// Looks at one storage, or at all of them at once, and remembers what it saw. Blocks for the deadline at most.
    ///
    /// # Errors
    /// `backend_not_found` for a name that is not configured.
    pub fn check(&self, name: Option<&str>) -> Result<Vec<StorageView>, Error> {
        if let Some(name) = name {
            self.view(name)?;
        }
        let backends = self.config().backends();
        let chosen: Vec<&Backend> =
            backends.iter().filter(|backend| name.is_none_or(|name| backend.name == name)).collect();
        std::thread::scope(|scope| {
            for backend in chosen {
                scope.spawn(move || {
                    let probe = self.helper.probe(backend, DEADLINE);
                    self.remember(backend, &probe);
                });
            }
        });
        Ok(match name {
            Some(name) => vec![self.view(name)?],
            None => self.views(),
        })
    }

    /// Gives a storage the mark by which other computers know it from others of its name, or says which it has. One that cannot
    /// be used as configured cannot be marked.
    ///
    /// # Errors
    /// `backend_not_found`, `config_invalid`, `backend_unavailable`, `path_refused` where this computer sees a part of it,
    /// `already_exists` where something else is in the way, `io`.
    pub fn give_mark(&self, name: &str) -> Result<Marked, Error> {
        if let Some(error) = self.view(name)?.error {
            let told = Error::new(ErrorCode::parse(&error.code), error.message);
            return Err(Error { hint: error.hint, ..told });
        }
        let backends = self.config().backends();
        let gone = || Error::new(ErrorCode::BackendNotFound, format!("There is no storage {name} here."));
        let backend = backends.iter().find(|backend| backend.name == name).ok_or_else(gone)?;
        let marked = self.helper.mark(backend, MARKING)?;
        if marked.made {
            self.forget_seen(name);
        }
        self.check(Some(name))?;
        Ok(marked)
    }

    /// Somebody said that what is there now is right.
    fn forget_seen(&self, name: &str) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.sightings.forget(name) {
            tracing::info!(%error, "what is known of the storages cannot be kept");
        }
        drop(state);
        self.helper.forget(name);
    }

    fn remember(&self, backend: &Backend, probe: &Probe) {
        let mut view = health_view(backend, probe);
        let seen = self.read().sightings.of(backend).cloned();
        let now = Sighting::again(backend, probe, seen.as_ref());
        let stranger = |seen: &Sighting| now.as_ref().is_none_or(|now| !seen.may_be(now));
        let gone = seen.as_ref().filter(|seen| stranger(seen));
        // What only lost its mark may be where it was: then nothing but the mark says that it is elsewhere.
        let unmarked = || {
            let (seen, now) = seen.as_ref().zip(now.as_ref())?;
            seen.lost_mark(now).then(|| Sighting { source: None, ..seen.clone() })
        };
        let moved = match gone {
            Some(seen) => self.helper.find_again(seen, ELSEWHERE),
            None => unmarked().and_then(|seen| self.helper.find_again(&seen, ELSEWHERE)),
        };
        let both = seen.as_ref().zip(now.as_ref()).filter(|_| moved.is_none());
        let differs = both.and_then(|(seen, now)| mark_differs(seen, now));
        let other = differs.is_some();
        if let Some(what) = differs {
            let (name, at) = (&backend.name, backend.base_path.display());
            view.warning =
                Some(format!("{name} at {at} {what}. If that is right: samepath storage set {name} --base-path {at}"));
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !state.config.backends().contains(backend) {
            return;
        }
        if let (None, false, Some(now)) = (&moved, other, now)
            && let Err(error) = state.sightings.put(&backend.name, now)
        {
            // A help, and nothing depends on it: what is wrong with the disk is said by what needs it, and by `samepath doctor`.
            tracing::info!(%error, "what is known of the storages cannot be kept");
        }
        state.health.insert(backend.name.clone(), view);
        match moved {
            Some(to) => state.moved.insert(backend.name.clone(), to),
            None => state.moved.remove(&backend.name),
        };
        drop(state);
        self.tell();
    }

    /// Sees which storages are no longer where they were, by the system's list of mounts alone: none is touched.
    pub fn notice_moves(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for backend in state.config.backends() {
            match state.sightings.of(&backend).and_then(|seen| seen.moved_to(&backend)) {
                Some(to) => state.moved.insert(backend.name.clone(), to),
                None => state.moved.remove(&backend.name),
            };
        }
        drop(state);
        self.tell();
    }

    /// The mark that a storage carried when it was last looked at, maybe by an earlier run of the program.
    pub fn mark(&self, name: &str) -> Option<String> {
        let state = self.read();
        let backends = state.config.backends();
        state.mark(backends.iter().find(|backend| backend.name == name)?)
    }

    /// The same; a storage at which this program has not looked yet is looked at.
    pub(crate) fn mark_now(&self, name: &str) -> Option<String> {
        if !self.read().health.contains_key(name)
            && let Err(error) = self.check(Some(name))
        {
            tracing::debug!(%error, name, "its mark is not known");
        }
        self.mark(name)
    }
}

/// What is to be said of a storage whose mark is another than it was, or is not there any more.
fn mark_differs(seen: &Sighting, now: &Sighting) -> Option<&'static str> {
    if seen.contradicts(now) {
        Some("carries another mark than when it was last seen: it is another storage")
    } else if seen.lost_mark(now) {
        Some(
            "carries no mark, and did when it was last seen: somebody removed it, or it is another storage. Nobody can tell now \
             whether it is the one that others mean",
        )
    } else {
        None
    }
}

pub(super) fn moved_view(backend: &Backend, to: &Path) -> MovedView {
    let (name, from, to) = (&backend.name, backend.base_path.display(), to.display());
    MovedView { to: to.to_string(), sentence: format!("{name} moved: it was at {from}, now it is at {to}.") }
}

fn health_view(backend: &Backend, probe: &Probe) -> HealthView {
    HealthView {
        state: state_name(probe.state).to_owned(),
        words: probe.state.words().to_owned(),
        detail: health_sentence(backend, probe),
        file_system: probe.file_system.clone(),
        source: probe.source.clone(),
        free_bytes: probe.free_bytes.map(bytes),
        total_bytes: probe.total_bytes.map(bytes),
        latency_ms: probe.latency_ms,
        id: probe.id.clone(),
        warning: health_warning(backend, probe),
        checked_at: Timestamp::now().to_string(),
    }
}

/// The state as it is on the wire.
pub(crate) fn state_name(state: BackendState) -> &'static str {
    match state {
        BackendState::Ready => "ready",
        BackendState::ReadOnly => "read_only",
        BackendState::Missing => "missing",
        BackendState::NotMounted => "not_mounted",
        BackendState::Denied => "denied",
        BackendState::Full => "full",
        BackendState::NotAnswering => "not_answering",
        BackendState::Unknown => "unknown",
    }
}

/// What is allowed and yet seldom meant of a storage that can be used.
fn health_warning(backend: &Backend, probe: &Probe) -> Option<String> {
    let (name, at) = (&backend.name, backend.base_path.display());
    match &probe.damaged_mark {
        Some(damage) => Some(format!(
            "{name}: what is at .samepath/storage.json is no mark ({damage}), so nobody can tell whether it is the storage that \
             others mean."
        )),
        None if probe.empty && probe.state.is_readable() => {
            Some(format!("{at} is an empty folder. If {name} is a share, it is not connected yet."))
        }
        None => None,
    }
}

pub(crate) fn health_sentence(backend: &Backend, probe: &Probe) -> Option<String> {
    let at = backend.base_path.display();
    let name = &backend.name;
    let sentence = match probe.state {
        BackendState::Ready | BackendState::Unknown => return probe.detail.clone(),
        BackendState::ReadOnly => {
            format!("{name} is mounted read-only at {at}. Files can be chosen; results cannot go there.")
        }
        BackendState::Missing => format!("There is no folder {at}. Connect the storage, or say where it is."),
        BackendState::NotMounted => {
            let what = if probe.empty { "an empty folder" } else { &format!("a folder of {HERE}'s own") };
            let right = if probe.empty {
                String::new()
            } else {
                format!(" If the folder is right: samepath storage set {name} --base-path {at}")
            };
            format!(
                "{at} is {what}, not the share: {name} is not mounted. Connect it; this notices when it appears.{right}"
            )
        }
        BackendState::Denied => format!("You may not list {at}. Ask whoever looks after {name} for access."),
        BackendState::Full => format!("{name} has no space left. Files can be read; results cannot go there."),
        BackendState::NotAnswering => {
            format!("{name} at {at} does not answer. It may be the network or the VPN; everything else goes on.")
        }
    };
    // What the system calls a folder that is not there says nothing that the sentence does not.
    let says_all = matches!(probe.state, BackendState::Missing | BackendState::NotMounted);
    Some(match &probe.detail {
        Some(detail) if !says_all => format!("{sentence} ({detail})"),
        _ => sentence,
    })
}
