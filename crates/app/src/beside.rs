//! The command line that lies beside the window.

use crate::Options;
use std::fs::File;
use std::os::fd::IntoRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

impl Options {
    /// For a window: has the command line beside it be what is started as helper, guard and tool, where it is there and of the same
    /// version. The window itself could be, too, and takes fifty times as long to start: it brings a web view along.
    ///
    /// `window` is the window's own program.
    #[must_use]
    pub fn started_light(self, window: &Path) -> Self {
        let program = held(&window.with_file_name("samepath"), &self.version).unwrap_or(self.program);
        Self { program, ..self }
    }
}

/// A name of this very file for as long as this process lives, also once an upgrade has put another one in its place.
fn held(program: &Path, version: &str) -> Option<PathBuf> {
    let file = File::open(program).ok()?;
    let asked = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !asked.status.success() || asked.stdout.trim_ascii() != format!("samepath {version}").as_bytes() {
        tracing::warn!("{} is of another version and is not used", program.display());
        return None;
    }
    // Never closed: it has to be there when the last helper is started.
    Some(PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.into_raw_fd())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn write(program: &Path, says: &str) {
        let draft = program.with_extension("new");
        fs::write(&draft, format!("#!/bin/sh\necho {says}\n")).unwrap();
        fs::set_permissions(&draft, Permissions::from_mode(0o700)).unwrap();
        fs::rename(draft, program).unwrap();
    }

    #[test]
    fn it_is_used_where_it_is_of_this_version_and_stays_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("samepath");
        assert_eq!(held(&program, "0.1.0"), None);
        fs::write(&program, "no program").unwrap();
        assert_eq!(held(&program, "0.1.0"), None);
        write(&program, "samepath 0.2.0");
        assert_eq!(held(&program, "0.1.0"), None);
        write(&program, "samepath 0.1.0");
        let held = held(&program, "0.1.0").unwrap();
        write(&program, "samepath 0.2.0");
        assert!(fs::read_to_string(held).unwrap().contains("0.1.0"), "an upgrade changed it");
    }
}
