use crate::Context;
use crate::args::ProgramCommand;
use crate::output::{Cell, Tone};
use crate::storages::is_place;
use samepath_app::view::ProgramView;
use samepath_app::{Error, ErrorCode};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, command: ProgramCommand) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    match command {
        ProgramCommand::Set { name, path } => {
            let (name, path) = if is_place(&name) && !is_place(&path) { (path, name) } else { (name, path) };
            if name.contains(|letter: char| letter.is_whitespace() || ['/', '\\'].contains(&letter)) {
                if let Some(error) = storages.names_whole(options, &name)? {
                    return Err(error);
                }
                let message = format!("{name} is no name of a program.");
                return Err(Error::new(ErrorCode::InvalidParameter, message)
                    .with_hint("Give the name that job types use, then the file: samepath program set NAME FILE"));
            }
            storages.set_program(&name, &path)?;
            let views = storages.programs(options, None)?;
            let Some(view) = views.iter().find(|view| view.name == name) else { return Ok(ExitCode::SUCCESS) };
            if output.is_json() {
                output.document(view)?;
            } else {
                output.line(&format!("{name} is {} from now on.", view.configured.as_deref().unwrap_or(&path)))?;
                if let Some(problem) = &view.problem {
                    output.warning(&format!("{name} {problem}"));
                }
                if let Some(unwanted) = storages.nobody_runs(options, &name)? {
                    output.warning(&unwanted);
                }
            }
        }
        ProgramCommand::List { kinds } => {
            let views = storages.programs(options, kinds)?;
            if output.is_json() {
                output.document(&views)?;
            } else {
                let rows: Vec<Vec<Cell>> = views.iter().map(row).collect();
                output.table(&["PROGRAM", "WHERE", ""], &rows)?;
            }
        }
        ProgramCommand::Remove { name } => {
            let changed = storages.forget_program(&name)?;
            if output.is_json() {
                output.document(&json!({ "removed": name, "changed": changed }))?;
            } else if changed {
                output.line(&format!(
                    "{name} is looked for in the usual places again. The program itself was not touched."
                ))?;
            } else {
                output.line(&format!("The configuration does not name {name}. Nothing changed."))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(view: &ProgramView) -> Vec<Cell> {
    let place = match (&view.found, &view.problem) {
        (Some(found), _) => {
            let version = view.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            format!("{found}{version}").into()
        }
        (None, Some(problem)) if view.configured.is_some() => Cell::new(format!("✕ {problem}"), Tone::Bad),
        (None, problem) => Cell::new(problem.as_deref().unwrap_or_default(), Tone::Quiet),
    };
    let how = if view.configured.is_some() { "as configured" } else { "" };
    vec![view.name.as_str().into(), place, Cell::new(how, Tone::Quiet)]
}
