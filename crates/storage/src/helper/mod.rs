//! The helper process: whatever must live on touches storages only through it.
//!
//! A dead file server blocks whoever looks at its files, for ever, and not even killing helps. So each question about a
//! storage is asked in another process, `program helper`, that gets the question as a line of JSON on its standard input and
//! answers with one on its standard output. One that does not answer within the deadline is left behind, and stands for its storage:
//! until it returns, every further question about that storage is answered at once with
//! [`HelperError::NotAnswering`]. So no storage ever holds more than one. Questions about one storage are asked one after
//! the other; questions about different ones do not wait for one another.
//!
//! One left behind for longer than [`LEFT_BEHIND`] is killed when next somebody asks, since it may hang for a reason of its
//! own. On Linux those that are left end with this process, as soon as the system lets them.
//!
//! Where somebody waits, starting the process would be most of the wait: [`Helper::keep_ready`] has some started ahead, which wait
//! for the next question when they have answered. A copy never takes one of these.
//!
//! A copy takes as long as it takes. Its helper tells how far it is, a line at a time, and is asked to stop by the end of its
//! standard input, so that it stops and tidies up also when this process dies: see [`Helper::copy`].
//!
//! The program's side is [`serve`]:
//!
//! ```no_run
//! use samepath_storage::helper;
//! # fn main() -> std::process::ExitCode {
//! helper::serve(|topic, question| helper::answer(topic, question).unwrap_or_else(|| helper::unknown(topic)))
//! # }
//! ```

mod child;
mod configuration;
mod error;
mod following;
mod fronts;
mod identity;
mod process;
mod spare;
mod turns;

pub use child::{answer, reply, serve, unknown};
pub use configuration::cannot_be_silent;
pub(crate) use error::HELPER_MEND;
pub use error::HelperError;
pub use following::Stop;

use crate::Sighting;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spare::Spares;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use turns::Turns;

/// How long a storage may take to answer, unless somebody says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// How long a helper that does not answer is left alone before it is killed.
pub const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// Neither questions nor answers are longer than this many bytes, the end of the line included.
const LONGEST: usize = 16 << 20;

/// Asks questions about storages in processes of their own. Clones share what is known of stuck ones; one per process.
#[derive(Debug, Clone)]
pub struct Helper {
    program: PathBuf,
    turns: Arc<Turns>,
    spares: Arc<Spares>,
    /// How storages were seen, by name and base path.
    seen: Arc<Mutex<HashMap<(String, PathBuf), Sighting>>>,
}

impl Helper {
    /// Questions will start `program helper`.
    pub fn new(program: PathBuf) -> Self {
        Self { program, turns: Arc::default(), spares: Arc::default(), seen: Arc::default() }
    }

    /// From now on helpers are started ahead, and wait: for a program that stays, and in which somebody waits for answers. They
    /// end with it, or with the last clone of this.
    pub fn keep_ready(&self) {
        self.spares.keep(&self.program);
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<(String, PathBuf), Sighting>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks one question and waits for its answer: for its turn, if others are asking about the same storages, and then for
    /// `deadline` at most. Blocks the calling thread.
    ///
    /// `about` names the storages that the question touches; empty if it touches none.
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
        self.ask_in_turn(topic, about, question, deadline, None)
    }

    /// Like [`Helper::ask`], waiting for its turn for `patience` at most.
    fn ask_in_turn<A: DeserializeOwned>(
        &self,
        topic: &str,
        about: &[String],
        question: &impl Serialize,
        deadline: Duration,
        patience: Option<Duration>,
    ) -> Result<A, HelperError> {
        let mut question = serde_json::to_vec(&child::Question { topic, question }).map_err(HelperError::nonsense)?;
        question.push(b'\n');
        if question.len() > LONGEST {
            return Err(HelperError::failed("the question is too long"));
        }
        let turn =
            self.turns.take(about, patience).ok_or_else(|| HelperError::NotAnswering { about: about.to_vec() })?;
        let answer = process::ask(&self.program, &self.spares, question, deadline, turn)?
            .ok_or_else(|| HelperError::NotAnswering { about: about.to_vec() })?;
        match serde_json::from_slice::<Result<Value, Value>>(&answer).map_err(HelperError::nonsense)? {
            Ok(answer) => serde_json::from_value(answer).map_err(HelperError::nonsense),
            Err(error) => Err(HelperError::Refused(error)),
        }
    }
}
