//! From the client's call until a job is accepted, beside a message that the same server keeps and a question that it carries.

use super::common::lab::Lab;
use super::desk::{fleet_of, member};
use super::figures::{at, tell};
use super::plain;
use super::server::Bare;
use jiff::Timestamp;
use samepath_wire::Job;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const ROUNDS: u64 = 300;
/// Between two: nobody submits jobs in one go.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) fn bench(runtime: &Runtime) {
    let lab = Lab::new();
    let desk = member(&lab, "desk");
    runtime.block_on(async {
        let fleet = fleet_of(&desk, "member").await;
        let bare = Bare::on(&lab).await;
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        let (mut kept, mut asked) = (Vec::new(), Vec::new());
        for number in 0..ROUNDS {
            tokio::time::sleep(PAUSE).await;
            let (keep, ask) = bare.keep_and_ask().await;
            kept.push(keep);
            asked.push(ask);
            floor.push(keep + ask);
            tokio::time::sleep(PAUSE).await;
            let job = job(number);
            let begun = Instant::now();
            fleet.submit(&job).await.expect("accepted");
            ours.push(begun.elapsed());
        }
        tell("submit a job, until it is accepted", &mut ours, "a message kept, and a question", &mut floor);
        println!("  the message: p50 {:.2?}; the question: p50 {:.2?}", at(&mut kept, 50), at(&mut asked, 50));
        fleet.close().await;
    });
    lab.stop();
}

/// One that nobody runs.
fn job(number: u64) -> Job {
    let (kind, name) = ("nobody-runs-it".to_owned(), format!("maze day {number}"));
    Job {
        id: uuid::Uuid::now_v7(),
        kind,
        kind_digest: None,
        name,
        submitted_at: Timestamp::now(),
        ..plain::job(number)
    }
}
