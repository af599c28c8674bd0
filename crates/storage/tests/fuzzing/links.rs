//! Any text, taken for folders, files and links, and for what is asked of them: nothing that is found or opened lies outside the
//! storage, and what is found is located where it was found.
//!
//! The lines of a text: `d PATH` a folder, `f PATH` a file, `l PATH TARGET` a link, `? USER PATH` a question. Paths begin beside
//! the base paths `vast`, `vast/inner` and `scratch`; a target that begins with `@` begins there, too. `|` is a space.

use samepath_storage::{Backend, LocateError, Platform, Purpose, Storages, locate_here};
use samepath_wire::StoragePath;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Lines that are read.
const MOST: usize = 48;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lab = Lab::new();
    for line in text.split('\n').take(MOST) {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('|', " ")).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["d", path] => lab.make(path, |path| fs_err::create_dir(path)),
            ["f", path] => lab.make(path, |path| fs_err::write(path, "inside")),
            ["l", path, target] => {
                let target = target
                    .strip_prefix('@')
                    .map_or(PathBuf::from(target), |below| lab.top.join(below.trim_start_matches('/')));
                lab.make(path, |path| symlink(&target, path));
            }
            ["?", user, path] => lab.ask(user, path),
            _ => {}
        }
    }
    for file in lab.files() {
        lab.is_found_again(&file);
    }
}

struct Lab {
    _folder: tempfile::TempDir,
    top: PathBuf,
    storages: Storages,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let top = folder.path().canonicalize().expect("a temporary folder has a real path");
        for path in ["vast/inner", "scratch", "outside"] {
            fs_err::create_dir_all(top.join(path)).expect("a folder can be made");
        }
        fs_err::write(top.join("outside/secret"), "outside").expect("a file can be written");
        let backend = |(name, base): (&str, &str)| Backend {
            name: name.to_owned(),
            base_path: top.join(base),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        };
        let backends = [("vast", "vast"), ("inner", "vast/inner"), ("scratch", "scratch")].map(backend);
        Self { storages: Storages::new(backends.into(), Platform::Linux), top, _folder: folder }
    }

    /// Makes something in one of the storages, and nothing elsewhere, whatever links say.
    fn make(&self, path: &str, make: impl FnOnce(&Path) -> std::io::Result<()>) {
        let path = self.top.join(path.trim_start_matches('/'));
        let Some(Ok(folder)) = path.parent().map(Path::canonicalize) else { return };
        let inside = ["vast", "scratch"].iter().any(|base| folder.starts_with(self.top.join(base)));
        let new = path.file_name().is_some() && path.symlink_metadata().is_err();
        if inside && new {
            // A name may be one that this file system does not take.
            let _ = make(&path);
        }
    }

    fn ask(&self, user: &str, path: &str) {
        for name in ["vast", "inner"] {
            let at = StoragePath::new(name, user, path);
            let base = &self.storages.get(name).expect("it is configured").base_path;
            match self.storages.resolve(&at, Purpose::Output) {
                Ok(found) => {
                    let there = found.path.ancestors().find_map(|path| path.canonicalize().ok());
                    assert!(there.is_some_and(|there| there.starts_with(base)), "{at} {}", found.path.display());
                }
                Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
            }
            match self.storages.resolve(&at, Purpose::Input) {
                Ok(found) => {
                    let there = found.path.canonicalize().expect("an input is there");
                    assert!(there.starts_with(base), "{at} {}", found.path.display());
                    self.is_found_again(&found.path);
                }
                Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
            }
            if let Ok((mut file, _)) = self.storages.open(&at) {
                let mut text = String::new();
                file.read_to_string(&mut text).expect("a file can be read");
                assert_eq!(text, "inside", "{at}");
            }
        }
    }

    /// Every real file of the storages.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.top.join("vast"), self.top.join("scratch")];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).expect("a folder can be read") {
                let entry = entry.expect("a folder can be read");
                match entry.file_type().expect("a file has a type") {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => files.push(entry.path()),
                    _ => {}
                }
            }
        }
        files
    }

    /// What locating says of a file leads to that file, unless its name is refused.
    fn is_found_again(&self, path: &Path) {
        let at = match locate_here(&self.storages, path) {
            Ok(located) => located.at,
            Err(LocateError::Refused { .. }) => return,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        for purpose in [Purpose::Input, Purpose::Output] {
            let found = self.storages.resolve(&at, purpose).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(found.path.canonicalize().ok(), path.canonicalize().ok(), "{at}");
        }
        let typed = self.storages.parse(&at.to_string()).expect("it begins with a storage's name");
        assert_eq!(typed, Ok(at), "what is shown can be typed");
    }
}
