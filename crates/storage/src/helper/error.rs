use crate::cause::Cause;
use serde_json::Value;
use std::io;

/// What to do where the helper process itself fails: nothing about the storage is known.
pub(crate) const HELPER_MEND: &str =
    "try again; if it stays so, install the program again: a part of it cannot be started";

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// The deadline passed, or an earlier question about the same storage is still without an answer.
    #[error("{} did not answer", about_words(.about))]
    NotAnswering {
        /// What the question was about.
        about: Vec<String>,
    },
    /// The helper process could not be started, ended without an answer, or answered nonsense.
    #[error("the helper process failed")]
    Failed {
        /// How.
        #[source]
        source: io::Error,
    },
    /// It answered with an error, in the form that the topic defines.
    #[error("the question was answered with an error")]
    Refused(Value),
}

impl HelperError {
    /// The code that programs see; see the command line's documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnswering { .. } => "backend_unavailable",
            Self::Failed { .. } | Self::Refused(_) => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnswering { .. } => Some(Cause::Silent.mend("")),
            Self::Failed { .. } | Self::Refused(_) => Some(HELPER_MEND.to_owned()),
        }
    }

    pub(super) fn failed(what: &'static str) -> Self {
        Self::Failed { source: io::Error::other(what) }
    }

    pub(super) fn nonsense(error: serde_json::Error) -> Self {
        Self::Failed { source: io::Error::new(io::ErrorKind::InvalidData, error) }
    }

    /// The whole story in one line, for an error that crosses to where its source cannot follow.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Failed { source } => format!("the helper process failed: {source}"),
            Self::Refused(value) => format!("the helper process answered {value}"),
            Self::NotAnswering { .. } => self.to_string(),
        }
    }
}

fn about_words(about: &[String]) -> String {
    if about.is_empty() { "the helper process".to_owned() } else { about.join(", ") }
}
