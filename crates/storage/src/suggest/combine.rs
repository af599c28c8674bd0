//! From tables to suggestions. Pure.

use super::share::Share;
use super::system::{is_the_systems, network_type_of};
use super::{Hint, Suggestion, name_of};
use crate::Platform;
use crate::mounts::Mount;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What is known of this computer and its configuration.
pub(super) struct Known<'k> {
    pub(super) platform: Platform,
    /// The base paths of the configured storages, links followed where that is known.
    pub(super) base_paths: Vec<PathBuf>,
    /// The names of the configured storages, broken ones too.
    pub(super) names: Vec<String>,
    pub(super) home: Option<&'k Path>,
}

/// What older tables hint at, and what is mounted; without what is configured already. Best first.
pub(super) fn combine(hinted: Vec<Suggestion>, mounts: &[Mount], known: &Known<'_>) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = Vec::new();
    for suggestion in hinted {
        let Some(suggestion) = here(suggestion, mounts, known.platform) else { continue };
        if !known.knows(Path::new(&suggestion.base_path)) && !found.iter().any(|it| same_place(it, &suggestion)) {
            found.push(suggestion);
        }
    }
    let hinted = found.len();
    for (mount, mut suggestion) in shares(mounts, known) {
        match found[..hinted].iter_mut().find(|hinted| Path::new(&hinted.base_path) == mount.point) {
            // The older table has the lab's word for it; the mount says what it is.
            Some(hinted) => {
                hinted.kind = suggestion.kind;
                hinted.found.append(&mut suggestion.found);
            }
            None => found.push(suggestion),
        }
    }
    let mut taken: HashSet<String> = known.names.iter().cloned().collect();
    for suggestion in &mut found {
        suggestion.name = free(&suggestion.name, &taken);
        taken.insert(suggestion.name.clone());
    }
    found
}

impl Known<'_> {
    /// Whether a storage is configured here already: at this place, above it, or in it.
    fn knows(&self, place: &Path) -> bool {
        self.base_paths
            .iter()
            .any(|base| place.starts_with(base) || (base.starts_with(place) && base.parent().is_some()))
    }
}

fn same_place(a: &Suggestion, b: &Suggestion) -> bool {
    a.base_path == b.base_path
}

/// The suggestion with the end of the pair that is this computer's; none where neither can be.
fn here(suggestion: Suggestion, mounts: &[Mount], platform: Platform) -> Option<Suggestion> {
    let possible = |path: &str| match platform {
        Platform::Windows => path.starts_with(r"\\") || path.as_bytes().get(1) == Some(&b':'),
        Platform::Linux | Platform::MacOs => path.starts_with('/') || path.starts_with("~/"),
    };
    let mounted = |path: &str| mounts.iter().any(|mount| mount.point == Path::new(path));
    let other = suggestion.elsewhere.clone().filter(|other| {
        possible(other) && (!possible(&suggestion.base_path) || (mounted(other) && !mounted(&suggestion.base_path)))
    });
    match other {
        Some(other) => Some(Suggestion { elsewhere: Some(suggestion.base_path), base_path: other, ..suggestion }),
        None => possible(&suggestion.base_path).then_some(suggestion),
    }
}

