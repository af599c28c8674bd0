use super::handle::{Child, Handle};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// An `O_PATH` descriptor: it names a place without opening it, so no permission to read is needed and no device wakes.
pub(super) struct PathHandle(OwnedFd);

impl PathHandle {
    fn real(&self) -> io::Result<PathBuf> {
        let link = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let target = rustix::fs::readlinkat(CWD, link, Vec::new())?;
        Ok(OsString::from_vec(target.into_bytes()).into())
    }

    fn kind(&self) -> io::Result<FileType> {
        Ok(FileType::from_raw_mode(rustix::fs::fstat(&self.0)?.st_mode))
    }
}

impl Handle for PathHandle {
    fn base(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?))
    }

    fn base_real(&self, path: &Path) -> io::Result<PathBuf> {
        match self.real() {
            Ok(real) if real.is_absolute() => Ok(real),
            _ => fs_err::canonicalize(path),
        }
    }

    fn child(&self, name: &OsStr) -> io::Result<Child<Self>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let child = Self(rustix::fs::openat(&self.0, name, flags, Mode::empty())?);
        if child.kind()? == FileType::Symlink {
            let target = rustix::fs::readlinkat(&child.0, "", Vec::new())?;
            return Ok(Child::Link(OsString::from_vec(target.into_bytes()).into()));
        }
        Ok(Child::There(child))
    }

    fn each_name(&self, see: &mut dyn FnMut(&OsStr) -> bool) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&self.0, ".", flags, Mode::empty())?;
        for entry in Dir::new(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." && !see(OsStr::from_bytes(name)) {
                break;
            }
        }
        Ok(())
    }

    fn open(&self) -> io::Result<Option<File>> {
        if self.kind()? != FileType::RegularFile {
            return Ok(None);
        }
        // A link that the kernel follows to this very file, whatever its name leads to by now.
        let link = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Some(File::from(rustix::fs::openat(CWD, link, flags, Mode::empty())?)))
    }

    fn quick(&self, base: &Path, below: &str) -> Option<(Self, PathBuf)> {
        let below = if below.is_empty() { "." } else { below };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        // Refused where links are absolute or leave and come back, and by old kernels and some containers.
        let found = Self(rustix::fs::openat2(&self.0, below, flags, Mode::empty(), resolve).ok()?);
        let real = found.real().ok()?;
        if real.as_os_str().as_bytes().ends_with(b" (deleted)") {
            return None;
        }
        // A real path has no links in it: where it begins with the base path as configured, neither has that.
        let below = match real.strip_prefix(base) {
            Ok(below) => below.to_owned(),
            Err(_) => real.strip_prefix(self.real().ok()?).ok()?.to_owned(),
        };
        Some((found, below))
    }
}
