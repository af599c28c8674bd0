//! How storages are told of.

use crate::output::printable;
use samepath_app::view::{LabStorageView, StorageView};

/// What to do about a storage of the lab that is not here, as the lab tells it: "Connect it first: smb://vast01/talmo. Your lab says:
/// with the VPN".
pub(super) fn how_to_connect(storage: &LabStorageView) -> String {
    let address = storage.connect.as_ref().or(storage.mount.as_ref());
    let at = address.map(|address| format!(": {}", printable(address))).unwrap_or_default();
    match (&storage.help, at.is_empty()) {
        (None, true) => "Connect it first, or ask your lab how to".to_owned(),
        (None, false) => format!("Connect it first{at}"),
        (Some(help), _) => {
            format!("Connect it first{at}. Your lab says: {}", printable(help.trim().trim_end_matches('.')))
        }
    }
}

/// "vast · nfs · 4 workers have it, from vast01:/talmo"
pub(super) fn of_workers(storage: &LabStorageView) -> String {
    let kind = storage.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let from = storage.shares.first().map(|share| format!(", from {share}")).unwrap_or_default();
    let who = match storage.workers.as_slice() {
        [] => "your lab names it".to_owned(),
        workers => workers.join(", "),
    };
    format!("{}{kind}: {who}{from}", storage.name)
}

/// How a storage is, in a few words.
pub(super) fn state_words(view: &StorageView) -> String {
    match (&view.error, &view.health) {
        (Some(error), _) => format!("✕ {}", error.message),
        (None, Some(health)) => health.words.clone(),
        (None, None) => "not checked yet".to_owned(),
    }
}
