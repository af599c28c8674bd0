use clap::{Args, Subcommand};
use std::num::NonZeroU32;
use std::path::PathBuf;

/// What a hub keeps is said once: the next time it is as it was.
#[derive(Debug, Args)]
pub(crate) struct Hub {
    /// The hub's folder, on a disk of this computer [default: `hub` in this computer's own data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Where the lab's server listens; without --server the hub runs one of its own again [default: 0.0.0.0:4222]
    #[arg(long, value_name = "ADDR:PORT", value_parser = crate::hub::address)]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Where others reach it [default: this computer's name and the port]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: Option<String>,
    /// The lab's name, for people [default: this computer's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Use a server that runs already, instead of running one: see docs/admin.md
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    /// The certificate of that server, in PEM
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) certificate: Option<PathBuf>,
    /// Programs of members and workers that may be connected at a time, 16 to 65536 [default: 2048]
    #[arg(long, value_name = "N")]
    pub(crate) connections: Option<u32>,
    /// Jobs of one member that may wait at a time: more are refused [default: 10000]
    #[arg(long, value_name = "N", value_parser = crate::hub::count)]
    pub(crate) waiting: Option<NonZeroU32>,
    /// The server's program [default: nats-server, beside samepath or in PATH]
    #[arg(long, value_name = "FILE")]
    pub(crate) nats_server: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<HubCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Make a line with which somebody joins
    Invite {
        #[command(subcommand)]
        command: InviteCommand,
    },
    /// Who has joined as a member, and who may
    Members,
    /// Which computers have joined as workers, and which may
    Workers,
    /// Put somebody out at once, and take back what was not used. A member's running jobs go on, and those that wait are cancelled; what a worker runs is given to another one
    Revoke {
        /// A member's or a worker's name, or that of an invitation for several workers
        name: String,
        /// Take back only invitations that can still be used: who has joined stays
        #[arg(long)]
        invitations: bool,
    },
    /// What members are told of the lab's storages
    Storage {
        #[command(subcommand)]
        command: LabStorageCommand,
    },
    /// What a server of your own has to be configured with for this hub
    Configuration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// Somebody who submits jobs, on one computer
    Member {
        /// What jobs are submitted as: a login name, mostly
        name: String,
        /// Keep this one's jobs to a folder directly below each storage's root: they write and read nowhere else
        #[arg(long, value_name = "FOLDER")]
        user_subdir: Option<String>,
        /// What they may read besides: vast:shared, or vast: for all of a storage; can be given several times
        #[arg(long, value_name = "NAME:FOLDER", requires = "user_subdir")]
        read: Vec<String>,
        /// Jobs of this one that may run at a time [default: as many as there are workers]
        #[arg(long, value_name = "N", value_parser = crate::hub::count)]
        jobs: Option<NonZeroU32>,
        /// Let this one look after the workers, too
        #[arg(long, conflicts_with = "user_subdir")]
        admin: bool,
        /// For how long the invitation can be used
        #[arg(long, default_value_t = 168, value_parser = crate::hub::hours)]
        hours: u32,
    },
    /// A computer that runs jobs
    Worker {
        /// Its name; of several, what their names begin with
        name: String,
        /// How many computers may join with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        uses: u32,
        /// For how long the invitation can be used
        #[arg(long, default_value_t = 168, value_parser = crate::hub::hours)]
        hours: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabStorageCommand {
    /// Change what is told of a storage; an empty value removes it, and the last one the storage
    Set {
        /// Its name
        name: String,
        /// In words
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// What a Mac connects to: smb://vast01/talmo
        #[arg(long, value_name = "URL")]
        mac: Option<String>,
        /// What Linux mounts: vast01:/talmo, or a line that says how
        #[arg(long, value_name = "ADDRESS")]
        linux: Option<String>,
        /// What Windows connects to: \\\\vast01\\talmo
        #[arg(long, value_name = "URL")]
        windows: Option<String>,
        /// A line of help
        #[arg(long, value_name = "TEXT")]
        help_text: Option<String>,
    },
    /// Tell nothing of a storage any more; it stays as it is
    Remove {
        /// Its name
        name: String,
    },
    /// What is told of each
    List,
}
