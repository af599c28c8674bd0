//! How many jobs go through the queue of this computer, and what that takes of the process that holds it: everything durable, each
//! worker on a connection of its own. Beside it what the disk and the store take for the same records.

#![expect(clippy::unwrap_used, reason = "a failing bench has nobody to tell")]

mod crowd;
#[path = "../../tests/samples/mod.rs"]
mod plain;

use crowd::{AT_A_TIME, memory, processor, rate, submit, told, work};
use plain::job;
use redb::{Database, TableDefinition};
use samepath_fleet::bus::LocalSettings;
use samepath_fleet::{Fleet, WorkerSession};
use samepath_wire::JobId;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use tokio::runtime::Runtime;

/// Set for the process that holds the queue: its folder.
const HOLDS: &str = "SAMEPATH_BENCH_HOLDS";
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
    told("the holder, empty", &memory(queue.holder.id()));
    let began = Instant::now();
    runtime.block_on(submit(&fleet, 0..jobs));
    told(&format!("{jobs} jobs submitted, {AT_A_TIME} at a time"), &rate(jobs, began));
    told(&format!("the holder, {jobs} jobs that wait"), &memory(queue.holder.id()));
    let folder = queue.close(runtime, &fleet);
    let (queue, fleet) = Queue::open(runtime, folder);
    told(&format!("begun again from {jobs} records"), &queue.ready);
    told(&format!("the holder, begun again from {jobs} records"), &memory(queue.holder.id()));
    let sessions = runtime.block_on(online(&fleet, workers));
    let (began, before) = (Instant::now(), processor(queue.holder.id()));
    runtime.block_on(work(sessions, jobs));
    told(&format!("{jobs} jobs, given to ended, {workers} workers"), &rate(jobs, began));
    if let (Some(before), Some(after)) = (before, processor(queue.holder.id())) {
        told("processor time of the holder, a job", &format!("{:.0?}", (after - before) / jobs as u32));
    }
    told(&format!("the holder, {jobs} jobs later"), &memory(queue.holder.id()));
    queue.close(runtime, &fleet);
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

    /// The guests leave first: none of them is to take over.
    fn close(mut self, runtime: &Runtime, fleet: &Fleet) -> tempfile::TempDir {
        runtime.block_on(fleet.close());
        drop(self.input);
        self.holder.wait().unwrap();
        self.folder
    }
}

/// So many workers, each with a connection of its own, seen by the fleet.
async fn online(fleet: &Fleet, workers: usize) -> Vec<WorkerSession> {
    let sessions: Vec<_> = (0..workers).map(|number| fleet.session(format!("gpu-{number}"))).collect();
    crowd::online(fleet, &sessions).await;
    sessions
}
