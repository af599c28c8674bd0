//! What a person waits for: `samepath locate` as a process, from *Submit* to the started tool, and from a line that a tool prints
//! to whoever follows its log. Each beside its floor, in turns.

mod figures;
mod kinds;
mod lab;
mod locate;
mod log;
mod person;
mod submit;
mod timeline;

use figures::tell;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
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
        person::latency(&app).await;
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
