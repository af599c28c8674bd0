//! Named storages: configuration, resolving, locating, health.

mod backend;
mod environment;
mod platform;

pub use backend::Backend;
pub use environment::Environment;
pub use platform::Platform;
