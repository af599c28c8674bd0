use crate::guard::why;
use samepath_fleet::FleetError;
use samepath_wire::HERE;
use std::io;
use std::path::PathBuf;

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
    #[error("a worker named {name} runs already on {HERE}")]
    Running {
        /// Of both.
        name: String,
    },
    /// This worker runs already, elsewhere: its folder was copied.
    #[error(
        "this worker runs already, as {name} on {host}: its folder {folder} was copied from there, or that one from here"
    )]
    Twin {
        /// The other's name.
        name: String,
        /// The other's computer.
        host: String,
        /// This one's folder.
        folder: PathBuf,
    },
    /// The worker that this computer joined the lab as runs already.
    #[error("{HERE}'s worker runs already in the lab: {name}, on {host}")]
    Joined {
        /// The other's name.
        name: String,
        /// The other's computer.
        host: String,
    },
    /// A worker of this computer is there in another form: where it runs a GPU would be given two jobs, and where it left a job nobody
    /// would look after that.
    #[error(
        "{name} of {HERE}, which is {}, {}",
        if *gpus { "for one GPU" } else { "for all of it" },
        if *runs { "runs already" } else { "still runs a job" }
    )]
    OtherForm {
        /// The other.
        name: String,
        /// Whether that is for one GPU alone.
        gpus: bool,
        /// Whether it runs itself, and not only what it left.
        runs: bool,
    },
    /// The lab knows this computer as a member's.
    #[error("{HERE} has joined the lab as a member, not as a worker")]
    Member,
    /// Its state cannot be read or written.
    #[error("{} of the worker cannot be used: {}", path.display(), why(source))]
    State {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The fleet is gone for good.
    #[error("the worker lost its queue")]
    Fleet(#[from] FleetError),
}

impl WorkerError {
    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "invalid_parameter",
            Self::Running { .. } | Self::Twin { .. } | Self::Joined { .. } | Self::OtherForm { .. } => "already_exists",
            Self::Member => "fleet_unreachable",
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
            Self::Twin { folder, .. } => Some(format!(
                "Remove {}, so that this one becomes a worker of its own; the jobs in it are the other's.",
                folder.display()
            )),
            Self::Joined { .. } => Some(format!(
                "If that is {HERE}: whoever joined is one worker, whatever it is called; one for each GPU is samepath worker --gpus. \
                 If it is another: what this one joined with was copied. Run samepath leave here, and join with an invitation of its own."
            )),
            Self::OtherForm { gpus, runs: false, .. } => Some(format!(
                "Start it as it was before, until the job has ended: samepath worker{}. With samepath worker drain it takes no other.",
                if *gpus { " --gpus …" } else { ", without --gpus" }
            )),
            Self::OtherForm { gpus, runs: true, .. } => Some(format!(
                "End that first: beside {} this one would be given jobs for the same GPU.",
                if *gpus { "workers for single GPUs" } else { "it" }
            )),
            Self::Member => {
                Some("Ask whoever looks after the lab for a worker's invitation, then: samepath join INVITATION".into())
            }
            Self::State { path, source } => match samepath_storage::Cause::of_writing(source) {
                kind if kind.is_room() => Some(kind.mend(&path.display().to_string())),
                _ => Some("The folder must be on a local disk that can be written, and belong to you.".into()),
            },
            Self::Fleet(_) => None,
        }
    }
}
