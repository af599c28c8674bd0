//! Which program is meant where a job type names one.

use super::text::{Name, Text, Value, dotted, in_order};
use super::{Config, ConfigError, Place, Problem, check, edit};
use crate::{Environment, Platform};
use std::collections::BTreeMap;
use std::path::PathBuf;

const SHARED: [&str; 2] = ["samepath", "programs"];

/// The tables that name programs, each over the one before it: `[samepath.programs]`, `[samepath.computers.THIS.programs]`.
fn tables(computer: Option<&str>) -> impl DoubleEndedIterator<Item = Vec<&str>> {
    let own = computer.map(|this| vec!["samepath", "computers", this, "programs"]);
    std::iter::once(SHARED.to_vec()).chain(own)
}

/// What they say. A bad value hides no other.
pub(super) fn of(
    text: &Text<'_>,
    environment: &Environment,
) -> Result<BTreeMap<String, Result<PathBuf, ConfigError>>, ConfigError> {
    let mut found = BTreeMap::new();
    for above in tables(environment.computer.as_deref()) {
        let Some(table) = text.table(&above)? else { continue };
        for (name, value) in in_order(table) {
            let path: Vec<&str> = above.iter().copied().chain([name.get_ref().as_ref()]).collect();
            found.insert(name.get_ref().to_string(), program(text, &path, name, value, environment));
        }
    }
    Ok(found)
}

fn program(
    text: &Text<'_>,
    path: &[&str],
    key: &Name<'_>,
    value: &Value<'_>,
    environment: &Environment,
) -> Result<PathBuf, ConfigError> {
    let file = value.get_ref().as_str().ok_or_else(|| text.wrong_type(path, key, value, "a string"))?;
    whole(file, environment)
        .map_err(|problem| ConfigError::Value { place: text.place(path, text.line_of(key)), problem })
}

fn whole(value: &str, environment: &Environment) -> Result<PathBuf, Problem> {
    check::base_path(value, environment.home.as_deref(), Platform::current()).map_err(|problem| match problem {
        Problem::Relative { value } => Problem::RelativeProgram { value },
        problem => problem,
    })
}

fn key(name: &str) -> String {
    dotted(&[SHARED[0], SHARED[1], name])
}

/// A change's name and path, judged before anything is locked.
pub(super) fn well_formed(name: &str, path: Option<&str>, environment: &Environment) -> Result<(), ConfigError> {
    let named = if name.trim().is_empty() { Err(Problem::Missing) } else { check::one_line(name) };
    let path = || path.map_or(Ok(()), |path| whole(path, environment).map(drop));
    let place = Place { file: None, line: None, key: key(name) };
    named.and_then(|()| path()).map_err(|problem| ConfigError::Value { place, problem })
}

/// The path in force, in words.
fn effective(text: &Text<'_>, name: &str, computer: Option<&str>) -> Option<String> {
    let mut tables = tables(computer).rev();
    let value = tables.find_map(|above| text.table(&above).ok().flatten()?.get(name))?;
    Some(value.get_ref().as_str().unwrap_or_else(|| text.written(value)).to_owned())
}

/// Refuses what would undo what somebody did since the configuration was read.
pub(super) fn compare(
    config: &Config,
    (then, now): (&Text<'_>, &Text<'_>),
    (name, yours): (&str, Option<&str>),
    computer: Option<&str>,
) -> Result<(), ConfigError> {
    if !config.file.trusts_samepath_table() {
        return Err(ConfigError::NotRead { file: config.file.path.clone(), key: key(name) });
    }
    let theirs = effective(now, name, computer);
    if effective(then, name, computer) == theirs || theirs.as_deref() == yours {
        return Ok(());
    }
    let (file, yours) = (config.file.path.clone(), yours.map(str::to_owned));
    Err(ConfigError::Changed { file, key: key(name), theirs, yours })
}

/// The text in which the program has that path: in this computer's own table where it is named there, else in the one for all.
pub(super) fn edited(
    text: &Text<'_>,
    (name, path): (&str, Option<&str>),
    computer: Option<&str>,
) -> Result<String, ConfigError> {
    let mut named: Vec<Vec<&str>> = tables(computer).filter(|above| holds(text, above, name)).collect();
    let Some(path) = path else {
        let mut new = text.raw().to_owned();
        for above in named {
            new = edit::set(&Text::parse(text.file, &new)?, &above, name, None)?;
        }
        return Ok(new);
    };
    if effective(text, name, computer).as_deref() == Some(path) {
        return Ok(text.raw().to_owned());
    }
    let above = named.pop().unwrap_or_else(|| SHARED.to_vec());
    edit::put(text, &above, name, path)
}

fn holds(text: &Text<'_>, above: &[&str], name: &str) -> bool {
    text.table(above).ok().flatten().is_some_and(|table| table.contains_key(name))
}

/// Whether the text says what was asked for.
pub(super) fn says(text: &Text<'_>, (name, path): (&str, Option<&str>), computer: Option<&str>) -> bool {
    effective(text, name, computer).as_deref() == path
}

/// Every place that a change of the program may touch.
pub(super) fn places(name: &str, computer: Option<&str>) -> Vec<Vec<String>> {
    let place = |above: Vec<&str>| above.into_iter().chain([name]).map(str::to_owned).collect();
    tables(computer).map(place).collect()
}
