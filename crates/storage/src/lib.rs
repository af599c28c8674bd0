//! Named storages: configuration, resolving, locating, health.

mod backend;
mod config;
mod environment;
mod platform;

pub use backend::Backend;
pub use config::{
    Action, BackendFields, Cause, Change, Config, ConfigError, ConfigFile, Entry, Origin, PathMapping, Place, Problem,
    Source, Suggestion, WorkerMount,
};
pub use environment::Environment;
pub use platform::Platform;
