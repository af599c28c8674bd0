//! What makes a fleet a lab's: a hub with its server, and lines to it that can be cut.

use super::lab::{end, hidden, kill};
use fastrand::Rng;
use samepath_fleet::lab::{Invitation, Invite, Membership, Part, Places, Registry};
use samepath_testkit::{Cable, nats_server};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Longer than a worker takes from one word about itself to the next, and short enough to run out now and then.
pub(crate) const LEASE: Duration = Duration::from_secs(7);
/// For how long a line is cut, at least and at most, in milliseconds: now and then longer than a lease.
const CUT: std::ops::Range<u64> = 100..11_000;

/// A hub as a process, which runs the real server.
pub(crate) struct Hubs {
    dir: PathBuf,
    listen: String,
    hub: Option<Child>,
    /// To each worker, and last to the client; and until when one is cut.
    cables: Vec<(Cable, Option<Instant>)>,
}

impl Hubs {
    /// A lab below `dir` with so many workers and one member, who have joined.
    pub(crate) fn new(dir: &Path, workers: usize) -> Self {
        let listen =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).unwrap().to_string();
        let cables = (0..=workers).map(|_| (Cable::to(&listen), None)).collect();
        let mut hubs = Self { dir: dir.to_owned(), listen, hub: None, cables };
        let mut hub = hubs.command().stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(hub.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "hub\n");
        hubs.hub = Some(hub);
        Runtime::new().unwrap().block_on(hubs.let_in());
        hubs
    }

    fn command(&self) -> std::process::Command {
        let mut command = hidden();
        command.arg("hub").arg(self.dir.join("hub")).arg(&self.listen).arg(nats_server());
        command.arg(LEASE.as_millis().to_string());
        command
    }

    async fn let_in(&self) {
        let registry = Registry::open(&self.dir.join("hub")).await.unwrap();
        let last = self.cables.len() - 1;
        for (at, (cable, _)) in self.cables.iter().enumerate() {
            let (part, name) =
                if at == last { (Part::Member, "amick".to_owned()) } else { (Part::Worker, Self::name(at)) };
            let lasts = jiff::SignedDuration::from_hours(1);
            let invite =
                Invite { part, name, uses: 1, lasts, places: Places::default(), jobs_at_once: None, admin: false };
            let invitation: Invitation = registry.invite(invite).await.unwrap();
            let mut membership = Membership::join(&invitation).await.unwrap();
            membership.server = cable.address().to_owned();
            fs_err::write(self.member(at), serde_json::to_vec(&membership).unwrap()).unwrap();
        }
        registry.close().await;
    }

    /// What a worker has joined as.
    pub(crate) fn name(at: usize) -> String {
        format!("gpu-{at}")
    }

    /// With what a worker, or the client, has joined.
    fn member(&self, at: usize) -> PathBuf {
        self.dir.join(format!("member-{at}.json"))
    }

    pub(crate) fn worker(&self, at: usize) -> PathBuf {
        self.member(at)
    }

    pub(crate) fn client(&self) -> PathBuf {
        self.member(self.cables.len() - 1)
    }

    pub(crate) fn start_what_is_missing(&mut self) {
        match &mut self.hub {
            // It may have found a server that was killed just then: it is started again as a service would be.
            Some(hub) => {
                if hub.try_wait().unwrap().is_some() {
                    self.hub = None;
                }
            }
            None => self.hub = Some(self.command().stdout(Stdio::null()).spawn().unwrap()),
        }
    }

    /// Lines that were cut long enough pass on again; all of them, if nothing more is to break.
    pub(crate) fn mend(&mut self, all: bool) {
        for (cable, until) in &mut self.cables {
            if until.is_some_and(|until| all || until <= Instant::now()) {
                cable.mend();
                *until = None;
            }
        }
    }

    /// Cuts one line; whether there was one that was not cut.
    pub(crate) fn cut(&mut self, random: &mut Rng) -> bool {
        let at = random.usize(..self.cables.len());
        self.cut_for(at, Duration::from_millis(random.u64(CUT)))
    }

    /// Cuts the line to a worker, unless it is cut.
    pub(crate) fn cut_for(&mut self, worker: usize, time: Duration) -> bool {
        let (cable, until) = &mut self.cables[worker];
        if until.is_some() {
            return false;
        }
        cable.cut();
        *until = Some(Instant::now() + time);
        true
    }

    pub(crate) fn kill_hub(&mut self) -> bool {
        self.hub.take().map(end).is_some()
    }

    /// The server's process.
    pub(crate) fn server(&self) -> Option<u32> {
        let id = fs_err::read_to_string(self.dir.join("hub/nats-server.pid")).ok()?.trim().parse().ok()?;
        self.is_server(id).then_some(id)
    }

    fn is_server(&self, id: u32) -> bool {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*self.dir.join("hub").to_string_lossy())
    }

    pub(crate) fn kill_server(&self) -> bool {
        self.server().is_some_and(|id| kill(id, &|id| self.is_server(id)))
    }

    /// Asks the hub to end, and its server with it.
    pub(crate) fn close(&mut self) {
        if let Some(mut hub) = self.hub.take() {
            drop(hub.stdin.take());
            hub.wait().unwrap();
        }
    }
}

impl Drop for Hubs {
    /// After a failure nothing of it runs on.
    fn drop(&mut self) {
        self.kill_hub();
        self.kill_server();
    }
}
