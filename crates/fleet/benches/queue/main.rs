//! How many jobs go through the queue of this computer, and what that takes of the process that holds it: everything durable, each
//! worker on a connection of its own. Beside it what the disk and the store take for the same records.

#![expect(clippy::unwrap_used, reason = "a failing bench has nobody to tell")]

use futures::StreamExt;
use jiff::Timestamp;
use redb::{Database, TableDefinition};
use samepath_fleet::bus::LocalSettings;
use samepath_fleet::{Fleet, Update, WorkerSession};
use samepath_wire::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Set for the process that holds the queue: its folder.
const HOLDS: &str = "SAMEPATH_BENCH_HOLDS";
/// Submitted at a time.
const AT_A_TIME: usize = 256;
/// Records of a job in the work: given, confirmed, ended.
const RECORDS: u64 = 3;

fn main() {
    if let Some(folder) = std::env::var_os(HOLDS) {
        return hold(Path::new(&folder));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| !argument.starts_with('-') && !"queue".contains(argument.as_str())) {
        return;
    }
    // Without it, whether it works at all.
    let whole = arguments.iter().any(|argument| argument == "--bench");
    let (few, many) = if whole { (2_000, 100_000) } else { (20, 200) };
    let runtime = runtime();
    floor(few);
    for workers in [1, 100] {
        let (queue, fleet) = Queue::open(&runtime, tempfile::tempdir().unwrap());
        let sessions = runtime.block_on(online(&fleet, workers));
        let began = Instant::now();
        runtime.block_on(async { futures::join!(submit(&fleet, 0..few), work(sessions, few)) });
        told(&format!("{few} jobs, submitted to ended, {workers} workers"), &rate(few, began));
        queue.close(&runtime, &fleet);
    }
    crowd(&runtime, many, if whole { 1_000 } else { 10 });
}

/// Everything waits, then is worked off.
fn crowd(runtime: &Runtime, jobs: u64, workers: usize) {
    let (queue, fleet) = Queue::open(runtime, tempfile::tempdir().unwrap());
    told("the holder, empty", &queue.memory());
    let began = Instant::now();
    runtime.block_on(submit(&fleet, 0..jobs));
    told(&format!("{jobs} jobs submitted, {AT_A_TIME} at a time"), &rate(jobs, began));
    told(&format!("the holder, {jobs} jobs that wait"), &queue.memory());
    let folder = queue.close(runtime, &fleet);
    let (queue, fleet) = Queue::open(runtime, folder);
    told(&format!("begun again from {jobs} records"), &queue.ready);
    told(&format!("the holder, begun again from {jobs} records"), &queue.memory());
    let sessions = runtime.block_on(online(&fleet, workers));
    let (began, before) = (Instant::now(), queue.processor());
    runtime.block_on(work(sessions, jobs));
    told(&format!("{jobs} jobs, given to ended, {workers} workers"), &rate(jobs, began));
    if let (Some(before), Some(after)) = (before, queue.processor()) {
        told("processor time of the holder, a job", &format!("{:.0?}", (after - before) / jobs as u32));
    }
    told(&format!("the holder, {jobs} jobs later"), &queue.memory());
    queue.close(runtime, &fleet);
}

fn told(what: &str, figure: &str) {
    println!("{what:<55} {figure}");
}

