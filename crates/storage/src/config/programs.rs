//! Which program is meant where a job type names one.

use super::own::{self, Own};
use super::text::{Name, Text, Value, in_order};
use super::{ConfigError, Place, Problem, check};
use crate::{Environment, Platform};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) const TABLE: &str = "programs";

/// What the tables say. A bad value hides no other.
pub(super) fn of(
    text: &Text<'_>,
    environment: &Environment,
) -> Result<BTreeMap<String, Result<PathBuf, ConfigError>>, ConfigError> {
    let mut found = BTreeMap::new();
    for above in own::tables(TABLE, environment.computer.as_deref()) {
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
    whole(file, environment).map_err(|problem| ConfigError::value(text.place(path, text.line_of(key)), problem))
}

fn whole(value: &str, environment: &Environment) -> Result<PathBuf, Problem> {
    check::base_path(value, environment.home.as_deref(), Platform::current()).map_err(|problem| match problem {
        Problem::Relative { value } => Problem::RelativeProgram { value },
        problem => problem,
    })
}

/// A change, judged before anything is locked.
pub(super) fn well_formed(own: &Own<'_>, environment: &Environment) -> Result<(), ConfigError> {
    let named = if own.key.trim().is_empty() { Err(Problem::Missing) } else { check::one_line(own.key) };
    let path = || own.value.map_or(Ok(()), |path| whole(path, environment).map(drop));
    let place = Place { file: None, line: None, key: own.name() };
    named.and_then(|()| path()).map_err(|problem| ConfigError::value(place, problem))
}
