//! Output folders: made, tried, and taken.

use super::Request;
use super::failure::{failure, unresolved, unusable};
use super::taken::{self, Mark, Refused};
use jiff::Timestamp;
use samepath_storage::Purpose;
use samepath_wire::{Cause, Failure, Parameter, StoragePath};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at the mark of an attempt that may still write.
const LOOK: Duration = Duration::from_secs(5);

/// A folder that an attempt writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFolder {
    /// The parameter that names it.
    pub parameter: String,
    /// Its storage path, `attempt-N` included.
    pub at: StoragePath,
    /// The same place on this computer.
    pub local: PathBuf,
    /// The one file in it that the parameter names, where it names a file.
    #[serde(default)]
    pub file: Option<String>,
    /// When it was tried, by the clock of the storage: what counts when files are compared with the attempt's start.
    #[serde(default)]
    pub began: Option<Timestamp>,
}

/// An output that is where it should be, but neither made nor tried.
pub(super) struct Planned {
    /// What the tool is given.
    pub(super) path: PathBuf,
    /// The folder that must be there.
    pub(super) folder: OutputFolder,
}

/// Where an output goes. For a file the folder is the one that it will lie in.
pub(super) fn plan(request: &Request<'_>, parameter: &Parameter, at: &StoragePath) -> Result<Planned, Failure> {
    let name = &parameter.name;
    // What is read as well has to stay where it is.
    let own = request.own_output && parameter.data_flow.as_deref() == Some("OUT");
    let is_file = parameter.object_type.as_deref() == Some("FILE");
    let (mut folder, file) = if is_file { split_file(name, at)? } else { (at.clone(), None) };
    if own {
        push(&mut folder.path, &format!("attempt-{}", request.attempt));
    }
    let resolve = |at: &StoragePath| {
        let resolved =
            request.storages.resolve(at, Purpose::Output).map_err(|error| unresolved(request.worker, name, at, &error));
        resolved.map(|resolved| resolved.path)
    };
    let local = resolve(&folder)?;
    let path = match &file {
        None => local.clone(),
        Some(file) => {
            let mut at = folder.clone();
            push(&mut at.path, file);
            let path = resolve(&at)?;
            if path.is_dir() {
                return Err(failure(Cause::PathError, format!("{name} ({at}) is a folder, not a file")));
            }
            path
        }
    };
    if local.exists() && !local.is_dir() {
        return Err(failure(Cause::PathError, format!("{name} ({folder}) is a file, not a folder")));
    }
    // In another spelling, where there is one already.
    let file = file.and_then(|_| path.file_name()?.to_str().map(str::to_owned));
    Ok(Planned { path, folder: OutputFolder { parameter: name.clone(), at: folder, local, file, began: None } })
}

fn split_file(name: &str, at: &StoragePath) -> Result<(StoragePath, Option<String>), Failure> {
    let (folder, file) = at.split();
    if file.is_empty() {
        return Err(failure(Cause::PathError, format!("{name} ({at}) names a folder; it must name a file")));
    }
    Ok((folder, Some(file.to_owned())))
}

fn push(path: &mut String, component: &str) {
    if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(component);
}

/// Makes the folder, tries it, and takes it for this attempt.
pub(super) fn take(request: &Request<'_>, folder: &mut OutputFolder, taken: &mut super::Taken) -> Result<(), Failure> {
    let OutputFolder { parameter, at, local, .. } = &*folder;
    make(local).map_err(|error| unusable(request.worker, parameter, at, "make the folder", &error))?;
    let again = request
        .storages
        .resolve(at, Purpose::Output)
        .map_err(|error| unresolved(request.worker, parameter, at, &error))?;
    if again.path != *local {
        let message = format!("{parameter} ({at}) became another folder while it was looked at");
        return Err(failure(Cause::PathError, message));
    }
    let unwritable = |error: io::Error| unusable(request.worker, parameter, at, "write to the folder", &error);
    let mark = Mark { job: request.job.id, attempt: request.attempt, worker: request.worker.to_owned() };
    if request.own_output && is_shared(request, parameter) {
        wait_for_earlier(request, folder, &mark, unwritable)?;
    }
    let now = taken::try_folder(local).map_err(unwritable)?;
    let base = request.storages.get(&at.storage_backend).map(|backend| backend.base_path.clone()).unwrap_or_default();
    let base = base.canonicalize().unwrap_or(base);
    taken.take(local, base, &mark, now).map_err(|refused| match refused {
        Refused::InUse(other) => {
            let message =
                format!("{parameter} ({at}) is in use by {other}; choose another folder or wait until it ends");
            failure(Cause::OutputNotUsable, message)
        }
        Refused::Io(error) => unwritable(error),
    })?;
    folder.began = now;
    Ok(())
}

/// Whether every attempt uses the very same folder, because it is read as well.
fn is_shared(request: &Request<'_>, parameter: &str) -> bool {
    let mut parameters = request.template.kind().parameters.iter();
    parameters.any(|one| one.name == parameter && one.data_flow.as_deref() == Some("INOUT"))
}

/// An earlier attempt may still write to a folder that this one cannot do without: as long as its mark is renewed it does, and this
/// worker is none for the job. A mark that is not renewed is waited for until it belongs to nobody.
fn wait_for_earlier(
    request: &Request<'_>,
    folder: &OutputFolder,
    ours: &Mark,
    unwritable: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let OutputFolder { parameter, at, local, .. } = folder;
    let (mut first, mut waited) = (None, Duration::ZERO);
    loop {
        let now = taken::try_folder(local).map_err(&unwritable)?;
        let Some(earlier) = taken::earlier(local, ours, now).map_err(&unwritable)? else { return Ok(()) };
        let renewed = earlier.renewed;
        if *first.get_or_insert(renewed) != renewed || waited > taken::STALE_AFTER || !request.clock.wait(LOOK) {
            let message = format!(
                "{parameter} ({at}) may still be written to by try {} of this job on {}, and no other folder will do; \
                 end that one, or retry the job when it has ended",
                earlier.mark.attempt, earlier.mark.worker
            );
            // Of no worker, but of this moment: another may come later.
            return Err(failure(Cause::Other, message));
        }
        waited += LOOK;
    }
}

/// Makes the folder and those above it that are missing.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent)?;
    }
    match fs_err::create_dir(folder) {
        Ok(()) => {
            share_with_group(folder);
            Ok(())
        }
        // Another job made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The group of the folder above, and everything for it: what one member's job wrote, another's can use. A group that this
/// user is not in stays as it is; the folder can be used all the same.
#[cfg(unix)]
fn share_with_group(folder: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let Some(parent) = folder.parent().and_then(|parent| fs_err::metadata(parent).ok()) else { return };
    let Ok(own) = fs_err::metadata(folder) else { return };
    let inherited = own.gid() == parent.gid() || std::os::unix::fs::chown(folder, None, Some(parent.gid())).is_ok();
    let mode = if inherited { 0o2775 } else { 0o775 };
    if let Err(error) = fs_err::set_permissions(folder, PermissionsExt::from_mode(mode)) {
        tracing::debug!(%error, "cannot set the permissions of an output folder");
    }
}

#[cfg(not(unix))]
fn share_with_group(_folder: &Path) {}
