//! The worker of this program, and its end.

use super::{App, PATIENCE};
use crate::Error;
use crate::storages::sightings_file;
use crate::view::Keep;
use crate::workers::Own;
use samepath_worker::WorkerSettings;
use samepath_worker::guard::Patience;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The worker that this program runs beside what else it does.
pub(super) struct OwnWorker {
    /// One that runs, and what ends it.
    running: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
    /// Whoever starts or ends one waits for the other.
    turn: tokio::sync::Mutex<()>,
    /// Whether it takes jobs: not while those that run here are ended.
    takes: watch::Sender<bool>,
    /// Why it ended, if it did so by itself.
    error: Mutex<Option<Error>>,
}

impl Default for OwnWorker {
    fn default() -> Self {
        let (running, turn, error) = Default::default();
        Self { running, turn, takes: watch::Sender::new(true), error }
    }
}

impl App {
    /// Runs a worker in this process until [`App::stop_worker`] or [`App::shut_down`]; one that runs already goes on. Why it ended, if
    /// it does so by itself, is told by [`App::worker_error`].
    ///
    /// In a lab it does nothing: what runs jobs there has joined as a worker, and is a program of its own.
    pub fn run_worker(&self, name: Option<String>, kinds: Option<PathBuf>) {
        if self.inner.lab.is_some() {
            return;
        }
        let mut running = self.inner.worker.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(|(_, ended)| !ended.is_finished()) {
            return;
        }
        self.inner.worker.takes.send_replace(true);
        let stop = self.inner.shutdown.child_token();
        let (app, stopped) = (self.clone(), stop.clone());
        let ended = self.inner.tasks.spawn(async move {
            app.set_worker_error(None);
            if let Err(error) = app.work(name, kinds, stopped, false).await {
                tracing::warn!(%error, "the worker of this program ended");
                app.set_worker_error(Some(error));
            }
        });
        *running = Some((stop, ended));
    }

    /// This computer is a worker from now on, also after the next start of the window.
    ///
    /// # Errors
    /// `io` where that cannot be kept; it holds until the program ends all the same.
    pub async fn start_worker(&self) -> Result<(), Error> {
        let _turn = self.inner.worker.turn.lock().await;
        self.run_worker(None, None);
        self.keep(Keep::Worker(true))
    }

    /// Ends the jobs that run on this computer, which save first unless `kill`, and then the worker; this computer is none from now on,
    /// also after the next start of the window. Other jobs wait for other workers.
    ///
    /// # Errors
    /// What is wrong with a job that cannot be ended; then the worker goes on. `io` as [`App::start_worker`].
    pub async fn stop_worker(&self, kill: bool) -> Result<(), Error> {
        if kill {
            // Whoever ends them already waits until they have saved.
            self.end_jobs_here(true).await?;
        }
        let _turn = self.inner.worker.turn.lock().await;
        self.end_jobs_here(kill).await?;
        let running = self.inner.worker.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, ended)) = running {
            stop.cancel();
            if timeout(PATIENCE, ended).await.is_err() {
                tracing::warn!("the worker of this program did not end in time");
            }
        }
        self.set_worker_error(None);
        self.keep(Keep::Worker(false))
    }

    /// Ends the jobs that run on this computer, which save first unless `kill`; returns once none does. Its worker takes no other from then
    /// on, until it is started anew.
    ///
    /// # Errors
    /// What is wrong with a job that cannot be ended.
    pub async fn end_jobs_here(&self, kill: bool) -> Result<(), Error> {
        self.inner.worker.takes.send_replace(false);
        let ended = self.end_each(kill).await;
        if ended.is_err() {
            self.inner.worker.takes.send_replace(true);
        }
        ended
    }

    async fn end_each(&self, kill: bool) -> Result<(), Error> {
        let mut updates = self.watch();
        let mut asked = BTreeSet::new();
        loop {
            for job in self.jobs_here() {
                if asked.contains(&job.id) {
                    continue;
                }
                if kill {
                    self.kill(&job.id).await?;
                } else {
                    self.stop(&job.id).await?;
                }
                asked.insert(job.id);
            }
            // As long as it has not said so it may be about to begin one.
            let takes_more = self.inner.board.look(|seen| {
                let mut workers = seen.around.workers.values();
                workers.any(|worker| seen.here.own.is_some_and(|own| own.is(worker)) && !worker.draining)
            });
            if self.jobs_here().is_empty() && !takes_more || updates.next().await.is_none() {
                return Ok(());
            }
        }
    }

    /// Is a worker, until [`App::shut_down`]. The lab's own job types are the templates in `kinds`; where none is named, in the
    /// folder `kinds` of this computer's own data, if it is there.
    ///
    /// # Errors
    /// `already_exists` when a worker of that name runs on this computer, `io`.
    pub async fn worker(&self, name: Option<String>, kinds: Option<PathBuf>) -> Result<(), Error> {
        self.work(name, kinds, self.inner.shutdown.clone(), false).await
    }

    /// The same, until `told`: then it stops the jobs that run here, which may save first, and ends once that is recorded. They are
    /// tried again, here or elsewhere.
    ///
    /// # Errors
    /// As of [`App::worker`].
    pub async fn worker_until(
        &self,
        name: Option<String>,
        kinds: Option<PathBuf>,
        told: CancellationToken,
    ) -> Result<(), Error> {
        self.work(name, kinds, told, true).await
    }

    async fn work(
        &self,
        name: Option<String>,
        kinds: Option<PathBuf>,
        stop: CancellationToken,
        stop_jobs: bool,
    ) -> Result<(), Error> {
        let options = &self.inner.options;
        // In a lab it is called as it was invited.
        let own = self.inner.lab.as_ref().and_then(|_| self.inner.fleet.worker_id(&String::new()));
        // A folder's name has no colon.
        let name = name.or(own.map(|own| own.replace(':', "-gpu")));
        let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let own = Own { name: name.clone().unwrap_or_else(|| host.clone()), host };
        self.inner.board.set_own(Some(own));
        let settings = WorkerSettings {
            gpu: options.gpu,
            name,
            state_dir: options.workers_dir(),
            sightings: sightings_file(&options.data_dir),
            kinds_named: kinds.is_some(),
            kinds_dir: Some(options.kinds_place(kinds)),
            config: options.config.clone(),
            environment: options.environment.clone(),
            program: options.program.clone(),
            version: options.version.clone(),
            patience: Patience::default(),
            stop_jobs,
            takes: self.inner.worker.takes.subscribe(),
        };
        let ended = samepath_worker::run(self.inner.fleet.clone(), settings, stop).await;
        self.inner.board.set_own(None);
        Ok(ended?)
    }

    /// Why the worker of this program is not running, if it should be.
    pub fn worker_error(&self) -> Option<Error> {
        self.inner.worker.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_worker_error(&self, error: Option<Error>) {
        *self.inner.worker.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
        let link = self.inner.fleet.link().borrow().clone();
        self.show_frame(&link);
    }
}
