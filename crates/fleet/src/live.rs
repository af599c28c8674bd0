use std::marker::PhantomData;

/// One step of a [`Live`] view.
#[derive(Debug, Clone, PartialEq)]
pub enum Update<T> {
    /// New or changed; by its id.
    Put(String, T),
    /// No longer there.
    Gone(String),
    /// Everything that was there when the view was opened has been told; from here on, changes.
    Current,
    /// Forget everything: the view starts over, and another [`Update::Current`] will follow.
    Reset,
}

/// Records as they are, then as they change.
pub struct Live<T> {
    kind: PhantomData<T>,
}

impl<T: serde::de::DeserializeOwned> Live<T> {
    /// The next step; none once the fleet is closed. Waits while the link is down. Safe to cancel.
    pub async fn next(&mut self) -> Option<Update<T>> {
        let _ = &self.kind;
        todo!()
    }
}
