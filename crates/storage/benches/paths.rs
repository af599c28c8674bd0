//! Resolving and locating, on the local disk.

use divan::{Bencher, black_box};
use samepath_storage::{Backend, CanonicalBases, Platform, Purpose, Storages, locate_here};
use samepath_testkit::tree;
use samepath_wire::StoragePath;
use std::path::PathBuf;
use tempfile::TempDir;

const FILE: &str = "amick/project/2026/labels.slp";

fn main() {
    divan::main();
}

fn backend(name: String, base_path: PathBuf) -> Backend {
    Backend { name, base_path, kind: None, description: None, user_subdir: String::new(), subpath: String::new() }
}

fn lab() -> (TempDir, PathBuf, Storages, StoragePath) {
    let folder = tree(&[(FILE, "")]);
    let base = folder.path().canonicalize().expect("a temporary folder has a real path");
    let storages = Storages::new(vec![backend("vast".to_owned(), base.clone())], Platform::current());
    (folder, base, storages, StoragePath::new("vast", "amick", "project/2026/labels.slp"))
}

/// The text alone: rules and join.
#[divan::bench]
fn resolve_pure(bencher: Bencher) {
    let (_folder, _, storages, at) = lab();
    bencher.bench(|| storages.join(black_box(&at)));
}

/// On the real file system.
#[divan::bench]
fn resolve_checked(bencher: Bencher) {
    let (_folder, _, storages, at) = lab();
    bencher.bench(|| storages.resolve(black_box(&at), Purpose::Input).expect("the file is there"));
}

/// What the kernel alone needs for the same: open the base, open beneath it, ask where that is, close both.
#[cfg(target_os = "linux")]
#[divan::bench]
fn resolve_bare_system_calls(bencher: Bencher) {
    use rustix::fd::AsRawFd;
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};
    let (_folder, base, _, _) = lab();
    bencher.bench(|| {
        let folder = openat(CWD, black_box(&base), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .expect("the base is there");
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let file =
            openat2(&folder, black_box(FILE), flags, Mode::empty(), ResolveFlags::BENEATH).expect("the file is there");
        readlinkat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), Vec::new()).expect("/proc is mounted")
    });
}

/// Of that, the opening alone, with the base at hand: nobody asks where it led.
#[cfg(target_os = "linux")]
#[divan::bench]
fn resolve_bare_openat2(bencher: Bencher) {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
    let (_folder, base, _, _) = lab();
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let folder = openat(CWD, &base, flags | OFlags::DIRECTORY, Mode::empty()).expect("the base is there");
    // It is closed in here: what is handed out stays open until many are.
    bencher.bench(|| {
        drop(
            openat2(&folder, black_box(FILE), flags, Mode::empty(), ResolveFlags::BENEATH).expect("the file is there"),
        );
    });
}

/// Through an absolute link that stays inside: the slow way.
#[cfg(unix)]
#[divan::bench]
fn resolve_absolute_link(bencher: Bencher) {
    let (_folder, base, storages, _) = lab();
    std::os::unix::fs::symlink(base.join("amick/project"), base.join("amick/link")).expect("a link can be made");
    let at = StoragePath::new("vast", "amick", "link/2026/labels.slp");
    bencher.bench(|| storages.resolve(black_box(&at), Purpose::Input).expect("the file is there"));
}

/// With canonical base paths at hand.
#[divan::bench(args = [1, 10, 1_000])]
fn locate_pure(bencher: Bencher, backends: usize) {
    let storages = Storages::new(
        (0..backends)
            .map(|number| backend(format!("storage{number}"), format!("/mnt/storage{number}").into()))
            .collect(),
        Platform::Linux,
    );
    let bases = CanonicalBases::as_configured(&storages);
    let path = PathBuf::from(format!("/mnt/storage{}/{FILE}", backends - 1));
    bencher.bench(|| storages.locate(black_box(&path), &bases).expect("it is on the last storage"));
}

/// So many storages, each in a folder of its own, and a file on the last.
fn many(count: usize) -> (TempDir, Vec<Backend>, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let top = folder.path().canonicalize().expect("a temporary folder has a real path");
    let storages: Vec<_> =
        (0..count).map(|number| backend(format!("storage{number}"), top.join(number.to_string()))).collect();
    for storage in &storages {
        fs_err::create_dir(&storage.base_path).expect("a folder can be made");
    }
    let last = top.join((count - 1).to_string());
    samepath_testkit::fill(&last, &[(FILE, "")]);
    (folder, storages, last.join(FILE))
}

/// Mount table, links and all, by storages that were never asked before: each base path is followed.
#[divan::bench(args = [1, 10, 1_000])]
fn locate_on_disk_first(bencher: Bencher, backends: usize) {
    let (_folder, storages, path) = many(backends);
    bencher
        .with_inputs(|| Storages::new(storages.clone(), Platform::current()))
        .bench_refs(|storages| locate_here(storages, black_box(&path)).expect("it is on the last storage"));
}

/// The same, asked again, once the folders have been for a while what they are.
#[divan::bench(args = [1, 10, 1_000])]
fn locate_on_disk(bencher: Bencher, backends: usize) {
    let (_folder, storages, path) = many(backends);
    std::thread::sleep(std::time::Duration::from_secs(4));
    let storages = Storages::new(storages, Platform::current());
    locate_here(&storages, &path).expect("it is on the last storage");
    bencher.bench(|| locate_here(&storages, black_box(&path)).expect("it is on the last storage"));
}

/// The floor of it: the path's real path, and the mount table as text.
#[divan::bench]
fn locate_bare(bencher: Bencher) {
    let (_folder, _, path) = many(1);
    bencher.bench(|| {
        let table = fs_err::read("/proc/self/mountinfo");
        (fs_err::canonicalize(black_box(&path)).expect("the file is there"), table)
    });
}
