use crate::args::Submit;
use crate::output::Output;
use crate::{Context, jobs, progress};
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
        let refused = surplus(&kind, &draft).or_else(|| too_often(&kind, &draft)).or_else(|| wanting(&kind, &draft));
        if let Some(error) = refused {
            return Err(error);
        }
        let job = app.submit(draft).await?;
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
        ..Draft::default()
    })
}

/// A value that was given several times, where the job type takes one.
fn too_often(kind: &KindView, draft: &Draft) -> Option<Error> {
    let takes_one = kind.parameters.iter().filter(|it| !it.kind.starts_with("LIST["));
    let mut given = takes_one.filter_map(|it| Some((it, draft.values.get(&it.name)?.as_array()?.len())));
    let (parameter, times) = given.next()?;
    let name = &parameter.name;
    let times = if times == 2 { "twice".to_owned() } else { format!("{times} times") };
    let error = Error::new(ErrorCode::InvalidParameter, format!("{name} is given {times}, and takes one value."));
    Some(error.with_hint(format!("Give it once: -p {name}=VALUE")))
}

/// A file that the job would be made without.
fn surplus(kind: &KindView, draft: &Draft) -> Option<Error> {
    let file = shell_word(draft.dataset.as_deref()?);
    let Some(takes) = kind.parameters.iter().find(|parameter| parameter.role == "dataset") else {
        let error = Error::new(ErrorCode::Usage, format!("{} takes no file, and was given {file}.", kind.name));
        return Some(error.with_hint(format!("All that it takes: samepath kinds {}", kind.name)));
    };
    draft.values.contains_key(&takes.name).then(|| {
        Error::new(ErrorCode::Usage, format!("{} is given twice: as {file}, and by -p.", takes.name))
            .with_hint("Leave one of them out.")
    })
}

/// What the job type wants and was not given, with what to type; nothing is looked at.
fn wanting(kind: &KindView, draft: &Draft) -> Option<Error> {
    if draft.values.keys().any(|name| !kind.parameters.iter().any(|parameter| parameter.name == *name)) {
        // What is spelled wrongly is told first.
        return None;
    }
    let is_given = |parameter: &ParameterView| match draft.values.get(&parameter.name) {
        Some(value) => value.as_str() != Some(""),
        None => parameter.role == "dataset" && draft.dataset.is_some(),
    };
    let missing: Vec<&ParameterView> = kind.parameters.iter().filter(|it| it.required && !is_given(it)).collect();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing.iter().map(|it| format!("{} ({})", it.name, it.label)).collect();
    let mut words = Vec::new();
    for parameter in &missing {
        let path = if parameter.kind.contains("PATH") { "PATH" } else { "VALUE" };
        words.push(match parameter.role.as_str() {
            "dataset" => "FILE".to_owned(),
            _ => format!("-p {}={path}", parameter.name),
        });
    }
    let words = words.join(" ");
    // What was given besides stays as it is.
    let has_more = draft.values.values().any(|value| value.as_str() != Some(""))
        || !draft.name.is_empty()
        || draft.worker.is_some();
    let line = match &draft.dataset {
        _ if has_more => format!("Add: {words}"),
        Some(file) => format!("Type: samepath submit {} {} {words}", kind.name, shell_word(file)),
        None => format!("Type: samepath submit {} {words}", kind.name),
    };
    let error = Error::new(ErrorCode::InvalidParameter, format!("{} needs {}.", kind.name, names.join(" and ")));
    Some(error.with_hint(format!("{line}. All that it takes: samepath kinds {}", kind.name)))
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
