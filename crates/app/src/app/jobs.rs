//! What is asked of the program about jobs: before they are submitted, while they wait and run, and after.

use super::App;
use crate::board::Updates;
use crate::draft::{Circumstances, Plan, plan};
use crate::jobs::{PUT_OUT, try_view, worker_id};
use crate::log::LogStream;
use crate::proofs::Place;
use crate::readiness::{self, Outlook};
use crate::sameness::{self, Asked, Verdict};
use crate::view::{ClearedView, Draft, JobView, ReadinessView, TryView, Update};
use crate::{Error, ErrorCode};
use jiff::Zoned;
use samepath_fleet::FleetError;
use samepath_wire::{Attempt, AttemptRef, JobId, JobRecord, Kind, Worker, WorkerId};
use serde_json::Value;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long a worker may take to prove that it reads a dataset while somebody waits for a job to be submitted.
const MOMENT: Duration = Duration::from_secs(1);

/// Jobs that are named where a part of an id fits several.
const MOST_TOLD: usize = 5;

/// A name that was shown is kept so long: one that is made anew tells a later time.
const SHOWN: Duration = Duration::from_secs(10 * 60);

/// The job that a form would become: its results folder is called after it, and is the one that was shown.
#[derive(Debug, Clone)]
pub(super) struct Preview {
    kind: String,
    dataset: Option<String>,
    id: JobId,
    now: Zoned,
    since: Instant,
}

impl Preview {
    fn of(draft: &Draft) -> Self {
        let (kind, dataset) = (draft.kind.clone(), draft.dataset.clone());
        Self { kind, dataset, id: JobId::now_v7(), now: Zoned::now(), since: Instant::now() }
    }

    fn is_of(&self, draft: &Draft) -> bool {
        (&self.kind, &self.dataset) == (&draft.kind, &draft.dataset) && self.since.elapsed() < SHOWN
    }
}

impl App {
    /// Who could run this draft, and the sentence that says so. A draft that cannot be submitted is no error: the sentence says
    /// why.
    ///
    /// # Errors
    /// `kind_not_found`.
    pub async fn readiness(&self, draft: Draft) -> Result<ReadinessView, Error> {
        if let Some(offline) = self.offline() {
            return Ok(self
                .inner
                .board
                .look(|seen| readiness::offline(&draft, seen.around.workers.values(), &offline)));
        }
        let kind = self.find_kind(&draft.kind)?;
        let preview = self.show_preview(&draft);
        let parameters = kind.parameters.clone();
        let planned = self.plan(kind, draft.clone(), preview).await;
        let board = &self.inner.board;
        Ok(match planned {
            Ok(plan) => {
                let outlook = board.look(|seen| Outlook::of(&plan.job, seen, &Zoned::now()));
                let (view, verdicts) =
                    readiness::readiness(&self.inner.fleet, &self.inner.storages, &outlook, &plan).await;
                self.proved(&plan, &verdicts);
                view
            }
            Err(error) => {
                board.look(|seen| readiness::blocked(&draft, &parameters, seen.around.workers.values(), &error))
            }
        })
    }

    /// Remembers what workers proved, for whoever looks at them.
    fn proved(&self, plan: &Plan, verdicts: &[(&Worker, Verdict)]) {
        let Some(by) = plan.proven_by() else { return };
        let name = &by.at.storage_backend;
        if let Some(ours) = self.inner.storages.view(name).ok().as_ref().and_then(Place::of) {
            self.inner.storages.take_proofs(name, &ours, verdicts, Some(&by));
        }
    }

