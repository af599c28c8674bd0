use super::backend;
use samepath_storage::{Platform, Storages};
use samepath_testkit::tree;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with the storages `vast` and `scratch` in it, and whatever lies beside them.
pub(crate) struct Lab {
    _folder: TempDir,
    pub(crate) top: PathBuf,
    pub(crate) storages: Storages,
}

impl Lab {
    /// With these files, by their path below the folder; one that ends with `/` is a folder.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tree(files);
        let top = folder.path().canonicalize().expect("a temporary folder has a real path");
        let backends = vec![backend("vast", top.join("vast")), backend("scratch", top.join("scratch"))];
        Self { _folder: folder, storages: Storages::new(backends, Platform::current()), top }
    }

    /// Where `vast` is.
    pub(crate) fn base(&self) -> PathBuf {
        self.top.join("vast")
    }

    /// Makes a link on `vast`.
    pub(crate) fn link(&self, at: &str, target: impl AsRef<Path>) {
        symlink(target, self.base().join(at)).expect("a link can be made");
    }
}
