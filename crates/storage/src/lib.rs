//! Named storages: configuration, resolving, locating, health.

mod backend;
mod component;
mod config;
mod environment;
mod health;
pub mod helper;
mod locate;
mod look;
mod mounts;
mod platform;
mod probe;
mod resolve;
mod storages;

pub use backend::Backend;
pub use component::{Field, Refusal};
pub use config::{
    Action, BackendFields, Cause, Change, Config, ConfigError, ConfigFile, Entry, Origin, PathMapping, Place, Problem,
    Source, Suggestion, WorkerMount,
};
pub use environment::Environment;
pub use helper::answer;
pub use locate::{CanonicalBases, LocateError, Located, locate_here, split_below_root};
pub use look::Looked;
pub use platform::Platform;
pub use probe::{Probe, probe, probe_again};
pub use resolve::{Match, Purpose, ResolveError, Resolved};
pub use storages::Storages;
