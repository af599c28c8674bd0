//! What workers proved of this computer's storages, and what they disproved: kept on its own disk from one run of a program to the next.
//! It is a help and nothing depends on it: what cannot be read is taken for nothing.

use crate::sameness::{Verdict, Witness};
use crate::view::{RefutedView, StorageView};
use jiff::{SignedDuration, Timestamp};
use samepath_fleet::matching::Sameness;
use samepath_storage::{Probe, read_json, same_share, write_json};
use samepath_wire::{BackendAdvert, Worker, WorkerId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// For so long a worker that proved to read a file is not asked for a proof of the same file again.
const LATELY: Duration = Duration::from_secs(60);
/// Workers and storages of which something is kept. Of more the oldest goes.
const MOST: usize = 500;
/// What was said again is written down again once it is so old: nobody needs its age to the minute.
const AGED: SignedDuration = SignedDuration::from_hours(1);

/// Where a storage is, by the path and by what is mounted there: at another place no proof holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    base_path: String,
    mark: Option<String>,
    /// Server and share, or device.
    source: Option<String>,
}

impl Place {
    /// Of a storage of this computer; none where it is not configured well.
    pub(crate) fn of(ours: &StorageView) -> Option<Self> {
        let source = ours.health.as_ref().and_then(|health| health.source.clone());
        Some(Self { base_path: ours.base_path.clone()?, mark: ours.mark.clone(), source })
    }

    /// Of one that was looked at just now.
    pub(crate) fn seen(base_path: &Path, probe: &Probe) -> Self {
        Self { base_path: base_path.display().to_string(), mark: probe.id.clone(), source: probe.source.clone() }
    }

    fn of_worker(theirs: &BackendAdvert) -> Self {
        Self { base_path: theirs.base_path.clone(), mark: theirs.id.clone(), source: theirs.source.clone() }
    }

    /// Whether it is still that place. What is not known of one of them speaks against nothing.
    fn may_be(&self, now: &Self) -> bool {
        let agree = |then: &Option<String>, now: &Option<String>, same: fn(&str, &str) -> bool| match (then, now) {
            (Some(then), Some(now)) => same(then, now),
            _ => true,
        };
        self.base_path == now.base_path
            && agree(&self.mark, &now.mark, |then, now| then == now)
            && agree(&self.source, &now.source, |then, now| then == now || same_share(then, now))
    }
}

/// What one worker said last of one storage of this computer at one place.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Said {
    worker: WorkerId,
    /// For people, when it is not online.
    worker_name: String,
    storage: String,
    ours: Place,
    theirs: Place,
    /// Whether it reads the same file; else it looked, and its storage is another one.
    same: bool,
    at: Timestamp,
    /// By which file, and when by a clock that never jumps; none where it is not there any more.
    #[serde(skip)]
    by: Option<(Witness, Instant)>,
}

impl Said {
    fn is_about(&self, other: &Self) -> bool {
        let about = |it: &Self| (it.worker.clone(), it.storage.clone(), it.ours.base_path.clone());
        about(self) == about(other)
    }
}

/// That a file read on a storage of this computer was the one that a worker read on its, or was not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proofs {
    file: Option<PathBuf>,
    said: Vec<Said>,
}

impl Proofs {
    /// Those that were written down in this file, where further ones will be.
    pub(crate) fn kept_in(file: PathBuf) -> Self {
        Self { said: read_json(&file), file: Some(file) }
    }

    /// Takes up what a worker just proved, or failed to, of a storage that is at this place here. Whether anything is different.
    pub(crate) fn take(
        &mut self,
        storage: &str,
        ours: &Place,
        worker: &Worker,
        verdict: Verdict,
        by: Option<&Witness>,
    ) -> bool {
        let (Some(theirs), false) = (worker.backends.get(storage), verdict == Verdict::Open) else { return false };
        let now = Said {
            worker: worker.id.clone(),
            worker_name: worker.name.clone(),
            storage: storage.to_owned(),
            ours: ours.clone(),
            theirs: Place::of_worker(theirs),
            same: verdict == Verdict::Same,
            at: Timestamp::now(),
            by: by.map(|by| (by.clone(), Instant::now())),
        };
        let before = self.said.iter_mut().find(|said| said.is_about(&now));
        match (verdict, before) {
            // Another file of that name says that what was proved holds no more, and not that the storage is another one.
            (Verdict::Differs, Some(before)) if before.same => self.edit(|all| all.retain(|said| !said.is_about(&now))),
            (Verdict::Differs | Verdict::Open, _) => return false,
            (_, Some(before)) if before.same == now.same && before.at + AGED > now.at => {
                let moved = (&before.ours, &before.theirs) != (&now.ours, &now.theirs);
                before.by = now.by.clone();
                if !moved {
                    return false;
                }
                self.put(now);
            }
            (Verdict::Same | Verdict::Lacks, _) => self.put(now),
        }
        true
    }

