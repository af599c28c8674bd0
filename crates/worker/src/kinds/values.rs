use super::openjd;
use crate::tool;
use samepath_wire::{Kind, Parameter, ParameterType, PathValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// No text value is longer; the system's own limit for one argument is twice as much.
const MAX_TEXT: usize = 64 * 1024;
/// No list is longer.
const MAX_ITEMS: usize = 10_000;
/// Of names such as `RUN_NAME`.
const MAX_NAME: usize = 64;

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The parameter's name, so that a form can mark the field.
    pub parameter: String,
    /// What is wrong and what is right, without the parameter's name.
    pub message: String,
}

/// Everything that is wrong with a job's values; at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{}: {}", if index > 0 { "; " } else { "" }, problem.parameter, problem.message)?;
        }
        Ok(())
    }
}

impl Problems {
    /// For programs: `invalid_parameter`.
    pub fn code(&self) -> &'static str {
        "invalid_parameter"
    }

    /// What to do, where these are values for a kind of that name.
    pub fn hint(&self, kind: &str) -> String {
        format!("All that it takes: samepath kinds {kind}")
    }
}

/// Checks a job's values against a kind's definitions: all of them, so that a form can mark every field at once.
///
/// Pure, and needs only the public side of the kind: the submitting side and the worker apply this one rule. Whether a path
/// exists is not asked here. A text parameter whose name ends in `_NAME` takes `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`; the built-in kinds
/// have further rules, of their tools.
///
/// # Errors
/// Every problem, those of known parameters first: of each, the template's before a tool's.
pub fn check_values(kind: &Kind, values: &BTreeMap<String, Value>) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for parameter in &kind.parameters {
        let found = match (values.get(&parameter.name), &parameter.default) {
            (Some(value), _) => check(parameter, value),
            (None, Some(_)) => Ok(()),
            (None, None) => Err("needs a value".to_owned()),
        };
        if let Err(message) = found {
            problems.push(Problem { parameter: parameter.name.clone(), message });
        }
    }
    for problem in tool::problems(kind, values) {
        if !problems.iter().any(|known: &Problem| known.parameter == problem.parameter) {
            problems.push(problem);
        }
    }
    for name in values.keys().filter(|name| !kind.parameters.iter().any(|parameter| parameter.name == **name)) {
        let known: Vec<&str> = kind.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let message = if known.is_empty() {
            format!("{} takes no parameters", kind.name)
        } else {
            format!("{} has no such parameter; it has {}", kind.name, known.join(", "))
        };
        problems.push(Problem { parameter: shorten(name), message });
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// What is wrong, as text without the parameter's name.
type Found = Result<(), String>;

fn check(parameter: &Parameter, value: &Value) -> Found {
    if parameter.is_path() || is_path_list(parameter) {
        let value = path_value(parameter, value)?;
        if let PathValue::List(items) = &value {
            check_length(items.len(), &parameter.rest, "entries")?;
        }
        return Ok(());
    }
    match type_name(parameter) {
        "STRING" if parameter.name.ends_with("_NAME") => {
            check_one("STRING", value, &parameter.rest)?;
            value.as_str().map_or(Ok(()), check_name)
        }
        kind => match kind.strip_prefix("LIST[").and_then(|rest| rest.strip_suffix(']')) {
            Some(of) => check_list(of, value, &parameter.rest),
            None => check_one(kind, value, &parameter.rest),
        },
    }
}

fn check_list(of: &str, value: &Value, limits: &Map<String, Value>) -> Found {
    let Some(items) = value.as_array() else { return Err(format!("takes a list, not {}", shown(value))) };
    if items.len() > MAX_ITEMS {
        return Err(format!("has {} entries; {MAX_ITEMS} at most", items.len()));
    }
    check_length(items.len(), limits, "entries")?;
    let none = Map::new();
    let limits = limits.get("item").and_then(Value::as_object).unwrap_or(&none);
    for (index, item) in items.iter().enumerate() {
        let found = match of.strip_prefix("LIST[").and_then(|rest| rest.strip_suffix(']')) {
            Some(of) => check_list(of, item, limits),
            None => check_one(of, item, limits),
        };
        found.map_err(|message| format!("entry {}: {message}", index + 1))?;
    }
    Ok(())
}

fn check_one(kind: &str, value: &Value, limits: &Map<String, Value>) -> Found {
    match kind {
        "STRING" => {
            let Some(text) = value.as_str() else { return Err(format!("takes text, not {}", shown(value))) };
            if text.contains('\0') {
                return Err("contains a NUL character".to_owned());
            }
            if text.len() > MAX_TEXT {
                return Err(format!("has {} bytes; {MAX_TEXT} at most", text.len()));
            }
            check_length(text.chars().count(), limits, "characters")?;
            check_allowed(limits, shown(value), |allowed| allowed.as_str() == Some(text))
        }
        "INT" => {
            let Some(number) = integer(value) else {
                return Err(format!("takes a whole number, not {}", shown(value)));
            };
            let limit = |key| limits.get(key).and_then(integer);
            check_range(number, limit("minValue"), limit("maxValue"))?;
            check_allowed(limits, number, |allowed| integer(allowed) == Some(number))
        }
        "FLOAT" => {
            let Some(value) = number(value) else {
                let endless = value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok());
                let wanted = if endless { "a finite number" } else { "a number" };
                return Err(format!("takes {wanted}, not {}", shown(value)));
            };
            let limit = |key| limits.get(key).and_then(number);
            check_range(value, limit("minValue"), limit("maxValue"))?;
            check_allowed(limits, value, |allowed| number(allowed) == Some(value))
        }
        "BOOL" => match truth(value) {
            Some(_) => Ok(()),
            None => Err(format!("takes true or false, not {}", shown(value))),
        },
        "RANGE_EXPR" => match value.as_str() {
            Some(text) if text.len() <= MAX_TEXT && openjd::expr_value(value, kind).is_some() => {
                check_length(text.chars().count(), limits, "characters")
            }
            _ => Err(format!("takes numbers such as 1-10 or 1,3,5-9:2, not {}", shown(value))),
        },
        other => Err(format!("is of type {other}, which this version does not know")),
    }
}

