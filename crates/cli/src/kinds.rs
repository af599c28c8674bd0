use crate::Context;
use crate::output::{Cell, Tone};
use samepath_app::Error;
use std::process::ExitCode;

/// What can be run; with a name, its parameters.
pub(crate) fn run(context: &Context<'_>, kind: Option<&str>) -> Result<ExitCode, Error> {
    let output = context.output;
    if let Some(name) = kind {
        let kind = context.with_app(|app| async move { app.kind(name) })?;
        if output.is_json() {
            output.document(&kind)?;
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
                    (Some(serde_json::Value::String(text)), _) => text.clone(),
                    (Some(value), _) => value.to_string(),
                    (None, "results") => "a new folder beside the dataset".to_owned(),
                    (None, _) => "needed".to_owned(),
                };
                let what = parameter.description.as_deref().unwrap_or(&parameter.label);
                vec![
                    parameter.name.as_str().into(),
                    parameter.kind.to_lowercase().into(),
                    default.into(),
                    Cell::new(what.lines().next().unwrap_or_default(), Tone::Quiet),
                ]
            })
            .collect();
        output.table(&["PARAMETER", "TYPE", "DEFAULT", ""], &rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let kinds = context.with_app(|app| async move { Ok(app.kinds()) })?;
    if output.is_json() {
        output.document(&kinds)?;
    } else {
        let rows: Vec<Vec<Cell>> =
            kinds.iter().map(|kind| vec![kind.name.as_str().into(), kind.title.as_str().into()]).collect();
        output.table(&["KIND", "WHAT IT DOES"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
