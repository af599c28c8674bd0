//! Edits of what stands in braces, `{ a = 1, b = 2 }`: one piece of the text goes in or out, and all around it stays.

use super::text::{Text, dotted};
use toml_edit::{InlineTable, Value};

/// The text in which `key` has a value, given as TOML writes it, in the table that `names` lead to from `outermost`; none where that
/// cannot be done.
pub(super) fn put(text: &Text<'_>, outermost: &Value, names: &[&str], key: &str, value: &str) -> Option<String> {
    let Found { table, braced, mut dots } = Found::of(outermost, names)?;
    if let Some(old) = table.get(key) {
        return Some(text.replaced(old.span()?, value));
    }
    dots.push(key);
    let statement = format!("{} = {value}", dotted(&dots));
    if let Some(last) = leaves(table)?.last() {
        return Some(text.replaced(last.end..last.end, &format!(", {statement}")));
    }
    let inside = braced.span()?.start + 1;
    let space = if text.raw()[inside..].starts_with(char::is_whitespace) { "" } else { " " };
    Some(text.replaced(inside..inside, &format!(" {statement}{space}")))
}

/// The text without `key` in the table that `names` lead to from `outermost`; none where that cannot be done, or where a comment
/// would go, too.
pub(super) fn remove(text: &Text<'_>, outermost: &Value, names: &[&str], key: &str) -> Option<String> {
    let Found { table, braced, .. } = Found::of(outermost, names)?;
    let raw = text.raw();
    let going = match table.get(key) {
        None => return Some(raw.to_owned()),
        Some(Value::InlineTable(dots)) if dots.is_dotted() => leaves(dots)?,
        Some(value) => vec![Leaf::of(table, key, value)?],
    };
    let goes = |leaf: &Leaf| going.iter().any(|other| other.end == leaf.end);
    let all = leaves(braced)?;
    let beginning = all.iter().take_while(|leaf| goes(leaf)).count();
    // Those at the beginning go with the comma behind the last of them, every other one with the comma before it.
    let mut cuts = Vec::new();
    if let Some(last) = beginning.checked_sub(1).map(|last| all[last].end) {
        let behind = raw[last..].trim_start();
        let end = match behind.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if beginning == all.len() => behind,
            None => return None,
        };
        cuts.push(all[0].start..raw.len() - end.len());
    }
    for (number, pair) in all.windows(2).enumerate().filter(|(_, pair)| goes(&pair[1])) {
        if raw.get(pair[0].end..pair[1].key)?.contains('#') {
            return None;
        }
        if number + 1 >= beginning {
            cuts.push(pair[0].end..pair[1].end);
        }
    }
    let mut new = raw.to_owned();
    cuts.into_iter().rev().for_each(|cut| new.replace_range(cut, ""));
    Some(new)
}

/// A table in braces, or one of the dotted keys in them.
struct Found<'t, 'n> {
    table: &'t InlineTable,
    /// Itself, or the one whose dotted keys it is.
    braced: &'t InlineTable,
    /// The names from there.
    dots: Vec<&'n str>,
}

impl<'t, 'n> Found<'t, 'n> {
    fn of(outermost: &'t Value, names: &[&'n str]) -> Option<Self> {
        let table = outermost.as_inline_table()?;
        let mut found = Self { table, braced: table, dots: Vec::new() };
        for name in names {
            found.table = found.table.get(name)?.as_inline_table()?;
            if found.table.is_dotted() {
                found.dots.push(name);
            } else {
                found.braced = found.table;
                found.dots.clear();
            }
        }
        Some(found)
    }
}

/// Where a key with its value stands.
struct Leaf {
    /// Where the first of its dotted names begins. Of names that several share, where it was first written.
    start: usize,
    /// Where the last of its dotted names begins.
    key: usize,
    end: usize,
}

impl Leaf {
    fn of(table: &InlineTable, key: &str, value: &Value) -> Option<Self> {
        let start = table.key(key)?.span()?.start;
        Some(Self { start, key: start, end: value.span()?.end })
    }
}

/// In the order of the text.
fn leaves(table: &InlineTable) -> Option<Vec<Leaf>> {
    let mut all = Vec::new();
    for (key, value) in table {
        match value {
            Value::InlineTable(dots) if dots.is_dotted() => {
                let start = table.key(key)?.span()?.start;
                all.extend(leaves(dots)?.into_iter().map(|leaf| Leaf { start, ..leaf }));
            }
            value => all.push(Leaf::of(table, key, value)?),
        }
    }
    all.sort_by_key(|leaf| leaf.end);
    Some(all)
}
