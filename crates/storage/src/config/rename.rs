//! Another name for a table: wherever the text writes it, and nothing else.

use super::ConfigError;
use super::apply::same;
use super::text::{Text, dotted};
use std::collections::BTreeSet;
use std::ops::Range;
use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

/// Gives the table at each of these paths another name: in headers, in dotted keys, in braces.
///
/// # Errors
/// `config_invalid` where the result does not say of those tables, under the new name, what was said of them before.
pub(super) fn everywhere(text: &Text<'_>, paths: &[Vec<String>], to: &str) -> Result<String, ConfigError> {
    let mut new = text.raw().to_owned();
    let name = dotted(&[to]);
    for range in places(text.raw(), &paths.iter().map(Vec::as_slice).collect()).into_iter().rev() {
        new.replace_range(range, &name);
    }
    let wanted = read(text.raw()).and_then(|table| paths.iter().try_fold(table, |table, path| moved(table, path, to)));
    if let (Some(wanted), Some(table)) = (wanted, read(&new))
        && same(&wanted.into(), &table.into())
    {
        return Ok(new);
    }
    let key = paths.first().map(|path| dotted(&path.iter().map(String::as_str).collect::<Vec<_>>()));
    Err(ConfigError::CannotEdit { file: text.file.to_owned(), key: key.unwrap_or_default() })
}

fn read(text: &str) -> Option<toml::Table> {
    toml::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// The same with the last name of a path another one.
fn moved(mut table: toml::Table, path: &[String], to: &str) -> Option<toml::Table> {
    let (name, above) = path.split_last()?;
    let mut parent = &mut table;
    for step in above {
        parent = parent.get_mut(step)?.as_table_mut()?;
    }
    let value = parent.remove(name)?;
    parent.insert(to.to_owned(), value);
    Some(table)
}

/// Where the last names of these paths are written, in order.
fn places(raw: &str, paths: &BTreeSet<&[String]>) -> Vec<Range<usize>> {
    let source = Source::new(raw);
    let mut events: Vec<Event> = Vec::new();
    parse_document(&source.lex().into_vec(), &mut events, &mut ());
    let mut found = Vec::new();
    // What leads to the tables that are open, the innermost last; and the key that is being read in it.
    let mut tables: Vec<Vec<String>> = vec![Vec::new()];
    let mut key: Vec<String> = Vec::new();
    for event in events {
        let above = tables.last().map(Vec::as_slice).unwrap_or_default();
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                tables = vec![Vec::new()];
                key.clear();
            }
            EventKind::StdTableClose | EventKind::ArrayTableClose => tables = vec![std::mem::take(&mut key)],
            EventKind::SimpleKey => {
                let mut name = String::new();
                if let Some(written) = source.get(event) {
                    written.decode_key(&mut name, &mut ());
                }
                key.push(name);
                if paths.contains(&*[above, &key].concat()) {
                    found.push(event.span().start()..event.span().end());
                }
            }
            EventKind::InlineTableOpen => {
                let inside = [above, &key].concat();
                tables.push(inside);
                key.clear();
            }
            // What stands in a list has no name.
            EventKind::ArrayOpen => {
                let inside = [above, &key, &[String::new()]].concat();
                tables.push(inside);
                key.clear();
            }
            EventKind::InlineTableClose | EventKind::ArrayClose => {
                tables.pop();
                key.clear();
            }
            EventKind::Scalar => key.clear(),
            _ => {}
        }
    }
    found
}
