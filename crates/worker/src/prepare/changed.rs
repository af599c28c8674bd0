//! Inputs that change while a job runs: the results may be of the old, of the new, or of both. Nothing is refused for it.

use samepath_wire::StoragePath;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Remarks made of one attempt.
const MOST: usize = 8;

/// An input file as it was just before the tool was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    parameter: String,
    at: StoragePath,
    local: PathBuf,
    was: (u64, SystemTime),
}

impl Watched {
    /// As it is now; none of what is no file.
    pub(super) fn new(parameter: &str, at: &StoragePath, local: &Path) -> Option<Self> {
        let was = look(local)?;
        Some(Self { parameter: parameter.to_owned(), at: at.clone(), local: local.to_owned(), was })
    }

    fn remark(&self) -> Option<String> {
        let Self { parameter, at, .. } = self;
        match look(&self.local) {
            Some(now) if now == self.was => None,
            None => Some(format!("{parameter} ({at}) was removed while it ran")),
            Some(_) => Some(format!("{parameter} ({at}) was changed while it ran")),
        }
    }
}

fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs_err::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// What is to be said of inputs that are not what they were. Touches the storage.
pub fn changed(inputs: &[Watched]) -> Vec<String> {
    inputs.iter().filter_map(Watched::remark).take(MOST).collect()
}
