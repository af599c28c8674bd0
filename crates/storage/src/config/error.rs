use crate::cause::Cause;
use samepath_wire::HERE;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the configuration could not be read or written. `Display` says what happened and where, [`ConfigError::hint`] how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ConfigError {
    /// The file is no TOML.
    #[error("{}, line {line}, column {column}: not valid TOML: {message}", file.display())]
    Syntax {
        /// The configuration file.
        file: PathBuf,
        /// First line is 1.
        line: usize,
        /// In characters; the first is 1.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// The file is no UTF-8 text.
    #[error("{}, line {line}: not UTF-8 text", file.display())]
    NotText {
        /// The configuration file.
        file: PathBuf,
        /// Where the text ends.
        line: usize,
    },
    /// The file is too large to be a configuration.
    #[error("{} is larger than {limit} bytes, which is no configuration", file.display())]
    TooLarge {
        /// The configuration file.
        file: PathBuf,
        /// Bytes that we are willing to read.
        limit: u64,
    },
    /// A folder, a pipe or a device stands where the file should be.
    #[error("{} is not a regular file", file.display())]
    NotAFile {
        /// What should be a file.
        file: PathBuf,
    },
    /// A value that cannot be used; `place` says where it is written.
    #[error("{place} {problem}")]
    Value {
        /// File, line and key. Boxed, so that whoever hands the error on hands on little, also where paths are larger.
        place: Box<Place>,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A storage of that name is there already.
    #[error("{}, line {line}: a storage named `{name}` is there already", file.display())]
    AlreadyExists {
        /// The configuration file.
        file: PathBuf,
        /// Where it is.
        line: usize,
        /// Its name.
        name: String,
    },
    /// No storage of that name is in the file.
    #[error("there is no storage named `{name}` in {}", file.display())]
    NotFound {
        /// The configuration file.
        file: PathBuf,
        /// The name asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// The storage comes from `SHARED_STORAGE_ROOT`, so no file can change it.
    #[error("`{name}` comes from the environment variable SHARED_STORAGE_ROOT, not from {}", file.display())]
    FromVariable {
        /// The configuration file.
        file: PathBuf,
        /// The storage's name.
        name: String,
    },
    /// Somebody changed the same key since the file was read. Nothing was written.
    #[error("{}: `{key}` was changed meanwhile to {}; yours is {}", file.display(), shown(theirs), shown(yours))]
    Changed {
        /// The configuration file.
        file: PathBuf,
        /// `storage.vast.base_path`.
        key: String,
        /// The value now in the file; none where it was removed.
        theirs: Option<String>,
        /// The value that was to be written; none for a removal.
        yours: Option<String>,
    },
    /// The file was found in the current folder, so what was to be changed would not be read from it. Nothing was written.
    #[error("`{key}` is not read from {}, which was only found in the current folder", file.display())]
    NotRead {
        /// The configuration file.
        file: PathBuf,
        /// What was to be changed.
        key: String,
    },
    /// Another program holds the lock for too long.
    #[error("another program is writing the configuration: {} was not free within {} s", lock.display(), waited.as_secs_f32())]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The edit cannot be made without touching what is not ours. Nothing was written.
    #[error("{}: `{key}` is written in a form that cannot be changed safely", file.display())]
    CannotEdit {
        /// The configuration file.
        file: PathBuf,
        /// What was to be changed.
        key: String,
    },
    /// Neither a file was named nor is the home folder known.
    #[error("there is no place for the configuration: the home folder is not known")]
    NoHome,
    /// The operating system refused. What was there before is still there.
    #[error("cannot {} {}: {message}", action.word(), file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What was being done.
        action: Action,
        /// What kind of refusal it was.
        cause: Cause,
        /// The system's words.
        message: String,
    },
}

/// Where a value is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The file; none for a value given in a [`crate::Change`] or by a variable.
    pub file: Option<PathBuf>,
    /// First line is 1.
    pub line: Option<usize>,
    /// `storage.vast.base_path`, or the variable's name.
    pub key: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}, line {line}: `{}`", file.display(), self.key),
            (Some(file), None) => write!(f, "{}: `{}`", file.display(), self.key),
            (None, _) => write!(f, "`{}`", self.key),
        }
    }
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// A required key is not there.
    #[error("is missing")]
    Missing,
    /// Something else is there than was expected.
    #[error("is {found}, not {expected}")]
    WrongType {
        /// "a string", "a table".
        expected: String,
        /// What is there.
        found: String,
    },
    /// No name for a storage.
    #[error("is not a name for a storage")]
    BadName,
    /// A base path that does not begin at the root.
    #[error("is `{value}`, which is not an absolute path")]
    Relative {
        /// As written.
        value: String,
    },
    /// A program that is not named by its whole path.
    #[error("is `{value}`, which is not the whole path of a program")]
    RelativeProgram {
        /// As written.
        value: String,
    },
    /// A base path that is a file.
    #[error("is `{value}`, which is a file, not a folder")]
    NotAFolder {
        /// As written.
        value: String,
    },
    /// Begins with `~` and the home folder is not known.
    #[error("is `{value}`, and the home folder is not known")]
    NoHome {
        /// As written.
        value: String,
    },
    /// Begins with `~name`.
    #[error("is `{value}`: another person's home folder is not looked up")]
    OtherHome {
        /// As written.
        value: String,
    },
    /// Holds NUL or another control character.
    #[error("holds a control character")]
    ControlCharacter,
    /// A folder below the storage that could never be resolved.
    #[error("is `{value}`: {reason}")]
    Unresolvable {
        /// As written.
        value: String,
        /// Which component and why.
        reason: String,
    },
}

