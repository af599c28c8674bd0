use super::history::io_error;
use crate::bus::BusError;
use std::{
    fs::{File, TryLockError},
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState},
    path::{Path, PathBuf},
};

/// What fits into a socket's address everywhere: 104 bytes on macOS, with the end.
const MAX_SOCKET_PATH: usize = 100;

/// The folder of a bus and what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    dir: PathBuf,
    runtime_dir: Option<PathBuf>,
}

impl Place {
    /// Makes the folder if need be, and makes it private.
    pub(super) fn make(dir: &Path, runtime_dir: Option<&Path>) -> Result<Self, BusError> {
        make_private(dir)?;
        let dir = fs_err::canonicalize(dir).map_err(|error| io_error(dir, &error))?;
        Ok(Self { dir, runtime_dir: runtime_dir.map(Path::to_owned) })
    }

    /// The folder, if it is there.
    pub(super) fn find(dir: &Path, runtime_dir: Option<&Path>) -> Option<Self> {
        let dir = fs_err::canonicalize(dir).ok()?;
        Some(Self { dir, runtime_dir: runtime_dir.map(Path::to_owned) })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn history(&self) -> PathBuf {
        self.dir.join("history.redb")
    }

    /// The lock, if nobody has it. The system lets go of it when the process ends, however that is.
    pub(super) fn try_lock(&self) -> Result<Option<File>, BusError> {
        let path = self.dir.join("holder.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| io_error(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_error(&path, &error)),
        }
    }

    /// Where the holder listens: in the folder, or in a short one where its name is too long for a socket.
    pub(super) fn new_socket(&self) -> Result<PathBuf, BusError> {
        let socket = self.dir.join("socket");
        if cfg!(windows) {
            // There anybody may make a pipe of any name. Nobody can guess this one, and only the person's own folder tells it.
            return Ok(PathBuf::from(format!("samepath-{}-{:032x}", self.digest(), unguessable())));
        }
        if socket.as_os_str().len() <= MAX_SOCKET_PATH {
            return Ok(socket);
        }
        let name = format!("samepath-{}", self.digest());
        if let Some(runtime_dir) = &self.runtime_dir {
            let socket = runtime_dir.join(&name);
            if socket.as_os_str().len() <= MAX_SOCKET_PATH && check_private(runtime_dir).is_ok() {
                return Ok(socket);
            }
        }
        let short = short_dir();
        make_private(&short)?;
        Ok(short.join(name))
    }

    fn digest(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.dir.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// Tells the others where the holder listens.
    pub(super) fn announce(&self, socket: &Path) -> Result<(), BusError> {
        let path = self.dir.join("holder.socket");
        let new = self.dir.join("holder.socket.new");
        let written =
            fs_err::write(&new, socket.as_os_str().as_encoded_bytes()).and_then(|()| fs_err::rename(&new, &path));
        if written.is_err() {
            // Half an address leads nowhere.
            let _ = fs_err::remove_file(&new);
        }
        written.map_err(|error| io_error(&path, &error))
    }

    /// Where the holder listens, if one has said so.
    pub(super) fn announced(&self) -> Option<PathBuf> {
        let text = fs_err::read_to_string(self.dir.join("holder.socket")).ok()?;
        (!text.is_empty()).then(|| PathBuf::from(text))
    }
}

/// A number that was never there before.
fn unguessable() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    (half() << 64) | half()
}

#[cfg(unix)]
fn short_dir() -> PathBuf {
    PathBuf::from(format!("/tmp/samepath-{}", me()))
}

#[cfg(not(unix))]
fn short_dir() -> PathBuf {
    PathBuf::new()
}

/// This process's user.
#[cfg(unix)]
pub(super) fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn make_private(dir: &Path) -> Result<(), BusError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if let Some(parent) = dir.parent() {
        fs_err::create_dir_all(parent).map_err(|error| io_error(parent, &error))?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error(dir, &error)),
    }
    match check_private(dir) {
        // Ours, and open to others: closed now.
        Err(Private::Mode) => {
            fs_err::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).map_err(|error| io_error(dir, &error))
        }
        Err(Private::Owner(owner)) => Err(BusError::NotPrivate {
            path: dir.to_owned(),
            detail: format!("it belongs to user {owner}, not to user {}", me()),
        }),
        Err(Private::NotAFolder) => {
            Err(BusError::NotPrivate { path: dir.to_owned(), detail: "it is not a folder".to_owned() })
        }
        Err(Private::Io(error)) => Err(io_error(dir, &error)),
        Ok(()) => Ok(()),
    }
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> Result<(), BusError> {
    fs_err::create_dir_all(dir).map_err(|error| io_error(dir, &error))
}

/// Why a folder is not private.
#[cfg_attr(not(unix), expect(dead_code, reason = "elsewhere a person's own folders are private by themselves"))]
enum Private {
    Mode,
    Owner(u32),
    NotAFolder,
    Io(std::io::Error),
}

#[cfg(unix)]
fn check_private(dir: &Path) -> Result<(), Private> {
    use std::os::unix::fs::MetadataExt;
    // In a folder that all may write to, a link would be somebody's trap.
    let metadata = if dir == short_dir() { std::fs::symlink_metadata(dir) } else { std::fs::metadata(dir) }
        .map_err(Private::Io)?;
    if !metadata.is_dir() {
        Err(Private::NotAFolder)
    } else if metadata.uid() != me() {
        Err(Private::Owner(metadata.uid()))
    } else if metadata.mode() & 0o077 != 0 {
        Err(Private::Mode)
    } else {
        Ok(())
    }
}

#[cfg(not(unix))]
fn check_private(_dir: &Path) -> Result<(), Private> {
    Ok(())
}
