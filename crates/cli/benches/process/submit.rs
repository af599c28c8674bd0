//! From *Submit* to the tool, as a whole and step by step.

use crate::figures::{bare_start, now, stamp, tell};
use crate::timeline::{Steps, Timeline};
use crate::{lab, person};
use samepath_app::App;
use std::time::Duration;

/// Before each click: one by one, as a person submits jobs, who reads the sentence above the button.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn bench(app: &App, steps: &Steps) {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let mut timeline = Timeline::default();
    for round in 0..40 {
        let values = [("OUTPUT_DIR", format!("vast:amick/out/{round}")), ("MARKED", "vast:amick/notes.txt".to_owned())];
        person::fill_in(app, "stamp", &values).await;
        tokio::time::sleep(PAUSE).await;
        steps.begin();
        let begun = now();
        let job = person::submit(app, "stamp", &values).await;
        lab::succeeded(app, &job.id).await;
        let mut log = app.log_so_far(&job.id, None).await.expect("it has a log");
        let mut lines = Vec::new();
        while let Some(more) = log.next().await {
            lines.extend(more);
        }
        let started = lines.iter().find_map(|line| stamp(&line.text)).expect("the tool ran");
        ours.push(started.saturating_sub(begun));
        timeline.add(begun, steps.of(&job.id).into_iter().chain([("the tool runs", started)]));
        floor.push(bare_start());
    }
    tell("submit → the tool has started", &mut ours, "a bare start of the same tool", &mut floor);
    timeline.tell();
}
