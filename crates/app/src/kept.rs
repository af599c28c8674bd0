//! What the window keeps from one start to the next, on this computer's own disk. It is a help and nothing depends on it: what
//! cannot be read is taken for nothing.

use crate::view::KeptView;
use crate::{Error, ErrorCode};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes; ours take less than a thousand.
const LONGEST: u64 = 1 << 16;

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
        Self { now: Mutex::new(read(&file)), file }
    }

    pub(crate) fn view(&self) -> KeptView {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it and writes it down; answers what it is now. Touches the disk only where something is different.
    ///
    /// # Errors
    /// `io`; it counts for this run of the program all the same.
    pub(crate) fn change(&self, change: impl FnOnce(&mut KeptView)) -> Result<KeptView, Error> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let before = now.clone();
        change(&mut now);
        if *now != before {
            write(&self.file, &now).map_err(|error| {
                let message = format!("{} cannot be written: {error}.", self.file.display());
                Error::new(ErrorCode::Io, message).with_hint("It holds until Samepath is closed.")
            })?;
        }
        Ok(now.clone())
    }
}

fn write(file: &Path, now: &KeptView) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = file.with_extension(format!("{}.draft", std::process::id()));
    std::fs::write(&draft, serde_json::to_vec_pretty(now)?)?;
    std::fs::rename(&draft, file)
}

fn read(file: &Path) -> KeptView {
    let mut text = Vec::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
    read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::SetupProgress;

    #[test]
    fn what_is_kept_is_there_at_the_next_start_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let step = SetupProgress { step: "folder".to_owned(), name: "vast".to_owned(), ..SetupProgress::default() };
        let kept = Kept::in_folder(&data);
        assert_eq!(kept.view(), KeptView::default());
        kept.change(|kept| kept.setup = Some(step.clone())).unwrap();
        assert_eq!(Kept::in_folder(&data).view().setup, Some(step));
        kept.change(|kept| kept.setup = None).unwrap();
        assert_eq!(Kept::in_folder(&data).view(), KeptView::default());
        let file = data.join("window.json");
        for nonsense in ["", "{", "[]", r#"{"setup": 7}"#, "\u{fffd}"] {
            std::fs::write(&file, nonsense).unwrap();
            assert_eq!(Kept::in_folder(&data).view(), KeptView::default(), "{nonsense}");
        }
        // A later version's keys are no nonsense.
        std::fs::write(&file, r#"{"setup": {"step": "check", "later": 1}, "more": true}"#).unwrap();
        assert_eq!(Kept::in_folder(&data).view().setup.unwrap().step, "check");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "a draft was left");
    }

    #[test]
    fn what_cannot_be_written_counts_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::write(&data, "a file where the folder should be").unwrap();
        let kept = Kept::in_folder(&data);
        let refused = kept.change(|kept| kept.setup = Some(SetupProgress::default())).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Io);
        assert!(kept.view().setup.is_some());
    }
}
