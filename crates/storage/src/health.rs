//! What errors of the system say about a storage as a whole.

use crate::mounts::Mounts;
use crate::{Backend, ResolveError, Sighting};
use samepath_wire::BackendState;
use std::io;
use std::path::{Path, PathBuf};

/// What is said of an empty folder that is not the storage.
pub(crate) const EMPTY: &str = "the folder is empty";

/// The state that an error at the base path means.
pub(crate) fn state_of(error: &io::Error) -> BackendState {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => BackendState::Missing,
        io::ErrorKind::PermissionDenied => BackendState::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackendState::Full,
        _ => BackendState::NotAnswering,
    }
}

/// Whether an error means that the file system itself gave up: a lost server, a dead FUSE process, a broken disk.
pub(crate) fn is_silence(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
        NotConnected, StaleNetworkFileHandle, TimedOut,
    };
    let lost = matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | StaleNetworkFileHandle
            | TimedOut
    );
    #[cfg(unix)]
    let lost = lost || {
        use rustix::io::Errno;
        let errno = error.raw_os_error().map(Errno::from_raw_os_error);
        matches!(errno, Some(Errno::IO | Errno::NODEV | Errno::NXIO | Errno::HOSTDOWN))
    };
    lost
}

pub(crate) fn unavailable(backend: &Backend, error: &io::Error) -> ResolveError {
    ResolveError::BackendUnavailable {
        backend: backend.name.clone(),
        base_path: backend.base_path.clone(),
        state: state_of(error),
        detail: Some(error.to_string()),
    }
}

pub(crate) fn not_mounted(backend: &Backend) -> ResolveError {
    ResolveError::BackendUnavailable {
        backend: backend.name.clone(),
        base_path: backend.base_path.clone(),
        state: BackendState::NotMounted,
        detail: Some(EMPTY.to_owned()),
    }
}

/// Whether the configuration's `type` names a file system on another computer.
pub(crate) fn is_network_type(kind: Option<&str>) -> bool {
    const NETWORK: &[&str] = &[
        "9p",
        "afp",
        "afs",
        "beegfs",
        "ceph",
        "cephfs",
        "cifs",
        "dav",
        "davfs",
        "gcs",
        "gdrive",
        "glusterfs",
        "google_drive",
        "google_shared_drive",
        "gpfs",
        "lustre",
        "network",
        "nfs",
        "nfs3",
        "nfs4",
        "onedrive",
        "rclone",
        "s3",
        "samba",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "sshfs",
        "webdav",
    ];
    kind.is_some_and(|kind| NETWORK.contains(&kind.to_ascii_lowercase().as_str()))
}

/// Whether an empty folder in a storage's place, with its links followed at `real`, is where the storage would be mounted and not the
/// storage: the one rule for that, of all that look and resolve. It is so where the configuration calls it a file system of another
/// computer and it lies on a disk of this one; where the storage was on another file system when it was seen `before`, or carried a
/// mark then; and where it is to hold the person's own folder.
pub(crate) fn is_unmounted(backend: &Backend, real: &Path, before: Option<&Sighting>) -> bool {
    let before = before.filter(|before| before.base_path == backend.base_path);
    let moved = |before: &Sighting| before.mount_point.is_some() && before.mount_point != mount_point(real);
    !backend.user_subdir.is_empty()
        || before.is_some_and(|before| before.id.is_some() || moved(before))
        || is_share_on_a_disk_of_this_computer(backend, real)
}

/// Where the file system is mounted that a real path is on.
fn mount_point(real: &Path) -> Option<PathBuf> {
    Mounts::listed()?.holding(real).map(|mount| mount.point.clone())
}

fn is_share_on_a_disk_of_this_computer(backend: &Backend, real: &Path) -> bool {
    if !is_network_type(backend.kind.as_deref()) {
        return false;
    }
    match Mounts::read() {
        Some(mounts) => mounts.holding(real).is_none_or(|mount| mount.is_local()),
        None => is_on_the_root_device(real),
    }
}

#[cfg(unix)]
fn is_on_the_root_device(real: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs_err::metadata(real), fs_err::metadata("/")) {
        (Ok(folder), Ok(root)) => folder.dev() == root.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_on_the_root_device(_real: &Path) -> bool {
    false
}
