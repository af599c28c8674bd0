use crate::args::Submit;
use crate::output::Output;
use crate::{Context, dataset, jobs, progress};
use samepath_app::view::{Draft, JobView, KindView, ParameterView};
use samepath_app::{App, Error, ErrorCode};
use samepath_storage::shell_word;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Makes a job, and waits for it unless told not to.
pub(crate) fn run(context: &Context<'_>, submission: Submit) -> Result<ExitCode, Error> {
    let output = context.output;
    let detach = submission.detach;
    let draft = draft(submission)?;
    context.with_app(|app| async move {
        let kind = app.kind(&draft.kind).map_err(|error| wrong_order(error, &draft))?;
        check(&kind, &draft)?;
        if !draft.videos.is_empty() {
            has_all(&app, &kind, &draft).await?;
        }
        let job = app.submit(draft).await.map_err(perhaps)?;
        if detach {
            if output.is_json() {
                output.document(&job)?;
            } else {
                output.line(&job.id)?;
                output.aside(&format!("{}: {}", job.name, job.words));
                tell_waiting(output, &app, &job);
                confirmed(output, &job);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !output.is_json() {
            output.aside(&format!("Submitted {} ({}).", job.name, jobs::short(&job.id)));
            tell_waiting(output, &app, &job);
            confirmed(output, &job);
        }
        let job = progress::wait(&app, job, output).await?;
        ended(&job, output)
    })
}

/// A submission that was not answered may have come in; this program knows nothing of it any more when it is run again.
fn perhaps(error: Error) -> Error {
    match error.code {
        ErrorCode::FleetUnreachable => {
            error.with_hint("It may have been done all the same: look before you submit it again, samepath jobs")
        }
        _ => error,
    }
}

/// Says why nobody can run it now, and what to do: nothing where somebody can.
fn tell_waiting(output: &Output, app: &App, job: &JobView) {
    if !job.waits {
        return;
    }
    job.waiting_for.iter().for_each(|reason| output.aside(&format!("  {reason}")));
    if app.workers().is_empty() {
        output.aside("  It waits for one. Start one here, in another terminal: samepath worker");
    } else {
        output.aside("  It waits until one can run it.");
    }
}

/// Says which workers proved that they read the same dataset.
fn confirmed(output: &Output, job: &JobView) {
    match job.confirmed.as_slice() {
        [] => {}
        [one] => output.aside(&format!("  {one} confirmed: it reads the same dataset.")),
        several => output.aside(&format!("  {} confirmed: they read the same dataset.", several.join(", "))),
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
            .with_hint(match submission.file.as_deref().filter(|_| !parameter.contains(['/', ':'])) {
                Some(value) => format!("Write it with a `=`, without spaces: -p {parameter}={}", shell_word(value)),
                None => "For example: -p LABELS=project/labels.slp".to_owned(),
            }));
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
        person: submission.person,
        videos: dataset::chosen(&submission.video),
        ..Draft::default()
    })
}

/// Whether what was given is what the job type takes; nothing is looked at. What is spelled wrongly is told elsewhere, and before
/// what is missing.
fn check(kind: &KindView, draft: &Draft) -> Result<(), Error> {
    if let (Some(file), false) = (&draft.dataset, kind.parameters.iter().any(is_dataset)) {
        let message = format!("{} takes no file, and was given {}.", kind.name, shell_word(file));
        return Err(
            Error::new(ErrorCode::Usage, message).with_hint(format!("All that it takes: samepath kinds {}", kind.name))
        );
    }
    let mut missing = Vec::new();
    for parameter in &kind.parameters {
        let file = draft.dataset.as_deref().filter(|_| is_dataset(parameter));
        match (file, draft.values.get(&parameter.name)) {
            (Some(file), Some(_)) => return Err(twice(parameter, file)),
            (None, Some(Value::Array(several))) if !parameter.kind.starts_with("LIST[") => {
                return Err(too_often(parameter, several.len()));
            }
            (None, None) if parameter.required || goes_nowhere(kind, parameter) => missing.push(parameter),
            (None, Some(value)) if parameter.required && value.as_str() == Some("") => missing.push(parameter),
            _ => {}
        }
    }
    let is_known = |name: &String| kind.parameters.iter().any(|parameter| parameter.name == *name);
    if missing.is_empty() || !draft.values.keys().all(is_known) { Ok(()) } else { Err(wanting(kind, draft, &missing)) }
}

