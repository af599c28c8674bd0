use crate::Context;
use crate::meant::LISTING;
use crate::output::{Cell, Tone};
use samepath_app::Error;
use samepath_app::view::{KindView, ParameterView};
use serde_json::Value;
use std::process::ExitCode;

/// What can be run; with a name, its parameters.
pub(crate) fn run(context: &Context<'_>, kind: Option<&str>) -> Result<ExitCode, Error> {
    let shown = context.with_app(|app| async move {
        Ok(match kind.map(|name| (name, app.kind(name))) {
            // No job type of a lab is called so.
            Some((name, Err(_))) if LISTING.contains(&name) => Shown::All(app.kinds()),
            Some((_, kind)) => Shown::One(kind?),
            None => Shown::All(app.kinds()),
        })
    })?;
    let kinds = match shown {
        Shown::One(kind) => return one(context, &kind),
        Shown::All(kinds) => kinds,
    };
    let output = context.output;
    if output.is_json() {
        output.document(&kinds)?;
    } else {
        let rows: Vec<Vec<Cell>> =
            kinds.iter().map(|kind| vec![kind.name.as_str().into(), kind.title.as_str().into()]).collect();
        output.table(&["KIND", "WHAT IT DOES"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for.
enum Shown {
    One(KindView),
    All(Vec<KindView>),
}

fn one(context: &Context<'_>, kind: &KindView) -> Result<ExitCode, Error> {
    let output = context.output;
    if output.is_json() {
        output.document(kind)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(&format!("{} – {}", kind.name, kind.title))?;
    if !kind.description.is_empty() {
        output.line(&kind.description)?;
    }
    let rows: Vec<Vec<Cell>> = kind
        .parameters
        .iter()
        .map(|parameter| {
            let default = match (&parameter.default, parameter.role.as_str()) {
                (Some(Value::String(text)), _) => text.clone(),
                (Some(value), _) => value.to_string(),
                (None, "results") => "a new folder beside the dataset".to_owned(),
                (None, _) => "needed".to_owned(),
            };
            let what = parameter.description.as_deref().unwrap_or(&parameter.label);
            let what = what.lines().next().unwrap_or_default();
            let takes = takes(parameter).map(|takes| format!(" Takes {takes}.")).unwrap_or_default();
            vec![
                parameter.name.as_str().into(),
                parameter.kind.to_lowercase().into(),
                default.into(),
                Cell::new(format!("{what}{takes}"), Tone::Quiet),
            ]
        })
        .collect();
    output.table(&["PARAMETER", "TYPE", "DEFAULT", ""], &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// "1 to 4096", "nothing, all videos": what a value may be, where the definition says so.
fn takes(parameter: &ParameterView) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (parameter.allowed.as_slice(), parameter.minimum, parameter.maximum) {
        ([], None, None) => None,
        ([], Some(least), None) => Some(format!("{least} or more")),
        ([], None, Some(most)) => Some(format!("{most} at most")),
        ([], Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (choices, ..) => Some(choices.iter().map(text).collect::<Vec<_>>().join(", ")),
    }
}
