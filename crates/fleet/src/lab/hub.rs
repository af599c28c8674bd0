use super::{
    HubPlace, LabError,
    place::LOG,
    server::{BESIDE, Server},
};
use crate::bus::{
    Bus, Expect, Link, Role, SharedBus,
    nats::{self, Disk, NatsSettings},
};
use crate::fleet::lead_as_holder;
use crate::matchmaker::{Rules, Timing};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Between two looks whether another hub's server is ours to run.
const LOOKING: Duration = Duration::from_secs(1);
/// After a server that ended.
const PAUSE: Duration = Duration::from_secs(1);

/// That the hub has held the bus for this long only: as long as its workers may need to find it.
pub(crate) const BEGUN: &str = "lab/begun";
const BEGINNING: Duration = Duration::from_secs(20);

/// What runs a lab: its server, the bus on it, the matchmaker. Several may run, in one folder or with copies of it on several
/// computers: one holds the bus, the others wait until it has gone.
pub struct Hub {
    place: HubPlace,
    bus: Arc<SharedBus>,
    /// None where the lab's server is not ours to run.
    program: Option<PathBuf>,
    /// The right to run the server, and the server.
    running: Option<(File, Server)>,
    /// The right to use somebody else's.
    _shares: Option<File>,
    /// Of the server that hubs of this folder run.
    disk: Option<Disk>,
    timing: Timing,
}

/// Tells each time that a hub takes the lead.
pub struct Leads {
    role: watch::Receiver<Role>,
    led: bool,
}

impl Leads {
    /// Whether it has the lead.
    pub fn now(&self) -> bool {
        self.led
    }

    /// Waits until it leads after it did not. Whether it ever will.
    pub async fn again(&mut self) -> bool {
        if self.led && self.role.wait_for(|role| *role != Role::Holder).await.is_err() {
            return false;
        }
        self.led = self.role.wait_for(|role| *role == Role::Holder).await.is_ok();
        self.led
    }
}

impl Hub {
    /// Starts the server, unless another hub of the folder runs it or it is none of ours, and opens the bus. `program` is the
    /// `nats-server` to start, if this computer has one.
    ///
    /// # Errors
    /// There is no program to be the server, it cannot run here, or it does not let us in within fifteen seconds.
    pub async fn start(mut place: HubPlace, program: Option<PathBuf>) -> Result<Self, LabError> {
        let (mut ours, mut running, mut disk, mut shares) = (None, None, None, None);
        if place.runs_server() {
            let program = program.ok_or(LabError::NoServer)?;
            super::server::check(&program).await?;
            running = take_over(&place, &program).await?;
            ours = Some(program);
            disk = Some(Disk::of(place.dir()));
        } else {
            shares = place.try_share()?;
        }
        // Another one of the folder took it over just now.
        if let Some(what) = place.changed().filter(|_| running.is_none() && shares.is_none()) {
            return Err(LabError::HubRuns { dir: place.dir().to_owned(), what });
        }
        let settings = NatsSettings { disk: disk.clone(), ..place.settings() };
        let opened = match nats::open(settings).await {
            Ok(bus) => place.keep().map(|()| bus),
            Err(source) => Err(match place.server() {
                Some(_) => LabError::OthersServer { dir: place.dir().to_owned(), source },
                None => source.into(),
            }),
        };
        match opened {
            Ok(bus) => Ok(Self {
                place,
                bus,
                program: ours,
                running,
                _shares: shares,
                disk,
                timing: Timing { grace: BEGINNING, ..Timing::default() },
            }),
            Err(error) => {
                if let Some((_lock, server)) = running {
                    server.stop(&place).await;
                }
                Err(error)
            }
        }
    }

    /// Whether it holds the bus, rather than waiting for another hub to go.
    pub fn is_holder(&self) -> bool {
        self.bus.is_holder()
    }

    /// When it takes the lead.
    pub fn leads(&self) -> Leads {
        Leads { role: self.bus.role(), led: self.is_holder() }
    }

