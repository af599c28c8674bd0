//! Which part of a path is at fault where the system says no more than that something is.

use super::LocateError;
use crate::alike::alike_beside;
use crate::cause::Cause;
use crate::component::Refusal;
use std::io;
use std::path::{Path, PathBuf};

impl LocateError {
    /// What an error of the system at this path means. Looks at the path again, no further than the system came.
    pub(crate) fn of(path: &Path, error: &io::Error) -> Self {
        let at = path.to_owned();
        match Cause::of(error) {
            Cause::Missing | Cause::NotAFolder | Cause::LinkLoop => broken(path),
            Cause::Denied => Self::Denied { path: at },
            Cause::TooLong => Self::Refused { component: longest(path), path: at, refusal: Refusal::TooLong },
            cause => Self::Io { path: at, cause, detail: error.to_string() },
        }
    }
}

/// The first link on the way that leads nowhere, the file that stands in it, or the first part that is not there.
fn broken(path: &Path) -> LocateError {
    let not_found = |missing: &Path| LocateError::NotFound {
        path: path.to_owned(),
        missing: missing.to_owned(),
        meant: alike_beside(missing).map(|name| {
            let below = path.strip_prefix(missing).unwrap_or(Path::new(""));
            let folder = missing.with_file_name(name);
            // Joined with nothing, a path would end with a slash.
            let whole: PathBuf = folder.components().chain(below.components()).collect();
            if fs_err::symlink_metadata(&whole).is_ok() { whole } else { folder }
        }),
    };
    let mut on_the_way: Vec<&Path> = path.ancestors().collect();
    on_the_way.reverse();
    for place in on_the_way {
        let Ok(seen) = fs_err::symlink_metadata(place) else { return not_found(place) };
        let is_link = seen.is_symlink();
        match fs_err::metadata(place) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return LocateError::NotAFolder { path: place.to_owned() },
            Err(error) if is_link && Cause::of(&error) == Cause::LinkLoop => {
                return LocateError::LinkLoop { link: place.to_owned() };
            }
            Err(_) if is_link => {
                let Ok(said) = fs_err::read_link(place) else { return not_found(place) };
                let target = place.parent().map_or_else(|| said.clone(), |folder| folder.join(&said));
                return LocateError::DanglingLink { link: place.to_owned(), target };
            }
            Err(_) => return not_found(place),
        }
    }
    not_found(path)
}

fn longest(path: &Path) -> String {
    let names = path.components().map(|name| name.as_os_str().to_string_lossy());
    names.max_by_key(|name| name.len()).unwrap_or_default().into_owned()
}
