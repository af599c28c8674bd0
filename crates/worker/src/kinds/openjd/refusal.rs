//! What the libraries say of a template that they refuse, as a sentence for whoever wrote it: where, and what is wrong.

use crate::kinds::TemplateError;
use openjd_model::ModelError;
use openjd_model::template::JobTemplate;
use samepath_storage::near;
use serde_json::Value;

/// The longest that is shown: what is refused is shown in tables.
const LONGEST: usize = 600;

/// The text is neither YAML nor JSON, or no list of keys.
pub(super) fn unreadable(text: &str, error: &ModelError) -> TemplateError {
    let said = error.to_string();
    let said = said.rsplit_once("key-value pairs.").map_or(said.as_str(), |(_, said)| said).trim();
    let detail = if text.trim().is_empty() {
        "it is empty".to_owned()
    } else if said.is_empty() {
        "it has no keys; a template begins with `specificationVersion: jobtemplate-2023-09`".to_owned()
    } else {
        // What follows is the text itself, with signs under it.
        syntax(said.lines().next().unwrap_or(said).trim_start_matches("error: "))
    };
    TemplateError::Syntax { detail: short(&detail) }
}

/// `line 5 column 8: …`, as YAML's reader says it, and `… at line 1 column 63`, as JSON's.
fn syntax(said: &str) -> String {
    let place = |place: &str| place.replacen(" column", ", column", 1);
    if let Some((at, what)) = said.split_once(": ").filter(|(at, _)| at.starts_with("line ")) {
        let what = if what.contains("mapping values are not allowed") {
            "a `:` where none can be; look at the spaces at the beginning of this line and of the one before"
        } else if what.contains("tab") {
            "a tab; write spaces instead"
        } else {
            what
        };
        return format!("{}: {what}", place(at));
    }
    match said.rsplit_once(" at line ") {
        Some((what, at)) => format!("{}: {what}", place(&format!("line {at}"))),
        None => said.to_owned(),
    }
}

/// It is not what the standard demands. Looks at the template again where the libraries do not say at which place.
pub(super) fn refused(document: &Value, error: ModelError) -> TemplateError {
    let (place, detail) = match error {
        ModelError::ModelValidation(errors) if !errors.errors.is_empty() => {
            let mut all = errors.errors.into_iter().map(|error| {
                let path = error.path.iter().fold(String::new(), |path, part| match part {
                    openjd_model::error::PathElement::Field(name) if path.is_empty() => name.clone(),
                    openjd_model::error::PathElement::Field(name) => format!("{path}.{name}"),
                    openjd_model::error::PathElement::Index(index) => format!("{path}[{index}]"),
                });
                let said = error.detail.map_or(error.message, |detail| detail.summary);
                (path, words(said.lines().next().unwrap_or_default()))
            });
            let (place, mut detail) = all.next().unwrap_or_default();
            for (place, more) in all {
                detail.push_str(&format!("; {}{more}", at(document, &place)));
            }
            (place, detail)
        }
        error => match serde_path_to_error::deserialize::<_, JobTemplate>(document) {
            Err(found) => {
                let path = found.path().to_string();
                let path = if path == "." { String::new() } else { path };
                let said = found.inner().to_string();
                // The key that there is not is said, and is no place.
                let key = said.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
                let above = key.and_then(|(key, _)| path.strip_suffix(key)?.strip_suffix('.').map(str::to_owned));
                (above.unwrap_or(path), words(said.lines().next().unwrap_or_default()))
            }
            Ok(_) => (String::new(), words(&error.to_string().lines().collect::<Vec<_>>().join(" "))),
        },
    };
    TemplateError::Invalid { place: at(document, &place), detail: short(&detail) }
}

/// The place as somebody looks for it: with the name of the parameter or the step that it is in.
fn at(document: &Value, path: &str) -> String {
    let named = path.split_once('[').and_then(|(list, rest)| {
        let index: usize = rest.split_once(']')?.0.parse().ok()?;
        document.get(list)?.get(index)?.get("name")?.as_str()
    });
    match (path, named) {
        ("", _) => String::new(),
        (path, Some(name)) => format!("{path} ({}): ", short(name)),
        (path, None) => format!("{path}: "),
    }
}

fn words(said: &str) -> String {
    if let Some((key, known)) = said.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected ")) {
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        return match near(key, &known) {
            Some(meant) => format!("it has no key {key}; {meant} may be meant"),
            None => format!("it has no key {key}, but {}", known.join(", ")),
        };
    }
    if let Some(key) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("it needs the key {key}");
    }
    if said.starts_with("missing 'type' field") {
        return "it needs the key type: STRING, INT, FLOAT or PATH, for example".to_owned();
    }
    if let Some(found) = said.strip_prefix("unknown parameter type: '").and_then(|rest| rest.strip_suffix('\'')) {
        let known = ["STRING", "INT", "FLOAT", "PATH", "BOOL", "RANGE_EXPR"];
        return match near(found, &known) {
            Some(meant) => format!("there is no type {found}; {meant} may be meant"),
            None => format!("there is no type {found}, but {}", known.join(", ")),
        };
    }
    if let Some((found, wanted)) = said.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        let (found, wanted) = (found.replacen("string ", "the text ", 1), plain(wanted));
        let found = match found.as_str() {
            "map" => "keys and values",
            "sequence" => "a list",
            "null" | "unit value" => "nothing",
            found => found,
        };
        return format!("{found} is written, where {wanted} is to be");
    }
    said.to_owned()
}

fn plain(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list",
        "a string" => "text",
        "a map" => "a list of keys and values",
        wanted if wanted.starts_with("struct ") => "a list of keys and values",
        wanted => wanted,
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= LONGEST { line } else { format!("{}…", &line[..line.floor_char_boundary(LONGEST)]) }
}
