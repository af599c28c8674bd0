//! Job kinds: what this worker can run, as Open Job Description templates.
//!
//! A template is accepted once, when it is loaded, and refused there for whatever it could do wrong later: a part of the
//! standard that is not supported yet, or a place where a value would become code. What other programs see of a kind is
//! [`wire::Kind`](samepath_wire::Kind); the command never leaves the worker.
//!
//! ```
//! use samepath_worker::kinds::Catalogue;
//! let catalogue = Catalogue::load(None);
//! assert_eq!(catalogue.kinds()[0].name, "slp-check");
//! ```
//!
//! [`check_values`] and [`storages_needed`] are pure and need only the public side, so that whoever submits a job and
//! whoever runs it apply one rule.
//!
//! Only the private module `openjd` names the Open Job Description libraries; their types go no further.

mod catalogue;
mod error;
mod host;
mod interpreter;
mod needs;
mod openjd;
mod program;
mod reach;
mod shell;
mod survey;
mod template;
mod values;
mod version;

pub use catalogue::{Catalogue, MAX_TEMPLATE_BYTES};
pub use error::TemplateError;
pub(crate) use host::GPUS;
pub use host::{Host, this_host};
pub use needs::storages_needed;
pub use program::{Choice, Choices, Program, ProgramMissing, Programs};
pub use survey::{FoundProgram, Looking, NamedPrograms, Survey, Surveyed, places};
pub use template::{Template, TemplateSource};
pub use values::{Problem, Problems, check_values};

pub(crate) use openjd::{File, Resolved, Unresolvable, Values};
pub(crate) use survey::answer;
pub(crate) use values::{is_path_list, path_value, type_name};
pub(crate) use version::version_of;
