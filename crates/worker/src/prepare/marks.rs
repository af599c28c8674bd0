//! Whether the storages here are still the ones that the job means.

use super::Request;
use super::failure::failure;
use crate::kinds::storages_needed;
use samepath_fleet::matching::Sameness;
use samepath_wire::{Cause, Failure};

/// Compares the marks that the storages carry now with those that the job means: one may have been mounted in another's place
/// since this worker last looked.
pub(super) fn compare(request: &Request<'_>) -> Result<(), Failure> {
    let needed = storages_needed(request.template.kind(), request.job)
        .map_err(|problems| failure(Cause::InvalidParameter, problems.to_string()))?;
    for (name, need) in needed {
        // One that is not here is told where its path is resolved.
        let Ok(backend) = request.storages.get(&name) else { continue };
        let Some(meant) = need.id else { continue };
        let found = backend.mark_now();
        if Sameness::of_marks(Some(&meant), found.as_deref()) == Sameness::Other {
            let found = found.unwrap_or_default();
            let message = format!(
                "this worker's {name} is a different storage now: at {} there is one with the mark {found}, and the job means {meant}",
                backend.base_path.display()
            );
            return Err(failure(Cause::BackendNotAvailable, message));
        }
    }
    Ok(())
}
