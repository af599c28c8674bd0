use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For it to say where it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A real `nats-server` on loopback, at a port of its own, which keeps what it is told in a folder of its own. Ends when dropped.
#[derive(Debug)]
pub struct NatsServer {
    folder: TempDir,
    process: Child,
    /// Kept when it is started again.
    port: u16,
}

impl NatsServer {
    /// One that asks nobody who they are.
    ///
    /// # Panics
    /// Where it cannot be started: `tests/setup test` installs it.
    pub fn open() -> Self {
        Self::with("")
    }

    /// One with these lines in its configuration, too.
    ///
    /// # Panics
    /// Where it cannot be started: `tests/setup test` installs it.
    pub fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (process, port) = start(folder.path(), lines, None);
        Self { folder, process, port }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it: it has no time to say or to write anything.
    ///
    /// # Panics
    /// Where it has ended already.
    pub fn kill(&mut self) {
        self.process.kill().expect("the server lives");
        self.process.wait().expect("the server ended");
    }

    /// Starts it again, at the same port, with what it has kept and with these lines.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start_again(&mut self, lines: &str) {
        drop(self.process.kill());
        drop(self.process.wait());
        self.process = start(self.folder.path(), lines, Some(self.port)).0;
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Where `nats-server` is: as `tests/setup` has put it, or wherever the system finds it.
pub fn nats_server() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin/nats-server");
    if own.is_file() { own } else { PathBuf::from("nats-server") }
}

fn start(folder: &Path, lines: &str, port: Option<u16>) -> (Child, u16) {
    let configuration = folder.join("nats.conf");
    let port = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: {folder:?}\njetstream {{ store_dir: {:?} }}\n{lines}\n",
        folder.join("kept")
    );
    fs_err::write(&configuration, text).expect("the server's configuration is written");
    let log = fs_err::File::create(folder.join("server.log")).expect("the server's log");
    let process = Command::new(nats_server())
        .arg("--config")
        .arg(&configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.into_parts().0)
        .spawn();
    let mut process = match process {
        Ok(process) => process,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("there is no nats-server here: tests/setup test installs it")
        }
        Err(error) => panic!("nats-server cannot be started: {error}"),
    };
    let ports = folder.join(format!("nats-server_{}.ports", process.id()));
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(port) = fs_err::read_to_string(&ports).ok().as_deref().and_then(port_in) {
            return (process, port);
        }
        let ended = process.try_wait().expect("the server can be looked at");
        if ended.is_some() || Instant::now() > deadline {
            drop(process.kill());
            let said = fs_err::read_to_string(folder.join("server.log")).unwrap_or_default();
            panic!("nats-server did not start: {said}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The port of the first address for clients.
fn port_in(ports: &str) -> Option<u16> {
    let address = ports.split("nats://").nth(1)?.split('"').next()?;
    address.rsplit(':').next()?.parse().ok()
}
