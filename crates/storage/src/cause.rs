use crate::health;
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};

/// What kind of failure of the operating system it was: what people can do about it depends on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No permission.
    Denied,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The disk is full.
    Full,
    /// This user may take no more of the disk, whatever room it has.
    Quota,
    /// No file may become that large, there or for this program.
    Limited,
    /// Nothing is there.
    Missing,
    /// A file where a folder must be.
    NotAFolder,
    /// Links that lead to one another.
    LinkLoop,
    /// The folder holds as many entries as it can.
    TooManyLinks,
    /// Longer than the file system takes.
    TooLong,
    /// More bytes than are read.
    TooLarge,
    /// Not text where text was expected.
    NotText,
    /// The file system gave up: a lost server, a dead process behind it, a broken disk.
    Silent,
    /// Another program uses it.
    Busy,
    /// More files are open than the system allows.
    TooManyOpen,
    /// Anything else.
    Other,
}

impl Cause {
    /// The kind of an error.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull => Self::Full,
            ErrorKind::QuotaExceeded => Self::Quota,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::NotADirectory => Self::NotAFolder,
            ErrorKind::TooManyLinks => Self::TooManyLinks,
            ErrorKind::InvalidFilename => Self::TooLong,
            ErrorKind::FileTooLarge => Self::TooLarge,
            ErrorKind::InvalidData => Self::NotText,
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Self::Busy,
            _ if health::is_silence(error) => Self::Silent,
            kind => Self::of_unnamed(kind, error),
        }
    }

    /// The kind of an error of somebody who wrote: what is too large then is not what was to be read.
    pub fn of_writing(error: &io::Error) -> Self {
        match Self::of(error) {
            Self::TooLarge => Self::Limited,
            cause => cause,
        }
    }

    /// Whether there is no room for what was to be written.
    pub fn is_room(self) -> bool {
        matches!(self, Self::Full | Self::Quota | Self::Limited)
    }

    /// What it is, of a cause that [is about room](Cause::is_room); else nothing that the system's own words do not say better.
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "no space is left there",
            Self::Quota => "your quota there is used up",
            Self::Limited => "no file may grow as large there",
            _ => "",
        }
    }

    /// What the standard library has no public name for.
    #[cfg(unix)]
    fn of_unnamed(kind: ErrorKind, error: &io::Error) -> Self {
        use rustix::io::Errno;
        // A wrapped error keeps its kind, not its number.
        if kind == link_loop().kind() {
            return Self::LinkLoop;
        }
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE) => Self::TooManyOpen,
            _ => Self::Other,
        }
    }

    #[cfg(not(unix))]
    fn of_unnamed(_kind: ErrorKind, _error: &io::Error) -> Self {
        Self::Other
    }

    /// What to do about it; `what` is the file, folder or storage.
    pub fn mend(self, what: &str) -> String {
        match self {
            Self::Denied => format!("ask whoever owns `{what}` for access"),
            Self::ReadOnly => format!("`{what}` is read-only: use another place, or have it mounted for writing"),
            Self::Full => "free some space, or use another place".to_owned(),
            Self::Quota => "remove something of yours there, ask for more, or use another place".to_owned(),
            Self::Limited => "have the limit on the size of files raised (ulimit -f), or use another place".to_owned(),
            Self::Missing => format!("check that `{what}` is there"),
            Self::NotAFolder => "check the path: there is a file where a folder must be".to_owned(),
            Self::LinkLoop => "mend or remove the link".to_owned(),
            Self::TooManyLinks => format!("use another folder: `{what}` holds as much as it can"),
            Self::TooLong => "shorten the name".to_owned(),
            Self::TooLarge => "use a smaller file".to_owned(),
            Self::NotText => "use a text file, saved as UTF-8".to_owned(),
            Self::Silent => "connect or mount the storage, then try again".to_owned(),
            Self::Busy => format!("another program uses `{what}`: close it, then try again"),
            Self::TooManyOpen => "close some programs, then try again: too many files are open".to_owned(),
            Self::Other => format!("try again; if it stays so, show this to whoever administers `{what}`"),
        }
    }
}

/// What the system says of links that lead to one another.
#[cfg(unix)]
pub(crate) fn link_loop() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
pub(crate) fn link_loop() -> io::Error {
    io::Error::other("too many links")
}
