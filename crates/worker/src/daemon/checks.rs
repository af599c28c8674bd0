//! "Do you see these?": asked of a worker, answered by its helper process.

use jiff::Timestamp;
use samepath_storage::helper::{DEADLINE, Helper, HelperError, reply};
use samepath_storage::{Backend, Platform, Purpose, ResolveError, Storages};
use samepath_wire::{Cause, CheckPaths, Checked, Failure, PathSeen, Seen, StoragePath};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const TOPIC: &str = "see";

#[derive(Serialize, Deserialize)]
struct Question {
    backends: Vec<Backend>,
    platform: Platform,
    paths: Vec<StoragePath>,
}

/// Looks for paths: one helper per storage, so that a dead one answers for itself alone.
pub(super) async fn check(helper: Helper, backends: Vec<Backend>, asked: CheckPaths) -> Checked {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, at) in asked.paths.iter().enumerate() {
        groups.entry(at.storage_backend.clone()).or_default().push(index);
    }
    let looks = groups.into_iter().map(|(name, indices)| {
        let paths: Vec<StoragePath> = indices.iter().map(|index| asked.paths[*index].clone()).collect();
        let (helper, backends) = (helper.clone(), backends.clone());
        let look = tokio::task::spawn_blocking(move || look(&helper, &name, backends, paths));
        async move { (indices, look.await) }
    });
    let mut seen: Vec<Option<PathSeen>> = vec![None; asked.paths.len()];
    for (indices, found) in futures::future::join_all(looks).await {
        for (index, found) in indices.into_iter().zip(found.unwrap_or_default()) {
            seen[index] = Some(found);
        }
    }
    let missing = || no(Cause::Internal, "it was not looked for".to_owned());
    Checked { paths: seen.into_iter().map(|found| found.unwrap_or_else(missing)).collect() }
}

fn look(helper: &Helper, name: &str, backends: Vec<Backend>, paths: Vec<StoragePath>) -> Vec<PathSeen> {
    let count = paths.len();
    let question = Question { backends, platform: Platform::current(), paths };
    match helper.ask::<Vec<PathSeen>>(TOPIC, &[name.to_owned()], &question, DEADLINE) {
        Ok(seen) => seen,
        Err(error) => {
            let found = match error {
                HelperError::NotAnswering { .. } => no(Cause::BackendNotAvailable, format!("{name} does not answer")),
                error => no(Cause::Internal, error.to_string()),
            };
            vec![found; count]
        }
    }
}

/// The helper's side; `None` for other topics. Touches the storage.
pub(crate) fn answer(topic: &str, question: &Value) -> Option<Value> {
    if topic != TOPIC {
        return None;
    }
    let seen = Question::deserialize(question).map_err(|error| error.to_string()).map(|question| {
        let storages = Storages::new(question.backends, question.platform);
        question.paths.iter().map(|at| see(&storages, at)).collect::<Vec<_>>()
    });
    Some(reply(&seen))
}

fn see(storages: &Storages, at: &StoragePath) -> PathSeen {
    let resolved = match storages.resolve(at, Purpose::Input) {
        Ok(resolved) => resolved,
        Err(error) => {
            let cause = match error {
                ResolveError::BackendNotFound { .. } | ResolveError::BackendUnavailable { .. } => {
                    Cause::BackendNotAvailable
                }
                _ => Cause::PathError,
            };
            return no(cause, error.to_string());
        }
    };
    match fs_err::metadata(&resolved.path) {
        Ok(metadata) => PathSeen::Yes(Seen {
            local: resolved.path.to_string_lossy().into_owned(),
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            modified: metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()),
        }),
        Err(error) => no(Cause::PathError, error.to_string()),
    }
}

fn no(cause: Cause, message: String) -> PathSeen {
    PathSeen::No { failure: Failure { cause, message, exit_code: None, last_line: None } }
}
