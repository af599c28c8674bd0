//! Runs jobs: kinds, the guard, the daemon

mod context;
pub mod kinds;
pub mod prepare;
pub mod tool;

pub use context::{CONTEXT_VARIABLE, Context};
