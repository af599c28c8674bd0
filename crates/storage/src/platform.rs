use serde::{Deserialize, Serialize};

/// Whose path rules apply. A parameter everywhere, so that each platform's rules are tested on all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Linux and other Unix systems.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The one that this program was built for.
    pub const fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }

    /// What stands between two components of a local path.
    pub(crate) const fn separator(self) -> &'static str {
        match self {
            Self::Linux | Self::MacOs => "/",
            Self::Windows => "\\",
        }
    }
}
