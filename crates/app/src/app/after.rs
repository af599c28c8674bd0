//! What is asked of the program about a job that was run: its figures, its results here, and what may follow it.

use super::App;
use crate::again::{self, Checkpoint, Told};
use crate::jobs::results_of;
use crate::metrics::MetricsStream;
use crate::view::{Draft, FollowUpView, OfferView, PathView, ResultsView};
use crate::{Error, ErrorCode, sleap};
use jiff::{SignedDuration, Timestamp};
use samepath_storage::Purpose;
use samepath_wire::{HERE, JobRecord, Kind, StoragePath};
use std::path::PathBuf;

/// How long a mounted share may need to show what was written elsewhere.
const LAG: SignedDuration = SignedDuration::from_mins(2);

/// Jobs that may have written one checkpoint, of which each is asked.
const MOST_WRITERS: usize = 4;

impl App {
    /// The figures of a job's newest try, or of another, from the first row; then live until the try ends.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn metrics(&self, id: &str, attempt: Option<u32>) -> Result<MetricsStream, Error> {
        Ok(MetricsStream::new(self.log(id, attempt).await?))
    }

    /// What can follow a job. A storage that cannot be looked at has no checkpoint to go on from.
    ///
    /// # Errors
    /// `job_not_found`, `kind_not_found`.
    pub async fn follow_up(&self, id: &str) -> Result<FollowUpView, Error> {
        let record = self.inner.fleet.job(self.job_id(id)?).await?;
        let kind = self.find_kind(&record.job.kind)?;
        let told = self.told(id).await?;
        let draft = again::draft(&record, &kind);
        let candidates = if told.is_whole() { Vec::new() } else { again::checkpoints(&record, &kind, &told) };
        let checkpoint = self
            .blocking(move |storages| Ok(candidates.into_iter().find(|found| storages.look(&found.at).is_ok())))
            .await?;
        let opens = self.opens(&record).await;
        let resumed = checkpoint.as_ref().map(|checkpoint| again::resumed(&draft, checkpoint));
        let smaller = again::smaller(resumed.as_ref().unwrap_or(&draft), &kind, &told);
        let epoch = checkpoint.as_ref().and_then(|Checkpoint { epoch, .. }| *epoch);
        let offer = |batch_size: Option<u32>, draft: Draft| OfferView { epoch, batch_size, draft };
        Ok(FollowUpView {
            command: again::command(&draft, &kind, &record.job.name),
            opens,
            resumed: resumed.map(|draft| offer(None, draft)),
            smaller: smaller.map(|(half, draft)| offer(Some(half), draft)),
            again: draft,
        })
    }

    /// What the newest try of a job told of itself so far.
    async fn told(&self, id: &str) -> Result<Told, Error> {
        let mut told = Told::default();
        let mut rows = MetricsStream::new(self.log_so_far(id, None).await?);
        while let Some(rows) = rows.next().await {
            rows.into_iter().for_each(|row| told.take(row));
        }
        Ok(told)
    }

    /// What is in a folder that was chosen for the results of a job of this type, and what the job could go on from.
    ///
    /// # Errors
    /// `kind_not_found`; as [`LocalStorages::address`](crate::LocalStorages::address).
    pub async fn results_there(&self, folder: String, kind: &str) -> Result<ResultsView, Error> {
        let kind = self.find_kind(kind)?;
        let resumes = again::resumes(&kind);
        let there = self.blocking(move |storages| storages.results_there(&folder, resumes)).await?;
        let epoch = match &there.checkpoint {
            Some(checkpoint) => self.epoch_of(checkpoint, &kind).await,
            None => None,
        };
        Ok(there.view(epoch))
    }

    /// The epoch that a checkpoint is of, where the job that wrote it is still known.
    async fn epoch_of(&self, checkpoint: &StoragePath, kind: &Kind) -> Option<u32> {
        let (storage, file) = (&checkpoint.storage_backend, checkpoint.below_root());
        let wrote = |record: &JobRecord| {
            let folder = (record.job.kind == kind.name).then(|| results_of(record, Some(kind))).flatten();
            let folder = folder.filter(|folder| folder.storage_backend == *storage).map(|folder| folder.below_root());
            folder.is_some_and(|folder| file.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/')))
        };
        let records: Vec<JobRecord> = self.inner.board.look(|seen| {
            let mut records: Vec<&JobRecord> = seen.around.jobs.values().filter(|record| wrote(record)).collect();
            records.sort_by_key(|record| std::cmp::Reverse(record.order));
            records.into_iter().take(MOST_WRITERS).cloned().collect()
        });
        for record in records {
            let Ok(told) = self.told(&record.job.id.to_string()).await else { continue };
            let mut left = again::checkpoints(&record, kind, &told).into_iter();
            if let Some(found) = left.find(|left| left.at.storage_backend == *storage && left.at.below_root() == file) {
                return found.epoch;
            }
        }
        None
    }

    /// The name of what [`App::in_sleap`] would open, where SLEAP is here.
    async fn opens(&self, record: &JobRecord) -> Option<String> {
        let job = self.view(record);
        let project = sleap::project(job.outputs.iter().map(|output| output.path.as_str()))?;
        let name = project.rsplit('/').next().unwrap_or(project).to_owned();
        let options = self.inner.options.clone();
        self.blocking(move |storages| storages.sleap(&options)).await.is_ok().then_some(name)
    }

    /// SLEAP's program on this computer, and the project among a job's results that it is to open.
    ///
    /// # Errors
    /// `job_not_found`; `path_not_found` where SLEAP is not here, where the job wrote no project, or where this computer does not show
    /// it yet; what is wrong with the storage.
    pub async fn in_sleap(&self, id: &str) -> Result<(PathBuf, PathBuf), Error> {
        let job = self.job(id).await?;
        let project = sleap::project(job.outputs.iter().map(|output| output.path.as_str()));
        let (Some(results), Some(project)) = (&job.results, project) else {
            return Err(Error::new(
                ErrorCode::PathNotFound,
                format!("{} wrote no project that SLEAP opens.", job.name),
            ));
        };
        let path = [results.path.as_str(), project].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
        let at = StoragePath::new(&results.storage_backend, &results.user_subdir, path.join("/"));
        let options = self.inner.options.clone();
        self.blocking(move |storages| {
            let program = storages.sleap(&options)?;
            Ok((program, storages.resolve(&at, Purpose::Input)?.path))
        })
        .await
    }

    /// The folder of a job's results, on this computer.
    ///
    /// # Errors
    /// `job_not_found`; `path_not_found` where it has none or where this computer does not show it yet; what is wrong with the
    /// storage.
    pub async fn results_folder(&self, id: &str) -> Result<PathBuf, Error> {
        let job = self.job(id).await?;
        let Some(results) = job.results else {
            return Err(Error::new(ErrorCode::PathNotFound, format!("{} writes no results.", job.name)));
        };
        self.written(results, job.ended_at.as_deref()).await
    }

    /// The file with the whole log of a job, on this computer.
    ///
    /// # Errors
    /// `job_not_found`; `path_not_found` where there is none, where this computer does not show it yet, or where it is no text: a worker
    /// says where it is, and a program is not to be opened; what is wrong with the storage.
    pub async fn log_file(&self, id: &str) -> Result<PathBuf, Error> {
        let job = self.job(id).await?;
        let Some(at) = job.log_file else {
            return Err(Error::new(ErrorCode::PathNotFound, format!("{} has no log beside its results.", job.name)));
        };
        let text = at.text.clone();
        let file = self.written(at, job.ended_at.as_deref()).await?;
        if file.extension().is_none_or(|ending| ending != "txt") {
            return Err(Error::new(ErrorCode::PathNotFound, format!("{text} is not the text of a log.")));
        }
        Ok(file)
    }

    /// What a job wrote, on this computer, behind all links.
    async fn written(&self, at: PathView, ended: Option<&str>) -> Result<PathBuf, Error> {
        let at = StoragePath::new(at.storage_backend, at.user_subdir, at.path);
        let found = self.blocking(move |storages| Ok(storages.resolve(&at, Purpose::Input)?.path)).await;
        found.map_err(|error| not_shown_yet(ended, error, Timestamp::now()))
    }
}

