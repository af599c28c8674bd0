//! Where the other computers that share the file mount the storages.

use super::check;
use super::read::Tables;
use super::text::Text;
use crate::Platform;
use std::collections::BTreeMap;

/// Base paths of one storage that are remembered.
const MOST: usize = 64;

/// Base paths by storage, as written, of every computer but `this`; that of `[storage.NAME]` too, where `this` overrides it.
///
/// What cannot be a base path on any platform, what begins with `~`, and what shows only a part of its storage is left out: it
/// says nothing of paths that were written on that computer, or nothing that is known here. Broken entries of other computers
/// are no error on this one.
pub(super) fn base_paths(text: &Text, this: Option<&str>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Ok(mine) = Tables::of(text, this) else { return found };
    let mut take = |tables: &Tables<'_>, name: &str| {
        let path = tables.effective(name, "base_path").filter(|path| is_base_path(path));
        let part = tables.effective(name, "subpath").is_some_and(|part| !part.is_empty());
        let (Some(path), false) = (path, part || check::name(name).is_err()) else { return };
        let known = found.get(name);
        let new = known.is_none_or(|known| known.len() < MOST && !known.contains(&path));
        if new && mine.effective(name, "base_path").as_ref() != Some(&path) {
            found.entry(name.to_owned()).or_default().push(path);
        }
    };
    let computers = text.table(&["samepath", "computers"]).ok().flatten();
    for (computer, _) in computers.into_iter().flat_map(|table| table.iter()).filter(|(name, _)| Some(*name) != this) {
        if let Ok(tables) = Tables::of(text, Some(computer)) {
            tables.own_names().for_each(|name| take(&tables, name));
        }
    }
    if let Ok(shared) = Tables::of(text, None) {
        shared.names().into_iter().for_each(|name| take(&shared, name));
    }
    found
}

fn is_base_path(text: &str) -> bool {
    let platforms = [Platform::Linux, Platform::MacOs, Platform::Windows];
    !text.starts_with('~') && platforms.iter().any(|platform| check::base_path(text, None, *platform).is_ok())
}
