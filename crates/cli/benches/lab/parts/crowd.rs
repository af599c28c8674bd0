//! A lab of a thousand workers and a hundred thousand jobs: real connections to the real server and the real hub, without tools.

use super::common::lab::Lab;
use super::desk::{aside, fleet_of, member};
use super::many::{AT_A_TIME, memory, online, processor, rate, submit, told, work};
use super::server::Bare;
use futures::StreamExt;
use samepath_fleet::lab::{Invitation, Membership};
use samepath_fleet::{Fleet, WorkerSession};
use samepath_wire::JobId;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Joining at a time.
const DOOR: usize = 16;
/// Bytes of a record.
const RECORD: usize = 1_300;
/// Records of a job in the work: given, confirmed, ended.
const RECORDS: u64 = 3;

/// The processes of a lab's hub and of its server.
pub(crate) fn hub_and_server(lab: &Lab) -> (u32, u32) {
    let hub = lab.hub.borrow().as_ref().map(|hub| hub.id()).expect("a hub");
    let server = fs_err::read_to_string(lab.home.path("data/hub/nats-server.pid")).expect("a server");
    (u32::try_from(hub).expect("a process"), server.trim().parse().expect("a process"))
}

/// So many workers have joined.
pub(crate) async fn invited(lab: &Lab, workers: usize) -> Vec<Membership> {
    let uses = workers.to_string();
    let told = aside(|| lab.home.ask(&["hub", "invite", "worker", "gpu", "--uses", &uses]).good());
    let invitation: Invitation = told["invitation"].as_str().expect("a line").parse().expect("an invitation");
    let joining =
        futures::stream::iter(0..workers).map(|_| async { Membership::join(&invitation).await.expect("joins") });
    joining.buffer_unordered(DOOR).collect().await
}

/// The same workers, each with a connection of its own.
pub(crate) async fn sessions(members: &[Membership]) -> Vec<(Fleet, WorkerSession)> {
    let opening = futures::stream::iter(members.to_vec()).map(|membership| async move {
        let fleet = Fleet::lab(&membership).await.expect("comes in");
        let session = fleet.session(membership.name);
        (fleet, session)
    });
    opening.buffer_unordered(DOOR).collect().await
}

pub(crate) fn bench(runtime: &Runtime) {
    let (workers, jobs) = (super::size("WORKERS", 1_000), super::size("JOBS", 100_000) as u64);
    let lab = Lab::with(&["--waiting", "1000000"]);
    let desk = member(&lab, "desk");
    runtime.block_on(async {
        let bare = Bare::on(&lab).await;
        floor(&bare, jobs.min(20_000)).await;
        let fleet = fleet_of(&desk, "member").await;
        told("the hub, empty", &memory(hub_and_server(&lab).0));
        let began = Instant::now();
        submit(&fleet, 0..jobs).await;
        told(&format!("{jobs} jobs submitted, {AT_A_TIME} at a time"), &rate(jobs, began));
        let (hub, server) = hub_and_server(&lab);
        told(&format!("the hub, {jobs} jobs that wait"), &memory(hub));
        told(&format!("the server, {jobs} jobs that wait"), &memory(server));
        let begun = again(&lab, &fleet).await;
        told(&format!("the hub killed, and begun again from {jobs} records"), &format!("{begun:.2?}"));
        let began = Instant::now();
        let members = invited(&lab, workers).await;
        let connected = sessions(&members).await;
        told(&format!("{workers} workers joined, and connected again"), &rate(workers as u64, began));
        let (fleets, sessions): (Vec<_>, Vec<_>) = connected.into_iter().unzip();
        let began = Instant::now();
        online(&fleet, &sessions).await;
        told(&format!("{workers} workers seen by a member"), &rate(workers as u64, began));
        let (hub, server) = hub_and_server(&lab);
        let before = (processor(hub), processor(server), processor(std::process::id()));
        let began = Instant::now();
        work(sessions, jobs).await;
        told(&format!("{jobs} jobs, given to ended, {workers} workers"), &rate(jobs, began));
        for (who, process, before) in
            [("hub", hub, before.0), ("server", server, before.1), ("workers and member", std::process::id(), before.2)]
        {
            if let (Some(before), Some(after)) = (before, processor(process)) {
                let each = (after - before) / u32::try_from(jobs).expect("not so many");
                told(&format!("processor time of the {who}, a job"), &format!("{each:.0?}"));
            }
        }
        told(&format!("the hub, {jobs} jobs later"), &memory(hub));
        told(&format!("the server, {jobs} jobs later"), &memory(server));
        for fleet in fleets {
            drop(fleet);
        }
        fleet.close().await;
    });
    lab.stop();
}

/// The hub is killed, its server lives on, and another hub answers. How long that took, from its start.
async fn again(lab: &Lab, fleet: &Fleet) -> Duration {
    aside(|| lab.hub.take().expect("a hub").end());
    let begun = Instant::now();
    aside(|| lab.start());
    // Whoever leads answers that there is no such job, once it has read them all.
    while fleet.stop(JobId::nil()).await.is_err_and(|error| error.is_passing()) {}
    begun.elapsed()
}

/// What cannot be beaten: the server alone keeping the records of a job's work, so many on their way at a time.
async fn floor(bare: &Bare, jobs: u64) {
    let began = Instant::now();
    let kept = futures::stream::iter(0..jobs * RECORDS).map(|number| async move {
        let subject = format!("bare.{}", number % 1_000);
        let sent = bare.keeps.publish(subject, vec![b'x'; RECORD].into()).await.expect("sent");
        sent.await.expect("kept");
    });
    kept.buffer_unordered(AT_A_TIME).for_each(|()| async {}).await;
    told(&format!("the server alone, {RECORDS} records a job, {AT_A_TIME} at a time"), &rate(jobs, began));
}
