//! Where the other computers that share the file mount the storages.

use super::read::Tables;
use super::text::{Text, in_order};
use super::{SpokenFor, check};
use crate::Platform;
use std::collections::BTreeMap;

/// Base paths of one storage that are remembered, and computers that have one of their own.
const MOST: usize = 64;

/// Base paths by storage, as written, of every computer but `this`; that of `[storage.NAME]` too, where `this` overrides it.
///
/// What cannot be a base path on any platform, what begins with `~`, and what shows only a part of its storage is left out: it
/// says nothing of paths that were written on that computer, or nothing that is known here. Broken entries of other computers
/// are no error on this one.
pub(super) fn base_paths(text: &Text<'_>, this: Option<&str>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Ok(mine) = Tables::of(text, this) else { return found };
    let mut take = |tables: &Tables<'_>, name: &str| {
        let path = tables.effective(name, "base_path").filter(|path| is_base_path(path));
        let part = tables.effective(name, "subpath").is_some_and(|part| !part.is_empty());
        let (Some(path), false) = (path, part || check::name(name).is_err()) else { return };
        let known = found.get(name);
        let new = known.is_none_or(|known| known.len() < MOST && !known.iter().any(|known| known == path));
        if new && mine.effective(name, "base_path") != Some(path) {
            found.entry(name.to_owned()).or_default().push(path.to_owned());
        }
    };
    for computer in computers(text) {
        if Some(computer) == this {
            continue;
        }
        if let Ok(tables) = Tables::of(text, Some(computer)) {
            tables.own_names().for_each(|name| take(&tables, name));
        }
    }
    if let Ok(shared) = Tables::of(text, None) {
        // Of a storage that `this` does not override, it is the same here.
        mine.own_names().for_each(|name| take(&shared, name));
    }
    found
}

/// The computers of which the file says by name where a storage is, by storage.
pub(super) fn spoken_for(text: &Text<'_>, this: Option<&str>) -> BTreeMap<String, SpokenFor> {
    let mut found: BTreeMap<String, SpokenFor> = BTreeMap::new();
    for computer in computers(text) {
        let Ok(tables) = Tables::of(text, Some(computer)) else { continue };
        for name in tables.own_names().filter(|name| tables.own(name).is_some_and(|spot| spot.says("base_path"))) {
            let known = found.entry(name.to_owned()).or_default();
            match Some(computer) == this {
                true => known.own = true,
                false if known.others.len() < MOST => known.others.push(computer.to_owned()),
                false => {}
            }
        }
    }
    found
}

fn computers<'t>(text: &'t Text<'_>) -> impl Iterator<Item = &'t str> {
    let computers = text.table(&["samepath", "computers"]).ok().flatten();
    computers.into_iter().flat_map(in_order).map(|(name, _)| name.get_ref().as_ref())
}

fn is_base_path(text: &str) -> bool {
    let platforms = [Platform::Linux, Platform::MacOs, Platform::Windows];
    !text.starts_with('~') && platforms.iter().any(|platform| check::base_path(text, None, *platform).is_ok())
}
