//! What is asked of the program about jobs: before they are submitted, while they wait and run, and after.

use super::App;
use crate::board::{Picture, Updates};
use crate::draft::{Circumstances, Plan, plan};
use crate::log::LogStream;
use crate::readiness::{blocked, readiness};
use crate::view::{Draft, JobView, ReadinessView};
use crate::{Error, ErrorCode};
use jiff::Zoned;
use samepath_wire::{JobId, JobRecord, Kind};
use serde_json::Value;

impl App {
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

    /// Jobs that this program's own worker runs now.
    pub fn jobs_here(&self) -> Vec<JobView> {
        let picture = self.inner.board.picture();
        let Some(own) = &picture.own else { return Vec::new() };
        let held = picture.workers.values().filter(|worker| own.is(worker)).flat_map(|worker| &worker.holds);
        held.filter_map(|held| picture.jobs.get(&held.job.to_string())).map(|record| picture.job(record)).collect()
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
