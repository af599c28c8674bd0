use super::Template;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a kind's command is, on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// This program itself: `samepath` in a built-in kind.
    Own,
    /// This program itself, which starts that one.
    OwnFor(PathBuf),
    /// A program's file.
    File(PathBuf),
    /// The embedded file of this name, which is written when an attempt is prepared.
    Embedded(String),
}

/// A kind's program is not on this computer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", if looked_in.is_empty() { format!("its program {command} is not there, or may not be run") } else { format!("its program {command} was not found in {looked_in}") })]
pub struct ProgramMissing {
    /// As the template names it.
    pub command: String,
    /// The folders, as one text; empty where it is named by its path.
    pub looked_in: String,
}

/// Where programs are looked for: the search path, then the places where people install tools without being on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    folders: Vec<PathBuf>,
    /// Folders of environments, each of which may hold the program.
    environments: Vec<PathBuf>,
    /// What the configuration says, by name.
    chosen: BTreeMap<String, PathBuf>,
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
    ".venv/bin",
    "venv/bin",
];
/// Below the home folder: where environments are, one folder each.
const ENVIRONMENTS: &[&str] = &[
    ".local/share/uv/tools",
    ".local/pipx/venvs",
    ".local/share/pipx/venvs",
    "miniconda3/envs",
    "miniforge3/envs",
    "mambaforge/envs",
    "anaconda3/envs",
    "micromamba/envs",
    ".local/share/mamba/envs",
    ".conda/envs",
    ".virtualenvs",
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
        let environments = home.into_iter().flat_map(|home| ENVIRONMENTS.iter().map(move |folder| home.join(folder)));
        Self { folders, environments: environments.collect(), chosen: BTreeMap::new() }
    }

    /// With the programs that the configuration names: these, and no others of their names.
    #[must_use]
    pub fn choosing(self, chosen: BTreeMap<String, PathBuf>) -> Self {
        Self { chosen, ..self }
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
            return template.runs().map_or(Ok(Program::Own), |runs| self.look_for(runs).map(Program::OwnFor));
        }
        self.look_for(command).map(Program::File)
    }

    fn look_for(&self, command: &str) -> Result<PathBuf, ProgramMissing> {
        let missing = |command: &str, looked_in| ProgramMissing { command: command.to_owned(), looked_in };
        if let Some(path) = self.chosen.get(command) {
            let shown = path.display().to_string();
            return if is_program(path) { Ok(path.clone()) } else { Err(missing(&shown, String::new())) };
        }
        let path = Path::new(command);
        if path.is_absolute() {
            return if is_program(path) { Ok(path.to_owned()) } else { Err(missing(command, String::new())) };
        }
        if command.contains(['/', '\\']) {
            return Err(missing(command, String::new()));
        }
        let environments = self.environments.iter().flat_map(|folder| environments(folder, command));
        self.folders
            .iter()
            .cloned()
            .chain(environments)
            .flat_map(|folder| candidates(&folder, command))
            .find(|path| is_program(path))
            .ok_or_else(|| missing(command, self.shown()))
    }

    fn shown(&self) -> String {
        let folders = self.folders.iter().map(|folder| folder.display().to_string());
        let environments = self.environments.iter().filter(|folder| folder.is_dir());
        let shown: Vec<String> =
            folders.chain(environments.map(|folder| folder.join("*/bin").display().to_string())).collect();
        if shown.is_empty() { "no folder: PATH is empty".to_owned() } else { shown.join(", ") }
    }
}

/// The program folders of the environments in `folder`: one of the program's own name first, then by name.
fn environments(folder: &Path, command: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.filter_map(Result::ok).take(1000).map(|entry| entry.path()).collect();
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name == command);
    found.sort_by(|a, b| named(b).cmp(&named(a)).then_with(|| a.cmp(b)));
    found.into_iter().map(|environment| environment.join(if cfg!(windows) { "Scripts" } else { "bin" })).collect()
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
