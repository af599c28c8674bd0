//! What errors of the system say about a storage as a whole.

use crate::mounts::Mounts;
use crate::{Backend, ResolveError};
use samepath_wire::BackendState;
use std::io;
use std::path::Path;

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
        detail: Some("the folder is empty".to_owned()),
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

/// Whether the folder at `real`, if it is empty, is the place of a mount rather than the storage.
pub(crate) fn looks_unmounted(backend: &Backend, real: &Path) -> bool {
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
