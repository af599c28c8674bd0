//! The bus of this computer as processes: who holds it, what is left when one is killed, who may reach it.

#[cfg(unix)]
mod unix;

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
