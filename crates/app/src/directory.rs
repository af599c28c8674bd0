//! What the lab's administrator tells members of each storage.

use samepath_fleet::lab::StorageWords;
use samepath_fleet::{Live, Update};
use samepath_storage::{Platform, address_of_share};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// As it is now; what was known stays while the lab is away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory(Arc<Mutex<BTreeMap<String, StorageWords>>>);

impl Directory {
    /// Ends when the fleet does.
    pub(crate) async fn follow(self, mut told: Live<StorageWords>) {
        while let Some(update) = told.next().await {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match update {
                Update::Put(name, words) => drop(known.insert(name, words)),
                Update::Gone(name) => drop(known.remove(&name)),
                Update::Reset => known.clear(),
                Update::Current => {}
            }
        }
    }

    pub(crate) fn known(&self) -> BTreeMap<String, StorageWords> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What computers of this sort connect to, as the administrator wrote it.
pub(crate) fn of_platform(words: &StorageWords, platform: Platform) -> Option<&str> {
    match platform {
        Platform::MacOs => words.mac.as_deref(),
        Platform::Linux => words.linux.as_deref(),
        Platform::Windows => words.windows.as_deref(),
    }
}

/// The same where the desktop can open it by itself. What is no address of a share is for the person to read, and is opened by nobody.
pub(crate) fn address(words: &StorageWords, platform: Platform) -> Option<String> {
    address_of_share(of_platform(words, platform)?, platform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lab_says_is_opened_only_where_it_is_a_share() {
        let words = StorageWords {
            mac: Some("smb://vast01/talmo".to_owned()),
            linux: Some("vast01:/talmo".to_owned()),
            windows: Some("file:///etc/passwd".to_owned()),
            ..StorageWords::default()
        };
        assert_eq!(address(&words, Platform::MacOs).as_deref(), Some("smb://vast01/talmo"));
        assert_eq!(address(&words, Platform::Linux), None);
        assert_eq!(of_platform(&words, Platform::Linux), Some("vast01:/talmo"));
        assert_eq!(address(&words, Platform::Windows), None);
        assert_eq!(address(&StorageWords::default(), Platform::MacOs), None);
    }
}
