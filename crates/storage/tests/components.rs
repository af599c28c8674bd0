//! What a storage path may be made of, by platform.

use samepath_storage::Refusal::{self, *};
use samepath_storage::{Backend, Field, Platform, ResolveError, Storages};
use samepath_wire::StoragePath;

fn join(platform: Platform, user: &str, path: &str) -> Result<String, ResolveError> {
    let base = if platform == Platform::Windows { r"Z:\lab" } else { "/mnt/vast" };
    let backend = Backend {
        name: "vast".to_owned(),
        base_path: base.into(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    let joined = Storages::new(vec![backend], platform).join(&StoragePath::new("vast", user, path))?;
    Ok(joined.into_os_string().into_string().expect("it was text"))
}

const ALL: [Platform; 3] = [Platform::Linux, Platform::MacOs, Platform::Windows];

#[test]
fn refused_everywhere() {
    let cases: &[(&str, &str, Refusal)] = &[
        ("/etc/passwd", "/etc/passwd", Absolute),
        ("//server/share", "//server/share", Absolute),
        (r"\\server\share", r"\\server\share", Unc),
        (r"\\?\C:\x", r"\\?\C:\x", Unc),
        // Wherever it stands: which part of a path is the user's folder is decided anew at every reading.
        (r"a/\\server\share/b", r"\\server\share", Unc),
        ("a/../b", "..", Parent),
        ("..", "..", Parent),
        ("a/./b", ".", Current),
        ("a//b", "", Empty),
        ("a/", "", Empty),
        ("a/b\0c", "b\0c", Control { character: '\0' }),
        ("a\nb", "a\nb", Control { character: '\n' }),
        ("a\u{85}b", "a\u{85}b", Control { character: '\u{85}' }),
        ("C:", "C:", Drive),
        ("a/c:x", "c:x", Drive),
    ];
    for platform in ALL {
        for (path, component, refusal) in cases {
            for (user, path, field) in [("", *path, Field::Path), (*path, "x", Field::UserSubdir)] {
                let error = join(platform, user, path).unwrap_err();
                let ResolveError::Refused { component: found, refusal: why, field: place, .. } = &error else {
                    panic!("{platform:?} {path:?}: {error}")
                };
                assert_eq!((found.as_str(), why, place), (*component, refusal, &field), "{platform:?} {path:?}");
                assert_eq!(error.code(), "path_refused");
            }
        }
    }
}

#[test]
fn refused_on_windows_alone() {
    let cases: &[(&str, Refusal)] = &[
        ("CON", Reserved),
        ("nul", Reserved),
        ("Aux.txt", Reserved),
        ("prn .tar.gz", Reserved),
        ("COM1", Reserved),
        ("com\u{b2}.log", Reserved),
        ("LPT0", Reserved),
        ("CONOUT$", Reserved),
        ("a.", TrailingDotOrSpace),
        ("a ", TrailingDotOrSpace),
        ("...", TrailingDotOrSpace),
        (r"a\b", Character { character: '\\' }),
        ("a<b", Character { character: '<' }),
        ("file:stream", Character { character: ':' }),
        ("what?", Character { character: '?' }),
        ("a|b", Character { character: '|' }),
        ("\"", Character { character: '"' }),
        ("*", Character { character: '*' }),
    ];
    for (component, refusal) in cases {
        let path = format!("amick/{component}/x");
        for platform in [Platform::Linux, Platform::MacOs] {
            assert_eq!(join(platform, "", &path).unwrap(), format!("/mnt/vast/{path}"));
        }
        let error = join(Platform::Windows, "", &path).unwrap_err();
        assert!(
            matches!(&error, ResolveError::Refused { component: found, refusal: why, .. }
                if found == component && why == refusal),
            "{component:?}: {error}"
        );
    }
}

#[test]
fn allowed_everywhere() {
    for path in ["a", "a b/c", ".hidden", "..a", "a..b/…", "COM10", "console", "NULL.txt", "ünï/日本", "a'b;c$(d)"]
    {
        for platform in ALL {
            let joined = join(platform, "amick", path).unwrap();
            let expected = match platform {
                Platform::Windows => format!(r"Z:\lab\amick\{}", path.replace('/', r"\")),
                _ => format!("/mnt/vast/amick/{path}"),
            };
            assert_eq!(joined, expected);
        }
    }
}

#[test]
fn errors_cross_processes_unharmed() {
    for path in ["..", "a\0", "c:"] {
        let error = join(Platform::Linux, "", path).unwrap_err();
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<ResolveError>(&text).unwrap(), error, "{text}");
    }
}
