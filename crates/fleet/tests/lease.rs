//! The lease of a try, on a real server: it counts while somebody leads, and not while the server is away.

#[path = "front_door/lab.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "every test file uses its own part of it, and fails where it cannot go on"
)]
mod lab;
#[path = "samples/mod.rs"]
mod plain;

use lab::{ended, job, online, report, soon, start, until};
use samepath_fleet::{
    Fleet,
    bus::{
        Bus, Link,
        nats::{self, Identity, NatsSettings},
    },
    matchmaker::{Timing, lead},
};
use samepath_testkit::NatsServer;
use samepath_wire::*;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Long enough for a server to come back within it, short enough to be waited for.
const LEASE: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_longer_than_a_lease_costs_no_try_and_a_worker_that_is_does() {
    let mut server = NatsServer::with("");
    let hub = nats::open(NatsSettings::open(server.address(), Identity::hub("hub"))).await.expect("opens");
    let shutdown = CancellationToken::new();
    let leading = tokio::spawn(lead(hub.clone(), Timing { lease: LEASE, ..Timing::default() }, shutdown.clone()));
    let person =
        Fleet::over(nats::join(NatsSettings::open(server.address(), Identity::member("amick"))).await.expect("joins"));
    let computer =
        Fleet::over(nats::join(NatsSettings::open(server.address(), Identity::worker("gpu-1"))).await.expect("joins"));
    let gpu = online(&computer, "gpu-1");
    let job = job();
    person.submit(&job).await.expect("recorded");
    let attempt = start(&gpu).await;
    assert_eq!(report(&gpu, &attempt, ReportEvent::Running).await, ReportAnswer::Accepted);

    // The server is away for twice the lease: nobody could say anything.
    let mut link = person.link();
    server.kill();
    soon("the link to go", link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    tokio::time::sleep(2 * LEASE).await;
    server.start_again("");
    soon("the link to come", link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    let record = person.job(job.id).await.expect("a record");
    assert_eq!((record.state, record.attempts.len()), (JobState::Running, 1), "{record:?}");
    let holds = Claim { holds: vec![attempt.clone()], wants: false };
    let answer = soon("an answer", async {
        loop {
            match gpu.claim(&holds).await {
                Ok(answer) => return answer,
                // The matchmaker is back a moment after the server.
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(answer.forget, [], "it is still its own");

    // With a server and a matchmaker there, a worker that is silent for a lease has lost its try.
    let record = until(&person, job.id, |record| record.attempts[0].state == AttemptState::Ended).await;
    assert!(matches!(record.attempts[0].end, Some(AttemptEnd::Lost { proved: false, .. })), "{record:?}");
    let again = start(&gpu).await;
    assert_eq!(again, AttemptRef { job: job.id, attempt: 2 });
    let end = ended(AttemptEnd::Succeeded { outputs: Manifest::default() });
    assert_eq!(report(&gpu, &again, end).await, ReportAnswer::Accepted);
    until(&person, job.id, |record| record.state == JobState::Succeeded).await;
    shutdown.cancel();
    for fleet in [person, computer] {
        fleet.close().await;
    }
    leading.await.expect("ended");
    hub.close().await;
}
