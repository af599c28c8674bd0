//! A pretend lab on this computer: one folder, reached by two different paths, as by two computers.
//!
//! Everything is in one temporary folder: the storage, the two "mounts", two configurations, the queue. Its desktop and its worker
//! are real ones, each with its own configuration; that they run in one program, nobody could tell from what they say to each other.

use crate::view::{DatasetView, Draft, JobView, ShownVideo, ShownView, Update};
use crate::{App, Error, ErrorCode, Options};
use samepath_storage::{ConfigFile, Environment, Origin};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const LABELS: &[u8] = include_bytes!("../../../tests/data/maze/labels.slp");
const VIDEO: &[u8] = include_bytes!("../../../tests/data/maze/cam0.mp4");

/// How long the worker may take to come, and to see its storage.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pretend lab. [`PretendLab::close`] ends it; whoever only drops it leaves its worker to its own end.
pub struct PretendLab {
    folders: Folders,
    desk: App,
    worker: App,
    /// Removes everything at the end.
    _folder: TempDir,
}

impl PretendLab {
    /// Makes it, and waits until its worker sees the storage. `options` are this program's; nothing of the person's is touched.
    /// With `keep` the folder stays.
    ///
    /// # Errors
    /// `io`, `fleet_unreachable`, `no_worker` where its worker does not come.
    pub async fn open(options: &Options, keep: bool) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::new(ErrorCode::Io, format!("The pretend lab cannot be made: {error}."));
        let mut folder = tempfile::Builder::new().prefix("samepath-demo-").tempdir().map_err(failed)?;
        folder.disable_cleanup(keep);
        // Without links in its own path: what is shown is what is there.
        let folders = Folders { root: std::fs::canonicalize(folder.path()).map_err(failed)? };
        folders.build().map_err(failed)?;
        let desk = App::start(folders.options(options, folders.desktop_config())).await?;
        let worker = match App::start(folders.options(options, folders.worker_config())).await {
            Ok(worker) => worker,
            Err(error) => {
                desk.shut_down().await;
                return Err(error);
            }
        };
        let lab = Self { folders, desk, worker, _folder: folder };
        lab.worker.run_worker(Some("gpu-1".to_owned()), None);
        match tokio::time::timeout(PATIENCE, lab.worker_ready()).await {
            Ok(Ok(())) => Ok(lab),
            Ok(Err(error)) => {
                lab.close().await;
                Err(error)
            }
            Err(_) => {
                let why = lab.worker.worker_error();
                lab.close().await;
                let late = format!("The worker did not come within {} s.", PATIENCE.as_secs());
                Err(why.unwrap_or_else(|| Error::new(ErrorCode::NoWorker, late)))
            }
        }
    }

    /// What the pretended lab member's window would ask.
    pub fn desk(&self) -> &App {
        &self.desk
    }

    /// The folder that everything is in.
    pub fn root(&self) -> &Path {
        &self.folders.root
    }

    /// Where the lab member's computer has the storage, and where the worker has it.
    pub fn mounts(&self) -> (PathBuf, PathBuf) {
        (self.folders.desktop_mount(), self.folders.worker_mount())
    }

    /// The project that is picked.
    ///
    /// # Errors
    /// As [`App::open_dataset`].
    pub async fn dataset(&self) -> Result<DatasetView, Error> {
        self.desk.open_dataset(self.folders.project().display().to_string(), Vec::new()).await
    }

    /// The job: a check of that project.
    pub fn draft(&self) -> Draft {
        let dataset = Some(self.folders.project().display().to_string());
        Draft { kind: "slp-check".to_owned(), dataset, ..Draft::default() }
    }

    /// Which videos the job's worker saw, and where.
    ///
    /// # Errors
    /// As [`App::report`].
    pub async fn seen(&self, job: &JobView) -> Result<Vec<ShownVideo>, Error> {
        let report = self.desk.report(&job.id).await?;
        let videos = report.as_ref().and_then(|report| report.get("videos")).and_then(Value::as_array);
        let video = |video: &Value| {
            let text = |key: &str| video.get(key).and_then(Value::as_str).unwrap_or("–").to_owned();
            let found = video.get("found").and_then(Value::as_bool) == Some(true);
            ShownVideo { written: text("written"), local: text("local"), found }
        };
        Ok(videos.into_iter().flatten().map(video).collect())
    }

    /// Ends its worker and its queue, and removes it all.
    pub async fn close(self) {
        self.worker.shut_down().await;
        self.desk.shut_down().await;
    }

    /// Ends when the worker is there, and sees its storage.
    async fn worker_ready(&self) -> Result<(), Error> {
        let mut updates = self.desk.watch();
        loop {
            match updates.next().await {
                Some(Update::Worker(worker)) if worker.storages.iter().any(|storage| storage.state == "ready") => {
                    return Ok(());
                }
                Some(_) => {}
                None => return Err(Error::queue_gone()),
            }
        }
    }

    /// From the pick to the report, as it happens.
    async fn show(&self, tell: &(impl Fn(ShownView) + Send + Sync)) -> Result<(), Error> {
        let (yours, workers) = self.mounts();
        tell(ShownView::Lab { yours: yours.display().to_string(), workers: workers.display().to_string() });
        let dataset = self.dataset().await?;
        let place = dataset.place.map(|place| place.text).unwrap_or_default();
        tell(ShownView::Dataset { local: dataset.local, place });
        tell(ShownView::Ready(self.desk.readiness(self.draft()).await?.sentence));
        let mut updates = self.desk.watch();
        let mut job = self.desk.submit(self.draft()).await?;
        tell(ShownView::Job(Box::new(job.clone())));
        while job.ended_at.is_none() {
            match updates.next().await {
                Some(Update::Job(news)) if news.id == job.id => {
                    job = *news;
                    tell(ShownView::Job(Box::new(job.clone())));
                }
                Some(_) => {}
                None => return Err(Error::queue_gone()),
            }
        }
        if job.state == "succeeded" {
            tell(ShownView::Seen(self.seen(&job).await?));
        }
        Ok(())
    }
}

