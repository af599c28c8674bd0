use std::fs::File;

/// Lets everybody read a file, or look into a folder, that was made here, whatever the umask of who made it: a worker may run as
/// another user, and a lab's storage is the lab's. Where a file system refuses, it has its own ways.
#[cfg(unix)]
pub(crate) fn open_to_all(made: &File) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if made.metadata().is_ok_and(|made| made.is_dir()) { 0o755 } else { 0o644 };
    let _ = made.set_permissions(std::fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
pub(crate) fn open_to_all(_made: &File) {}
