use jiff::Timestamp;
use samepath_wire::{
    Claim, ClaimAnswer, Clear, Cleared, Confirm, ConfirmAnswer, Job, JobId, JobRecord, Kind, Places, Refused, Report,
    ReportAnswer, Worker, WorkerId,
};
use std::num::NonZeroU32;
use std::time::Duration;

/// The time at which an event happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed moment; never goes back. Deadlines are counted on it.
    pub clock: Duration,
    /// For people.
    pub wall: Timestamp,
}

/// How long the matchmaker waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For an assignment to be confirmed.
    pub confirm: Duration,
    /// For word of an attempt, before it is lost.
    pub lease: Duration,
    /// Before a claim that nothing fits is answered empty.
    pub claim: Duration,
    /// After it began to lead, or was asleep, for workers to say that they are there.
    pub grace: Duration,
    /// Between two events, before it must have been asleep itself.
    pub gap: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            confirm: Duration::from_secs(5),
            lease: Duration::from_secs(5 * 60),
            claim: Duration::from_secs(18),
            grace: Duration::from_secs(3),
            gap: Duration::from_secs(30),
        }
    }
}

/// By what a matchmaker goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// How long it waits.
    pub timing: Timing,
    /// How many jobs of one person may wait at a time; none: as many as they like.
    pub waiting: Option<u32>,
}

impl From<Timing> for Rules {
    fn from(timing: Timing) -> Self {
        Self { timing, ..Self::default() }
    }
}

/// Names a request that is waiting for its answer.
pub type Ticket = u64;

/// What people ask of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// End it, leaving it time to save.
    Stop,
    /// End it at once.
    Kill,
    /// Run it again.
    Retry,
}

/// What happens to the matchmaker.
#[derive(Debug, Clone)]
pub enum Event {
    /// A person submits a job.
    Submit {
        /// To be answered with [`Answer::Record`].
        ticket: Ticket,
        /// Who, as the bus vouches.
        member: String,
        /// Where that one's jobs may write and read, as the bus vouches.
        places: Option<Places>,
        /// How many jobs of that one's may run at a time, likewise.
        jobs_at_once: Option<NonZeroU32>,
        /// What.
        job: Box<Job>,
    },
    /// A person wants something of a job.
    Order {
        /// To be answered with [`Answer::Record`].
        ticket: Ticket,
        /// Who, as the bus vouches.
        member: String,
        /// Where jobs of that one may write and read by the lab's word.
        places: Option<Places>,
        /// How many jobs of that one's may run at a time, likewise.
        jobs_at_once: Option<NonZeroU32>,
        /// Which job.
        job: JobId,
        /// What.
        order: Order,
    },
    /// A person wants their jobs that ended long ago to be forgotten.
    Clear {
        /// To be answered with [`Answer::Cleared`].
        ticket: Ticket,
        /// Who, as the bus vouches: the jobs of others stay.
        member: String,
        /// How long ago.
        clear: Clear,
    },
    /// The lab lets a person in no more: what of theirs waits is cancelled, what runs goes on.
    CancelWaiting {
        /// To be answered with [`Answer::Cleared`].
        ticket: Ticket,
        /// Whose jobs.
        member: String,
    },
    /// A worker asks for work, or says what it holds.
    Claim {
        /// To be answered with [`Answer::Claim`].
        ticket: Ticket,
        /// Who, as the bus vouches.
        worker: WorkerId,
        /// What it says.
        claim: Claim,
    },
    /// A worker is about to start.
    Confirm {
        /// To be answered with [`Answer::Confirm`].
        ticket: Ticket,
        /// Who, as the bus vouches.
        worker: WorkerId,
        /// Which attempt.
        confirm: Confirm,
    },
    /// A worker tells of an attempt.
    Report {
        /// To be answered with [`Answer::Report`].
        ticket: Ticket,
        /// Who, as the bus vouches.
        worker: WorkerId,
        /// What it tells.
        report: Box<Report>,
    },
    /// Nobody waits for the answer any more.
    Abandoned {
        /// Of which request.
        ticket: Ticket,
    },
    /// A worker is online, and this is what it says of itself.
    WorkerSeen(Box<Worker>),
    /// A worker is online no longer. A hint about its attempts, never a proof.
    WorkerGone(WorkerId),
    /// The lab lets nobody of this name in any more: nothing will be heard of what it runs.
    WorkerPutOut(String),
    /// The lab lets a worker of this name in.
    WorkerLetIn(String),
    /// The definition of a kind.
    KindSeen(Box<Kind>),
    /// Time passes; about once a second.
    Tick,
}

/// What the matchmaker wants done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Write this record, if it is as this matchmaker left it.
    Write(Box<JobRecord>),
    /// Remove this job's record, and the logs of its attempts.
    Remove {
        /// Which job.
        job: JobId,
        /// How many attempts it had.
        attempts: u32,
    },
    /// Remove the definition of a kind.
    RemoveKind {
        /// Which one.
        digest: String,
    },
    /// Answer a request.
    Answer(Ticket, Answer),
    /// Somebody newer leads: stop.
    StepDown,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// How the job stands.
    Record(Box<JobRecord>),
    /// No.
    Refused(Refused),
    /// What is there, or waits, no longer.
    Cleared(Cleared),
    /// To a claim.
    Claim(Box<ClaimAnswer>),
    /// To a confirm.
    Confirm(ConfirmAnswer),
    /// To a report.
    Report(ReportAnswer),
}
