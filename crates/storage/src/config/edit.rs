//! Edits of the text itself: a range of bytes is replaced, and all others stay.

use super::text::{Text, dotted};
use super::{ConfigError, braces};
use std::ops::Range;
use toml_edit::{InlineTable, Item, Key, Table, Value};

/// Gives a key of the table at `path` a value, which must be there; `None` removes the key.
pub(super) fn set(text: &Text<'_>, path: &[&str], key: &str, value: Option<&str>) -> Result<String, ConfigError> {
    let refused = || cannot(text, path);
    let (item, inline) = walk(text, path).ok_or_else(refused)?;
    if let Some((depth, outermost)) = inline {
        let names = &path[depth..];
        let edited = match value {
            Some(value) => braces::put(text, outermost, names, key, &literal(value)),
            None => braces::remove(text, outermost, names, key),
        };
        return edited.ok_or_else(refused);
    }
    let table = item.as_table().ok_or_else(refused)?;
    match (table.get(key), value) {
        (Some(Item::Value(old)), Some(value)) => Ok(text.replaced(old.span().ok_or_else(refused)?, &literal(value))),
        (Some(item), None) => {
            let mut cuts = Vec::new();
            collect(text, table.key(key), item, &mut cuts).ok_or_else(refused)?;
            Ok(cut(text, cuts))
        }
        (Some(_), Some(_)) => Err(refused()),
        (None, None) => Ok(text.raw().to_owned()),
        (None, Some(value)) => insert(text, table, path, key, value).ok_or_else(refused),
    }
}

/// A new storage with these keys.
pub(super) fn add<'k, 'v>(
    text: &Text<'_>,
    name: &str,
    fields: impl Iterator<Item = (&'k str, &'v str)>,
) -> Result<String, ConfigError> {
    let path = ["storage"];
    if let Some((_, Some((depth, outermost)))) = walk(text, &path) {
        let table: InlineTable = fields.map(|(key, value)| (key, Value::from(value))).collect();
        let table = Value::from(table).to_string();
        return braces::put(text, outermost, &path[depth..], name, &table).ok_or_else(|| cannot(text, &path));
    }
    Ok(appended(text, &["storage", name], fields))
}

/// Gives a key of the table at `path` a value; the table is made where it is not there.
pub(super) fn put(text: &Text<'_>, path: &[&str], key: &str, value: &str) -> Result<String, ConfigError> {
    let known = (1..=path.len()).take_while(|depth| walk(text, &path[..*depth]).is_some()).count();
    if known == path.len() {
        return set(text, path, key, Some(value));
    }
    let Some((_, Some((depth, outermost)))) = walk(text, &path[..known]) else {
        return Ok(appended(text, path, [(key, value)].into_iter()));
    };
    // In braces the tables that are missing are braces, too.
    let mut inner = Value::from(InlineTable::from_iter([(key, Value::from(value))]));
    for name in path[known + 1..].iter().rev() {
        inner = Value::from(InlineTable::from_iter([(*name, inner)]));
    }
    braces::put(text, outermost, &path[depth..known], path[known], &inner.to_string()).ok_or_else(|| cannot(text, path))
}

/// Forgets the item at `path`: its tables and keys with the comments among them. Comments before and behind it stay.
pub(super) fn remove(text: &Text<'_>, path: &[&str]) -> Result<String, ConfigError> {
    let refused = || cannot(text, path);
    let Some((name, parent_path)) = path.split_last() else { return Err(refused()) };
    let (parent, inline) = walk(text, parent_path).ok_or_else(refused)?;
    if let Some((depth, outermost)) = inline {
        return braces::remove(text, outermost, &parent_path[depth..], name).ok_or_else(refused);
    }
    let parent = parent.as_table().ok_or_else(refused)?;
    let mut cuts = Vec::new();
    collect(text, parent.key(name), parent.get(name).ok_or_else(refused)?, &mut cuts).ok_or_else(refused)?;
    Ok(cut(text, cuts))
}

fn cannot(text: &Text<'_>, path: &[&str]) -> ConfigError {
    ConfigError::CannotEdit { file: text.file.to_owned(), key: dotted(path) }
}

type Outermost<'t> = Option<(usize, &'t Value)>;

/// The item at a path and, where it is or lies in an inline table, the outermost of those and how many names lead to it.
fn walk<'t>(text: &'t Text<'_>, path: &[&str]) -> Option<(&'t Item, Outermost<'t>)> {
    let mut item = text.document()?.get(path.first()?)?;
    let mut inline = None;
    for depth in 1..=path.len() {
        if let (None, Item::Value(value)) = (inline, item) {
            inline = Some((depth, value));
        }
        if let Some(name) = path.get(depth) {
            item = item.as_table_like()?.get(name)?;
        }
    }
    Some((item, inline))
}

