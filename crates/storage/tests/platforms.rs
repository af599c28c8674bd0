//! The rules of macOS and Windows, by text alone, on whichever system this runs.

mod support;

use proptest::prelude::*;
use samepath_storage::{Backend, CanonicalBases, LocateError, Platform, Refusal, ResolveError, Storages};
use samepath_wire::{HERE, StoragePath};
use std::path::Path;
use support::backend;

const ALL: [Platform; 3] = [Platform::Linux, Platform::MacOs, Platform::Windows];

fn storages(platform: Platform, bases: &[(&str, &str)]) -> Storages {
    Storages::new(bases.iter().map(|(name, base)| backend(name, *base)).collect(), platform)
}

fn locate(storages: &Storages, path: &str) -> Result<StoragePath, LocateError> {
    storages.locate(Path::new(path), &CanonicalBases::as_configured(storages))
}

fn joined(storages: &Storages, at: &StoragePath) -> Result<String, ResolveError> {
    storages.join(at).map(|path| path.into_os_string().into_string().expect("it was text"))
}

mod macos {
    use super::*;

    #[test]
    fn a_share_that_came_back_under_another_name_is_another_place() {
        let here = storages(Platform::MacOs, &[("vast", "/Volumes/talmo")]);
        for path in ["/Volumes/talmo-1/x", "/Volumes/talmo 1/x", "/Volumes/Talmo/x", "/Volumes/x"] {
            assert_eq!(locate(&here, path).unwrap_err().code(), "not_in_any_backend", "{path}");
        }
        let both = storages(Platform::MacOs, &[("vast", "/Volumes/talmo"), ("other", "/Volumes/talmo-1")]);
        assert_eq!(locate(&both, "/Volumes/talmo-1/a/x").unwrap(), StoragePath::new("other", "a", "x"));
    }

    #[test]
    fn what_is_private_is_compared_as_it_really_is() {
        let here = storages(Platform::MacOs, &[("vast", "/tmp/vast")]);
        let real = CanonicalBases::of(&here, |_| Some("/private/tmp/vast".into()));
        let at = here.locate(Path::new("/private/tmp/vast/amick/x"), &real).unwrap();
        assert_eq!(at, StoragePath::new("vast", "amick", "x"));
        assert_eq!(joined(&here, &at).unwrap(), "/tmp/vast/amick/x");
    }

    #[test]
    fn names_in_two_normal_forms_are_one_name() {
        let (composed, decomposed) = ("Zo\u{eb}", "Zoe\u{308}");
        for (base, path) in [(composed, decomposed), (decomposed, composed)] {
            let (base, path) = (format!("/Volumes/{base}"), format!("/Volumes/{path}/amick/{path}.slp"));
            let at = locate(&storages(Platform::MacOs, &[("vast", &base)]), &path).unwrap();
            // What is below stays as it is written there: resolving takes either.
            assert_eq!((at.user_subdir.as_str(), path.ends_with(&at.path)), ("amick", true));
            assert!(locate(&storages(Platform::Linux, &[("vast", &base)]), &path).is_err(), "Linux knows two names");
        }
    }
}

mod windows {
    use super::*;

