//! From *Submit* to the tool, as a whole and step by step.

use crate::timeline::Steps;
use crate::{at, lab, now, stamp, tell};
use samepath_app::App;
use std::process::Command;
use std::time::Duration;

/// Between two jobs: one by one, as a person submits them, who leaves the program time to be ready again.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn bench(app: &App, steps: &Steps) {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let mut timeline: Vec<(&'static str, Vec<Duration>)> = Vec::new();
    for round in 0..40 {
        tokio::time::sleep(PAUSE).await;
        let values = [("OUTPUT_DIR", format!("vast:amick/out/{round}")), ("MARKED", "vast:amick/notes.txt".to_owned())];
        steps.begin();
        let begun = now();
        let job = lab::submit(app, "stamp", &values).await;
        lab::succeeded(app, &job.id).await;
        let mut log = app.log_so_far(&job.id, None).await.expect("it has a log");
        let mut lines = Vec::new();
        while let Some(more) = log.next().await {
            lines.extend(more);
        }
        let started = lines.iter().find_map(|line| stamp(&line.text)).expect("the tool ran");
        ours.push(started.saturating_sub(begun));
        let mut before = begun;
        for (step, when) in steps.of(&job.id).into_iter().chain([("the tool runs", started)]) {
            match timeline.iter_mut().find(|(known, _)| *known == step) {
                Some((_, times)) => times.push(when.saturating_sub(before)),
                None => timeline.push((step, vec![when.saturating_sub(before)])),
            }
            before = before.max(when);
        }
        let begun = now();
        let printed = Command::new("date").arg("+%s%N").output().expect("it starts").stdout;
        let started = stamp(&String::from_utf8_lossy(&printed)).expect("the tool ran");
        floor.push(started.saturating_sub(begun));
    }
    tell("submit → the tool has started", &mut ours, "a bare start of the same tool", &mut floor);
    for (step, mut times) in timeline {
        println!("  {step}: p50 {:.2?} after the step before, p95 {:.2?}", at(&mut times, 50), at(&mut times, 95));
    }
}
