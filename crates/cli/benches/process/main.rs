//! What a person waits for: `samepath locate` as a process, from *Submit* to the started tool, and from a line that a tool prints
//! to whoever follows its log. Each beside its floor, in turns.

mod lab;
mod locate;
mod log;
mod submit;
mod timeline;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const SAMEPATH: &str = env!("CARGO_BIN_EXE_samepath");

fn main() {
    // `cargo test --benches` and nextest only ask whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let steps = timeline::Steps::default();
    tracing_subscriber::registry().with(steps.clone()).init();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lab = lab::Lab::new(&folder.path().canonicalize().expect("a real path"));
    locate::bench(&lab);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let app = lab.app().await;
        submit::bench(&app, &steps).await;
        log::latency(&app).await;
        app.shut_down().await;
    });
    log::throughput(&lab);
}

/// How long it runs.
fn timed(mut command: Command) -> Duration {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("it starts");
    let took = begun.elapsed();
    assert!(status.success(), "{command:?} failed");
    took
}

/// The time since 1970, as `date +%s%N` tells it.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// What `date +%s%N` printed, if it is that.
fn stamp(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_nanos)
}

fn tell(what: &str, ours: &mut [Duration], beside: &str, floor: &mut [Duration]) {
    let (p50, p95) = (at(ours, 50), at(ours, 95));
    let (floor50, floor95) = (at(floor, 50), at(floor, 95));
    println!("{what}: p50 {p50:.2?}, p95 {p95:.2?}");
    println!(
        "  {beside}: p50 {floor50:.2?}, p95 {floor95:.2?}; ratio {:.1}",
        p50.as_secs_f64() / floor50.as_secs_f64()
    );
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}