/// Refuses a video that the project does not have.
async fn has_all(app: &App, kind: &KindView, draft: &Draft) -> Result<(), Error> {
    let takes = kind.parameters.iter().find(|parameter| is_dataset(parameter));
    let named = takes.and_then(|it| draft.values.get(&it.name)?.as_str().map(str::to_owned));
    match draft.dataset.clone().or(named) {
        Some(file) => dataset::has_all(&app.open_dataset(file, draft.videos.clone()).await?, &draft.videos),
        None => Ok(()),
    }
}

/// Whether results would go nowhere: where no folder is said, they go beside the dataset or the first file, and there is none.
fn goes_nowhere(kind: &KindView, parameter: &ParameterView) -> bool {
    parameter.role == "results" && parameter.default.is_none() && !kind.parameters.iter().any(is_dataset)
}

fn is_dataset(parameter: &ParameterView) -> bool {
    parameter.role == "dataset"
}

/// A file that the job would be made without.
fn twice(parameter: &ParameterView, file: &str) -> Error {
    let message = format!("{} is given twice: as {}, and by -p.", parameter.name, shell_word(file));
    Error::new(ErrorCode::Usage, message).with_hint("Leave one of them out.")
}

/// A value that was given several times, where the job type takes one.
fn too_often(parameter: &ParameterView, times: usize) -> Error {
    let name = &parameter.name;
    let times = if times == 2 { "twice".to_owned() } else { format!("{times} times") };
    Error::new(ErrorCode::InvalidParameter, format!("{name} is given {times}, and takes one value."))
        .with_hint(format!("Give it once: -p {name}=VALUE"))
}

/// What the job type wants and was not given, with what to type.
fn wanting(kind: &KindView, draft: &Draft, missing: &[&ParameterView]) -> Error {
    let names: Vec<String> = missing.iter().map(|it| format!("{} ({})", it.name, it.label)).collect();
    let word = |parameter: &&ParameterView| {
        let value = if parameter.kind.contains("PATH") { "PATH" } else { "VALUE" };
        if is_dataset(parameter) { "FILE".to_owned() } else { format!("-p {}={value}", parameter.name) }
    };
    let words = missing.iter().map(word).collect::<Vec<_>>().join(" ");
    // What was given besides stays as it is.
    let has_more = draft.values.values().any(|value| value.as_str() != Some(""))
        || !draft.name.is_empty()
        || draft.worker.is_some();
    let line = match &draft.dataset {
        _ if has_more => format!("Add: {words}"),
        Some(file) => format!("Type: samepath submit {} {} {words}", kind.name, shell_word(file)),
        None => format!("Type: samepath submit {} {words}", kind.name),
    };
    Error::new(ErrorCode::InvalidParameter, format!("{} needs {}.", kind.name, names.join(" and ")))
        .with_hint(format!("{line}. All that it takes: samepath kinds {}", kind.name))
}

/// A file where the job type is to be.
fn wrong_order(error: Error, draft: &Draft) -> Error {
    let written = &draft.kind;
    if error.code != ErrorCode::KindNotFound || !(written.contains(['/', '\\', ':', '.'])) {
        return error;
    }
    let kind = draft.dataset.as_deref().unwrap_or("sleap-train");
    error.with_hint(format!("What to run comes first: samepath submit {} {}", shell_word(kind), shell_word(written)))
}

/// "killed by tom"
fn by_whom(job: &JobView) -> &str {
    job.timeline.last().map_or("cancelled", |last| &last.words)
}

/// Tells how a job ended; a failure is this command's failure.
pub(crate) fn ended(job: &JobView, output: &Output) -> Result<ExitCode, Error> {
    let failed = match job.state.as_str() {
        "failed" => {
            Error::new(ErrorCode::JobFailed, job.failure.clone().unwrap_or_else(|| format!("{} failed.", job.name)))
                .with_hint(format!("Read its log: samepath logs {id}. Try again: samepath retry {id}", id = job.id))
        }
        "cancelled" => Error::new(ErrorCode::JobCancelled, format!("{} was {}.", job.name, by_whom(job)))
            .with_hint(format!("Run it again: samepath retry {}", job.id)),
        _ => {
            jobs::show(output, job)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let told = serde_json::to_value(job).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    Ok(output.failure(&failed, Some(told)))
}
