//! A folder that somebody chose for results: whether something is there, and what a job could go on from.

use crate::paths::path_view;
use crate::storages::LocalStorages;
use crate::view::ResultsView;
use crate::{Error, ErrorCode};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Looked, Purpose, ResolveError};
use samepath_wire::StoragePath;

/// Folders in it that are looked into: a training's results hold one for each model.
const MOST_MODELS: usize = 16;
/// Names that are tried for a new folder beside it.
const MOST_NAMES: u32 = 99;
/// What a training leaves to go on from, the one to prefer first.
const CHECKPOINTS: [&str; 2] = ["last.ckpt", "best.ckpt"];

/// What is where somebody wants results to go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct There {
    at: StoragePath,
    exists: bool,
    /// A new one beside it; none where it needs none, or can have none.
    beside: Option<StoragePath>,
    /// Of a folder that holds one model, and no more than one.
    pub(crate) checkpoint: Option<StoragePath>,
}

impl There {
    /// For the page. `epoch` is the checkpoint's, where somebody knows.
    pub(crate) fn view(&self, epoch: Option<u32>) -> ResultsView {
        ResultsView {
            place: path_view(&self.at),
            exists: self.exists,
            beside: self.beside.as_ref().map(path_view),
            checkpoint: self.checkpoint.as_ref().map(path_view),
            epoch,
        }
    }
}

impl LocalStorages {
    /// Looks at a folder that was chosen for results: a local path or a storage path. For checkpoints only where the job type
    /// `resumes` from one. Blocks.
    ///
    /// # Errors
    /// As [`LocalStorages::address`].
    pub(crate) fn results_there(&self, text: &str, resumes: bool) -> Result<There, Error> {
        let at = self.address(text, Purpose::Output)?;
        let looked = match self.look_each(std::slice::from_ref(&at)).pop() {
            Some(Ok(looked)) => looked,
            // In a file no folder can be made.
            Some(Err(error @ ResolveError::NotAFolder { .. })) => return Err(self.told(error)),
            Some(Err(error)) if error.code() != ErrorCode::PathNotFound.as_str() => {
                return Err(self.told_missing(error));
            }
            _ => return Ok(There { at, exists: false, beside: None, checkpoint: None }),
        };
        let checkpoint = if resumes { self.checkpoint_in(&at, &looked) } else { None };
        // The root of a storage has nothing beside it.
        let beside = (!at.path.is_empty()).then(|| self.new_beside(&at)).flatten();
        Ok(There { at, exists: true, beside, checkpoint })
    }

    fn checkpoint_in(&self, at: &StoragePath, looked: &Looked) -> Option<StoragePath> {
        let names = self.helper().names_in(&looked.path, DEADLINE).unwrap_or_default();
        let models = std::iter::once(at.clone()).chain(names.iter().take(MOST_MODELS).map(|name| at.child(name)));
        let candidates: Vec<StoragePath> =
            models.flat_map(|folder| CHECKPOINTS.map(|name| folder.child(name))).collect();
        let is_there: Vec<bool> = self
            .look_each(&candidates)
            .iter()
            .map(|found| found.as_ref().is_ok_and(|found| !found.directory))
            .collect();
        let mut models = candidates.chunks(CHECKPOINTS.len()).zip(is_there.chunks(CHECKPOINTS.len())).filter_map(
            |(files, is_there)| files.iter().zip(is_there).find_map(|(file, is_there)| is_there.then(|| file.clone())),
        );
        let first = models.next()?;
        // Of several models none is gone on with: a checkpoint holds one.
        models.next().is_none().then_some(first)
    }

    /// "maze-2", the first of these that is not there.
    fn new_beside(&self, at: &StoragePath) -> Option<StoragePath> {
        let (folder, name) = at.split();
        // What a job's own folder ends with may look like a number, too, and is longer.
        let numbered = name.rsplit_once('-').filter(|(_, number)| number.len() <= 2);
        let (stem, first) =
            numbered.and_then(|(stem, number)| Some((stem, number.parse::<u32>().ok()? + 1))).unwrap_or((name, 2));
        let candidates: Vec<StoragePath> =
            (first..first + MOST_NAMES).map(|number| folder.child(&format!("{stem}-{number}"))).collect();
        let found = self.look_each(&candidates);
        let free = |found: &Result<Looked, ResolveError>| matches!(found, Err(ResolveError::NotFound { .. }));
        candidates.into_iter().zip(&found).find_map(|(at, found)| free(found).then_some(at))
    }
}
