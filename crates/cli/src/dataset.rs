use crate::output::{Cell, Tone};
use crate::{Context, block_on};
use samepath_app::view::{ChosenVideo, DatasetView};
use samepath_app::{Error, ErrorCode};
use samepath_storage::{near, shell_word};
use serde_json::json;
use std::process::ExitCode;

/// What was said of videos, two words for each.
pub(crate) fn chosen(words: &[String]) -> Vec<ChosenVideo> {
    words.chunks_exact(2).map(|pair| ChosenVideo { written: pair[0].clone(), path: pair[1].clone() }).collect()
}

/// The videos of a project, and where they are once these were chosen.
pub(crate) fn run(context: &Context<'_>, file: &str, chosen: &[ChosenVideo]) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    let fleet = block_on(async { Ok(options.fleet_base_paths().await) })?;
    if output.is_json() {
        let (local, inspection) = storages.inspect(file, fleet, &storages.choices(chosen)?)?;
        let at = inspection.at.as_ref().ok();
        output.document(&json!({
            "file": local,
            "storage_backend": at.map(|at| &at.storage_backend),
            "user_subdir": at.map(|at| &at.user_subdir),
            "path": at.map(|at| &at.path),
            "labelled_frames": inspection.labelled_frames,
            "animals": inspection.animals,
            "is_package": inspection.is_package,
            "videos": inspection.videos,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (view, more) = match chosen.split_last() {
        None => (storages.dataset(file, fleet, &[])?, Vec::new()),
        Some((last, before)) => {
            let located = storages.locate_video(file, fleet, before, last)?;
            (located.dataset, located.more)
        }
    };
    has_all(&view, chosen)?;
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
    let animals = match view.animals {
        None => String::new(),
        Some(1) => "1 animal · ".to_owned(),
        Some(animals) => format!("{animals} animals · "),
    };
    output.line(&format!("{frames}{animals}{}", view.summary))?;
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
    if !more.is_empty() {
        output.line("The same change leads to more of them:")?;
    }
    for ChosenVideo { written, path } in &more {
        output.line(&format!("  --video {} {}", shell_word(written), shell_word(path)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the project has each video that something was said of: one that is spelled otherwise would be left as it is.
pub(crate) fn has_all(dataset: &DatasetView, chosen: &[ChosenVideo]) -> Result<(), Error> {
    let written: Vec<&str> = dataset.videos.iter().map(|video| video.written.as_str()).collect();
    let Some(stray) = chosen.iter().find(|one| !written.contains(&one.written.as_str())) else { return Ok(()) };
    let message = format!("{} has no video written {}.", dataset.file_name, shell_word(&stray.written));
    let near = near(&stray.written, &written).map(|it| format!("Did you mean {}? ", shell_word(&it)));
    let file = dataset.place.as_ref().map_or(dataset.local.as_str(), |place| place.text.as_str());
    let hint = format!("{}See how each is written: samepath dataset {}", near.unwrap_or_default(), shell_word(file));
    Err(Error::new(ErrorCode::InvalidParameter, message).with_hint(hint))
}
