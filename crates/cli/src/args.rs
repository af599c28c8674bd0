#[cfg(test)]
mod documented;
mod hub;

use clap::{Args, Parser, Subcommand};
pub(crate) use hub::{Hub, HubCommand, InviteCommand, LabStorageCommand};
use std::path::PathBuf;

/// Point at a dataset on your computer, and run it on any lab GPU that mounts the same storage.
#[derive(Debug, Parser)]
#[command(name = "samepath", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read and write this configuration file [else $SAMEPATH_CONFIG, ./sleap-rtc.toml, ~/.sleap-rtc/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Name the storages that this computer mounts, and see how they are
    #[command(alias = "storages")]
    Storage {
        #[command(subcommand)]
        command: StorageCommand,
    },
    /// Say where a program lies that job types run, and see where each is
    #[command(alias = "programs")]
    Program {
        #[command(subcommand)]
        command: ProgramCommand,
    },
    /// Where a local path is on a storage
    Locate {
        /// A file or folder of this computer
        path: String,
    },
    /// Where a storage path is on this computer
    Resolve(Resolve),
    /// The videos of a SLEAP project, and where they are
    Dataset {
        /// A local path, or a storage path
        file: String,
        /// Where a video is: as the project has it, and a local path or a storage path. Tells which others the same change leads to
        #[arg(long, num_args = 2, value_names = ["WRITTEN", "PATH"])]
        video: Vec<String>,
    },
    /// What can be run
    #[command(alias = "kind")]
    Kinds {
        /// Show the parameters of this one
        kind: Option<String>,
    },
    /// The workers online; or have one of them take no new job
    Workers(Workers),
    /// Run a job on a worker that has the storage
    #[command(alias = "run")]
    Submit(Submit),
    /// All jobs, or one; or forget old ones
    #[command(aliases = ["job", "queue", "ps"])]
    Jobs(Jobs),
    /// What a job printed
    #[command(alias = "log")]
    Logs {
        /// The job's id, or its first or last characters
        id: String,
        /// Go on until the job ends
        #[arg(long, short)]
        follow: bool,
        /// Of this try instead of the newest
        #[arg(long, value_name = "N")]
        attempt: Option<u32>,
    },
    /// Interrupt a job; it may save what it has
    #[command(alias = "cancel")]
    Stop {
        /// The job's id, or its first or last characters
        id: String,
    },
    /// End a job at once
    Kill {
        /// The job's id, or its first or last characters
        id: String,
    },
    /// Run an ended job again
    #[command(alias = "rerun")]
    Retry {
        /// The job's id, or its first or last characters
        id: String,
    },
    /// Run jobs on this computer, until told to stop; or be a service that does
    Worker(Box<Worker>),
    /// Join a lab with an invitation of its hub: as a member, or as a worker
    Join {
        /// The line that begins with samepath:
        #[arg(required = true)]
        invitation: Vec<String>,
    },
    /// Forget the lab that this computer has joined, and its key. Jobs go on, and no file is touched
    Leave,
    /// Your own computers in the lab; or one more, or one less
    #[command(alias = "computer")]
    Computers {
        #[command(subcommand)]
        command: Option<ComputersCommand>,
    },
    /// Run a lab's hub, or look after who belongs to the lab
    Hub(Box<Hub>),
    /// Say where this computer has the lab's storages, question by question. Can be run again
    #[command(alias = "init")]
    Setup {
        /// Answer every question with what is suggested
        #[arg(long, short)]
        yes: bool,
        /// Copy the names and types of a worker's storages, for example: --from worker gpu-1
        #[arg(long, num_args = 2, value_names = ["worker", "NAME"])]
        from: Vec<String>,
    },
    /// Look at everything that could be wrong here, and say how to mend it
    Doctor {
        /// A folder with the lab's own job types, as given to a worker here
        #[arg(long, value_name = "DIR")]
        kinds: Option<PathBuf>,
        /// As text to send to somebody: no passwords, no home folder
        #[arg(long)]
        report: bool,
    },
    /// A pretend lab in a temporary folder: see a job run. Touches nothing of yours
    Demo {
        /// Leave the folder, to look around in it
        #[arg(long)]
        keep: bool,
    },
}

