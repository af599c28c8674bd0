use std::path::Path;
use tempfile::TempDir;

/// A folder of its own with these files in it, by relative path; one that ends with `/` is a folder.
///
/// # Panics
/// Where the files cannot be written.
pub fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"));
    fill(folder.path(), files);
    folder
}

/// Writes these files, by relative path; one that ends with `/` is a folder.
///
/// # Panics
/// Where the files cannot be written.
pub fn fill(folder: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let file = folder.join(path);
        let parent = if path.ends_with('/') { Some(file.as_path()) } else { file.parent() };
        let made = parent.map_or(Ok(()), fs_err::create_dir_all);
        let written = if path.ends_with('/') { Ok(()) } else { fs_err::write(&file, content) };
        if let Err(error) = made.and(written) {
            panic!("cannot fill a temporary folder: {error}");
        }
    }
}

/// Makes a named pipe.
///
/// # Panics
/// It cannot be made.
#[cfg(unix)]
pub fn pipe(path: &std::path::Path) {
    // By the program: not every system has a call for it that ours knows.
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo is on every Unix");
    assert!(made.success(), "no pipe at {}", path.display());
}