fn check_length(length: usize, limits: &Map<String, Value>, of: &str) -> Found {
    let limit = |key| limits.get(key).and_then(integer).and_then(|limit| usize::try_from(limit).ok());
    match (limit("minLength"), limit("maxLength")) {
        (Some(least), _) if length < least => Err(format!("has {length} {of}; {least} at least")),
        (_, Some(most)) if length > most => Err(format!("has {length} {of}; {most} at most")),
        _ => Ok(()),
    }
}

fn check_range<N: PartialOrd + fmt::Display>(value: N, least: Option<N>, most: Option<N>) -> Found {
    match (least, most) {
        (Some(least), _) if value < least => Err(format!("is {value}; {least} at least")),
        (_, Some(most)) if value > most => Err(format!("is {value}; {most} at most")),
        _ => Ok(()),
    }
}

fn check_allowed(limits: &Map<String, Value>, value: impl fmt::Display, is: impl Fn(&Value) -> bool) -> Found {
    let Some(allowed) = limits.get("allowedValues").and_then(Value::as_array) else { return Ok(()) };
    if allowed.iter().any(is) {
        return Ok(());
    }
    let mut choices: Vec<String> = allowed.iter().take(12).map(shown).collect();
    if allowed.len() > choices.len() {
        choices.push("…".to_owned());
    }
    Err(format!("is {value}; it may be {}", choices.join(", ")))
}

fn check_name(name: &str) -> Found {
    let fits = name.len() <= MAX_NAME
        && name
            .bytes()
            .enumerate()
            .all(|(index, byte)| byte.is_ascii_alphanumeric() || (index > 0 && matches!(byte, b'.' | b'_' | b'-')));
    if fits && !name.is_empty() {
        return Ok(());
    }
    Err(format!(
        "is {}; a name begins with a letter or digit, goes on with those and . _ -, and has {MAX_NAME} characters at most",
        shown(&Value::from(name))
    ))
}

/// The standard's word for a parameter's type.
pub(crate) fn type_name(parameter: &Parameter) -> &str {
    match &parameter.kind {
        ParameterType::String => "STRING",
        ParameterType::Int => "INT",
        ParameterType::Float => "FLOAT",
        ParameterType::Path => "PATH",
        ParameterType::Other(other) => other,
    }
}

/// Whether values are lists of storage paths.
pub(crate) fn is_path_list(parameter: &Parameter) -> bool {
    parameter.is_path_list()
}

/// The storage path, or the list of them, that a value means.
pub(crate) fn path_value(parameter: &Parameter, value: &Value) -> Result<PathValue, String> {
    let one = |value: &Value| match serde_json::from_value(value.clone()) {
        _ if value.is_array() => Err(format!("takes one storage path, not {}", shown(value))),
        Ok(PathValue::List(_)) | Err(_) => {
            Err(format!("takes a storage path: text, or storage_backend, user_subdir and path; not {}", shown(value)))
        }
        Ok(path) => {
            let text = match &path {
                PathValue::Relative(path) => path.len(),
                PathValue::Full(at) => at.storage_backend.len() + at.user_subdir.len() + at.path.len(),
                PathValue::List(_) => 0,
            };
            if text > MAX_TEXT { Err(format!("has {text} bytes; {MAX_TEXT} at most")) } else { Ok(path) }
        }
    };
    if !is_path_list(parameter) {
        return one(value);
    }
    let Some(items) = value.as_array() else {
        return Err(format!("takes a list of storage paths, not {}", shown(value)));
    };
    if items.len() > MAX_ITEMS {
        return Err(format!("has {} entries; {MAX_ITEMS} at most", items.len()));
    }
    let items = items
        .iter()
        .enumerate()
        .map(|(index, item)| one(item).map_err(|message| format!("entry {}: {message}", index + 1)));
    Ok(PathValue::List(items.collect::<Result<_, _>>()?))
}

/// A whole number, also as text (`-p EPOCHS=50`) and as `50.0`.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64()?;
            // 2^53: beyond it a float no longer says which whole number was meant.
            (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A finite number, also as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// True or false, also in the standard's other words.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(_) => match integer(value) {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A value as a message shows it: short, and on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null => "nothing".to_owned(),
        other => shorten(&other.to_string()),
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
