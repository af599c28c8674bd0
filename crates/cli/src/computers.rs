use crate::Context;
use crate::args::ComputersCommand;
use crate::output::{Cell, Tone, moment};
use samepath_app::view::ComputerView;
use samepath_app::{Error, ErrorCode};
use samepath_wire::HERE;
use serde_json::json;
use std::process::ExitCode;

/// A person's own computers in the lab.
pub(crate) fn run(context: &Context<'_>, command: Option<ComputersCommand>) -> Result<ExitCode, Error> {
    match command {
        None | Some(ComputersCommand::List) => list(context),
        Some(ComputersCommand::Add) => add(context),
        Some(ComputersCommand::Remove { computer }) => remove(context, &computer),
    }
}

fn list(context: &Context<'_>) -> Result<ExitCode, Error> {
    let computers = context.with_app(|app| async move { app.computers().await })?;
    if context.output.is_json() {
        context.output.document(&computers)?;
    } else {
        let row = |computer: &ComputerView| {
            let own = if computer.own { Cell::new("this one", Tone::Good) } else { "".into() };
            let since = computer.joined_at.parse().map_or_else(|_| computer.joined_at.clone(), moment);
            vec![called(computer).into(), own, since.into(), Cell::new(&*computer.key, Tone::Quiet)]
        };
        context.output.table(&["COMPUTER", "", "SINCE", "KEY"], &computers.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn add(context: &Context<'_>) -> Result<ExitCode, Error> {
    let invitation = context.with_app(|app| async move { app.add_computer().await })?;
    if context.output.is_json() {
        context.output.document(&invitation)?;
    } else {
        // Alone on standard output, so that a script can hand it on.
        context.output.line(&invitation.line)?;
        context.output.aside("For a computer of yours, within ten minutes, once. There: samepath join INVITATION");
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(context: &Context<'_>, named: &str) -> Result<ExitCode, Error> {
    let removed = context.with_app(|app| async move {
        let computer = meant(named, app.computers().await?)?;
        app.remove_computer(&computer.key).await?;
        Ok(computer)
    })?;
    if context.output.is_json() {
        context.output.document(&json!({ "removed": removed.name, "key": removed.key }))?;
    } else {
        context.output.line(&format!("{} is out of the lab. Your jobs go on.", called(&removed)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The one of this name or key. This computer leaves by itself, so that it forgets its key, too.
fn meant(named: &str, computers: Vec<ComputerView>) -> Result<ComputerView, Error> {
    let names: Vec<String> = computers.iter().map(called).collect();
    let is_it = |computer: &ComputerView| computer.key == named || computer.name.as_deref() == Some(named);
    let mut fit: Vec<ComputerView> = computers.into_iter().filter(is_it).collect();
    match (fit.pop(), fit.len()) {
        (Some(own), 0) if own.own => {
            let error = Error::new(ErrorCode::Usage, format!("{named} is {HERE}."));
            Err(error.with_hint("To take it out of the lab: samepath leave"))
        }
        (Some(one), 0) => Ok(one),
        (Some(last), _) => {
            let keys: Vec<&str> = fit.iter().chain([&last]).map(|computer| computer.key.as_str()).collect();
            let error = Error::new(ErrorCode::Usage, format!("{} computers are called {named}.", keys.len()));
            Err(error.with_hint(format!("Give the key of the one that is meant: {}.", keys.join(", "))))
        }
        (None, _) => {
            let error = Error::new(ErrorCode::InvalidParameter, format!("You have no computer {named} in this lab."));
            Err(error.with_hint(format!("Yours are: {}.", names.join(", "))))
        }
    }
}

fn called(computer: &ComputerView) -> String {
    computer.name.clone().unwrap_or_else(|| "a computer without a name".to_owned())
}
