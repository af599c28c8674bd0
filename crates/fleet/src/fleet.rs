use crate::ask::{PATIENCE, about_job, ask, decode_answer, encode, persist};
use crate::bus::local::LocalSettings;
use crate::bus::memory::MemoryBus;
use crate::bus::{self, Bus, BusError, Change, Link, Role, SharedBus};
use crate::checks::{self, absent};
use crate::lab::{self, Computer, Invitation, LabError, Membership, StorageWords};
use crate::matchmaker::{Rules, lead};
use crate::{FleetError, JobLog, Live, WorkerSession, log};
use samepath_wire::{
    AttemptRef, CheckPaths, Checked, Clear, Cleared, Drain, Drained, Job, JobId, JobRecord, JobRequest, Kind, Submit,
    Worker, WorkerId,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is being done where a worker is to take no new job.
const DRAINING: &str = "having a worker take no new job";

/// The workers that one program can see, and the queue that they share. Cloning is cheap; all clones are one.
///
/// A request that gets no answer is repeated for about ten seconds: a matchmaker that takes over answers it. All of them are safe
/// to repeat.
#[derive(Clone)]
pub struct Fleet {
    inner: Arc<Inner>,
}

struct Inner {
    bus: Arc<dyn Bus>,
    /// How a worker's own bus is come by.
    form: Form,
    /// Buses of the sessions, to be closed with the fleet.
    own: Mutex<Vec<Arc<dyn Bus>>>,
    /// Ends the matchmakers of this fleet and of its sessions.
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Which form of a bus a fleet is on.
#[derive(Clone)]
pub(crate) enum Form {
    /// This computer.
    Local(LocalSettings),
    /// Inside one process.
    Memory(Arc<MemoryBus>),
    /// A lab: as this worker, if it is one.
    Lab(Option<WorkerId>),
    /// Somebody else's.
    Given,
}

impl Fleet {
    /// The fleet of this computer: becomes its holder, or joins whoever holds it, and leads whenever this process is the holder.
    pub async fn local(settings: LocalSettings) -> Result<Self, FleetError> {
        let bus = bus::local::open(settings.clone()).await?;
        let fleet = Self::new(bus.clone(), Form::Local(settings));
        fleet.inner.tasks.spawn(lead_as_holder(bus, Rules::default(), fleet.inner.shutdown.clone()));
        Ok(fleet)
    }

    /// The fleet of this computer as somebody holds it now, for a look at it: never holds it, never leads, makes nothing on the
    /// disk. None where nobody holds it; over when whoever holds it goes. Somebody who does not answer is waited for, up to ten
    /// seconds.
    pub async fn join(settings: LocalSettings) -> Option<Self> {
        let bus = bus::local::join(&settings).await?;
        Some(Self::new(bus, Form::Local(settings)))
    }

    /// The fleet of a lab that this computer has joined. Leads nothing: its hub does.
    ///
    /// # Errors
    /// The lab does not answer within fifteen seconds, or does not let this computer in.
    pub async fn lab(membership: &Membership) -> Result<Self, LabError> {
        let settings = membership.settings()?;
        let worker = settings.identity.acting().worker;
        Ok(Self::new(bus::nats::join(settings).await?, Form::Lab(worker)))
    }

    /// The same, of a lab that need not answer yet: it is joined as soon as it does, and until then [`Fleet::link`] is down and says
    /// why.
    ///
    /// # Errors
    /// What was kept is no membership.
    pub fn lab_later(membership: &Membership) -> Result<Self, LabError> {
        Self::later(membership, None)
    }

    /// The same, as the worker of one of this computer's GPUs: a computer that has joined as one worker may be several, each by the
    /// number of its GPU.
    ///
    /// # Errors
    /// As [`Fleet::lab_later`].
    pub fn lab_on_gpu_later(membership: &Membership, gpu: u32) -> Result<Self, LabError> {
        Self::later(membership, Some(gpu))
    }

    fn later(membership: &Membership, gpu: Option<u32>) -> Result<Self, LabError> {
        let mut settings = membership.settings()?;
        if let Some(gpu) = gpu {
            settings.identity = settings.identity.on_gpu(gpu);
        }
        let worker = settings.identity.acting().worker;
        Ok(Self::new(bus::nats::join_later(settings), Form::Lab(worker)))
    }

    /// An invitation for one more computer of the same person, good for ten minutes, once.
    ///
    /// # Errors
    /// The lab does not answer, or refuses: whoever has many computers asks its administrator.
    pub async fn add_computer(&self, membership: &Membership) -> Result<Invitation, FleetError> {
        let doing = "asking for an invitation";
        let added = ask(&*self.inner.bus, bus::nats::ADD_COMPUTER, &(), doing, PATIENCE, Some(PATIENCE)).await?;
        Ok(membership.invitation(added))
    }

    /// As which worker this process may claim and report, where it would call itself `own`: a lab lets a computer be the worker that
    /// it has joined as, whatever it calls itself; and a member's none.
    pub fn worker_id(&self, own: &WorkerId) -> Option<WorkerId> {
        match &self.inner.form {
            Form::Lab(worker) => worker.clone(),
            Form::Local(_) | Form::Memory(_) | Form::Given => Some(own.clone()),
        }
    }

    /// A fleet inside one process, in which nothing is kept; for tests, and for trying things out. Sessions of its workers are
    /// handles of their own.
    pub fn memory(bus: MemoryBus) -> Self {
        let bus = Arc::new(bus);
        let fleet = Self::new(bus.clone(), Form::Memory(bus.clone()));
        fleet.inner.tasks.spawn(lead(bus, Rules::default(), fleet.inner.shutdown.clone()));
        fleet
    }

    /// A fleet over any bus. It leads if nobody else does. Sessions use this same bus: it must be the worker's own.
    pub fn over(bus: Arc<dyn Bus>) -> Self {
        let fleet = Self::new(bus.clone(), Form::Given);
        fleet.inner.tasks.spawn(lead(bus, Rules::default(), fleet.inner.shutdown.clone()));
        fleet
    }

    fn new(bus: Arc<dyn Bus>, form: Form) -> Self {
        Self {
            inner: Arc::new(Inner {
                bus,
                form,
                own: Mutex::default(),
                shutdown: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// The state of the link, now and whenever it changes. Running work goes on while it is down.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.inner.bus.link()
    }

    /// Tries at once where the link is down, however long the try that is under way would still wait.
    pub fn hurry(&self) {
        self.inner.bus.hurry();
    }

    /// Whether it is the fleet of this computer alone.
    pub fn is_here(&self) -> bool {
        !matches!(self.inner.form, Form::Given | Form::Lab(_))
    }

    /// The workers online, by id.
    pub fn workers(&self) -> Live<Worker> {
        Live::new(self.inner.bus.clone(), "workers/")
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> Live<JobRecord> {
        Live::new(self.inner.bus.clone(), "jobs/")
    }

    /// The kinds that workers brought, by digest: those advertised, those that jobs name, and the last of each name.
    pub fn kinds(&self) -> Live<Kind> {
        Live::new(self.inner.bus.clone(), "kinds/")
    }

    /// That the lab's hub has just begun, as long as its workers may not be back yet: one record, or none.
    pub fn beginning(&self) -> Live<serde_json::Value> {
        Live::new(self.inner.bus.clone(), lab::BEGUN)
    }

    /// The workers that were put out of the lab, by the names that had joined. One that has joined anew is none of them.
    pub fn put_out(&self) -> Live<serde_json::Value> {
        Live::new(self.inner.bus.clone(), bus::nats::PUT_OUT)
    }

    /// What the lab's administrator tells members of each storage, by its name.
    pub fn storages(&self) -> Live<StorageWords> {
        Live::new(self.inner.bus.clone(), lab::STORAGES)
    }

    /// The computers with which this member has joined; the longest there first.
    ///
    /// # Errors
    /// The lab does not answer, or is of a version that does not know the question.
    pub async fn computers(&self, membership: &Membership) -> Result<Vec<Computer>, FleetError> {
        let doing = "asking for your computers";
        let answer: bus::nats::Computers =
            ask(&*self.inner.bus, bus::nats::COMPUTERS, &(), doing, PATIENCE, Some(PATIENCE)).await?;
        Ok(membership.told(answer))
    }

    /// Puts one of this member's computers out, by its key.
    ///
    /// # Errors
    /// The lab does not answer, or knows no such computer of this member.
    pub async fn remove_computer(&self, key: &str) -> Result<(), FleetError> {
        let question = bus::nats::RemoveComputer { key: key.to_owned() };
        let doing = "removing the computer";
        let _: bus::nats::Computers =
            ask(&*self.inner.bus, bus::nats::REMOVE_COMPUTER, &question, doing, PATIENCE, Some(PATIENCE)).await?;
        Ok(())
    }

    /// Takes this computer's own key off the lab, which lets it in no more.
    ///
    /// # Errors
    /// The lab does not answer, or is too old to let a worker do so.
    pub async fn leave(&self, membership: &Membership) -> Result<(), FleetError> {
        let Some(key) = membership.key() else { return Ok(()) };
        let mut link = self.link();
        // Who is put out may not hear the answer any more.
        let out = |link: &Link| matches!(link, Link::Down { why: Some(why), .. } if matches!(**why, BusError::NotAdmitted { .. }));
        tokio::select! {
            left = self.remove_computer(&key) => left,
            Ok(_) = link.wait_for(out) => Ok(()),
        }
    }

    /// Submits a job. Submitting it again, by its id, is answered with the same record.
    pub async fn submit(&self, job: &Job) -> Result<JobRecord, FleetError> {
        let submit = Submit { job: job.clone() };
        ask(&*self.inner.bus, "submit", &submit, "submitting the job", PATIENCE, Some(PATIENCE)).await
    }

    /// One job's record.
    pub async fn job(&self, id: JobId) -> Result<JobRecord, FleetError> {
        let (bus, key) = (&self.inner.bus, format!("jobs/{id}"));
        let entry = persist(&**bus, "reading the job", Some(PATIENCE), || bus.get(&key)).await?;
        let entry = entry.ok_or(FleetError::JobNotFound { job: id })?;
        serde_json::from_slice(&entry.value)
            .map_err(|source| FleetError::Unreadable { what: format!("the record of job {id}"), source })
    }

    /// Why each of the jobs whose records this version cannot read cannot be read: a newer version wrote it, or it is damaged. They
    /// are left alone, and so is whoever runs them.
    pub async fn unreadable_jobs(&self) -> Result<Vec<FleetError>, FleetError> {
        let bus = &self.inner.bus;
        let mut watch = persist(&**bus, "reading the jobs", Some(PATIENCE), || bus.watch("jobs/")).await?;
        let mut unreadable = BTreeMap::new();
        loop {
            match watch.next().await.ok_or(BusError::Closed)? {
                Change::Put { key, value, .. } => match serde_json::from_slice::<JobRecord>(&value) {
                    Ok(_) => drop(unreadable.remove(&key)),
                    Err(source) => {
                        let what = format!("the record of job {}", key.trim_start_matches("jobs/"));
                        unreadable.insert(key, FleetError::Unreadable { what, source });
                    }
                },
                Change::Gone { key } => drop(unreadable.remove(&key)),
                Change::Reset => unreadable.clear(),
                Change::Current => return Ok(unreadable.into_values().collect()),
            }
        }
    }

    /// Ends a job, leaving it the time to save that its kind says. One that has ended stays as it is.
    pub async fn stop(&self, id: JobId) -> Result<JobRecord, FleetError> {
        self.order("stop", "stopping the job", id).await
    }

    /// Ends a job at once; supersedes *stop*.
    pub async fn kill(&self, id: JobId) -> Result<JobRecord, FleetError> {
        self.order("kill", "killing the job", id).await
    }

    /// Adds an attempt to a job that has ended; refused for another.
    pub async fn retry(&self, id: JobId) -> Result<JobRecord, FleetError> {
        let before = self.job(id).await?;
        match self.order("retry", "retrying the job", id).await {
            // The first try may have been done though its answer was lost: the second is then refused.
            Err(FleetError::Refused(refused)) if before.state.is_ended() => {
                let now = self.job(id).await?;
                if now.state.is_ended() { Err(FleetError::Refused(refused)) } else { Ok(now) }
            }
            answer => answer,
        }
    }

    /// Forgets the asker's own jobs that ended so long ago, with their logs; those of others and what runs or waits stay. What was
    /// written on a storage is not touched. How many there are no longer.
    pub async fn clear(&self, older_than: Duration) -> Result<u64, FleetError> {
        let (bus, clear) = (&*self.inner.bus, Clear { older_than: older_than.as_secs() });
        let cleared: Cleared = ask(bus, "clear", &clear, "clearing the history", PATIENCE, Some(PATIENCE)).await?;
        Ok(cleared.jobs)
    }

    async fn order(&self, subject: &str, doing: &'static str, job: JobId) -> Result<JobRecord, FleetError> {
        let answer = ask(&*self.inner.bus, subject, &JobRequest { job }, doing, PATIENCE, Some(PATIENCE)).await;
        answer.map_err(|error| about_job(error, job))
    }

    /// The log of one attempt, from line `from` (or the oldest that is kept). That of an attempt which printed nothing yet, or
    /// does not exist, is empty.
    pub async fn log(&self, id: JobId, attempt: u32, from: u64) -> Result<JobLog, FleetError> {
        let (bus, name) = (&self.inner.bus, log::name(&AttemptRef { job: id, attempt }));
        let reader = persist(&**bus, "reading the log", Some(PATIENCE), || bus.log(&name, from)).await?;
        Ok(JobLog::new(reader))
    }

    /// Asks a worker whether it sees files: of many piece by piece, each of which has this time. The first path is proved with the
    /// first piece.
    pub async fn check_paths(
        &self,
        worker: &str,
        paths: &CheckPaths,
        timeout: Duration,
    ) -> Result<Checked, FleetError> {
        checks::ask(&*self.inner.bus, worker, paths, timeout).await
    }

    /// Has a worker take no new job, or take jobs again; what runs goes on. How many attempts it still looks after.
    ///
    /// # Errors
    /// The worker is not online or of a version that does not know this; who asks does not look after the lab.
    pub async fn drain(&self, worker: &str, drain: bool) -> Result<Drained, FleetError> {
        let question = encode(&Drain { drain }, DRAINING)?;
        let answer = self.inner.bus.request(&format!("drain.{worker}"), question, PATIENCE).await;
        decode_answer(&answer.map_err(|source| absent(worker, source))?, DRAINING)
    }

    /// Puts a worker out of the lab, by its name: it takes no job any more, and what runs there is lost to the lab, and may
    /// go on. How many computers that were.
    ///
    /// # Errors
    /// The lab does not answer; who asks does not look after it.
    pub async fn remove_worker(&self, name: &str) -> Result<usize, FleetError> {
        // Of a computer with several GPUs each is a worker, and the computer has joined.
        let name = gpus_computer(name).unwrap_or(name).to_owned();
        let question = bus::nats::RemoveWorker { name };
        let doing = "removing the worker";
        let removed: bus::nats::Removed =
            ask(&*self.inner.bus, bus::nats::REMOVE_WORKER, &question, doing, PATIENCE, Some(PATIENCE)).await?;
        Ok(removed.computers)
    }

    /// The worker's side of the fleet, for the worker of this id.
    pub fn session(&self, worker: impl Into<WorkerId>) -> WorkerSession {
        WorkerSession::new(self.clone(), worker.into())
    }

    /// A bus on which the worker speaks for itself.
    pub(crate) async fn bus_of(&self, worker: &WorkerId) -> Result<Arc<dyn Bus>, BusError> {
        let bus: Arc<dyn Bus> = match &self.inner.form {
            Form::Local(settings) => {
                let settings = LocalSettings { worker: Some(worker.clone()), ..settings.clone() };
                let bus = bus::local::open(settings).await?;
                // It takes over like any other if the holder goes.
                self.inner.tasks.spawn(lead_as_holder(bus.clone(), Rules::default(), self.inner.shutdown.clone()));
                bus
            }
            Form::Memory(bus) => Arc::new(bus.worker(worker.clone())),
            Form::Lab(_) | Form::Given => self.inner.bus.clone(),
        };
        self.inner.own.lock().unwrap_or_else(PoisonError::into_inner).push(bus.clone());
        Ok(bus)
    }

    /// Hands over and leaves: views end, requests fail. Safe to call twice.
    pub async fn close(&self) {
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        let own = std::mem::take(&mut *self.inner.own.lock().unwrap_or_else(PoisonError::into_inner));
        for bus in own {
            bus.close().await;
        }
        self.inner.bus.close().await;
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("here", &self.is_here()).finish_non_exhaustive()
    }
}

/// The name by which the computer has joined of which a worker with this id has one GPU; none of a worker that is a whole computer.
pub fn gpus_computer(id: &str) -> Option<&str> {
    id.split_once(bus::nats::GPU).map(|(computer, _)| computer)
}

/// Leads while this process holds the bus.
pub(crate) async fn lead_as_holder(bus: Arc<SharedBus>, rules: Rules, shutdown: CancellationToken) {
    let mut role = bus.role();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            held = role.wait_for(|role| *role == Role::Holder) => if held.is_err() { return },
        }
        let reign = shutdown.child_token();
        let mut lost = role.clone();
        tokio::select! {
            () = lead(bus.clone(), rules, reign) => return,
            gone = lost.wait_for(|role| *role != Role::Holder) => if gone.is_err() { return },
        }
    }
}
