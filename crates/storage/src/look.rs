use crate::cause::Cause;
use crate::{Match, Purpose, ResolveError, Storages};
use jiff::Timestamp;
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::PathBuf;

/// What is at a storage path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Where it is on this computer.
    pub path: PathBuf,
    /// How its names were found.
    pub matched: Match,
    /// Whether it is a folder.
    pub directory: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Modification time, where the file system keeps it.
    pub modified: Option<Timestamp>,
    /// What it says, where that was asked for.
    pub text: Option<String>,
}

impl Storages {
    /// Size and time of a file or folder, and a file's text where `read` says how many bytes it may have at most.
    ///
    /// Touches the storage and may hang with it.
    ///
    /// # Errors
    /// See [`ResolveError`]; [`ResolveError::Io`] for a text that is longer, or is not UTF-8.
    pub fn look(&self, at: &StoragePath, read: Option<u64>) -> Result<Looked, ResolveError> {
        let failed = |error: io::Error| ResolveError::Io {
            backend: at.storage_backend.clone(),
            component: at.below_root(),
            cause: Cause::of(&error),
            detail: error.to_string(),
        };
        let (resolved, metadata, text) = match read {
            None => {
                let resolved = self.resolve(at, Purpose::Input)?;
                let metadata = fs_err::metadata(&resolved.path).map_err(failed)?;
                (resolved, metadata, None)
            }
            Some(most) => {
                let (file, resolved) = self.open(at)?;
                let metadata = file.metadata().map_err(failed)?;
                let mut text = String::new();
                let length = file.take(most.saturating_add(1)).read_to_string(&mut text).map_err(failed)?;
                if u64::try_from(length).is_ok_and(|length| length > most) {
                    return Err(failed(io::Error::new(
                        io::ErrorKind::FileTooLarge,
                        format!("longer than {most} bytes"),
                    )));
                }
                (resolved, metadata, Some(text))
            }
        };
        Ok(Looked {
            path: resolved.path,
            matched: resolved.matched,
            directory: metadata.is_dir(),
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            modified: metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()),
            text,
        })
    }
}
