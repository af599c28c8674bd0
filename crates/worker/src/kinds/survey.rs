use super::version::version_of;
use super::{Catalogue, Choices, Program, ProgramMissing, Programs};
use samepath_storage::helper::{Helper, HelperError, reply};
use samepath_wire::{Kind, KindUnavailable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const KINDS: &str = "kinds";
const PROGRAMS: &str = "programs";
const PROGRAM: &str = "program";
const PLACES: &str = "places";

/// Stands for all the folders that are looked into.
const ABOUT: &str = "the folders of job types and programs";

/// Where job types and their programs are looked for, besides the search path of this program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Looking {
    /// The lab's own kinds.
    pub kinds_dir: Option<PathBuf>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// What the configuration says of programs.
    pub chosen: Choices,
}

/// The kinds that are known on this computer, each with its program. Asked of a helper process, since job types and programs may
/// lie on a storage that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Templates that were not accepted.
    pub refused: Vec<KindUnavailable>,
    /// Those that were.
    pub kinds: Vec<Surveyed>,
}

/// One kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surveyed {
    /// As others see it.
    pub kind: Kind,
    /// How long its jobs may take to stop when they are asked to.
    pub notice: Duration,
    /// What runs it here.
    pub program: Result<Program, ProgramMissing>,
    /// Of which version that is, where its installer wrote it down.
    #[serde(default)]
    pub version: Option<String>,
}

impl Survey {
    /// Looks for the programs of all kinds, in a helper. Blocks the calling thread for `deadline` at most.
    ///
    /// # Errors
    /// See [`HelperError`].
    pub fn ask(helper: &Helper, looking: &Looking, deadline: Duration) -> Result<Self, HelperError> {
        helper.ask(KINDS, &[ABOUT.to_owned()], looking, deadline)
    }

    pub(crate) fn of(catalogue: &Catalogue, programs: &Programs) -> Self {
        let surveyed = catalogue.templates().map(|template| {
            let program = programs.find(template);
            let version = match &program {
                Ok(Program::File(path) | Program::OwnFor(path)) => version_of(path),
                _ => None,
            };
            Surveyed { kind: template.kind().clone(), notice: template.notice(), program, version }
        });
        Self { refused: catalogue.refused(), kinds: surveyed.collect() }
    }
}

/// Programs by name, each as it was found.
pub type NamedPrograms = BTreeMap<String, Result<FoundProgram, ProgramMissing>>;

/// A program that is on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundProgram {
    /// Where.
    pub path: PathBuf,
    /// Of which version it is, where its installer wrote it down.
    pub version: Option<String>,
}

impl Looking {
    /// Looks for every program that a kind runs or that the configuration names, in a helper. Blocks the calling thread for
    /// `deadline` at most.
    ///
    /// # Errors
    /// See [`HelperError`].
    pub fn programs(&self, helper: &Helper, deadline: Duration) -> Result<NamedPrograms, HelperError> {
        helper.ask(PROGRAMS, &[ABOUT.to_owned()], self, deadline)
    }

    /// Looks for the program of this name, in a helper. Blocks the calling thread for `deadline` at most.
    ///
    /// # Errors
    /// See [`HelperError`].
    pub fn program(
        &self,
        helper: &Helper,
        name: &str,
        deadline: Duration,
    ) -> Result<Result<PathBuf, ProgramMissing>, HelperError> {
        helper.ask(PROGRAM, &[ABOUT.to_owned()], &(self, name), deadline)
    }

    fn look<A>(self, find: impl FnOnce(&Catalogue, &Programs) -> A) -> A {
        let search_path = crate::entry::search_path();
        let programs = Programs::new(search_path.as_deref(), self.home.as_deref()).choosing(self.chosen);
        find(&Catalogue::load(self.kinds_dir.as_deref()), &programs)
    }
}

/// Every place on the search path where a file of this name lies, in order, without links to places named before; asked of a helper.
/// Blocks the calling thread for `deadline` at most.
///
/// # Errors
/// See [`HelperError`].
pub fn places(helper: &Helper, name: &str, deadline: Duration) -> Result<Vec<PathBuf>, HelperError> {
    helper.ask(PLACES, &[ABOUT.to_owned()], &name, deadline)
}

fn places_of(name: &str) -> Vec<PathBuf> {
    let search_path = crate::entry::search_path();
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in Programs::new(search_path.as_deref(), None).folders() {
        let Ok(real) = folder.join(name).canonicalize() else { continue };
        if real.is_file() && !found.contains(&real) {
            found.push(real);
        }
    }
    found
}

/// The helper's side; `None` for other topics.
pub(crate) fn answer(topic: &str, question: &Value) -> Option<Value> {
    let looking = || Looking::deserialize(question).map_err(|error| error.to_string());
    match topic {
        KINDS => Some(reply(&looking().map(|looking| looking.look(Survey::of)))),
        PROGRAMS => Some(reply(&looking().map(|looking| looking.look(named)))),
        PROGRAM => {
            let asked = <(Looking, String)>::deserialize(question).map_err(|error| error.to_string());
            Some(reply(&asked.map(|(looking, name)| looking.look(|_, programs| programs.named(&name)))))
        }
        PLACES => {
            Some(reply(&String::deserialize(question).map(|name| places_of(&name)).map_err(|error| error.to_string())))
        }
        _ => None,
    }
}

fn named(catalogue: &Catalogue, programs: &Programs) -> NamedPrograms {
    let run = catalogue.templates().filter_map(|template| template.program());
    let found = |path: PathBuf| FoundProgram { version: version_of(&path), path };
    run.chain(programs.chosen()).map(|name| (name.to_owned(), programs.named(name).map(found))).collect()
}
