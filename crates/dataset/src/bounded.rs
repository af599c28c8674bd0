use hdf5_reader::error::{Error, Result};
use hdf5_reader::{BlockCacheStorage, FileStorage, Storage, StorageBuffer};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes that one read may ask for.
pub(crate) const MAX_READ: usize = 64 << 20;
/// Most bytes that one project may ask for in all. Every read counts as `READ_COST` more, so that a file that leads its
/// reader in circles comes to an end.
const MAX_TOTAL: u64 = 512 << 20;
const READ_COST: u64 = 256;
const BLOCK: usize = 32 << 10;
const BLOCKS: usize = 256;

/// The bytes of a file, read where they are wanted, within limits.
///
/// Never a memory map: a file that is truncated on a network share while it is mapped ends the process.
pub(crate) struct BoundedFile {
    blocks: BlockCacheStorage,
    spent: AtomicU64,
}

impl BoundedFile {
    pub(crate) fn new(file: File) -> Result<Self> {
        let file = Arc::new(FileStorage::from_file(file)?);
        Ok(Self { blocks: BlockCacheStorage::new(file, BLOCK, BLOCKS), spent: AtomicU64::new(0) })
    }
}

impl Storage for BoundedFile {
    fn len(&self) -> u64 {
        self.blocks.len()
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer> {
        if len > MAX_READ {
            return Err(Error::ResourceLimit(format!("one part of it claims {len} bytes")));
        }
        let cost = len as u64 + READ_COST;
        let before = self.spent.fetch_add(cost, Ordering::Relaxed);
        if before.saturating_add(cost) > MAX_TOTAL {
            return Err(Error::ResourceLimit("its list of videos takes too much reading".into()));
        }
        self.blocks.read_range(offset, len)
    }
}
