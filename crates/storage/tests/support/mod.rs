//! What these tests share.
#![allow(dead_code, reason = "each test program uses its own part")]

#[cfg(target_os = "linux")]
pub(crate) mod helper;
#[cfg(unix)]
pub(crate) mod lab;

use samepath_storage::Backend;
use std::path::PathBuf;

/// A storage of which nothing but this is configured.
pub(crate) fn backend(name: &str, base: impl Into<PathBuf>) -> Backend {
    Backend {
        name: name.to_owned(),
        base_path: base.into(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    }
}
