//! The messages of Samepath: plain data and nothing else.
//!
//! Everything that crosses from one program to another is here: storage paths, jobs and their records, what a worker
//! advertises, the requests of clients and workers, log lines. Changes are additive: a reader ignores the keys that it does
//! not know, a key that came later has a default, and `tests/golden/` holds one file per message that must go on being read.
//!
//! What is deliberately not here: rules. Which path is safe is `samepath-storage`'s business, which worker fits a job is
//! `samepath-fleet`'s. This crate never touches a file, a socket, a clock or the environment.

mod address;
mod gpu;
mod here;
mod job;
mod kind;
mod log;
mod message;
mod metrics;
mod places;
mod reason;
mod record;
mod worker;

pub use address::{StoragePath, is_storage_name};
pub use gpu::{Gpu, GpuUse, gibibytes};
pub use here::{HERE, HERE_FIRST};
pub use job::{Access, DEFAULT_BACKEND, InputSeen, Job, JobId, PathValue, StorageNeed, VideoChoice};
pub use kind::{Kind, Parameter, ParameterType};
pub use log::{LogLine, Stream};
pub use message::{
    Assignment, AttemptRef, CheckPaths, Checked, Claim, ClaimAnswer, Clear, Cleared, Confirm, ConfirmAnswer, Drain,
    Drained, JobRequest, PathSeen, ProofAsked, Refused, Report, ReportAnswer, ReportEvent, Seen, Submit,
};
pub use metrics::Metrics;
pub use places::{Doing, Places};
pub use reason::{Fit, Reason};
pub use record::{
    Attempt, AttemptEnd, AttemptState, Cause, Exclusion, Failure, JobRecord, JobState, Manifest, ManifestEntry,
    Progress, StateChange, StopMode, StopRequest,
};
pub use worker::{BackendAdvert, BackendState, KindAdvert, KindUnavailable, Worker, WorkerId};
