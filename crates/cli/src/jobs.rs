use crate::Context;
use crate::output::{Cell, Output, Tone, printable, size};
use crate::workers::interrupted;
use jiff::{Span, SpanRelativeTo};
use samepath_app::view::{JobView, LogView};
use samepath_app::{Error, ErrorCode};
use std::process::ExitCode;
use std::time::Duration;

/// All jobs, or one.
pub(crate) fn list(context: &Context<'_>, id: Option<&str>) -> Result<ExitCode, Error> {
    let output = context.output;
    if let Some(id) = id {
        let job = context.with_app(|app| async move { app.job(id).await })?;
        show(output, &job)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (jobs, member) = context.with_app(|app| async move { Ok((app.jobs(), app.member().to_owned())) })?;
    if output.is_json() {
        output.document(&jobs)?;
    } else if jobs.is_empty() {
        output.line("No jobs yet. Submit one: samepath submit KIND -p NAME=VALUE")?;
    } else {
        // Whose they are is said where they are not all of whoever asks.
        let several = jobs.iter().any(|job| job.by != jobs[0].by || job.submitted_by != member);
        let rows: Vec<Vec<Cell>> = jobs
            .iter()
            .map(|job| {
                let mut row = vec![
                    Cell::new(short(&job.id), Tone::Quiet),
                    job.name.as_str().into(),
                    job.kind.as_str().into(),
                    state(job),
                    job.worker.as_deref().unwrap_or("–").into(),
                    Cell::new(when(&job.submitted_at), Tone::Quiet),
                ];
                row.extend(several.then(|| job.by.as_str().into()));
                row
            })
            .collect();
        let titles = ["ID", "NAME", "KIND", "STATE", "WORKER", "SUBMITTED", "BY"];
        output.table(&titles[..rows[0].len()], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets the person's own jobs that ended so long ago.
pub(crate) fn clear(context: &Context<'_>, older_than: &str) -> Result<ExitCode, Error> {
    let age = age(older_than).ok_or_else(|| {
        let message = format!("`{older_than}` is no length of time.");
        Error::new(ErrorCode::InvalidParameter, message).with_hint("For example: --older-than 30d, or 2w, or 12h.")
    })?;
    let cleared = context.with_app(|app| async move { app.clear_jobs(age).await })?;
    if context.output.is_json() {
        context.output.document(&cleared)?;
    } else {
        context.output.line(&cleared.words)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// "30d", "2 weeks", "12h": what is always as long.
fn age(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

/// The characters that are enough to name a job.
pub(crate) fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

fn when(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| time.to_owned(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

pub(crate) fn state(job: &JobView) -> Cell {
    let percent = job.percent.map(|percent| format!(" {percent:.0} %")).unwrap_or_default();
    match job.state.as_str() {
        "succeeded" => Cell::new("✓ Done", Tone::Good),
        "failed" => Cell::new("✕ Failed", Tone::Bad),
        "cancelled" => Cell::new("⊘ Cancelled", Tone::Quiet),
        "queued" => Cell::new("◷ Waiting", Tone::Plain),
        _ if job.lost => Cell::new(format!("◌ {}", job.words), Tone::Warn),
        "running" if job.stopping.is_none() => Cell::new(format!("▶ Running{percent}"), Tone::Plain),
        _ => Cell::new(format!("◔ {}", job.words), Tone::Plain),
    }
}

/// "Running on gpu-1", "Lost contact with gpu-1".
pub(crate) fn words(job: &JobView) -> String {
    match &job.worker {
        Some(worker) if job.lost && job.stopping.is_none() => format!("{} with {}", job.words, printable(worker)),
        Some(worker) => format!("{} on {}", job.words, printable(worker)),
        None => job.words.clone(),
    }
}

/// The same, with its try and what it says of itself: "Running on gpu-1 · try 2: Epoch 2 of 7".
pub(crate) fn sentence(job: &JobView) -> String {
    let tries = if job.attempts > 1 { format!(" · try {}", job.attempts) } else { String::new() };
    let status = job
        .status
        .as_ref()
        .or(job.starts.as_ref())
        .map(|status| format!(": {}", printable(status)))
        .unwrap_or_default();
    format!("{}{tries}{status}", words(job))
}

/// One job, whole.
pub(crate) fn show(output: &Output, job: &JobView) -> Result<(), Error> {
    if output.is_json() {
        return output.document(job);
    }
    output.line(&format!("{} · {} ({})", job.name, job.what, job.id))?;
    output.line(&sentence(job))?;
    if !job.submitted_by.is_empty() {
        output.pieces(&[(&format!("Submitted by {}.", job.by), Tone::Quiet)])?;
    }
    if let Some(failure) = &job.failure {
        output.pieces(&[(failure, Tone::Bad)])?;
    }
    for reason in job.waiting_for.iter().filter(|_| job.waits) {
        output.line(&format!("  {reason}"))?;
    }
    for line in &job.timeline {
        output.pieces(&[(&format!("  {}  {}", when(&line.at), line.words), Tone::Quiet)])?;
    }
    for (name, value) in &job.settings {
        let below = format!("\n{}", " ".repeat(name.len() + 5));
        output.lines(&format!("  {name} = {}", value.trim_end().replace('\n', &below)))?;
    }
    // One that ended before it began has made nothing.
    let began = job.ended_at.is_none() || job.started_at.is_some();
    if let Some(results) = job.results.as_ref().filter(|_| began) {
        output.line(&format!("Results: {}", results.text))?;
    }
    for file in &job.outputs {
        output.line(&format!("  {}  {}", file.path, size(file.size)))?;
    }
    Ok(())
}

/// What a job printed.
pub(crate) fn logs(context: &Context<'_>, id: &str, attempt: Option<u32>, follow: bool) -> Result<ExitCode, Error> {
    let output = context.output;
    context.with_app(|app| async move {
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        let mut wanted = attempt;
        loop {
            let log = if follow { app.log(id, wanted).await? } else { app.log_so_far(id, wanted).await? };
            let number = log.attempt();
            let mut log = if output.is_json() { log.whole() } else { log };
            loop {
                let lines = tokio::select! {
                    lines = log.next() => lines,
                    () = &mut interrupted => return Ok(ExitCode::SUCCESS),
                };
                let Some(lines) = lines else { break };
                for line in &lines {
                    print(output, line)?;
                }
            }
            log.was_read()?;
            // Whoever names a try wants that one alone.
            if !follow || attempt.is_some() {
                return Ok(ExitCode::SUCCESS);
            }
            let next = tokio::select! {
                next = app.next_try(id, number) => next?,
                () = &mut interrupted => None,
            };
            let Some(next) = next else { return Ok(ExitCode::SUCCESS) };
            if !output.is_json() {
                let words = format!("Try {} of this job, on {}:", next.number, printable(&next.worker));
                output.pieces(&[(&words, Tone::Quiet)])?;
            }
            wanted = Some(next.number);
        }
    })
}

fn print(output: &Output, line: &LogView) -> Result<(), Error> {
    if output.is_json() {
        return output.line_of_json(line);
    }
    let tone = if line.stream == "samepath" { Tone::Quiet } else { Tone::Plain };
    output.pieces(&[(&line.text, tone)])
}

/// What can be asked of a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Stop,
    Kill,
    Retry,
}

/// Asks it, and tells what became of it.
pub(crate) fn change(context: &Context<'_>, id: &str, change: Change) -> Result<ExitCode, Error> {
    let (job, had_ended) = context.with_app(|app| async move {
        let had_ended = match change {
            Change::Retry => return app.retry(id).await.map(|job| (job, false)),
            Change::Stop | Change::Kill => app.job(id).await?.ended_at.is_some(),
        };
        if matches!(change, Change::Kill) {
            app.kill(id).await?
        } else {
            app.stop(id).await?
        };
        Ok((app.ended_here(id).await?, had_ended))
    })?;
    if context.output.is_json() {
        context.output.document(&job)?;
    } else {
        let already = if had_ended { " already, nothing was changed" } else { "" };
        context.output.line(&format!("{}: {}{already}", job.name, job.words))?;
        if let (true, Some(status)) = (job.lost, &job.status) {
            context.output.line(&format!("  {status}"))?;
        } else if let (Some("stop"), Some(seconds @ 1..)) = (job.stopping.as_deref(), job.notice_seconds) {
            context.output.line(&format!("  It has up to {seconds} s to save what it has."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