    /// Says in the job which of the workers that could run it read the same dataset: these come first. Those that did not prove it
    /// a moment ago are asked. Nobody is waited for long, and nothing depends on an answer.
    async fn confirm(&self, plan: &mut Plan) {
        let Some(by) = plan.proven_by() else { return };
        let fits = self.inner.board.look(|seen| seen.fits(&plan.job));
        let (ours, now) = (self.inner.storages.view(&by.at.storage_backend).ok(), Instant::now());
        let proofs = self.inner.storages.proofs();
        let known = |worker: &&Worker| ours.as_ref().is_some_and(|ours| proofs.lately(ours, worker, &by, now));
        let (proved, workers): (Vec<&Worker>, Vec<&Worker>) =
            sameness::worth_asking(&fits).into_iter().partition(known);
        let paths = std::slice::from_ref(&by.at);
        let reader = self.inner.storages.reader();
        let asked = sameness::ask(&self.inner.fleet, &reader, &workers, paths, MOMENT).await;
        let proved = proved.into_iter().map(|worker| worker.id.clone()).chain(Asked::same(&asked));
        sameness::confirm(&mut plan.job, &by.at.storage_backend, proved);
        self.proved(plan, &Asked::verdicts(&asked));
    }

    /// What this draft would become, as it was shown last. No two jobs become it.
    fn take_preview(&self, draft: &Draft) -> Preview {
        let shown = self.inner.previewed.lock().unwrap_or_else(PoisonError::into_inner).take();
        shown.filter(|shown| shown.is_of(draft)).unwrap_or_else(|| Preview::of(draft))
    }

    /// What this draft would become, as it is shown from now on.
    fn show_preview(&self, draft: &Draft) -> Preview {
        let mut shown = self.inner.previewed.lock().unwrap_or_else(PoisonError::into_inner);
        let preview = shown.take().filter(|shown| shown.is_of(draft)).unwrap_or_else(|| Preview::of(draft));
        shown.insert(preview).clone()
    }

