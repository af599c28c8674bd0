//! What a SLEAP project refers to, seen through storages.

mod bounded;
mod entry;
mod error;
mod project;
mod quiet;
mod whereabouts;
mod written;

pub use error::{DatasetError, NotAFile};
pub use project::{MAX_JSON, MAX_VIDEOS, Project, Video};
pub use whereabouts::{Hints, How, Whereabouts};
