use super::handle::{Child, Handle};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What the other systems use: a folder's handle, or a name in one. `cap-std` keeps every step beneath the folder.
pub(super) enum CapHandle {
    /// A folder.
    Folder(Dir),
    /// Anything else, by its name in a folder.
    Leaf(Dir, OsString),
}

impl CapHandle {
    fn folder(&self) -> io::Result<&Dir> {
        match self {
            Self::Folder(folder) => Ok(folder),
            Self::Leaf(..) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}

impl Handle for CapHandle {
    fn base(path: &Path) -> io::Result<Self> {
        Ok(Self::Folder(Dir::open_ambient_dir(path, ambient_authority())?))
    }

    fn base_real(&self, path: &Path) -> io::Result<PathBuf> {
        dunce::canonicalize(path)
    }

    fn child(&self, name: &OsStr) -> io::Result<Child<Self>> {
        let folder = self.folder()?;
        let kind = folder.symlink_metadata(name)?.file_type();
        if kind.is_symlink() {
            Ok(Child::Link(folder.read_link_contents(name)?))
        } else if kind.is_dir() {
            Ok(Child::There(Self::Folder(folder.open_dir(name)?)))
        } else {
            Ok(Child::There(Self::Leaf(folder.try_clone()?, name.to_owned())))
        }
    }

    fn each_name(&self, see: &mut dyn FnMut(&OsStr) -> bool) -> io::Result<()> {
        for entry in self.folder()?.entries()? {
            if !see(&entry?.file_name()) {
                break;
            }
        }
        Ok(())
    }

    fn open(&self) -> io::Result<Option<File>> {
        let Self::Leaf(folder, name) = self else { return Ok(None) };
        if !folder.symlink_metadata(name)?.is_file() {
            return Ok(None);
        }
        let file = folder.open(name)?.into_std();
        Ok(file.metadata()?.is_file().then_some(file))
    }

    fn quick(&self, _base: &Path, _below: &str) -> Option<(Self, PathBuf)> {
        None
    }
}
