//! The last step: a name for what is written, unless somebody has it.

use cap_std::fs::{Dir, OpenOptions};
use std::io;

/// Gives `part` the name `wanted`. False: something is called so already.
///
/// # Errors
/// What the system said; `part` is still there then.
pub(super) fn publish(folder: &Dir, part: &str, wanted: &str) -> io::Result<bool> {
    publish_by(folder, part, wanted, &[rename_without_replacing, link, hold])
}

type Way = fn(&Dir, &str, &str) -> io::Result<()>;

/// By the first way that the file system knows. Those that do not know one say so in many ways.
fn publish_by(folder: &Dir, part: &str, wanted: &str, ways: &[Way]) -> io::Result<bool> {
    let mut failed = io::Error::from(io::ErrorKind::Unsupported);
    for way in ways {
        match way(folder, part, wanted) {
            Ok(()) => return Ok(true),
            // A file server whose answer was lost says so of what it has just done.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(is_one(folder, part, wanted)),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_without_replacing(folder: &Dir, part: &str, wanted: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(folder, part, folder, wanted, rustix::fs::RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_without_replacing(_folder: &Dir, _part: &str, _wanted: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn link(folder: &Dir, part: &str, wanted: &str) -> io::Result<()> {
    folder.hard_link(part, folder, wanted)?;
    // A second name is untidy, no more: the file is whole.
    let _ = folder.remove_file(part);
    Ok(())
}

/// Makes an empty file of that name, which nobody else can then, and replaces it.
fn hold(folder: &Dir, part: &str, wanted: &str) -> io::Result<()> {
    folder.open_with(wanted, OpenOptions::new().write(true).create_new(true))?;
    folder.rename(part, folder, wanted).inspect_err(|_| drop(folder.remove_file(wanted)))
}

/// Whether both names are one file's, or the first is gone: then the step was taken after all.
#[cfg(unix)]
fn is_one(folder: &Dir, part: &str, wanted: &str) -> bool {
    use cap_std::fs::MetadataExt;
    match (folder.symlink_metadata(part), folder.symlink_metadata(wanted)) {
        (Ok(part), Ok(wanted)) => (part.dev(), part.ino()) == (wanted.dev(), wanted.ino()),
        (Err(error), Ok(_)) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_one(folder: &Dir, part: &str, _wanted: &str) -> bool {
    folder.symlink_metadata(part).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    #[test]
    fn every_way_gives_a_name_once_and_replaces_nothing() {
        let ways: [&[Way]; 3] = [&[rename_without_replacing], &[link], &[hold]];
        for (number, way) in ways.into_iter().enumerate() {
            let tree = tempfile::tempdir().unwrap();
            let folder = Dir::open_ambient_dir(tree.path(), ambient_authority()).unwrap();
            folder.write("part", "mine").unwrap();
            folder.write("theirs", "theirs").unwrap();
            assert!(!publish_by(&folder, "part", "theirs", way).unwrap(), "{number}");
            assert_eq!(folder.read_to_string("theirs").unwrap(), "theirs", "{number}");
            assert!(publish_by(&folder, "part", "free", way).unwrap(), "{number}");
            assert_eq!(folder.read_to_string("free").unwrap(), "mine", "{number}");
            assert!(!folder.exists("part"), "{number}");
        }
    }

    #[test]
    fn an_answer_that_was_lost_on_the_way_is_no_failure() {
        let tree = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(tree.path(), ambient_authority()).unwrap();
        folder.write("part", "mine").unwrap();
        let lost: Way = |folder, part, wanted| {
            folder.hard_link(part, folder, wanted)?;
            Err(io::ErrorKind::AlreadyExists.into())
        };
        assert!(publish_by(&folder, "part", "free", &[lost]).unwrap());
        assert_eq!(folder.read_to_string("free").unwrap(), "mine");
    }
}
