use crate::{FuseMount, Trouble};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Set where a test runs among mounts of its own.
const INSIDE: &str = "SAMEPATH_TEST_MOUNTS";

/// For whoever runs a test where it cannot be run.
const ALLOW: &str = "This test needs mounts of its own. Where the system lets nobody have them, allow it: \
                     sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or, in a container, `--cap-add SYS_ADMIN`.";

/// Bytes of a disk.
const SIZE: &str = "size=8m";

/// Why nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No byte is left (`ENOSPC`); names are.
    Full,
    /// The quota is used up, while there is room (`EDQUOT`).
    Quota,
    /// Mounted read-only (`EROFS`).
    ReadOnly,
    /// Turned read-only under those who have files open (`EROFS`).
    Turned,
    /// The rights do not let this user write (`EACCES`).
    Denied,
    /// The server lets nobody write, whatever the rights say (`EACCES`): also who would give himself the rights.
    Squashed,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Full, Self::Quota, Self::ReadOnly, Self::Turned, Self::Denied, Self::Squashed];

    /// Those that can come while a file is open.
    pub const SUDDEN: [Self; 3] = [Self::Full, Self::Quota, Self::Turned];

    /// One of these is said of it, to whoever could not write.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Full => &["no space", "No space", "is full"],
            Self::Quota => &["quota"],
            Self::ReadOnly | Self::Turned => &["read-only", "Read-only"],
            Self::Denied | Self::Squashed => &["permission", "Permission", "may not write"],
        }
    }
}

/// A small disk of its own, which has a fault whenever a test says so: a real file system, whose errors are the system's.
///
/// Only inside of [`with_disks`].
#[derive(Debug)]
pub struct Disk {
    fault: Fault,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// In memory; what fills it lies beside what the test uses.
    Memory { point: PathBuf, _folder: TempDir },
    /// Whose server refuses: quotas of a file system in memory are an administrator's, and the rights of what one owns are one's own.
    Served(FuseMount),
}

impl Disk {
    /// An empty one, which is well until it is [struck](Disk::strike) with its fault.
    ///
    /// # Panics
    /// Where it cannot be mounted.
    pub fn new(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Quota | Fault::Turned | Fault::Squashed => Kind::Served(FuseMount::writable(&[("disk/", "")])),
            Fault::Full | Fault::ReadOnly | Fault::Denied => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let point = folder.path().canonicalize().expect("a real path");
                mount(&["-t", "tmpfs", "-o", SIZE, "disk"], &point);
                std::fs::create_dir(point.join("disk")).expect("a folder");
                Kind::Memory { point, _folder: folder }
            }
        };
        Self { fault, kind }
    }

    /// What may be used of it.
    pub fn path(&self) -> PathBuf {
        self.root().join("disk")
    }

    fn root(&self) -> &Path {
        match &self.kind {
            Kind::Memory { point, .. } => point,
            Kind::Served(mount) => mount.path(),
        }
    }

    /// From now on nothing can be written.
    ///
    /// # Panics
    /// Where that cannot be had.
    pub fn strike(&self) {
        match (self.fault, &self.kind) {
            (Fault::Quota, Kind::Served(mount)) => mount.trouble(Some(Trouble::Quota)),
            (Fault::Turned, Kind::Served(mount)) => mount.trouble(Some(Trouble::ReadOnly)),
            (Fault::Squashed, Kind::Served(mount)) => mount.trouble(Some(Trouble::Denied)),
            (Fault::Full, _) => self.fill(),
            (Fault::ReadOnly, _) => mount(&["-o", "remount,bind,ro"], self.root()),
            _ => allow(&self.path(), false),
        }
    }

    /// From now on it is well.
    ///
    /// # Panics
    /// Where that cannot be had.
    pub fn mend(&self) {
        match (self.fault, &self.kind) {
            (_, Kind::Served(mount)) => mount.trouble(None),
            (Fault::Full, _) => std::fs::remove_file(self.root().join("filler")).expect("the filler"),
            (Fault::ReadOnly, _) => mount(&["-o", "remount,bind,rw"], self.root()),
            _ => allow(&self.path(), true),
        }
    }

    fn fill(&self) {
        use std::io::{ErrorKind, Write};
        let mut filler = std::fs::File::create(self.root().join("filler")).expect("a file");
        for piece in [1 << 20, 4096, 1] {
            let piece = vec![0; piece];
            loop {
                match filler.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("a disk cannot be filled: {error}"),
                }
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Kind::Memory { point, .. } = &self.kind {
            // What still runs there goes on; the mount goes with the last of it.
            let _ = Command::new("umount").arg("-l").arg(point).status();
        }
    }
}

/// Takes the right to write away from everybody, in the whole tree; or gives it back.
fn allow(path: &Path, write: bool) {
    let found = std::fs::symlink_metadata(path).expect("there");
    if found.is_symlink() {
        return;
    }
    let mode = found.permissions().mode();
    let mode = if write { mode | 0o200 } else { mode & !0o222 };
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
    if found.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder") {
            allow(&entry.expect("an entry").path(), write);
        }
    }
}

fn mount(words: &[&str], point: &Path) {
    let done = Command::new("mount").args(words).arg(point).output().expect("mount is on every Linux");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "mount {words:?} {}: {said}\n{ALLOW}", point.display());
}

/// Runs the test `name`, by its whole name, in a process of its own that may mount disks, as a user whom rights hold off: one that is
/// root there, in a namespace, may not write to everything.
///
/// ```no_run
/// # use samepath_testkit::{Disk, Fault, with_disks};
/// #[test]
/// fn a_full_disk_is_told() {
///     with_disks("a_full_disk_is_told", || {
///         let disk = Disk::new(Fault::Full);
///         disk.strike();
///     });
/// }
/// ```
///
/// # Panics
/// If the test fails, or where the system lets nobody mount.
pub fn with_disks(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command.args(["setpriv", "--bounding-set=-dac_override,-dac_read_search"]);
    command.arg(std::env::current_exe().expect("this program")).args(["--exact", name, "--nocapture"]);
    let told = command.env(INSIDE, "1").output().expect("unshare is on every Linux");
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    println!("{out}");
    eprintln!("{err}");
    assert!(!err.contains("unshare:") && !err.contains("setpriv:"), "no disk can be mounted: {err}\n{ALLOW}");
    assert!(told.status.success(), "{name} failed");
    assert!(out.contains("1 passed"), "there is no test {name}");
}
