use super::machine::Machine;
use crate::kinds::Choices;
use crate::prepare::{HEARTBEAT, STALE_AFTER};
use samepath_storage::{Backend, PathMapping, is_locked};
use samepath_wire::{Assignment, AttemptEnd, AttemptRef, Progress, StoragePath};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The form in which a [`Spec`] is written. It grows when a guard of before would do something wrong with what it reads; what it may
/// leave out grows nothing.
pub const VERSION: u32 = 1;

/// What a worker writes down before it starts a guard: all that the guard needs to know, so that it asks nobody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// [`VERSION`] of whoever wrote it.
    #[serde(default = "first")]
    pub version: u32,
    /// Job, attempt, epoch, and whether it gets an output folder of its own.
    pub assignment: Assignment,
    /// The worker's name.
    pub worker: String,
    /// The worker's storages.
    pub backends: Vec<Backend>,
    /// Where the lab's own kinds are.
    #[serde(default)]
    pub kinds_dir: Option<PathBuf>,
    /// Where any computer of the fleet mounts each storage: for translating the paths written in a project.
    #[serde(default)]
    pub base_paths: BTreeMap<String, Vec<String>>,
    /// The worker's `[[path_mappings]]`, written path to path here.
    #[serde(default)]
    pub path_mappings: Vec<PathMapping>,
    /// The programs that the worker's configuration names.
    #[serde(default)]
    pub programs: Choices,
    /// How long the guard waits for what.
    #[serde(default)]
    pub patience: Patience,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// Of a spec that says nothing of it.
fn first() -> u32 {
    1
}

/// How long a guard waits, and how much it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patience {
    /// Between *stop* and *kill*; `None`: what the kind says.
    pub notice: Option<Duration>,
    /// Without any worker, before the guard ends its tree.
    pub orphan: Duration,
    /// For what the tool left behind to end by itself.
    pub leftovers: Duration,
    /// For what hangs on a dead storage once the tool was killed, or would not die.
    pub give_up: Duration,
    /// For the checking. It may wait for a share that lags, a minute for each input; longer than this, and a storage does not
    /// answer.
    pub checking: Duration,
    /// Between two signs of life in the output folders.
    pub heartbeat: Duration,
    /// Between two tries to write the end down, or to give an output folder back.
    pub write_again: Duration,
    /// After the end, for a storage that is away to come back, so that its output folders can be given back. Later they are nobody's.
    pub give_back: Duration,
    /// Bytes of log kept on the local disk, apart from the last lines, which are always kept.
    pub log_bytes: u64,
    /// From so many bytes on the log is put beside the results as well: a window shows 200,000 lines, which take more than this.
    pub long_log: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            notice: None,
            orphan: Duration::from_secs(60 * 60),
            leftovers: Duration::from_secs(2),
            give_up: Duration::from_secs(10),
            checking: Duration::from_secs(15 * 60),
            heartbeat: HEARTBEAT,
            write_again: Duration::from_secs(5),
            give_back: STALE_AFTER,
            log_bytes: 256 * 1024 * 1024,
            long_log: 16 * 1024 * 1024,
        }
    }
}

/// What stands beside an end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Besides {
    /// Whether processes of the attempt did not end when it did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub survivors: bool,
    /// Where its whole log was put as text, if it is a long one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<StoragePath>,
}

/// In an attempt's folder: see [`AttemptDir::give_back`].
const GIVEN_BACK: &str = "given-back";

/// The folder of one attempt on the worker's local disk; only its owner can enter it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptDir {
    path: PathBuf,
    at: AttemptRef,
}

impl AttemptDir {
    /// The folder of `at` in `attempts`; it need not be there.
    pub fn new(attempts: &Path, at: AttemptRef) -> Self {
        Self { path: attempts.join(mark(&at)), at }
    }

    /// The folder at `path`; `None` if its name is not that of an attempt.
    pub fn at(path: &Path) -> Option<Self> {
        let (job, attempt) = path.file_name()?.to_str()?.rsplit_once('.')?;
        Some(Self { path: path.to_owned(), at: AttemptRef { job: job.parse().ok()?, attempt: attempt.parse().ok()? } })
    }

