use super::Config;
use crate::suggest::{Hint, Suggestion, name_of};

impl Config {
    /// Storages that `[[path_mappings]]` and `[[worker.io.mounts]]` hint at and that are not configured yet, without repetition.
    ///
    /// A mapping whose two ends differ only in how they begin is a storage and a folder: `/Volumes/talmo/amick/data` here and
    /// `/root/vast/amick/data` there is `vast`, mounted at `/Volumes/talmo` and `/root/vast`, and the folder `amick/data`.
    /// Pure text: nothing is looked up.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let line = |lines: &[usize], number: usize| lines.get(number).copied();
        let mappings = self.path_mappings.iter().enumerate().filter_map(|(number, mapping)| {
            let hint = Hint::PathMapping { line: line(&self.lines.path_mappings, number) };
            pair(&mapping.local, &mapping.worker, None, hint)
        });
        let mounts = self.mounts.iter().enumerate().flat_map(|(number, mount)| {
            let hint = Hint::WorkerMount { line: line(&self.lines.mounts, number) };
            let label = Some(mount.label.as_str()).filter(|label| !label.is_empty());
            let pairs = mount.elsewhere.iter().filter_map(|local| pair(local, &mount.path, label, hint.clone()));
            let pairs: Vec<_> = pairs.collect();
            if mount.elsewhere.is_empty() { single(&mount.path, label, hint).into_iter().collect() } else { pairs }
        });
        let mut found: Vec<Suggestion> = Vec::new();
        for suggestion in mappings.chain(mounts) {
            let configured = self
                .backends()
                .iter()
                .any(|backend| backend.base_path.as_path() == std::path::Path::new(&suggestion.base_path));
            match found.iter_mut().find(|other| other.base_path == suggestion.base_path) {
                _ if configured => {}
                None => found.push(suggestion),
                Some(other) => other.found.extend(
                    suggestion.found.into_iter().filter(|hint| !other.found.contains(hint)).collect::<Vec<_>>(),
                ),
            }
        }
        found
    }
}

fn pair(local: &str, worker: &str, label: Option<&str>, hint: Hint) -> Option<Suggestion> {
    let (here, there) = (Ends::of(local)?, Ends::of(worker)?);
    let common = here.components.iter().rev().zip(there.components.iter().rev()).take_while(|(a, b)| a == b).count();
    // At least one component stays on either side: a root is no mount of a lab.
    let common = common.min(here.components.len().checked_sub(1)?).min(there.components.len().checked_sub(1)?);
    // Folders in which things are mounted are mounts of nothing themselves.
    let split = |ends: &Ends<'_>, common: usize| {
        ends.root == "/" && is_for_mounts(&ends.components[..ends.components.len() - common])
    };
    let mut common = common;
    while common > 0 && (split(&here, common) || split(&there, common)) {
        common -= 1;
    }
    let (base, folder) = here.components.split_at(here.components.len() - common);
    let (other, _) = there.components.split_at(there.components.len() - common);
    if here.root == there.root && base == other {
        return None;
    }
    let (base_path, elsewhere) = (here.join(base), there.join(other));
    let name = name_of([label, other.last().copied(), base.last().copied()].into_iter().flatten())?;
    let elsewhere = Some(elsewhere);
    Some(Suggestion { elsewhere, folder: folder.join("/"), ..Suggestion::new(name, base_path, hint) })
}

/// `/mnt`, `/Volumes`, a home folder, and the like.
fn is_for_mounts(components: &[&str]) -> bool {
    match components {
        [top] => {
            ["home", "media", "mnt", "net", "root", "srv", "users", "volumes"].contains(&top.to_lowercase().as_str())
        }
        [top, _] => ["home", "users"].contains(&top.to_lowercase().as_str()),
        _ => false,
    }
}

fn single(path: &str, label: Option<&str>, hint: Hint) -> Option<Suggestion> {
    let ends = Ends::of(path)?;
    let name = name_of([label, ends.components.last().copied()].into_iter().flatten())?;
    Some(Suggestion::new(name, ends.join(&ends.components), hint))
}

/// An absolute path of any platform, taken apart.
struct Ends<'p> {
    root: &'p str,
    separator: &'static str,
    components: Vec<&'p str>,
}

impl<'p> Ends<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let bytes = path.as_bytes();
        let drive =
            bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && b"\\/".contains(&bytes[2]);
        let root = match path {
            _ if drive => &path[..3],
            _ if path.starts_with(r"\\") => r"\\",
            _ if path.starts_with('/') => "/",
            _ if path.starts_with("~/") => "~/",
            _ => return None,
        };
        let windows = drive || root == r"\\";
        let separators: &[char] = if windows { &['/', '\\'] } else { &['/'] };
        let components: Vec<&str> = path[root.len()..].split(separators).filter(|part| !part.is_empty()).collect();
        (!components.is_empty()).then_some(Self { root, separator: if windows { "\\" } else { "/" }, components })
    }

    fn join(&self, components: &[&str]) -> String {
        format!("{}{}", self.root, components.join(self.separator))
    }
}
