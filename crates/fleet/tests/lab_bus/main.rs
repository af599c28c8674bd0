//! The bus of a lab where something goes wrong: hubs that are killed or frozen, servers that are started again, guests that
//! want more than is theirs, servers that will not do.

mod guests;

use samepath_fleet::bus::{
    Bus, BusError, Change, Expect, Limits, Link, LogItem, LogRange, Role, SharedBus,
    nats::{self, Identity, Login, NatsSettings},
};
use samepath_testkit::{Cable, NatsServer};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(60);
/// Of the servers that ask who somebody is.
const PASSWORD: &str = "open";

fn with_password(server: &NatsServer, identity: Identity, user: &str) -> NatsSettings {
    let login = Login::Password { user: user.to_owned(), password: PASSWORD.to_owned() };
    NatsSettings { login, ..NatsSettings::open(server.address(), identity) }
}

async fn hub(server: &NatsServer) -> Arc<SharedBus> {
    nats::open(NatsSettings::open(server.address(), Identity::hub("hub"))).await.expect("opens")
}

/// A server that lets each of them use the subjects of its own, and no others.
fn strict_server(guests: &[(&str, &Identity)]) -> NatsServer {
    let guests: String = guests
        .iter()
        .map(|(user, identity)| {
            let (up, down) = identity.subjects();
            format!(
                "{{user: {user:?}, password: {PASSWORD:?}, permissions: {{publish: {up:?}, subscribe: {down:?}}}}}\n"
            )
        })
        .collect();
    NatsServer::with(&format!("authorization {{ users = [ {{user: \"hub\", password: {PASSWORD:?}}}\n{guests} ] }}"))
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, work).await.expect("in time")
}

async fn holds(bus: &SharedBus) {
    in_time(bus.role().wait_for(|role| *role == Role::Holder)).await.expect("still there");
}

async fn value(bus: &dyn Bus, key: &str) -> Option<String> {
    let entry = bus.get(key).await.expect("get")?;
    Some(String::from_utf8_lossy(&entry.value).into_owned())
}

// ---- a hub as a process --------------------------------------------------------------------------------------------

const SERVER: &str = "SAMEPATH_TEST_SERVER";

