use samepath_wire::{JobId, Refused};

/// Why something asked of a fleet was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// Nobody answers: the link is down, or no matchmaker leads.
    #[error("the fleet does not answer: {doing} was given up after {seconds} s")]
    Unreachable {
        /// What was being done: "submitting a job".
        doing: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
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
    /// The worker does not answer.
    #[error("worker {worker} does not answer")]
    WorkerAbsent {
        /// Its id.
        worker: String,
    },
    /// Larger than what a record may be.
    #[error("{what} is too large to be sent")]
    TooLarge {
        /// What it was: "the job".
        what: &'static str,
    },
    /// What came back cannot be read: programs of different versions, or a damaged store.
    #[error("{what} cannot be read")]
    Unreadable {
        /// What it was: "the answer to a claim".
        what: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl FleetError {
    /// One of the documented codes.
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "fleet_unreachable",
            Self::Refused(refused) => &refused.code,
            Self::JobNotFound { .. } => "job_not_found",
            Self::WorkerAbsent { .. } => "no_worker",
            Self::TooLarge { .. } => "invalid_parameter",
            Self::Unreadable { .. } => "internal",
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some("it may have been done all the same; asking again is safe".to_owned()),
            Self::JobNotFound { .. } => Some("`samepath jobs` lists the jobs of this fleet".to_owned()),
            Self::WorkerAbsent { .. } => Some("`samepath workers` lists those that are online".to_owned()),
            Self::TooLarge { .. } => Some("shorten its values, or put them into a file on the storage".to_owned()),
            Self::Unreadable { .. } => Some("update Samepath on both computers to the same version".to_owned()),
            Self::Refused(_) => None,
        }
    }
}
