use crate::files::{Files, Trouble};
use crate::gate::Gate;
use fuser::{BackgroundSession, Config, MountOption};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// What the mount table calls a mount that nobody named.
const SOURCE: &str = "testkit:/share";

/// A real FUSE mount with a few files in it, whose server can be stopped: then it takes questions and answers none, as a
/// file server that died, and whoever asked hangs where even SIGKILL does not reach.
///
/// The server is a thread of this process. Dropping the value lets everybody go and unmounts; if the process dies first,
/// a small process that waits for that unmounts.
#[derive(Debug)]
pub struct FuseMount {
    gate: Arc<Gate>,
    trouble: Arc<Mutex<Option<Trouble>>>,
    guard: Child,
    _session: BackgroundSession,
    point: PathBuf,
    _folder: TempDir,
}

impl FuseMount {
    /// Mounts a file system with these files, by relative path, on a folder of its own.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::mount(files, SOURCE, &[], false)
    }

    /// Likewise, one that can be written to.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn writable(files: &[(&str, &str)]) -> Self {
        Self::mount(files, SOURCE, &[], true)
    }

    /// Likewise, as the share `source`: tests that look for a share must not find another test's.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn of_share(source: &str, files: &[(&str, &str)]) -> Self {
        Self::mount(files, source, &[], false)
    }

    /// Likewise, one that can be written to.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn of_writable_share(source: &str, files: &[(&str, &str)]) -> Self {
        Self::mount(files, source, &[], true)
    }

    /// Likewise, mounted read-only.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn read_only(files: &[(&str, &str)]) -> Self {
        Self::mount(files, SOURCE, &[MountOption::RO], false)
    }

    fn mount(files: &[(&str, &str)], source: &str, options: &[MountOption], writable: bool) -> Self {
        Self::try_mount(files, source, options, writable).unwrap_or_else(|error| {
            panic!(
                "cannot mount a FUSE file system: {error}\n\
                 This test needs /dev/fuse and fusermount3. Install Debian's `fuse3`; in a container allow it with \
                 `--device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor=unconfined`."
            )
        })
    }

    fn try_mount(
        files: &[(&str, &str)],
        source: &str,
        options: &[MountOption],
        writable: bool,
    ) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let point = folder.path().canonicalize()?.join("mount");
        fs_err::create_dir(&point)?;
        let gate = Arc::new(Gate::default());
        let trouble = Arc::new(Mutex::new(None));
        // Before the mount, so that nothing is ever mounted unguarded; and out of our process group, so that it outlives us.
        let guard = Command::new("sh")
            .args(["-c", r#"read _; fusermount3 -u -z "$1" || umount -l "$1""#, "sh"])
            .arg(&point)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut config = Config::default();
        config.mount_options = [&[MountOption::FSName(source.to_owned())], options].concat();
        let session =
            fuser::spawn_mount(Files::new(files, writable, Arc::clone(&gate), Arc::clone(&trouble)), &point, &config)?;
        Ok(Self { gate, trouble, guard, _session: session, point, _folder: folder })
    }

    /// Where it is mounted: a real path, without links.
    pub fn path(&self) -> &Path {
        &self.point
    }

    /// From now on the server is in trouble; with none it is well again.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// It is unmounted under everybody, as by an administrator in a hurry: what is open there goes on, and an empty folder is left.
    ///
    /// # Panics
    /// Where it cannot be unmounted.
    pub fn vanish(&self) {
        let unmount = r#"fusermount3 -u -z "$1" || umount -l "$1""#;
        let done = Command::new("sh").args(["-c", unmount, "sh"]).arg(&self.point).stderr(Stdio::null()).status();
        assert!(done.is_ok_and(|status| status.success()), "{} cannot be unmounted", self.point.display());
    }

    /// The server falls silent.
    pub fn stop(&self) {
        self.gate.set_shut(true);
    }

    /// The server answers again, also what it was asked meanwhile.
    pub fn resume(&self) {
        self.gate.set_shut(false);
    }
}

impl Drop for FuseMount {
    fn drop(&mut self) {
        self.gate.set_shut(false);
        drop(self.guard.stdin.take());
        // It ends by itself once it has unmounted.
        let _ = self.guard.wait();
    }
}