fn rate(count: u64, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64();
    format!("{:.0}/s ({seconds:.1} s)", count as f64 / seconds)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What cannot be beaten: the disk's own sync, and the store writing records of this size, so many at a time.
fn floor(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs_err::File::create(folder.path().join("file")).unwrap();
    let mut synced = Vec::new();
    for _ in 0..count.min(200) {
        let began = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        synced.push(began.elapsed());
    }
    synced.sort_unstable();
    told("floor: 4 KiB written and synced, median", &format!("{:.2?}", synced[synced.len() / 2]));
    const RECORDS_TABLE: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("records");
    for at_once in [1, 100, 1_000] {
        let store = Database::create(folder.path().join(format!("{at_once}.redb"))).unwrap();
        let jobs = if at_once == 1 { count.min(500) } else { 10 * count };
        let began = Instant::now();
        let mut written = 0;
        while written < jobs * RECORDS {
            let mut write = store.begin_write().unwrap();
            write.set_quick_repair(true);
            let mut table = write.open_table(RECORDS_TABLE).unwrap();
            for _ in 0..at_once {
                let key = format!("jobs/{}", job(written % jobs).id);
                table.insert(&*key, (written, [7; 1300].as_slice())).unwrap();
                written += 1;
            }
            drop(table);
            write.commit().unwrap();
        }
        let what = format!("floor: the store alone, {RECORDS} records a job, {at_once} at once");
        told(&what, &rate(jobs, began));
    }
}

/// The process that holds a queue, until its input ends.
fn hold(folder: &Path) {
    let runtime = runtime();
    let began = Instant::now();
    let mut settings = LocalSettings::new(folder, "amick");
    settings.limits.connections = 2_000;
    let fleet = runtime.block_on(Fleet::local(settings)).unwrap();
    let opened = began.elapsed();
    // Whoever leads answers that there is no such job, once it has read them all.
    let _ = runtime.block_on(fleet.stop(JobId::nil()));
    println!("{:.2?}, of which {opened:.2?} to read them", began.elapsed());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    runtime.block_on(fleet.close());
}

/// A queue that another process holds.
struct Queue {
    folder: tempfile::TempDir,
    holder: Child,
    input: ChildStdin,
    _output: BufReader<ChildStdout>,
    /// How long it took to begin.
    ready: String,
}

impl Queue {
    fn open(runtime: &Runtime, folder: tempfile::TempDir) -> (Self, Fleet) {
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .env(HOLDS, folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, mut output) = (holder.stdin.take().unwrap(), BufReader::new(holder.stdout.take().unwrap()));
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let fleet = runtime.block_on(Fleet::local(LocalSettings::new(folder.path(), "amick"))).unwrap();
        (Self { folder, holder, input, _output: output, ready: ready.trim().to_owned() }, fleet)
    }

    /// Processor time that the holder has taken so far, as Linux counts it: in hundredths of a second.
    fn processor(&self) -> Option<Duration> {
        let stat = fs_err::read_to_string(format!("/proc/{}/stat", self.holder.id())).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<u64>().ok();
        Some(Duration::from_millis(10 * (next()? + next()?)))
    }

    /// Of the holder, as Linux counts it.
    fn memory(&self) -> String {
        let file = format!("/proc/{}/smaps_rollup", self.holder.id());
        let smaps = fs_err::read_to_string(file).unwrap_or_default();
        let mib = |name: &str| {
            let line = smaps.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
        };
        match (mib("Rss:"), mib("Pss:")) {
            (Some(rss), Some(pss)) => format!("{rss:.0} MiB (of its own {pss:.0})"),
            _ => "not known here".to_owned(),
        }
    }

    /// The guests leave first: none of them is to take over.
    fn close(mut self, runtime: &Runtime, fleet: &Fleet) -> tempfile::TempDir {
        runtime.block_on(fleet.close());
        drop(self.input);
        self.holder.wait().unwrap();
        self.folder
    }
}

async fn submit(fleet: &Fleet, numbers: std::ops::Range<u64>) {
    let submitted =
        futures::stream::iter(numbers).map(|number| async move { fleet.submit(&job(number)).await.unwrap() });
    submitted.buffer_unordered(AT_A_TIME).for_each(|_| async {}).await;
}

/// So many workers, seen by the fleet.
async fn online(fleet: &Fleet, workers: usize) -> Vec<WorkerSession> {
    let names = (0..workers).map(|number| format!("gpu-{number}"));
    let sessions: Vec<_> = names
        .map(|name| {
            let session = fleet.session(name.as_str());
            session.advertise(worker(&name));
            session
        })
        .collect();
    let (mut seen, mut there) = (fleet.workers(), std::collections::BTreeSet::new());
    while there.len() < workers {
        match seen.next().await.unwrap() {
            Update::Put(id, _) => drop(there.insert(id)),
            Update::Gone(id) => drop(there.remove(&id)),
            Update::Reset => there.clear(),
            Update::Current => {}
        }
    }
    sessions
}

/// The workers work until so many jobs have ended.
async fn work(sessions: Vec<WorkerSession>, jobs: u64) {
    let (ended, mut news) = mpsc::unbounded_channel();
    let working: Vec<_> = sessions.into_iter().map(|session| tokio::spawn(work_on(session, ended.clone()))).collect();
    for _ in 0..jobs {
        news.recv().await.unwrap();
    }
    working.iter().for_each(|work| work.abort());
}

async fn work_on(session: WorkerSession, ended: mpsc::UnboundedSender<()>) {
    loop {
        let given = match session.claim(&Claim { holds: Vec::new(), wants: true }).await {
            Ok(answer) => answer.assignment,
            Err(error) if error.is_passing() => None,
            Err(error) => panic!("{error}"),
        };
        let Some(given) = given else { continue };
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
        if !session.confirm(&confirm).await.is_ok_and(|answer| answer == ConfirmAnswer::Go) {
            continue;
        }
        let event = ReportEvent::Ended { end: AttemptEnd::Succeeded { outputs: Manifest::default() } };
        let report = Report { attempt, event, log_end: None };
        if session.report(&report).await.unwrap() == ReportAnswer::Accepted && ended.send(()).is_err() {
            return;
        }
    }
}

fn job(number: u64) -> Job {
    Job {
        version: 1,
        id: uuid::Uuid::from_u64_pair(0x0199_c0de_0000_7000, 0x8000_0000_0000_0000 | number),
        kind: "slp-check".into(),
        name: String::new(),
        storage_backend: "vast".into(),
        user_subdir: "amick".into(),
        parameters: Default::default(),
        storages: [("vast".to_owned(), StorageNeed { id: None, access: Access::Write })].into(),
        confirmed: Default::default(),
        base_paths: Default::default(),
        videos: Vec::new(),
        inputs: Default::default(),
        kind_digest: Some("blake3:1".into()),
        worker: None,
        submitted_by: "amick".into(),
        places: None,
        submitted_at: Timestamp::UNIX_EPOCH,
    }
}

fn worker(name: &str) -> Worker {
    let vast = BackendAdvert {
        state: BackendState::Ready,
        id: None,
        base_path: "/mnt".into(),
        subpath: String::new(),
        free_bytes: None,
        source: None,
        kind: None,
        checked_at: None,
    };
    Worker {
        confines: true,
        draining: false,
        gpus: Vec::new(),
        id: name.into(),
        name: name.into(),
        version: "0.1.0".into(),
        os: "linux".into(),
        host: name.into(),
        started_at: Timestamp::UNIX_EPOCH,
        kinds: vec![KindAdvert { name: "slp-check".into(), digest: "blake3:1".into(), notice_seconds: None }],
        unavailable: Vec::new(),
        backends: [("vast".to_owned(), vast)].into(),
        holds: Vec::new(),
        amounts: Default::default(),
        attributes: Default::default(),
    }
}
