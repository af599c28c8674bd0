use crate::bounded::{BoundedFile, MAX_READ};
use crate::entry::{Entry, MAX_IMAGES, read_entry};
use crate::labelled::Labelled;
use crate::quiet;
use crate::{DatasetError, error::NotAFile};
use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::{Datatype, Hdf5File, OpenOptions, StringSize, VarLenKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Most videos that a project may name.
pub const MAX_VIDEOS: u64 = 100_000;
/// Most bytes of JSON, over all videos.
pub const MAX_JSON: usize = 64 << 20;

/// Names of a folder that are looked through for projects, and how many of these are told.
const MOST_NAMES: usize = 1000;
const MOST_PROJECTS: usize = 5;

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// What a `.slp` or `.pkg.slp` file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// In the project's order.
    pub videos: Vec<Video>,
    /// How many frames carry labels that a person made; none where the file does not say, or holds too many to count them.
    pub labelled_frames: Option<u64>,
    /// The most animals that a person labelled in one frame; none where the file does not say.
    #[serde(default)]
    pub animals: Option<u32>,
    /// Whether the frames of all videos are inside the file itself.
    pub is_package: bool,
    /// Bytes of the file.
    pub size: u64,
    /// Modification time of the file, where the system knows it.
    pub modified: Option<Timestamp>,
}

/// One video of a project, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// One path; or, of an image sequence, one for each image. Never empty: what cannot be read is one empty path.
    pub written: Vec<String>,
    /// Whether its frames are inside the project file.
    pub embedded: bool,
    /// Of a video in a package: what the frames were taken from.
    pub source_written: Option<Vec<String>>,
    /// Why the project's entry for this video could not be understood.
    pub problem: Option<String>,
}

impl Video {
    /// The path, or that of the first image.
    pub fn first_written(&self) -> &str {
        self.written.first().map_or("", String::as_str)
    }

    /// Whether it is a list of images.
    pub fn is_image_sequence(&self) -> bool {
        self.written.len() > 1
    }
}

impl Project {
    /// Reads a project's list of videos, and nothing of its frames.
    ///
    /// Reads where it must, at most a few hundred MiB of whatever size the file has; blocks as long as the storage does.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let (file, size, modified) = open(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // The parser is another's. What it should do on a damaged file is return an error; what it must not do is end us.
        let read = quiet::catch(|| read_hdf5(file, &name)).unwrap_or_else(|| {
            Err(Trouble::Hdf5(Hdf5Error::InvalidData("its structure contradicts itself".to_owned())))
        });
        let Content { videos, labelled } = read.map_err(|trouble| trouble.at(path))?;
        let is_package = !videos.is_empty() && videos.iter().all(|video| video.embedded);
        let Labelled { frames: labelled_frames, animals } = labelled;
        Ok(Self { videos, labelled_frames, animals, is_package, size, modified })
    }
}

fn open(path: &Path) -> Result<(File, u64, Option<Timestamp>), DatasetError> {
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory | std::io::ErrorKind::InvalidInput => {
            DatasetError::NotFound { path: path.to_owned() }
        }
        kind => DatasetError::Unreadable {
            path: path.to_owned(),
            reason: kind.to_string(),
            denied: kind == std::io::ErrorKind::PermissionDenied,
        },
    };
    // Looked at before it is opened: opening a pipe waits for somebody to write to it.
    let before = std::fs::metadata(path).map_err(refuse)?;
    if !before.is_file() {
        let (what, projects) =
            if before.is_dir() { (NotAFile::Folder, projects_in(path)) } else { (NotAFile::Special, Vec::new()) };
        return Err(DatasetError::NotAFile { path: path.to_owned(), what, projects });
    }
    let file = File::open(path).map_err(refuse)?;
    let metadata = file.metadata().map_err(refuse)?;
    if metadata.len() == 0 {
        return Err(DatasetError::Empty { path: path.to_owned() });
    }
    Ok((file, metadata.len(), metadata.modified().ok().and_then(|time| time.try_into().ok())))
}

/// Names of some projects in a folder, sorted.
fn projects_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(MOST_NAMES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_project =
        |name: &String| Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("slp"));
    let mut projects: Vec<String> = names.filter(is_project).collect();
    projects.sort_unstable();
    projects.truncate(MOST_PROJECTS);
    projects
}

enum Trouble {
    NotHdf5,
    NotAProject,
    TooLarge(String),
    Hdf5(Hdf5Error),
}

impl From<Hdf5Error> for Trouble {
    fn from(error: Hdf5Error) -> Self {
        Self::Hdf5(error)
    }
}

impl Trouble {
    fn at(self, path: &Path) -> DatasetError {
        let path = path.to_owned();
        match self {
            Self::NotHdf5 => {
                let mut projects = path.parent().map(projects_in).unwrap_or_default();
                projects.retain(|name| path.file_name().is_none_or(|refused| refused != name.as_str()));
                DatasetError::NotHdf5 { path, projects }
            }
            Self::NotAProject => DatasetError::NotAProject { path },
            Self::TooLarge(detail) => DatasetError::TooLarge { path, detail },
            Self::Hdf5(error) => match root(error) {
                Hdf5Error::ResourceLimit(detail) => DatasetError::TooLarge { path, detail },
                Hdf5Error::Io(error) => DatasetError::Unreadable {
                    path,
                    reason: error.kind().to_string(),
                    denied: error.kind() == std::io::ErrorKind::PermissionDenied,
                },
                error => DatasetError::Damaged { path, detail: error.to_string() },
            },
        }
    }
}

