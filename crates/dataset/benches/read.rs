//! How long it takes to read what a project refers to, beside the bare reading of the same file.

#[path = "../tests/support/mod.rs"]
mod support;

use divan::{Bencher, black_box};
use samepath_dataset::Project;
use std::path::{Path, PathBuf};

fn main() {
    divan::main();
}

/// A real project of three videos, or one made of as many as asked for. The folder goes with the file.
fn project(videos: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("labels.slp");
    if videos == 3 {
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/slp/mac_absolute.slp");
        std::fs::copy(real, &path).expect("the real project");
    } else {
        std::fs::write(&path, support::project(&support::entries(videos))).expect("a project");
    }
    (folder, path)
}

#[divan::bench(args = [3, 3000, 20_000])]
fn videos(bencher: Bencher, count: usize) {
    let (_folder, path) = project(count);
    bencher.bench(|| {
        let project = Project::read(black_box(&path)).expect("a project");
        assert_eq!(project.videos.len(), count);
        project
    });
}

/// The floor: the same bytes, read and not understood.
#[divan::bench(args = [3, 3000, 20_000])]
fn bytes(bencher: Bencher, count: usize) {
    let (_folder, path) = project(count);
    bencher.bench(|| std::fs::read(black_box(&path)).expect("bytes"));
}
