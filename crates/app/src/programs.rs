//! The programs that job types run, as this computer has them.

use crate::doctor::{Around, PATIENCE, within};
use crate::view::ProgramView;
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_storage::Change;
use samepath_worker::kinds::{Catalogue, Choice, Choices, Programs};
use std::collections::BTreeSet;

impl LocalStorages {
    /// Every program that a job type of this computer runs, or that the configuration names, in order of name: where it is. Blocks
    /// for some seconds at most.
    ///
    /// # Errors
    /// `io` where a folder that may hold them does not answer.
    pub fn programs(&self, options: &Options, around: &Around) -> Result<Vec<ProgramView>, Error> {
        let chosen: Choices =
            self.config().programs.iter().map(|(name, path)| (name.clone(), Choice::from(path))).collect();
        let kinds = options.kinds_dir(around.kinds.clone());
        let programs = Programs::new(around.search_path.as_deref(), options.environment.home.as_deref());
        let looked = within(PATIENCE, move || {
            let programs = programs.choosing(chosen.clone());
            let catalogue = Catalogue::load(kinds.as_deref());
            let run = catalogue.templates().filter_map(|template| template.program());
            let names: BTreeSet<&str> = run.chain(chosen.keys().map(String::as_str)).collect();
            names.into_iter().map(|name| view(name, chosen.get(name), &programs)).collect()
        });
        looked.ok_or_else(|| {
            Error::new(ErrorCode::Io, "The folders of programs do not answer.")
                .with_hint("Connect the storage that they lie on, then try again.")
        })
    }

    /// Says which file is meant where a job type names a program: a local path. It need not be there now; whether it is, is told
    /// by [`LocalStorages::programs`].
    ///
    /// # Errors
    /// `invalid_parameter` for an empty path, `config_invalid`, `config_changed`, `io`.
    pub fn set_program(&self, name: &str, path: &str) -> Result<(), Error> {
        // Home stays written as `~`: the file may be shared by several computers.
        let path = if path.starts_with('~') { path.to_owned() } else { self.absolute(path)?.display().to_string() };
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

fn view(name: &str, chosen: Option<&Choice>, programs: &Programs) -> ProgramView {
    let found = programs.named(name);
    ProgramView {
        name: name.to_owned(),
        configured: match chosen {
            Some(Choice::File(path)) => Some(path.display().to_string()),
            _ => None,
        },
        found: found.as_ref().ok().map(|path| path.display().to_string()),
        problem: found.err().map(|missing| missing.to_string()),
    }
}
