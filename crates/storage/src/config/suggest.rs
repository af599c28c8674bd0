use super::{Config, check};
use serde::{Deserialize, Serialize};

/// A storage that sleap-rtc's own tables hint at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// A name to begin with, well-formed.
    pub name: String,
    /// Where this computer mounts it.
    pub base_path: String,
    /// Where the other computer mounts it, where that is known.
    pub elsewhere: Option<String>,
    /// The folder below both that the table was about; may be empty.
    pub folder: String,
}

impl Config {
    /// Storages that `[[path_mappings]]` and `[[worker.io.mounts]]` hint at and that are not configured yet, without repetition.
    ///
    /// A mapping whose two ends differ only in how they begin is a storage and a folder: `/Volumes/talmo/amick/data` here and
    /// `/root/vast/amick/data` there is `vast`, mounted at `/Volumes/talmo` and `/root/vast`, and the folder `amick/data`.
    /// Pure text: nothing is looked up.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let mappings = self.path_mappings.iter().filter_map(|mapping| pair(&mapping.local, &mapping.worker, None));
        let mounts = self.mounts.iter().flat_map(|mount| {
            let label = Some(mount.label.as_str()).filter(|label| !label.is_empty());
            let pairs: Vec<_> = mount.elsewhere.iter().filter_map(|local| pair(local, &mount.path, label)).collect();
            if mount.elsewhere.is_empty() { single(&mount.path, label).into_iter().collect() } else { pairs }
        });
        let mut found: Vec<Suggestion> = Vec::new();
        for suggestion in mappings.chain(mounts) {
            let configured = self
                .backends()
                .iter()
                .any(|backend| backend.base_path.as_path() == std::path::Path::new(&suggestion.base_path));
            if !configured && !found.iter().any(|other| other.base_path == suggestion.base_path) {
                found.push(suggestion);
            }
        }
        found
    }
}

fn pair(local: &str, worker: &str, label: Option<&str>) -> Option<Suggestion> {
    let (here, there) = (Ends::of(local)?, Ends::of(worker)?);
    let common = here.components.iter().rev().zip(there.components.iter().rev()).take_while(|(a, b)| a == b).count();
    // At least one component stays on either side: a root is no mount of a lab.
    let common = common.min(here.components.len().checked_sub(1)?).min(there.components.len().checked_sub(1)?);
    let (base, folder) = here.components.split_at(here.components.len() - common);
    let (other, _) = there.components.split_at(there.components.len() - common);
    if here.root == there.root && base == other {
        return None;
    }
    let (base_path, elsewhere) = (here.join(base), there.join(other));
    let name = name([label, other.last().copied(), base.last().copied()])?;
    Some(Suggestion { name, base_path, elsewhere: Some(elsewhere), folder: folder.join("/") })
}

fn single(path: &str, label: Option<&str>) -> Option<Suggestion> {
    let ends = Ends::of(path)?;
    let name = name([label, ends.components.last().copied(), None])?;
    Some(Suggestion { name, base_path: ends.join(&ends.components), elsewhere: None, folder: String::new() })
}

/// The first of the words that makes a name.
fn name(words: [Option<&str>; 3]) -> Option<String> {
    words.into_iter().flatten().find_map(|word| {
        let plain: String = word
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .collect::<String>()
            .trim_matches(['-', '_'])
            .chars()
            .take(64)
            .collect();
        check::name(&plain).is_ok().then_some(plain)
    })
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
