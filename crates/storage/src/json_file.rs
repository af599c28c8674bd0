//! Small files of the program's own, on this computer's own disk. They are a help and nothing depends on them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are read of one.
const LONGEST: u64 = 1 << 20;

/// Drafts that this process has begun: none is another thread's.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// What is written in the file; what is not there or cannot be read is taken for nothing.
pub fn read_json<T: DeserializeOwned + Default>(file: &Path) -> T {
    try_read_json(file).unwrap_or_default()
}

/// The same; none of what is not there or cannot be read.
pub(crate) fn try_read_json<T: DeserializeOwned>(file: &Path) -> Option<T> {
    let mut text = Vec::new();
    fs_err::File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut text)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Writes the whole file in one step, and its folder where there is none: whoever reads it sees what was there before, or this.
///
/// # Errors
/// If it cannot be written; then what was there before stays.
pub fn write_json(file: &Path, value: &impl Serialize) -> io::Result<()> {
    write_whole(file, &serde_json::to_vec_pretty(value)?)
}

/// The same, of any bytes.
///
/// # Errors
/// If it cannot be written; then what was there before stays.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = file.with_extension(format!("{}-{number}.draft", std::process::id()));
    let written = fs_err::write(&draft, bytes).and_then(|()| fs_err::rename(&draft, file));
    if written.is_err() {
        // Half a draft is of no use to anybody.
        let _ = fs_err::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_file_is_whole_or_as_it_was_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/kept.json");
        let value = BTreeMap::from([("a".to_owned(), 1)]);
        assert_eq!(read_json::<BTreeMap<String, i32>>(&file), BTreeMap::new());
        write_json(&file, &value).unwrap();
        assert_eq!(read_json::<BTreeMap<String, i32>>(&file), value);
        for nonsense in ["", "{", "[]", r#"{"a": "b"}"#, "\u{fffd}"] {
            fs_err::write(&file, nonsense).unwrap();
            assert_eq!(read_json::<BTreeMap<String, i32>>(&file), BTreeMap::new(), "{nonsense}");
        }
        // A folder in its place cannot be replaced, and no draft is left of the attempt.
        fs_err::remove_file(&file).unwrap();
        fs_err::create_dir_all(file.join("full")).unwrap();
        write_json(&file, &value).unwrap_err();
        assert_eq!(fs_err::read_dir(folder.path().join("data")).unwrap().count(), 1);
    }
}
