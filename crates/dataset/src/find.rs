use crate::{Hints, Project, Whereabouts};
use samepath_storage::Storages;
use std::path::Path;

/// Finds every video of a project on this computer; one answer for each, in the project's order.
///
/// Touches the storages that the answers lead to, and may hang with them: what must live on asks through [`crate::inspect`].
pub fn find_videos(project: &Project, project_path: &Path, storages: &Storages, hints: &Hints) -> Vec<Whereabouts> {
    todo!("{project:?} {project_path:?} {storages:?} {hints:?}")
}
