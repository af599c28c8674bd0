//! What a name, a base path and a folder below it may look like. Pure: the platform is a parameter, nothing is looked up.

use super::Problem;
use crate::{Platform, component};
use samepath_wire::is_storage_name;
use std::path::{Path, PathBuf};

/// A storage's, as the whole lab has it.
pub(crate) fn name(name: &str) -> Result<(), Problem> {
    if is_storage_name(name) { Ok(()) } else { Err(Problem::BadName) }
}

/// Expands `~` and requires an absolute path.
pub(super) fn base_path(text: &str, home: Option<&Path>, platform: Platform) -> Result<PathBuf, Problem> {
    let value = || text.to_owned();
    one_line(text)?;
    if let Some(rest) = text.strip_prefix('~') {
        let separator = |c| c == '/' || (c == '\\' && platform == Platform::Windows);
        if !rest.is_empty() && !rest.starts_with(separator) {
            return Err(Problem::OtherHome { value: value() });
        }
        let rest = rest.trim_start_matches(separator);
        return match home.filter(|home| !home.as_os_str().is_empty()) {
            Some(home) if rest.is_empty() => Ok(home.to_owned()),
            Some(home) => Ok(home.join(rest)),
            None => Err(Problem::NoHome { value: value() }),
        };
    }
    if is_absolute(text, platform) { Ok(PathBuf::from(text)) } else { Err(Problem::Relative { value: value() }) }
}

fn is_absolute(text: &str, platform: Platform) -> bool {
    match platform {
        Platform::Linux | Platform::MacOs => text.starts_with('/'),
        Platform::Windows => {
            let bytes = text.as_bytes();
            let drive = bytes.len() >= 3
                && bytes[0].is_ascii_alphabetic()
                && bytes[1] == b':'
                && (bytes[2] == b'\\' || bytes[2] == b'/');
            drive || (text.len() > 2 && (text.starts_with(r"\\") || text.starts_with("//")))
        }
    }
}

/// A `user_subdir` or `subpath`: refuses what resolving would refuse on every use, and drops a `/` at the end.
pub(super) fn folder(text: &str, platform: Platform) -> Result<String, Problem> {
    one_line(text)?;
    let folder = text.strip_suffix('/').filter(|folder| !folder.is_empty()).unwrap_or(text);
    match component::split(folder, platform) {
        Ok(_) => Ok(folder.to_owned()),
        Err(refused) if refused.component == folder => {
            Err(Problem::Unresolvable { value: text.to_owned(), reason: refused.refusal.to_string() })
        }
        Err(refused) => Err(Problem::Unresolvable {
            value: text.to_owned(),
            reason: format!("the component `{}`: {}", refused.component, refused.refusal),
        }),
    }
}

/// No NUL, no line break, no other control character.
pub(super) fn one_line(text: &str) -> Result<(), Problem> {
    if text.chars().any(char::is_control) { Err(Problem::ControlCharacter) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_by_platform() {
        let home = Path::new("/home/amick");
        let ok = |text, platform| base_path(text, Some(home), platform).map(|path| path.display().to_string());
        for platform in [Platform::Linux, Platform::MacOs] {
            assert_eq!(ok("/mnt/vast", platform).unwrap(), "/mnt/vast");
            assert_eq!(ok("~", platform).unwrap(), "/home/amick");
            assert_eq!(ok("~/vast", platform).unwrap(), "/home/amick/vast");
            assert_eq!(ok("~//vast", platform).unwrap(), "/home/amick/vast");
            for relative in ["", "vast", "./vast", r"Z:\talmo", r"\\server\share", "$HOME/vast"] {
                assert!(matches!(ok(relative, platform), Err(Problem::Relative { .. })), "{relative}");
            }
        }
        for good in [r"Z:\talmo", "Z:/talmo", r"\\server\share", "//server/share", r"\\?\UNC\server\share"] {
            assert_eq!(ok(good, Platform::Windows).unwrap(), good);
        }
        for relative in ["/mnt/vast", "Z:", "Z:talmo", "talmo", r"\talmo", r"\\"] {
            assert!(matches!(ok(relative, Platform::Windows), Err(Problem::Relative { .. })), "{relative}");
        }
        assert!(matches!(ok("~tom/vast", Platform::Linux), Err(Problem::OtherHome { .. })));
        assert!(matches!(ok("/mnt/\0", Platform::Linux), Err(Problem::ControlCharacter)));
        assert!(matches!(base_path("~/x", None, Platform::Linux), Err(Problem::NoHome { .. })));
    }

    #[test]
    fn folders_by_platform() {
        for (text, want) in [("", ""), ("amick", "amick"), ("labs/talmo", "labs/talmo"), ("amick/", "amick")] {
            for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
                assert_eq!(folder(text, platform).unwrap(), want);
            }
        }
        for bad in ["/", "/amick", "..", "a/../b", "a/./b", "a//b", "amick//", "C:", "a/c:x", r"\\s\x", r"\\?\x"] {
            for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
                assert!(matches!(folder(bad, platform), Err(Problem::Unresolvable { .. })), "{bad}");
            }
        }
        assert_eq!(folder(r"a\b", Platform::Linux).unwrap(), r"a\b");
        assert!(folder(r"a\b", Platform::Windows).is_err());
        assert_eq!(folder("a\nb", Platform::Linux), Err(Problem::ControlCharacter));
    }
}
