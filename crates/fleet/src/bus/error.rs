use samepath_wire::HERE;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong on the bus. Crosses the local socket, hence plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum BusError {
    /// The record is not in the state that was expected.
    #[error("the record {key} was changed by somebody else")]
    Conflict {
        /// Which record.
        key: String,
        /// Its revision now; none if there is no such record.
        current: Option<u64>,
    },
    /// More bytes than the bus takes in one piece.
    #[error("{name} is too large: {size} bytes of at most {limit}")]
    TooLarge {
        /// The key, subject or log.
        name: String,
        /// Bytes given.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// An append that would leave a hole.
    #[error("the log {log} ends at {end}, and an append began at {first}")]
    Gap {
        /// Which log.
        log: String,
        /// Where the append began.
        first: u64,
        /// Where it has to begin.
        end: u64,
    },
    /// A key, prefix, subject or log name that the bus does not take.
    #[error("{name:?} is not a name that the bus takes")]
    BadName {
        /// As given, cut short.
        name: String,
    },
    /// Nobody serves the subject.
    #[error("nobody answers {subject}")]
    NoResponder {
        /// Which subject.
        subject: String,
    },
    /// Whoever had taken the request went without an answer.
    #[error("whoever was answering {subject} has gone")]
    ResponderGone {
        /// Which subject.
        subject: String,
    },
    /// No answer in time.
    #[error("no answer from {name} within {waited_ms} ms")]
    TimedOut {
        /// Subject, or what was asked of the bus.
        name: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// The link is down, or went down before the answer came.
    #[error("the queue cannot be reached")]
    Unreachable,
    /// Nobody listens at the lab's address: the computer is there, and refuses.
    #[error("nothing listens at {server}")]
    NotListening {
        /// The address.
        server: String,
    },
    /// More at a time than the bus takes.
    #[error("too much is waiting on {name}")]
    Overloaded {
        /// Subject, or what was asked of the bus.
        name: String,
    },
    /// The history, or a file beside it, cannot be written: there is no room for it.
    #[error("{} {}", why.words(), path.display())]
    DiskFull {
        /// Which file.
        path: PathBuf,
        /// Room of what kind.
        #[serde(default)]
        why: NoRoom,
    },
    /// The history, its folder or its socket cannot be used.
    #[error("cannot use {}: {detail}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The folder is not private to this user.
    #[error("{} is not private: {detail}", path.display())]
    NotPrivate {
        /// Which folder.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The process that holds the history is of another version, or not of ours.
    #[error("the process that holds {} speaks another protocol (version {theirs}, this is {ours})", path.display())]
    Protocol {
        /// The folder.
        path: PathBuf,
        /// Its version.
        theirs: u32,
        /// Our version.
        ours: u32,
    },
    /// The lab does not let this process do that.
    #[error("{}", denied(.who, .what))]
    Denied {
        /// Who asked.
        who: String,
        /// What it asked for: "write jobs/1".
        what: String,
    },
    /// The lab's server does not know who this is, or not any more.
    #[error("the lab's server {server} does not let {HERE} in")]
    NotAdmitted {
        /// Its address.
        server: String,
    },
    /// Whoever answers at the lab's address is not the lab's server.
    #[error("{server} is not the server that {HERE} joined: it has another key")]
    OtherServer {
        /// Its address.
        server: String,
    },
    /// The lab's server is too old.
    #[error("the lab's server {server} is nats-server {version}, which is too old")]
    ServerTooOld {
        /// Its address.
        server: String,
        /// Its version.
        version: String,
    },
    /// The lab's server cannot be used.
    #[error("the lab's server {server} cannot be used: {detail}")]
    Server {
        /// Its address.
        server: String,
        /// What is wrong.
        detail: String,
    },
    /// This handle was closed.
    #[error("the bus was closed")]
    Closed,
}

/// What was refused, in people's words where it is something that people do.
fn denied(who: &str, what: &str) -> String {
    if let Some((worker, does)) = worker_asks(who, what) {
        return format!("{HERE} joined as the worker {worker}; to {does}, join with a member's invitation");
    }
    match what.strip_prefix("ask ").map(|asked| asked.split_once('.').unwrap_or((asked, ""))) {
        Some(("drain", worker)) => {
            format!(
                "only an administrator of the lab may stop the worker {worker} from taking jobs, or have it take them again"
            )
        }
        Some(("remove-worker", _)) => "only an administrator of the lab may put a worker out of it".to_owned(),
        Some(("check", worker)) => {
            format!(
                "the worker {worker} is of a version that may not be asked by somebody whose jobs are kept to some places"
            )
        }
        _ => format!("this lab does not let {who} {what}"),
    }
}

/// Which worker asks for what only a member is given.
fn worker_asks<'a>(who: &'a str, what: &str) -> Option<(&'a str, &'static str)> {
    let (worker, asked) = (who.strip_prefix("the worker ")?, what.strip_prefix("ask ")?);
    let does = match asked.split('.').next()? {
        "submit" => "submit",
        "stop" | "kill" => "stop jobs",
        "retry" => "have jobs tried again",
        "clear" => "clear your history",
        "add-computer" | "computers" => "look after your computers",
        "check" => "ask workers for files",
        "drain" | "remove-worker" => "look after the lab's workers",
        _ => return None,
    };
    Some((worker, does))
}

/// What helps where a folder of the program's own data cannot be used.
pub(crate) const OWN_FOLDER: &str = "its folder must be yours, on a disk that can be written; SAMEPATH_DATA=/FOLDER takes another one for all that the program keeps";

const OTHER_FOLDER: &str = "or SAMEPATH_DATA=/FOLDER takes another folder for all that the program keeps";

/// Why there is no room for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRoom {
    /// The disk is full.
    #[default]
    Space,
    /// This user may take no more of it.
    Quota,
    /// No file may become that large, here or for this process.
    FileSize,
}

impl NoRoom {
    /// If that is what an error of the system means.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::StorageFull => Some(Self::Space),
            io::ErrorKind::QuotaExceeded => Some(Self::Quota),
            io::ErrorKind::FileTooLarge => Some(Self::FileSize),
            _ => None,
        }
    }

    /// In front of the file.
    fn words(self) -> &'static str {
        match self {
            Self::Space => "no space is left on the disk for",
            Self::Quota => "your quota on the disk is used up: there is no room for",
            Self::FileSize => "no file may grow as large as is needed for",
        }
    }

    fn mend(self, path: &Path) -> String {
        match self {
            Self::Space => format!("free some space on the disk of {}", path.display()),
            Self::Quota => format!("remove something of yours from the disk of {}, or ask for more", path.display()),
            Self::FileSize => "raise the limit on the size of files (ulimit -f)".to_owned(),
        }
    }
}