    fn put(&mut self, now: Said) {
        self.edit(|all| {
            all.retain(|said| !said.is_about(&now));
            all.push(now.clone());
            let more = all.len().saturating_sub(MOST);
            all.drain(..more);
        });
    }

    /// Forgets what is known of a storage, but where it is at this base path now.
    pub(crate) fn forget(&mut self, storage: &str, but_at: Option<&Path>) {
        let goes = |said: &Said| said.storage == storage && but_at != Some(Path::new(&said.ours.base_path));
        if self.said.iter().any(goes) {
            self.edit(|all| all.retain(|said| !goes(said)));
        }
    }

    /// Changes what is known here, and what is written down, beside what other programs wrote there meanwhile.
    fn edit(&mut self, edit: impl Fn(&mut Vec<Said>)) {
        edit(&mut self.said);
        let Some(file) = &self.file else { return };
        let mut all: Vec<Said> = read_json(file);
        edit(&mut all);
        if let Err(error) = write_json(file, &all) {
            tracing::info!(%error, "what workers proved cannot be kept");
        }
    }

    /// What a worker said, if the two places are still the same.
    fn of(&self, ours: &StorageView, worker: &Worker) -> Option<&Said> {
        let (here, theirs) = (Place::of(ours)?, Place::of_worker(worker.backends.get(&ours.name)?));
        self.said.iter().find(|said| {
            said.worker == worker.id
                && said.storage == ours.name
                && said.ours.may_be(&here)
                && said.theirs.may_be(&theirs)
        })
    }

    /// Whether a worker proved a moment before `now` to read this very file, which has not changed since.
    pub(crate) fn lately(&self, ours: &StorageView, worker: &Worker, by: &Witness, now: Instant) -> bool {
        let is_fresh = |(file, when): &(Witness, Instant)| file == by && now.saturating_duration_since(*when) < LATELY;
        by.seen.is_some()
            && self.of(ours, worker).is_some_and(|said| said.same && said.by.as_ref().is_some_and(is_fresh))
    }

    /// How sure it is that a worker's storage is this computer's of that name, and since when that is proved; none where one of them has
    /// none.
    pub(crate) fn sameness(&self, ours: &StorageView, worker: &Worker) -> Option<(Sameness, Option<Timestamp>)> {
        let theirs = worker.backends.get(&ours.name)?;
        let by_mark = Sameness::of_marks(ours.mark.as_deref(), theirs.id.as_deref());
        Some(match self.of(ours, worker) {
            _ if by_mark == Sameness::Other => (by_mark, None),
            Some(said) if said.same => (Sameness::Confirmed, Some(said.at)),
            Some(said) => (Sameness::Other, Some(said.at)),
            None => (by_mark, None),
        })
    }

