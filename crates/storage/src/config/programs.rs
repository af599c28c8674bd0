//! Which program is meant where a job type names one.

use super::text::Text;
use super::{ConfigError, Problem, check};
use crate::{Environment, Platform};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml_edit::{Item, Key};

/// `[samepath.programs]`, and over it `[samepath.computers.THIS.programs]`. A bad value hides no other.
pub(super) fn of(
    text: &Text,
    environment: &Environment,
) -> Result<BTreeMap<String, Result<PathBuf, ConfigError>>, ConfigError> {
    let own = environment.computer.as_deref().map(|this| vec!["samepath", "computers", this, "programs"]);
    let mut found = BTreeMap::new();
    for above in std::iter::once(vec!["samepath", "programs"]).chain(own) {
        let Some(table) = text.table(&above)? else { continue };
        for (name, item) in table.iter() {
            let path: Vec<&str> = above.iter().copied().chain([name]).collect();
            found.insert(name.to_owned(), program(text, &path, table.key(name), item, environment));
        }
    }
    Ok(found)
}

fn program(
    text: &Text,
    path: &[&str],
    key: Option<&Key>,
    item: &Item,
    environment: &Environment,
) -> Result<PathBuf, ConfigError> {
    let value = item.as_str().ok_or_else(|| text.wrong_type(path, key, item, "a string"))?;
    check::base_path(value, environment.home.as_deref(), Platform::current()).map_err(|problem| {
        let problem = match problem {
            Problem::Relative { value } => Problem::RelativeProgram { value },
            problem => problem,
        };
        ConfigError::Value { place: text.place(path, text.line_of(key)), problem }
    })
}
