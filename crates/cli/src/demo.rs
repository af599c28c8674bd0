//! The pretend lab, told in a terminal.

use crate::output::{Output, Tone};
use crate::workers::interrupted;
use crate::{block_on, progress, submit};
use samepath_app::view::ShownVideo;
use samepath_app::{Error, ErrorCode, Options, PretendLab};
use std::process::ExitCode;

/// Runs the demonstration and shows its report.
pub(crate) fn run(options: &Options, keep: bool, output: &Output) -> Result<ExitCode, Error> {
    // Neither a reader that goes away nor Ctrl-C may leave the lab behind.
    output.hold();
    let stopped = || Error::new(ErrorCode::Interrupted, "The demonstration was stopped.");
    block_on(async {
        let interrupted = interrupted();
        let opening = PretendLab::open(options, keep);
        tokio::pin!(interrupted, opening);
        // The first look at it is what catches Ctrl-C: before anything is made.
        let opened = tokio::select! {
            biased;
            () = &mut interrupted => None,
            lab = &mut opening => Some(lab?),
        };
        let Some(lab) = opened else {
            // Half a lab cannot be put away: it is made whole first.
            if let Ok(lab) = opening.await {
                lab.close().await;
            }
            return Err(stopped());
        };
        let root = lab.root().to_owned();
        let shown = tokio::select! {
            biased;
            () = &mut interrupted => Err(stopped()),
            shown = show(&lab, output) => shown,
        };
        lab.close().await;
        if output.is_unread() {
            return Ok(ExitCode::SUCCESS);
        }
        let code = shown?;
        if keep && !output.is_json() {
            output.line(&format!("Everything is left in {}", root.display()))?;
        }
        Ok(code)
    })
}

async fn show(lab: &PretendLab, output: &Output) -> Result<ExitCode, Error> {
    let tell = |pieces: &[(&str, Tone)]| if output.is_json() { Ok(()) } else { output.pieces(pieces) };
    let say = |text: &str| tell(&[(text, Tone::Plain)]);
    let (yours, workers) = lab.mounts();
    say("A pretend lab, in a temporary folder; nothing of yours is touched.")?;
    say(&format!("  your computer has the storage vast at  {}", yours.display()))?;
    say(&format!("  the worker gpu-1 has it at             {}", workers.display()))?;
    let dataset = lab.dataset().await?;
    if let Some(place) = &dataset.place {
        say(&format!("You pick {}", dataset.local))?;
        say(&format!("  which everybody in the lab can call {}", place.text))?;
    }
    let readiness = lab.desk().readiness(lab.draft()).await?;
    tell(&[(&readiness.sentence, Tone::Good)])?;
    let job = lab.desk().submit(lab.draft()).await?;
    let job = progress::wait(lab.desk(), job, output).await?;
    if job.state != "succeeded" || output.is_json() {
        return submit::ended(&job, output);
    }
    say(&format!("Done on {}.", job.worker.as_deref().unwrap_or("the worker")))?;
    for ShownVideo { written, local, found } in lab.seen(&job).await? {
        let (mark, tone) = if found { ("✓ found", Tone::Good) } else { ("✕ not found", Tone::Bad) };
        tell(&[("  ", Tone::Plain), (mark, tone), (&format!("  {written}"), Tone::Plain)])?;
        say(&format!("           on gpu-1 at {local}"))?;
    }
    let results = job.results.as_ref().map(|results| results.text.clone()).unwrap_or_default();
    say(&format!("Its report: {results}/report.html"))?;
    Ok(ExitCode::SUCCESS)
}
