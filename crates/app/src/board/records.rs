//! The records of one sort, as a stream tells them.

use samepath_fleet::Update;
use std::collections::BTreeMap;

/// Records by key. While a stream tells what is there, the old ones stay in use.
#[derive(Debug)]
pub(super) struct Records<T> {
    pub(super) known: BTreeMap<String, T>,
    coming: Option<BTreeMap<String, T>>,
}

/// What is different now.
pub(super) enum Taken<T> {
    /// Nothing yet.
    Nothing,
    /// One record, which was this before.
    One { key: String, before: Option<T> },
    /// Maybe everything: all that is there has been told. What there was before.
    All(BTreeMap<String, T>),
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), coming: Some(BTreeMap::new()) }
    }
}

impl<T> Records<T> {
    pub(super) fn take(&mut self, update: Update<T>) -> Taken<T> {
        match (update, &mut self.coming) {
            (Update::Reset, coming) => *coming = Some(BTreeMap::new()),
            (Update::Put(key, record), Some(coming)) => drop(coming.insert(key, record)),
            (Update::Gone(key), Some(coming)) => drop(coming.remove(&key)),
            (Update::Current, coming) => {
                let before = coming.take().map(|coming| std::mem::replace(&mut self.known, coming));
                return Taken::All(before.unwrap_or_default());
            }
            (Update::Put(key, record), None) => {
                let before = self.known.insert(key.clone(), record);
                return Taken::One { key, before };
            }
            (Update::Gone(key), None) => {
                if let Some(before) = self.known.remove(&key) {
                    return Taken::One { key, before: Some(before) };
                }
            }
        }
        Taken::Nothing
    }
}
