//! Health: how a storage is, on this computer, now.

use crate::marker::{self, Damage};
use crate::mounts::Mounts;
use crate::{Backend, Sighting, health};
use samepath_wire::BackendState;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How a storage was when it was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// In one word.
    pub state: BackendState,
    /// Type of the file system: `nfs4`, `ext4`, …
    #[serde(default)]
    pub file_system: Option<String>,
    /// Server and share, or device: `vast01:/talmo`.
    #[serde(default)]
    pub source: Option<String>,
    /// Where the file system that the base path is on is mounted.
    #[serde(default)]
    pub mount_point: Option<PathBuf>,
    /// Where the base path, with its links followed, is below that; empty where it is the mount point itself.
    #[serde(default)]
    pub below_mount: Option<PathBuf>,
    /// Bytes that this user may still write.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Bytes altogether.
    #[serde(default)]
    pub total_bytes: Option<u64>,
    /// How long opening and reading it took, in milliseconds.
    #[serde(default)]
    pub latency_ms: Option<f64>,
    /// The storage's mark, `.samepath/storage.json`, if it carries one.
    #[serde(default)]
    pub id: Option<String>,
    /// What is where its mark should be, and is none: nobody can tell whether it is the storage that others mean.
    #[serde(default)]
    pub damaged_mark: Option<Damage>,
    /// Whether there is nothing in it at all.
    #[serde(default)]
    pub empty: bool,
    /// What the system said, where that helps.
    #[serde(default)]
    pub detail: Option<String>,
}

impl Probe {
    /// Nothing known but the state.
    pub fn of(state: BackendState) -> Self {
        Self {
            state,
            file_system: None,
            source: None,
            mount_point: None,
            below_mount: None,
            free_bytes: None,
            total_bytes: None,
            latency_ms: None,
            id: None,
            damaged_mark: None,
            empty: false,
            detail: None,
        }
    }

    pub(crate) fn with_detail(state: BackendState, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::of(state) }
    }
}

/// Looks at a storage: opens its base path and reads from it, which also makes an automount mount.
///
/// Touches the storage and may hang with it for ever: only ever called inside the helper process.
pub fn probe(backend: &Backend) -> Probe {
    probe_again(backend, None)
}

/// Like [`probe`], of a storage that was seen `before`. It is not mounted where an empty folder is only its place, and where it was a
/// mount, and is a folder of the file system below now, without its mark: what is in that is not the storage's.
pub fn probe_again(backend: &Backend, before: Option<&Sighting>) -> Probe {
    let start = Instant::now();
    let looked = look(&backend.base_path);
    let latency_ms = Some(start.elapsed().as_secs_f64() * 1e3);
    let mut probe = Probe { latency_ms, ..Probe::of(BackendState::Ready) };
    match looked {
        Ok(Folder::Empty) => probe.empty = true,
        Ok(Folder::Filled) => {}
        Err(error) => {
            probe.state = health::state_of(&error);
            probe.detail = Some(error.to_string());
            return probe;
        }
    }
    let real = dunce::canonicalize(&backend.base_path).unwrap_or_else(|_| backend.base_path.clone());
    if let Some(mount) = Mounts::listed().as_ref().and_then(|mounts| mounts.holding(&real)) {
        probe.below_mount = real.strip_prefix(&mount.point).ok().map(Path::to_owned);
        probe.file_system = Some(mount.file_system.clone());
        probe.source = Some(mount.source.clone());
        probe.mount_point = Some(mount.point.clone());
    }
    if probe.empty && health::is_unmounted(backend, &real, before) {
        probe.state = BackendState::NotMounted;
        probe.detail = Some(health::EMPTY.to_owned());
        return probe;
    }
    match space(&backend.base_path) {
        Ok(space) => {
            probe.free_bytes = space.free;
            probe.total_bytes = space.total;
            if space.read_only {
                probe.state = BackendState::ReadOnly;
            } else if space.full {
                probe.state = BackendState::Full;
            }
        }
        Err(error) => {
            probe.state = health::state_of(&error);
            probe.detail = Some(error.to_string());
        }
    }
    // What a part of a storage has at its top is not the mark of the whole.
    if backend.subpath.is_empty() {
        match marker::read(&backend.base_path) {
            Ok(id) => probe.id = id,
            Err(damage) => probe.damaged_mark = Some(damage),
        }
    }
    let before = before.filter(|before| before.base_path == backend.base_path);
    if let Some(below) = before.and_then(|before| before.bared(&probe)) {
        let detail = format!("nothing is mounted there: what is in the folder lies on {}", below.display());
        return Probe { latency_ms: probe.latency_ms, ..Probe::with_detail(BackendState::NotMounted, detail) };
    }
    probe
}

/// What a storage is at a glance: another one, or one that can be used in another way, has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// In one word, as far as one question tells it.
    pub state: BackendState,
    /// By which the system knows the file system; 0 where it does not say.
    pub file_system: u64,
}

impl Glance {
    /// Nothing known but the state.
    pub(crate) fn of(state: BackendState) -> Self {
        Self { state, file_system: 0 }
    }
}

/// Asks a storage's server the one thing that no system answers from memory: how much room there is. So it can be asked often.
///
/// Touches the storage, as [`probe`] does.
pub(crate) fn glance(backend: &Backend) -> Glance {
    match space(&backend.base_path) {
        Ok(Space { read_only: true, file_system, .. }) => Glance { state: BackendState::ReadOnly, file_system },
        Ok(Space { full: true, file_system, .. }) => Glance { state: BackendState::Full, file_system },
        Ok(Space { file_system, .. }) => Glance { state: BackendState::Ready, file_system },
        Err(error) => Glance::of(health::state_of(&error)),
    }
}

enum Folder {
    Empty,
    Filled,
}

fn look(base: &Path) -> io::Result<Folder> {
    match std::fs::read_dir(base)?.next() {
        None => Ok(Folder::Empty),
        Some(entry) => entry.map(|_| Folder::Filled),
    }
}

struct Space {
    free: Option<u64>,
    total: Option<u64>,
    full: bool,
    read_only: bool,
    /// 0 where it is not known.
    file_system: u64,
}

#[cfg(unix)]
fn space(base: &Path) -> io::Result<Space> {
    use rustix::fs::StatVfsMountFlags;
    let found = rustix::fs::statvfs(base)?;
    // Some file systems, mostly FUSE ones, do not know: they say 0 of 0.
    let known = found.f_blocks > 0;
    let bytes = |blocks: u64| known.then(|| blocks.saturating_mul(found.f_frsize));
    Ok(Space {
        free: bytes(found.f_bavail),
        total: bytes(found.f_blocks),
        full: known && (found.f_bavail == 0 || (found.f_files > 0 && found.f_favail == 0)),
        read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
        file_system: found.f_fsid,
    })
}

#[cfg(not(unix))]
fn space(base: &Path) -> io::Result<Space> {
    let read_only = fs_err::metadata(base)?.permissions().readonly();
    Ok(Space { free: None, total: None, full: false, read_only: read_only && !cfg!(windows), file_system: 0 })
}
