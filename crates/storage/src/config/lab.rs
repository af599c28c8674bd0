//! The lab that this computer has joined: `[samepath.lab]`. A line for people; the key is elsewhere.

use super::own::{self, Own};
use super::text::{Text, in_order};
use super::{ConfigError, Place, Problem, check};
use std::collections::BTreeMap;

pub(super) const TABLE: &str = "lab";
/// As what a computer may have joined.
const PARTS: [&str; 2] = ["member", "worker"];

/// What the tables say, by part.
pub(super) fn of(text: &Text<'_>, computer: Option<&str>) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut found = BTreeMap::new();
    for above in own::tables(TABLE, computer) {
        let Some(table) = text.table(&above)? else { continue };
        for (name, value) in in_order(table) {
            let words = value.get_ref().as_str().unwrap_or_else(|| text.written(value));
            found.insert(name.get_ref().to_string(), words.to_owned());
        }
    }
    Ok(found)
}

/// A change, judged before anything is locked.
pub(super) fn well_formed(own: &Own<'_>) -> Result<(), ConfigError> {
    let named = if PARTS.contains(&own.key) { Ok(()) } else { Err(Problem::Missing) };
    let place = Place { file: None, line: None, key: own.name() };
    named.and_then(|()| own.value.map_or(Ok(()), check::one_line)).map_err(|problem| ConfigError::value(place, problem))
}
