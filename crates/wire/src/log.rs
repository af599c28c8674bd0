use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of what a job printed. Plain text, never markup; at most 16 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Counts from 0 within one attempt, without gaps.
    pub seq: u64,
    /// When the guard read it.
    pub at: Timestamp,
    /// Where it came from.
    pub stream: Stream,
    /// Without its line end.
    pub text: String,
    /// Whether the next line goes on where this one was cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Where a log line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// The tool's standard output.
    Out,
    /// The tool's standard error.
    Err,
    /// Samepath itself.
    Samepath,
}
