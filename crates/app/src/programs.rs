//! The programs that job types run, as this computer has them.

use crate::view::ProgramView;
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_storage::helper::{DEADLINE, HelperError};
use samepath_storage::{Change, near};
use samepath_worker::kinds::{
    Choice, Choices, FoundProgram, Looking, Program, ProgramMissing, Survey, Surveyed, places,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For a look at this computer that has no deadline of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What helps where a folder of `PATH` does not answer.
pub(crate) const DEAD_FOLDER: &str =
    "Connect the storage that a folder of it lies on, or take that folder out of PATH.";

impl LocalStorages {
    /// Where job types and programs are looked for on this computer; `kinds` as for a worker.
    pub(crate) fn looking(&self, options: &Options, kinds: Option<PathBuf>) -> Looking {
        let chosen = self.config().programs.iter().map(|(name, path)| (name.clone(), Choice::from(path))).collect();
        Looking { kinds_dir: options.kinds_dir(kinds), home: options.environment.home.clone(), chosen }
    }

    /// Every program that a job type of this computer runs, or that the configuration names, in order of name: where it is. The
    /// lab's own job types are those in `kinds`, as for a worker. Blocks for some seconds at most.
    ///
    /// # Errors
    /// `io` where a folder that may hold them does not answer.
    pub fn programs(&self, options: &Options, kinds: Option<PathBuf>) -> Result<Vec<ProgramView>, Error> {
        let looking = self.looking(options, kinds);
        let found = looking.programs(self.helper(), PATIENCE).map_err(unasked)?;
        let view = |(name, found): (String, Result<FoundProgram, ProgramMissing>)| ProgramView {
            configured: match looking.chosen.get(&name) {
                Some(Choice::File(path)) => Some(path.display().to_string()),
                _ => None,
            },
            found: found.as_ref().ok().map(|found| found.path.display().to_string()),
            version: found.as_ref().ok().and_then(|found| found.version.clone()),
            problem: found.err().map(|missing| missing.whole()),
            name,
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// What to know of a name that no job type of this computer runs a program of, with the one that was meant where one is nearly called
    /// so; none where some do. Blocks for some seconds at most.
    ///
    /// # Errors
    /// As [`LocalStorages::programs`].
    pub fn nobody_runs(&self, options: &Options, name: &str) -> Result<Option<String>, Error> {
        let looking = Looking { chosen: Choices::new(), ..self.looking(options, None) };
        let run = looking.programs(self.helper(), PATIENCE).map_err(unasked)?;
        let names: Vec<&str> = run.keys().map(String::as_str).collect();
        if names.contains(&name) {
            return Ok(None);
        }
        Ok(Some(match near(name, &names) {
            Some(meant) => format!(
                "No job type here runs {name}. If {meant} is meant: samepath program remove {name}, then set that"
            ),
            None => format!("No job type here runs {name}. What they run: samepath program list"),
        }))
    }

    /// Whether a folder that was named answers: of job types, of the program's own data. Blocks for some seconds at most.
    ///
    /// # Errors
    /// `io` where it does not.
    pub fn answers(&self, folder: &Path) -> Result<(), Error> {
        self.helper().answers(folder, DEADLINE).map_err(|error| {
            let message = match error {
                HelperError::NotAnswering { .. } => format!("{} does not answer.", folder.display()),
                other => format!("{} cannot be looked at: {other}.", folder.display()),
            };
            Error::new(ErrorCode::Io, message).with_hint("Connect the storage that it lies on, then try again.")
        })
    }

    /// The first file of this name along `PATH`. Blocks for some seconds at most.
    ///
    /// # Errors
    /// `io` where a folder of it does not answer.
    pub fn program(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        let found = places(self.helper(), name, PATIENCE).map_err(|error| {
            Error::new(ErrorCode::Io, format!("{name} cannot be looked for along PATH: {error}."))
                .with_hint(DEAD_FOLDER)
        })?;
        Ok(found.into_iter().next())
    }

    /// Why a program cannot be said to be elsewhere that job types of this computer name by its whole path; none where no job type
    /// does. Blocks for some seconds at most.
    ///
    /// # Errors
    /// As [`LocalStorages::programs`].
    pub fn names_whole(&self, options: &Options, path: &str) -> Result<Option<Error>, Error> {
        let looking = self.looking(options, None);
        let survey = Survey::ask(self.helper(), &looking, PATIENCE).map_err(unasked)?;
        let is_it = |kind: &&Surveyed| match &kind.program {
            Ok(Program::File(file)) => file.to_str() == Some(path),
            Err(missing) => missing.command() == path,
            Ok(_) => false,
        };
        let kinds: Vec<&str> = survey.kinds.iter().filter(is_it).map(|kind| kind.kind.name.as_str()).collect();
        let (Some(folder), false) = (looking.kinds_dir, kinds.is_empty()) else { return Ok(None) };
        let message = format!(
            "{path} is named whole by the template of {} in {}: what is written there is what runs.",
            kinds.join(" and of "),
            folder.display()
        );
        Ok(Some(Error::new(ErrorCode::InvalidParameter, message).with_hint(
            "Write another path there; or a name alone, and say where it is: samepath program set NAME FILE",
        )))
    }

    /// Says which file is meant where a job type names a program: a local path. It need not be there now; whether it is, is told
    /// by [`LocalStorages::programs`].
    ///
    /// # Errors
    /// `invalid_parameter` for an empty path and for a folder, `config_invalid`, `config_changed`, `io`.
    pub fn set_program(&self, name: &str, path: &str) -> Result<(), Error> {
        // Home stays written as `~`: the file may be shared by several computers.
        let path = if path.starts_with('~') {
            path.to_owned()
        } else {
            let file = self.absolute_only(path)?;
            self.answers(&file)?;
            if file.is_dir() {
                let message = format!("{} is a folder, not a program.", file.display());
                return Err(Error::new(ErrorCode::InvalidParameter, message)
                    .with_hint(format!("Give the file in it: samepath program set {name} {}/{name}", file.display())));
            }
            file.display().to_string()
        };
        self.apply(&Change::Program { name: name.to_owned(), path: Some(path) })
    }

    /// Has a program looked for in the usual places again. Whether the configuration named it.
    ///
    /// # Errors
    /// `config_invalid`, `config_changed`, `io`.
    pub fn forget_program(&self, name: &str) -> Result<bool, Error> {
        let named = self.config().programs.contains_key(name);
        self.apply(&Change::Program { name: name.to_owned(), path: None })?;
        Ok(named)
    }
}

fn unasked(error: HelperError) -> Error {
    let message = match error {
        HelperError::NotAnswering { .. } => "The folders of programs do not answer.".to_owned(),
        other => format!("Programs cannot be looked for: {other}."),
    };
    Error::new(ErrorCode::Io, message).with_hint("Connect the storage that they lie on, then try again.")
}
