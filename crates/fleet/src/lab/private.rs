//! Files that only their owner can read.

use super::{LabError, error::io_error};
use std::{
    fs::{self, File},
    io::{Seek, Write},
    path::{Path, PathBuf},
};

/// Bytes that are on the disk before it is begun: more than a key needs.
const ROOM: usize = 4096;

/// A file that is there, whole, once it is finished. One that is dropped before leaves what was there.
#[derive(Debug)]
pub(super) struct Half {
    file: File,
    half: PathBuf,
    path: PathBuf,
}

impl Half {
    /// Begins: makes the folder, and has the room that is needed.
    pub(super) fn begin(path: &Path) -> Result<Self, LabError> {
        let mut half = path.as_os_str().to_owned();
        half.push(".new");
        let half = PathBuf::from(half);
        let begun = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            // One that was left would keep its rights.
            match fs::remove_file(&half) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&half)
        };
        let file = begun().map_err(io_error(path))?;
        let mut begun = Self { file, half, path: path.to_owned() };
        begun.file.write_all(&[b' '; ROOM]).and_then(|()| begun.file.sync_all()).map_err(io_error(path))?;
        Ok(begun)
    }

    pub(super) fn finish(mut self, bytes: &[u8]) -> Result<(), LabError> {
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(bytes))
            .and_then(|()| self.file.set_len(bytes.len() as u64))
            .and_then(|()| self.file.sync_all());
        written.and_then(|()| fs::rename(&self.half, &self.path)).map_err(io_error(&self.path))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // It is not there once it is finished.
        drop(fs::remove_file(&self.half));
    }
}
