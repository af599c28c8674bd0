mod after;
mod copying;
mod jobs;
mod membership;
mod questions;
mod setup;
mod window;
mod worker;

use crate::board::Board;
use crate::directory::Directory;
use crate::kept::Kept;
use crate::membership::{check_key, fleet_later, fleet_of, has_ended, why_down};
use crate::places::Options;
use crate::storages::LocalStorages;
use crate::storages::number;
use crate::view::{Draft, OfflineView, StatusView};
use crate::{Error, ErrorCode, watching};
use jobs::Preview;
use samepath_fleet::bus::Link;
use samepath_fleet::lab::Membership;
use samepath_fleet::{Fleet, Live, Update};
use samepath_wire::{HERE, HERE_FIRST, JobId, WorkerId};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the queue may take to tell what it knows.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a window waits for its lab before it opens without it.
const MOMENT: Duration = Duration::from_secs(1);

/// How a program waits for a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Not at all: it is there when it is.
    None,
    /// As long as a person would.
    Short,
}

/// Of what a program shows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// All workers and jobs.
    Everything,
    /// The worker that it is.
    OwnWorker,
}

/// The program without a face. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    /// The lab that this is on; none where it is this computer alone.
    lab: Option<Membership>,
    storages: Arc<LocalStorages>,
    fleet: Fleet,
    board: Arc<Board>,
    directory: Directory,
    kept: Kept,
    /// Ends everything that runs in the background; each part of it belongs to `tasks`.
    shutdown: CancellationToken,
    tasks: TaskTracker,
    /// Jobs of this computer that were asked to end, and that nobody else has been seen to end yet.
    ending: TaskTracker,
    copies: copying::Copies,
    worker: worker::OwnWorker,
    /// What was submitted last, as long as nobody knows whether it came in: the same draft is the same job.
    unanswered: Mutex<Option<(Draft, JobId)>>,
    /// What the form that was looked at last would become.
    previewed: Mutex<Option<Preview>>,
}

impl App {
    /// Reads the configuration and opens the queue. Touches no storage.
    ///
    /// # Errors
    /// `fleet_unreachable`, `io`. A configuration that cannot be read is no error here: see [`LocalStorages::config_error`].
    pub async fn start(options: Options) -> Result<Self, Error> {
        let storages = Arc::new(LocalStorages::of(&options)?);
        Self::with_storages(options, storages).await
    }

    /// The same, with storages that were opened before.
    ///
    /// # Errors
    /// `fleet_unreachable`, `io`.
    pub async fn with_storages(options: Options, storages: Arc<LocalStorages>) -> Result<Self, Error> {
        let lab = options.belongs()?;
        Self::on(options, storages, lab, Patience::Short, Shows::Everything).await
    }

    /// The lab that this computer has joined; none where it has its own queue.
    pub fn lab(&self) -> Option<&str> {
        self.inner.lab.as_ref().map(|lab| lab.lab.as_str())
    }

    /// Who this program's person is: as the lab knows them, else by their login.
    pub fn member(&self) -> &str {
        &self.inner.options.member
    }

    /// The same, for a window: it opens also where its lab does not answer, or does not let it in any more. It says so
    /// ([`StatusView::offline`]), and is connected as soon as that can be.
    ///
    /// # Errors
    /// `fleet_unreachable` of a queue of this computer, `io`.
    pub async fn for_window(options: Options) -> Result<Self, Error> {
        let storages = Arc::new(LocalStorages::of(&options)?);
        let lab = options.belongs()?;
        Self::on(options, storages, lab, Patience::None, Shows::Everything).await
    }

    /// The same, for a program that is to be a worker: of the lab that this computer has joined as one. A lab that does not answer, or
    /// does not let it in, is waited for, as by a window.
    ///
    /// # Errors
    /// `fleet_unreachable` of a queue of this computer, `io`.
    pub async fn for_worker(options: Options, storages: Arc<LocalStorages>) -> Result<Self, Error> {
        let lab = options.works_for()?;
        Self::on(options, storages, lab, Patience::None, Shows::OwnWorker).await
    }

