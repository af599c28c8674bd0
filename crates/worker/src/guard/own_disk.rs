use samepath_storage::Cause as Kind;
use samepath_wire::{Cause, Failure};
use std::io;
use std::path::Path;

/// Why something of our own cannot be written, in words.
pub(crate) fn why(error: &io::Error) -> String {
    let kind = Kind::of_writing(error);
    if kind.is_room() { kind.words().to_owned() } else { error.to_string() }
}

/// A worker that cannot write into its own folder serves no job until somebody has done something about it; another may.
pub(crate) fn unwritable(worker: &str, folder: &Path, error: &io::Error) -> Failure {
    let (what, mend) = (why(error), Kind::of_writing(error).mend(&folder.display().to_string()));
    let message = format!("{worker} cannot write to its own folder {}: {what}; {mend}", folder.display());
    Failure { cause: Cause::Other, message, exit_code: None, last_line: None }
}
