use samepath_storage::helper::Helper;
use std::path::{Path, PathBuf};

/// The program that runs as the helper process.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().expect("/proc is mounted");
    let program =
        test.parent().and_then(Path::parent).expect("tests are built two folders deep").join("examples/helper");
    assert!(program.is_file(), "{} is missing: run `cargo build --example helper`", program.display());
    program
}

pub(crate) fn helper() -> Helper {
    Helper::new(program())
}
