//! Any bytes, taken for a configuration file. It is read, or refused in words; a change to it is done, or refused with the file as
//! it was; and of a file that was changed every byte that the change does not mean is where it was.

use samepath_storage::{BackendFields, Change, Config, ConfigError, ConfigFile, Environment, Origin};
use std::path::{Path, PathBuf};

/// Values that no seed has, each as it is written into a file.
const RENAMED: &str = "samepath-renamed";
const BASE_PATH: (&str, &str) = ("/made-by-fuzzing", "\"/made-by-fuzzing\"");
const DESCRIPTION: (&str, &str) = ("words made by fuzzing", "\"words made by fuzzing\"");

pub(crate) fn run(bytes: &[u8]) {
    let lab = Lab::new();
    lab.write(bytes);
    let config = match lab.load() {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.hint().is_some());
            return;
        }
    };
    config.suggestions();
    config.remarks(&lab.environment);
    let names = config.entries.iter().map(|entry| entry.name.as_str()).take(2).chain(["new-one"]);
    for change in names.flat_map(changes) {
        lab.write(bytes);
        match config.apply(&change, &lab.environment) {
            Ok(after) => {
                assert_eq!(lab.load().expect("what was written can be read"), after);
                kept(&text(bytes.to_vec()), &text(lab.read()), &change);
            }
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.code().is_empty());
                assert_eq!(lab.read(), bytes, "a refused change leaves the file alone");
            }
        }
    }
}

fn changes(name: &str) -> [Change; 9] {
    let name = || name.to_owned();
    let base_path = || BackendFields { base_path: Some(BASE_PATH.0.to_owned()), ..BackendFields::default() };
    let description = BackendFields { description: Some(DESCRIPTION.0.to_owned()), ..BackendFields::default() };
    [
        Change::Add { name: name(), fields: base_path() },
        Change::Set { name: name(), fields: base_path() },
        Change::Set { name: name(), fields: description },
        Change::Rename { name: name(), to: RENAMED.to_owned(), fields: BackendFields::default() },
        Change::Remove { name: name() },
        Change::Program { name: name(), path: Some(BASE_PATH.0.to_owned()) },
        Change::Program { name: name(), path: None },
        Change::Lab { part: "member".to_owned(), value: Some(DESCRIPTION.0.to_owned()) },
        Change::Lab { part: "worker".to_owned(), value: None },
    ]
}

fn kept(before: &str, after: &str, change: &Change) {
    let new = match change {
        Change::Add { .. } => {
            assert!(is_grown(before, after), "adding only adds: {before:?} {after:?}");
            return;
        }
        // The reading of what was written asks for more than could be asked here of bytes that may hold either name anywhere.
        Change::Rename { .. } => {
            assert!(after.contains(RENAMED), "renaming writes the new name: {before:?} {after:?}");
            return;
        }
        Change::Remove { .. } | Change::Program { path: None, .. } | Change::Lab { value: None, .. } => {
            assert!(is_part(after, before), "removing only takes away: {before:?} {after:?}");
            return;
        }
        Change::Program { .. } => BASE_PATH.1,
        Change::Set { fields, .. } if fields.base_path.is_some() => BASE_PATH.1,
        Change::Set { .. } | Change::Lab { .. } => DESCRIPTION.1,
    };
    if before.contains(new) || before == after || is_grown(before, after) {
        return;
    }
    let (first, last) = after.split_once(new).expect("the new value is in the file");
    let old = before.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    assert!(old.is_some_and(is_one_value), "setting replaces the value alone: {before:?} {after:?}");
}

/// Whether `after` is `before` with one piece put in.
fn is_grown(before: &str, after: &str) -> bool {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let first = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let last = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    after.len() >= before.len() && first + last >= before.len()
}

/// Whether `part` is what is left of `whole` when some of it is taken away.
fn is_part(part: &str, whole: &str) -> bool {
    let mut left = whole.bytes();
    part.bytes().all(|byte| left.any(|other| other == byte))
}

/// Whether the text is a value of TOML, with nothing before and nothing behind.
fn is_one_value(text: &str) -> bool {
    let listed = format!("x = [{text}]").parse::<toml::Table>().ok();
    let one = listed.and_then(|table| table.get("x")?.as_array().map(|list| list.len() == 1));
    one == Some(true) && text == text.trim() && !text.ends_with(',')
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("a configuration that was read is text")
}

struct Lab {
    _folder: tempfile::TempDir,
    file: PathBuf,
    environment: Environment,
}

impl Lab {
    fn new() -> Self {
        // Every change is written through to the disk; in memory that takes no time.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a temporary folder");
        let environment = Environment {
            home: Some(folder.path().to_owned()),
            shared_storage_root: Some("/mnt/shared".to_owned()),
            computer: Some("ws-3".to_owned()),
            ..Environment::default()
        };
        Self { file: folder.path().join("config.toml"), _folder: folder, environment }
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&ConfigFile { path: self.file.clone(), origin: Origin::Argument }, &self.environment)
    }

    fn read(&self) -> Vec<u8> {
        fs_err::read(&self.file).expect("the file is there")
    }

    fn write(&self, bytes: &[u8]) {
        fs_err::write(&self.file, bytes).expect("a file can be written");
    }
}