impl Command {
    /// Whether it can do nothing with a configuration that cannot be read. What is about jobs and workers alone can: a job has
    /// to be stopped whatever is in a file.
    pub(crate) fn needs_storages(&self) -> bool {
        match self {
            Self::Storage { .. }
            | Self::Program { .. }
            | Self::Locate { .. }
            | Self::Resolve(_)
            | Self::Dataset { .. }
            | Self::Submit(_)
            | Self::Worker(_)
            | Self::Join { .. }
            | Self::Leave
            | Self::Setup { .. } => true,
            Self::Kinds { .. }
            | Self::Workers(_)
            | Self::Computers { .. }
            | Self::Jobs(_)
            | Self::Logs { .. }
            | Self::Stop { .. }
            | Self::Kill { .. }
            | Self::Retry { .. }
            | Self::Hub(_)
            | Self::Doctor { .. }
            | Self::Demo { .. } => false,
        }
    }
}

impl Command {
    /// Whether it makes a configuration file that is named and not there, or says by itself that it is not.
    pub(crate) fn begins_a_file(&self) -> bool {
        matches!(
            self,
            Self::Storage { command: StorageCommand::Add { .. } }
                | Self::Program { command: ProgramCommand::Set { .. } }
                | Self::Setup { .. }
                | Self::Join { .. }
                | Self::Doctor { .. }
                | Self::Demo { .. }
        )
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Jobs {
    /// The job's id, or its first or last characters
    pub(crate) id: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<JobsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Forget those of your jobs that ended long ago, with their logs. Results on the storages stay
    Clear {
        /// How long ago: 30d, 2w, 12h
        #[arg(long, value_name = "AGE")]
        older_than: String,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Workers {
    /// Go on with every change until stopped
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(subcommand)]
    pub(crate) command: Option<WorkersCommand>,
}

/// What only those may do in a lab who look after it. Of this computer's own workers see [`WorkerCommand`].
#[derive(Debug, Subcommand)]
pub(crate) enum WorkersCommand {
    /// Those that are online, as without a command
    #[command(alias = "ls")]
    List,
    /// Have a worker take no new job. What runs goes on
    Drain {
        /// Its name
        name: String,
        /// Have it take jobs again
        #[arg(long)]
        undo: bool,
    },
    /// Put a worker out of the lab. A job that it runs is given to another one, and may go on there until it is ended on its computer
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ComputersCommand {
    /// All of them
    #[command(alias = "ls")]
    List,
    /// An invitation for one more, good for ten minutes, once
    Add,
    /// Put one out of the lab, such as a stolen one. Jobs go on
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// Its name, or its key
        computer: String,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) work: Work,
    /// Of the workers for each GPU: be that of this one
    #[arg(long, hide = true, conflicts_with = "gpus")]
    pub(crate) gpu: Option<u32>,
    /// End when standard input is closed: when whoever started this worker is gone
    #[arg(long, hide = true, conflicts_with = "gpus")]
    pub(crate) end_with_stdin: bool,
    #[command(subcommand)]
    pub(crate) command: Option<WorkerCommand>,
}

/// What is the same for a worker, however it is started.
#[derive(Debug, Args)]
pub(crate) struct Work {
    /// The worker's name [default: this computer's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A folder with the lab's own job types
    #[arg(long, value_name = "DIR")]
    pub(crate) kinds: Option<PathBuf>,
    /// A worker for each of these GPUs, as nvidia-smi counts them: 0,1. Each takes one job at a time, and shows it its own GPU alone [default: one worker, with all GPUs that CUDA_VISIBLE_DEVICES leaves it]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(crate) gpus: Vec<u32>,
    /// Run only for a lab that this computer has joined: end with an error where it is in none
    #[arg(long)]
    pub(crate) lab: bool,
    /// When told to end, stop the running jobs first, which may save what they have, and have them tried again: for a computer that will not be there afterwards [default: they go on]
    #[arg(long)]
    pub(crate) stop_jobs: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Make it a service of systemd, that of this user or of the whole system, and start it
    Install(Install),
    /// Take the service back. Jobs that run go on
    Uninstall(Uninstall),
    /// Have the workers of this computer take no new job, until the computer is started again. What runs goes on
    Drain {
        /// Only the worker of this name
        #[arg(long)]
        name: Option<String>,
        /// Have them take jobs again
        #[arg(long, conflicts_with = "wait")]
        undo: bool,
        /// Return when no job is left
        #[arg(long)]
        wait: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// For the whole system, from its start on; needs root
    #[arg(long, requires = "user")]
    pub(crate) system: bool,
    /// The user that jobs run as
    #[arg(long = "as", value_name = "USER", requires = "system")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) work: Work,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// That of the whole system; needs root
    #[arg(long)]
    pub(crate) system: bool,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// Name a storage
    Add {
        /// The lab's name for it: letters, digits, - and _
        name: String,
        /// Where this computer mounts it
        base_path: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change what is known of a storage; an empty value removes it
    Set {
        /// Its name
        name: String,
        /// Where this computer mounts it
        #[arg(long, value_name = "FOLDER")]
        base_path: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// The storages that this computer knows; looks at none of them
    #[command(alias = "ls")]
    List,
    /// The storages that this computer has and nobody named yet: what is mounted, and what older tables hint at
    Suggest,
    /// Forget a storage. No file on it is touched
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// Its name
        name: String,
    },
    /// Mark a storage, so that other computers know it from others of its name: writes `.samepath/storage.json` at its root,
    /// once and for all
    Mark {
        /// Its name, where there are several
        name: Option<String>,
    },
    /// Copy files of this computer onto a storage, where workers see them. Nothing there is replaced
    #[command(alias = "cp")]
    Copy {
        /// Files of this computer
        #[arg(required = true)]
        files: Vec<String>,
        /// Into this folder, which is made if it is not there: vast:amick/movies [default: your own, where there is one storage]
        #[arg(long, value_name = "NAME:FOLDER")]
        to: Option<String>,
    },
    /// How the storages are, now
    Check {
        /// Only this one
        name: Option<String>,
        /// Also whether the workers online see the same: they look for a small file in your folder, which is removed again
        #[arg(long)]
        with_workers: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProgramCommand {
    /// Name the file that is meant, instead of what is found in the usual places
    Set {
        /// As job types name it: sleap-nn
        name: String,
        /// The program's file
        path: String,
    },
    /// The programs that the job types here run, and where each is
    #[command(alias = "ls")]
    List {
        /// A folder with the lab's own job types, as given to a worker here
        #[arg(long, value_name = "DIR")]
        kinds: Option<PathBuf>,
    },
    /// Have a program looked for in the usual places again
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// As job types name it
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// A hint: local, nfs, smb, google_shared_drive, …
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Your folder directly under it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) user_subdir: Option<String>,
    /// The part of the storage that this mount shows
    #[arg(long, value_name = "FOLDER")]
    pub(crate) subpath: Option<String>,
    /// In words
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// The storage, where PATH does not name it
    #[arg(long, value_name = "NAME")]
    pub(crate) storage_backend: Option<String>,
    /// The folder directly under it [default: yours, as configured]; '' is none
    #[arg(long, value_name = "FOLDER")]
    pub(crate) user_subdir: Option<String>,
    /// It is to be written: it need not be there yet
    #[arg(long)]
    pub(crate) output: bool,
    /// NAME:rest, or the rest alone
    pub(crate) path: String,
}

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// What to run: see `samepath kinds`
    pub(crate) kind: String,
    /// The dataset: a local path, or a storage path such as vast:amick/labels.slp; the same as -p of the first file that is read
    pub(crate) file: Option<String>,
    /// The job's name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only on this worker
    #[arg(long)]
    pub(crate) worker: Option<String>,
    /// Who submits it, of several people who share this login
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// A value, NAME=VALUE; a path is a local one, or a storage path such as vast:amick/labels.slp
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Where a video is: as the project has it, and a local path or a storage path. `samepath dataset FILE` lists them
    #[arg(long, num_args = 2, value_names = ["WRITTEN", "PATH"])]
    pub(crate) video: Vec<String>,
    /// Do not wait for the job
    #[arg(long)]
    pub(crate) detach: bool,
}
