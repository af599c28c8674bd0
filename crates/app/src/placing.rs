//! Where a folder that somebody chose stands in a storage: the whole of it, a folder inside, above it, or only a part of what others have.
//!
//! Three things tell, the surest first: the mark of a folder above or below; the mount table, where the lab's share is mounted; and the
//! workers, which say whether they see the same names below this part or that. Nothing is decided for the person: what is found is
//! proposed.

use crate::LocalStorages;
use crate::lab::LabStorage;
use crate::view::{PartView, PlacingView};
use samepath_fleet::Fleet;
use samepath_storage::helper::DEADLINE;
use samepath_storage::{MarksAround, is_own_folder, own_part, part_of_share, share_at, share_of, shares_in};
use samepath_wire::{CheckPaths, PathSeen, StoragePath, Worker};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a worker may take to say whether it sees some names.
const PATIENCE: Duration = Duration::from_secs(5);
/// Names by which a folder is known again.
const NAMES: usize = 3;
/// How far down a part may lie that its path here tells of.
const DEPTH: usize = 3;
/// Folders in a chosen one that workers are asked about.
const INSIDE: usize = 8;

/// What is asked: where this folder stands in the storage of this name.
pub(crate) struct Question<'q> {
    pub(crate) name: &'q str,
    pub(crate) path: &'q Path,
    /// The person.
    pub(crate) member: &'q str,
    /// What the lab knows of the storage; none where nobody there has it.
    pub(crate) lab: Option<&'q LabStorage>,
    pub(crate) workers: &'q [Worker],
}

/// Judges it.
pub(crate) async fn of(fleet: &Fleet, storages: &Arc<LocalStorages>, question: &Question<'_>) -> PlacingView {
    let (asked, path) = (storages.clone(), question.path.to_owned());
    let around = tokio::task::spawn_blocking(move || asked.helper().marks_around(&path, DEADLINE)).await;
    let around = around.ok().flatten().unwrap_or_default();
    if let Some(told) = question.by_marks(&around).or_else(|| question.by_shares()) {
        return told;
    }
    if let Some(told) = question.by_names(fleet, storages).await {
        return told;
    }
    question.by_mount(storages.environment().home.as_deref())
}

/// The chosen folder is the storage.
fn whole(base: &Path) -> PlacingView {
    PlacingView {
        base_path: base.display().to_string(),
        folder: String::new(),
        inside: None,
        parts: Vec::new(),
        other: false,
    }
}

