use crate::bus::BusError;
use samepath_wire::{JobId, Refused, WorkerId};

/// Why something asked of a fleet was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// Nobody answers: the link is down, or nobody leads. It may have been done all the same.
    #[error("the queue does not answer: {doing} was given up after {seconds} s")]
    Unreachable {
        /// What was being done: "submitting the job".
        doing: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
        /// What went wrong last.
        #[source]
        source: BusError,
    },
    /// The matchmaker said no.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// No job has this id.
    #[error("there is no job {job}")]
    JobNotFound {
        /// The id asked for.
        job: JobId,
    },
    /// The worker is not online, or does not answer.
    #[error("worker {worker} does not answer")]
    WorkerAbsent {
        /// Its id.
        worker: WorkerId,
        /// What went wrong.
        #[source]
        source: BusError,
    },
    /// What came back cannot be read: programs of different versions, or a damaged history.
    #[error("{what} cannot be read")]
    Unreadable {
        /// What it was: "the answer to a claim".
        what: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The bus cannot do it, now or ever.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl FleetError {
    /// One of the documented codes.
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "fleet_unreachable",
            Self::Refused(refused) => &refused.code,
            Self::JobNotFound { .. } => "job_not_found",
            Self::WorkerAbsent { .. } => "no_worker",
            Self::Unreadable { .. } => "internal",
            Self::Bus(error) => error.code(),
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some("it may have been done all the same; asking again is safe".to_owned()),
            Self::JobNotFound { .. } => Some("`samepath jobs` lists the jobs there are".to_owned()),
            Self::WorkerAbsent { .. } => Some("`samepath workers` lists those that are online".to_owned()),
            Self::Unreadable { .. } => Some("update Samepath everywhere to the same version".to_owned()),
            Self::Bus(error) => error.hint(),
            Self::Refused(refused) if refused.code == "io" => {
                Some(
                    "nothing was recorded: mend that on the computer that keeps the jobs (a lab's: whoever looks after it), then ask again"
                        .to_owned(),
                )
            }
            Self::Refused(_) => None,
        }
    }

    /// Whether the same call may succeed soon with nothing changed by anybody.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::WorkerAbsent { .. } => true,
            Self::Bus(error) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether the same call may succeed some time: passing, or the disk of whoever keeps the records takes nothing now. For whoever has
    /// something to tell that must not be lost.
    pub fn may_pass(&self) -> bool {
        self.is_passing() || matches!(self, Self::Bus(BusError::DiskFull { .. } | BusError::Io { .. }))
    }
}
