use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a project could not be read. Crosses the helper process, so it is plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum DatasetError {
    /// Nothing is at that path.
    #[error("there is no file {}", path.display())]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// The system refused, or failed, to read it.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// The system's words.
        reason: String,
        /// Whether it is a matter of permissions.
        denied: bool,
    },
    /// It is a folder, a pipe, a device.
    #[error("{} is {what}, not a file", path.display())]
    NotAFile {
        /// What was asked for.
        path: PathBuf,
        /// What it is.
        what: NotAFile,
        /// Names of projects in it, where it is a folder; some.
        projects: Vec<String>,
    },
    /// A file of no bytes.
    #[error("{} is empty", path.display())]
    Empty {
        /// What was asked for.
        path: PathBuf,
    },
    /// It does not begin as an HDF5 file does.
    #[error("{} is not a SLEAP project: it is {}", path.display(), if is_video(path) { "a video" } else { "no HDF5 file" })]
    NotHdf5 {
        /// What was asked for.
        path: PathBuf,
        /// Names of projects beside it; some.
        projects: Vec<String>,
    },
    /// HDF5, but without the list of videos.
    #[error("{} is an HDF5 file without a list of videos (`/videos_json`)", path.display())]
    NotAProject {
        /// What was asked for.
        path: PathBuf,
    },
    /// HDF5 whose inside contradicts itself, or ends too early.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// What was asked for.
        path: PathBuf,
        /// The reader's words.
        detail: String,
    },
    /// It asks for more than a project can reasonably hold; nothing was allocated for it.
    #[error("{} holds more than samepath reads: {detail}", path.display())]
    TooLarge {
        /// What was asked for.
        path: PathBuf,
        /// Which limit.
        detail: String,
    },
}

/// What a path that should be a file is instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAFile {
    /// A folder.
    Folder,
    /// A pipe, a socket or a device.
    Special,
}

impl fmt::Display for NotAFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "a folder",
            Self::Special => "a pipe, a socket or a device",
        })
    }
}

impl DatasetError {
    /// For programs; also decides the exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "path_not_found",
            Self::NotAFile { .. } | Self::NotHdf5 { .. } | Self::NotAProject { .. } => "invalid_parameter",
            Self::Unreadable { .. } | Self::Empty { .. } | Self::Damaged { .. } | Self::TooLarge { .. } => "io",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        if let Self::NotAFile { projects, .. } | Self::NotHdf5 { projects, .. } = self
            && !projects.is_empty()
        {
            let place = if matches!(self, Self::NotAFile { .. }) { "In it" } else { "Beside it" };
            return Some(format!("Choose a project. {place}: {}.", projects.join(", ")));
        }
        Some(
            match self {
                Self::NotFound { .. } => "Check the spelling, and whether the storage is connected.",
                Self::Unreadable { denied: true, .. } => {
                    "Ask the owner of the file, or your admin, for permission to read it."
                }
                Self::Unreadable { .. } => "Check whether the storage is connected, then try again.",
                Self::NotAFile { .. } => "Choose the project file itself: it ends in .slp or .pkg.slp.",
                Self::Empty { .. } => "It may still be copied or saved. Wait until it is complete, or save it again.",
                Self::NotHdf5 { .. } => "Choose a file that SLEAP saved: it ends in .slp or .pkg.slp.",
                Self::NotAProject { .. } => "If it is an old project, open it in SLEAP and save it again.",
                Self::Damaged { .. } => {
                    "It may still be copied or saved. If it stays so, open it in SLEAP and save it again, or take a copy from a backup."
                }
                Self::TooLarge { .. } => "If this really is a SLEAP project, open it in SLEAP and save it again.",
            }
            .to_owned(),
        )
    }
}

/// Whether a file is called as videos are.
fn is_video(path: &Path) -> bool {
    const ENDINGS: [&str; 9] = ["mp4", "avi", "mov", "mkv", "m4v", "webm", "mpg", "mpeg", "wmv"];
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