/// What was being done when the system refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Reading.
    Read,
    /// Writing or replacing.
    Write,
    /// Making the folder or the lock.
    Create,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
        }
    }
}

impl ConfigError {
    /// A value that cannot be used.
    pub fn value(place: Place, problem: Problem) -> Self {
        Self::Value { place: Box::new(place), problem }
    }

    /// The documented code: `config_invalid`, `config_changed`, `already_exists`, `backend_not_found` or `io`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. }
            | Self::NotText { .. }
            | Self::TooLarge { .. }
            | Self::Value { .. }
            | Self::CannotEdit { .. }
            | Self::NotRead { .. }
            | Self::NoHome => "config_invalid",
            Self::AlreadyExists { .. } => "already_exists",
            Self::NotFound { .. } | Self::FromVariable { .. } => "backend_not_found",
            Self::Changed { .. } => "config_changed",
            Self::Locked { .. } | Self::NotAFile { .. } | Self::Io { .. } => "io",
        }
    }

    /// The line of the file that it is about; the first is 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Syntax { line, .. } | Self::NotText { line, .. } | Self::AlreadyExists { line, .. } => Some(*line),
            Self::Value { place, .. } => place.line,
            _ => None,
        }
    }

    /// The file that it is about.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Syntax { file, .. }
            | Self::NotText { file, .. }
            | Self::TooLarge { file, .. }
            | Self::NotAFile { file }
            | Self::AlreadyExists { file, .. }
            | Self::NotFound { file, .. }
            | Self::FromVariable { file, .. }
            | Self::Changed { file, .. }
            | Self::CannotEdit { file, .. }
            | Self::NotRead { file, .. }
            | Self::Io { file, .. } => Some(file),
            Self::Locked { lock, .. } => Some(lock),
            Self::Value { place, .. } => place.file.as_deref(),
            Self::NoHome => None,
        }
    }

    /// The key that it is about: `storage.vast.base_path`.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Value { place, .. } => Some(&place.key),
            Self::Changed { key, .. } | Self::CannotEdit { key, .. } | Self::NotRead { key, .. } => Some(key),
            _ => None,
        }
    }

    /// How to mend it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Syntax { line, .. } => {
                format!("mend line {line} in an editor; nothing is written to the file until then")
            }
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
            Self::TooLarge { .. } | Self::NotAFile { .. } => {
                "name the configuration file with --config or SAMEPATH_CONFIG".to_owned()
            }
            Self::Value { place, problem } => problem.mend(&place.key),
            Self::AlreadyExists { name, .. } => {
                format!("choose another name, or change it with `samepath storage set {name}`")
            }
            Self::NotFound { known, .. } if known.is_empty() => {
                "no storage is configured; add one with `samepath storage add NAME BASE_PATH`".to_owned()
            }
            Self::NotFound { known, .. } => format!("the storages there are: {}", known.join(", ")),
            Self::FromVariable { name, .. } => {
                format!("unset SHARED_STORAGE_ROOT, or write it down with `samepath storage add {name} BASE_PATH`")
            }
            Self::Changed { .. } => "look at the new value and try again".to_owned(),
            Self::Locked { .. } => {
                "close the other program, or try again; the lock ends with the program that holds it".to_owned()
            }
            Self::CannotEdit { key, .. } => format!("change `{key}` in an editor"),
            Self::NotRead { .. } => {
                "name the file with --config, or do the same in another folder to change your own file".to_owned()
            }
            Self::NoHome => "set HOME, or name the file with --config or SAMEPATH_CONFIG".to_owned(),
            Self::Io { cause, file, .. } => match cause {
                Cause::Denied | Cause::ReadOnly => {
                    format!("{}; or name another file with --config", cause.mend(&file.display().to_string()))
                }
                Cause::Missing | Cause::NotAFolder => {
                    format!("make the folder {} first", file.parent().unwrap_or(file).display())
                }
                Cause::Silent => {
                    "connect or mount its disk, or ask whoever looks after the server; or name another file with --config"
                        .to_owned()
                }
                cause => cause.mend(&file.display().to_string()),
            },
        };
        Some(text)
    }

    /// The disk that it is on does not answer.
    pub(crate) fn silent(file: &Path) -> Self {
        let message = "its disk does not answer".to_owned();
        Self::Io { file: file.to_owned(), action: Action::Read, cause: Cause::Silent, message }
    }

    /// It was not read, for a fault of ours.
    pub(crate) fn unread(file: &Path, message: String) -> Self {
        Self::Io { file: file.to_owned(), action: Action::Read, cause: Cause::Other, message }
    }

    pub(super) fn io(file: &Path, action: Action, error: &std::io::Error) -> Self {
        let cause = if action == Action::Read { Cause::of(error) } else { Cause::of_writing(error) };
        // The kind's words: the path is already in the sentence.
        let message = match cause {
            Cause::Other | Cause::Silent | Cause::TooManyOpen => error.to_string(),
            cause if cause.is_room() => cause.words().to_owned(),
            _ => error.kind().to_string(),
        };
        Self::Io { file: file.to_owned(), action, cause, message }
    }
}

