//! "Do you see these?": asked of a worker, answered by its helper process.

use jiff::Timestamp;
use samepath_fleet::bus::Caller;
use samepath_storage::helper::{DEADLINE, Helper, HelperError, reply};
use samepath_storage::{Backend, Platform, ProofKey, Purpose, ResolveError, Storages};
use samepath_wire::{Cause, CheckPaths, Checked, Failure, PathSeen, Places, ProofAsked, Seen, StoragePath};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const TOPIC: &str = "see";

#[derive(Serialize, Deserialize)]
struct Question {
    backends: Vec<Backend>,
    platform: Platform,
    paths: Vec<StoragePath>,
    /// Which of them is to be proved, and the key.
    proof: Option<ProofAsked>,
    /// What this worker is called, for whoever reads the answer elsewhere.
    called: String,
    /// Who asks, and where that one's jobs may read.
    member: String,
    places: Option<Places>,
}

/// Looks for paths where whoever asks may read: one helper per storage, so that a dead one answers for itself alone. Whoever names
/// storages that are not here has nobody look for them.
pub(super) async fn check(
    helper: Helper,
    called: String,
    backends: Vec<Backend>,
    from: Caller,
    asked: CheckPaths,
) -> Checked {
    let here = Storages::new(backends.clone(), Platform::current());
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut seen: Vec<Option<PathSeen>> = vec![None; asked.paths.len()];
    for (index, at) in asked.paths.iter().enumerate() {
        match here.get(&at.storage_backend) {
            Ok(_) => groups.entry(at.storage_backend.clone()).or_default().push(index),
            Err(error) => seen[index] = Some(refused(&error, &called)),
        }
    }
    let looks = groups.into_iter().map(|(name, indices)| {
        let paths: Vec<StoragePath> = indices.iter().map(|index| asked.paths[*index].clone()).collect();
        let proof = asked.proof.as_ref().and_then(|proof| {
            let path = indices.iter().position(|index| *index == proof.path)?;
            Some(ProofAsked { path, key: proof.key.clone() })
        });
        let question = Question {
            backends: backends.clone(),
            platform: Platform::current(),
            paths,
            proof,
            called: called.clone(),
            member: from.member.clone(),
            places: from.places.clone(),
        };
        let helper = helper.clone();
        let look = tokio::task::spawn_blocking(move || look(&helper, &name, &question));
        async move { (indices, look.await) }
    });
    for (indices, found) in futures::future::join_all(looks).await {
        for (index, found) in indices.into_iter().zip(found.unwrap_or_default()) {
            seen[index] = Some(found);
        }
    }
    let missing = || no(Cause::Internal, "it was not looked for".to_owned());
    Checked { paths: seen.into_iter().map(|found| found.unwrap_or_else(missing)).collect() }
}

fn look(helper: &Helper, name: &str, question: &Question) -> Vec<PathSeen> {
    match helper.ask::<Vec<PathSeen>>(TOPIC, &[name.to_owned()], question, DEADLINE) {
        Ok(seen) => seen,
        Err(error) => {
            let found = match error {
                HelperError::NotAnswering { .. } => no(Cause::BackendNotAvailable, format!("{name} does not answer")),
                error => no(Cause::Internal, error.to_string()),
            };
            vec![found; question.paths.len()]
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
        let storages = storages.confined(question.places.as_ref(), &question.member);
        let proof = question.proof.and_then(|proof| Some((proof.path, ProofKey::parse(&proof.key)?)));
        let key = |number| proof.as_ref().filter(|(path, _)| *path == number).map(|(_, key)| key);
        let look =
            |(number, at)| see(&storages, at, key(number)).unwrap_or_else(|error| refused(&error, &question.called));
        question.paths.iter().enumerate().map(look).collect::<Vec<_>>()
    });
    Some(reply(&seen))
}

fn see(storages: &Storages, at: &StoragePath, key: Option<&ProofKey>) -> Result<PathSeen, ResolveError> {
    let resolved = storages.resolve(at, Purpose::Input)?;
    let metadata = match fs_err::metadata(&resolved.path) {
        Ok(metadata) => metadata,
        Err(error) => return Ok(no(Cause::PathError, error.to_string())),
    };
    // A file that is there and may not be read is of no use here: whoever asks for a proof is told.
    let proof = key.filter(|_| metadata.is_file()).map(|key| storages.prove(at, key)).transpose()?.flatten();
    Ok(PathSeen::Yes(Seen {
        local: resolved.path.to_string_lossy().into_owned(),
        size: if metadata.is_dir() { 0 } else { metadata.len() },
        modified: metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()),
        proof,
    }))
}

fn refused(error: &ResolveError, called: &str) -> PathSeen {
    let cause = match error {
        ResolveError::BackendNotFound { .. } | ResolveError::BackendUnavailable { .. } => Cause::BackendNotAvailable,
        _ => Cause::PathError,
    };
    PathSeen::No { failure: failure(cause, error.told_of(called)), code: Some(error.code().to_owned()) }
}

fn no(cause: Cause, message: String) -> PathSeen {
    PathSeen::No { failure: failure(cause, message), code: None }
}

fn failure(cause: Cause, message: String) -> Failure {
    Failure { cause, message, exit_code: None, last_line: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_looks_for_what_is_said_to_be_on_storages_that_are_not_here() {
        // Whoever asks this helper is told that it cannot be started.
        let helper = Helper::new("/absent/samepath".into());
        let vast = Backend {
            name: "vast".to_owned(),
            base_path: "/mnt/vast".into(),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        };
        let elsewhere = (0..10_000).map(|number| StoragePath::new(format!("nas-{number}"), "amick", "labels.slp"));
        let paths: Vec<StoragePath> = elsewhere.chain([StoragePath::new("vast", "amick", "labels.slp")]).collect();
        let asked = CheckPaths { paths, proof: None };
        let checked = check(helper, "gpu-1".to_owned(), vec![vast], Caller::new("amick", None), asked).await;
        let code = |seen: &PathSeen| match seen {
            PathSeen::No { code, .. } => code.clone(),
            PathSeen::Yes(_) => panic!("{seen:?}"),
        };
        let (here, elsewhere) = checked.paths.split_last().expect("answers");
        assert_eq!(elsewhere.len(), 10_000);
        assert!(elsewhere.iter().all(|seen| code(seen).as_deref() == Some("backend_not_found")), "{:?}", elsewhere[0]);
        assert_eq!(code(here), None, "{here:?}");
    }
}
