//! What a SLEAP project refers to, seen through storages.
//!
//! A `.slp` names its videos by the absolute paths of whoever labelled them. This crate reads that list, and nothing of the
//! frames, and says for each video where it is on this computer:
//!
//! ```no_run
//! use samepath_dataset::{Hints, Project, find_videos};
//! use samepath_storage::{Platform, Storages};
//! use std::path::Path;
//!
//! # fn example(backends: Vec<samepath_storage::Backend>) -> Result<(), samepath_dataset::DatasetError> {
//! let path = Path::new("/mnt/vast/amick/maze/labels.slp");
//! let project = Project::read(path)?;
//! let base_paths = [("vast".to_owned(), vec!["/Volumes/talmo".to_owned()])].into();
//! let hints = Hints { base_paths, ..Hints::default() };
//! for video in find_videos(&project, path, &Storages::new(backends, Platform::current()), &hints) {
//!     println!("{} {}", video.written, video.how.words()); // /Volumes/talmo/amick/maze/cam0.mp4 through the storage
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Two hard cases. A wrong video is worse than none: what has two answers, or is the answer for two videos, is *ambiguous*,
//! never a guess. And a file is not to be trusted: it is read in pieces and within limits, whatever it claims to hold; where
//! it contradicts itself there is an error. Both may wait for ever on a dead storage, so whatever must live on uses
//! [`inspect`], which asks the helper process.
//!
//! What this crate must never know: jobs, workers, the fleet, a window. It never writes.

mod bounded;
mod change;
mod entry;
mod error;
mod find;
mod inspect;
mod labelled;
mod place;
mod project;
mod quiet;
mod whereabouts;

pub use change::same_change;
pub use error::{DatasetError, NotAFile};
pub use find::{find_images, find_videos, find_videos_counting};
pub use inspect::{InspectError, Inspection, answer, inspect};
pub use project::{MAX_JSON, MAX_VIDEOS, Project, Video};
pub use whereabouts::{Hints, How, Located, Whereabouts};
