//! What of a throwaway computer lies on a disk with a fault.

use super::Answer;
use samepath_testkit::{Disk, Fault};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything below a folder, with what the files hold.
pub(crate) fn content(below: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs_err::symlink_metadata(&path).expect("there").file_type();
            let holds = if kind.is_file() { fs_err::read(&path).expect("a file") } else { Vec::new() };
            if kind.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, holds);
        }
    }
    found
}

/// Said in words, with the place and what to do, and without a line that is for whoever writes programs.
#[track_caller]
pub(crate) fn told(fault: Fault, answer: &Answer, code: &str, place: &str) {
    let told = answer.fails(code);
    let text = format!("{} {}", told["error"]["message"], told["error"]["hint"]);
    assert!(fault.words().iter().any(|word| text.contains(word)), "{fault:?}: {text}");
    assert!(text.contains(place), "{fault:?}: {place} is not named: {text}");
    assert!(told["error"]["hint"].is_string(), "{fault:?}: nothing to do: {text}");
    assert!(!answer.err.contains("WARN") && !answer.err.contains("ERROR"), "{fault:?}: {answer:?}");
}

/// Puts a folder onto the disk, where a link leads to it from where it was.
pub(crate) fn put_on(disk: &Disk, here: &Path) {
    let there = disk.path().join("it");
    let copied = std::process::Command::new("cp").arg("-r").arg(here).arg(&there).status();
    assert!(copied.expect("cp").success());
    fs_err::remove_dir_all(here).expect("a folder");
    std::os::unix::fs::symlink(there, here).expect("a link");
}
