//! Where a folder that somebody chose stands in a storage: the whole of it, a folder inside, or only a part of what others have.
//!
//! Two things tell: the mount table, of a share that is mounted here; and the workers, which say whether they see the same names
//! below this part or that. Nothing is decided for the person: what is found is proposed.

use crate::LocalStorages;
use crate::view::{PartView, PlacingView, StorageFields};
use samepath_fleet::Fleet;
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Backend, share_of};
use samepath_wire::{CheckPaths, PathSeen, StoragePath, Worker};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// How long a worker may take to say whether it sees some names.
const PATIENCE: Duration = Duration::from_secs(5);
/// Names by which a folder is known again.
const NAMES: usize = 3;
/// How far down a part may lie that its path here tells of.
const DEPTH: usize = 3;

/// Judges `path`, chosen for the storage `name`. `member` is the person.
pub(crate) async fn of(
    fleet: &Fleet,
    storages: &std::sync::Arc<LocalStorages>,
    workers: &[Worker],
    name: &str,
    path: &Path,
    member: &str,
) -> PlacingView {
    let whole = |base: &Path| PlacingView {
        base_path: base.display().to_string(),
        folder: String::new(),
        parts: Vec::new(),
        other: false,
    };
    let marks: BTreeSet<&str> = workers.iter().filter_map(|it| it.backends.get(name)?.id.as_deref()).collect();
    if !marks.is_empty()
        && let Some(mark) = mark_of(storages, name, path).await
        && !marks.contains(mark.as_str())
    {
        return PlacingView { other: true, ..whole(path) };
    }
    let having: Vec<&Worker> =
        workers.iter().filter(|it| it.backends.get(name).is_some_and(|advert| advert.state.is_readable())).collect();
    for worker in having {
        let candidates = candidates(path, member);
        let Some(same) = same_names(fleet, storages, worker, name, path, &candidates).await else { continue };
        let Some(best) = same.iter().map(|part| part.same).max().filter(|same| *same > 0) else { continue };
        if same.iter().any(|part| part.subpath.is_empty() && part.same >= best) {
            return whole(path);
        }
        let mut parts: Vec<PartView> = same.into_iter().filter(|part| part.same > 0).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.same));
        // The same folder above: then it is the storage, and the chosen one is a folder in it.
        if let Some(base) = parts.first().and_then(|part| without(path, &part.subpath))
            && let Some(above) = same_names(fleet, storages, worker, name, &base, &[String::new()]).await
            && above.first().is_some_and(|root| root.same > 0 && root.same >= root.of)
        {
            let folder = parts.swap_remove(0).subpath;
            return PlacingView { folder, ..whole(&base) };
        }
        return PlacingView { parts, ..whole(path) };
    }
    let home = storages.environment().home.clone();
    match share_of(path, home.as_deref()).and_then(|mount| Some((path.strip_prefix(&mount).ok()?.to_owned(), mount))) {
        Some((inside, mount)) if inside.components().next().is_some() => {
            let folder: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            PlacingView { folder: folder.join("/"), ..whole(&mount) }
        }
        _ => whole(path),
    }
}

/// The mark that a folder carries, which is chosen for a storage.
async fn mark_of(storages: &std::sync::Arc<LocalStorages>, name: &str, path: &Path) -> Option<String> {
    let fields = StorageFields { base_path: Some(path.to_str()?.to_owned()), ..StorageFields::default() };
    let backend = Backend::proposed(name, &fields.into(), storages.environment()).ok()?;
    let asked = storages.clone();
    tokio::task::spawn_blocking(move || asked.helper().probe(&backend, DEADLINE).id).await.ok()?
}

/// The whole, what the end of the path says, and the person's folder.
fn candidates(path: &Path, member: &str) -> Vec<String> {
    let names: Vec<&str> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let ends = (1..=DEPTH.min(names.len())).map(|count| names[names.len() - count..].join("/"));
    let mut candidates = vec![String::new()];
    for candidate in ends.chain([member.to_owned()]) {
        if !candidate.contains(['\\', ':']) && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// The path without its end, where that is this part.
fn without(path: &Path, part: &str) -> Option<PathBuf> {
    path.ends_with(part).then(|| path.ancestors().nth(part.split('/').count()).map(Path::to_owned))?
}

/// How many of some names in a folder here a worker sees below each candidate. None: this folder has no names, or the worker did
/// not answer.
async fn same_names(
    fleet: &Fleet,
    storages: &std::sync::Arc<LocalStorages>,
    worker: &Worker,
    storage: &str,
    folder: &Path,
    candidates: &[String],
) -> Option<Vec<PartView>> {
    let (asked, listed) = (storages.clone(), folder.to_owned());
    let names = tokio::task::spawn_blocking(move || asked.helper().names_in(&listed, DEADLINE)).await.ok()??;
    let names: Vec<String> = names.into_iter().take(NAMES).collect();
    let below = |part: &String, name: &String| if part.is_empty() { name.clone() } else { format!("{part}/{name}") };
    let paths: Vec<StoragePath> = candidates
        .iter()
        .flat_map(|part| names.iter().map(move |name| StoragePath::new(storage, "", below(part, name))))
        .collect();
    if paths.is_empty() {
        return None;
    }
    let question = CheckPaths { paths, proof: None };
    let checked = fleet.check_paths(&worker.id, &question, PATIENCE).await.ok()?;
    let seen = |group: &[PathSeen]| group.iter().filter(|seen| matches!(seen, PathSeen::Yes(_))).count();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let part = |(part, group): (&String, &[PathSeen])| PartView {
        subpath: part.clone(),
        same: count(seen(group)),
        of: count(names.len()),
    };
    Some(candidates.iter().zip(checked.paths.chunks(names.len())).map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_looked_for_where_its_path_says_and_where_the_person_is() {
        let found = candidates(Path::new("/Volumes/lab/tom"), "amick");
        assert_eq!(found, ["", "tom", "lab/tom", "Volumes/lab/tom", "amick"]);
        assert_eq!(candidates(Path::new("/amick"), "amick"), ["", "amick"]);
        assert_eq!(without(Path::new("/Volumes/lab/tom"), "lab/tom"), Some("/Volumes".into()));
        assert_eq!(without(Path::new("/Volumes/lab/tom"), "amick"), None);
    }
}
