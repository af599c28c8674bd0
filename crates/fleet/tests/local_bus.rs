//! The bus of this computer as processes: who holds it, what is left when one is killed, who may reach it.

use samepath_fleet::bus::{
    Bus, BusError, Change, Expect, Link, LocalSettings, LogItem, NoRoom, Role, SharedBus, local,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

const LONG: Duration = Duration::from_secs(30);

fn settings(dir: &Path) -> LocalSettings {
    LocalSettings::new(dir, "amick")
}

async fn open(dir: &Path) -> Arc<SharedBus> {
    local::open(settings(dir)).await.expect("opens")
}

// ---- processes -----------------------------------------------------------------------------------------------------

/// What a process is to do, and where.
const PART: &str = "SAMEPATH_TEST_PART";
const DIR: &str = "SAMEPATH_TEST_DIR";

/// This test program, started again for one part; ends when its input does. What it says arrives as `(number, line)`.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

impl Process {
    fn start(number: usize, part: &str, dir: &Path, lines: mpsc::Sender<(usize, String)>) -> Self {
        Self::start_by(Command::new(std::env::current_exe().expect("this program")), number, part, dir, lines)
    }

    fn start_by(
        mut command: Command,
        number: usize,
        part: &str,
        dir: &Path,
        lines: mpsc::Sender<(usize, String)>,
    ) -> Self {
        let mut child = command
            .args(["plays_a_part_when_told_to", "--exact", "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .env(DIR, dir)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let output = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("! ") {
                    drop(lines.send((number, said.to_owned())));
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("open"), "{line}").expect("told");
    }

    fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    fn finish(&mut self) {
        drop(self.input.take());
        assert!(self.child.wait().expect("ended").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn say(line: &str) {
    // Whole lines, also where the test harness has begun one.
    println!("\n! {line}");
}

/// Not a test of its own: the other end of [`Process`]. Without a part to play it only sees that there is none.
#[test]
fn plays_a_part_when_told_to() {
    let Ok(part) = std::env::var(PART) else {
        assert!(std::env::var(DIR).is_err(), "a folder, but no part");
        return;
    };
    let dir = PathBuf::from(std::env::var(DIR).expect("a folder"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let (ended, end) = tokio::sync::oneshot::channel();
    let (told, go) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lines();
        if let Some(Ok(_)) = input.next() {
            // Fails where the part waits for nothing.
            told.send(()).ok();
        }
        for _ in input {}
        ended.send(()).ok();
    });
    runtime.block_on(async {
        let play = async {
            match part.as_str() {
                "opener" => opener(&dir, go).await,
                "writer" => writer(&dir).await,
                "worker" => worker(&dir).await,
                "filler" => filler(&dir).await,
                other => panic!("no part {other}"),
            }
        };
        tokio::select! {
            () = play => {}
            _ = end => {}
        }
    });
}

async fn opener(dir: &Path, go: tokio::sync::oneshot::Receiver<()>) {
    say("ready");
    go.await.expect("told");
    let bus = open(dir).await;
    say(if bus.is_holder() { "holder" } else { "guest" });
    std::future::pending::<()>().await;
}

/// Counts up one record by compare-and-set together with the others, and puts one of its own for every number it was told
/// to have.
async fn writer(dir: &Path) {
    let bus = open(dir).await;
    let mut role = bus.role();
    tokio::spawn(async move {
        loop {
            if *role.borrow_and_update() == Role::Holder {
                say("holder");
            }
            if role.changed().await.is_err() {
                return;
            }
        }
    });
    loop {
        match count(&*bus).await {
            Ok(Some(number)) => say(&format!("has {number}")),
            Ok(None) | Err(BusError::Unreachable | BusError::TimedOut { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn count(bus: &dyn Bus) -> Result<Option<u64>, BusError> {
    let (number, expect) = match bus.get("counter").await? {
        Some(entry) => {
            let text = String::from_utf8(entry.value).expect("text");
            (text.parse::<u64>().expect("a number") + 1, Expect::Revision(entry.revision))
        }
        None => (1, Expect::Absent),
    };
    match bus.put("counter", number.to_string().into_bytes(), expect, None).await {
        Ok(_) => {}
        Err(BusError::Conflict { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    say(&format!("won {number}"));
    bus.put(&format!("mine/{number}"), vec![b'x'; 500], Expect::Absent, None).await?;
    Ok(Some(number))
}

async fn worker(dir: &Path) {
    let mut settings = settings(dir);
    settings.worker = Some("gpu-1".to_owned());
    let bus = local::open(settings).await.expect("opens");
    let mut requests = bus.serve("check.gpu-1").await.expect("serves");
    bus.put("workers/gpu-1", b"here".to_vec(), Expect::Any, Some(LONG * 10)).await.expect("put");
    let _taken = requests.next().await.expect("a request");
    say("taken");
    std::future::pending::<()>().await;
}

/// Writes until the disk is full.
async fn filler(dir: &Path) {
    let bus = open(dir).await;
    let mut kept = 0;
    let error = loop {
        match bus.put(&format!("big/{kept}"), vec![7; 60_000], Expect::Absent, None).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10_000, "the disk is never full");
    };
    assert!(matches!(error, BusError::DiskFull { why: NoRoom::FileSize, .. }), "{error:?}");
    assert!(error.to_string().contains("no file may grow"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("ulimit -f")), "{error:?}");
    assert_eq!(bus.get(&format!("big/{kept}")).await, Ok(None), "what failed is not there");
    // What needs no disk goes on, and so does reading.
    bus.put("workers/a", b"here".to_vec(), Expect::Any, Some(LONG)).await.expect("in memory");
    assert!(bus.get("big/0").await.expect("get").is_some());
    assert!(matches!(bus.append("log/1", 0, vec![vec![0; 30_000]; 200]).await, Err(BusError::DiskFull { .. })));
    say(&format!("kept {kept}"));
    bus.close().await;
}

fn listen(lines: &mpsc::Receiver<(usize, String)>) -> (usize, String) {
    lines.recv_timeout(LONG).expect("a line in time")
}

// ---- tests ---------------------------------------------------------------------------------------------------------

#[test]
fn of_sixteen_that_open_at_once_one_holds() {
    let dir = tempfile::tempdir().expect("a folder");
    let (sender, lines) = mpsc::channel();
    let mut processes: Vec<_> =
        (0..16).map(|number| Process::start(number, "opener", &dir.path().join("bus"), sender.clone())).collect();
    for _ in 0..16 {
        assert_eq!(listen(&lines).1, "ready");
    }
    for process in &mut processes {
        process.tell("go");
    }
    let roles: Vec<_> = (0..16).map(|_| listen(&lines).1).collect();
    assert_eq!(roles.iter().filter(|role| *role == "holder").count(), 1, "{roles:?}");
    assert_eq!(roles.iter().filter(|role| *role == "guest").count(), 15, "{roles:?}");
    for process in &mut processes {
        process.finish();
    }
}

/// The holder is killed twenty times, at no particular moment, while three processes write.
#[tokio::test]
async fn what_was_acknowledged_outlives_its_holder() {
    let dir = tempfile::tempdir().expect("a folder");
    let (sender, lines) = mpsc::channel();
    let mut processes = BTreeMap::new();
    let mut next = 0;
    let mut start = |processes: &mut BTreeMap<usize, Process>| {
        processes.insert(next, Process::start(next, "writer", dir.path(), sender.clone()));
        next += 1;
    };
    for _ in 0..3 {
        start(&mut processes);
    }
    let (mut won, mut had) = (BTreeSet::new(), BTreeSet::new());
    let (mut holder, mut killed, mut lines_until_kill) = (None, 0, 0);
    while killed < 20 {
        let (who, line) = listen(&lines);
        match line.split_once(' ') {
            Some(("won", number)) => {
                assert!(won.insert(number.parse::<u64>().expect("number")), "{number} was given to two");
            }
            Some(("has", number)) => drop(had.insert(number.parse::<u64>().expect("number"))),
            _ => {
                assert_eq!(line, "holder");
                if processes.contains_key(&who) {
                    (holder, lines_until_kill) = (Some(who), 5 + killed * 7 % 31);
                }
            }
        }
        if let Some(who) = holder {
            if lines_until_kill == 0 {
                processes.remove(&who).expect("runs").kill();
                (holder, killed) = (None, killed + 1);
                start(&mut processes);
            } else {
                lines_until_kill -= 1;
            }
        }
    }
    for (_, mut process) in processes {
        process.kill();
    }
    drop(sender);
    for (_, line) in lines {
        match line.split_once(' ') {
            Some(("won", number)) => assert!(won.insert(number.parse().expect("number")), "{number} twice"),
            Some(("has", number)) => drop(had.insert(number.parse::<u64>().expect("number"))),
            _ => {}
        }
    }
    let bus = open(dir.path()).await;
    assert!(bus.is_holder());
    let counter = bus.get("counter").await.expect("get").expect("there");
    let counter: u64 = String::from_utf8_lossy(&counter.value).parse().expect("number");
    assert!(counter >= *won.last().expect("some"), "the counter went back");
    assert!(had.len() >= 100, "there was something to lose: {}", had.len());
    for number in had {
        assert!(bus.get(&format!("mine/{number}")).await.expect("get").is_some(), "{number} was acknowledged");
    }
    let damaged = std::fs::read_dir(dir.path()).expect("folder").filter_map(Result::ok);
    let damaged: Vec<_> = damaged.filter(|entry| entry.file_name().to_string_lossy().contains("damaged")).collect();
    assert!(damaged.is_empty(), "{damaged:?}");
    bus.close().await;
}

#[tokio::test]
async fn a_killed_worker_is_missed_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let bus = open(dir.path()).await;
    let mut watch = bus.watch("workers/").await.expect("watch");
    assert_eq!(watch.next().await, Some(Change::Current));
    let (sender, lines) = mpsc::channel();
    let mut worker = Process::start(0, "worker", dir.path(), sender);
    assert!(matches!(watch.next().await, Some(Change::Put { .. })));
    let asking = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.request("check.gpu-1", vec![], LONG * 10).await })
    };
    let line = tokio::task::spawn_blocking(move || listen(&lines).1).await.expect("said");
    assert_eq!(line, "taken");
    worker.kill();
    let gone = tokio::time::timeout(LONG, watch.next()).await.expect("at once, not when its time is over");
    assert_eq!(gone, Some(Change::Gone { key: "workers/gpu-1".to_owned() }));
    assert_eq!(asking.await.expect("ended"), Err(BusError::ResponderGone { subject: "check.gpu-1".to_owned() }));
    bus.close().await;
}

/// Streams, services and records with a ttl of those who stay outlive the holder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bus_changes_hands() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = open(dir.path()).await;
    let second = open(dir.path()).await;
    let third = open(dir.path()).await;
    assert!(first.is_holder() && !second.is_holder() && !third.is_holder());
    let mut link = second.link();
    assert_eq!(*link.borrow_and_update(), Link::Up);
    let kept = first.put("jobs/1", b"kept".to_vec(), Expect::Absent, None).await.expect("put");
    let fleeting = third.put("workers/3", b"there".to_vec(), Expect::Any, Some(LONG * 10)).await.expect("put");
    first.put("workers/1", b"there".to_vec(), Expect::Any, Some(LONG * 10)).await.expect("put");
    first.append("log/1", 0, vec![b"0".to_vec(), b"1".to_vec()]).await.expect("append");
    let mut watch = second.watch("").await.expect("watch");
    while watch.next().await != Some(Change::Current) {}
    let mut reader = second.log("log/1", 1).await.expect("reader");
    assert!(matches!(reader.next().await, Some(LogItem::Entry(entry)) if entry.seq == 1));
    assert_eq!(reader.next().await, Some(LogItem::End));
    let mut requests = third.serve("hello").await.expect("serves");
    let serving = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            request.reply(b"yes".to_vec());
        }
    });
    assert_eq!(second.request("hello", vec![], LONG).await, Ok(b"yes".to_vec()));

    first.close().await;
    assert!(!first.is_holder());
    link.wait_for(|link| matches!(link, Link::Down { .. })).await.expect("down");
    link.wait_for(|link| *link == Link::Up).await.expect("up again");

    while watch.next().await != Some(Change::Reset) {}
    let mut there = BTreeMap::new();
    while there.len() < 2 {
        match watch.next().await.expect("goes on") {
            Change::Put { key, revision, .. } => drop(there.insert(key, revision)),
            Change::Gone { key } => panic!("{key} went"),
            Change::Current | Change::Reset => {}
        }
    }
    assert_eq!(there["jobs/1"], kept);
    assert!(there["workers/3"] > fleeting, "put again");
    assert_eq!(second.get("workers/1").await, Ok(None));
    let end = second.append("log/1", 2, vec![b"2".to_vec()]).await;
    assert_eq!(end, Ok(3));
    assert!(matches!(reader.next().await, Some(LogItem::Entry(entry)) if entry.seq == 2));
    let asked = tokio::time::timeout(LONG, async {
        loop {
            match second.request("hello", vec![], LONG).await {
                // Served again, but perhaps a moment later.
                Err(error) if error.is_passing() => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    });
    assert_eq!(asked.await.expect("in time"), Ok(b"yes".to_vec()));
    assert_eq!(u8::from(second.is_holder()) + u8::from(third.is_holder()), 1);
    serving.abort();
    second.close().await;
    third.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let history = dir.path().join("history.redb");
    let bus = open(dir.path()).await;
    bus.put("jobs/1", vec![1; 2000], Expect::Any, None).await.expect("put");
    bus.append("log/1", 0, vec![vec![2; 200]; 200]).await.expect("append");
    bus.close().await;
    let good = std::fs::read(&history).expect("history");

    let mut spoilt =
        vec![b"not a database, but something longer".to_vec(), vec![0; 100_000], good[..good.len() / 2].to_vec()];
    for at in [0, 9, 64, 200, 4096, 5000, 8192, 20_000] {
        let mut bytes = good.clone();
        for byte in bytes.iter_mut().skip(at).take(64) {
            *byte ^= 0x5a;
        }
        spoilt.push(bytes);
    }
    for bytes in spoilt {
        std::fs::write(&history, bytes).expect("spoilt");
        let bus = open(dir.path()).await;
        bus.put("jobs/2", b"new".to_vec(), Expect::Any, None).await.expect("can be used");
        bus.close().await;
    }
    let aside = std::fs::read_dir(dir.path()).expect("folder").filter_map(Result::ok);
    let aside = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("history.redb.damaged-")).count();
    assert!(aside >= 3, "{aside}");

    std::fs::remove_file(&history).expect("gone");
    {
        const META: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("meta");
        let later = redb::Database::create(&history).expect("database");
        let write = later.begin_write().expect("write");
        write.open_table(META).expect("table").insert("format", 99).expect("insert");
        write.commit().expect("commit");
    }
    let bus = open(dir.path()).await;
    bus.put("jobs/2", b"new".to_vec(), Expect::Any, None).await.expect("can be used");
    bus.close().await;
}

#[tokio::test]
async fn revisions_and_records_outlive_the_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut last = 0;
    for round in 0..3u8 {
        let bus = open(dir.path()).await;
        assert_eq!(bus.get("fleeting").await, Ok(None));
        if round > 0 {
            assert_eq!(bus.get("jobs/1").await.expect("get").expect("kept").value, [round - 1]);
        }
        for (key, ttl) in [("jobs/1", None), ("fleeting", Some(LONG))] {
            let revision = bus.put(key, vec![round], Expect::Any, ttl).await.expect("put");
            assert!(revision > last, "also above what was in memory only");
            last = revision;
        }
        assert_eq!(bus.append("log/1", u64::from(round), vec![vec![round]]).await, Ok(u64::from(round) + 1));
        bus.close().await;
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::{fs::PermissionsExt, net::UnixStream};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_limit_on_the_size_of_files_is_an_error_and_no_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let (sender, lines) = mpsc::channel();
        // No file may grow beyond 8,192 blocks.
        let mut limited = Command::new("sh");
        limited.args(["-c", r#"trap "" XFSZ; ulimit -f 8192; exec "$0" "$@""#]);
        limited.arg(std::env::current_exe().expect("this program"));
        let mut filler = Process::start_by(limited, 0, "filler", dir.path(), sender);
        let (_, line) = listen(&lines);
        let kept: u32 = line.strip_prefix("kept ").expect("kept").parse().expect("number");
        assert!(kept > 1);
        assert!(filler.child.wait().expect("ended").success());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let bus = open(dir.path()).await;
            for number in 0..kept {
                assert!(bus.get(&format!("big/{number}")).await.expect("get").is_some(), "{number} was acknowledged");
            }
            bus.put("jobs/1", vec![0; 60_000], Expect::Any, None).await.expect("there is space again");
            bus.close().await;
        });
    }

    #[tokio::test]
    async fn only_this_user_can_reach_it() {
        let top = tempfile::tempdir().expect("a folder");
        let made = top.path().join("made/here");
        let open_to_all = top.path().join("open");
        std::fs::create_dir(&open_to_all).expect("made");
        std::fs::set_permissions(&open_to_all, PermissionsExt::from_mode(0o755)).expect("opened");
        for dir in [made, open_to_all] {
            let bus = open(&dir).await;
            assert_eq!(mode(&dir), 0o700);
            assert_eq!(mode(&dir.join("socket")), 0o600);
            bus.close().await;
            assert!(!dir.join("socket").exists(), "it goes with its holder");
        }
        let file = top.path().join("file");
        std::fs::write(&file, b"").expect("written");
        assert!(matches!(local::open(settings(&file)).await, Err(BusError::NotPrivate { .. })));
    }

    #[tokio::test]
    async fn a_folder_may_have_a_long_name() {
        let top = tempfile::tempdir().expect("a folder");
        let dir = top.path().join("a".repeat(90)).join("b".repeat(90));
        let runtime_dir = top.path().join("run");
        std::fs::create_dir(&runtime_dir).expect("made");
        std::fs::set_permissions(&runtime_dir, PermissionsExt::from_mode(0o700)).expect("closed");
        for runtime_dir in [None, Some(runtime_dir)] {
            let mut with = settings(&dir);
            with.runtime_dir.clone_from(&runtime_dir);
            let holder = local::open(with).await.expect("opens");
            // Need not know where the other looked.
            let guest = open(&dir).await;
            assert!(holder.is_holder() && !guest.is_holder());
            holder.put("a", b"b".to_vec(), Expect::Any, None).await.expect("put");
            assert!(guest.get("a").await.expect("get").is_some());
            let socket = std::fs::read_to_string(dir.join("holder.socket")).expect("announced");
            assert_eq!(mode(Path::new(&socket)), 0o600);
            assert_eq!(mode(Path::new(&socket).parent().expect("a folder")), 0o700);
            assert_eq!(runtime_dir.is_some_and(|dir| Path::new(&socket).starts_with(dir)), socket.contains("/run/"));
            guest.close().await;
            holder.close().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nonsense_on_the_socket_harms_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let bus = open(dir.path()).await;
        let guest = open(dir.path()).await;
        let socket = dir.path().join("socket");
        let frame = |header: &str, body: &[u8]| {
            let mut bytes = Vec::new();
            bytes.extend_from_slice(&u32::try_from(4 + header.len() + body.len()).expect("small").to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(header.len()).expect("small").to_le_bytes());
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(body);
            bytes
        };
        let hello = frame(r#"{"frame":"hello","version":2,"worker":null}"#, b"");
        let greeted = |then: &[u8]| [hello.as_slice(), then].concat();
        let mut nonsense = vec![
            vec![],
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0xff; 4096],
            vec![0; 4096],
            frame("", b""),
            frame("{", b""),
            frame(r#"{"frame":"hello","version":99,"worker":null}"#, b""),
            frame(r#"{"frame":"call","id":1,"call":{"call":"get","key":"a"}}"#, b""),
            greeted(&hello),
            greeted(&[0xff; 64]),
            greeted(&[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
            greeted(&[2, 0, 0, 0, 1, 1]),
            greeted(&frame(r#"{"frame":"answer","request":77}"#, b"x")),
            greeted(&frame(r#"{"frame":"unwatch","watch":77}"#, b"")),
            greeted(&frame(
                r#"{"frame":"call","id":1,"call":{"call":"append","log":"l","first":0,"sizes":[18446744073709551615,2]}}"#,
                b"x",
            )),
            greeted(&frame(
                r#"{"frame":"call","id":1,"call":{"call":"write","writes":[{"key":"k","size":9,"expect":"any","ttl_ms":null}]}}"#,
                b"x",
            )),
            greeted(&frame(&format!(r#"{{"frame":"cancel","id":{}}}"#, "9".repeat(100)), b"")),
            greeted(&frame(&"[".repeat(100_000), b"")),
        ];
        // More calls that wait than anybody may have.
        let many = (0..3000).map(|id| {
            frame(
                &format!(r#"{{"frame":"call","id":{id},"call":{{"call":"read","log":"l","from":9,"wait":true}}}}"#),
                b"",
            )
        });
        nonsense.push(greeted(&many.collect::<Vec<_>>().concat()));
        let mut open_ones = Vec::new();
        for bytes in nonsense {
            let mut stream = UnixStream::connect(&socket).expect("connects");
            stream.set_write_timeout(Some(LONG)).expect("set");
            // Dropped in the midst of it, maybe.
            drop(stream.write_all(&bytes));
            open_ones.push(stream);
            bus.put("a", b"1".to_vec(), Expect::Any, None).await.expect("goes on");
            assert!(guest.get("a").await.expect("goes on").is_some());
        }
        drop(open_ones);
        guest.put("a", b"2".to_vec(), Expect::Any, None).await.expect("goes on");
        guest.close().await;
        bus.close().await;
    }

    #[tokio::test]
    async fn a_socket_that_was_left_is_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("left"));
        std::fs::write(dir.path().join("holder.socket"), b"/nowhere/at/all").expect("left");
        let holder = open(dir.path()).await;
        let guest = open(dir.path()).await;
        assert!(holder.is_holder() && !guest.is_holder());
        guest.close().await;
        holder.close().await;
    }
}
