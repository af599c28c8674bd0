use crate::args::Submit;
use crate::output::{Output, printable};
use crate::{Context, jobs, progress};
use samepath_app::view::{Draft, JobView};
use samepath_app::{App, Error, ErrorCode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Makes a job, and waits for it unless told not to.
pub(crate) fn run(context: &Context<'_>, submission: Submit) -> Result<ExitCode, Error> {
    let output = context.output;
    let detach = submission.detach;
    let draft = draft(submission)?;
    context.with_app(|app| async move {
        let job = app.submit(draft).await?;
        if detach {
            if output.is_json() {
                output.document(&job)?;
            } else {
                output.line(&job.id)?;
                eprintln!("{}: {}", printable(&job.name), job.words);
                tell_waiting(&app, &job);
                confirmed(&job);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !output.is_json() {
            eprintln!("Submitted {} ({}).", printable(&job.name), jobs::short(&job.id));
            tell_waiting(&app, &job);
            confirmed(&job);
        }
        let job = progress::wait(&app, job, output).await?;
        ended(&job, output)
    })
}

/// Says why nobody can run it now, and what to do: nothing where somebody can.
fn tell_waiting(app: &App, job: &JobView) {
    let workers = app.workers().len();
    if job.state != "queued" || job.waiting_for.len() < workers {
        return;
    }
    job.waiting_for.iter().for_each(|reason| eprintln!("  {}", printable(reason)));
    if workers == 0 {
        eprintln!("  It waits for one. Start one here, in another terminal: samepath worker");
    } else {
        eprintln!("  It waits until one can run it.");
    }
}

/// Says which workers proved that they read the same dataset.
fn confirmed(job: &JobView) {
    match job.confirmed.as_slice() {
        [] => {}
        [one] => eprintln!("  {} confirmed: it reads the same dataset.", printable(one)),
        several => {
            let names: Vec<String> = several.iter().map(|name| printable(name)).collect();
            eprintln!("  {} confirmed: they read the same dataset.", names.join(", "));
        }
    }
}

fn draft(submission: Submit) -> Result<Draft, Error> {
    let mut values = BTreeMap::new();
    for parameter in submission.parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(Error::new(
                ErrorCode::InvalidParameter,
                format!("`{parameter}` is not of the form NAME=VALUE."),
            )
            .with_hint("For example: -p LABELS=project/labels.slp"));
        };
        // Given twice or more it is a list; whether the kind takes one is checked with all the rest.
        match values.get_mut(name) {
            None => drop(values.insert(name.to_owned(), Value::from(value))),
            Some(Value::Array(several)) => several.push(value.into()),
            Some(first) => *first = vec![first.take(), value.into()].into(),
        }
    }
    Ok(Draft {
        kind: submission.kind,
        dataset: submission.file,
        values,
        name: submission.name.unwrap_or_default(),
        worker: submission.worker,
        ..Draft::default()
    })
}

/// Tells how a job ended; a failure is this command's failure.
pub(crate) fn ended(job: &JobView, output: &Output) -> Result<ExitCode, Error> {
    let failed = match job.state.as_str() {
        "failed" => {
            Error::new(ErrorCode::JobFailed, job.failure.clone().unwrap_or_else(|| format!("{} failed.", job.name)))
                .with_hint(format!("Read its log: samepath logs {id}. Try again: samepath retry {id}", id = job.id))
        }
        "cancelled" => Error::new(ErrorCode::JobCancelled, format!("{} was cancelled.", job.name))
            .with_hint(format!("Run it again: samepath retry {}", job.id)),
        _ => {
            jobs::show(output, job)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let told = serde_json::to_value(job).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    Ok(output.failure(&failed, Some(told)))
}
