use crate::args::{Fields, StorageCommand};
use crate::output::{Cell, Output, Tone, size};
use crate::workers::interrupted;
use crate::{Context, block_on, doctor};
use samepath_app::view::{ErrorView, SameStorageView, StorageFields, StorageView};
use samepath_app::{Error, ErrorCode, Lab, LocalStorages, same_storage};
use samepath_storage::shell_word;
use samepath_wire::HERE;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, command: StorageCommand) -> Result<ExitCode, Error> {
    let Context { storages, output, .. } = context;
    match command {
        StorageCommand::Add { name, base_path, fields } => {
            // No name has a `/`: with the two the other way round it is as clear which is which.
            let (name, base_path) =
                if is_place(&name) && !is_place(&base_path) { (base_path, name) } else { (name, base_path) };
            // An empty path is no removal here.
            storages.absolute_only(&base_path)?;
            let fields = to_fields(Some(base_path), fields);
            let view = write(storages, fields, |fields| storages.add(&name, fields))?;
            written(output, &view, "Added", entry(&view))?;
        }
        StorageCommand::Set { name, base_path, fields } => {
            let fields = to_fields(base_path, fields);
            if fields == StorageFields::default() {
                let hint = "Say what: --base-path, --type, --user-subdir, --subpath, --description. An empty value removes it.";
                return Err(
                    Error::new(ErrorCode::Usage, format!("Nothing of {name} is to be changed.")).with_hint(hint)
                );
            }
            let before = storages.view(&name).ok();
            let view = write(storages, fields, |fields| storages.set(&name, fields))?;
            let changed = !before.is_some_and(|before| says_the_same(&before, &view));
            let mut told = entry(&view);
            if let Some(told) = told.as_object_mut() {
                told.insert("changed".to_owned(), json!(changed));
            }
            written(output, &view, if changed { "Changed" } else { "Nothing changed of" }, told)?;
        }
        StorageCommand::Remove { name } => {
            storages.remove(&name)?;
            if output.is_json() {
                output.document(&json!({ "removed": name }))?;
            } else {
                output.line(&format!("Removed {name}. No file on it was touched."))?;
            }
        }
        StorageCommand::Mark { name } => mark(context, name)?,
        StorageCommand::Copy { files, to } => return crate::copying::run(context, &files, to),
        StorageCommand::List => {
            storages.notice_moves();
            list(output, &storages.views())?;
        }
        StorageCommand::Suggest => crate::setup::suggest(context)?,
        StorageCommand::Check { name, with_workers } => {
            let views = storages.check(name.as_deref())?;
            let seen = if with_workers { ask_workers(context, &views)? } else { BTreeMap::new() };
            check(output, &views, &seen)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes what somebody says of a storage, and warns where they name a folder of theirs that is not there.
fn write(
    storages: &LocalStorages,
    fields: StorageFields,
    write: impl FnOnce(StorageFields) -> Result<StorageView, Error>,
) -> Result<StorageView, Error> {
    let names_folder = fields.user_subdir.is_some();
    let mut view = write(fields)?;
    view.warnings.extend(folder_missing(storages, &view).filter(|_| names_folder));
    Ok(view)
}

/// That the person's folder is not there. It is written all the same: it may be made later, and the storage may be away.
fn folder_missing(storages: &LocalStorages, view: &StorageView) -> Option<String> {
    let own = Some(&view.user_subdir).filter(|folder| !folder.is_empty())?;
    let error = storages.shown_folder(&view.name, true).err().filter(|error| error.code == ErrorCode::PathNotFound)?;
    let name = &view.name;
    let meant = error.instead.map(|meant| format!(" There is {meant}.")).unwrap_or_default();
    Some(format!(
        "{name} has no folder {own} on {HERE}.{meant} Make it, or name another: samepath storage set {name} --user-subdir FOLDER"
    ))
}

fn mark(context: &Context<'_>, name: Option<String>) -> Result<(), Error> {
    let Context { storages, output, .. } = context;
    let name = only(context, name, "Give its name:")?;
    let marked = storages.give_mark(&name)?;
    if output.is_json() {
        return output.document(&json!({ "name": name, "id": marked.id, "made": marked.made }));
    }
    if marked.made {
        output.line(&format!("Marked {name}: {}. Computers that see this mark have the same storage.", marked.id))
    } else {
        output.line(&format!("{name} has a mark already: {}. Nothing was changed.", marked.id))
    }
}

/// The storage that is named, or the only one there is; `ask` begins the hint that lists several.
pub(crate) fn only(context: &Context<'_>, name: Option<String>, ask: &str) -> Result<String, Error> {
    let views = context.storages.views();
    match (name, views.as_slice()) {
        (Some(name), _) => Ok(name),
        (None, [only]) => Ok(only.name.clone()),
        (None, []) => Err(Error::new(ErrorCode::BackendNotFound, "There is no storage here.")
            .with_hint("Add one: samepath storage add NAME FOLDER")),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|view| view.name.as_str()).collect();
            Err(Error::new(ErrorCode::Usage, "Which storage?").with_hint(format!("{ask} {}.", names.join(", "))))
        }
    }
}

/// Written as a folder is, and as no storage's name can be.
pub(crate) fn is_place(text: &str) -> bool {
    text.contains(['/', '\\']) || text.starts_with(['~', '.'])
}

fn to_fields(base_path: Option<String>, fields: Fields) -> StorageFields {
    let Fields { kind, user_subdir, subpath, description } = fields;
    StorageFields { base_path, kind, description, user_subdir, subpath }
}

fn says_the_same(one: &StorageView, other: &StorageView) -> bool {
    let said = |view: &StorageView| {
        let StorageView { base_path, kind, description, user_subdir, subpath, error, .. } = view.clone();
        (base_path, kind, description, user_subdir, subpath, error)
    };
    said(one) == said(other)
}

fn written(output: &Output, view: &StorageView, what: &str, told: Value) -> Result<(), Error> {
    if output.is_json() {
        return output.document(&told);
    }
    let at = view.base_path.as_deref().unwrap_or("?");
    output.line(&format!("{what} {}: on {HERE} at {at}. Written in {}.", view.name, view.source))?;
    for warning in &view.warnings {
        output.warning(warning);
    }
    Ok(())
}

/// A storage as `storage list --json` has it.
fn entry(view: &StorageView) -> Value {
    json!({
        "name": view.name,
        "base_path": view.base_path,
        "type": view.kind,
        "description": view.description,
        "user_subdir": view.user_subdir,
        "subpath": view.subpath,
        "source": view.source,
        "moved_to": view.moved.as_ref().map(|moved| &moved.to),
        "error": view.error,
        "warnings": view.warnings,
    })
}

/// A storage as `storage check --json` has it: `source` is the mount's then, and where it is configured moves to `configured_in`.
fn checked(view: &StorageView, seen: Option<&Result<Option<Vec<SameStorageView>>, Error>>) -> Value {
    let mut entry = entry(view);
    if let Some(fields) = entry.as_object_mut() {
        fields.insert("configured_in".to_owned(), json!(view.source));
        let health = view.health.as_ref();
        fields.insert("state".to_owned(), json!(health.map(|health| &health.state)));
        fields.insert("free_bytes".to_owned(), json!(health.and_then(|health| health.free_bytes)));
        fields.insert("total_bytes".to_owned(), json!(health.and_then(|health| health.total_bytes)));
        fields.insert("latency_ms".to_owned(), json!(health.and_then(|health| health.latency_ms)));
        fields.insert("file_system".to_owned(), json!(health.and_then(|health| health.file_system.as_ref())));
        fields.insert("source".to_owned(), json!(health.and_then(|health| health.source.as_ref())));
        fields.insert("id".to_owned(), json!(health.and_then(|health| health.id.as_ref())));
        fields.insert("warning".to_owned(), json!(health.and_then(|health| health.warning.as_ref())));
        fields.insert("detail".to_owned(), json!(health.and_then(|health| health.detail.as_ref())));
        match seen {
            Some(Ok(told)) => drop(fields.insert("workers".to_owned(), json!(told.as_deref().unwrap_or_default()))),
            Some(Err(error)) => drop(fields.insert("workers_error".to_owned(), json!(error.view()))),
            None => {}
        }
    }
    entry
}

fn list(output: &Output, views: &[StorageView]) -> Result<(), Error> {
    if output.is_json() {
        return output.document(&views.iter().map(entry).collect::<Vec<_>>());
    }
    if views.is_empty() {
        return output.line("No storage yet. Add one: samepath storage add NAME FOLDER");
    }
    let rows: Vec<Vec<Cell>> = views
        .iter()
        .map(|view| {
            let place = match (&view.base_path, &view.error) {
                (_, Some(_)) => Cell::new("✕ broken entry", Tone::Bad),
                (Some(path), None) => path.into(),
                (None, None) => "".into(),
            };
            let folder = if view.user_subdir.is_empty() { "–" } else { &view.user_subdir };
            vec![view.name.as_str().into(), place, folder.into(), Cell::new(&view.source, Tone::Quiet)]
        })
        .collect();
    output.table(&["STORAGE", "ON THIS COMPUTER AT", "YOUR FOLDER", "WRITTEN IN"], &rows)?;
    troubles(output, views, |_| None)?;
    moves(output, views)
}

/// What is wrong with how storages are configured, with its mend, and what else there is to say of each.
fn troubles(
    output: &Output,
    views: &[StorageView],
    otherwise: impl Fn(&StorageView) -> Option<String>,
) -> Result<(), Error> {
    for view in views {
        let detail = match &view.error {
            Some(ErrorView { message, hint: Some(hint), .. }) => Some(format!("{}: {message}: {hint}", view.name)),
            Some(ErrorView { message, .. }) => Some(format!("{}: {message}", view.name)),
            None => otherwise(view),
        };
        for line in detail.iter().chain(&view.warnings) {
            output.line(line)?;
        }
    }
    Ok(())
}

/// Which storages are elsewhere now, and what to do about it.
fn moves(output: &Output, views: &[StorageView]) -> Result<(), Error> {
    for (view, moved) in views.iter().filter_map(|view| Some((view, view.moved.as_ref()?))) {
        output.line(&moved.sentence)?;
        output.line(&format!(
            "  Use the new place: samepath storage set {} --base-path {}",
            view.name,
            shell_word(&moved.to)
        ))?;
    }
    Ok(())
}

/// What workers say of each storage that can be read.
type Seen = BTreeMap<String, Result<Option<Vec<SameStorageView>>, Error>>;

/// Whether the workers online see the person's folder of these storages; ends early, and leaves nothing behind, at Ctrl-C.
fn ask_workers(context: &Context<'_>, views: &[StorageView]) -> Result<Seen, Error> {
    block_on(async {
        let lab = Lab::join(&context.options).await;
        let ask = async {
            let mut seen = Seen::new();
            for view in views.iter().filter(|view| view.health.as_ref().is_some_and(|health| health.is_readable())) {
                seen.insert(view.name.clone(), lab.same_configured(&context.storages, &view.name).await);
            }
            seen
        };
        let stop = async {
            interrupted().await;
            lab.leave().await;
            std::future::pending::<()>().await;
        };
        let seen = tokio::select! {
            seen = ask => seen,
            () = stop => Seen::new(),
        };
        lab.leave().await;
        Ok(seen)
    })
}

fn check(output: &Output, views: &[StorageView], seen: &Seen) -> Result<(), Error> {
    if output.is_json() {
        return output.document(&views.iter().map(|view| checked(view, seen.get(&view.name))).collect::<Vec<_>>());
    }
    if views.is_empty() {
        return output.line("No storage yet. Add one: samepath storage add NAME FOLDER");
    }
    let rows: Vec<Vec<Cell>> = views.iter().map(check_row).collect();
    output.table(&["STORAGE", "STATE", "FREE", "ON THIS COMPUTER AT"], &rows)?;
    troubles(output, views, |view| {
        let health = view.health.as_ref().filter(|health| health.state != "ready")?;
        health.detail.clone()
    })?;
    for warning in views.iter().filter_map(|view| view.health.as_ref()?.warning.as_ref()) {
        output.line(warning)?;
    }
    moves(output, views)?;
    for (name, told) in seen {
        output.pieces(&[(name, Tone::Quiet)])?;
        match told {
            Ok(None) => output.line("  No worker is online to be asked. Start one: samepath worker")?,
            Ok(Some(told)) => {
                same_storage::findings(name, told).iter().try_for_each(|finding| doctor::line(output, finding))?;
            }
            Err(error) => output.line(&format!("  {}", error.message))?,
        }
    }
    Ok(())
}

fn check_row(view: &StorageView) -> Vec<Cell> {
    let state = match (&view.error, &view.health) {
        (Some(_), _) => Cell::new("✕ broken entry", Tone::Bad),
        (None, Some(health)) => match health.state.as_str() {
            "ready" => Cell::new("✓ ready", Tone::Good),
            "read_only" => Cell::new("⚠ read-only", Tone::Warn),
            "full" => Cell::new("⚠ full", Tone::Warn),
            "unknown" => Cell::new("○ not known", Tone::Quiet),
            _ => Cell::new(format!("✕ {}", health.words), Tone::Bad),
        },
        (None, None) => Cell::new("○ not known", Tone::Quiet),
    };
    let free = match view.health.as_ref().map(|health| (health.free_bytes, health.total_bytes)) {
        Some((Some(free), Some(total))) => format!("{} of {}", size(free), size(total)),
        _ => "–".to_owned(),
    };
    vec![view.name.as_str().into(), state, free.into(), view.base_path.as_deref().unwrap_or("–").into()]
}