/// This test program, started again as a hub. Does what it is told, a line each, and answers each with a line.
struct Hub {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Hub {
    /// One that holds the bus.
    fn start(server: &NatsServer) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["is_a_hub_when_told_to", "--exact", "--nocapture", "--test-threads=1"])
            .env(SERVER, server.address())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut hub = Self { child, answers };
        assert_eq!(hub.answer(), "holder");
        hub
    }

    fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.answer()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().expect("piped"), "{line}").expect("told");
    }

    fn answer(&mut self) -> String {
        for line in self.answers.by_ref().lines() {
            if let Some(answer) = line.expect("text").strip_prefix("! ") {
                return answer.to_owned();
            }
        }
        panic!("the hub ended");
    }

    fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    #[cfg(unix)]
    fn id(&self) -> rustix::process::Pid {
        i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("an id")
    }

    /// Returns when it does nothing any more.
    #[cfg(unix)]
    fn freeze(&self) {
        use rustix::process::{Signal, WaitOptions, kill_process, waitpid};
        kill_process(self.id(), Signal::STOP).expect("signalled");
        let (_, status) = waitpid(Some(self.id()), WaitOptions::UNTRACED).expect("a child").expect("stopped");
        assert!(status.stopped());
    }

    #[cfg(unix)]
    fn thaw(&self) {
        rustix::process::kill_process(self.id(), rustix::process::Signal::CONT).expect("signalled");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Not a test of its own: the other end of [`Hub`]. Without a server it only sees that there is none.
#[test]
fn is_a_hub_when_told_to() {
    let Ok(server) = std::env::var(SERVER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let settings = NatsSettings::open(server, Identity::hub("hub"));
    let bus = runtime.block_on(nats::open(settings)).expect("opens");
    println!("\n! {}", if bus.is_holder() { "holder" } else { "guest" });
    let mut last = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        let answer = match (words.next(), words.next(), words.next()) {
            (Some(how @ ("put" | "replace")), Some(key), Some(value)) => {
                // What it wrote last is what it thinks to be there.
                let expect = if how == "put" { Expect::Any } else { Expect::Revision(last) };
                match runtime.block_on(bus.put(key, value.into(), expect, None)) {
                    Ok(revision) => {
                        last = revision;
                        "done".to_owned()
                    }
                    Err(error) => error.to_string(),
                }
            }
            (Some("append"), Some(log), Some(value)) => {
                let end = runtime.block_on(bus.log_range(log)).expect("a range").end;
                match runtime.block_on(bus.append(log, end, vec![value.into()])) {
                    Ok(_) => "done".to_owned(),
                    Err(error) => error.to_string(),
                }
            }
            _ => panic!("{line:?} was not understood"),
        };
        println!("\n! {answer}");
    }
}

// ---- hubs ----------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_hub_is_succeeded_and_nothing_is_lost() {
    let server = NatsServer::open();
    let mut first = Hub::start(&server);
    let second = hub(&server).await;
    let member = nats::open(NatsSettings::open(server.address(), Identity::member("amick"))).await.expect("joins");
    assert!(!second.is_holder());
    for number in 0..20 {
        assert_eq!(first.ask(&format!("put jobs/{number} a")), "done");
        assert_eq!(first.ask(&format!("append log/x/1 line-{number}")), "done");
    }
    let before = member.get("jobs/19").await.expect("get").expect("there").revision;
    let mut watch = member.watch("jobs/").await.expect("watch");
    let killed = Instant::now();
    first.kill();
    holds(&second).await;
    println!("taken over after {:?}", killed.elapsed());
    let revision = second.put("jobs/20", b"b".to_vec(), Expect::Absent, None).await.expect("put");
    assert!(revision > before, "revisions go on");
    let reading = async {
        let mut known = std::collections::BTreeSet::new();
        loop {
            match watch.next().await.expect("goes on") {
                Change::Put { key, .. } => drop(known.insert(key)),
                Change::Reset => known.clear(),
                Change::Gone { key } => panic!("{key} is gone"),
                Change::Current => {}
            }
            if known.len() == 21 {
                return;
            }
        }
    };
    in_time(reading).await;
    assert_eq!(member.log_range("log/x/1").await, Ok(LogRange { first: 0, end: 20 }));
    let mut log = member.log("log/x/1", 18).await.expect("log");
    for number in 18..20 {
        let Some(LogItem::Entry(entry)) = log.next().await else { panic!("line {number} is missing") };
        assert_eq!(entry.value, format!("line-{number}").into_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_comes_to_the_next_hub_on_the_connection_that_it_has() {
    let server = NatsServer::open();
    let mut first = Hub::start(&server);
    let cable = Cable::to(&server.address());
    let amick = NatsSettings::open(cable.address().to_owned(), Identity::member("amick"));
    let guest = nats::join(amick).await.expect("joins");
    let mut link = guest.link();
    first.kill();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    // Long enough to have asked whether a hub is there, and to be told that none is.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let _second = hub(&server).await;
    in_time(link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    assert_eq!(cable.connections(), 1, "it was let in again");
    // One that breaks is another matter.
    cable.cut();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    cable.mend();
    in_time(link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    assert!(cable.connections() > 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_hub_is_succeeded_and_writes_nothing_when_it_thaws() {
    let server = NatsServer::open();
    let mut frozen = Hub::start(&server);
    assert_eq!(frozen.ask("put jobs/1 old"), "done");
    frozen.freeze();
    // Told while it cannot hear: the first thing that it does when it can.
    frozen.tell("replace jobs/1 late");
    let second = hub(&server).await;
    holds(&second).await;
    second.put("jobs/1", b"new".to_vec(), Expect::Any, None).await.expect("put");
    frozen.thaw();
    // By itself it cannot, and the other one knows better.
    assert_ne!(frozen.answer(), "done");
    assert_eq!(value(&*second, "jobs/1").await.as_deref(), Some("new"));
    // It is a guest now, and what it asks is done by the other one.
    let again = async { while frozen.ask("put jobs/2 later") != "done" {} };
    in_time(again).await;
    assert_eq!(value(&*second, "jobs/2").await.as_deref(), Some("later"));
    assert!(second.is_holder());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_comes_back_with_all_that_was_answered() {
    let mut server = NatsServer::open();
    let bus = hub(&server).await;
    let worker = nats::open(NatsSettings::open(server.address(), Identity::worker("gpu-1"))).await.expect("joins");
    worker.put("workers/gpu-1", b"here".to_vec(), Expect::Any, Some(LONG)).await.expect("put");
    let mut kept = 0;
    for number in 0..200 {
        kept = bus.put(&format!("jobs/{number}"), b"x".to_vec(), Expect::Absent, None).await.expect("put");
    }
    bus.delete("jobs/7", Expect::Any).await.expect("deleted");
    let lines: Vec<Vec<u8>> = (0..5000).map(|number| format!("line {number}").into_bytes()).collect();
    assert_eq!(bus.append("log/x/1", 0, lines).await, Ok(5000));
    bus.truncate("log/x/1", 1234).await.expect("truncated");
    let mut link = bus.link();
    server.kill();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    server.start_again("");
    in_time(link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    for number in (0..200).filter(|number| *number != 7) {
        assert_eq!(value(&*bus, &format!("jobs/{number}")).await.as_deref(), Some("x"), "job {number}");
    }
    assert_eq!(value(&*bus, "jobs/7").await, None);
    assert_eq!(bus.log_range("log/x/1").await, Ok(LogRange { first: 1234, end: 5000 }));
    let mut log = bus.log("log/x/1", 0).await.expect("log");
    for number in 1234..5000 {
        let Some(LogItem::Entry(entry)) = log.next().await else { panic!("line {number} is missing") };
        assert_eq!((entry.seq, entry.value), (number, format!("line {number}").into_bytes()));
    }
    assert!(bus.put("jobs/200", b"x".to_vec(), Expect::Absent, None).await.expect("put") > kept);
    // What was only in memory is put again by whoever put it.
    let back = async {
        while worker.get("workers/gpu-1").await.is_err()
            || worker.get("workers/gpu-1").await.is_ok_and(|found| found.is_none())
        {
            tokio::task::yield_now().await;
        }
    };
    in_time(back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_all_logs_keep_is_bounded() {
    let server = NatsServer::open();
    let limits = Limits { all_log_bytes: 1_000_000, log_bytes: 400_000, ..Limits::default() };
    let settings = NatsSettings { limits, ..NatsSettings::open(server.address(), Identity::hub("hub")) };
    let bus = nats::open(settings.clone()).await.expect("opens");
    for log in 0..5 {
        for first in 0..60 {
            bus.append(&format!("log/{log}/1"), first, vec![vec![b'x'; 10_000]]).await.expect("append");
        }
    }
    let mut ranges = Vec::new();
    for log in 0..5 {
        ranges.push(bus.log_range(&format!("log/{log}/1")).await.expect("a range"));
    }
    let kept: u64 = ranges.iter().map(|range| range.end - range.first).sum();
    assert!((80..=100).contains(&kept), "{ranges:?}");
    assert_eq!(ranges[0], LogRange { first: 59, end: 60 }, "the oldest went first, but for its last line");
    assert_eq!(ranges[4], LogRange { first: 20, end: 60 }, "one log has its own bound");
    bus.forget_log("log/4/1").await.expect("forgotten");
    bus.close().await;
    let bus = nats::open(settings).await.expect("opens again");
    assert_eq!(bus.log_range("log/4/1").await, Ok(LogRange::default()));
    assert_eq!(bus.log_range("log/0/1").await, Ok(ranges[0]));
    assert_eq!(bus.append("log/0/1", 60, vec![vec![b'y']]).await, Ok(61));
    let mut log = bus.log("log/3/1", 0).await.expect("log");
    let first = log.next().await;
    assert!(matches!(first, Some(LogItem::Entry(entry)) if entry.seq == log.range().first), "{ranges:?}");
}

// ---- servers that will not do --------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_to_be_one_at_once() {
    let server = strict_server(&[]);
    let began = Instant::now();
    let refused = nats::open(with_password(&server, Identity::member("eve"), "eve")).await.err();
    assert_eq!(refused, Some(BusError::NotAdmitted { server: server.address() }));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_server_is_named_with_what_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let info =
                r#"INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"headers":true,"jetstream":true}"#;
            drop(write!(stream, "{info}\r\n"));
            for line in BufReader::new(stream.try_clone().expect("a stream")).lines().map_while(Result::ok) {
                if line == "PING" {
                    drop(write!(stream, "PONG\r\n"));
                }
            }
        }
    });
    let settings = NatsSettings::open(address.clone(), Identity::hub("hub"));
    let error = nats::open(settings).await.err().expect("refused");
    assert_eq!(error, BusError::ServerTooOld { server: address, version: "2.9.10".to_owned() });
    assert!(error.hint().is_some_and(|hint| hint.contains("2.11")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_asked_again_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (came, mut coming) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        // Each is kept open: nobody is told that there is nothing to come.
        let _mute: Vec<_> = listener.incoming().map_while(|stream| came.send(()).ok().map(|()| stream)).collect();
    });
    let began = Instant::now();
    let joining = tokio::spawn(nats::join(NatsSettings::open(address, Identity::member("amick"))));
    for _ in 0..2 {
        in_time(coming.recv()).await.expect("it tries");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    joining.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_unreachable_and_takes_its_time() {
    let server = NatsServer::open();
    let alone = nats::open(NatsSettings::open(server.address(), Identity::member("amick"))).await;
    assert_eq!(alone.err(), Some(BusError::Unreachable), "a server without a hub");
}
