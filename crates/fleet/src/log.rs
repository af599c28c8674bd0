use samepath_wire::LogLine;

/// One step of a [`JobLog`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogItem {
    /// A line.
    Line(LogLine),
    /// The end of what is there now was reached.
    Current,
}

/// What one attempt prints: from where one asked, then live.
pub struct JobLog {}

impl JobLog {
    /// The next step; none once the fleet is closed. It does not end with the attempt. Safe to cancel.
    pub async fn next(&mut self) -> Option<LogItem> {
        todo!()
    }
}
