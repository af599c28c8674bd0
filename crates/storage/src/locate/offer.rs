use std::path::{Path, PathBuf};

/// Folders that systems make in every home: what lies there is on one computer only.
const EVERYBODYS: [&str; 3] = ["Desktop", "Documents", "Downloads"];

/// The folder that may be offered to be made a storage, so that what is at `path` is on one: itself, or the one it is in.
///
/// None where that would take in somebody's whole home, or more than that. Pure: `home` is compared by its text.
pub(super) fn offer(path: &Path, directory: bool, home: Option<&Path>) -> Option<PathBuf> {
    let folder = if directory { path } else { path.parent()? };
    let above = folder.parent()?;
    let name = folder.file_name()?;
    let holds_homes = |folder: &Path| ["/home", "/Users", r"C:\Users"].iter().any(|homes| folder == Path::new(homes));
    let whole_home = home.is_some_and(|home| home.starts_with(folder))
        || holds_homes(folder)
        || holds_homes(above)
        || folder == Path::new("/root")
        || EVERYBODYS.iter().any(|everybodys| name == *everybodys);
    (!whole_home).then(|| folder.to_owned())
}
