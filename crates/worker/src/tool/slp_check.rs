//! Which videos of a SLEAP project does this worker see?

use super::page;
use super::report::{ProjectSeen, Report, State};
use super::say::{one_line, say};
use crate::{CONTEXT_VARIABLE, Context};
use fs_err as fs;
use jiff::Timestamp;
use samepath_dataset::{DatasetError, Hints, Project, Whereabouts, find_videos_counting};
use samepath_wire::{PathValue, StoragePath};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

/// No report of ours is larger.
const LARGEST: u64 = 256 << 20;

/// Why there is no report. Missing videos are no error: they are what the report is for.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Not called as `slp-check LABELS OUTPUT_DIR`.
    #[error("slp-check takes a project and a folder for its report")]
    Usage,
    /// Not started by a worker.
    #[error("slp-check runs inside a job: {CONTEXT_VARIABLE} names no file")]
    NoContext,
    /// The guard's file about this attempt.
    #[error("the description of the job cannot be read")]
    Context(#[source] io::Error),
    /// The project.
    #[error("{error}")]
    Project {
        /// What is wrong with it.
        error: DatasetError,
    },
    /// The report could not be written.
    #[error("the report cannot be written to {}", folder.display())]
    Write {
        /// Where to.
        folder: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Nobody reads what is printed.
    #[error("the progress cannot be printed")]
    Print(#[from] io::Error),
}

impl CheckError {
    fn sentence(&self) -> String {
        let mut sentence = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            sentence.push_str(&format!(": {error}"));
            source = error.source();
        }
        sentence.push('.');
        if let Self::Project { error } = self
            && let Some(hint) = error.hint()
        {
            sentence.push(' ');
            sentence.push_str(&hint);
        }
        sentence
    }
}

pub(super) fn run(args: &[OsString]) -> ExitCode {
    let context = std::env::var_os(CONTEXT_VARIABLE);
    let mut out = io::stdout().lock();
    match checked(args, context.as_deref().map(Path::new), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(out, "openjd_fail: {}", one_line(&error.sentence()));
            ExitCode::FAILURE
        }
    }
}

fn checked(args: &[OsString], context: Option<&Path>, out: &mut impl Write) -> Result<(), CheckError> {
    let [labels, folder] = args else { return Err(CheckError::Usage) };
    let context = fs::read(context.ok_or(CheckError::NoContext)?).map_err(CheckError::Context)?;
    let context = serde_json::from_slice(&context).map_err(|error| CheckError::Context(error.into()))?;
    check(Path::new(labels), Path::new(folder), &context, Timestamp::now(), out)?;
    Ok(())
}

/// Checks the project at `labels` and writes `report.json` and `report.html` into `folder`, which exists: in the place of an
/// earlier report, and beside other files of these names. Progress, and one line a video, go to `out` as Open Job Description
/// wants them.
///
/// # Errors
/// See [`CheckError`].
pub fn check(
    labels: &Path,
    folder: &Path,
    context: &Context,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Report, CheckError> {
    let name = labels.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    say(out, "openjd_status", &format!("Reading {name}"))?;
    let project = Project::read(labels).map_err(|error| CheckError::Project { error })?;

    let total = project.videos.len();
    say(out, "openjd_status", &format!("Looking for {}", videos(total)))?;
    let storages = context.storages();
    let hints = Hints {
        chosen: context.job.videos.clone(),
        base_paths: context.job.base_paths.clone(),
        fleet_base_paths: context.base_paths.clone(),
        path_mappings: context.path_mappings.clone(),
        called: Some(context.worker.clone()),
    };
    let mut percent = 0;
    let mut printed = Ok(());
    let found = find_videos_counting(&project, labels, &storages, &hints, |done| {
        let now = done * 100 / total;
        if now > percent && printed.is_ok() {
            percent = now;
            printed = say(out, "openjd_progress", &now.to_string());
        }
    });
    printed?;
    for video in &found {
        writeln!(out, "{}", line(video))?;
    }

    let seen = ProjectSeen {
        local: labels.to_owned(),
        at: labels_at(context),
        worker: context.worker.clone(),
        checked_at: now,
        labelled_frames: project.labelled_frames,
        package: project.is_package,
    };
    let report = Report::new(seen, found);
    let wrong = |source| CheckError::Write { folder: folder.to_owned(), source };
    let json = serde_json::to_vec_pretty(&report).map_err(|error| wrong(error.into()))?;
    let (json_name, html_name) = names(folder);
    write_whole(folder, &json_name, &json).map_err(wrong)?;
    write_whole(folder, &html_name, page::page(&report, &json_name).as_bytes()).map_err(wrong)?;
    say(out, "openjd_progress", "100")?;
    say(out, "openjd_status", &report.sentence())?;
    Ok(report)
}

fn labels_at(context: &Context) -> Option<StoragePath> {
    let value = context.job.parameters.get("LABELS")?.clone();
    serde_json::from_value::<PathValue>(value).ok()?.storage_paths(&context.job).into_iter().next()
}

fn videos(count: usize) -> String {
    if count == 1 { "1 video".to_owned() } else { format!("{count} videos") }
}

fn line(video: &Whereabouts) -> String {
    let state = State::of(video);
    let place = match (&video.at, &video.local) {
        (Some(at), _) if video.found => format!(" -> {at}"),
        (None, Some(local)) if video.found => format!(" -> {}", local.display()),
        _ => String::new(),
    };
    let detail = video.detail.as_ref().map(|detail| format!("  ({detail})")).unwrap_or_default();
    one_line(&format!("{:<9} {}{place}{detail}", state.word(), video.written))
}

/// What the two files of the report are called: the first names at which nothing lies but an earlier report.
fn names(folder: &Path) -> (String, String) {
    let of = |stem: &str| (format!("{stem}.json"), format!("{stem}.html"));
    let is_free = |(json, html): &(String, String)| {
        is_free_or(&folder.join(json), Report::is_one) && is_free_or(&folder.join(html), page::is_one)
    };
    let first = of("report");
    if is_free(&first) {
        return first;
    }
    (2..).map(|number| of(&format!("report-{number}"))).find(is_free).unwrap_or(first)
}

/// Whether nothing is there, or a file that may be replaced.
fn is_free_or(path: &Path, is_ours: fn(&[u8]) -> bool) -> bool {
    let Ok(metadata) = path.symlink_metadata() else { return true };
    metadata.is_file() && metadata.len() <= LARGEST && fs::read(path).is_ok_and(|file| is_ours(&file))
}

/// Writes a file so that whoever looks sees the old one or the new one, never half of one.
fn write_whole(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}.{}", Uuid::new_v4()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&draft)?;
    let write = || {
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&draft, folder.join(name))
    };
    write().inspect_err(|_| drop(fs::remove_file(&draft)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let mut out = Vec::new();
        assert!(matches!(checked(&[], None, &mut out), Err(CheckError::Usage)));
        let args = ["labels.slp".into(), "results".into()];
        assert!(matches!(checked(&args, None, &mut out), Err(CheckError::NoContext)));
        let none = Path::new("no/such/context.json");
        let error = checked(&args, Some(none), &mut out).unwrap_err();
        assert!(error.sentence().contains("context.json"), "{}", error.sentence());
    }
}
