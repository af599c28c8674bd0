//! What the command line and the window do alike.
//!
//! Storages with their health, datasets seen through them, drafts that become jobs, the sentence that says whether a job can
//! run, jobs and workers as people see them. The shapes are in [`view`]; the words are made here, once.
//!
//! What is deliberately not here: a window system, a terminal, the process's environment. Both programs pass in what they read.
//! Nothing here touches a storage in this process: that is asked of a helper process with a deadline, because a dead mount never
//! answers.

mod app;
mod error;
mod jobs;
mod paths;
mod places;
pub mod view;

pub use app::{App, LogStream, Updates};
pub use error::{Error, ErrorCode};
pub use places::{Options, data_dir};
