//! What somebody with a window does: submits a job, and follows its log.

use super::figures::{now, stamp, tell};
use samepath_app::App;
use samepath_app::view::{Draft, JobView};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

fn draft(kind: &str, values: &[(&str, String)]) -> Draft {
    let value = |(name, value): &(&str, String)| ((*name).to_owned(), Value::from(value.clone()));
    Draft { kind: kind.to_owned(), values: values.iter().map(value).collect(), ..Draft::default() }
}

/// Reads the sentence above *Submit*, which a window makes whenever its form changes.
pub(crate) async fn fill_in(app: &App, kind: &str, values: &[(&str, String)]) {
    let seen = app.readiness(draft(kind, values)).await.expect("a sentence");
    assert!(seen.can_submit, "{}", seen.sentence);
}

pub(crate) async fn submit(app: &App, kind: &str, values: &[(&str, String)]) -> JobView {
    app.submit(draft(kind, values)).await.expect("it is accepted")
}

/// A line, ten a second, from the moment at which the tool took the time until this program has it as somebody who follows.
pub(crate) async fn latency(app: &App) {
    let job = submit(app, "tick", &[]).await;
    let mut log = app.log(&job.id, None).await.expect("it has a log");
    let mut ours = Vec::new();
    while let Some(lines) = log.next().await {
        let heard = now();
        ours.extend(lines.iter().filter_map(|line| Some(heard.saturating_sub(stamp(&line.text)?))));
    }
    let script = "for i in $(seq 100); do date +%s%N; sleep 0.1; done";
    let mut bare = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(bare.stdout.take().expect("its pipe")).lines();
    let mut floor: Vec<Duration> = lines.filter_map(|line| Some(now().saturating_sub(stamp(&line.ok()?)?))).collect();
    bare.wait().expect("it ends");
    assert_eq!((ours.len(), floor.len()), (100, 100));
    tell("a line of a log, until whoever follows has it", &mut ours, "the same through a bare pipe", &mut floor);
}
