//! Files of this computer copied onto a storage, where workers see them.

use crate::paths::path_view;
use crate::size::bytes;
use crate::storages::LocalStorages;
use crate::view::{CopiedView, CopyView};
use crate::{Error, ErrorCode, size};
use samepath_storage::helper::Stop;
use samepath_storage::{CopyError, CopyFailure, CopyStep, Purpose};

impl LocalStorages {
    /// Copies files of this computer into a folder of a storage, one after the other, and blocks until then. The folder is made if
    /// it is not there; nothing there is replaced. `tell` hears how far it is.
    ///
    /// # Errors
    /// As [`LocalStorages::address`] for the folder; `io` for what cannot be read or written, and once `stop` is wished. What was
    /// copied before stays.
    pub fn copy(
        &self,
        files: &[String],
        folder: &str,
        stop: &Stop,
        mut tell: impl FnMut(CopyView),
    ) -> Result<Vec<CopiedView>, Error> {
        let folder = self.address(folder, Purpose::Output)?;
        let mut copied = Vec::with_capacity(files.len());
        for (number, file) in files.iter().enumerate() {
            let from = self.absolute(file)?;
            let name = from.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
                Error::new(ErrorCode::PathRefused, format!("{file} has no name that other computers could read."))
            })?;
            let to = folder.child(name);
            let mut watch = |progress: samepath_storage::CopyProgress| {
                tell(CopyView {
                    file: u32::try_from(number).unwrap_or(u32::MAX),
                    step: match progress.step {
                        CopyStep::Comparing => "comparing",
                        CopyStep::Copying => "copying",
                        CopyStep::Checking => "checking",
                    }
                    .to_owned(),
                    bytes: bytes(progress.bytes),
                    total: bytes(progress.total),
                });
            };
            let done = self.helper().copy(&self.storages(), &from, &to, stop, &mut watch);
            let done = done.map_err(|error| told(name, &error))?;
            copied.push(CopiedView { from: file.clone(), place: path_view(&done.at), already: done.already });
        }
        Ok(copied)
    }
}

/// A size as people read it.
fn told(name: &str, error: &CopyError) -> Error {
    let told = Error::from(error.clone());
    match &error.failure {
        CopyFailure::NoRoom { folder, needed, free } => Error {
            message: format!(
                "{} has {} free; {name} needs {}.",
                folder.storage_backend,
                size(bytes(*free)),
                size(bytes(*needed))
            ),
            ..told
        },
        _ => told,
    }
}
