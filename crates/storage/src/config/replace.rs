//! The file itself: one writer at a time, and never half a file.

use super::{Action, ConfigError, text};
use crate::is_locked;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// As many links as Linux follows.
const LINKS: usize = 40;

/// The configuration file at the end of all links, and its two neighbours.
pub(super) struct Target {
    /// What is replaced.
    pub(super) file: PathBuf,
    folder: PathBuf,
    lock: PathBuf,
    /// One name is enough: only who holds the lock uses it, and what a killed writer left is written over.
    temporary: PathBuf,
}

/// How a replacement went.
pub(super) enum Replaced {
    /// The new text is on the disk.
    Done,
    /// A program that takes no lock wrote in between; nothing was replaced.
    Overtaken,
}

impl Target {
    pub(super) fn of(path: &Path) -> Result<Self, ConfigError> {
        let mut file = path.to_owned();
        for _ in 0..LINKS {
            match fs_err::symlink_metadata(&file) {
                Ok(seen) if seen.file_type().is_symlink() => {
                    let to = fs_err::read_link(&file).map_err(|error| ConfigError::io(&file, Action::Read, &error))?;
                    file = file.parent().map_or(to.clone(), |folder| folder.join(&to));
                }
                Ok(seen) if !seen.is_file() => return Err(ConfigError::NotAFile { file }),
                _ => break,
            }
        }
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(ConfigError::NotAFile { file });
        };
        let beside = |suffix: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(suffix);
            folder.join(hidden)
        };
        Ok(Self { folder: folder.to_owned(), lock: beside(".lock"), temporary: beside(".new"), file })
    }

    /// Makes the folder, for its owner alone, if its parent is there.
    pub(super) fn make_folder(&self) -> Result<(), ConfigError> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        match builder.create(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(ConfigError::io(&self.folder, Action::Create, &error))
            }
            _ => Ok(()),
        }
    }

    /// Waits for the lock, which the operating system takes back when its holder ends, however that comes about.
    pub(super) fn lock(&self, wait: Duration) -> Result<File, ConfigError> {
        let failed = |error: &std::io::Error| self.failed(error);
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        let mode = {
            use std::os::unix::fs::PermissionsExt;
            // Whoever may write the file may lock it.
            fs_err::metadata(&self.file).map_or(0o600, |seen| seen.permissions().mode() & 0o666)
        };
        #[cfg(unix)]
        {
            use fs_err::os::unix::fs::OpenOptionsExt;
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            options.mode(mode).custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
        }
        let (file, _) = options.open(&self.lock).map_err(|error| failed(&error))?.into_parts();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The umask may have taken some of that; a lock of somebody else's is theirs to open up.
            let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
        }
        let since = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if since.elapsed() >= wait => {
                    return Err(ConfigError::Locked { lock: self.lock.clone(), waited: wait });
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(pause.min(wait.saturating_sub(since.elapsed())));
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
    }

    /// Whether somebody holds the lock now.
    pub(super) fn is_locked(&self) -> bool {
        is_locked(&self.lock).unwrap_or(false)
    }

    /// Puts `new` in the place of `old`, which was read under the lock; `None` where no file was there.
    pub(super) fn replace(&self, old: Option<&str>, new: &str) -> Result<Replaced, ConfigError> {
        let failed = |error: std::io::Error| self.failed(&error);
        if old.is_some() {
            // A file that we may not write is not ours to replace, even where the folder would let us.
            fs_err::OpenOptions::new().write(true).open(&self.file).map_err(failed)?;
        }
        match fs_err::remove_file(&self.temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use fs_err::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&self.temporary).map_err(failed)?;
        let mut leftover = Leftover(Some(&self.temporary));
        file.write_all(new.as_bytes()).map_err(failed)?;
        if old.is_some() {
            self.keep_owner_and_mode(file.file()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        drop(file);
        if text::read(&self.file)?.as_deref() != old {
            return Ok(Replaced::Overtaken);
        }
        fs_err::rename(&self.temporary, &self.file).map_err(failed)?;
        leftover.0 = None;
        self.sync_folder().map_err(failed)?;
        Ok(Replaced::Done)
    }

    #[cfg(unix)]
    fn keep_owner_and_mode(&self, file: &File) -> std::io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let (was, is) = (fs_err::metadata(&self.file)?, file.metadata()?);
        if (was.uid(), was.gid()) != (is.uid(), is.gid()) {
            let group = Some(rustix::fs::Gid::from_raw(was.gid()));
            // Only root may give a file away; a member of the group may keep the group. Neither is worth a refusal.
            let _ = rustix::fs::fchown(file, Some(rustix::fs::Uid::from_raw(was.uid())), group)
                .or_else(|_| rustix::fs::fchown(file, None, group));
        }
        file.set_permissions(std::fs::Permissions::from_mode(was.permissions().mode() & 0o7777))
    }

    #[cfg(not(unix))]
    fn keep_owner_and_mode(&self, file: &File) -> std::io::Result<()> {
        file.set_permissions(fs_err::metadata(&self.file)?.permissions())
    }

    /// So that the new name outlives a power cut, on file systems that can promise it.
    #[cfg(unix)]
    fn sync_folder(&self) -> std::io::Result<()> {
        match fs_err::File::open(&self.folder)?.sync_all() {
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
            done => done,
        }
    }

    #[cfg(not(unix))]
    fn sync_folder(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> ConfigError {
        ConfigError::io(&self.file, Action::Write, error)
    }
}

/// Takes the temporary file away again where it did not become the file.
struct Leftover<'p>(Option<&'p Path>);

impl Drop for Leftover<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            let _ = fs_err::remove_file(path);
        }
    }
}