impl App {
    /// Makes a pretend lab, runs a job in it and removes it again; `tell` hears each step. Ends early when `stop` is cancelled, and
    /// with this program; the lab is removed in either case.
    ///
    /// # Errors
    /// As [`PretendLab::open`] and as what it shows; `job_cancelled` when it was stopped.
    pub async fn show_me(&self, tell: impl Fn(ShownView) + Send + Sync, stop: &CancellationToken) -> Result<(), Error> {
        let stopped = || Err(Error::new(ErrorCode::JobCancelled, "The demonstration was stopped."));
        let ended = self.ended();
        let shown = async {
            let lab = PretendLab::open(self.options(), false).await?;
            let shown = tokio::select! {
                shown = lab.show(&tell) => shown,
                () = stop.cancelled() => stopped(),
                () = ended.cancelled() => stopped(),
            };
            lab.close().await;
            shown
        };
        self.tracked(shown).await
    }
}

/// The pretend lab's folders.
struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Where the lab member's computer mounts the storage.
    fn desktop_mount(&self) -> PathBuf {
        self.root.join("laptop/Volumes/talmo")
    }

    /// Where the worker's computer mounts the same storage.
    fn worker_mount(&self) -> PathBuf {
        self.root.join("gpu-1/mnt/vast")
    }

    fn project(&self) -> PathBuf {
        self.desktop_mount().join("amick/maze/project/labels.slp")
    }

    fn desktop_config(&self) -> PathBuf {
        self.root.join("laptop/config.toml")
    }

    fn worker_config(&self) -> PathBuf {
        self.root.join("gpu-1/config.toml")
    }

    /// This program's options, with another configuration and a queue of the lab's own.
    fn options(&self, own: &Options, config: PathBuf) -> Options {
        Options {
            config: ConfigFile { path: config, origin: Origin::Argument },
            environment: Environment {
                current_dir: None,
                samepath_config: None,
                shared_storage_root: None,
                ..own.environment.clone()
            },
            data_dir: self.root.join("data"),
            in_lab: false,
            places: None,
            jobs_at_once: None,
            gpu: None,
            ..own.clone()
        }
    }

    /// Makes the storage, reaches it by two paths, and copies the project to it. The project's video is not beside it.
    fn build(&self) -> io::Result<()> {
        let storage = self.root.join("storage");
        let maze = storage.join("amick/maze");
        std::fs::create_dir_all(maze.join("project"))?;
        std::fs::write(maze.join("project/labels.slp"), LABELS)?;
        std::fs::write(maze.join("cam0.mp4"), VIDEO)?;
        for mount in [self.desktop_mount(), self.worker_mount()] {
            if let Some(parent) = mount.parent() {
                std::fs::create_dir_all(parent)?;
            }
            link(&storage, &mount)?;
        }
        let mount = quoted(&self.desktop_mount());
        std::fs::write(
            self.desktop_config(),
            format!("[storage.vast]\nbase_path = {mount}\nuser_subdir = \"amick\"\n"),
        )?;
        // Whoever labelled had the storage at /Volumes/talmo, on a Mac.
        let mount = quoted(&self.worker_mount());
        std::fs::write(
            self.worker_config(),
            format!(
                "[storage.vast]\nbase_path = {mount}\n\n[[path_mappings]]\nlocal = \"/Volumes/talmo\"\nworker = {mount}\n"
            ),
        )
    }
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    Value::from(path.display().to_string()).to_string()
}

#[cfg(unix)]
fn link(storage: &Path, mount: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(storage, mount)
}

#[cfg(windows)]
fn link(storage: &Path, mount: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(storage, mount)
}
