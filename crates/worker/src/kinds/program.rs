use super::Template;
use std::path::{Path, PathBuf};

/// What a kind's command is, on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// This program itself: `samepath` in a built-in kind.
    Own,
    /// A program's file.
    File(PathBuf),
    /// The embedded file of this name, which is written when an attempt is prepared.
    Embedded(String),
}

/// A kind's program is not on this computer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", if command.contains(['/', '\\']) { format!("its program {command} is not there, or may not be run") } else { format!("its program {command} was not found in {looked_in}") })]
pub struct ProgramMissing {
    /// As the template names it.
    pub command: String,
    /// The folders, as one text.
    pub looked_in: String,
}

/// Where programs are looked for: the search path, then the places where people install tools without being on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    folders: Vec<PathBuf>,
}

/// Below the home folder.
const AT_HOME: &[&str] = &[
    ".local/bin",
    "bin",
    "miniconda3/bin",
    "miniforge3/bin",
    "mambaforge/bin",
    "anaconda3/bin",
    ".pixi/bin",
    ".cargo/bin",
];
/// Anywhere.
const USUAL: &[&str] = &["/usr/local/bin", "/opt/homebrew/bin", "/opt/conda/bin", "/usr/bin", "/bin"];

impl Programs {
    /// `search_path` is the variable `PATH`; a window started from a desktop often has a short one. Relative entries are left
    /// out: what they mean depends on where the worker was started.
    pub fn new(search_path: Option<&std::ffi::OsStr>, home: Option<&Path>) -> Self {
        let listed = search_path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
        let at_home = home.into_iter().flat_map(|home| AT_HOME.iter().map(move |folder| home.join(folder)));
        let usual = USUAL.iter().map(PathBuf::from).filter(|_| cfg!(unix));
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in listed.into_iter().chain(at_home).chain(usual) {
            if folder.is_absolute() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// The folders, in the order in which they are searched.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// A kind's program.
    ///
    /// # Errors
    /// It is nowhere: the kind cannot run here and should not be advertised; the error is the reason.
    pub fn find(&self, template: &Template) -> Result<Program, ProgramMissing> {
        if let Some(embedded) = template.script().embedded_command() {
            return Ok(Program::Embedded(embedded.to_owned()));
        }
        let command = template.command();
        if command == "samepath" && template.kind().built_in {
            return Ok(Program::Own);
        }
        let missing = || ProgramMissing { command: command.to_owned(), looked_in: self.shown() };
        let path = Path::new(command);
        if path.is_absolute() {
            return is_program(path).then(|| Program::File(path.to_owned())).ok_or_else(missing);
        }
        if command.contains(['/', '\\']) {
            return Err(missing());
        }
        self.folders
            .iter()
            .flat_map(|folder| candidates(folder, command))
            .find(|path| is_program(path))
            .map(Program::File)
            .ok_or_else(missing)
    }

    fn shown(&self) -> String {
        match self.folders.as_slice() {
            [] => "no folder: PATH is empty".to_owned(),
            folders => folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
        }
    }
}

fn candidates(folder: &Path, command: &str) -> Vec<PathBuf> {
    let plain = folder.join(command);
    if cfg!(windows) && plain.extension().is_none() {
        return [".exe", ".com", ".bat", ".cmd"]
            .iter()
            .map(|ending| folder.join(format!("{command}{ending}")))
            .collect();
    }
    vec![plain]
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs_err::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
