use crate::Context;
use crate::args::Resolve;
use samepath_app::{Error, ErrorCode};
use samepath_storage::{Backend, Match, Purpose, named, shell_word};
use samepath_wire::{DEFAULT_BACKEND, HERE, StoragePath};
use serde_json::json;
use std::process::ExitCode;

/// Local path → storage path.
pub(crate) fn locate(context: &Context<'_>, path: &str) -> Result<ExitCode, Error> {
    let Context { storages, output, .. } = context;
    let located = storages.locate_typed(path).map_err(|error| {
        if let Some(at) = storages.parse(path) {
            let slashed = at.ok().and_then(|at| storages.storages().written_plainly(&at)).map(|at| at.to_string());
            let path = slashed.as_deref().unwrap_or(path);
            return error.or_rather(&[ErrorCode::PathNotFound], || {
                format!("this is a storage path; where it is on {HERE} says `samepath resolve {}`", shell_word(path))
            });
        }
        match storages.nearly_on_storage(path) {
            Some(at) => error.or_rather(&[ErrorCode::PathNotFound], || {
                let at = shell_word(&at.to_string());
                format!("if a storage path is meant: where it is on {HERE} says `samepath resolve {at}`")
            }),
            None => error,
        }
    })?;
    if output.is_json() {
        output.document(&json!({
            "storage_backend": located.at.storage_backend,
            "user_subdir": located.at.user_subdir,
            "path": located.at.path,
            "skipped": located.skipped,
        }))?;
    } else {
        output.line(&located.at.to_string())?;
        for name in &located.skipped {
            output.aside(&format!("note: {name} does not answer and was not looked at"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Storage path → local path.
pub(crate) fn resolve(context: &Context<'_>, question: &Resolve) -> Result<ExitCode, Error> {
    let Context { storages, output, .. } = context;
    let purpose = if question.output { Purpose::Output } else { Purpose::Input };
    let resolved = address(context, question).and_then(|at| storages.resolve(&at, purpose)).map_err(|error| {
        let elsewhere = || storages.foreign(&question.path, None);
        if let (ErrorCode::BackendNotFound | ErrorCode::PathRefused | ErrorCode::PathNotFound, Some(foreign)) =
            (error.code, elsewhere())
        {
            return foreign;
        }
        if !is_local(&question.path) {
            return error;
        }
        error.or_rather(&[ErrorCode::BackendNotFound, ErrorCode::PathRefused, ErrorCode::PathNotFound], || {
            let path = shell_word(&question.path);
            format!("this is a path of {HERE}; on which storage it is says `samepath locate {path}`")
        })
    })?;
    if output.is_json() {
        output.document(&json!({ "path": resolved.path, "matched": resolved.matched }))?;
    } else {
        output.line(&resolved.path.display().to_string())?;
        match resolved.matched {
            Match::Exact => {}
            Match::Normalization => output.aside("note: a name is written in another Unicode form there"),
            Match::Case => output.aside("note: a name differs in upper and lower case there"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn address(context: &Context<'_>, question: &Resolve) -> Result<StoragePath, Error> {
    let storages = context.storages.storages();
    let folder = |backend: &str| match &question.user_subdir {
        Some(given) => bare(given).to_owned(),
        None => storages.get(backend).map(Backend::user_subdir_below_root).unwrap_or_default(),
    };
    let apart = |backend: &str, rest: &str| StoragePath::new(backend, folder(backend), bare(rest));
    if let Some(backend) = &question.storage_backend {
        let known = |name: &str| context.storages.views().iter().any(|view| view.name == name);
        match named(&question.path) {
            // The name is said twice.
            Some((name, _)) if name == backend => {}
            Some((name, _)) if known(name) => {
                let told = format!("--storage-backend says {backend}, and the path says {name}.");
                return Err(
                    Error::new(ErrorCode::Usage, told).with_hint("Leave --storage-backend out, or mend the path.")
                );
            }
            _ => return Ok(apart(backend, &question.path)),
        }
    }
    match (context.storages.parse(&question.path), named(&question.path)) {
        // A folder that is named apart: the text after the storage's name is the rest.
        (Some(parsed), None) => parsed,
        (Some(parsed), Some(_)) if question.user_subdir.is_none() => parsed,
        (_, Some((backend, rest))) => Ok(apart(backend, rest)),
        (None, None) if storages.get(DEFAULT_BACKEND).is_err() => {
            let error = match question.path.as_str() {
                "" => Error::new(ErrorCode::InvalidParameter, "The path is empty."),
                path => Error::new(ErrorCode::BackendNotFound, format!("`{path}` does not say on which storage.")),
            };
            Err(match context.storages.retyped(&question.path) {
                Some(meant) => error.with_hint(format!("Write `{meant}`, if that is meant.")),
                None => error.with_hint("Write it as NAME:rest, or give --storage-backend NAME."),
            })
        }
        (None, None) => Ok(apart(DEFAULT_BACKEND, &question.path)),
    }
}

/// Written as only a path of this computer is.
fn is_local(text: &str) -> bool {
    let drive = matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    drive || ["/", "~", "./", "../", r"\\"].iter().any(|start| text.starts_with(start))
}

/// A path without the slashes at its end, which a shell's completion leaves. One that is nothing else stays, to be refused.
fn bare(text: &str) -> &str {
    match text.trim_end_matches('/') {
        "" => text,
        bare => bare,
    }
}
