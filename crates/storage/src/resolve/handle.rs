use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A place on the file system that stays the same place whatever is renamed or replaced meanwhile.
pub(super) trait Handle: Sized {
    /// The folder at this path; links are followed.
    fn base(path: &Path) -> io::Result<Self>;
    /// The path of the folder opened by [`Handle::base`], with every link followed.
    fn base_real(&self, path: &Path) -> io::Result<PathBuf>;
    /// What is in this folder under this name; links are not followed.
    fn child(&self, name: &OsStr) -> io::Result<Child<Self>>;
    /// Gives every name in this folder, in no order, to `see`, until that says false.
    fn each_name(&self, see: &mut dyn FnMut(&OsStr) -> bool) -> io::Result<()>;
    /// Opens it for reading; `None` if it is not a regular file.
    fn open(&self) -> io::Result<Option<File>>;
    /// The quick way for the usual case: `below`, `/`-separated, with its real path below the base. `None` if that is not
    /// to be had, for whatever reason.
    fn quick(&self, base: &Path, below: &str) -> Option<(Self, PathBuf)>;
}

/// What a name in a folder is.
pub(super) enum Child<H> {
    /// A link, and what it says.
    Link(PathBuf),
    /// Anything else.
    There(H),
}
