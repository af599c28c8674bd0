//! From *Submit* in a window until the tool runs on a worker of the lab, as a whole and step by step.

use super::common::lab::Lab;
use super::desk::{fleet_of, job_until, lines_of, member, record_of, window};
use super::figures::{bare_start, now, stamp, tell};
use super::kinds::STAMP;
use super::person::{fill_in, submit};
use super::timeline::{Steps, Timeline};
use std::time::Duration;
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const ROUNDS: usize = 100;
/// Before each click: one by one, as a person submits jobs, who reads the sentence above the button.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) fn bench(runtime: &Runtime) {
    let steps = Steps::default();
    tracing_subscriber::registry().with(steps.clone()).init();
    let lab = Lab::new();
    lab.home.write("kinds/stamp.yaml", STAMP);
    lab.home.write("storage/amick/notes.txt", "some notes");
    let (desk, gpu) = (member(&lab, "desk"), lab.computer("gpu-1"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let worker = gpu.worker();
    runtime.block_on(async {
        let (app, fleet) = (window(&desk, 1, "stamp").await, fleet_of(&desk, "member").await);
        let (mut ours, mut recorded, mut floor) = (Vec::new(), Vec::new(), Vec::new());
        let mut timeline = Timeline::default();
        for round in 0..ROUNDS {
            let values =
                [("OUTPUT_DIR", format!("vast:amick/out/{round}")), ("MARKED", "vast:amick/notes.txt".to_owned())];
            fill_in(&app, "stamp", &values).await;
            tokio::time::sleep(PAUSE).await;
            steps.begin();
            let begun = now();
            let job = submit(&app, "stamp", &values).await;
            job_until(&app, &job.id, |job| job.ended_at.is_some()).await;
            let started = stamp(&lines_of(&fleet, &job.id, 1, 1).await[0]).expect("the tool ran");
            ours.push(started.saturating_sub(begun));
            let record = record_of(&fleet, &job.id).await;
            let attempt = &record.attempts[0];
            let when =
                |at: jiff::Timestamp| Duration::from_nanos(u64::try_from(at.as_nanosecond()).expect("after 1970"));
            let mut all: Vec<(&'static str, Duration)> = steps.of(&job.id);
            // The client hears of its record when its worker may have been given the job already.
            all.retain(|(step, _)| *step != "recorded");
            let submitted = all.last().map_or(begun, |(_, when)| *when);
            recorded.push(started.saturating_sub(submitted));
            all.push(("decided whose it is", when(attempt.assigned_at)));
            all.extend(attempt.confirmed_at.map(|at| ("confirmed", when(at))));
            all.push(("the tool runs", started));
            timeline.add(begun, all);
            floor.push(bare_start());
        }
        tell("a click on Submit, until the tool runs", &mut ours, "a bare start of the same tool", &mut floor);
        tell("  of that, from the job on its way to the hub", &mut recorded, "the same", &mut floor);
        timeline.tell();
        app.shut_down().await;
        fleet.close().await;
    });
    drop(worker);
    lab.stop();
}
