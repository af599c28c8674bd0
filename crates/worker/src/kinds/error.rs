use super::MAX_TEMPLATE_BYTES;

/// Why a template is refused. `Display` is one sentence that names the place; the kind's name comes before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or file cannot be read.
    #[error("it cannot be read: {detail}")]
    Unreadable {
        /// What the system says.
        detail: String,
    },
    /// No template is that long.
    #[error("it has {bytes} bytes; a template has at most {MAX_TEMPLATE_BYTES}")]
    TooLarge {
        /// How long it is.
        bytes: u64,
    },
    /// A file name that cannot be a kind's name.
    #[error("its file name is not the name of a kind: use a-z, 0-9 and -, 64 characters at most, before the .yaml")]
    Name,
    /// A kind of that name is there already.
    #[error("{}", if *built_in { "it has the name of a built-in kind, which cannot be replaced: give the file another name" } else { "another file of the folder has the same name before its ending: rename one of them" })]
    Taken {
        /// Whether the other one comes with the program.
        built_in: bool,
    },
    /// Neither YAML nor JSON.
    #[error("{detail}")]
    Syntax {
        /// With line and column.
        detail: String,
    },
    /// Not a job template of the version that we know.
    #[error("specificationVersion is {}; it must be jobtemplate-2023-09", found.as_deref().map_or("missing".to_owned(), |found| format!("{found:?}")))]
    Version {
        /// What is written.
        found: Option<String>,
    },
    /// Not what the standard demands.
    #[error("{place}{detail}")]
    Invalid {
        /// The path of the key, with a colon; empty for the whole.
        place: String,
        /// What is wrong there.
        detail: String,
    },
    /// Standard, but not run by this version.
    #[error("it uses {what} ({place}), which this version does not run")]
    Unsupported {
        /// What it uses.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// An embedded file that would be written elsewhere.
    #[error("embedded file {name} has the file name {file_name:?}, which is not a plain one")]
    FileName {
        /// The embedded file's name.
        name: String,
        /// What it wants to be called.
        file_name: String,
    },
    /// A value would choose the program.
    #[error("parameter {parameter} reaches the command's name ({place}): a job gives values, never a command")]
    InCommand {
        /// Which.
        parameter: String,
        /// Where.
        place: String,
    },
    /// A value would become part of a program's text.
    #[error(
        "parameter {parameter} reaches the embedded script {file}: pass it as an argument, or, in a shell script and outside quotes, as repr_sh(Param.{parameter})"
    )]
    InScript {
        /// Which.
        parameter: String,
        /// The embedded file's name.
        file: String,
    },
    /// A value would be run by an interpreter.
    #[error(
        "parameter {parameter} reaches code that {interpreter} runs ({place}): put the code into an embedded file, and the parameter after it as an argument of its own"
    )]
    InCode {
        /// Which.
        parameter: String,
        /// What runs it.
        interpreter: String,
        /// Where.
        place: String,
    },
}
