use crate::board::{Board, Picture, Updates};
use crate::dataset::BasePaths;
use crate::draft::{Circumstances, Plan, plan};
use crate::kinds::{kind_view, known};
use crate::log::LogStream;
use crate::places::Options;
use crate::readiness::{blocked, readiness};
use crate::storages::LocalStorages;
use crate::view::{
    DatasetView, Draft, JobView, KindView, ReadinessView, StatusView, StorageFields, StorageView, WorkerView,
};
use crate::workers::{Own, worker_view};
use crate::{Error, ErrorCode, watching};
use jiff::Zoned;
use samepath_fleet::bus::{Link, local::LocalSettings};
use samepath_fleet::{Fleet, FleetError};
use samepath_wire::{JobId, JobRecord, Kind};
use samepath_worker::guard::Patience;
use samepath_worker::{WorkerError, WorkerSettings};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the queue may take to tell what it knows.
const PATIENCE: Duration = Duration::from_secs(15);

/// The program without a face. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    storages: Arc<LocalStorages>,
    fleet: Fleet,
    board: Arc<Board>,
    /// Ends everything that runs in the background; each part of it belongs to `tasks`.
    shutdown: CancellationToken,
    tasks: TaskTracker,
    /// Why the worker of this program ended, if it did.
    worker_error: Mutex<Option<Error>>,
}

impl App {
    /// Reads the configuration and opens the queue. Touches no storage.
    ///
    /// # Errors
    /// `fleet_unreachable`, `io`. A configuration that cannot be read is no error here: see [`LocalStorages::config_error`].
    pub async fn start(options: Options) -> Result<Self, Error> {
        let storages =
            Arc::new(LocalStorages::open(options.config.clone(), options.environment.clone(), options.program.clone()));
        Self::with_storages(options, storages).await
    }

    /// The same, with storages that were opened before.
    ///
    /// # Errors
    /// `fleet_unreachable`, `io`.
    pub async fn with_storages(options: Options, storages: Arc<LocalStorages>) -> Result<Self, Error> {
        let mut settings = LocalSettings::new(options.data_dir.join("fleet"), options.member.clone());
        settings.runtime_dir.clone_from(&options.runtime_dir);
        let fleet = Fleet::local(settings).await?;
        let board = Board::new();
        let tasks = TaskTracker::new();
        tasks.spawn(board.clone().follow(fleet.workers(), fleet.jobs(), fleet.kinds()));
        let inner = Inner {
            options,
            storages,
            fleet,
            board,
            shutdown: CancellationToken::new(),
            tasks,
            worker_error: Mutex::new(None),
        };
        let app = Self { inner: Arc::new(inner) };
        app.keep_frame();
        tokio::time::timeout(PATIENCE, app.inner.board.ready()).await.map_err(|_| {
            Error::new(ErrorCode::FleetUnreachable, "The queue of this computer does not answer.")
                .with_hint("Another Samepath program may be stuck: end it, then try again.")
        })?;
        Ok(app)
    }

    /// Tells the page who, where, and how connected, and every change of the storages.
    fn keep_frame(&self) {
        let app = self.clone();
        let mut link = self.inner.fleet.link();
        let mut storages = self.inner.storages.changes();
        self.inner.tasks.spawn(async move {
            loop {
                app.show_frame(&link.borrow_and_update().clone());
                tokio::select! {
                    () = app.inner.shutdown.cancelled() => return,
                    changed = link.changed() => if changed.is_err() { return },
                    changed = storages.changed() => if changed.is_err() { return },
                }
            }
        });
    }

    fn show_frame(&self, link: &Link) {
        let storages = &self.inner.storages;
        self.inner.board.set_storages(storages.views());
        self.inner.board.set_status(StatusView {
            lab: "This computer".to_owned(),
            link: match link {
                Link::Up => "this computer",
                Link::Down { .. } => "reconnecting…",
            }
            .to_owned(),
            member: self.inner.options.member.clone(),
            version: self.inner.options.version.clone(),
            config_file: storages.file().path.display().to_string(),
            config_error: storages.config_error().map(|error| error.view()),
        });
    }

    /// Keeps looking at the storages and at the configuration file until [`App::shut_down`]: for a window, which stays.
    pub fn keep_watch(&self) {
        let storages = self.inner.storages.clone();
        let shutdown = self.inner.shutdown.clone();
        self.inner.tasks.spawn(watching::probe_regularly(storages.clone(), shutdown.clone()));
        self.inner.tasks.spawn(watching::follow_file(storages, shutdown));
    }

