//! What the command line and the window do alike.
//!
//! Storages with their health, datasets seen through them, drafts that become jobs, the sentence that says whether a job can
//! run, jobs and workers as people see them. The shapes are in [`view`]; the words are made here, once.
//!
//! What is deliberately not here: a window system, a terminal, the process's environment. Both programs pass in what they read.
//! Nothing here touches a storage in this process: that is asked of a helper process with a deadline, because a dead mount never
//! answers.

mod again;
mod alike;
mod app;
mod base_paths;
#[cfg(target_os = "linux")]
mod beside;
mod board;
mod copying;
mod dataset;
mod dialogs;
mod directory;
pub mod doctor;
mod draft;
mod error;
mod import;
pub mod instance;
mod jobs;
mod kept;
mod kinds;
mod lab;
mod letters;
mod log;
mod membership;
mod metrics;
mod notices;
mod pace;
mod paths;
mod places;
mod placing;
mod pretend;
mod programs;
mod proofs;
mod readiness;
mod results_there;
pub mod same_storage;
mod sameness;
mod setup;
mod size;
mod sleap;
mod storages;
pub mod view;
mod watching;
mod workers;

pub use app::App;
pub use base_paths::BasePaths;
pub use board::Updates;
pub use error::{Error, ErrorCode};
pub use lab::{Lab, LabStorage, workers_words};
pub use letters::turns;
pub use log::LogStream;
pub use membership::Left;
pub use metrics::MetricsStream;
pub use notices::{Notice, Notices};
pub use places::{Options, data_dir};
pub use pretend::PretendLab;
pub use samepath_fleet::lab::LOG_FILTER;
pub use size::size;
pub use storages::{LocalStorages, unquoted};