fn root(error: Hdf5Error) -> Hdf5Error {
    match error {
        Hdf5Error::Context { source, .. } => root(*source),
        error => error,
    }
}

/// What the file holds.
struct Content {
    videos: Vec<Video>,
    labelled: Labelled,
}

fn read_hdf5(file: File, project_name: &str) -> Result<Content, Trouble> {
    let storage = Arc::new(BoundedFile::new(file)?);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(MAX_READ)
        .with_max_read_bytes(MAX_READ)
        .with_max_object_header_bytes(8 << 20);
    let file = Hdf5File::from_storage_with_options(storage, options).map_err(|error| match root(error) {
        Hdf5Error::InvalidMagic => Trouble::NotHdf5,
        // Too short to hold even the signature.
        Hdf5Error::UnexpectedEof { offset: 0, available, .. } if available < SIGNATURE.len() as u64 => Trouble::NotHdf5,
        error => error.into(),
    })?;
    let videos = match file.dataset("/videos_json") {
        Ok(dataset) => dataset,
        Err(error) => {
            return Err(match root(error) {
                Hdf5Error::DatasetNotFound(_) => Trouble::NotAProject,
                error => error.into(),
            });
        }
    };
    let entries = read_texts(&videos)?;
    let mut videos = Vec::with_capacity(entries.len());
    let (mut sources_left, mut images_left) = (MAX_JSON, MAX_IMAGES);
    for json in entries {
        let video = match read_entry(&json) {
            Ok(entry) => video(entry, &file, project_name, &mut sources_left),
            Err(problem) => Video { written: vec![String::new()], problem: Some(problem), ..Video::default() },
        };
        let images = video.written.len() + video.source_written.as_ref().map_or(0, Vec::len);
        images_left = images_left
            .checked_sub(images)
            .ok_or_else(|| Trouble::TooLarge(format!("its videos have more than {MAX_IMAGES} images")))?;
        videos.push(video);
    }
    Ok(Content { videos, labelled: Labelled::of(&file) })
}

fn video(entry: Entry, file: &Hdf5File, project_name: &str, sources_left: &mut usize) -> Video {
    let first = entry.files.first().map_or("", String::as_str);
    let base_name = first.rsplit(['/', '\\']).next().unwrap_or_default();
    let names_itself = first == "." || base_name == project_name || base_name.ends_with(".slp");
    let embedded = match &entry.dataset {
        Some(dataset) if names_itself => file.dataset(dataset).is_ok(),
        _ => false,
    };
    let problem = (first == "." && !embedded)
        .then(|| "the project says that the frames are inside it, but they are not".to_owned());
    let source_written = if embedded {
        entry.source.or_else(|| source_in_file(file, entry.dataset.as_deref()?, sources_left))
    } else {
        None
    };
    Video { written: entry.files, embedded, source_written, problem }
}

/// Older packages keep the source beside the frames: `video0/source_video` for `video0/video`, in the attribute `json`.
fn source_in_file(file: &Hdf5File, dataset: &str, left: &mut usize) -> Option<Vec<String>> {
    let (folder, _) = dataset.rsplit_once('/')?;
    if *left == 0 {
        return None;
    }
    let json = file.group(&format!("{folder}/source_video")).ok()?.attribute("json").ok()?.read_string().ok()?;
    *left = left.saturating_sub(json.len());
    read_entry(json.as_bytes()).ok().map(|entry| entry.files)
}

/// The strings of a dataset, one after the other: strings of variable length may all refer to one huge object.
fn read_texts(dataset: &hdf5_reader::Dataset) -> Result<Vec<Vec<u8>>, Trouble> {
    let count = dataset.num_elements()?;
    if count > MAX_VIDEOS {
        return Err(Trouble::TooLarge(format!("{count} videos; {MAX_VIDEOS} are the most")));
    }
    let fixed = match dataset.dtype() {
        Datatype::String { size: StringSize::Fixed(width), .. } => Some(*width as usize),
        Datatype::String { size: StringSize::Variable, .. } => None,
        Datatype::VarLen { base, kind: VarLenKind::String, .. } if base.is_vlen_string_base() => None,
        _ => return Err(Hdf5Error::InvalidData("its list of videos is not text".to_owned()).into()),
    };
    let too_much = || Trouble::TooLarge(format!("its list of videos is larger than {} MiB", MAX_JSON >> 20));
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = usize::try_from(count).map_err(|_| too_much())?;
    let width = fixed.unwrap_or_else(|| dataset.vlen_reference_size());
    if width == 0 || count.checked_mul(width).is_none_or(|bytes| bytes > MAX_JSON) {
        return Err(too_much());
    }
    let raw = dataset.read_raw_bytes()?;
    if raw.len() < count * width {
        return Err(Hdf5Error::InvalidData("its list of videos ends too early".to_owned()).into());
    }
    let mut texts = Vec::with_capacity(count);
    let mut total = 0;
    for element in raw.chunks_exact(width).take(count) {
        let mut text =
            if fixed.is_some() { element.to_vec() } else { dataset.resolve_vlen_reference_bytes(element, 1)? };
        if let Some(end) = text.iter().position(|byte| *byte == 0) {
            text.truncate(end);
        }
        total += text.len();
        if total > MAX_JSON {
            return Err(too_much());
        }
        texts.push(text);
    }
    Ok(texts)
}