    /// That workers looked for what was written to a storage of this computer, and none found it.
    pub(crate) fn refuted(&self, ours: &StorageView) -> Option<RefutedView> {
        let here = Place::of(ours)?;
        let of_it = |said: &&Said| said.storage == ours.name && said.ours.may_be(&here);
        let (same, others): (Vec<&Said>, Vec<&Said>) = self.said.iter().filter(of_it).partition(|said| said.same);
        let newest = others.iter().map(|said| said.at).max().filter(|_| same.is_empty())?;
        let mut names: Vec<&str> = others.iter().map(|said| said.worker_name.as_str()).collect();
        names.sort_unstable();
        let (name, who) = (&ours.name, names.join(", "));
        Some(RefutedView {
            at: newest.to_string(),
            sentence: format!(
                "This is another storage than the lab's {name}, or another folder of it: {who} looked for what was written here, and \
                 did not find it."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn worker(name: &str, base: &str, source: &str) -> Worker {
        let vast = json!({ "state": "ready", "base_path": base, "source": source });
        serde_json::from_value(json!({
            "id": name, "name": name, "version": "0", "os": "linux", "host": name, "started_at": "2026-11-22T09:00:00Z",
            "backends": { "vast": vast },
        }))
        .unwrap()
    }

    fn ours(base: &str, source: &str) -> StorageView {
        let health = json!({ "state": "ready", "words": "ready", "source": source, "checked_at": "" });
        serde_json::from_value(json!({
            "name": "vast", "base_path": base, "user_subdir": "", "subpath": "", "own_place": "", "source": "", "warnings": [], "health": health,
        }))
        .unwrap()
    }

    fn said(proofs: &Proofs, ours: &StorageView, worker: &Worker) -> Sameness {
        proofs.sameness(ours, worker).unwrap().0
    }

    #[test]
    fn what_was_proved_and_disproved_is_known_to_the_next_run_as_long_as_both_are_where_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/proofs.json");
        let (one, five) = (worker("gpu-1", "/mnt/vast", "vast01:/talmo"), worker("gpu-5", "/mnt/vast", "nas:/other"));
        let here = ours("/Volumes/talmo", "//vast01/talmo");
        let place = Place::of(&here).unwrap();
        let mut proofs = Proofs::kept_in(file.clone());
        assert!(proofs.take("vast", &place, &one, Verdict::Same, None));
        assert!(proofs.take("vast", &place, &five, Verdict::Lacks, None));
        assert!(!proofs.take("vast", &place, &five, Verdict::Lacks, None), "nothing new");
        let later = Proofs::kept_in(file.clone());
        assert_eq!(said(&later, &here, &one), Sameness::Confirmed);
        assert_eq!(said(&later, &here, &five), Sameness::Other);
        assert_eq!(later.refuted(&here), None, "gpu-1 has it: what gpu-5 has is elsewhere");
        // At another path, or with something else mounted there, nothing is known; who signed in says nothing.
        assert_eq!(said(&later, &ours("/Volumes/talmo", "//amick@vast01/talmo"), &one), Sameness::Confirmed);
        for other in [ours("/Volumes/talmo-1", "//vast01/talmo"), ours("/Volumes/talmo", "//vast01/photos")] {
            assert_eq!(said(&later, &other, &one), Sameness::Unknown);
        }
        for other in [worker("gpu-1", "/data", "vast01:/talmo"), worker("gpu-1", "/mnt/vast", "/dev/sda1")] {
            assert_eq!(said(&later, &here, &other), Sameness::Unknown);
        }
        for nonsense in ["", "{", r#"[{"worker": 7}]"#] {
            std::fs::write(&file, nonsense).unwrap();
            assert!(Proofs::kept_in(file.clone()).said.is_empty(), "{nonsense}");
        }
    }

    #[test]
    fn a_storage_that_nobody_knows_is_another_one_until_somebody_proves_it() {
        let here = ours("/mnt", "/dev/sda1");
        let place = Place::of(&here).unwrap();
        let (one, five) = (worker("gpu-1", "/mnt/vast", "a:/b"), worker("gpu-5", "/mnt/vast", "a:/b"));
        let mut proofs = Proofs::default();
        assert!(
            !proofs.take("vast", &place, &one, Verdict::Differs, None),
            "a file that was saved is no other storage"
        );
        proofs.take("vast", &place, &five, Verdict::Lacks, None);
        proofs.take("vast", &place, &one, Verdict::Lacks, None);
        let told = proofs.refuted(&here).expect("it is refuted").sentence;
        assert!(told.contains("gpu-1, gpu-5 looked for what was written here"), "{told}");
        // The path is another one now.
        proofs.forget("vast", Some(Path::new("/mnt")));
        assert!(proofs.refuted(&here).is_some());
        let mut moved = proofs.clone();
        moved.forget("vast", Some(Path::new("/mnt/vast")));
        assert!(moved.said.is_empty());
        // Another look.
        assert!(proofs.take("vast", &place, &one, Verdict::Same, None));
        assert_eq!(proofs.refuted(&here), None);
        assert!(proofs.take("vast", &place, &one, Verdict::Differs, None));
        assert_eq!(said(&proofs, &here, &one), Sameness::Unknown);
    }
}
