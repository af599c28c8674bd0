use crate::output::{Cell, Tone};
use crate::{Context, block_on};
use samepath_app::Error;
use serde_json::json;
use std::process::ExitCode;

/// The videos of a project, and where they are.
pub(crate) fn run(context: &Context<'_>, file: &str) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    let fleet = block_on(async { Ok(options.fleet_base_paths().await) })?;
    if output.is_json() {
        let (local, inspection) = storages.inspect(file, fleet, &[])?;
        let at = inspection.at.as_ref().ok();
        output.document(&json!({
            "file": local,
            "storage_backend": at.map(|at| &at.storage_backend),
            "user_subdir": at.map(|at| &at.user_subdir),
            "path": at.map(|at| &at.path),
            "labelled_frames": inspection.labelled_frames,
            "is_package": inspection.is_package,
            "videos": inspection.videos,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let view = storages.dataset(file, fleet, &[])?;
    match (&view.place, &view.place_error) {
        (Some(place), _) => output.line(&place.text)?,
        (None, Some(error)) => {
            output.line(&view.local)?;
            output.line(&error.message)?;
        }
        (None, None) => {}
    }
    // Of a package, the summary tells of its frames.
    let frames = view
        .labelled_frames
        .filter(|_| !view.is_package)
        .map(|frames| format!("{frames} labelled frames · "))
        .unwrap_or_default();
    output.line(&format!("{frames}{}", view.summary))?;
    let rows: Vec<Vec<Cell>> = view
        .videos
        .iter()
        .map(|video| {
            let state = if video.found { Cell::new("✓", Tone::Good) } else { Cell::new("✕", Tone::Bad) };
            let place = video.place.as_ref().map_or("–", |place| place.text.as_str());
            vec![state, video.written.as_str().into(), place.into(), Cell::new(&video.words, Tone::Quiet)]
        })
        .collect();
    if !rows.is_empty() {
        output.table(&["", "WRITTEN IN THE PROJECT", "WHERE", "HOW"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
