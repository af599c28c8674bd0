//! A thousand workers that are there, seen by a member's window: what hub, server and window take of processor and memory.

use super::common::lab::Lab;
use super::crowd::{hub_and_server, invited, sessions};
use super::desk::{SOON, aside, member};
use super::many::{memory, online, processor, told};
use samepath_app::App;
use samepath_fleet::Fleet;
use samepath_fleet::lab::Membership;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Set for the process that is all the workers: the file with what they joined with, and the member's.
const WORKERS: &str = "SAMEPATH_BENCH_LAB_WORKERS";
/// For how long processor time is counted. Each worker tells of itself every five seconds.
const WATCHED: Duration = Duration::from_secs(30);

/// Whether this process was started as all the workers; then it has been them.
pub(crate) fn is_a_process_of_it() -> bool {
    let Some(file) = std::env::var_os(WORKERS) else { return false };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(be_workers(Path::new(&file)));
    true
}

async fn be_workers(file: &Path) {
    let kept = fs_err::read(file).expect("a file");
    let (member, workers): (Membership, Vec<Membership>) = serde_json::from_slice(&kept).expect("memberships");
    let fleet = Fleet::lab(&member).await.expect("the lab answers");
    let (_fleets, sessions): (Vec<_>, Vec<_>) = sessions(&workers).await.into_iter().unzip();
    online(&fleet, &sessions).await;
    fleet.close().await;
    println!("ready");
    aside(|| std::io::stdin().read_to_end(&mut Vec::new()).expect("an end"));
}

pub(crate) fn bench(runtime: &Runtime) {
    let count = super::size("WORKERS", 1_000);
    let lab = Lab::new();
    let desk = member(&lab, "desk");
    let workers = runtime.block_on(invited(&lab, count));
    let key = lab.home.path("desk/data/lab/member.json");
    let member = Membership::kept(&key).expect("read").expect("has joined");
    let file = lab.home.write("workers.json", serde_json::to_vec(&(member, workers)).expect("JSON"));
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .env(WORKERS, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = String::new();
    BufReader::new(process.stdout.take().expect("piped")).read_line(&mut said).expect("a line");
    assert_eq!(said, "ready\n");
    let (hub, server) = hub_and_server(&lab);
    runtime.block_on(async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        told("this process, without a window", &memory(std::process::id()));
        used("without a window", &[("the hub", hub), ("the server", server)]).await;
        let app = App::for_window(desk.options()).await.expect("opens");
        app.keep_watch();
        let mut updates = app.watch();
        let seen = async {
            while app.workers().len() < count {
                updates.next().await.expect("the lab stays");
            }
        };
        tokio::time::timeout(SOON, seen).await.expect("all workers are seen");
        let page = tokio::spawn(async move { while updates.next().await.is_some() {} });
        used("with one", &[("the hub", hub), ("the server", server), ("the window", std::process::id())]).await;
        for (who, process) in
            [("the hub", hub), ("the server", server), ("this process, as the window", std::process::id())]
        {
            told(&format!("{who}, {count} workers"), &memory(process));
        }
        app.shut_down().await;
        page.abort();
    });
    drop(process.stdin.take());
    process.wait().expect("it ends");
    lab.stop();
}

/// Processor time of these meanwhile, as a part of one processor.
async fn used(when: &str, processes: &[(&str, u32)]) {
    let before: Vec<_> = processes.iter().map(|(_, process)| processor(*process)).collect();
    tokio::time::sleep(WATCHED).await;
    for ((who, process), before) in processes.iter().zip(before) {
        if let (Some(before), Some(after)) = (before, processor(*process)) {
            let part = (after - before).as_secs_f64() / WATCHED.as_secs_f64();
            told(&format!("{who}, {when}: of one processor"), &format!("{:.1} %", 100.0 * part));
        }
    }
}