impl Question<'_> {
    /// The chosen folder lies in the storage.
    fn inside(&self, base: &Path) -> PlacingView {
        let below = self.path.strip_prefix(base).unwrap_or(Path::new(""));
        PlacingView { folder: own_part(below, self.member), ..whole(base) }
    }

    /// The storage lies in the chosen folder.
    fn above(&self, storage: &Path) -> PlacingView {
        PlacingView { inside: Some(storage.display().to_string()), ..whole(self.path) }
    }

    fn by_marks(&self, around: &MarksAround) -> Option<PlacingView> {
        // Where the lab's has no mark, any tells where a storage begins.
        let none = std::collections::BTreeSet::new();
        let marks = self.lab.map_or(&none, LabStorage::marks);
        let is_it = |mark: &String| marks.is_empty() || marks.contains(mark);
        if let Some(own) = &around.own {
            let other = !marks.is_empty() && !marks.contains(own);
            return Some(PlacingView { other, ..whole(self.path) });
        }
        if let Some((base, _)) = around.above.iter().find(|(_, mark)| is_it(mark)) {
            return Some(self.inside(base));
        }
        let mut below = around.inside.iter().filter(|(_, mark)| is_it(mark));
        match (below.next(), below.next()) {
            (Some((storage, _)), None) => Some(self.above(storage)),
            _ => None,
        }
    }

    /// By the share that the lab's workers mount, or that its administrator tells of.
    fn by_shares(&self) -> Option<PlacingView> {
        let wholes: Vec<&str> = self.lab?.wholes().collect();
        let part = |share: &str| wholes.iter().find_map(|whole| part_of_share(whole, share));
        match share_at(self.path).and_then(|share| part(&share)) {
            Some(part) if part.is_empty() => return Some(whole(self.path)),
            // Where the mount is of a part alone, the workers tell which.
            Some(part) => {
                let base = without(self.path, &part)?;
                return share_at(&base).is_some().then(|| self.inside(&base));
            }
            None => {}
        }
        let inside = shares_in(self.path);
        let storage = inside.iter().find(|(_, share)| part(share).is_some_and(|part| part.is_empty()));
        storage.map(|(point, _)| self.above(point))
    }

    async fn by_names(&self, fleet: &Fleet, storages: &Arc<LocalStorages>) -> Option<PlacingView> {
        let Self { name, path, member, workers, .. } = self;
        let has = |it: &&Worker| it.backends.get(*name).is_some_and(|advert| advert.state.is_readable());
        for worker in workers.iter().filter(has) {
            let look = Look { fleet, storages, worker, storage: self.name };
            let Some(same) = look.same_names(path, &candidates(path, member)).await else { continue };
            let Some(best) = same.iter().map(|part| part.same).max().filter(|same| *same > 0) else {
                if let Some(storage) = look.storage_in(path).await {
                    return Some(self.above(&storage));
                }
                continue;
            };
            if same.iter().any(|part| part.subpath.is_empty() && part.same >= best) {
                return Some(whole(path));
            }
            let mut parts: Vec<PartView> = same.into_iter().filter(|part| part.same > 0).collect();
            // Of two that fit as well the deeper one: in what is called like it a folder higher up may be meant.
            parts.sort_by_key(|part| std::cmp::Reverse((part.same, part.subpath.len())));
            // The same folder above: then it is the storage, and the chosen one is a folder in it.
            for part in &parts {
                let Some(base) = without(path, &part.subpath) else { continue };
                if look.is_whole(&base).await {
                    return Some(self.inside(&base));
                }
            }
            return Some(PlacingView { parts, ..whole(path) });
        }
        None
    }

    /// Where nobody in the lab tells: a share's own folder is the storage, if the person's folder is what was chosen of it.
    fn by_mount(&self, home: Option<&Path>) -> PlacingView {
        let Some(mount) = share_of(self.path, home) else { return whole(self.path) };
        let is_own =
            |part: Component<'_>| part.as_os_str().to_str().is_some_and(|name| is_own_folder(name, self.member));
        match self.path.strip_prefix(&mount) {
            Ok(below) if below.components().any(is_own) => self.inside(&mount),
            _ => whole(self.path),
        }
    }
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

/// A worker that is asked what it sees of a storage.
struct Look<'l> {
    fleet: &'l Fleet,
    storages: &'l Arc<LocalStorages>,
    worker: &'l Worker,
    storage: &'l str,
}

