//! Links inside the folders of a job that is confined to places: a tool follows them by itself.

use super::Request;
use super::failure::{failure, unresolved};
use samepath_storage::{Purpose, ResolveError};
use samepath_wire::{Cause, Failure, StoragePath};
use std::io;
use std::path::Path;

/// No more entries of one folder are looked at.
const MOST: usize = 200_000;
/// Folders within folders.
const DEEPEST: usize = 40;

/// Refuses a folder with a link in it that leads to no place where the job may do this. A folder that is not there has none.
pub(super) fn refuse_leading_out(
    request: &Request<'_>,
    parameter: &str,
    at: &StoragePath,
    local: &Path,
    purpose: Purpose,
) -> Result<(), Failure> {
    if !request.storages.are_confined() {
        return Ok(());
    }
    Walk { request, parameter, top: at, purpose, left: MOST }.folder(local, "", 0)
}

struct Walk<'a> {
    request: &'a Request<'a>,
    parameter: &'a str,
    top: &'a StoragePath,
    purpose: Purpose,
    left: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), Failure> {
        let entries = match fs_err::read_dir(folder) {
            // No folder, or none any more.
            Err(error) if is_none(&error) => return Ok(()),
            entries => entries.map_err(|error| self.unseen(below, &error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| self.unseen(below, &error))?;
            if self.left == 0 || depth > DEEPEST {
                let (parameter, top) = (self.parameter, self.top);
                let message = format!(
                    "{parameter} ({top}) has more files than can be looked through for links that lead to places which jobs of {} \
                     may not use; choose a smaller folder",
                    self.request.job.submitted_by
                );
                return Err(failure(Cause::InvalidParameter, message));
            }
            self.left -= 1;
            let kind = match entry.file_type() {
                Err(error) if is_none(&error) => continue,
                kind => kind.map_err(|error| self.unseen(below, &error))?,
            };
            // What is no text has no storage path: it cannot be told where it leads, and not said either.
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                if kind.is_symlink() || kind.is_dir() {
                    let what = if kind.is_dir() { "folder" } else { "link" };
                    let message = format!("{} ({}) has a {what} with a name that is no text", self.parameter, self.top);
                    return Err(failure(Cause::InvalidParameter, message));
                }
                continue;
            };
            let relative = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            if kind.is_symlink() {
                self.link(&relative)?;
            } else if kind.is_dir() {
                self.folder(&entry.path(), &relative, depth + 1)?;
            }
        }
        Ok(())
    }

    /// A folder that cannot be looked through may have any link in it. Another worker may see it.
    fn unseen(&self, below: &str, error: &io::Error) -> Failure {
        let (parameter, worker) = (self.parameter, self.request.worker);
        let at = if below.is_empty() { self.top.clone() } else { self.top.child(below) };
        let message = format!(
            "{parameter} ({at}) cannot be looked through on {worker} for links that lead to places which jobs of {} may not use: {error}",
            self.request.job.submitted_by
        );
        failure(Cause::PathError, message)
    }

    fn link(&self, relative: &str) -> Result<(), Failure> {
        let at = self.top.child(relative);
        match self.request.storages.resolve(&at, self.purpose) {
            Err(error @ (ResolveError::OutOfPlace { .. } | ResolveError::Escapes { .. })) => {
                Err(unresolved(self.request.worker, self.parameter, &at, &error))
            }
            // Nothing is there, and nothing is made there.
            Err(_) if self.purpose == Purpose::Input => Ok(()),
            Err(error) => Err(unresolved(self.request.worker, self.parameter, &at, &error)),
            Ok(_) => Ok(()),
        }
    }
}

fn is_none(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
