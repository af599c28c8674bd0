//! A job that somebody waits for.

use crate::jobs;
use crate::output::{Output, printable};
use crate::workers::{interrupted, left_alone};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use samepath_app::view::{JobView, Update};
use samepath_app::{App, Error};
use std::time::Duration;

/// Waits until a job has ended, and shows how far it is: a bar on a terminal, a line for each state elsewhere, nothing for JSON.
///
/// # Errors
/// `interrupted` when the person stops waiting: the job goes on.
pub(crate) async fn wait(app: &App, first: JobView, output: &Output) -> Result<JobView, Error> {
    let bar = bar(output);
    let mut updates = app.watch();
    let mut told = String::new();
    // The queue may have answered before its news of what led there arrive: those would tell the story backwards.
    let known = first.timeline.len();
    let mut job = first;
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    loop {
        tell(&bar, &job, &mut told, output);
        if matches!(job.state.as_str(), "succeeded" | "failed" | "cancelled") {
            bar.finish_and_clear();
            return Ok(job);
        }
        job = loop {
            let update = tokio::select! {
                update = updates.next() => update,
                () = &mut interrupted => {
                    bar.finish_and_clear();
                    return Err(left_alone(&job.id));
                }
            };
            match update {
                Some(Update::Job(news)) if news.id == job.id && news.timeline.len() >= known => break *news,
                Some(_) => {}
                None => return Err(Error::queue_gone_from_job()),
            }
        };
    }
}

fn bar(output: &Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:24} {pos} %") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn tell(bar: &ProgressBar, job: &JobView, told: &mut String, output: &Output) {
    let percent = job.percent.unwrap_or_default().clamp(0.0, 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    bar.set_position(percent as u64);
    let sentence = sentence(job);
    bar.set_message(sentence.clone());
    if bar.is_hidden() && !output.is_json() && *told != sentence {
        output.aside(&sentence);
    }
    *told = sentence;
}

fn sentence(job: &JobView) -> String {
    // Where somebody can begin it now, it waits for nobody.
    if !job.waits || job.waiting_for.is_empty() {
        jobs::sentence(job)
    } else {
        let starts = job.starts.as_ref().map(|starts| format!(". {starts}")).unwrap_or_default();
        printable(&format!("{}: {}{starts}", jobs::words(job), job.waiting_for.join("; ")))
    }
}
