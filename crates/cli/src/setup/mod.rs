//! The window's wizard, in a terminal: a line is asked, a line is answered.
//!
//! Nothing is written before the last question of a storage, so that Ctrl-C, or the end of the answers, leaves everything as it was.

mod interrupt;
mod one;
mod talk;
mod words;

use crate::output::{Cell, Tone};
use crate::{Context, block_on};
use interrupt::Interrupt;
use one::{Next, Wizard};
use samepath_app::view::{FindingState, HealthView, StorageView, SuggestionView};
use samepath_app::{Error, ErrorCode, Lab, LabStorage, workers_words};
use samepath_wire::HERE;
use serde_json::{Value, json};
use std::process::ExitCode;
use talk::{Stop, Talk};
use words::{how_to_connect, state_words};

/// Storages that this computer has and the configuration does not name.
pub(crate) fn suggest(context: &Context<'_>) -> Result<(), Error> {
    let Context { options, storages, output } = context;
    let lab = block_on(async {
        let lab = Lab::join(options).await;
        let uses = lab.storages();
        lab.leave().await;
        Ok(uses)
    })?;
    let found = storages.suggestions(&options.member, &lab);
    if output.is_json() {
        return output.document(&found);
    }
    if found.is_empty() {
        output.line("No share is mounted here that is not set up yet. If the storage is a folder: samepath storage add NAME FOLDER")?;
    } else {
        let rows: Vec<Vec<Cell>> = found.iter().map(row).collect();
        output.table(&["STORAGE", "ON THIS COMPUTER AT", "YOUR FOLDER", "STATE", "WHY"], &rows)?;
    }
    for missing in storages.not_connected(&lab, &found) {
        let from = missing.shares.first().map(|share| format!(" from {share}")).unwrap_or_default();
        let by = match missing.workers.as_slice() {
            [] => String::new(),
            workers => format!(" ({}{from})", workers_words(workers)),
        };
        let (name, how) = (&missing.name, how_to_connect(&missing));
        output.line(&format!("The lab also uses {name}{by}. It is not connected here. {how}."))?;
    }
    if found.is_empty() {
        return Ok(());
    }
    output.line("Take them over one by one: samepath setup")
}

fn row(it: &SuggestionView) -> Vec<Cell> {
    let tone = if it.state == "ready" { Tone::Good } else { Tone::Warn };
    let why = match &it.lab {
        Some(of_lab) => format!("{}; {}", of_lab.words, it.source),
        None => it.source.clone(),
    };
    vec![
        it.name.as_str().into(),
        it.base_path.as_str().into(),
        it.user_subdir.as_deref().unwrap_or("–").into(),
        Cell::new(&it.words, tone),
        Cell::new(&why, Tone::Quiet),
    ]
}

/// Asks for the lab's storages, one after the other, and writes each. With `from`, for those of one worker.
pub(crate) fn run(context: &Context<'_>, take_suggestions: bool, from: &[String]) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The program cannot start its threads: {error}.")))?;
    let lab = std::sync::Arc::new(runtime.block_on(Lab::join(options)));
    let interrupt = Interrupt::watch(&runtime, lab.clone());
    let talk = Talk::new(output, take_suggestions);
    let (member, of_lab) = (&options.member, options.folder_of_lab());
    let mut wizard = Wizard { talk, storages, lab: &lab, runtime: &runtime, interrupt: &interrupt, member, of_lab };
    let ended = converse(&mut wizard, from).and_then(|written| {
        let talk = &wizard.talk;
        finish(context, talk, &lab, &written)
    });
    runtime.block_on(lab.leave());
    runtime.shutdown_background();
    ended
}

fn converse(wizard: &mut Wizard<'_>, from: &[String]) -> Result<Vec<StorageView>, Error> {
    let only = match from {
        [] => None,
        [what, name] if what == "worker" => Some(wizard.lab.storages_of(name)?),
        _ => {
            return Err(Error::new(ErrorCode::Usage, "Names can be copied from a worker alone.")
                .with_hint("For example: samepath setup --from worker gpu-1"));
        }
    };
    wizard.talk.say(
        "Samepath setup. A storage is written down only when you have seen it and said yes; Ctrl-C leaves everything as it was.",
    )?;
    present(wizard)?;
    let mut written = Vec::new();
    let ended = match &only {
        Some(lab) => copy(wizard, lab, &mut written),
        None => add(wizard, &mut written),
    };
    match ended {
        Ok(()) => Ok(written),
        // With something written, no more answers are a way to say that this is all.
        Err(Stop::NoAnswer) if !written.is_empty() => Ok(written),
        Err(Stop::NoAnswer) => {
            let why = if wizard.talk.is_alone() {
                "What is suggested here is not enough to set up a storage. Nothing was written."
            } else {
                "The answers ended before everything was asked. Nothing was written."
            };
            let hint = "Run it in a terminal: samepath setup. Or: samepath storage add NAME FOLDER";
            Err(Error::new(ErrorCode::InvalidParameter, why).with_hint(hint))
        }
        Err(Stop::Error(error)) => Err(error),
    }
}

