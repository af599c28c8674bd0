//! What is asked of the program about a job that was run: its figures, its results here, and what may follow it.

use super::App;
use crate::again::{self, Checkpoint, Told};
use crate::metrics::MetricsStream;
use crate::view::{Draft, FollowUpView, OfferView};
use crate::{Error, ErrorCode, sleap};
use samepath_storage::Purpose;
use samepath_wire::{JobRecord, StoragePath};
use std::path::PathBuf;

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
        let mut told = Told::default();
        let mut rows = MetricsStream::new(self.log_so_far(id, None).await?);
        while let Some(rows) = rows.next().await {
            rows.into_iter().for_each(|row| told.take(row));
        }
        let draft = again::draft(&record, &kind);
        let candidates = again::checkpoints(&record, &kind, &told);
        let checkpoint = self
            .blocking(move |storages| Ok(candidates.into_iter().find(|found| storages.look(&found.at).is_ok())))
            .await?;
        let opens = self.opens(&record).await;
        let resumed = checkpoint.as_ref().map(|checkpoint| again::resumed(&draft, checkpoint));
        let smaller = again::smaller(resumed.as_ref().unwrap_or(&draft), &kind, &told);
        let epoch = checkpoint.as_ref().and_then(|Checkpoint { epoch, .. }| *epoch);
        let offer = |batch_size: Option<u32>, draft: Draft| OfferView { epoch, batch_size, draft };
        Ok(FollowUpView {
            command: again::command(&draft, &kind),
            opens,
            resumed: resumed.map(|draft| offer(None, draft)),
            smaller: smaller.map(|(half, draft)| offer(Some(half), draft)),
            again: draft,
        })
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
        let at = StoragePath::new(results.storage_backend, results.user_subdir, results.path);
        self.blocking(move |storages| Ok(storages.resolve(&at, Purpose::Input)?.path)).await
    }
}