impl BusError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable | Self::TimedOut { .. } | Self::ResponderGone { .. } | Self::Overloaded { .. } => {
                Some("try again in a moment".to_owned())
            }
            Self::NotListening { .. } => Some("its hub does not run, or is at another address now".to_owned()),
            Self::NoResponder { .. } => Some("start Samepath, or a worker, and try again".to_owned()),
            Self::DiskFull { path, why } => Some(format!("{}; {OTHER_FOLDER}", why.mend(path))),
            Self::NotPrivate { path, .. } => {
                Some(format!("it must belong to you and to nobody else: chmod 700 {}", path.display()))
            }
            Self::Protocol { .. } => Some("stop the other version of Samepath and start again".to_owned()),
            Self::Denied { who, what } => Some(match worker_asks(who, what) {
                Some(_) => "ask whoever looks after the lab for an invitation of your own: samepath hub invite member NAME".to_owned(),
                None => "ask whoever looks after the lab".to_owned(),
            }),
            Self::NotAdmitted { .. } => {
                Some("ask whoever looks after the lab for a new invitation: `samepath join`".to_owned())
            }
            Self::OtherServer { .. } => Some(
                "do not go on: ask whoever looks after the lab whether its server was set up anew, and join again if so"
                    .to_owned(),
            ),
            Self::ServerTooOld { .. } => Some("nats-server 2.11 or newer is needed: https://nats.io/download".to_owned()),
            Self::Server { .. } => Some("whoever looks after the lab can mend it".to_owned()),
            Self::Io { .. } => Some(OWN_FOLDER.to_owned()),
            Self::Conflict { .. }
            | Self::TooLarge { .. }
            | Self::Gap { .. }
            | Self::BadName { .. }
            | Self::Closed => None,
        }
    }

    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable
            | Self::NotListening { .. }
            | Self::TimedOut { .. }
            | Self::ResponderGone { .. }
            | Self::NoResponder { .. }
            | Self::Overloaded { .. }
            | Self::Protocol { .. }
            | Self::NotAdmitted { .. }
            | Self::OtherServer { .. }
            | Self::ServerTooOld { .. }
            | Self::Server { .. }
            | Self::Closed => "fleet_unreachable",
            Self::DiskFull { .. } | Self::Io { .. } | Self::NotPrivate { .. } => "io",
            Self::TooLarge { .. } | Self::BadName { .. } | Self::Denied { .. } => "invalid_parameter",
            Self::Conflict { .. } | Self::Gap { .. } => "internal",
        }
    }

    /// Whether the same call may succeed soon with nothing changed by anybody.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::NotListening { .. }
                | Self::TimedOut { .. }
                | Self::ResponderGone { .. }
                | Self::NoResponder { .. }
                | Self::Overloaded { .. }
        )
    }
}
