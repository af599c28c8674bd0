use samepath_storage::Cause as Kind;
use samepath_wire::{Cause, Failure};
use std::io;
use std::path::Path;

/// A worker that cannot write into its own folder serves no job until somebody has done something about it; another may.
pub(crate) fn unwritable(worker: &str, folder: &Path, error: &io::Error) -> Failure {
    let kind = Kind::of_writing(error);
    let what = if kind.is_room() { kind.words().to_owned() } else { error.to_string() };
    let folder = folder.display();
    let message =
        format!("{worker} cannot write to its own folder {folder}: {what}; {}", kind.mend(&folder.to_string()));
    Failure { cause: Cause::Other, message, exit_code: None, last_line: None }
}