    async fn plan(&self, kind: Kind, draft: Draft, Preview { id, now, .. }: Preview) -> Result<Plan, Error> {
        let (member, places) = (self.inner.options.member.clone(), self.inner.options.places.clone());
        let jobs_at_once = self.inner.options.jobs_at_once;
        let fleet_base_paths = self.fleet_base_paths();
        self.blocking(move |storages| {
            let around = Circumstances {
                id,
                member: &member,
                places: places.as_ref(),
                jobs_at_once,
                now: &now,
                fleet_base_paths,
            };
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
        let unanswered = || self.inner.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let before = unanswered().as_ref().filter(|(before, _)| *before == draft).map(|(_, id)| *id);
        let mut preview = self.take_preview(&draft);
        preview.id = before.unwrap_or(preview.id);
        let id = preview.id;
        let mut plan = self.plan(kind, draft.clone(), preview).await?;
        tracing::debug!(job = %plan.job.id, "planned");
        plan.refuse_doubtful()?;
        if let Some(wanted) = &plan.job.worker {
            self.know_worker(wanted)?;
        }
        self.confirm(&mut plan).await;
        tracing::debug!(job = %plan.job.id, "its input is proved");
        let record = self.inner.fleet.submit(&plan.job).await;
        *unanswered() = record.as_ref().is_err_and(FleetError::is_passing).then_some((draft, id));
        let record = record?;
        tracing::debug!(job = %plan.job.id, "recorded");
        Ok(self.view(&record))
    }

    /// The id of a worker that is online, or once tried a job; `wanted` is that, or the name that it has or had.
    pub(super) fn know_worker(&self, wanted: &str) -> Result<WorkerId, Error> {
        let (known, put_out, mut names) = self.inner.board.look(|seen| {
            let (workers, jobs) = (seen.around.workers, seen.around.jobs);
            let names: Vec<String> = workers.values().map(|worker| worker.name.clone()).collect();
            let put_out = seen.around.is_put_out(wanted);
            (worker_id(wanted, workers, jobs).filter(|_| !put_out), put_out, names)
        });
        known.ok_or_else(|| {
            names.sort_unstable();
            let message = match put_out {
                true => format!("{wanted} {PUT_OUT}."),
                false => format!("There is no worker {wanted}."),
            };
            Error::new(ErrorCode::NoWorker, message).with_hint(if names.is_empty() {
                "No worker is online. Start one: samepath worker".to_owned()
            } else {
                format!("Online: {}.", names.join(", "))
            })
        })
    }

    /// What is to be said of a worker that is there no more, by its id, after its name.
    pub fn gone_words(&self, id: &str) -> &'static str {
        self.inner.board.look(|seen| if seen.around.is_out(id) { PUT_OUT } else { "offline" })
    }

    /// Jobs that this program's own worker runs now.
    pub fn jobs_here(&self) -> Vec<JobView> {
        self.inner.board.look(|seen| {
            let own = seen.around.workers.values().filter(|worker| seen.here.own.is_some_and(|own| own.is(worker)));
            let held = own.flat_map(|worker| &worker.holds);
            held.filter_map(|held| seen.around.jobs.get(&held.job.to_string())).map(|record| seen.job(record)).collect()
        })
    }

    pub(super) fn view(&self, record: &JobRecord) -> JobView {
        self.inner.board.look(|seen| seen.answered(record))
    }

    /// Every job, newest first.
    pub fn jobs(&self) -> Vec<JobView> {
        self.inner.board.look(|seen| {
            let mut records: Vec<&JobRecord> = seen.around.jobs.values().collect();
            records.sort_by_key(|record| std::cmp::Reverse(record.order));
            records.into_iter().map(|record| seen.job(record)).collect()
        })
    }

    /// The id of a job that a person wrote: whole, or as much of its beginning or its end as tells it apart, four characters at
    /// least.
    ///
    /// # Errors
    /// `job_not_found`, `invalid_parameter` where several fit.
    pub fn job_id(&self, text: &str) -> Result<JobId, Error> {
        if let Ok(id) = text.parse::<JobId>() {
            return Ok(id);
        }
        let wanted = text.to_ascii_lowercase();
        // Lists show the last eight.
        let shown = |id: &str| id.get(id.len().saturating_sub(8)..).is_some_and(|shown| shown.starts_with(&wanted));
        let fits = |id: &str| wanted.len() >= 4 && (id.ends_with(&wanted) || id.starts_with(&wanted) || shown(id));
        let mut fit: Vec<(JobId, String)> = self.inner.board.look(|seen| {
            let fit = seen.around.jobs.iter().filter(|(id, _)| fits(id));
            fit.map(|(_, record)| (record.job.id, seen.job(record).name)).collect()
        });
        match fit.as_slice() {
            [(id, _)] => Ok(*id),
            [] => Err(Error::new(ErrorCode::JobNotFound, format!("There is no job {text}.")).with_hint(
                "See all of them: samepath jobs. The first or the last characters of an id are enough, four at least.",
            )),
            several => {
                let count = several.len();
                // The newest are told; ids begin with the time.
                fit.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
                let mut told: Vec<String> =
                    fit.iter().take(MOST_TOLD).map(|(id, name)| format!("{id} ({name})")).collect();
                if count > MOST_TOLD {
                    told.push(format!("and {} more", count - MOST_TOLD));
                }
                Err(Error::new(ErrorCode::InvalidParameter, format!("{text} fits {count} jobs."))
                    .with_hint(format!("Give more of the id: {}.", told.join(", "))))
            }
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
        self.end_left(&record);
        Ok(self.view(&record))
    }

    /// Ends a job at once.
    ///
    /// # Errors
    /// As [`App::stop`].
    pub async fn kill(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.kill(self.job_id(id)?).await?;
        self.end_left(&record);
        Ok(self.view(&record))
    }

    /// Has a job that was asked to end do so, also where its worker is not there, or dies meanwhile: if its guard is on this
    /// computer, it is told by us.
    fn end_left(&self, record: &JobRecord) {
        let Some(stop) = record.stop.as_ref().filter(|_| !record.state.is_ended()) else { return };
        let Some(attempt) = record.attempts.last() else { return };
        let at = AttemptRef { job: record.job.id, attempt: attempt.number };
        let (mode, fleet, workers) = (stop.mode, self.inner.fleet.clone(), self.inner.options.workers_dir());
        let shutdown = self.inner.shutdown.clone();
        let asked = self.inner.ending.token();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                ended = samepath_worker::end_left(&fleet, &workers, &at, mode, move || drop(asked)) => if let Err(error) = ended {
                    tracing::warn!(%error, "a job of this computer cannot be ended in the place of its worker");
                },
            }
        });
    }

    /// A job that [`App::stop`] or [`App::kill`] ended, when nothing more has to be done for that by this program: where its guard
    /// is on this computer, when its worker has passed the order on, or is not there and the job has ended.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn ended_here(&self, id: &str) -> Result<JobView, Error> {
        self.inner.ending.close();
        self.inner.ending.wait().await;
        self.job(id).await
    }

    /// Adds a try to an ended job.
    ///
    /// # Errors
    /// `job_not_found`; `invalid_parameter` for one that has not ended.
    pub async fn retry(&self, id: &str) -> Result<JobView, Error> {
        let record = self.inner.fleet.retry(self.job_id(id)?).await?;
        Ok(self.view(&record))
    }

    /// Forgets the person's own jobs that ended so long ago, with their logs. What they wrote on storages stays.
    ///
    /// # Errors
    /// `fleet_unreachable`.
    pub async fn clear_jobs(&self, older_than: Duration) -> Result<ClearedView, Error> {
        let cleared = self.inner.fleet.clear(older_than).await?;
        let words = match cleared {
            0 => "None of your jobs ended that long ago. Nothing was cleared.".to_owned(),
            1 => "1 job was cleared, with its log. Its results are where they were.".to_owned(),
            many => format!("{many} jobs were cleared, with their logs. Their results are where they were."),
        };
        Ok(ClearedView { cleared: u32::try_from(cleared).unwrap_or(u32::MAX), words })
    }

    /// The report of a job's results, where it wrote one and it can be read here.
    ///
    /// # Errors
    /// `job_not_found`; what is wrong with the storage.
    pub async fn report(&self, id: &str) -> Result<Option<Value>, Error> {
        let view = self.job(id).await?;
        let (Some(results), Some(file)) = (view.results, view.outputs.iter().find(|file| is_report(&file.path))) else {
            return Ok(None);
        };
        let path = if results.path.is_empty() { file.path.clone() } else { format!("{}/{}", results.path, file.path) };
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

    /// The try of a job that came after this one, once there is such; none once the job has ended without it.
    ///
    /// # Errors
    /// `job_not_found`; `fleet_unreachable` where the program ends.
    pub async fn next_try(&self, id: &str, after: u32) -> Result<Option<TryView>, Error> {
        let id = self.job_id(id)?.to_string();
        let later = |attempt: &&Attempt| attempt.number > after;
        let mut updates = self.watch();
        loop {
            let known = self.inner.board.look(|seen| {
                let record = seen.around.jobs.get(&id)?;
                let next = record.attempts.iter().find(later).map(|next| try_view(next, &seen.around));
                (next.is_some() || record.state.is_ended()).then_some(next)
            });
            if let Some(next) = known {
                return Ok(next);
            }
            match updates.next().await {
                Some(Update::JobGone(gone)) if gone == id => return Ok(None),
                Some(_) => {}
                None => return Err(Error::queue_gone_from_job()),
            }
        }
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

/// Whether a file of a job's results is a report: `report.json`, or where that was somebody's already, `report-2.json`.
fn is_report(path: &str) -> bool {
    let number = path.strip_prefix("report").and_then(|rest| rest.strip_suffix(".json"));
    number.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::is_report;

    #[test]
    fn a_report_is_known_by_its_name() {
        for (path, is) in [
            ("report.json", true),
            ("report-2.json", true),
            ("report-12.json", true),
            ("report-two.json", false),
            ("report2.json", false),
            ("report-2.html", false),
            ("a/report.json", false),
        ] {
            assert_eq!(is_report(path), is, "{path}");
        }
    }
}