    /// Which attempt it is.
    pub fn attempt(&self) -> &AttemptRef {
        &self.at
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, for its owner alone, with its specification, before its guard is started.
    pub fn create(&self, spec: &Spec) -> io::Result<()> {
        if let Some(parent) = self.path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        make_private(&self.path)?;
        // It need not outlast a power cut: no guard does, and it is read once, by the guard that is started now. Whole or not there: of
        // half of one nobody knows where it began.
        let half = self.path.join("spec.json.new");
        fs_err::write(&half, serde_json::to_vec(spec)?)?;
        fs_err::rename(half, self.path.join("spec.json"))
    }

    /// The specification.
    ///
    /// # Errors
    /// It cannot be read, or ([`io::ErrorKind::Unsupported`]) a later version wrote it: the worker is newer than its guard.
    pub fn spec(&self) -> io::Result<Spec> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(default = "first")]
            version: u32,
        }
        let text = fs_err::read(self.path.join("spec.json"))?;
        let Written { version } = serde_json::from_slice(&text)?;
        if version > VERSION {
            let words =
                format!("a newer Samepath wrote this job down: in form {version}, and this one knows {VERSION}");
            return Err(io::Error::new(io::ErrorKind::Unsupported, words));
        }
        Ok(serde_json::from_slice(&text)?)
    }

    /// On which computer it was started, where that was written down. Of one without a specification nothing was.
    ///
    /// # Errors
    /// The specification cannot be read.
    pub fn machine(&self) -> io::Result<Option<Machine>> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(default)]
            machine: Option<Machine>,
        }
        match self.read::<Written>("spec.json") {
            Ok(written) => Ok(written.machine),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes down that its worker stops it because it has to end itself: whoever tells of the end knows that nobody wanted it.
    pub fn give_back(&self) -> io::Result<()> {
        fs_err::write(self.path.join(GIVEN_BACK), "")
    }

    /// Whether that is written down.
    pub fn is_given_back(&self) -> bool {
        self.path.join(GIVEN_BACK).exists()
    }

    /// How it ended, once it has.
    pub fn end(&self) -> io::Result<Option<AttemptEnd>> {
        match self.read("end.json") {
            Ok(end) => Ok(Some(end)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What stands beside its end; of one that has none nothing does.
    pub fn besides(&self) -> Besides {
        self.read("end.json").unwrap_or_default()
    }

    /// Writes down how it ended: from now on it is over, whoever still runs.
    pub fn write_end(&self, end: &AttemptEnd) -> io::Result<()> {
        self.write_end_after(end, &Besides::default(), || ())
    }

    /// The same, with what stands beside it, and does something between: when there is room for the end, and nobody has seen it yet.
    pub(super) fn write_end_after(
        &self,
        end: &AttemptEnd,
        besides: &Besides,
        something: impl FnOnce(),
    ) -> io::Result<()> {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(flatten)]
            end: &'a AttemptEnd,
            #[serde(flatten)]
            besides: &'a Besides,
        }
        let half = self.path.join("end.json.new");
        let mut file = File::create(&half)?;
        file.write_all(&serde_json::to_vec(&Written { end, besides })?)?;
        file.sync_all()?;
        something();
        fs_err::rename(half, self.path.join("end.json"))
    }

    /// What the tool said last of itself, once it has ended and if it said anything: for whoever was not connected then.
    pub fn said(&self) -> Option<Progress> {
        self.read("said.json").ok()
    }

    /// Writes that down.
    pub(super) fn write_said(&self, said: &Progress) -> io::Result<()> {
        fs_err::write(self.path.join("said.json"), serde_json::to_vec(said)?)
    }

    /// The log, a [`LogLine`](samepath_wire::LogLine) per line.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// Any other file in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Takes the lock that a guard holds as long as it lives; `None` while another process has it.
    pub fn lock(&self) -> io::Result<Option<File>> {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether its guard lives, or cannot be asked.
    pub fn is_guarded(&self) -> bool {
        is_locked(&self.path.join("lock")).unwrap_or(true)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<T> {
        serde_json::from_slice(&fs_err::read(self.path.join(name))?).map_err(io::Error::from)
    }
}

/// `<job>.<attempt>`: the folder's name, and what marks every process of the attempt.
pub(super) fn mark(at: &AttemptRef) -> String {
    format!("{}.{}", at.job, at.attempt)
}

/// Makes a folder that only its owner can enter; one that is there is closed to others.
pub fn make_private(path: &Path) -> io::Result<()> {
    fs_err::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