impl Problem {
    fn mend(&self, key: &str) -> String {
        match self {
            Self::Missing => format!("add `{} = \"…\"`", key.rsplit('.').next().unwrap_or(key)),
            Self::WrongType { expected, .. } => format!("write {expected} there"),
            Self::BadName => {
                "a name has 2 to 64 letters, digits, `-` and `_`, and begins with a letter or digit".to_owned()
            }
            Self::Relative { value } if looks_like_windows(value) => {
                format!("this is a Windows path; write where {HERE} mounts the storage")
            }
            Self::Relative { value } if value.contains(":/") => {
                "this is a share's address; connect or mount it first, then write the folder at which it is".to_owned()
            }
            Self::Relative { .. } => {
                "write the whole path, from the root: `/mnt/vast`, `/Volumes/talmo`, `Z:\\`".to_owned()
            }
            Self::RelativeProgram { .. } => {
                "write its whole path, from the root or from `~`: `~/miniforge3/envs/sleap/bin/sleap-nn`".to_owned()
            }
            Self::NotAFolder { .. } => format!("give the folder at which {HERE} mounts the storage"),
            Self::NoHome { .. } => "write the whole path instead of `~`".to_owned(),
            Self::OtherHome { .. } => "write the whole path instead of `~name`".to_owned(),
            Self::ControlCharacter => "remove the control character".to_owned(),
            Self::Unresolvable { .. } => {
                "write folder names below the storage's root, separated by `/`, or leave the key out".to_owned()
            }
        }
    }
}

fn looks_like_windows(value: &str) -> bool {
    let bytes = value.as_bytes();
    value.starts_with(r"\\") || (bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':')
}

fn shown(value: &Option<String>) -> String {
    match value {
        Some(value) => format!("`{value}`"),
        None => "nothing (removed)".to_owned(),
    }
}