/// One storage after the other, until the person wants no further one.
fn add(wizard: &mut Wizard<'_>, written: &mut Vec<StorageView>) -> Result<(), Stop> {
    let lab = wizard.lab.storages();
    let mut left = Vec::new();
    loop {
        wizard.talk.next_storage();
        let here = wizard.storages.suggestions(wizard.member, &lab);
        let missing = wizard.storages.not_connected(&lab, &here);
        match wizard.next(&here, &missing, &left)? {
            Next::Written(view) => written.push(*view),
            Next::Left(base_path) => left.push(base_path),
            Next::Enough => return Ok(()),
        }
    }
}

/// Those of one worker, by its names; what is here already stays.
fn copy(wizard: &mut Wizard<'_>, lab: &[LabStorage], written: &mut Vec<StorageView>) -> Result<(), Stop> {
    for storage in lab {
        if let Ok(view) = wizard.storages.view(&storage.name) {
            if storage.is_another(view.mark.as_deref()) {
                let (name, at) = (&view.name, view.base_path.as_deref().unwrap_or("?"));
                wizard.talk.say(&format!(
                    "\n{name} at {at} is another storage than the {name} of {}: it carries another mark. Give it another name \
                     first: samepath storage add OTHER {at}, then samepath storage remove {name}",
                    storage.workers.join(", ")
                ))?;
            }
            continue;
        }
        wizard.talk.next_storage();
        let here = wizard.storages.suggestions(wizard.member, lab);
        written.extend(wizard.of_lab(&storage.view(), &here)?);
    }
    Ok(())
}

fn finish(context: &Context<'_>, talk: &Talk<'_>, lab: &Lab, written: &[StorageView]) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    if output.is_json() {
        let storages: Vec<Value> = written
            .iter()
            .map(|view| json!({ "name": view.name, "base_path": view.base_path, "type": view.kind, "user_subdir": view.user_subdir, "source": view.source }))
            .collect();
        output.document(&storages)?;
        return Ok(ExitCode::SUCCESS);
    }
    let views = storages.views();
    let Some(view) = written.last().or(views.first()) else {
        talk.say("No storage yet. Whenever you know where it is: samepath setup")?;
        return Ok(ExitCode::SUCCESS);
    };
    let folder = if view.user_subdir.is_empty() { String::new() } else { format!("{}/", view.user_subdir) };
    let name = &view.name;
    let shared = match lab.with(name) {
        0 => String::new(),
        1 => format!(" 1 worker has {name}, too."),
        several => format!(" {several} workers have {name}, too."),
    };
    let is_readable = |view: &StorageView| view.health.as_ref().is_some_and(HealthView::is_readable);
    let connected = storages.check(Some(name)).is_ok_and(|views| views.iter().all(is_readable));
    match storages.try_own(name) {
        Ok(_) if !connected => {
            talk.say(&format!(
                "{name} is written down, and cannot be read now.{shared} Once it is connected: samepath setup"
            ))?;
        }
        Ok(_) => talk
            .say(&format!("Ready.{shared} Now choose a dataset: samepath dataset {name}:{folder}PROJECT/labels.slp"))?,
        Err(error) => {
            talk.say(&format!("{name} is written down, and not ready.{shared}"))?;
            talk.complain(&error)?;
        }
    }
    let work = if options.may_work() { format!("Run jobs on {HERE}, too: samepath worker. ") } else { String::new() };
    talk.say(&format!("{work}See whether all is well: samepath doctor"))?;
    Ok(ExitCode::SUCCESS)
}

/// What is there already.
fn present(wizard: &Wizard<'_>) -> Result<(), Error> {
    let views = wizard.storages.check(None)?;
    if views.is_empty() {
        return Ok(());
    }
    let file = wizard.storages.file().path.display();
    wizard.talk.say(&format!("\nHere already, in {file}:"))?;
    for view in views {
        let folder = if view.user_subdir.is_empty() { "none".to_owned() } else { view.user_subdir.clone() };
        let (name, at) = (&view.name, view.base_path.as_deref().unwrap_or("?"));
        wizard.talk.say(&format!("  {name} at {at} · your folder {folder} · {}", state_words(&view)))?;
        match wizard.storages.try_own(name) {
            Ok(findings) => {
                let bad = findings.iter().filter(|finding| finding.state != FindingState::Good);
                bad.filter(|finding| finding.mend.is_some()).try_for_each(|finding| wizard.talk.finding(finding))?;
            }
            Err(error) => wizard.talk.complain(&error)?,
        }
    }
    Ok(())
}