/// A key that the table at `path` does not have yet, on a line of its own behind the table's last one.
fn insert(text: &Text<'_>, table: &Table, path: &[&str], key: &str, value: &str) -> Option<String> {
    let raw = text.raw();
    let statement = format!("{} = {}", dotted(&[key]), literal(value));
    let first = table.iter().filter(|(_, item)| in_body(item)).find_map(|(name, _)| table.key(name)?.span());
    // What leads up to the first key of the table: the indentation, and `storage.vast.` in front of a dotted key.
    let lead = first.map_or("", |span| &raw[text.line_start(span.start)..span.start]);
    let lead = if table.is_dotted() || lead.trim().is_empty() { lead } else { "" };
    if !table.is_dotted() && !has_header(table) {
        // Named only by the tables below it.
        return Some(appended(text, path, [(key, value)].into_iter()));
    }
    let end = body_end(table).or_else(|| table.span().map(|header| header.end))?;
    let at = text.line_end(end.saturating_sub(1));
    let eol = line_break(raw);
    let line =
        if raw[..at].ends_with('\n') { format!("{lead}{statement}{eol}") } else { format!("{eol}{lead}{statement}") };
    Some(text.replaced(at..at, &line))
}

/// A new table at the end of the file.
fn appended<'k, 'v>(text: &Text<'_>, path: &[&str], fields: impl Iterator<Item = (&'k str, &'v str)>) -> String {
    let raw = text.raw();
    let eol = line_break(raw);
    let mut new = raw.to_owned();
    let last_line = raw.strip_suffix('\n').unwrap_or(raw).rsplit('\n').next().unwrap_or_default();
    if !raw.trim_start_matches('\u{feff}').is_empty() {
        if !raw.ends_with('\n') {
            new.push_str(eol);
        }
        if !last_line.trim().is_empty() {
            new.push_str(eol);
        }
    }
    new.push_str(&format!("[{}]{eol}", dotted(path)));
    for (key, value) in fields {
        new.push_str(&format!("{} = {}{eol}", dotted(&[key]), literal(value)));
    }
    new
}

/// Bytes to take out, and whether they are a table with a header, which is set apart by blank lines.
type Cut = (Range<usize>, bool);

/// Every line that belongs to an item.
fn collect(text: &Text<'_>, key: Option<&Key>, item: &Item, cuts: &mut Vec<Cut>) -> Option<()> {
    let mut section = |table: &Table| -> Option<()> {
        let header = table.span()?;
        let end = body_end(table).unwrap_or(header.end);
        cuts.push((text.line_start(header.start)..text.line_end(end.saturating_sub(1)), true));
        Some(())
    };
    match item {
        Item::None => {}
        Item::Value(value) => {
            let start = text.line_start(key?.span()?.start);
            cuts.push((start..text.line_end(value.span()?.end.saturating_sub(1)), false));
        }
        Item::Table(table) => {
            if has_header(table) {
                section(table)?;
            }
            for (name, item) in table.iter() {
                collect(text, table.key(name), item, cuts)?;
            }
        }
        Item::ArrayOfTables(tables) => {
            for table in tables.iter() {
                section(table)?;
            }
            for table in tables.iter() {
                for (name, item) in table.iter() {
                    collect(text, table.key(name), item, cuts)?;
                }
            }
        }
    }
    Some(())
}

/// Whether a table has a `[header]` of its own.
fn has_header(table: &Table) -> bool {
    !table.is_dotted() && !table.is_implicit() && table.span().is_some()
}

/// Whether an item is written among the lines below its table's header.
fn in_body(item: &Item) -> bool {
    match item {
        Item::Value(_) => true,
        Item::Table(table) => table.is_dotted(),
        _ => false,
    }
}

/// Where the last value below a table's header ends.
fn body_end(table: &Table) -> Option<usize> {
    table
        .iter()
        .filter_map(|(_, item)| match item {
            Item::Value(value) => value.span().map(|span| span.end),
            Item::Table(table) if table.is_dotted() => body_end(table),
            _ => None,
        })
        .max()
}

fn cut(text: &Text<'_>, mut cuts: Vec<Cut>) -> String {
    let raw = text.raw();
    cuts.sort_by_key(|(range, _)| (range.start, range.end));
    let mut merged: Vec<Cut> = Vec::new();
    for (range, section) in cuts {
        match merged.last_mut() {
            Some((last, is_section)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                *is_section |= section;
            }
            _ => merged.push((range, section)),
        }
    }
    let mut new = raw.to_owned();
    for (mut range, section) in merged.into_iter().rev() {
        // A table goes with the one blank line that set it apart from the table before, unless that now parts the neighbours.
        let after = &new[range.end..];
        let blank_after = after.split('\n').next().is_none_or(|line| line.trim().is_empty());
        if section && blank_after && range.start > 0 {
            let before = text.line_start(range.start - 1);
            if raw[before..range.start].trim().is_empty() {
                range.start = before;
            }
        }
        new.replace_range(range, "");
    }
    new
}

fn literal(value: &str) -> String {
    Value::from(value).to_string()
}

/// The line break that the file uses.
fn line_break(raw: &str) -> &'static str {
    match raw.find('\n') {
        Some(at) if raw[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