/// What is mounted from elsewhere, and in a container also what it was given of its computer's folders.
fn shares<'m>(mounts: &'m [Mount], known: &Known<'_>) -> Vec<(&'m Mount, Suggestion)> {
    let container = mounts.iter().any(|mount| mount.point == Path::new("/") && mount.file_system == "overlay");
    let mut chosen: Vec<(&Mount, Option<&'static str>, Hint)> = mounts
        .iter()
        .filter(|mount| mount.point.to_str().is_some_and(|point| !point.chars().any(char::is_control)))
        .filter(|mount| !is_the_systems(&mount.point, known.platform) && !known.knows(&mount.point))
        .filter_map(|mount| {
            let mounted = Hint::Mounted { source: Share::of(&mount.source).text };
            if is_of_this_computer(mount) {
                return None;
            }
            if let Some(kind) = network_type_of(mount) {
                return Some((mount, Some(kind), mounted));
            }
            if is_waiting(mount) {
                return Some((mount, Some("network"), Hint::Mounted { source: String::new() }));
            }
            let bound = container && mount.is_local() && mount.source.starts_with('/') && mount.root != "/";
            let hint = Hint::Bound { source: mount.root.clone() };
            (bound && known.home.is_none_or(|home| !home.starts_with(&mount.point))).then_some((mount, None, hint))
        })
        .collect();
    // Shorter ones first: what is mounted inside belongs to what is around it.
    chosen.sort_by_key(|(mount, ..)| {
        let home = known.home.is_some_and(|home| home.starts_with(&mount.point));
        (home, mount.point.components().count(), mount.point.clone())
    });
    // A share that is configured at one place is not suggested at another, nor a part of one beside the whole.
    let shares = |mount: &&Mount| network_type_of(mount).is_some() && mount.point != Path::new("/");
    let configured: Vec<&Mount> = mounts.iter().filter(shares).filter(|mount| known.knows(&mount.point)).collect();
    let all: Vec<&Mount> = chosen.iter().map(|(mount, ..)| *mount).chain(configured.iter().copied()).collect();
    let mut kept: Vec<(&Mount, Suggestion)> = Vec::new();
    for (mount, kind, hint) in chosen {
        let is_part = |other: &&&Mount| {
            let part_of_share = is_same_file_system(mount, other) && Path::new(&mount.root).starts_with(&other.root);
            let first = mount.root != other.root
                || configured.contains(*other)
                || kept.iter().any(|(earlier, _)| earlier == *other);
            // A home folder may lie on a share of its own, with the lab's mounted inside.
            let home = known.home.is_some_and(|home| home.starts_with(&other.point)) && mount.source != other.source;
            (mount.point.starts_with(&other.point) && !home) || (part_of_share && first)
        };
        let part = all.iter().filter(|other| **other != mount).any(|other| is_part(&other));
        let Some(name) = name(mount, &hint).filter(|_| !part) else { continue };
        let base_path = mount.point.display().to_string();
        let suggestion = Suggestion { kind: kind.map(str::to_owned), ..Suggestion::new(name, base_path, hint) };
        kept.push((mount, suggestion));
    }
    kept
}

fn is_same_file_system(a: &Mount, b: &Mount) -> bool {
    network_type_of(a).is_some() && !a.source.is_empty() && a.source == b.source && a.file_system == b.file_system
}

/// Shared by a program of this computer with itself: `C:\` in the Linux inside Windows, a virtual machine's own folders.
fn is_of_this_computer(mount: &Mount) -> bool {
    let own_disk = matches!(mount.source.to_ascii_lowercase().as_str(), r"c:\" | r"c:\134" | "c:" | "drivers" | "none");
    mount.file_system == "9p" && (own_disk || mount.root.starts_with("/lib"))
}

/// An automount that becomes the share when somebody looks there. One that is only a folder of such names is no storage.
fn is_waiting(mount: &Mount) -> bool {
    mount.file_system == "autofs" && mount.options.split(',').any(|option| option == "direct")
}

fn name(mount: &Mount, hint: &Hint) -> Option<String> {
    /// Words for any storage whatever.
    const ANY: &[&str] = &["data", "mnt", "media", "nfs", "share", "shared", "smb", "storage", "volume", "work"];
    let share = Share::of(hint.share().unwrap_or(&mount.source));
    let point = mount.point.file_name().and_then(|name| name.to_str());
    let bound = Path::new(&mount.root).file_name().and_then(|name| name.to_str());
    let of_share = share.path.last().map(String::as_str);
    let server = share.server.split('.').next().filter(|server| server.contains(|c: char| c.is_ascii_alphabetic()));
    let words = [point, of_share, bound, server];
    let telling = words.into_iter().flatten().filter(|word| !ANY.contains(&word.to_ascii_lowercase().as_str()));
    name_of(telling).or_else(|| name_of(words.into_iter().flatten()))
}

/// The name, or the first of `name-2`, `name-3`, … that nobody has.
fn free(name: &str, taken: &HashSet<String>) -> String {
    let mut number = 1_u64;
    let mut free = name.to_owned();
    while taken.contains(&free) {
        number += 1;
        let ending = format!("-{number}");
        free = format!("{}{ending}", &name[..name.len().min(64 - ending.len())]);
    }
    free
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
