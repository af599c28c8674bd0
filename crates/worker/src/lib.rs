//! Runs jobs: kinds, the guard, the daemon

mod context;
pub mod kinds;
pub mod tool;

pub use context::{CONTEXT_VARIABLE, Context};