    /// Waits for this long where it would wait as a hub usually does: a lab that is tried out has a shorter lease.
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// Leads and keeps the server running until `shutdown`; then ends both, in good order.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let tasks = TaskTracker::new();
        let rules = Rules { timing: self.timing, waiting: Some(self.place.waiting()) };
        tasks.spawn(lead_as_holder(self.bus.clone(), rules, shutdown.clone()));
        let (bus, ends) = (self.bus.clone(), shutdown.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = ends.cancelled() => {}
                () = say_that_it_began(&bus) => {}
                () = say_why_not(&bus) => {}
            }
        });
        let well = Arc::new(Notify::new());
        if let Some(disk) = self.disk.clone() {
            let (well, ends) = (well.clone(), shutdown.clone());
            tasks.spawn(async move {
                let _ = ends.run_until_cancelled(say_when_well(&disk, &well)).await;
            });
        }
        tasks.close();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = keep(&self.place, self.program.as_deref(), &mut self.running, &self.bus, &well) => {}
        }
        tasks.wait().await;
        self.bus.close().await;
        if let Some((_lock, server)) = self.running.take() {
            server.stop(&self.place).await;
        }
    }
}

/// Tells everybody each time that this hub took the bus over. Never ends while the bus is there.
async fn say_that_it_began(bus: &SharedBus) {
    let mut role = bus.role();
    loop {
        if role.wait_for(|role| *role == Role::Holder).await.is_err() {
            return;
        }
        if let Err(error) = bus.put(BEGUN, b"{}".to_vec(), Expect::Any, Some(BEGINNING)).await {
            tracing::debug!(%error, "that this hub began is not told");
        }
        if role.wait_for(|role| *role != Role::Holder).await.is_err() {
            return;
        }
    }
}

/// Says why a hub that waits cannot come in, once for each reason. Never ends while the bus is there.
async fn say_why_not(bus: &SharedBus) {
    let mut link = bus.link();
    loop {
        if let Link::Down { why: Some(error), .. } = &*link.borrow_and_update() {
            tracing::warn!(%error, "this hub cannot come in");
        }
        if link.changed().await.is_err() {
            return;
        }
    }
}

/// Tells whenever the server has to be started anew, since its disk is well again. Never ends.
async fn say_when_well(disk: &Disk, well: &Notify) {
    loop {
        disk.is_well_again().await;
        well.notify_one();
    }
}

/// Has the server run, here or by another hub. Never ends.
async fn keep(
    place: &HubPlace,
    program: Option<&Path>,
    running: &mut Option<(File, Server)>,
    bus: &SharedBus,
    well: &Notify,
) {
    let Some(program) = program else { return std::future::pending().await };
    let mut said = String::new();
    loop {
        match running {
            Some((_, server)) => {
                tokio::select! {
                    how = server.ended(place) => tracing::error!("the lab's server ended{how}, and is started again: {} tells why, or {BESIDE} beside it", place.dir().join(LOG).display()),
                    () = well.notified() => server.kill(place).await,
                }
                *server = start_again(place, program).await;
                bus.hurry();
            }
            None => {
                tokio::select! {
                    () = tokio::time::sleep(LOOKING) => {}
                    // Whoever runs it starts it again.
                    () = well.notified() => Server::of_another().kill(place).await,
                }
                match take_over(place, program).await {
                    Ok(taken) => *running = taken,
                    Err(error) => say_once(&mut said, &error),
                }
            }
        }
    }
}

/// Starts the server after one that ended, as soon as that can be.
async fn start_again(place: &HubPlace, program: &Path) -> Server {
    let mut said = String::new();
    loop {
        tokio::time::sleep(PAUSE).await;
        match Server::start(place, program).await {
            Ok(started) => return started,
            Err(error) => say_once(&mut said, &error),
        }
    }
}

fn say_once(said: &mut String, error: &LabError) {
    let text = error.to_string();
    if *said != text {
        tracing::error!(%error, "the lab's server cannot be started");
        *said = text;
    }
}

/// Runs the server, unless another hub does.
async fn take_over(place: &HubPlace, program: &Path) -> Result<Option<(File, Server)>, LabError> {
    let Some(lock) = place.try_lock()? else { return Ok(None) };
    Ok(Some((lock, Server::start(place, program).await?)))
}