impl Look<'_> {
    /// How many of some names in a folder here it sees below each candidate. None: this folder has no names, or it did not answer.
    async fn same_names(&self, folder: &Path, candidates: &[String]) -> Option<Vec<PartView>> {
        let names: Vec<String> = self.names(folder).await?.into_iter().take(NAMES).collect();
        let below =
            |part: &String, name: &String| if part.is_empty() { name.clone() } else { format!("{part}/{name}") };
        let paths: Vec<StoragePath> = candidates
            .iter()
            .flat_map(|part| names.iter().map(move |name| StoragePath::new(self.storage, "", below(part, name))))
            .collect();
        if paths.is_empty() {
            return None;
        }
        let question = CheckPaths { paths, proof: None };
        let checked = self.fleet.check_paths(&self.worker.id, &question, PATIENCE).await.ok()?;
        let seen = |group: &[PathSeen]| group.iter().filter(|seen| matches!(seen, PathSeen::Yes(_))).count();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let part = |(part, group): (&String, &[PathSeen])| PartView {
            subpath: part.clone(),
            same: count(seen(group)),
            of: count(names.len()),
        };
        Some(candidates.iter().zip(checked.paths.chunks(names.len())).map(part).collect())
    }

    /// Whether it sees everything at the storage's top that is in this folder here.
    async fn is_whole(&self, folder: &Path) -> bool {
        let same = self.same_names(folder, &[String::new()]).await;
        same.is_some_and(|same| same.first().is_some_and(|root| root.same > 0 && root.same >= root.of))
    }

    /// The folder in this one that is the storage; one that is called like it is looked at first.
    async fn storage_in(&self, folder: &Path) -> Option<PathBuf> {
        let mut names = self.names(folder).await?;
        names.sort_by_key(|name| name != self.storage);
        for name in names.into_iter().take(INSIDE) {
            let inside = folder.join(name);
            if self.is_whole(&inside).await {
                return Some(inside);
            }
        }
        None
    }

    async fn names(&self, folder: &Path) -> Option<Vec<String>> {
        let (asked, listed) = (self.storages.clone(), folder.to_owned());
        tokio::task::spawn_blocking(move || asked.helper().names_in(&listed, DEADLINE)).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'q>(path: &'q str, lab: Option<&'q LabStorage>) -> Question<'q> {
        Question { name: "vast", path: Path::new(path), member: "amick", lab, workers: &[] }
    }

    /// What is said of a chosen folder: where the storage is, what of it is the person's, which folder in it is meant.
    fn told(view: &PlacingView) -> (&str, &str, Option<&str>) {
        (&view.base_path, &view.folder, view.inside.as_deref())
    }

    #[test]
    fn a_mark_above_or_below_says_where_the_storage_begins() {
        let marked = |path: &str| (PathBuf::from(path), "m-1".to_owned());
        let lab = LabStorage::marked("vast", "m-1");
        let around = |own: Option<&str>, above: &[&str], inside: &[&str]| MarksAround {
            own: own.map(str::to_owned),
            above: above.iter().map(|path| marked(path)).collect(),
            inside: inside.iter().map(|path| marked(path)).collect(),
        };
        let deep = asked("/x/talmo/labs/amick/maze", Some(&lab)).by_marks(&around(None, &["/x/talmo"], &[])).unwrap();
        assert_eq!(told(&deep), ("/x/talmo", "labs/amick", None));
        let high = asked("/x", Some(&lab)).by_marks(&around(None, &[], &["/x/talmo"])).unwrap();
        assert_eq!(told(&high), ("/x", "", Some("/x/talmo")));
        let right = asked("/x/talmo", None).by_marks(&around(Some("m-1"), &["/x"], &[])).unwrap();
        assert_eq!((told(&right), right.other), (("/x/talmo", "", None), false));
        let other = asked("/x/talmo", Some(&lab)).by_marks(&around(Some("m-2"), &[], &[])).unwrap();
        assert!(other.other);
        // Several storages in one folder: nobody can tell which.
        assert_eq!(asked("/x", None).by_marks(&around(None, &[], &["/x/a", "/x/b"])), None);
        // Another storage around it says nothing of this one.
        let foreign = MarksAround { above: vec![("/x".into(), "m-2".to_owned())], ..MarksAround::default() };
        assert_eq!(asked("/x/talmo", Some(&lab)).by_marks(&foreign), None);
    }

    #[test]
    fn a_part_is_looked_for_where_its_path_says_and_where_the_person_is() {
        let found = candidates(Path::new("/Volumes/lab/tom"), "amick");
        assert_eq!(found, ["", "tom", "lab/tom", "Volumes/lab/tom", "amick"]);
        assert_eq!(candidates(Path::new("/amick"), "amick"), ["", "amick"]);
        assert_eq!(without(Path::new("/Volumes/lab/tom"), "lab/tom"), Some("/Volumes".into()));
        assert_eq!(without(Path::new("/Volumes/lab/tom"), "amick"), None);
    }
}