    #[test]
    fn every_way_to_write_a_place() {
        let here = storages(
            Platform::Windows,
            &[("drive", r"Z:\"), ("deep", r"Z:\lab\deep"), ("share", r"\\vast01\talmo"), ("verbatim", r"\\?\Y:\lab")],
        );
        for (path, at) in [
            (r"Z:\amick\x", ("drive", "amick", "x")),
            (r"z:/amick/x", ("drive", "amick", "x")),
            (r"\\?\Z:\amick\x", ("drive", "amick", "x")),
            (r"Z:\lab\deep\a\b", ("deep", "a", "b")),
            (r"Z:\lab\deeper\b", ("drive", "lab", r"deeper/b")),
            (r"Z:\", ("drive", "", "")),
            (r"\\VAST01\Talmo\amick\x", ("share", "amick", "x")),
            (r"//vast01/talmo/amick/x", ("share", "amick", "x")),
            (r"\\?\UNC\vast01\talmo\amick\x", ("share", "amick", "x")),
            (r"\\vast01\talmo", ("share", "", "")),
            (r"Y:\lab\amick\x", ("verbatim", "amick", "x")),
        ] {
            let (backend, user, rest) = at;
            assert_eq!(locate(&here, path), Ok(StoragePath::new(backend, user, rest)), "{path}");
        }
    }

    #[test]
    fn what_is_no_place() {
        let here = storages(Platform::Windows, &[("drive", r"Z:\"), ("share", r"\\vast01\talmo")]);
        for path in [
            "Z:",
            "Z:x",
            r"\x",
            "x",
            "",
            r"\\",
            r"\\vast01",
            r"\\vast01\",
            r"\\.\Z:\x",
            r"\\.\PhysicalDrive0",
            r"\\?\Volume{0199c0de}\x",
            r"\\?\GLOBALROOT\Device\x",
            r"\\?\\x",
            "1:\\x",
            "ZZ:\\x",
            "/mnt/vast",
        ] {
            let error = locate(&here, path).unwrap_err();
            assert!(matches!(error, LocateError::NotAbsolute { .. }), "{path}: {error:?}");
        }
        for path in [r"Z:\a\..\b", r"Z:\a\b.", r"Z:\a \x", r"Z:\con\x", r"Z:\a:b", r"Z:\a\x?y"] {
            assert!(matches!(locate(&here, path), Err(LocateError::Refused { .. })), "{path}");
        }
    }

    #[test]
    fn long_paths_are_neither_cut_nor_refused_nor_made_verbatim() {
        let here = storages(Platform::Windows, &[("vast", r"Z:\lab")]);
        let names = vec!["n".repeat(100); 5];
        let at = StoragePath::new("vast", &names[0], names[1..].join("/"));
        let path = joined(&here, &at).unwrap();
        assert_eq!(path, format!(r"Z:\lab\{}", names.join(r"\")));
        assert!(path.len() > 260);
        // The system hands long ones back in their verbatim form.
        assert_eq!(locate(&here, &format!(r"\\?\{path}")), Ok(at));
    }

    #[test]
    fn device_names_in_every_case_and_with_every_extension() {
        let here = storages(Platform::Windows, &[("vast", r"Z:\lab")]);
        let numbered = ["COM", "LPT"].iter().flat_map(|name| (0..=9).map(move |number| format!("{name}{number}")));
        let others = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM\u{b9}", "LPT\u{b3}"].map(str::to_owned);
        for name in numbered.chain(others) {
            for form in
                [name.clone(), name.to_lowercase(), format!("{name}.txt"), format!("{name} .x"), format!("{name}.a.b")]
            {
                let at = StoragePath::new("vast", "amick", format!("a/{form}/b"));
                let error = here.join(&at).unwrap_err();
                assert!(
                    matches!(&error, ResolveError::Refused { refusal: Refusal::Reserved, component, .. } if *component == form),
                    "{form}: {error:?}"
                );
            }
            for fine in [format!("{name}x"), format!("x{name}"), format!("x.{name}"), format!("_{name}.txt")] {
                assert!(here.join(&StoragePath::new("vast", "", &fine)).is_ok(), "{fine}");
            }
        }
    }
}

mod part_of_a_storage {
    use super::*;

    fn part(platform: Platform, base: &str) -> Storages {
        let part = Backend { subpath: "labs/talmo".to_owned(), ..backend("vast", base) };
        Storages::new(vec![part], platform)
    }

    #[test]
    fn both_ways_and_not_outside() {
        for (platform, base, path) in [
            (Platform::Linux, "/mnt/part", "/mnt/part/amick/x"),
            (Platform::MacOs, "/Volumes/talmo", "/Volumes/talmo/amick/x"),
            (Platform::Windows, r"\\vast01\talmo", r"\\vast01\talmo\amick\x"),
        ] {
            let here = part(platform, base);
            let at = locate(&here, path).unwrap();
            assert_eq!(at.below_root(), "labs/talmo/amick/x", "{platform:?}");
            assert_eq!(joined(&here, &at).unwrap(), path, "{platform:?}");
            assert_eq!(joined(&here, &StoragePath::new("vast", "labs", "talmo")).unwrap(), base, "{platform:?}");
            for outside in ["labs", "labs/other/x", "amick/x", "labs/talmo2/x", ""] {
                let error = here.join(&StoragePath::new("vast", "", outside)).unwrap_err();
                assert_eq!(error.code(), "path_refused", "{platform:?} {outside}");
                let words = error.to_string();
                assert!(words.contains(&format!("the only part of the storage that {HERE} sees")), "{words}");
                assert!(words.contains("vast:labs/talmo"), "{words}");
            }
        }
    }
}

/// A name that is allowed on all systems.
fn good_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_-]{1,8}",
        "[a-z][a-z .'()$-]{0,6}[a-z]",
        Just("Zo\u{eb}".to_owned()),
        Just("日本".to_owned()),
        "[a-z]{90,120}",
    ]
    .prop_filter("a device", |name| !matches!(name.to_uppercase().as_str(), "CON" | "PRN" | "AUX" | "NUL"))
}

/// Anything: what separates and what is special is frequent.
fn any_path() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("/".to_owned()),
            Just(r"\".to_owned()),
            Just("..".to_owned()),
            Just(".".to_owned()),
            Just("C:".to_owned()),
            Just(r"\\?\".to_owned()),
            Just("nul".to_owned()),
            Just(" ".to_owned()),
            "\\PC{0,4}",
            "[a-z]{1,4}",
            any::<char>().prop_map(String::from),
        ],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// By text alone, too, locating what joining gives leads back, however Windows writes it.
    #[test]
    fn joining_then_locating_leads_back(names in proptest::collection::vec(good_name(), 2..6), upper in any::<bool>()) {
        for (platform, base) in [
            (Platform::Linux, "/mnt/vast"),
            (Platform::MacOs, "/Volumes/talmo"),
            (Platform::Windows, r"Z:\lab"),
            (Platform::Windows, r"\\vast01\talmo"),
            (Platform::Windows, r"\\?\UNC\vast01\talmo\lab"),
        ] {
            let here = storages(platform, &[("vast", base)]);
            let at = StoragePath::new("vast", &names[0], names[1..].join("/"));
            let path = joined(&here, &at).unwrap();
            prop_assert_eq!(locate(&here, &path), Ok(at.clone()), "{}", path);
            if platform == Platform::Windows {
                let rest = path.strip_prefix(base).unwrap();
                let base = if upper { base.to_uppercase() } else { base.to_lowercase() };
                // Below the drive or share, case is the file system's business.
                if !base.to_lowercase().contains("lab") {
                    prop_assert_eq!(locate(&here, &format!("{base}{rest}")), Ok(at.clone()));
                }
                prop_assert_eq!(locate(&here, &path.replace('\\', "/")), Ok(at.clone()));
                if let Some(drive) = path.strip_prefix("Z:") {
                    prop_assert_eq!(locate(&here, &format!(r"\\?\Z:{drive}")), Ok(at));
                }
            }
        }
    }

    /// Whatever somebody sends: what is joined lies below the base and is made of plain names, or is refused.
    #[test]
    fn nothing_joins_to_a_place_outside(user in any_path(), path in any_path()) {
        for platform in ALL {
            let base = if platform == Platform::Windows { r"Z:\lab" } else { "/mnt/vast" };
            let here = storages(platform, &[("vast", base)]);
            let Ok(joined) = joined(&here, &StoragePath::new("vast", &user, &path)) else { continue };
            let below = joined.strip_prefix(base).unwrap();
            let separator = if platform == Platform::Windows { '\\' } else { '/' };
            prop_assert!(below.is_empty() || below.starts_with(separator), "{}", joined);
            for name in below.split(separator).skip(1) {
                prop_assert!(!matches!(name, "" | "." | ".."), "{}", joined);
                prop_assert!(!name.chars().any(|character| character.is_control() || character == '/'), "{}", joined);
                if platform == Platform::Windows {
                    prop_assert!(!name.contains(['\\', ':', '<', '>', '"', '|', '?', '*']), "{}", joined);
                    prop_assert!(!name.ends_with(['.', ' ']), "{}", joined);
                }
            }
        }
    }

    /// No text is a panic, whichever system's path it is taken for.
    #[test]
    fn any_text_is_located_or_refused(path in any_path()) {
        for platform in ALL {
            for base in ["/", "/mnt/vast", r"Z:\", r"\\vast01\talmo"] {
                let here = storages(platform, &[("vast", base)]);
                if let Ok(at) = locate(&here, &path) {
                    prop_assert!(here.join(&at).is_ok(), "{:?} {}", platform, at);
                }
                let _ = here.parse(&format!("vast:{path}"));
            }
        }
    }
}
