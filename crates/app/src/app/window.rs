//! What the window keeps, tells and finds out besides storages and jobs.

use super::App;
use crate::doctor;
use crate::lab::LabStorage;
use crate::notices::Notices;
use crate::view::{DoctorView, Keep, KeptView, ProgramView, SettingsLineView, Update};
use crate::{Error, ErrorCode, LocalStorages};
use samepath_wire::HERE;
use std::path::{Path, PathBuf};

/// Workers and jobs that a window draws first: more than a screen shows of either.
const AT_FIRST: usize = 50;

impl App {
    /// What is kept from one start of the window to the next.
    pub fn kept(&self) -> KeptView {
        self.inner.kept.view()
    }

    /// What a window draws first, before it hears of anything by [`App::watch`], which tells all of it once more. It is short in a
    /// large lab, too.
    pub fn known_at_first(&self) -> Vec<Update> {
        self.inner.board.first(AT_FIRST)
    }

    /// The folder of this computer's own data.
    pub fn data_folder(&self) -> &Path {
        &self.inner.options.data_dir
    }

    /// Keeps this for the next start of the window.
    ///
    /// # Errors
    /// `io`; it holds until the program ends all the same.
    pub fn keep(&self, change: Keep) -> Result<(), Error> {
        let (now, written) = self.inner.kept.change(change);
        self.inner.board.set_kept(now);
        written
    }

    pub(super) fn keep_renamed(&self, name: &str, to: &str) {
        self.show_kept(self.inner.kept.rename(name, to));
    }

    /// Keeps how the storages are, hour by hour, until the program ends: for a window, which is the only one of a person's programs to.
    pub(super) async fn keep_history(self) {
        let storages = &self.inner.storages;
        let mut changes = storages.changes();
        loop {
            changes.mark_unchanged();
            self.show_kept(self.inner.kept.saw(&storages.views()));
            tokio::select! {
                () = self.inner.shutdown.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    fn show_kept(&self, (now, written): (KeptView, Result<(), Error>)) {
        self.inner.board.set_kept(now);
        if let Err(error) = written {
            tracing::warn!(%error, "what the window keeps cannot be written");
        }
    }

    /// What happened until now was shown, for the next start of the window to know.
    ///
    /// # Errors
    /// As [`App::keep`].
    pub fn keep_visit(&self) -> Result<(), Error> {
        self.keep(Keep::SeenUntil(jiff::Timestamp::now().as_millisecond() as f64))
    }

    /// What the person is to be told of while they look elsewhere.
    pub fn notices(&self) -> Notices {
        Notices::of(self.watch(), self.inner.options.member.clone())
    }

    /// Everything that could be wrong on this computer.
    pub async fn doctor(&self) -> DoctorView {
        let findings = doctor::examine(&self.inner.options, &self.inner.storages, None).await;
        let report = doctor::report(&self.inner.options, &findings, jiff::Timestamp::now());
        DoctorView { findings, report }
    }

    /// What jobs find here to compute with, in a sentence.
    pub async fn hardware(&self) -> String {
        doctor::hardware(&self.inner.storages).await
    }

    /// Where this computer's own desktop can connect a storage: one that was connected here before, or one that workers have.
    ///
    /// # Errors
    /// `backend_unavailable` where nobody knows.
    pub fn address_of(&self, storage: &str) -> Result<String, Error> {
        let here = self.inner.storages.view(storage).ok().and_then(|view| view.connect);
        let lab = || {
            let all = self.storages_of_lab();
            all.iter().find(|it| it.name == storage).and_then(LabStorage::address)
        };
        here.or_else(lab).ok_or_else(|| {
            Error::new(ErrorCode::BackendUnavailable, format!("Nobody knows how {HERE} connects to {storage}."))
                .with_hint("Ask your lab how to connect to it.")
        })
    }

    /// Where a storage is on this computer, or the person's folder in it: for showing it. Nothing is looked at: whoever shows it finds
    /// what is there.
    ///
    /// # Errors
    /// `backend_not_found`, `backend_unavailable` where it is not there to be shown.
    pub async fn shown_folder(&self, storage: String, own: bool) -> Result<PathBuf, Error> {
        self.blocking(move |storages| storages.shown_folder(&storage, own)).await
    }

    /// A line of the configuration file with those around it.
    ///
    /// # Errors
    /// As [`LocalStorages::settings_around`].
    pub async fn settings_around(&self, line: u32) -> Result<Vec<SettingsLineView>, Error> {
        self.blocking(move |storages| storages.settings_around(line as usize)).await
    }

    /// The programs that job types run, as this computer has them.
    ///
    /// # Errors
    /// `io` where a folder that may hold them does not answer.
    pub async fn programs(&self) -> Result<Vec<ProgramView>, Error> {
        let options = self.inner.options.clone();
        self.blocking(move |storages| storages.programs(&options, None)).await
    }

    /// Says which file is meant where a job type names a program; none: it is looked for in the usual places again.
    ///
    /// # Errors
    /// As [`LocalStorages::set_program`].
    pub async fn set_program(&self, name: String, path: Option<String>) -> Result<(), Error> {
        let set = move |storages: &LocalStorages| match path {
            Some(path) => storages.set_program(&name, &path),
            None => storages.forget_program(&name).map(drop),
        };
        self.blocking(set).await
    }
}