    /// Returns once the lab has put this computer out: why, and what to do. Never where this is on no lab.
    pub async fn put_out(&self) -> Error {
        let Some(lab) = &self.inner.lab else { return std::future::pending().await };
        let mut link = self.inner.fleet.link();
        let ended = |link: &Link| matches!(link, Link::Down { why, .. } if has_ended(why.as_deref()));
        let why = match link.wait_for(ended).await.as_deref() {
            Ok(Link::Down { why: Some(why), .. }) => Some(why_down(lab, Some(why))),
            // This program is about to end.
            _ => None,
        };
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Returns once this computer has joined a lab anew since this began to be on one: whoever is a worker begins again, too.
    pub async fn joined_anew(&self) {
        match &self.inner.lab {
            Some(lab) => self.inner.options.joined_anew(lab).await,
            None => std::future::pending().await,
        }
    }

    /// Whether the lab's hub has just begun, so that workers may not be back yet.
    pub fn is_beginning(&self) -> bool {
        self.inner.board.look(|sight| sight.around.beginning)
    }

    /// How many tries the worker of this program looks after, by what is on the disk.
    pub fn tries_here(&self) -> usize {
        let own = self.inner.board.look(|sight| sight.here.own.map(|own| own.name.clone()));
        let left = own.map(|own| samepath_worker::drained(&self.inner.options.workers_dir(), Some(&own)));
        left.and_then(Result::ok).into_iter().flatten().map(|worker| worker.left).sum()
    }

    async fn on(
        mut options: Options,
        storages: Arc<LocalStorages>,
        lab: Option<Membership>,
        patience: Patience,
        shows: Shows,
    ) -> Result<Self, Error> {
        let fleet = match &lab {
            None => {
                check_key(&options, &storages)?;
                Fleet::local(options.queue()).await?
            }
            Some(membership) if patience == Patience::None => fleet_later(membership, options.gpu)?,
            Some(membership) => fleet_of(membership).await?,
        };
        if let Some(membership) = &lab {
            options.enter(membership);
        }
        let board = Board::new();
        board.set_host(options.environment.computer.clone());
        let tasks = TaskTracker::new();
        let kept = Kept::in_folder(&options.data_dir);
        board.set_kept(kept.view());
        // Of a queue of this computer the worker's id is not known yet, and there is little that is another's.
        let own = match shows {
            Shows::OwnWorker if lab.is_some() => fleet.worker_id(&WorkerId::new()),
            Shows::OwnWorker | Shows::Everything => None,
        };
        tasks.spawn(board.clone().follow(own, fleet.workers(), fleet.jobs(), fleet.kinds()));
        let told = CancellationToken::new();
        if lab.is_some() {
            tasks.spawn(follow_beginning(board.clone(), fleet.beginning(), told.clone()));
            tasks.spawn(follow_put_out(board.clone(), fleet.put_out()));
        } else {
            told.cancel();
        }
        let directory = Directory::default();
        tasks.spawn(directory.clone().follow(fleet.storages()));
        let inner = Inner {
            options,
            lab,
            storages,
            fleet,
            board,
            directory,
            kept,
            shutdown: CancellationToken::new(),
            tasks,
            ending: TaskTracker::new(),
            copies: copying::Copies::default(),
            worker: worker::OwnWorker::default(),
            unanswered: Mutex::default(),
            previewed: Mutex::default(),
        };
        let app = Self { inner: Arc::new(inner) };
        app.keep_frame();
        if app.inner.lab.is_some() && patience == Patience::None {
            // One that answers is shown whole from the beginning.
            drop(tokio::time::timeout(MOMENT, app.inner.board.ready()).await);
            return Ok(app);
        }
        tokio::time::timeout(PATIENCE, app.inner.board.ready()).await.map_err(|_| {
            let queue = app.inner.lab.as_ref().map_or_else(|| format!("The queue of {HERE}"), |lab| lab.lab.clone());
            Error::new(ErrorCode::FleetUnreachable, format!("{queue} does not answer."))
                .with_hint("Another Samepath program may be stuck: end it, then try again.")
        })?;
        // A hub that does not tell is of an older version.
        drop(tokio::time::timeout(MOMENT, told.cancelled()).await);
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

    /// Why the lab that this is on is not connected, where it is not.
    pub(crate) fn offline(&self) -> Option<Error> {
        match (&*self.inner.fleet.link().borrow(), &self.inner.lab) {
            (Link::Down { why, .. }, Some(lab)) => Some(why_down(lab, why.as_deref())),
            _ => None,
        }
    }

    fn show_frame(&self, link: &Link) {
        let storages = &self.inner.storages;
        let lab = self.inner.lab.as_ref();
        let offline = match (link, lab) {
            (Link::Down { since, why }, Some(lab)) => Some(OfflineView {
                since: since.to_string(),
                known: self.inner.board.was_ready(),
                ended: has_ended(why.as_deref()),
                error: why_down(lab, why.as_deref()).view(),
            }),
            _ => None,
        };
        self.inner.board.set_storages(self.storages(), storages.proofs());
        self.inner.board.set_status(StatusView {
            lab: lab.map_or_else(|| HERE_FIRST.to_owned(), |lab| lab.lab.clone()),
            in_lab: lab.is_some(),
            link: match (link, lab) {
                (Link::Up, None) => HERE,
                (Link::Up, Some(_)) => "connected",
                (Link::Down { why, .. }, _) if has_ended(why.as_deref()) => "access ended",
                (Link::Down { .. }, _) => "reconnecting…",
            }
            .to_owned(),
            beginning: false,
            offline,
            member: self.inner.options.member.clone(),
            admin: lab.is_none_or(|lab| lab.admin),
            version: self.inner.options.version.clone(),
            config_file: storages.file().path.display().to_string(),
            config_error: storages.config_error().map(|error| error.view()),
            config_error_line: storages.config_error_line().map(number),
            worker_error: self.worker_error().map(|error| error.view()),
        });
    }

    /// Keeps looking at the storages and at the configuration file until [`App::shut_down`], and helpers ready: for a window,
    /// which stays.
    pub fn keep_watch(&self) {
        let storages = self.inner.storages.clone();
        storages.helper().keep_ready();
        let shutdown = self.inner.shutdown.clone();
        self.inner.tasks.spawn(watching::probe_regularly(storages.clone(), shutdown.clone()));
        self.inner.tasks.spawn(watching::follow_file(storages, shutdown));
        self.inner.tasks.spawn(self.clone().keep_history());
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Cancelled when this program ends.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.inner.shutdown.clone()
    }

    /// Runs this to its end, which [`App::shut_down`] waits for.
    pub(crate) async fn tracked<A>(&self, work: impl Future<Output = A>) -> A {
        self.inner.tasks.track_future(work).await
    }

    /// Ends the worker of this program, whose guards go on, and hands the queue over.
    pub async fn shut_down(&self) {
        self.inner.shutdown.cancel();
        self.inner.copies.stop_all();
        self.inner.fleet.close().await;
        self.inner.tasks.close();
        if tokio::time::timeout(PATIENCE, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("something in the background did not end in time");
        }
    }
}

/// Keeps the board told whether the lab's hub has just begun. `told` is cancelled once that is known.
async fn follow_beginning(board: Arc<Board>, mut beginning: Live<serde_json::Value>, told: CancellationToken) {
    let _told = told.clone().drop_guard();
    let mut is_there = false;
    while let Some(update) = beginning.next().await {
        match &update {
            Update::Put(..) => is_there = true,
            Update::Gone(_) => is_there = false,
            // It is told anew: until then nothing is known.
            Update::Reset => {
                is_there = false;
                continue;
            }
            Update::Current => {}
        }
        board.set_beginning(is_there);
        if update == Update::Current {
            told.cancel();
        }
    }
}

/// Keeps the board told which workers were put out of the lab. A hub of an older version does not tell.
async fn follow_put_out(board: Arc<Board>, mut told: Live<serde_json::Value>) {
    let (mut names, mut whole) = (BTreeSet::new(), false);
    while let Some(update) = told.next().await {
        match update {
            Update::Put(name, _) => drop(names.insert(name)),
            Update::Gone(name) => drop(names.remove(&name)),
            Update::Reset => (names, whole) = (BTreeSet::new(), false),
            Update::Current => whole = true,
        }
        if whole {
            board.set_put_out(names.clone());
        }
    }
}