    /// Runs a worker in this process until [`App::shut_down`]. Why it ended, if it does so by itself, is told by
    /// [`App::worker_error`].
    pub fn run_worker(&self, name: Option<String>, kinds: Option<PathBuf>) {
        let app = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(error) = app.worker(name, kinds).await {
                tracing::warn!(%error, "the worker of this program ended");
                *app.inner.worker_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
    }

    /// Is a worker, until [`App::shut_down`].
    ///
    /// # Errors
    /// `already_exists` when a worker of that name runs on this computer, `io`.
    pub async fn worker(&self, name: Option<String>, kinds: Option<PathBuf>) -> Result<(), Error> {
        let options = &self.inner.options;
        let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let own = Own { name: name.clone().unwrap_or_else(|| host.clone()), host };
        self.inner.board.set_own(Some(own));
        let settings = WorkerSettings {
            name,
            state_dir: options.data_dir.join("workers"),
            kinds_dir: kinds,
            config: options.config.clone(),
            environment: options.environment.clone(),
            program: options.program.clone(),
            version: options.version.clone(),
            patience: Patience::default(),
        };
        let ended = samepath_worker::run(self.inner.fleet.clone(), settings, self.inner.shutdown.clone()).await;
        self.inner.board.set_own(None);
        Ok(ended?)
    }

    /// Why the worker of this program is not running, if it should be.
    pub fn worker_error(&self) -> Option<Error> {
        self.inner.worker_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Jobs that this program's own worker runs now.
    pub fn jobs_here(&self) -> Vec<JobView> {
        let picture = self.inner.board.picture();
        let Some(own) = &picture.own else { return Vec::new() };
        let held = picture.workers.values().filter(|worker| own.is(worker)).flat_map(|worker| &worker.holds);
        held.filter_map(|held| picture.jobs.get(&held.job.to_string())).map(|record| picture.job(record)).collect()
    }

    /// Ends the worker of this program, whose guards go on, and hands the queue over.
    pub async fn shut_down(&self) {
        self.inner.shutdown.cancel();
        self.inner.fleet.close().await;
        self.inner.tasks.close();
        if tokio::time::timeout(PATIENCE, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("something in the background did not end in time");
        }
    }

    /// The storages of this computer.
    pub fn local_storages(&self) -> Arc<LocalStorages> {
        self.inner.storages.clone()
    }

    /// The storages as configured, with their health where known.
    pub fn storages(&self) -> Vec<StorageView> {
        self.inner.storages.views()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&LocalStorages) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let storages = self.inner.storages.clone();
        tokio::task::spawn_blocking(move || work(&storages))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string())))
    }

    /// Looks at every storage, or one, now.
    ///
    /// # Errors
    /// `backend_not_found`.
    pub async fn check_storages(&self, name: Option<String>) -> Result<Vec<StorageView>, Error> {
        self.blocking(move |storages| storages.check(name.as_deref())).await
    }

    /// Writes a new storage, and looks at it.
    ///
    /// # Errors
    /// As [`LocalStorages::add`].
    pub async fn add_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        self.blocking(move |storages| {
            storages.add(&name, fields)?;
            storages.check(Some(&name))?;
            storages.view(&name)
        })
        .await
    }

    /// Changes a storage, and looks at it.
    ///
    /// # Errors
    /// As [`LocalStorages::set`].
    pub async fn set_storage(&self, name: String, fields: StorageFields) -> Result<StorageView, Error> {
        self.blocking(move |storages| {
            storages.set(&name, fields)?;
            storages.check(Some(&name))?;
            storages.view(&name)
        })
        .await
    }

    /// Forgets a storage; no file on it is touched.
    ///
    /// # Errors
    /// As [`LocalStorages::remove`].
    pub async fn remove_storage(&self, name: String) -> Result<(), Error> {
        self.blocking(move |storages| storages.remove(&name)).await
    }

    /// A dataset by local path or storage path, with its videos.
    ///
    /// # Errors
    /// As [`LocalStorages::dataset`].
    pub async fn open_dataset(&self, path: String) -> Result<DatasetView, Error> {
        let fleet = self.fleet_base_paths();
        self.blocking(move |storages| storages.dataset(&path, fleet)).await
    }

    /// Where the workers mount their storages.
    fn fleet_base_paths(&self) -> BasePaths {
        let mut paths = BasePaths::new();
        for worker in self.inner.board.picture().workers.into_values() {
            for (name, backend) in worker.backends {
                let known = paths.entry(name).or_default();
                if !known.contains(&backend.base_path) {
                    known.push(backend.base_path);
                }
            }
        }
        paths
    }

    fn known_kinds(&self) -> Vec<Kind> {
        let picture = self.inner.board.picture();
        known(&picture.kinds, picture.workers.values())
    }

    /// Job types.
    pub fn kinds(&self) -> Vec<KindView> {
        self.known_kinds().iter().map(kind_view).collect()
    }

    /// One job type.
    ///
    /// # Errors
    /// `kind_not_found`.
    pub fn kind(&self, name: &str) -> Result<KindView, Error> {
        Ok(kind_view(&self.find_kind(name)?))
    }

    fn find_kind(&self, name: &str) -> Result<Kind, Error> {
        find_kind(&self.known_kinds(), name)
    }

    /// Workers that are online, by name.
    pub fn workers(&self) -> Vec<WorkerView> {
        let picture = self.inner.board.picture();
        let view = |worker| worker_view(worker, &picture.jobs, picture.own.as_ref());
        let mut workers: Vec<WorkerView> = picture.workers.values().map(view).collect();
        workers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        workers
    }

    /// Who could run this draft, and the sentence that says so. A draft that cannot be submitted is no error: the sentence says
    /// why.
    ///
    /// # Errors
    /// `kind_not_found`.
    pub async fn readiness(&self, draft: Draft) -> Result<ReadinessView, Error> {
        let kind = self.find_kind(&draft.kind)?;
        let planned = self.plan(kind, draft.clone()).await;
        let picture: Picture = self.inner.board.picture();
        Ok(match planned {
            Ok(plan) => readiness(&self.inner.fleet, &picture, &plan).await,
            Err(error) => blocked(&draft, &picture, &error),
        })
    }

    async fn plan(&self, kind: Kind, draft: Draft) -> Result<Plan, Error> {
        let member = self.inner.options.member.clone();
        let fleet_base_paths = self.fleet_base_paths();
        self.blocking(move |storages| {
            let around = Circumstances { member: &member, now: &Zoned::now(), fleet_base_paths };
            plan(storages, &kind, &draft, &around)
        })
        .await
    }

    /// Makes the draft a job.
    ///
    /// # Errors
    /// `kind_not_found`, `invalid_parameter`, `no_worker` for a worker that nobody knows, and whatever is wrong with its paths.
    pub async fn submit(&self, draft: Draft) -> Result<JobView, Error> {
        let kind = self.find_kind(&draft.kind)?;
        let plan = self.plan(kind, draft).await?;
        if let Some(wanted) = &plan.job.worker {
            self.know_worker(wanted)?;
        }
        let record = self.inner.fleet.submit(&plan.job).await?;
        Ok(self.view(&record))
    }

    fn know_worker(&self, wanted: &str) -> Result<(), Error> {
        let picture = self.inner.board.picture();
        let online = picture.workers.values().any(|worker| worker.id == wanted || worker.name == wanted);
        let seen = picture
            .jobs
            .values()
            .flat_map(|record| &record.attempts)
            .any(|attempt| attempt.worker == wanted || attempt.worker_name == wanted);
        if online || seen {
            return Ok(());
        }
        let mut names: Vec<&str> = picture.workers.values().map(|worker| worker.name.as_str()).collect();
        names.sort_unstable();
        Err(Error::new(ErrorCode::NoWorker, format!("There is no worker {wanted}.")).with_hint(if names.is_empty() {
            "No worker is online. Start one: samepath worker".to_owned()
        } else {
            format!("Online: {}.", names.join(", "))
        }))
    }

    fn view(&self, record: &JobRecord) -> JobView {
        self.inner.board.picture().job(record)
    }

    /// Every job, newest first.
    pub fn jobs(&self) -> Vec<JobView> {
        let picture = self.inner.board.picture();
        let mut records: Vec<&JobRecord> = picture.jobs.values().collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.order));
        records.into_iter().map(|record| picture.job(record)).collect()
    }

    /// The id of a job that a person wrote: whole, or as many of its last characters as tell it apart.
    ///
    /// # Errors
    /// `job_not_found`, `invalid_parameter` where several fit.
    pub fn job_id(&self, text: &str) -> Result<JobId, Error> {
        if let Ok(id) = text.parse::<JobId>() {
            return Ok(id);
        }
        let picture = self.inner.board.picture();
        let fit: Vec<&JobRecord> = picture
            .jobs
            .iter()
            .filter(|(id, _)| text.len() >= 4 && id.ends_with(text))
            .map(|(_, record)| record)
            .collect();
        match fit.as_slice() {
            [record] => Ok(record.job.id),
            [] => Err(Error::new(ErrorCode::JobNotFound, format!("There is no job {text}."))
                .with_hint("See all of them: samepath jobs")),
            several => Err(Error::new(ErrorCode::InvalidParameter, format!("{text} fits {} jobs.", several.len()))
                .with_hint("Give more of its id: samepath jobs")),
        }
    }

    /// A job.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn job(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.job(self.job_id(id)?).await?;
        Ok(self.view(&record))
    }

    /// Interrupts a job and lets it save.
    ///
    /// # Errors
    /// `job_not_found`; `invalid_parameter` for one that has ended.
    pub async fn stop(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.stop(self.job_id(id)?).await?;
        Ok(self.view(&record))
    }

    /// Ends a job at once.
    ///
    /// # Errors
    /// As [`App::stop`].
    pub async fn kill(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.kill(self.job_id(id)?).await?;
        Ok(self.view(&record))
    }

    /// Adds a try to an ended job.
    ///
    /// # Errors
    /// `job_not_found`; `invalid_parameter` for one that has not ended.
    pub async fn retry(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.retry(self.job_id(id)?).await?;
        Ok(self.view(&record))
    }

    /// `report.json` of a job's results, where it wrote one and it can be read here.
    ///
    /// # Errors
    /// `job_not_found`; what is wrong with the storage.
    pub async fn report(&self, id: &str) -> Result<Option<Value>, Error> {
        let view = self.job(id).await?;
        let (Some(results), true) = (view.results, view.outputs.iter().any(|file| file.path == "report.json")) else {
            return Ok(None);
        };
        let path =
            if results.path.is_empty() { "report.json".to_owned() } else { format!("{}/report.json", results.path) };
        let at = samepath_wire::StoragePath::new(results.storage_backend, results.user_subdir, path);
        let text = self.blocking(move |storages| storages.read_text(&at)).await?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Error::new(ErrorCode::Io, format!("The report of this job cannot be read: {error}.")))
    }

    /// Everything known, then every change.
    pub fn watch(&self) -> Updates {
        self.inner.board.watch()
    }

    /// The log of a job's newest try, or of another; from its first line, then live until the try ends.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn log(&self, id: &str, attempt: Option<u32>) -> Result<LogStream, Error> {
        self.open_log(id, attempt, true).await
    }

    /// The same, as far as it is now.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn log_so_far(&self, id: &str, attempt: Option<u32>) -> Result<LogStream, Error> {
        self.open_log(id, attempt, false).await
    }

    async fn open_log(&self, id: &str, attempt: Option<u32>, follow: bool) -> Result<LogStream, Error> {
        let record = self.inner.fleet.job(self.job_id(id)?).await?;
        let newest = record.attempts.last().map_or(1, |attempt| attempt.number);
        if let Some(wanted) = attempt.filter(|wanted| *wanted == 0 || *wanted > newest) {
            return Err(Error::new(ErrorCode::InvalidParameter, format!("This job has no try {wanted}."))
                .with_hint(format!("Its newest try is {newest}.")));
        }
        let (fleet, board) = (self.inner.fleet.clone(), self.inner.board.clone());
        Ok(LogStream::new(fleet, board, record.job.id, attempt.unwrap_or(newest), follow))
    }
}

/// The kind of that name.
fn find_kind(kinds: &[Kind], name: &str) -> Result<Kind, Error> {
    kinds.iter().find(|kind| kind.name == name).cloned().ok_or_else(|| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        Error::new(ErrorCode::KindNotFound, format!("There is no job type {name}."))
            .with_hint(format!("Known: {}.", names.join(", ")))
    })
}

impl From<FleetError> for Error {
    fn from(error: FleetError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}

impl From<WorkerError> for Error {
    fn from(error: WorkerError) -> Self {
        Self { code: ErrorCode::parse(error.code()), message: error.to_string(), hint: error.hint() }
    }
}
