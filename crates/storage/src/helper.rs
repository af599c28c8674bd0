//! The helper process: whatever must live on touches storages only through it.

use crate::{Backend, LocateError, Located, Probe, Purpose, ResolveError, Resolved, Storages};
use samepath_wire::StoragePath;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long a storage may take to answer, unless somebody says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// The deadline passed, or an earlier question about the same storage is still without an answer.
    #[error("{} did not answer", .about.join(", "))]
    NotAnswering {
        /// What the question was about.
        about: Vec<String>,
    },
    /// The helper process could not be started, ended without an answer, or answered nonsense.
    #[error("the helper process failed")]
    Failed {
        /// How.
        #[source]
        source: std::io::Error,
    },
    /// It answered with an error, in the form that the topic defines.
    #[error("the question was answered with an error")]
    Refused(Value),
}

/// Asks questions about storages in processes of their own.
#[derive(Debug, Clone)]
pub struct Helper {
    program: PathBuf,
}

impl Helper {
    /// Questions will start `program helper`.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Asks one question and waits for its answer, for `deadline` at most.
    ///
    /// # Errors
    /// See [`HelperError`].
    pub fn ask<A: DeserializeOwned>(
        &self,
        topic: &str,
        about: &[String],
        question: &impl Serialize,
        deadline: Duration,
    ) -> Result<A, HelperError> {
        let _ = (&self.program, topic, about, serde_json::to_value(question), deadline);
        todo!()
    }

    /// How a storage is.
    pub fn probe(&self, backend: &Backend, deadline: Duration) -> Probe {
        todo!("{backend:?} {deadline:?}")
    }

    /// Where a local path is.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn locate(&self, storages: &Storages, path: &Path, deadline: Duration) -> Result<Located, LocateError> {
        todo!("{storages:?} {path:?} {deadline:?}")
    }

    /// The local path of a storage path.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn resolve(
        &self,
        storages: &Storages,
        at: &StoragePath,
        purpose: Purpose,
        deadline: Duration,
    ) -> Result<Resolved, ResolveError> {
        todo!("{storages:?} {at} {purpose:?} {deadline:?}")
    }
}

/// The child's side: reads one question from standard input, writes its answer to standard output.
///
/// `answer` gets topic and question and gives [`reply`]'s form of a `Result`.
pub fn serve(answer: impl Fn(&str, Value) -> Value) -> ExitCode {
    let _ = answer;
    todo!()
}

/// A result in the form in which it crosses to the parent.
pub fn reply<A: Serialize, E: Serialize>(result: &Result<A, E>) -> Value {
    serde_json::to_value(result).unwrap_or(Value::Null)
}

/// Answers this crate's own topics; `None` for others.
pub fn answer(topic: &str, question: Value) -> Option<Value> {
    todo!("{topic} {question}")
}
