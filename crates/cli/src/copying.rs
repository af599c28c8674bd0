//! Files of this computer copied onto a storage.

use crate::output::{Output, size};
use crate::storages::only;
use crate::workers::interrupted;
use crate::{Context, block_on};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use samepath_app::view::CopyView;
use samepath_app::{Error, ErrorCode};
use samepath_storage::helper::Stop;
use std::path::Path;
use std::process::ExitCode;

/// Copies them one after the other; Ctrl-C takes a half copy away.
pub(crate) fn run(context: &Context<'_>, files: &[String], to: Option<String>) -> Result<ExitCode, Error> {
    let Context { storages, output, .. } = context;
    let folder = match to {
        Some(folder) => folder,
        None => storages.view(&only(context, None, "Say where to: --to NAME:FOLDER, with NAME of")?)?.own_place,
    };
    let stop = Stop::default();
    let bar = bar(output);
    let (asked, shown) = (stop.clone(), bar.clone());
    let (storages, named) = (storages.clone(), files.to_vec());
    let copied = block_on(async {
        let copying = tokio::task::spawn_blocking(move || {
            let tell = |copy: CopyView| show(&shown, &named, &copy);
            storages.copy(&named, &folder, &asked, tell)
        });
        tokio::pin!(copying);
        let done = tokio::select! {
            done = &mut copying => done,
            () = interrupted() => {
                stop.wish();
                copying.await
            }
        };
        done.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?
    });
    bar.finish_and_clear();
    let copied = copied.map_err(|error| if stop.is_wished() { stopped(error) } else { error })?;
    if output.is_json() {
        output.document(&copied)?;
    } else {
        for copy in &copied {
            output.line(&copy.place.text)?;
            if copy.already {
                output.aside(&format!("{} was there already: the same file.", copy.place.text));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn stopped(error: Error) -> Error {
    Error { code: ErrorCode::Interrupted, ..error }
}

fn bar(output: &Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:24} {percent} % {eta}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, files: &[String], copy: &CopyView) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a file")]
    let (bytes, total) = (copy.bytes as u64, copy.total as u64);
    bar.set_length(total);
    bar.set_position(bytes);
    let file = files.get(copy.file as usize).map(Path::new).and_then(Path::file_name).unwrap_or_default();
    bar.set_message(format!("{} {}, {}", copy.step, file.to_string_lossy(), size(copy.total)));
}
