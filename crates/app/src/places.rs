use crate::{Error, ErrorCode};
use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::lab::{Membership, Part, Places};
use samepath_storage::{ConfigFile, Environment};
use samepath_wire::HERE;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Where a program of ours keeps what is its own: the queue's history, the worker's attempts. On this computer's disk, one folder
/// per computer, because a home folder may be shared by several.
///
/// `data` is the value of `SAMEPATH_DATA`, `state_home` that of `XDG_STATE_HOME`.
pub fn data_dir(environment: &Environment, data: Option<PathBuf>, state_home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(data) = data.filter(|path| path.is_absolute()) {
        return Some(data);
    }
    let home = environment.home.as_ref();
    let base = if cfg!(target_os = "macos") {
        home?.join("Library/Application Support/Samepath")
    } else if cfg!(windows) {
        home?.join("AppData").join("Local").join("Samepath")
    } else {
        state_home.filter(|path| path.is_absolute()).or_else(|| Some(home?.join(".local/state")))?.join("samepath")
    };
    Some(match &environment.computer {
        Some(computer) => base.join("computers").join(computer),
        None => base,
    })
}

/// What a program passes in when it starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration file that counts.
    pub config: ConfigFile,
    /// The process's environment, as far as it matters.
    pub environment: Environment,
    /// This computer's own data, see [`data_dir`].
    pub data_dir: PathBuf,
    /// `XDG_RUNTIME_DIR`: where a socket's path is short.
    pub runtime_dir: Option<PathBuf>,
    /// The program that answers `helper`, `guard` and `tool`: this one.
    pub program: PathBuf,
    /// The person's login name.
    pub member: String,
    /// The program's version.
    pub version: String,
    /// Whether what it does is done in a lab that this computer has joined.
    pub in_lab: bool,
    /// Where jobs of the member may write and read, as the invitation said: so that it is said early. What counts is what the lab
    /// knows.
    pub places: Option<Places>,
    /// How many jobs of the member may run at a time, likewise.
    pub jobs_at_once: Option<NonZeroU32>,
    /// Of a worker for one of this computer's GPUs: which.
    pub gpu: Option<u32>,
}

impl Options {
    /// Where the lab's own job types are: in the folder that was named, else in the folder `kinds` of this computer's data. A helper
    /// looks there, which has a current folder of its own.
    pub(crate) fn kinds_place(&self, named: Option<PathBuf>) -> PathBuf {
        match (named, &self.environment.current_dir) {
            (Some(named), Some(here)) => here.join(named),
            (Some(named), None) => named,
            (None, _) => self.data_dir.join("kinds"),
        }
    }

    /// The same, for one look: none where no folder was named, and this computer's data has none.
    pub(crate) fn kinds_dir(&self, named: Option<PathBuf>) -> Option<PathBuf> {
        let is_named = named.is_some();
        Some(self.kinds_place(named)).filter(|folder| is_named || folder.is_dir())
    }

    /// Where the workers of this computer keep what is theirs.
    pub(crate) fn workers_dir(&self) -> PathBuf {
        self.data_dir.join(if self.in_lab { "lab/workers" } else { "workers" })
    }

    /// Is in a lab from now on: under the name that the lab knows, and with workers that have nothing to do with those of this
    /// computer's own queue.
    pub(crate) fn enter(&mut self, membership: &Membership) {
        if membership.part == Part::Member {
            self.member.clone_from(&membership.name);
            self.places = Some(membership.places.clone()).filter(Places::are_limited);
            self.jobs_at_once = membership.jobs_at_once;
        }
        self.in_lab = true;
    }

    /// How the queue of this computer is opened.
    pub(crate) fn queue(&self) -> LocalSettings {
        let mut settings = LocalSettings::new(self.data_dir.join("fleet"), self.member.clone());
        settings.runtime_dir.clone_from(&self.runtime_dir);
        settings
    }

    /// Options from the process's environment, which the binary hands in: this crate reads none.
    ///
    /// `variable` looks a variable up; `config` is the file that the person named; `current_dir` is where relative paths start and
    /// where `sleap-rtc.toml` is looked for, none for a window, which has no working folder worth the name.
    ///
    /// # Errors
    /// `config_invalid` where there is no home folder to keep things in, or `SAMEPATH_DATA` is no absolute path; `io` where the program's own file cannot be found.
    pub fn gather(
        variable: impl Fn(&str) -> Option<OsString>,
        config: Option<&Path>,
        current_dir: Option<PathBuf>,
        version: &str,
    ) -> Result<Self, Error> {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty())?.into_string().ok();
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let environment = Environment {
            home: path("HOME").or_else(|| path("USERPROFILE")).filter(|home| home.is_absolute()),
            samepath_config: path("SAMEPATH_CONFIG"),
            shared_storage_root: text("SHARED_STORAGE_ROOT"),
            computer: hostname::get().ok().and_then(|name| name.into_string().ok()).filter(|name| !name.is_empty()),
            current_dir,
        };
        if let Some(data) = path("SAMEPATH_DATA").filter(|data| !data.is_absolute()) {
            let message = format!("SAMEPATH_DATA is `{}`, which is not an absolute path.", data.display());
            return Err(Error::new(ErrorCode::ConfigInvalid, message).with_hint("Write the whole path, from the root."));
        }
        let data_dir = data_dir(&environment, path("SAMEPATH_DATA"), path("XDG_STATE_HOME")).ok_or_else(|| {
            let home = ["HOME", "USERPROFILE"].into_iter().find_map(|name| Some((name, path(name)?)));
            let why = match home {
                Some((name, home)) => format!("{name} is `{}`, which is not a whole path", home.display()),
                None => "HOME is not set".to_owned(),
            };
            Error::new(ErrorCode::ConfigInvalid, format!("There is no home folder to keep jobs in: {why}.")).with_hint(
                format!("Set HOME to your home folder; or SAMEPATH_DATA to a folder for jobs, on a disk of {HERE}."),
            )
        })?;
        Ok(Self {
            config: ConfigFile::find(config, environment.current_dir.is_some(), &environment),
            environment,
            data_dir,
            runtime_dir: path("XDG_RUNTIME_DIR"),
            program: program()?,
            member: ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(text).unwrap_or_else(login),
            version: version.to_owned(),
            in_lab: false,
            places: None,
            jobs_at_once: None,
            gpu: None,
        })
    }
}

/// The login name that the system knows, where the environment tells none: of a service, or in a container.
#[cfg(unix)]
fn login() -> String {
    let id = nix::unistd::geteuid();
    let name = nix::unistd::User::from_uid(id).ok().flatten().map(|user| user.name);
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("uid-{id}"))
}

#[cfg(not(unix))]
fn login() -> String {
    "someone".to_owned()
}

/// This executable, by a name that still works after an upgrade has replaced its file.
fn program() -> Result<PathBuf, Error> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The program's own file cannot be found: {error}.")))
}
