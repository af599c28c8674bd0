//! SLEAP's own window on this computer, and which of a job's results it opens.

use crate::programs::PATIENCE;
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_wire::HERE;
use std::path::PathBuf;

/// As SLEAP calls it; `[samepath.programs]` may say where it is.
const PROGRAM: &str = "sleap-label";

/// Of a job's results, relative to their folder, the project that is looked at first: predictions before others, and the one nearest to
/// the folder. None: SLEAP opens none of them.
pub(crate) fn project<'a>(outputs: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let projects = outputs.into_iter().filter(|path| path.ends_with(".slp"));
    projects.min_by_key(|path| (!path.ends_with(".predictions.slp"), path.matches('/').count(), *path))
}

impl LocalStorages {
    /// SLEAP's window: its program, where this computer has it. Blocks for some seconds at most.
    ///
    /// # Errors
    /// `path_not_found` where it is not here, `io` where folders of programs do not answer.
    pub(crate) fn sleap(&self, options: &Options) -> Result<PathBuf, Error> {
        let found = self.looking(options, None).program(self.helper(), PROGRAM, PATIENCE);
        let found = found.map_err(|error| {
            Error::new(ErrorCode::Io, format!("SLEAP cannot be looked for: {error}."))
                .with_hint("Connect the storage that a folder of programs lies on, then try again.")
        })?;
        found.map_err(|missing| {
            Error::new(ErrorCode::PathNotFound, format!("SLEAP is not on {HERE}: {PROGRAM} {}.", missing.whole()))
                .with_hint(format!("Say where it is: samepath program set {PROGRAM} PATH"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::project;

    #[test]
    fn predictions_are_opened_before_other_projects() {
        for (outputs, wanted) in [
            (&["log.txt", "cam0.predictions.slp"][..], Some("cam0.predictions.slp")),
            (&["b.predictions.slp", "a.predictions.slp"], Some("a.predictions.slp")),
            (&["maze/labels.train.slp", "labels.predictions.slp"], Some("labels.predictions.slp")),
            (&["a/b.predictions.slp", "z.predictions.slp"], Some("z.predictions.slp")),
            (&["maze/best.ckpt", "maze/labels.train.slp", "maze/labels.val.slp"], Some("maze/labels.train.slp")),
            (&["report.json", "slp", "a.slp.txt"], None),
            (&[], None),
        ] {
            assert_eq!(project(outputs.iter().copied()), wanted, "{outputs:?}");
        }
    }
}
