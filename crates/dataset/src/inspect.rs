use crate::find::find_except;
use crate::{DatasetError, Hints, Project, Video, Whereabouts};
use jiff::Timestamp;
use samepath_storage::helper::{Helper, HelperError, reply};
use samepath_storage::{Backend, LocateError, Platform, Storages};
use samepath_wire::{BackendState, StoragePath};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a person sees of a project before a job is made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its storage path, or why it has none.
    pub at: Result<StoragePath, LocateError>,
    /// How many frames carry labels that a person made; none where the file does not say, or holds too many to count them.
    pub labelled_frames: Option<u64>,
    /// The most animals that a person labelled in one frame; none where the file does not say.
    pub animals: Option<u32>,
    /// Whether the frames of all videos are inside the file itself.
    pub is_package: bool,
    /// In the project's order.
    pub videos: Vec<Whereabouts>,
    /// Bytes of the file.
    pub size: u64,
    /// Modification time, where the system knows it.
    pub modified: Option<Timestamp>,
}

/// Why a project could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The project itself.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What it is on did not answer within the deadline.
    #[error("{} cannot be looked at: its storage is not answering", path.display())]
    NotAnswering {
        /// The project.
        path: PathBuf,
    },
    /// The helper process failed; nothing is known about the project.
    #[error("{} cannot be looked at: {detail}", path.display())]
    Helper {
        /// The project.
        path: PathBuf,
        /// What went wrong.
        detail: String,
    },
}

impl InspectError {
    /// For programs; also decides the exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dataset(error) => error.code(),
            Self::NotAnswering { .. } => "backend_unavailable",
            Self::Helper { .. } => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Dataset(error) => error.hint(),
            Self::NotAnswering { .. } => Some("Connect the storage, then try again.".to_owned()),
            Self::Helper { .. } => None,
        }
    }
}

/// How long a storage may take that is perhaps not needed at all.
const QUICK: Duration = Duration::from_millis(400);

/// How long it may take where a video is missing without it.
const SLOW: Duration = Duration::from_secs(1);

/// What the helper process is asked. It is asked twice: for the project, then for its videos, so that a dead storage that
/// only a video is on does not hide the project.
#[derive(Serialize, Deserialize)]
struct Question {
    backends: Vec<Backend>,
    platform: Platform,
    path: PathBuf,
    wanted: Wanted,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Project,
    Videos {
        hints: Hints,
        /// Storages that do not answer and are left alone.
        silent: Vec<String>,
    },
}

/// Reads a project and finds its videos, through the helper process: answers within about three times `deadline` even when
/// the project, or one of its videos, is on a storage that is dead, and does not wait for dead storages that it can do without.
///
/// # Errors
/// See [`InspectError`]. Videos that are not found are no error.
pub fn inspect(
    helper: &Helper,
    storages: &Storages,
    path: &Path,
    hints: &Hints,
    deadline: Duration,
) -> Result<Inspection, InspectError> {
    let at = helper.locate(storages, path, deadline).map(|located| located.at);
    if let Err(LocateError::NotAnswering { .. }) = at {
        return Err(InspectError::NotAnswering { path: path.to_owned() });
    }
    let question = |wanted| Question {
        backends: storages.iter().cloned().collect(),
        platform: storages.platform(),
        path: path.to_owned(),
        wanted,
    };
    let about = at.as_ref().map_or_else(|_| path.display().to_string(), |at| at.storage_backend.clone());
    let project: Project =
        helper.ask("inspect", &[about], &question(Wanted::Project), deadline).map_err(|error| failed(path, error))?;

    let videos = if project.videos.is_empty() {
        Vec::new()
    } else {
        let mut silent = silent(helper, storages, at.as_ref().ok(), deadline.min(QUICK));
        loop {
            let wanted = Wanted::Videos { hints: hints.clone(), silent: silent.clone() };
            // Not about the storages that the videos are on: stuck here, they would be left alone everywhere.
            let about = format!("videos of {}", path.display());
            let videos: Vec<Whereabouts> = match helper.ask("inspect", &[about], &question(wanted), deadline) {
                Ok(videos) => videos,
                Err(HelperError::NotAnswering { .. }) => break project.videos.iter().map(not_looked_for).collect(),
                Err(error) => return Err(failed(path, error)),
            };
            // A storage that is only slow is waited for where it may have what is missing.
            let missing = videos.iter().any(|video| !video.found);
            let slow = if missing { answering(helper, storages, &silent, deadline.min(SLOW)) } else { Vec::new() };
            if slow.is_empty() {
                break videos;
            }
            silent.retain(|name| !slow.contains(name));
        }
    };
    let Project { labelled_frames, animals, is_package, size, modified, .. } = project;
    Ok(Inspection { at, labelled_frames, animals, is_package, videos, size, modified })
}

fn failed(path: &Path, error: HelperError) -> InspectError {
    let path = path.to_owned();
    match error {
        HelperError::NotAnswering { .. } => InspectError::NotAnswering { path },
        HelperError::Refused(value) => match serde_json::from_value(value) {
            Ok(error) => InspectError::Dataset(error),
            Err(error) => InspectError::Helper { path, detail: error.to_string() },
        },
        HelperError::Failed { source } => InspectError::Helper { path, detail: source.to_string() },
    }
}

/// The storages that do not answer just now. The project's own just did.
fn silent(helper: &Helper, storages: &Storages, project_at: Option<&StoragePath>, deadline: Duration) -> Vec<String> {
    let own = project_at.map(|at| at.storage_backend.as_str());
    let others: Vec<String> = storages.names().into_iter().filter(|name| Some(name.as_str()) != own).collect();
    let answering = answering(helper, storages, &others, deadline);
    others.into_iter().filter(|name| !answering.contains(name)).collect()
}

/// Those of the storages with these names that answer.
fn answering(helper: &Helper, storages: &Storages, names: &[String], deadline: Duration) -> Vec<String> {
    let asked: Vec<&Backend> = storages.iter().filter(|backend| names.contains(&backend.name)).collect();
    let mut answering = Vec::new();
    for some in asked.chunks(16) {
        std::thread::scope(|scope| {
            let probes: Vec<_> =
                some.iter().map(|backend| (backend, scope.spawn(|| helper.probe(backend, deadline)))).collect();
            for (backend, probe) in probes {
                if matches!(probe.join(), Ok(probe) if probe.state != BackendState::NotAnswering) {
                    answering.push(backend.name.clone());
                }
            }
        });
    }
    answering
}

fn not_looked_for(video: &Video) -> Whereabouts {
    Whereabouts {
        detail: Some("Not looked for: a storage did not answer in time.".to_owned()),
        ..Whereabouts::unknown(video)
    }
}

/// Answers this crate's topics of the helper process, `inspect`; `None` for others.
///
/// Touches storages and may hang with them.
pub fn answer(topic: &str, question: Value) -> Option<Value> {
    if topic != "inspect" {
        return None;
    }
    let Question { backends, platform, path, wanted } = match serde_json::from_value(question) {
        Ok(question) => question,
        Err(error) => return Some(reply::<(), _>(&Err(error.to_string()))),
    };
    let project = Project::read(&path);
    Some(match wanted {
        Wanted::Project => reply(&project),
        Wanted::Videos { hints, silent } => {
            let storages = Storages::new(backends, platform);
            reply(&project.map(|project| find_except(&project, &path, &storages, &hints, &silent, |_| {})))
        }
    })
}
