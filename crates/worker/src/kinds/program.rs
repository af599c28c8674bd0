use super::Template;
use samepath_storage::{ConfigError, Platform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a kind's command is, on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramMissing {
    /// It is in none of the folders.
    NotFound {
        /// As the template names it.
        command: String,
        /// All the folders, as one text.
        looked_in: String,
    },
    /// The template names a file, and that cannot be run.
    NotThere {
        /// As the template names it.
        command: String,
    },
    /// The configuration names a file, and that cannot be run.
    NotAsChosen {
        /// As the template names it.
        command: String,
        /// As the configuration names it.
        path: PathBuf,
    },
    /// What the configuration says of it cannot be used.
    Misconfigured {
        /// As the template names it.
        command: String,
        /// File, line, key and mend.
        why: String,
    },
}

impl fmt::Display for ProgramMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its program {} {}", self.command(), self.said("PATH or the usual places"))
    }
}

impl Error for ProgramMissing {}

impl ProgramMissing {
    /// What is said after the program's name, with every folder that was looked into: for whoever is to mend it.
    pub fn whole(&self) -> String {
        match self {
            Self::NotFound { looked_in, .. } => self.said(looked_in),
            other => other.said(""),
        }
    }

    fn said(&self, looked_in: &str) -> String {
        match self {
            Self::NotFound { .. } => format!("was not found in {looked_in}"),
            Self::NotThere { .. } => "is not there, or may not be run".to_owned(),
            Self::NotAsChosen { path, .. } => {
                format!("is configured as {}, which is not there, or may not be run", path.display())
            }
            Self::Misconfigured { why, .. } => format!("is not configured well: {why}"),
        }
    }

    /// As the template names it.
    pub fn command(&self) -> &str {
        match self {
            Self::NotFound { command, .. }
            | Self::NotThere { command }
            | Self::NotAsChosen { command, .. }
            | Self::Misconfigured { command, .. } => command,
        }
    }
}

/// What the configuration says of programs, by the names that templates use.
pub type Choices = BTreeMap<String, Choice>;

/// What the configuration says of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// This file, and no other.
    File(PathBuf),
    /// Something that cannot be used: file, line, key and mend.
    Bad(String),
}

impl From<&Result<PathBuf, ConfigError>> for Choice {
    fn from(configured: &Result<PathBuf, ConfigError>) -> Self {
        match configured {
            Ok(path) => Self::File(path.clone()),
            Err(error) => Self::Bad(match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            }),
        }
    }
}

/// Where programs are looked for: the search path, then the places where people install tools without being on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    platform: Platform,
    folders: Vec<PathBuf>,
    /// Folders of environments, each of which may hold the program.
    environments: Vec<PathBuf>,
    /// What the configuration says, by name.
    chosen: Choices,
}

/// Where people of a platform have programs, besides the search path.
struct Places {
    /// Below the home folder.
    at_home: &'static [&'static str],
    /// Below the home folder: where environments are, one folder each.
    environments: &'static [&'static str],
    /// Anywhere.
    usual: &'static [&'static str],
    /// Anywhere: environments.
    usual_environments: &'static [&'static str],
    /// Where the programs of an environment are.
    within: &'static str,
}

const UNIX: Places = Places {
    at_home: &[
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
    ],
    environments: &[
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
    ],
    usual: &["/usr/local/bin", "/opt/homebrew/bin", "/opt/conda/bin", "/usr/bin", "/bin"],
    usual_environments: &["/opt/conda/envs"],
    within: "bin",
};

const WINDOWS: Places = Places {
    at_home: &[
        ".local/bin",
        "miniconda3/Scripts",
        "miniforge3/Scripts",
        "mambaforge/Scripts",
        "anaconda3/Scripts",
        "AppData/Local/miniconda3/Scripts",
        "AppData/Local/miniforge3/Scripts",
        ".pixi/bin",
        ".cargo/bin",
        ".venv/Scripts",
        "venv/Scripts",
    ],
    environments: &[
        "AppData/Roaming/uv/data/tools",
        "pipx/venvs",
        "AppData/Local/pipx/pipx/venvs",
        "miniconda3/envs",
        "miniforge3/envs",
        "mambaforge/envs",
        "anaconda3/envs",
        "AppData/Local/miniconda3/envs",
        "AppData/Local/miniforge3/envs",
        "micromamba/envs",
        ".conda/envs",
        ".virtualenvs",
    ],
    // Below C:/ProgramData whoever works here may make folders: what lies there is run only where the configuration names it.
    usual: &[],
    usual_environments: &[],
    within: "Scripts",
};

