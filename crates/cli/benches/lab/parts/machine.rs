//! A computer that is lost with all that runs on it: how soon its job is given to another, beyond the lease.
//!
//! The hub is the library's, in this process, so that the lease is short; server, workers and member are the real ones.

use super::common::lab::Computer;
use super::common::send;
use super::desk::{aside, fleet_of, lines_of, member, window};
use super::ends::{self, STAYS, guard_and_tool, running};
use super::figures::{now, stamp};
use super::many::told;
use rustix::process::Signal;
use samepath_fleet::lab::{Hub, HubPlace};
use samepath_fleet::matchmaker::Timing;
use samepath_testkit::nats_server;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The usual one is five minutes.
const LEASE: Duration = Duration::from_secs(20);
const ROUNDS: u32 = 3;

pub(crate) fn bench(runtime: &Runtime) {
    let lab = ends::lab();
    let desk = member(&lab, "desk");
    for name in ["gpu-1", "gpu-2"] {
        lab.computer(name).join(&lab.invite("worker", name));
    }
    lab.stop();
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let leading = tokio::spawn(lead(lab.home.path("data/hub"), shutdown.clone()));
        let mut workers = aside(|| {
            ["gpu-1", "gpu-2"].map(|name| {
                let computer = Computer { home: &lab.home, name };
                let process = computer.worker();
                (computer, process)
            })
        });
        let (app, fleet) = (window(&desk, 2, STAYS).await, fleet_of(&desk, "member").await);
        for round in 0..ROUNDS {
            let (id, first) = running(&app, 1, None).await;
            // The worker tells of itself every five seconds: at another moment between two of these each time.
            tokio::time::sleep(Duration::from_millis(1700) * round).await;
            let (computer, process) = workers.iter_mut().find(|(it, _)| it.name == first).expect("one of them");
            let (guards, tools) = aside(|| guard_and_tool(computer, &id));
            let lost = now();
            drop(aside(|| process.end()));
            guards.iter().chain(&tools).for_each(|process| send(*process, Signal::KILL));
            let (_, second) = running(&app, 2, Some(&id)).await;
            assert_ne!(first, second);
            let again = stamp(&lines_of(&fleet, &id, 2, 1).await[0]).expect("a time").saturating_sub(lost);
            let beyond = again.as_secs_f64() - LEASE.as_secs_f64();
            told(
                "a lost computer, until the job's tool runs elsewhere",
                &format!("{again:.2?} with a lease of {LEASE:.0?}: {beyond:+.2} s"),
            );
            app.kill(&id).await.expect("killed");
            super::desk::job_until(&app, &id, |job| job.ended_at.is_some()).await;
            *process = aside(|| computer.worker());
        }
        app.shut_down().await;
        fleet.close().await;
        drop(workers);
        shutdown.cancel();
        leading.await.expect("ended");
    });
}

async fn lead(dir: std::path::PathBuf, shutdown: CancellationToken) {
    let place = HubPlace::open(&dir).expect("a hub's folder");
    let hub = Hub::start(place, Some(nats_server())).await.expect("the server starts");
    hub.with_timing(Timing { lease: LEASE, ..Timing::default() }).run(shutdown).await;
}
