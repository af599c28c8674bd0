//! The proof that two computers read the same file: a hash that only who reads it, and knows a key made a moment ago, can tell.

use crate::cause::Cause;
use crate::{ResolveError, Storages};
use samepath_wire::StoragePath;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use uuid::Uuid;

/// Bytes at the beginning, and at the end, of a file that go into its proof.
const PART: u64 = 64 * 1024;

/// What a proof is asked with: 32 bytes that nobody knew before, so that no answer can have been made before. Written as 64
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProofKey([u8; 32]);

impl ProofKey {
    /// One that was never used before.
    pub fn fresh() -> Self {
        let mut key = [0; 32];
        key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self(key)
    }

    /// The key written so.
    pub fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|key| Self(key.into()))
    }
}

impl fmt::Display for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey")
    }
}

impl Storages {
    /// The proof that this computer reads the file: the keyed BLAKE3 hash, in hexadecimal digits, of its size as 8 bytes, the
    /// lowest first, its first 64 KiB, and the last 64 KiB of what follows them. `None` if it is empty, which anybody could tell,
    /// or changes while it is read.
    ///
    /// Touches the storage and may hang with it.
    ///
    /// # Errors
    /// As [`Storages::open`].
    pub fn prove(&self, at: &StoragePath, key: &ProofKey) -> Result<Option<String>, ResolveError> {
        let (file, resolved) = self.open(at)?;
        match hash(file, key) {
            Ok(hash) => Ok(hash),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(ResolveError::Denied {
                backend: at.storage_backend.clone(),
                component: at.below_root(),
                path: resolved.path,
            }),
            Err(error) => Err(ResolveError::Io {
                backend: at.storage_backend.clone(),
                component: at.below_root(),
                cause: Cause::of(&error),
                detail: error.to_string(),
            }),
        }
    }
}

fn hash(mut file: File, key: &ProofKey) -> io::Result<Option<String>> {
    let before = file.metadata()?;
    let size = before.len();
    if size == 0 {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(&size.to_le_bytes());
    let head = size.min(PART);
    let tail = (size - head).min(PART);
    for (start, length) in [(0, head), (size - tail, tail)] {
        file.seek(SeekFrom::Start(start))?;
        let mut part = Vec::new();
        Read::by_ref(&mut file).take(length).read_to_end(&mut part)?;
        if part.len() as u64 != length {
            return Ok(None);
        }
        hasher.update(&part);
    }
    let after = file.metadata()?;
    let unchanged = after.len() == size && after.modified().ok() == before.modified().ok();
    Ok(unchanged.then(|| hasher.finalize().to_hex().to_string()))
}
