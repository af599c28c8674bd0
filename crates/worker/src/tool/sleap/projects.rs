//! The projects that a configuration names besides the one to learn from.

use super::config::Configuration;
use super::places::{self, Moved};
use super::predict::unused;
use super::rename::rename_videos;
use super::{Session, failure, remark, stem, tell};
use samepath_wire::{Cause, Failure};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the model is judged by when its training is over. `sleap-nn` reads it once more then, and does not know that its videos are
/// elsewhere than it says.
const TEST: &str = "data_config.test_file_path";

/// Says that a configuration names more projects to learn from than a job does.
pub(super) fn several_to_learn_from(session: &Session, configuration: &Configuration, labels: &Path) {
    let named = configuration.get("data_config.train_labels_path").and_then(Value::as_array).map_or(0, Vec::len);
    if named > 1 {
        let (name, labels) = (&configuration.name, session.shown(labels));
        remark(&format!(
            "{name} names {named} projects to learn from. A job learns from one: from LABELS, {labels}, and not from the others."
        ));
    }
}

/// Finds the videos of the other projects that a configuration names: those to judge by.
pub(super) fn other_projects(
    session: &Session,
    configuration: &mut Configuration,
    labels: &Path,
    videos: &mut Moved,
) -> Result<(), Failure> {
    for (key, path) in configuration.paths() {
        let (tests, path) = (key.starts_with(TEST), PathBuf::from(path));
        let of_a_project = tests || key.starts_with("data_config.val_labels_path") && path != labels;
        if !of_a_project || path.extension().is_none_or(|end| !end.eq_ignore_ascii_case("slp")) {
            continue;
        }
        let mut placed = session.place(&path)?;
        if tests && !placed.moved.is_empty() {
            if placed.embedded > 0 {
                let message = format!(
                    "{}: {key} is {}, which has the frames of some videos inside, while others are elsewhere than it says. Save \
                     them all in a package (.pkg.slp)",
                    configuration.name,
                    session.shown(&path)
                );
                return Err(failure(Cause::InvalidParameter, message));
            }
            let copy = unused(&session.work, &format!("{}.test", stem(&path)), ".slp");
            tell("openjd_status", "Translating the paths of the videos");
            rename_videos(session, &placed.labels, &copy, places::pairs(&placed.moved))?;
            (placed.labels, placed.moved) = (copy, Moved::new());
        }
        if placed.labels != path {
            configuration.replace(&key, &placed.labels.to_string_lossy());
        }
        for (written, local) in placed.moved {
            places::add(videos, written, local, "two projects of this training")?;
        }
    }
    places::check(videos, "the projects of this training")
}