/// What was written a moment ago a mounted share may not show yet.
fn not_shown_yet(ended: Option<&str>, error: Error, now: Timestamp) -> Error {
    let ago = ended.and_then(|at| Some(now.duration_since(at.parse::<Timestamp>().ok()?)));
    match ago.filter(|ago| error.code == ErrorCode::PathNotFound && *ago < LAG) {
        Some(ago) => {
            let ago = ago.as_secs().max(0);
            Error::new(error.code, format!("Written {ago} s ago; {HERE} does not show it yet."))
                .with_hint("A mounted share may lag for a minute. Try again in a moment.")
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_a_moment_ago_is_not_said_to_be_gone() {
        let now: Timestamp = "2026-11-22T09:14:05Z".parse().unwrap();
        let said = |ended: Option<&str>, code: ErrorCode| not_shown_yet(ended, Error::new(code, "no"), now).message;
        let ended = Some("2026-11-22T09:14:02Z");
        assert_eq!(said(ended, ErrorCode::PathNotFound), format!("Written 3 s ago; {HERE} does not show it yet."));
        assert_eq!(said(ended, ErrorCode::BackendUnavailable), "no");
        for ended in [None, Some("2026-11-22T09:00:00Z"), Some("nonsense")] {
            assert_eq!(said(ended, ErrorCode::PathNotFound), "no", "{ended:?}");
        }
    }
}
