//! What the window keeps from one start to the next, on this computer's own disk. It is a help and nothing depends on it: what
//! cannot be read is taken for nothing.

mod history;

use crate::view::{Keep, KeptView, StorageView};
use crate::{Error, ErrorCode};
use samepath_storage::{read_json, write_json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The one writer of its file.
#[derive(Debug)]
pub(crate) struct Kept {
    file: PathBuf,
    now: Mutex<KeptView>,
}

impl Kept {
    /// What was written down in this folder, where further changes will be.
    pub(crate) fn in_folder(data: &Path) -> Self {
        let file = data.join("window.json");
        Self { now: Mutex::new(read_json(&file)), file }
    }

    pub(crate) fn view(&self) -> KeptView {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it and writes it down; answers what it is now. Touches the disk only where something is different.
    ///
    /// # Errors
    /// `io`; it counts for this run of the program all the same.
    pub(crate) fn change(&self, change: Keep) -> (KeptView, Result<(), Error>) {
        self.edit(|now| match change {
            Keep::Setup(setup) => now.setup = setup,
            Keep::Looks(looks) => now.looks = looks,
            Keep::Page(page) => now.page = Some(page),
            Keep::SeenUntil(at) => now.seen_until = Some(at),
            Keep::Unseen(jobs) => now.unseen = jobs,
            Keep::Place(place) => now.place = Some(place),
            Keep::Notices(notices) => now.notices = notices,
            Keep::Worker(runs) => now.worker = runs,
            Keep::Copies(copies) => now.copies = copies,
            Keep::Draft(draft) => now.draft = draft,
            Keep::People(people) => now.people = people,
            Keep::Unused { storage, unused } => {
                now.unused.retain(|name| *name != storage);
                if unused {
                    now.unused.push(storage);
                }
            }
        })
    }

    /// How the storages are now goes into their history.
    ///
    /// # Errors
    /// As [`Kept::change`].
    pub(crate) fn saw(&self, storages: &[StorageView]) -> (KeptView, Result<(), Error>) {
        self.edit(|now| history::take(&mut now.history, storages))
    }

    /// What is kept of a storage is kept of it under its new name.
    ///
    /// # Errors
    /// As [`Kept::change`].
    pub(crate) fn rename(&self, name: &str, to: &str) -> (KeptView, Result<(), Error>) {
        self.edit(|now| {
            if let Some(history) = now.history.remove(name) {
                now.history.insert(to.to_owned(), history);
            }
        })
    }

    fn edit(&self, edit: impl FnOnce(&mut KeptView)) -> (KeptView, Result<(), Error>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let before = now.clone();
        edit(&mut now);
        let written = if *now == before {
            Ok(())
        } else {
            write_json(&self.file, &*now).map_err(|error| {
                let message = format!("{} cannot be written: {error}.", self.file.display());
                Error::new(ErrorCode::Io, message).with_hint("It holds until Samepath is closed.")
            })
        };
        (now.clone(), written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Draft, SetupProgress};

    fn keep(kept: &Kept, change: Keep) {
        kept.change(change).1.unwrap();
    }

    #[test]
    fn what_is_kept_is_there_at_the_next_start_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let step = SetupProgress { step: "folder".to_owned(), name: "vast".to_owned(), ..SetupProgress::default() };
        let kept = Kept::in_folder(&data);
        assert_eq!(kept.view(), KeptView::default());
        assert!(kept.view().worker && kept.view().notices.ended, "what nobody said is on");
        keep(&kept, Keep::Setup(Some(step.clone())));
        keep(&kept, Keep::Worker(false));
        assert!(kept.view().copies, "it is asked");
        keep(&kept, Keep::Copies(false));
        let draft =
            Draft { kind: "slp-check".to_owned(), dataset: Some("vast:amick/a.slp".to_owned()), ..Draft::default() };
        keep(&kept, Keep::Draft(Some(draft.clone())));
        for (storage, unused) in [("scratch", true), ("photos", true), ("scratch", true), ("photos", false)] {
            keep(&kept, Keep::Unused { storage: storage.to_owned(), unused });
        }
        let read = Kept::in_folder(&data).view();
        assert_eq!((read.setup, read.worker, read.unused), (Some(step), false, vec!["scratch".to_owned()]));
        assert_eq!((read.copies, read.draft), (false, Some(draft)));
        let file = data.join("window.json");
        for nonsense in ["", "{", "[]", r#"{"setup": 7}"#, "\u{fffd}"] {
            std::fs::write(&file, nonsense).unwrap();
            assert_eq!(Kept::in_folder(&data).view(), KeptView::default(), "{nonsense}");
        }
        // A later version's keys are no nonsense.
        std::fs::write(&file, r#"{"setup": {"step": "check", "later": 1}, "more": true}"#).unwrap();
        assert_eq!(Kept::in_folder(&data).view().setup.unwrap().step, "check");
    }

    #[test]
    fn what_cannot_be_written_counts_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::write(&data, "a file where the folder should be").unwrap();
        let kept = Kept::in_folder(&data);
        let (now, written) = kept.change(Keep::Setup(Some(SetupProgress::default())));
        assert_eq!(written.unwrap_err().code, ErrorCode::Io);
        assert!(now.setup.is_some() && kept.view().setup.is_some());
    }
}
