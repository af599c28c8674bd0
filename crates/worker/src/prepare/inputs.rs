//! Inputs: where they are here, and whether they are what was submitted.

use super::Request;
use super::failure::{failure, unresolved};
use jiff::Timestamp;
use samepath_storage::{Match, Purpose, ResolveError};
use samepath_wire::{Cause, Failure, InputSeen, Parameter, StoragePath};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at an input that differs.
const PAUSE: Duration = Duration::from_secs(1);

/// Finds an input, and waits for one that a lagging share does not show yet as the submitter saw it.
pub(super) fn find(
    request: &Request<'_>,
    parameter: &Parameter,
    at: &StoragePath,
    remarks: &mut Vec<String>,
) -> Result<PathBuf, Failure> {
    let seen = (!parameter.is_directory()).then(|| request.job.inputs.get(&parameter.name)).flatten();
    let mut waited = Duration::ZERO;
    loop {
        let problem = match look(request, parameter, at, seen, remarks) {
            Ok(path) => return Ok(path),
            Err(Problem::Final(failure)) => return Err(failure),
            Err(Problem::Lagging(failure)) => failure,
        };
        if waited >= request.patience || !request.clock.wait(PAUSE) {
            return Err(problem);
        }
        waited += PAUSE;
        if let Ok(path) = request.storages.join(at) {
            read_folder(&path);
        }
    }
}

enum Problem {
    Final(Failure),
    /// May be over when the share has caught up.
    Lagging(Failure),
}

fn look(
    request: &Request<'_>,
    parameter: &Parameter,
    at: &StoragePath,
    seen: Option<&InputSeen>,
    remarks: &mut Vec<String>,
) -> Result<PathBuf, Problem> {
    let name = &parameter.name;
    let resolved = request.storages.resolve(at, Purpose::Input).map_err(|error| {
        let failure = unresolved(request.worker, name, at, &error);
        // The submitter saw it, so it is somewhere between there and here.
        if seen.is_some() && matches!(error, ResolveError::NotFound { .. }) {
            Problem::Lagging(Failure { cause: Cause::InputChanged, ..failure })
        } else {
            Problem::Final(failure)
        }
    })?;
    let path = resolved.path;
    let metadata = fs_err::metadata(&path)
        .map_err(|error| Problem::Lagging(failure(Cause::PathError, format!("{name} ({at}): {error}"))))?;
    match parameter.object_type.as_deref() {
        Some("FILE") if !metadata.is_file() => {
            let what = if metadata.is_dir() { "is a folder, not a file" } else { "is not an ordinary file" };
            return Err(Problem::Final(failure(Cause::PathError, format!("{name} ({at}) {what}"))));
        }
        Some("DIRECTORY") if !metadata.is_dir() => {
            return Err(Problem::Final(failure(Cause::PathError, format!("{name} ({at}) is a file, not a folder"))));
        }
        _ => {}
    }
    if let Some(seen) = seen.filter(|_| metadata.is_file()) {
        let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        if let Some(difference) = difference(seen, metadata.len(), modified) {
            let message = format!("{name} ({at}) differs from what you submitted: {difference}");
            return Err(Problem::Lagging(failure(Cause::InputChanged, message)));
        }
    }
    match resolved.matched {
        Match::Exact => {}
        Match::Normalization => {
            remarks.push(format!("{name}: {at} is written with other Unicode characters here ({})", path.display()));
        }
        Match::Case => {
            remarks.push(format!("{name}: {at} is written with other capital letters here ({})", path.display()));
        }
    }
    Ok(path)
}

/// In words; none where size, and time to the second, are the same.
fn difference(seen: &InputSeen, size: u64, modified: Option<Timestamp>) -> Option<String> {
    if seen.size != size {
        return Some(format!("it had {} bytes and has {size}", seen.size));
    }
    let modified = modified?;
    (seen.modified.as_second() != modified.as_second()).then(|| {
        let shown = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M:%S").to_string();
        format!("it was changed at {} UTC and is now of {} UTC", shown(seen.modified), shown(modified))
    })
}

/// Has a network file system ask its server again: listing the folder drops what it remembers of the files in it.
fn read_folder(path: &Path) {
    if let Some(entries) = path.parent().and_then(|parent| fs_err::read_dir(parent).ok()) {
        entries.take(10_000).for_each(drop);
    }
}
