//! Files of this computer copied onto a storage.

use super::App;
use crate::view::{CopiedView, CopyView};
use crate::{Error, ErrorCode};
use samepath_storage::helper::Stop;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The copies that are under way, by the number that whoever asked gave.
#[derive(Debug, Default)]
pub(super) struct Copies(Mutex<HashMap<u32, Stop>>);

impl Copies {
    fn begin(&self, number: u32) -> Result<Copying<'_>, Error> {
        let stop = Stop::default();
        let mut copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if copies.contains_key(&number) {
            return Err(Error::new(ErrorCode::AlreadyExists, "A copy of this number is under way."));
        }
        copies.insert(number, stop.clone());
        Ok(Copying { copies: self, number, stop })
    }

    fn stop(&self, number: u32) {
        if let Some(stop) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
            stop.wish();
        }
    }

    pub(super) fn stop_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(Stop::wish);
    }
}

/// One that nobody waits for any more stops.
struct Copying<'a> {
    copies: &'a Copies,
    number: u32,
    stop: Stop,
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        self.stop.wish();
        self.copies.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl App {
    /// Copies files of this computer, one after the other, into a folder of a storage, which is made if it is not there. Nothing
    /// there is replaced: a copy gets a name that is free, and a file that is there already is taken as it is. `tell` hears how far
    /// it is; [`App::stop_copying`] with the same number ends it.
    ///
    /// # Errors
    /// As [`LocalStorages::address`](crate::LocalStorages::address) for the folder; `io` for what cannot be read or written, and
    /// where it was stopped. What was copied before stays.
    pub async fn copy(
        &self,
        number: u32,
        files: Vec<String>,
        folder: String,
        tell: impl FnMut(CopyView) + Send + 'static,
    ) -> Result<Vec<CopiedView>, Error> {
        let copying = self.inner.copies.begin(number)?;
        let stop = copying.stop.clone();
        self.blocking(move |storages| storages.copy(&files, &folder, &stop, tell)).await
    }

    /// Ends a copy; what is half copied is taken away.
    pub fn stop_copying(&self, number: u32) {
        self.inner.copies.stop(number);
    }
}
