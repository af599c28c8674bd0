//! A storage as people see it.

use super::concerns::lasting;
use super::number;
use crate::Error;
use crate::view::{HealthView, StorageFields, StorageView};
use samepath_storage::{BackendFields, Entry, Storages};

impl From<StorageFields> for BackendFields {
    fn from(fields: StorageFields) -> Self {
        Self {
            base_path: fields.base_path,
            kind: fields.kind,
            description: fields.description,
            user_subdir: fields.user_subdir,
            subpath: fields.subpath,
        }
    }
}

/// The person's own folder of a storage, as a storage path.
fn own_place(name: &str, subpath: &str, user_subdir: &str) -> String {
    let parts: Vec<&str> = [subpath, user_subdir].into_iter().filter(|it| !it.is_empty()).collect();
    format!("{name}:{}", parts.join("/"))
}

pub(super) fn storage_view(entry: &Entry, storages: &Storages, health: Option<&HealthView>) -> StorageView {
    let source = entry.source.to_string();
    match &entry.backend {
        Ok(backend) => StorageView {
            name: backend.name.clone(),
            base_path: Some(backend.base_path.display().to_string()),
            kind: backend.kind.clone(),
            description: backend.description.clone(),
            user_subdir: backend.user_subdir.clone(),
            subpath: backend.subpath.clone(),
            own_place: own_place(&backend.name, &backend.subpath, &backend.user_subdir),
            source,
            error: None,
            error_line: None,
            warnings: lasting(storages, backend),
            mark: None,
            connect: None,
            moved: None,
            refuted: None,
            shared: None,
            health: health.cloned(),
        },
        Err(error) => StorageView {
            name: entry.name.clone(),
            base_path: None,
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
            own_place: own_place(&entry.name, "", ""),
            source,
            error_line: error.line().or(entry.source.line).map(number),
            error: Some(Error::from(error.clone()).view()),
            warnings: Vec::new(),
            mark: None,
            connect: None,
            moved: None,
            refuted: None,
            shared: None,
            health: None,
        },
    }
}
