//! What a SLEAP project refers to, seen through storages.

mod bounded;
mod entry;
mod error;
mod find;
mod inspect;
mod place;
mod project;
mod quiet;
mod whereabouts;
mod written;

pub use error::{DatasetError, NotAFile};
pub use find::{find_videos, find_videos_counting};
pub use inspect::{InspectError, Inspection, answer, inspect};
pub use project::{MAX_JSON, MAX_VIDEOS, Project, Video};
pub use whereabouts::{Hints, How, Whereabouts};
