//! Named storages: configuration, resolving, locating, health.
//!
//! The same lab storage is mounted elsewhere on every computer. Here it has one name, so that a file has one reference:
//!
//! ```
//! use samepath_storage::{Backend, CanonicalBases, Platform, Storages};
//! use samepath_wire::StoragePath;
//!
//! let vast = Backend {
//!     name: "vast".into(),
//!     base_path: "/mnt/vast".into(),
//!     kind: None,
//!     description: None,
//!     user_subdir: "amick".into(),
//!     subpath: String::new(),
//! };
//! let storages = Storages::new(vec![vast], Platform::Linux);
//! let at = StoragePath::new("vast", "amick", "project/labels.slp");
//!
//! let path = storages.join(&at).unwrap();
//! assert_eq!(path.to_str(), Some("/mnt/vast/amick/project/labels.slp"));
//!
//! let bases = CanonicalBases::as_configured(&storages);
//! assert_eq!(storages.locate(&path, &bases), Ok(at));
//! ```
//!
//! [`Storages::join`], [`Storages::locate`] and [`Storages::parse`] are pure. [`Storages::resolve`] walks the real file
//! system and promises that what it finds lies on the storage, whatever links say. It is no sandbox: a path that is opened
//! later may lead elsewhere by then, which is what [`Storages::open`] is for, and a hard link is where it is.
//!
//! The hard case is a storage that does not answer: whoever touches it waits for ever. Loading a configuration touches none;
//! [`helper`] is how everything that must live on asks about them.
//!
//! What this crate must never know: an async runtime, the network, the process's environment (see [`Environment`]), and
//! what is in the files.

mod alike;
mod backend;
mod cause;
mod component;
mod config;
mod confined;
mod copy;
mod environment;
mod foreign;
mod found;
mod health;
pub mod helper;
mod json_file;
mod locate;
mod lock;
mod look;
mod marker;
mod mounts;
mod platform;
mod probe;
mod proof;
mod resolve;
mod rights;
mod shell;
mod sighting;
mod sightings;
mod storages;
mod suggest;
mod trial;
mod written;

pub use backend::Backend;
pub use cause::Cause;
pub use component::{Field, Refusal};
pub use config::{
    Action, BackendFields, Change, Config, ConfigError, ConfigFile, Entry, FileState, Origin, PathMapping, Place,
    Problem, Remark, Source, SpokenFor, Undo, WorkerMount, Written, near,
};
pub use copy::{Copied, CopyError, CopyFailure, CopyProgress, CopyStep, CopyWatch};
pub use environment::Environment;
pub use foreign::{Elsewhere, Foreign, near_base_path, path_of_url};
pub use found::{Counted, FoundSettings};
pub use helper::answer;
pub use json_file::{read_json, write_json, write_whole};
pub use locate::{CanonicalBases, LocateError, Located, Nesting, Overlap, locate_here, named, split_below_root};
pub use lock::is_locked;
pub use look::Looked;
pub use marker::{Damage, MarkError, Marked, MarksAround};
pub use platform::Platform;
pub use probe::{Glance, Probe, probe, probe_again};
pub use proof::ProofKey;
pub use resolve::{Match, Purpose, ResolveError, Resolved};
pub use shell::shell_word;
pub use sighting::Sighting;
pub use sightings::Sightings;
pub use storages::Storages;
pub use suggest::{
    Hint, Suggestion, address_of_share, is_network_file_system, is_own_folder, mount_root, own_part, part_of_share,
    same_share, share_at, share_of, shares_in, size_here, suggest_here,
};
pub use trial::{Trial, Tried, try_writing};
pub use written::{WrittenPath, WrittenRoot, nfc};