fn places(platform: Platform) -> &'static Places {
    match platform {
        Platform::Linux | Platform::MacOs => &UNIX,
        Platform::Windows => &WINDOWS,
    }
}

impl Default for Programs {
    /// Those that nobody looks for anywhere.
    fn default() -> Self {
        Self { platform: Platform::current(), folders: Vec::new(), environments: Vec::new(), chosen: Choices::new() }
    }
}

impl Programs {
    /// `search_path` is the variable `PATH`; a window started from a desktop often has a short one. Relative entries are left
    /// out: what they mean depends on where the worker was started.
    pub fn new(search_path: Option<&std::ffi::OsStr>, home: Option<&Path>) -> Self {
        Self::on(Platform::current(), search_path, home)
    }

    /// The same on any platform.
    pub fn on(platform: Platform, search_path: Option<&std::ffi::OsStr>, home: Option<&Path>) -> Self {
        let places = places(platform);
        let listed = search_path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
        let listed = listed.into_iter().filter(|folder| folder.is_absolute());
        let at_home = |below: &'static [&'static str]| {
            home.into_iter().flat_map(|home| below.iter().map(move |folder| home.join(folder)))
        };
        let usual = places.usual.iter().map(PathBuf::from);
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in listed.chain(at_home(places.at_home).filter(|folder| folder.is_absolute())).chain(usual) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        let environments = at_home(places.environments).chain(places.usual_environments.iter().map(PathBuf::from));
        Self { platform, folders, environments: environments.collect(), chosen: Choices::new() }
    }

    /// With the programs that the configuration names: these, and no others of their names.
    #[must_use]
    pub fn choosing(self, chosen: Choices) -> Self {
        Self { chosen, ..self }
    }

    /// The names of the programs that the configuration names.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &str> {
        self.chosen.keys().map(String::as_str)
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
        let Some(program) = template.program() else { return Ok(Program::Own) };
        self.named(program).map(if template.is_own() { Program::OwnFor } else { Program::File })
    }

    /// The program of this name.
    ///
    /// # Errors
    /// It is nowhere.
    pub fn named(&self, command: &str) -> Result<PathBuf, ProgramMissing> {
        let name = || command.to_owned();
        match self.chosen.get(command) {
            Some(Choice::File(path)) if is_program(path) => return Ok(path.clone()),
            Some(Choice::File(path)) => {
                return Err(ProgramMissing::NotAsChosen { command: name(), path: path.clone() });
            }
            Some(Choice::Bad(why)) => return Err(ProgramMissing::Misconfigured { command: name(), why: why.clone() }),
            None => {}
        }
        let path = Path::new(command);
        if path.is_absolute() && is_program(path) {
            return Ok(path.to_owned());
        }
        if path.is_absolute() || command.contains(['/', '\\']) {
            return Err(ProgramMissing::NotThere { command: name() });
        }
        let environments = self.environments.iter().flat_map(|folder| self.environments_in(folder, command));
        self.folders
            .iter()
            .cloned()
            .chain(environments)
            .flat_map(|folder| candidates(self.platform, &folder, command))
            .find(|path| is_program(path))
            .ok_or_else(|| ProgramMissing::NotFound { command: name(), looked_in: self.shown() })
    }

    fn shown(&self) -> String {
        let folders = self.folders.iter().map(|folder| folder.display().to_string());
        let environments = self.environments.iter().filter(|folder| folder.is_dir());
        let within = |folder: &PathBuf| folder.join("*").join(places(self.platform).within).display().to_string();
        let shown: Vec<String> = folders.chain(environments.map(within)).collect();
        if shown.is_empty() { "no folder: PATH is empty".to_owned() } else { shown.join(", ") }
    }

    /// The program folders of the environments in `folder`: one of the program's own name first, then by name.
    fn environments_in(&self, folder: &Path, command: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries.filter_map(Result::ok).take(1000).map(|entry| entry.path()).collect();
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name == command);
        found.sort_by(|a, b| named(b).cmp(&named(a)).then_with(|| a.cmp(b)));
        let within = places(self.platform).within;
        found.into_iter().map(|environment| environment.join(within)).collect()
    }
}

fn candidates(platform: Platform, folder: &Path, command: &str) -> Vec<PathBuf> {
    let plain = folder.join(command);
    if platform == Platform::Windows && plain.extension().is_none() {
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
