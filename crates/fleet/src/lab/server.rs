//! The lab's server as a process.

use super::{HubPlace, LabError, error::hub_error, place::LOG};
use crate::bus::nats;
use fs_err as fs;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::Instant,
};

/// For it to be there.
const STARTING: Duration = Duration::from_secs(30);
/// For it to end in good order.
const ENDING: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// The end of what it said that is told.
const SAID: usize = 600;
/// What it says otherwise: that its configuration is none, before it knows its log; what made it break down.
pub(super) const BESIDE: &str = "nats-server.err";

/// Refuses a program that is too old, before it writes anything.
pub(super) async fn check(program: &Path) -> Result<(), LabError> {
    let asked = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let answer =
        tokio::time::timeout(STARTING, asked).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    let answer = answer.map_err(not_run(program))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    if !text.contains("nats-server") {
        return Err(LabError::NotServer { program: program.to_owned() });
    }
    let version = text.rsplit(['v', ' ']).next().unwrap_or_default().trim();
    if crate::bus::nats::is_new_enough(version) {
        return Ok(());
    }
    Err(LabError::OldServer { program: program.to_owned(), version: version.to_owned() })
}

/// The lab's server, run by this process or found running.
#[derive(Debug)]
pub(super) struct Server {
    /// None of one that a hub before this one left.
    process: Option<Child>,
    /// The number of that one's process, where it is known.
    left: Option<u32>,
}

impl Server {
    /// Starts it, unless it is there already: a hub before this one may have been killed, and its server goes on.
    pub(super) async fn start(place: &HubPlace, program: &Path) -> Result<Self, LabError> {
        if is_there(place).await {
            let left = left(place).await;
            // Where no process can be looked at, whoever has the server's key and lets this hub in is the server.
            if left.is_none() && !nats::lets_in(&place.settings()).await {
                let listen = place.here();
                let (by, dir) = (super::port::listener(listen.port()), place.dir().to_owned());
                return Err(LabError::PortTaken { listen, by, dir });
            }
            place.configure()?;
            return Ok(Self { process: None, left });
        }
        let configuration = place.configure()?;
        // What an earlier one said is not to be taken for this one's.
        let begin = |name: &str| fs::File::create(place.dir().join(name)).map_err(hub_error(place.dir().join(name)));
        begin(LOG)?;
        let beside = begin(BESIDE)?.into_parts().0;
        let mut command = Command::new(program);
        command.arg("--config").arg(configuration).stdin(Stdio::null()).stdout(Stdio::null()).stderr(beside);
        // What ends the hub in a terminal is the hub's to pass on.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.kill_on_drop(true).spawn().map_err(not_run(program))?;
        let deadline = Instant::now() + STARTING;
        while !is_there(place).await {
            let ended = process.try_wait().map_err(not_run(program))?.is_some();
            if ended || Instant::now() > deadline {
                drop(process.start_kill());
                return Err(ended_badly(place));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Self { process: Some(process), left: None })
    }

    /// One that another hub of the folder runs.
    pub(super) fn of_another() -> Self {
        Self { process: None, left: None }
    }

    /// Ends it at once: what it could not keep must not come onto the disk after all.
    pub(super) async fn kill(&mut self, place: &HubPlace) {
        match &mut self.process {
            Some(process) => drop(process.kill().await),
            None => {
                if let Some(id) = left(place).await {
                    end(id, Ending::Kill);
                    drop(tokio::time::timeout(ENDING, gone(place, Some(id))).await);
                }
            }
        }
    }

    /// Returns when it has ended, with how, where that is known.
    pub(super) async fn ended(&mut self, place: &HubPlace) -> String {
        match &mut self.process {
            Some(process) => process.wait().await.map(|how| format!(" ({how})")).unwrap_or_default(),
            None => {
                gone(place, self.left).await;
                String::new()
            }
        }
    }

    /// Ends it, in good order if it does so in time.
    pub(super) async fn stop(self, place: &HubPlace) {
        let Some(mut process) = self.process else {
            if let Some(id) = left(place).await {
                end(id, Ending::Ask);
                drop(tokio::time::timeout(ENDING, gone(place, Some(id))).await);
            }
            return;
        };
        let told = process.id().is_some_and(|id| end(id, Ending::Ask));
        if told && tokio::time::timeout(ENDING, process.wait()).await.is_ok() {
            return;
        }
        drop(process.kill().await);
    }
}

/// The process of a server that a hub before this one left. Whoever has its number now is asked what it runs: numbers come again.
#[cfg(unix)]
async fn left(place: &HubPlace) -> Option<u32> {
    let id: u32 = fs::read_to_string(place.dir().join(super::place::PID_FILE)).ok()?.trim().parse().ok()?;
    let asked = Command::new("ps").args(["-ww", "-o", "command=", "-p", &id.to_string()]).stdin(Stdio::null()).output();
    let answer = tokio::time::timeout(ENDING, asked).await.ok()?.ok()?;
    let configuration = place.configuration();
    String::from_utf8_lossy(&answer.stdout).contains(configuration.to_str()?).then_some(id)
}

#[cfg(not(unix))]
async fn left(_place: &HubPlace) -> Option<u32> {
    None
}

/// How a process is to end.
enum Ending {
    /// In good order.
    Ask,
    Kill,
}

#[cfg(unix)]
fn end(id: u32, ending: Ending) -> bool {
    use rustix::process::Signal;
    let signal = match ending {
        Ending::Ask => Signal::TERM,
        Ending::Kill => Signal::KILL,
    };
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    id.is_some_and(|id| rustix::process::kill_process(id, signal).is_ok())
}

#[cfg(not(unix))]
fn end(_id: u32, _ending: Ending) -> bool {
    false
}

/// Returns once the server's process has ended; where that is not known, once nobody is at the server's address. Whoever looks there
/// each time makes the server write down that somebody came and said nothing.
async fn gone(place: &HubPlace, left: Option<u32>) {
    loop {
        let lives = match left {
            Some(id) => lives(id),
            None => is_there(place).await,
        };
        if !lives {
            return;
        }
        tokio::time::sleep(20 * PAUSE).await;
    }
}

#[cfg(unix)]
fn lives(id: u32) -> bool {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    id.is_some_and(|id| rustix::process::test_kill_process(id).is_ok())
}

#[cfg(not(unix))]
fn lives(_id: u32) -> bool {
    false
}

async fn is_there(place: &HubPlace) -> bool {
    let connected = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(place.here())).await;
    connected.is_ok_and(|connected| connected.is_ok())
}

fn not_run(program: &Path) -> impl FnOnce(std::io::Error) -> LabError {
    |source| LabError::NotRun { program: program.to_owned(), source }
}

fn ended_badly(place: &HubPlace) -> LabError {
    let said: String =
        [LOG, BESIDE].map(|name| fs::read_to_string(place.dir().join(name)).unwrap_or_default()).concat();
    let begin = said.char_indices().rev().nth(SAID).map_or(0, |(begin, _)| begin);
    // From the beginning of a line on, unless that leaves nothing.
    let whole = said[begin..].find('\n').filter(|_| begin > 0).map_or(begin, |end| begin + end + 1);
    let told = if said[whole..].trim().is_empty() { &said[begin..] } else { &said[whole..] };
    LabError::ServerEnded { said: told.trim().to_owned() }
}
