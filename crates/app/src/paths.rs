//! Storage paths as people see them.

use crate::view::PathView;
use samepath_wire::StoragePath;

/// The three fields, and the form that people read and paste.
pub(crate) fn path_view(at: &StoragePath) -> PathView {
    PathView {
        storage_backend: at.storage_backend.clone(),
        user_subdir: at.user_subdir.clone(),
        path: at.path.clone(),
        text: at.to_string(),
    }
}
