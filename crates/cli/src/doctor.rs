use crate::output::{Output, Tone};
use crate::{Context, block_on};
use samepath_app::Error;
use samepath_app::doctor::{examine, report, verdict};
use samepath_app::view::{Finding, FindingState};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Looks at everything that could be wrong here.
pub(crate) fn run(context: &Context<'_>, kinds: Option<PathBuf>, as_report: bool) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    let findings = block_on(async { Ok(examine(options, storages, kinds).await) })?;
    let text = report(options, &findings, jiff::Timestamp::now());
    if output.is_json() {
        output.document(&json!({ "findings": findings, "report": text }))?;
    } else if as_report {
        output.lines(text.trim_end())?;
    } else {
        show(output, &findings)?;
    }
    Ok(verdict(&findings).map_or(ExitCode::SUCCESS, |code| ExitCode::from(code.exit_status())))
}

/// Findings, each with its mend; grouped by what they are about.
pub(crate) fn show(output: &Output, findings: &[Finding]) -> Result<(), Error> {
    let mut area = "";
    for finding in findings {
        if finding.area != area {
            area = &finding.area;
            output.pieces(&[(area, Tone::Quiet)])?;
        }
        line(output, finding)?;
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (wrong, notes) = (count(FindingState::Wrong), count(FindingState::Note));
    output.line(&match (wrong, notes) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, notes) => {
            format!("Nothing is wrong; {notes} to know of. To send this to somebody: samepath doctor --report")
        }
        (wrong, _) => format!("{wrong} wrong. To send this to somebody: samepath doctor --report"),
    })
}

/// One finding, and its mend where it is not as it should be.
pub(crate) fn line(output: &Output, finding: &Finding) -> Result<(), Error> {
    let (mark, tone) = match finding.state {
        FindingState::Good => ("✓", Tone::Good),
        FindingState::Note => ("!", Tone::Warn),
        FindingState::Wrong => ("✕", Tone::Bad),
    };
    output.pieces(&[
        ("  ", Tone::Plain),
        (mark, tone),
        (&format!(" {}: {}", finding.what, finding.found), Tone::Plain),
    ])?;
    match finding.mend.as_ref().filter(|_| finding.state != FindingState::Good) {
        Some(mend) => output.line(&format!("      {mend}")),
        None => Ok(()),
    }
}
